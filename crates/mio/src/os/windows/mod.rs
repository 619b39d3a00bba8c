//! What Windows has beside sockets: named pipes.
//!
//! Needs the feature `os-ext`.

mod named_pipe;

pub use self::named_pipe::NamedPipe;
