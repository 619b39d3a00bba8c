//! Sources on Windows beside the sockets of `net`: named pipes, raw sockets, and waitable handles.
//!
//! Needs the feature `os-ext`.

mod named_pipe;
mod source_handle;
mod source_socket;

pub use self::named_pipe::NamedPipe;
pub use self::source_handle::SourceHandle;
pub use self::source_socket::SourceSocket;
