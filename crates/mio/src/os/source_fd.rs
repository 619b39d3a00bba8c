use std::io;
use std::os::fd::RawFd;

use crate::event::Source;
use crate::sys::SourceIo;
use crate::{Interest, Registry, Token};

/// Any descriptor as a source, borrowed for one call.
///
/// The descriptor stays yours: close it yourself, and put it into non-blocking mode yourself.
/// Deregister it *before* you close it. On epoll a closed descriptor is forgotten, unless a
/// duplicate of it is open somewhere, which then keeps reporting. On kqueue it is forgotten at
/// once. On poll(2) it is forgotten when the next poll finds it closed, so a descriptor that got
/// the same number meanwhile would be reported in its place.
///
/// A number that is in use again can be registered again. Registering an open file twice is
/// [`AlreadyExists`](io::ErrorKind::AlreadyExists), but not on kqueue, nor on poll(2) if the file
/// can't be told from another one that got its number, as an eventfd. See
/// [portability](crate::portability#descriptors-of-your-own).
///
/// What can be watched depends on the selector: sockets, pipes, terminals, eventfd, timerfd,
/// inotify and the like everywhere; regular files not on epoll (`EPERM`).
///
/// # Edges
///
/// On epoll and kqueue the kernel sees when a descriptor was used up. On poll(2) nobody does, since
/// I/O with the raw descriptor passes this crate by: each poll looks whether what it has reported
/// is over, and what is not is reported again every 10 milliseconds. Nothing is lost, but expect
/// events that are not news. Reregistering reports what is ready at once. In all of this event
/// ports are like poll(2).
///
/// # Examples
///
/// ```
/// # fn main() -> std::io::Result<()> {
/// use std::os::fd::AsRawFd;
///
/// use mio::unix::SourceFd;
/// use mio::{Interest, Poll, Token};
///
/// let socket = std::net::UdpSocket::bind("127.0.0.1:0")?;
/// socket.set_nonblocking(true)?;
///
/// let poll = Poll::new()?;
/// let fd = socket.as_raw_fd();
/// poll.registry().register(&mut SourceFd(&fd), Token(0), Interest::READABLE)?;
/// poll.registry().deregister(&mut SourceFd(&fd))?;
/// # Ok(())
/// # }
/// ```
///
/// A type of your own over a descriptor forwards to it in each of the methods of [`Source`]:
///
/// ```
/// # fn main() {}
/// use std::io;
/// use std::os::fd::{AsRawFd, OwnedFd};
///
/// use mio::event::Source;
/// use mio::unix::SourceFd;
/// use mio::{Interest, Registry, Token};
///
/// struct Device {
///     fd: OwnedFd,
/// }
///
/// impl Source for Device {
///     fn register(&mut self, registry: &Registry, token: Token, interests: Interest)
///         -> io::Result<()>
///     {
///         SourceFd(&self.fd.as_raw_fd()).register(registry, token, interests)
///     }
///
///     fn reregister(&mut self, registry: &Registry, token: Token, interests: Interest)
///         -> io::Result<()>
///     {
///         SourceFd(&self.fd.as_raw_fd()).reregister(registry, token, interests)
///     }
///
///     fn deregister(&mut self, registry: &Registry) -> io::Result<()> {
///         SourceFd(&self.fd.as_raw_fd()).deregister(registry)
///     }
/// }
/// ```
#[derive(Debug)]
pub struct SourceFd<'a>(
    /// The descriptor.
    pub &'a RawFd,
);

impl<'a> Source for SourceFd<'a> {
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
