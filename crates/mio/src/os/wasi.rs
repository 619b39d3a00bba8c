//! What WASI has beside sockets: any descriptor at all.
//!
//! Needs the feature `os-ext`.

pub use super::source_fd::SourceFd;
