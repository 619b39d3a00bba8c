use std::io;
use std::net::Shutdown;
use std::os::unix::net::{self, SocketAddr};
use std::path::Path;

use crate::Interest;
use crate::io_impls::{impl_fd, impl_into_std, impl_read, impl_source, impl_write};
use crate::io_source::IoSource;
use crate::sys::unix::unix_socket;

/// A connection between two Unix sockets.
///
/// Reading and writing are [`Read`](std::io::Read) and [`Write`](std::io::Write), which a shared
/// reference has too.
///
/// # Examples
///
/// ```
/// # #[cfg(feature = "os-poll")]
/// # fn main() -> std::io::Result<()> {
/// use std::io::{Read, Write};
///
/// use mio::net::UnixStream;
/// use mio::{Events, Interest, Poll, Token};
///
/// let (mut one, mut other) = UnixStream::pair()?;
/// let mut poll = Poll::new()?;
/// poll.registry().register(&mut other, Token(0), Interest::READABLE)?;
/// one.write_all(b"hello")?;
///
/// let mut events = Events::with_capacity(8);
/// poll.poll(&mut events, None)?;
/// let mut buffer = [0; 8];
/// assert_eq!(other.read(&mut buffer)?, 5);
/// # Ok(())
/// # }
/// # #[cfg(not(feature = "os-poll"))]
/// # fn main() {}
/// ```
pub struct UnixStream {
    inner: IoSource<net::UnixStream>,
}

impl UnixStream {
    /// Starts a connection to the socket at this path.
    ///
    /// On Linux it is made, or not, when this returns.
    ///
    /// # Errors
    ///
    /// [`InvalidInput`](io::ErrorKind::InvalidInput) if the path is too long for a socket address
    /// (107 bytes on Linux) or has a zero byte in it; else the system's, such as
    /// [`NotFound`](io::ErrorKind::NotFound) or
    /// [`ConnectionRefused`](io::ErrorKind::ConnectionRefused);
    /// [`WouldBlock`](io::ErrorKind::WouldBlock) if the listener's queue is full.
    ///
    /// # Examples
    ///
    /// ```
    /// # fn main() -> std::io::Result<()> {
    /// # let directory = tempfile::tempdir()?;
    /// # let path = directory.path().join("socket");
    /// # let listener = mio::net::UnixListener::bind(&path)?;
    /// let stream = mio::net::UnixStream::connect(&path)?;
    /// # drop((stream, listener));
    /// # Ok(())
    /// # }
    /// ```
    pub fn connect<P: AsRef<Path>>(path: P) -> io::Result<UnixStream> {
        UnixStream::connect_addr(&SocketAddr::from_pathname(path)?)
    }

    /// As [`connect`](UnixStream::connect), for addresses that need not be a path, such as Linux's
    /// abstract ones.
    ///
    /// # Errors
    ///
    /// As [`connect`](UnixStream::connect).
    ///
    /// # Examples
    ///
    /// ```
    /// # fn main() -> std::io::Result<()> {
    /// # let directory = tempfile::tempdir()?;
    /// # let path = directory.path().join("socket");
    /// use std::os::unix::net::SocketAddr;
    ///
    /// let address = SocketAddr::from_pathname(&path)?;
    /// let listener = mio::net::UnixListener::bind_addr(&address)?;
    /// let stream = mio::net::UnixStream::connect_addr(&address)?;
    /// # drop((stream, listener));
    /// # Ok(())
    /// # }
    /// ```
    pub fn connect_addr(address: &SocketAddr) -> io::Result<UnixStream> {
        unix_socket::connect(address).map(UnixStream::from)
    }

    /// Makes one of std's, which has to be in non-blocking mode already.
    ///
    /// # Examples
    ///
    /// ```
    /// # fn main() -> std::io::Result<()> {
    /// let (one, other) = std::os::unix::net::UnixStream::pair()?;
    /// one.set_nonblocking(true)?;
    /// let one = mio::net::UnixStream::from_std(one);
    /// # drop((one, other));
    /// # Ok(())
    /// # }
    /// ```
    pub fn from_std(stream: net::UnixStream) -> UnixStream {
        UnixStream {
            inner: IoSource::new(stream),
        }
    }

    /// Two streams that are connected to each other and have no name.
    ///
    /// # Examples
    ///
    /// ```
    /// # fn main() -> std::io::Result<()> {
    /// use std::io::{Read, Write};
    ///
    /// let (mut one, mut other) = mio::net::UnixStream::pair()?;
    /// one.write_all(b"hello")?;
    /// let mut buffer = [0; 8];
    /// assert_eq!(other.read(&mut buffer)?, 5);
    /// # Ok(())
    /// # }
    /// ```
    pub fn pair() -> io::Result<(UnixStream, UnixStream)> {
        unix_socket::pair().map(|[one, other]| (one.into(), other.into()))
    }

