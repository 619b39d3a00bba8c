//! What Unix systems have beside sockets: pipes, and any descriptor at all.
//!
//! Needs the feature `os-ext`.

pub mod pipe;

pub use super::source_fd::SourceFd;
