//! What Unix systems have beside sockets: pipes, and any descriptor at all.
//!
//! Needs the feature `os-ext`.

pub mod pipe;
mod source_fd;

pub use self::source_fd::SourceFd;