    /// The address of this end.
    ///
    /// # Examples
    ///
    /// ```
    /// # fn main() -> std::io::Result<()> {
    /// # let (one, other) = mio::net::UnixStream::pair()?;
    /// assert!(one.local_addr()?.is_unnamed());
    /// # Ok(())
    /// # }
    /// ```
    pub fn local_addr(&self) -> io::Result<SocketAddr> {
        self.inner.local_addr()
    }

    /// The address of the other end.
    ///
    /// # Errors
    ///
    /// [`NotConnected`](io::ErrorKind::NotConnected) if it is not connected.
    ///
    /// # Examples
    ///
    /// ```
    /// # fn main() -> std::io::Result<()> {
    /// # let (one, other) = mio::net::UnixStream::pair()?;
    /// assert!(one.peer_addr()?.is_unnamed());
    /// # Ok(())
    /// # }
    /// ```
    pub fn peer_addr(&self) -> io::Result<SocketAddr> {
        self.inner.peer_addr()
    }

    /// The error that is pending on the socket, which this clears (`SO_ERROR`).
    ///
    /// # Examples
    ///
    /// ```
    /// # fn main() -> std::io::Result<()> {
    /// # let (one, other) = mio::net::UnixStream::pair()?;
    /// assert!(one.take_error()?.is_none());
    /// # Ok(())
    /// # }
    /// ```
    pub fn take_error(&self) -> io::Result<Option<io::Error>> {
        self.inner.take_error_with(net::UnixStream::take_error)
    }

    /// Shuts down the reading half, the writing half or both, for all handles on this socket.
    ///
    /// # Errors
    ///
    /// [`NotConnected`](io::ErrorKind::NotConnected) if it is not connected.
    ///
    /// # Examples
    ///
    /// ```
    /// # fn main() -> std::io::Result<()> {
    /// # let (one, other) = mio::net::UnixStream::pair()?;
    /// one.shutdown(std::net::Shutdown::Write)?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn shutdown(&self, how: Shutdown) -> io::Result<()> {
        self.inner.shutdown(how)
    }

    /// Does an operation of your own with the descriptor, such as `recvmsg` for descriptors that
    /// are passed along.
    ///
    /// It calls `f` once and gives back what it gives. If that is
    /// [`WouldBlock`](io::ErrorKind::WouldBlock), selectors that have to be told are told; as it
    /// may have been a read or a write, both are reported again when they are ready.
    ///
    /// Do no I/O of this type inside `f`, and return [`WouldBlock`](io::ErrorKind::WouldBlock)
    /// only if the system said so.
    ///
    /// # Examples
    ///
    /// ```
    /// # fn main() -> std::io::Result<()> {
    /// # let (one, other) = mio::net::UnixStream::pair()?;
    /// use std::os::fd::AsRawFd;
    ///
    /// let mut buffer = [0_u8; 64];
    /// let received = one.try_io(|| {
    ///     let (pointer, length) = (buffer.as_mut_ptr().cast(), buffer.len());
    ///     // SAFETY: the buffer is as long as we say.
    ///     match unsafe { libc::recv(one.as_raw_fd(), pointer, length, libc::MSG_PEEK) } {
    ///         -1 => Err(std::io::Error::last_os_error()),
    ///         length => Ok(length),
    ///     }
    /// });
    /// assert_eq!(received.unwrap_err().kind(), std::io::ErrorKind::WouldBlock);
    /// # Ok(())
    /// # }
    /// ```
    pub fn try_io<F, T>(&self, f: F) -> io::Result<T>
    where
        F: FnOnce() -> io::Result<T>,
    {
        self.inner.try_io_of_any(f)
    }

    /// As [`try_io`](UnixStream::try_io), and says which direction the operation has.
    ///
    /// If it would block, the selector is asked about that direction alone. With
    /// `READABLE | WRITABLE` it is as `try_io`.
    ///
    /// # Examples
    ///
    /// ```
    /// # fn main() -> std::io::Result<()> {
    /// # let (socket, _peer) = mio::net::UnixStream::pair()?;
    /// use mio::Interest;
    ///
    /// // Here an operation of the system's that this type lacks would send something.
    /// let sent = socket.try_io_for(Interest::WRITABLE, || Ok(5))?;
    /// assert_eq!(sent, 5);
    /// # Ok(())
    /// # }
    /// ```
    pub fn try_io_for<F, T>(&self, direction: Interest, f: F) -> io::Result<T>
    where
        F: FnOnce() -> io::Result<T>,
    {
        self.inner.try_io(direction, |_| f())
    }
}

impl_source!(UnixStream);
impl_read!(read_with: UnixStream, &UnixStream);
impl_write!(UnixStream, &UnixStream);
impl_fd!(UnixStream, net::UnixStream, unix_stream);
impl_into_std!(UnixStream, net::UnixStream, stream);
