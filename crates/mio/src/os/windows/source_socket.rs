use std::io;
use std::os::windows::io::RawSocket;

use crate::event::Source;
use crate::sys::SourceIo;
use crate::{Interest, Registry, Token};

/// Any socket as a source, borrowed for one call.
///
/// The socket stays yours: close it yourself, and put it into non-blocking mode yourself. It is the
/// twin of `unix::SourceFd`. A type that owns a socket is better wrapped in an
/// [`IoSource`](crate::IoSource), which has all modes.
///
/// # Modes
///
/// It is registered with [`level`](Interest::level) or [`oneshot`](Interest::oneshot). An edge is
/// [`Unsupported`](io::ErrorKind::Unsupported): Windows has none, and this crate makes them from
/// operations that return `WouldBlock`, which here it does not see.
///
/// # Closing
///
/// Deregister a socket *before* you close it. A socket that is closed without that is forgotten,
/// and its number can be registered again at once. There are two exceptions. If there is an event
/// that no poll has taken yet, and the number is in use again, the new socket is reported in place
/// of the old one. If a duplicate of the socket is open, the socket stays registered. Until the
/// number is deregistered, it can't be registered again
/// ([`AlreadyExists`](io::ErrorKind::AlreadyExists)), and what is reported may be the new socket.
///
/// # Registering twice
///
/// A number that is registered already is [`AlreadyExists`](io::ErrorKind::AlreadyExists). While
/// there is an event of it that no poll has taken yet, it can't be distinguished from one that was
/// closed and is in use again. Then the new registration replaces the old one.
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
