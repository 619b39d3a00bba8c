//! Sources on Unix beside sockets: pipes, and any descriptor.
//!
//! Needs the feature `os-ext`.

pub mod pipe;

pub use super::source_fd::SourceFd;
