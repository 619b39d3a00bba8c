use std::io;
use std::net::Shutdown;
use std::os::unix::net::{self, SocketAddr};
use std::path::Path;

use crate::Interest;
use crate::io_impls::{impl_fd, impl_into_std, impl_read, impl_source, impl_write};
use crate::io_source::IoSource;
use crate::sys::unix::unix_socket;

/// A Unix stream socket.
///
/// Implements [`Read`](std::io::Read) and [`Write`](std::io::Write), also for a shared reference.
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
    /// On Linux the connection is established, or has failed, when this returns.
    ///
    /// # Errors
    ///
    /// [`InvalidInput`](io::ErrorKind::InvalidInput) if the path is too long for a socket address
    /// (107 bytes on Linux) or contains a null byte; otherwise the OS error, such as
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

    /// Connects to any Unix socket address, including the abstract ones of Linux. Otherwise like
    /// [`connect`](UnixStream::connect).
    ///
    /// # Errors
    ///
    /// Those of [`connect`](UnixStream::connect).
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

    /// Wraps the std type, which must already be in non-blocking mode.
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

    /// Creates a pair of connected, unnamed streams.
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

    /// Returns the local address.
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

    /// Returns the address of the peer.
    ///
    /// # Errors
    ///
    /// [`NotConnected`](io::ErrorKind::NotConnected) if the socket is not connected.
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

    /// Returns and clears the pending error of the socket (`SO_ERROR`).
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

    /// Shuts down the read half, the write half or both, for all handles of this socket.
    ///
    /// # Errors
    ///
    /// [`NotConnected`](io::ErrorKind::NotConnected) if the socket is not connected.
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

    /// Performs an I/O operation of your own on the descriptor, such as `recvmsg` to receive
    /// descriptors.
    ///
    /// Calls `f` once and returns its result. [`WouldBlock`](io::ErrorKind::WouldBlock) re-arms
    /// both directions on the selectors that need it, because `f` may have been a read or a write.
    ///
    /// Do not call I/O methods of this type inside `f`, and return
    /// [`WouldBlock`](io::ErrorKind::WouldBlock) only if the OS did.
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
    ///     // SAFETY: the buffer has the given length.
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

    /// Performs an I/O operation of your own in a known direction, like
    /// [`try_io`](UnixStream::try_io).
    ///
    /// `WouldBlock` re-arms only the given direction. With `READABLE | WRITABLE` it re-arms both,
    /// as `try_io` does.
    ///
    /// # Examples
    ///
    /// ```
    /// # fn main() -> std::io::Result<()> {
    /// # let (socket, _peer) = mio::net::UnixStream::pair()?;
    /// use mio::Interest;
    ///
    /// // A system call that this type does not wrap would go here.
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
