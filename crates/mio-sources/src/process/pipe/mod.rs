//! The pipes of a child's standard streams.
//!
//! On Unix they are `mio::unix::pipe::Sender` and `Receiver`: non-blocking, and sources.
//!
//! On Windows they block, as std's pipes do, until they are *registered*. From then on they are
//! sources, and behave as documented at `mio::windows::NamedPipe`. [The parent
//! module](super#its-standard-streams) has an example for both.

#[cfg(process_handle)]
mod overlapped;

#[cfg(signals)]
pub use mio::unix::pipe::{Receiver, Sender};

#[cfg(process_handle)]
pub use self::overlapped::{Receiver, Sender};
