//! Sources on Hermit beside sockets: any descriptor.
//!
//! Needs the feature `os-ext`.

pub use super::source_fd::SourceFd;
