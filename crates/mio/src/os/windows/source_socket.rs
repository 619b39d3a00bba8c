use std::io;
use std::os::windows::io::RawSocket;

use crate::event::Source;
use crate::sys::SourceIo;
use crate::{Interest, Registry, Token};

/// A source over any socket, borrowed for one call.
///
/// The socket stays yours: set it to non-blocking mode and close it yourself. This type is the
/// counterpart of `unix::SourceFd`. Wrap a type that owns a socket in an
/// [`IoSource`](crate::IoSource) instead, which has all modes.
///
/// # Modes
///
/// Register it with [`level`](Interest::level) or [`oneshot`](Interest::oneshot). Edge mode is
/// [`Unsupported`](io::ErrorKind::Unsupported): Windows has no edges, this crate emulates them by
/// re-arming on `WouldBlock`, and raw I/O is untracked.
///
/// # Closing
///
/// Deregister a socket *before* you close it. Closing a registered socket also removes its
/// registration, and a socket that reuses its number can be registered at once. There are two
/// exceptions:
///
/// * If an event of the old socket is not delivered yet and its number is reused, the new socket is
///   reported in place of the old one.
/// * If a duplicate of the old socket is open, the socket stays registered. Until its number is
///   deregistered, registering the number is [`AlreadyExists`](io::ErrorKind::AlreadyExists), and
///   events may be those of the new socket.
///
/// # Registering twice
///
/// Registering a number that is already registered is
/// [`AlreadyExists`](io::ErrorKind::AlreadyExists). While an event of it is not delivered yet, the
/// socket cannot be distinguished from a new one that reuses the number of a closed one. Then the
/// new registration replaces the old one.
///
/// # Examples
///
/// ```
/// # fn main() -> std::io::Result<()> {
/// use std::net::UdpSocket;
/// use std::os::windows::io::AsRawSocket;
///
/// use mio::windows::SourceSocket;
/// use mio::{Events, Interest, Poll, Token};
///
/// let socket = UdpSocket::bind("127.0.0.1:0")?;
/// socket.set_nonblocking(true)?;
///
/// let mut poll = Poll::new()?;
/// let raw = socket.as_raw_socket();
/// let level = Interest::READABLE.level();
/// poll.registry().register(&mut SourceSocket(&raw), Token(0), level)?;
///
/// socket.send_to(b"hello", socket.local_addr()?)?;
/// let mut events = Events::with_capacity(4);
/// poll.poll(&mut events, None)?;
/// assert_eq!(socket.recv(&mut [0; 16])?, 5);
/// poll.registry().deregister(&mut SourceSocket(&raw))?;
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct SourceSocket<'a>(
    /// The socket.
    pub &'a RawSocket,
);

impl Source for SourceSocket<'_> {
    fn register(
        &mut self,
        registry: &Registry,
        token: Token,
        interests: Interest,
    ) -> io::Result<()> {
        registry
            .selector()
            .register(*self.0, SourceIo::Unseen, token, interests)
    }

    fn reregister(
        &mut self,
        registry: &Registry,
        token: Token,
        interests: Interest,
    ) -> io::Result<()> {
        registry
            .selector()
            .reregister(*self.0, SourceIo::Unseen, token, interests)
    }

    fn deregister(&mut self, registry: &Registry) -> io::Result<()> {
        registry.selector().deregister(*self.0, SourceIo::Unseen)
    }
}
