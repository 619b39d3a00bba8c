//! What Windows has beside the sockets of `net`: named pipes, and sockets of others.
//!
//! Needs the feature `os-ext`.

mod named_pipe;
mod source_socket;

pub use self::named_pipe::NamedPipe;
pub use self::source_socket::SourceSocket;
