//! The base of every socket and pipe of this crate: the std type, and the state that a selector
//! needs to track its I/O.

#[cfg(debug_assertions)]
use std::num::NonZeroUsize;
use std::ops::Deref;
use std::{fmt, io};

use crate::event::Source;
use crate::sys::{AsRawSource, Direction, SourceIo, SourceState, raw_source};
use crate::{Interest, Registry, Token};

/// A source over any value with a descriptor or a Windows socket, whose I/O is tracked.
///
/// The sockets and pipes of this crate are built on it. It makes a [`Source`] of any type with a
/// raw descriptor (`AsRawFd`), or on Windows with a raw socket (`AsRawSocket`), such as a socket of
/// another crate, a timerfd or a device. It owns the value, which must already be in non-blocking
/// mode, and gives access to it through [`Deref`]. Operations get a shared reference, through which
/// std files and sockets can be read and written.
///
/// # Tracked I/O
///
/// epoll and kqueue detect by themselves that a source was drained. poll(2), event ports and AFD do
/// not: on these, an operation that returns [`WouldBlock`](io::ErrorKind::WouldBlock) re-arms its
/// direction. So do the I/O through [`read_with`](IoSource::read_with),
/// [`write_with`](IoSource::write_with) or [`try_io`](IoSource::try_io). A source that is drained
/// by other means stays disarmed on those selectors until `reregister`. `SourceFd` does not need
/// this, but may report spurious events.
///
/// Call a method for each read or write and return its result, because the result counts too. After
/// an operation that failed with any other error, poll(2) and event ports report the source again.
/// A `WouldBlock` without a success before it means that the source was reported as ready although
/// it was not. If this happens repeatedly, they report the source again after 10 milliseconds.
///
/// If no selector of the build needs this, as with epoll alone in a release build, an `IoSource<T>`
/// is as large as `T` and the methods only call the operation.
///
/// # Dropping
///
/// Dropping a registered source deregisters it if this closes its descriptor, as with the sockets
/// of this crate; see [Closing](crate::Poll#closing-and-deregistering). Dropping an
/// `IoSource<Arc<T>>`, or another `T` that shares its descriptor, closes nothing. On epoll and
/// kqueue, where the kernel holds the registration, its events then continue under the old token.
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
    /// The first field, so that the registration ends before the descriptor is closed.
    state: SourceState,
    /// The `Poll` that it is registered with. Debug builds detect mistakes by it.
    #[cfg(debug_assertions)]
    registered_with: Option<NonZeroUsize>,
    io: T,
}

impl<T> IoSource<T> {
    /// Creates an unregistered source. The value must already be in non-blocking mode.
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

    /// Performs an operation that receives data or accepts a connection.
    ///
    /// `WouldBlock` re-arms reading and no other direction.
    ///
    /// # Errors
    ///
    /// Those of `f`, unchanged.
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

    /// Reads from a pipe like [`read_with`](Self::read_with). The end of the stream re-arms
    /// reading, because a named pipe may get another writer.
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

    /// Performs an operation that sends data.
    ///
    /// `WouldBlock` re-arms writing and no other direction.
    ///
    /// # Errors
    ///
    /// Those of `f`, unchanged.
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

    /// Performs an operation in the directions of an interest.
    ///
    /// `WouldBlock` re-arms these directions. Use `READABLE | WRITABLE` for an operation that may
    /// be either.
    ///
    /// # Errors
    ///
    /// Those of `f`, unchanged.
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

    /// Performs an operation of the user in an unknown direction.
    #[inline]
    pub(crate) fn try_io_of_any<R>(&self, f: impl FnOnce() -> io::Result<R>) -> io::Result<R> {
        self.operate(Direction::Unknown, |_| f())
    }

    /// Takes the pending error of a socket, and reports it to the state.
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

    /// Returns the value. Deregister the source first. Otherwise the registration ends on most
    /// selectors, but on epoll and kqueue, where the kernel holds it, it lasts as long as the open
    /// file.
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

/// Registers the descriptor or socket of the value, which must stay the same while it is
/// registered.
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

/// Gives access to the value, for everything but I/O: reads and writes through it are untracked.
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

/// Checks for mistakes in debug builds. In release builds the OS error has the same kind. Named
/// pipes, which store their `Poll`, are checked in every build.
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

    /// Returns an error unless the source is registered with `registry`. `elsewhere` creates the
    /// error for a source that is registered with another `Poll`.
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

    /// Returns `true` if the selector has lost the registration without a `deregister`. The kernel
    /// removes it when the descriptor is closed or replaced, and on epoll a child of `fork` can
    /// deregister it. The source can then be registered again.
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
