//! What every socket and pipe of this crate is made of: the std type, and what a selector has to
//! know of the I/O that is done with it.

#[cfg(debug_assertions)]
use std::num::NonZeroUsize;
use std::ops::Deref;
use std::{fmt, io};

use crate::event::Source;
use crate::sys::{AsRawSource, Direction, SourceIo, SourceState, raw_source};
use crate::{Interest, Registry, Token};

/// Anything with a descriptor, or with a socket of Windows, as a source whose I/O is seen.
///
/// The sockets and pipes of this crate are made of it. Any type with a raw descriptor (`AsRawFd`),
/// or on Windows with a raw socket (`AsRawSocket`), becomes a [`Source`] by it: a socket of another
/// crate, a timerfd, a device. It owns the value, which must already be in non-blocking mode, and
/// gives access to it through [`Deref`]. Operations get a shared reference, from which files and
/// sockets of std can be read and written.
///
/// # Saying what would have blocked
///
/// epoll and kqueue see by themselves that a source was used up. poll(2), event ports and AFD do
/// not: there this crate learns it from an operation that returns
/// [`WouldBlock`](io::ErrorKind::WouldBlock), and asks the system about that direction again. So do
/// the I/O through [`read_with`](IoSource::read_with), [`write_with`](IoSource::write_with) or
/// [`try_io`](IoSource::try_io). A source that was used up past them stays silent on those
/// selectors until it is reregistered. `SourceFd` needs none of this, and may report what is no
/// news.
///
/// The result counts too. poll(2) and event ports report a source again after an operation that
/// returned any other error. A `WouldBlock` without a success before it means that the source was
/// reported as ready although it was not. If that is repeated, they report the source again after
/// 10 milliseconds. So let each read or write be an operation of its own, and return its result.
///
/// Where all selectors of the build see for themselves, as with epoll alone in a release build, it
/// is as large as `T` and the methods do nothing beside the call.
///
/// # Dropping
///
/// A source that is dropped while it is registered is forgotten if its descriptor is closed with
/// it, as with the sockets of this crate; see [Closing](crate::Poll#closing-and-deregistering).
/// `IoSource<Arc<T>>`, or any other `T` that does not own its descriptor alone, closes nothing. Its
/// events go on under the old token on epoll and kqueue, where the kernel has the registration.
/// Deregister such a source before you drop it.
///
/// # Examples
///
/// ```
/// # #[cfg(feature = "os-ext")]
/// # fn main() -> std::io::Result<()> {
/// use std::io::ErrorKind;
/// use std::net::UdpSocket;
///
/// use mio::{Events, Interest, IoSource, Poll, Token};
///
/// let socket = UdpSocket::bind("127.0.0.1:0")?;
/// socket.set_nonblocking(true)?;
/// let mut source = IoSource::new(socket);
///
/// let mut poll = Poll::new()?;
/// poll.registry().register(&mut source, Token(0), Interest::READABLE)?;
/// source.send_to(b"hello", source.local_addr()?)?;
///
/// let mut events = Events::with_capacity(4);
/// poll.poll(&mut events, None)?;
/// let mut buf = [0; 16];
/// assert_eq!(source.read_with(|socket| socket.recv(&mut buf))?, 5);
/// let again = source.read_with(|socket| socket.recv(&mut buf)).unwrap_err();
/// assert_eq!(again.kind(), ErrorKind::WouldBlock);
/// # Ok(())
/// # }
/// # #[cfg(not(feature = "os-ext"))]
/// # fn main() {}
/// ```
pub struct IoSource<T> {
    /// First, because it is dropped first: the registration ends before the descriptor is closed.
    state: SourceState,
    /// The `Poll` it is registered with, so that mistakes are told as such in debug builds.
    #[cfg(debug_assertions)]
    registered_with: Option<NonZeroUsize>,
    io: T,
}

impl<T> IoSource<T> {
    /// A source that is not registered yet. The value has to be in non-blocking mode.
    ///
    /// # Examples
    ///
    /// ```
    /// # #[cfg(feature = "os-ext")]
    /// # fn main() -> std::io::Result<()> {
    /// let socket = std::net::UdpSocket::bind("127.0.0.1:0")?;
    /// socket.set_nonblocking(true)?;
    /// let source = mio::IoSource::new(socket);
    /// # drop(source);
    /// # Ok(())
    /// # }
    /// # #[cfg(not(feature = "os-ext"))]
    /// # fn main() {}
    /// ```
    pub fn new(io: T) -> IoSource<T> {
        IoSource {
            state: SourceState::default(),
            #[cfg(debug_assertions)]
            registered_with: None,
            io,
        }
    }

