use std::io;
use std::os::fd::RawFd;

use crate::event::Source;
use crate::sys::SourceIo;
use crate::{Interest, Registry, Token};

/// A source over any descriptor, borrowed for one call.
///
/// The descriptor stays yours: set it to non-blocking mode and close it yourself. Deregister it
/// *before* you close it. Otherwise the effect of closing depends on the selector:
///
/// * **epoll** removes the registration when the last duplicate of the descriptor is closed. Until
///   then its events continue.
/// * **kqueue** removes the registration at once.
/// * **poll(2)** removes the registration when the next poll finds the descriptor closed. A new
///   descriptor that has the same number by then is reported in its place.
///
/// A descriptor that reuses the number of a closed one can be registered. Registering an open file
/// twice is [`AlreadyExists`](io::ErrorKind::AlreadyExists), with two exceptions: on kqueue, and on
/// poll(2) if the file cannot be distinguished from another one that reuses its number, as with an
/// eventfd. See [Descriptors of your own](crate::Poll#descriptors-of-your-own).
///
/// All selectors accept sockets, pipes, terminals, eventfd, timerfd, inotify and the like. epoll
/// rejects regular files (`EPERM`).
///
/// # Edges
///
/// On epoll and kqueue the kernel detects that a descriptor was drained. On poll(2) and event ports
/// nothing does, because raw I/O does not go through this crate. There each poll checks whether the
/// readiness that it reported has ended, and reports lasting readiness again every 10 milliseconds.
/// No event is lost, but expect spurious ones. `reregister` reports readiness at once.
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
/// A type of your own over a descriptor forwards each method of [`Source`] to it:
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