    /// An operation that takes data in, or a connection.
    ///
    /// If it would block, the selector is asked about reading again, and about nothing else.
    ///
    /// # Errors
    ///
    /// Those of `f`, which are passed on as they are.
    ///
    /// # Examples
    ///
    /// ```
    /// # #[cfg(feature = "os-ext")]
    /// # fn main() -> std::io::Result<()> {
    /// # let socket = std::net::UdpSocket::bind("127.0.0.1:0")?;
    /// # socket.set_nonblocking(true)?;
    /// # let source = mio::IoSource::new(socket);
    /// # source.send_to(b"hello", source.local_addr()?)?;
    /// let mut buf = [0; 16];
    /// let received = source.read_with(|socket| socket.recv(&mut buf))?;
    /// # assert_eq!(received, 5);
    /// # Ok(())
    /// # }
    /// # #[cfg(not(feature = "os-ext"))]
    /// # fn main() {}
    /// ```
    #[inline]
    pub fn read_with<R>(&self, f: impl FnOnce(&T) -> io::Result<R>) -> io::Result<R> {
        self.operate(Direction::Read, f)
    }

    /// As [`read_with`](Self::read_with), for a pipe: its end need not be the last one, because a
    /// pipe with a name may get another writer.
    #[cfg(unix)]
    #[inline]
    pub(crate) fn read_pipe_with(
        &self,
        f: impl FnOnce(&T) -> io::Result<usize>,
    ) -> io::Result<usize> {
        let result = f(&self.io);
        if SourceState::REARMS && matches!(result, Ok(0)) {
            self.state.would_block(Direction::Read);
        } else {
            self.report(Direction::Read, &result);
        }
        result
    }

    /// An operation that sends data out.
    ///
    /// If it would block, the selector is asked about writing again, and about nothing else.
    ///
    /// # Errors
    ///
    /// Those of `f`, which are passed on as they are.
    ///
    /// # Examples
    ///
    /// ```
    /// # #[cfg(feature = "os-ext")]
    /// # fn main() -> std::io::Result<()> {
    /// # let socket = std::net::UdpSocket::bind("127.0.0.1:0")?;
    /// # socket.set_nonblocking(true)?;
    /// # let source = mio::IoSource::new(socket);
    /// let to = source.local_addr()?;
    /// let sent = source.write_with(|socket| socket.send_to(b"hello", to))?;
    /// # assert_eq!(sent, 5);
    /// # Ok(())
    /// # }
    /// # #[cfg(not(feature = "os-ext"))]
    /// # fn main() {}
    /// ```
    #[inline]
    pub fn write_with<R>(&self, f: impl FnOnce(&T) -> io::Result<R>) -> io::Result<R> {
        self.operate(Direction::Write, f)
    }

    /// An operation in the direction of an interest.
    ///
    /// If it would block, the selector is asked about that direction again. With `READABLE |
    /// WRITABLE`, for an operation that may be either, it is asked about both.
    ///
    /// # Errors
    ///
    /// Those of `f`, which are passed on as they are.
    ///
    /// # Examples
    ///
    /// ```
    /// # #[cfg(feature = "os-ext")]
    /// # fn main() -> std::io::Result<()> {
    /// use mio::Interest;
    ///
    /// # let socket = std::net::UdpSocket::bind("127.0.0.1:0")?;
    /// # socket.set_nonblocking(true)?;
    /// # let source = mio::IoSource::new(socket);
    /// let mut buf = [0; 16];
    /// let result = source.try_io(Interest::READABLE, |socket| socket.peek(&mut buf));
    /// # assert_eq!(result.unwrap_err().kind(), std::io::ErrorKind::WouldBlock);
    /// # Ok(())
    /// # }
    /// # #[cfg(not(feature = "os-ext"))]
    /// # fn main() {}
    /// ```
    #[inline]
    pub fn try_io<R>(
        &self,
        direction: Interest,
        f: impl FnOnce(&T) -> io::Result<R>,
    ) -> io::Result<R> {
        self.operate(Direction::of(direction), f)
    }

    /// An operation of the user's own, of which we don't know the direction.
    #[inline]
    pub(crate) fn try_io_of_any<R>(&self, f: impl FnOnce() -> io::Result<R>) -> io::Result<R> {
        self.operate(Direction::Unknown, |_| f())
    }

    /// Takes the pending error of a socket.
    #[cfg(feature = "net")]
    pub(crate) fn take_error_with(
        &self,
        f: impl FnOnce(&T) -> io::Result<Option<io::Error>>,
    ) -> io::Result<Option<io::Error>> {
        let result = f(&self.io);
        if SourceState::REARMS && !matches!(result, Ok(None)) {
            self.state.failed(None);
        }
        result
    }

    /// Gives the value back. The registration ends, except on epoll and kqueue, where it is the
    /// kernel's and lasts as long as the open file. Deregister it before, and that does not matter.
    ///
    /// # Examples
    ///
    /// ```
    /// # #[cfg(feature = "os-ext")]
    /// # fn main() -> std::io::Result<()> {
    /// # let socket = std::net::UdpSocket::bind("127.0.0.1:0")?;
    /// # let source = mio::IoSource::new(socket);
    /// let socket: std::net::UdpSocket = source.into_inner();
    /// # drop(socket);
    /// # Ok(())
    /// # }
    /// # #[cfg(not(feature = "os-ext"))]
    /// # fn main() {}
    /// ```
    pub fn into_inner(self) -> T {
        self.io
    }

    #[inline]
    fn operate<R>(
        &self,
        direction: Direction,
        f: impl FnOnce(&T) -> io::Result<R>,
    ) -> io::Result<R> {
        let result = f(&self.io);
        self.report(direction, &result);
        result
    }

    /// Reports the result of an operation to the state.
    #[inline]
    fn report<R>(&self, direction: Direction, result: &io::Result<R>) {
        if !SourceState::REARMS {
            return;
        }
        match result {
            Ok(_) => self.state.succeeded(direction),
            Err(err) if err.kind() == io::ErrorKind::WouldBlock => {
                self.state.would_block(direction);
            }
            Err(_) => self.state.failed(Some(direction)),
        }
    }
}

/// Registers it by its descriptor or socket, which has to stay the same while it is registered.
impl<T: AsRawSource> Source for IoSource<T> {
    fn register(
        &mut self,
        registry: &Registry,
        token: Token,
        interests: Interest,
    ) -> io::Result<()> {
        #[cfg(debug_assertions)]
        if let Some(id) = self.registered_with {
            return Err(mistake::registered_twice(id == registry.id()));
        }
        let io = SourceIo::Seen(&mut self.state);
        registry
            .selector()
            .register(raw_source(&self.io), io, token, interests)?;
        #[cfg(debug_assertions)]
        (self.registered_with = Some(registry.id()));
        Ok(())
    }

    fn reregister(
        &mut self,
        registry: &Registry,
        token: Token,
        interests: Interest,
    ) -> io::Result<()> {
        #[cfg(debug_assertions)]
        mistake::check_registered(self.registered_with, registry, || {
            mistake::registered_twice(false)
        })?;
        let io = SourceIo::Seen(&mut self.state);
        let result = registry
            .selector()
            .reregister(raw_source(&self.io), io, token, interests);
        #[cfg(debug_assertions)]
        if mistake::is_forgotten(&result) {
            self.registered_with = None;
        }
        result
    }

    fn deregister(&mut self, registry: &Registry) -> io::Result<()> {
        #[cfg(debug_assertions)]
        mistake::check_registered(self.registered_with, registry, || {
            mistake::not_registered(true)
        })?;
        let io = SourceIo::Seen(&mut self.state);
        let result = registry.selector().deregister(raw_source(&self.io), io);
        #[cfg(debug_assertions)]
        if result.is_ok() || mistake::is_forgotten(&result) {
            self.registered_with = None;
        }
        result
    }
}

/// What is done with the value beside reading and writing is its own business.
impl<T> Deref for IoSource<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.io
    }
}

impl<T: fmt::Debug> fmt::Debug for IoSource<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.io.fmt(f)
    }
}

/// The checks of debug builds. In release builds the system's own error has the same kind. Named
/// pipes, which know their `Poll`, are checked in every build.
#[cfg(any(debug_assertions, windows))]
pub(crate) mod mistake {
    use std::io::{Error, ErrorKind};
    #[cfg(debug_assertions)]
    use std::{io::Result, num::NonZeroUsize};

    #[cfg(debug_assertions)]
    use crate::Registry;

    pub(crate) fn registered_twice(same: bool) -> Error {
        let message = if same {
            "I/O source already registered with a `Registry`; \
             `reregister` changes its token and its interests"
        } else {
            "I/O source already registered with a `Registry` of another `Poll`; \
             deregister it there first"
        };
        Error::new(ErrorKind::AlreadyExists, message)
    }

    pub(crate) fn not_registered(elsewhere: bool) -> Error {
        let message = if elsewhere {
            "this source is registered with another `Poll`, not with this one"
        } else {
            "this source is not registered; use `register` first"
        };
        Error::new(ErrorKind::NotFound, message)
    }

    /// `elsewhere` is the error if it is registered with another `Poll`.
    #[cfg(debug_assertions)]
    pub(super) fn check_registered(
        registered_with: Option<NonZeroUsize>,
        registry: &Registry,
        elsewhere: impl FnOnce() -> Error,
    ) -> Result<()> {
        match registered_with {
            Some(id) if id == registry.id() => Ok(()),
            Some(_) => Err(elsewhere()),
            None => Err(not_registered(false)),
        }
    }

    /// Returns whether the selector does not know the source any more, though nobody deregistered
    /// it here. The kernel forgets a source whose descriptor was closed or replaced, and on epoll a
    /// child of `fork` can deregister it. The source can then be registered again.
    #[cfg(debug_assertions)]
    pub(super) fn is_forgotten(result: &Result<()>) -> bool {
        let Err(err) = result else {
            return false;
        };
        #[cfg(descriptors)]
        if err.raw_os_error() == Some(libc::EBADF) {
            return true;
        }
        err.kind() == ErrorKind::NotFound
    }
}
