use std::io;
use std::net::Shutdown;
use std::os::unix::net::{self, SocketAddr};
use std::path::Path;

use crate::Interest;
use crate::io_impls::{impl_fd, impl_into_std, impl_source};
use crate::io_source::IoSource;
use crate::sys::unix::unix_socket;

/// A Unix datagram socket.
///
/// # Examples
///
/// ```
/// # #[cfg(feature = "os-poll")]
/// # fn main() -> std::io::Result<()> {
/// use mio::net::UnixDatagram;
/// use mio::{Events, Interest, Poll, Token};
///
/// let (one, mut other) = UnixDatagram::pair()?;
/// let mut poll = Poll::new()?;
/// poll.registry().register(&mut other, Token(0), Interest::READABLE)?;
/// one.send(b"hello")?;
///
/// let mut events = Events::with_capacity(8);
/// poll.poll(&mut events, None)?;
/// let mut buffer = [0; 8];
/// assert_eq!(other.recv(&mut buffer)?, 5);
/// # Ok(())
/// # }
/// # #[cfg(not(feature = "os-poll"))]
/// # fn main() {}
/// ```
pub struct UnixDatagram {
    inner: IoSource<net::UnixDatagram>,
}

impl UnixDatagram {
    /// Binds to this path, which must not exist yet.
    ///
    /// The file is not removed when the socket is dropped.
    ///
    /// # Errors
    ///
    /// [`InvalidInput`](io::ErrorKind::InvalidInput) if the path is too long for a socket address
    /// (107 bytes on Linux) or contains a null byte; otherwise the OS error, such as
    /// [`AddrInUse`](io::ErrorKind::AddrInUse) if the path exists.
    ///
    /// # Examples
    ///
    /// ```
    /// # fn main() -> std::io::Result<()> {
    /// # let directory = tempfile::tempdir()?;
    /// let socket = mio::net::UnixDatagram::bind(directory.path().join("socket"))?;
    /// # drop(socket);
    /// # Ok(())
    /// # }
    /// ```
    pub fn bind<P: AsRef<Path>>(path: P) -> io::Result<UnixDatagram> {
        UnixDatagram::bind_addr(&SocketAddr::from_pathname(path)?)
    }

    /// Binds to any Unix socket address, including the abstract ones of Linux. Otherwise like
    /// [`bind`](UnixDatagram::bind).
    ///
    /// # Errors
    ///
    /// The OS error, such as [`AddrInUse`](io::ErrorKind::AddrInUse).
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
    /// let socket = mio::net::UnixDatagram::bind_addr(&address)?;
    /// # drop(socket);
    /// # Ok(())
    /// # }
    /// ```
    pub fn bind_addr(address: &SocketAddr) -> io::Result<UnixDatagram> {
        unix_socket::datagram_bind(address).map(UnixDatagram::from)
    }

    /// Wraps the std type, which must already be in non-blocking mode.
    ///
    /// # Examples
    ///
    /// ```
    /// # fn main() -> std::io::Result<()> {
    /// let socket = std::os::unix::net::UnixDatagram::unbound()?;
    /// socket.set_nonblocking(true)?;
    /// let socket = mio::net::UnixDatagram::from_std(socket);
    /// # drop(socket);
    /// # Ok(())
    /// # }
    /// ```
    pub fn from_std(socket: net::UnixDatagram) -> UnixDatagram {
        UnixDatagram {
            inner: IoSource::new(socket),
        }
    }

    /// Connects the socket to this path: [`send`](UnixDatagram::send) sends to it, and only
    /// datagrams from it are received.
    ///
    /// # Errors
    ///
    /// [`InvalidInput`](io::ErrorKind::InvalidInput) if the path is too long for a socket address
    /// (107 bytes on Linux) or contains a null byte; otherwise the OS error, such as
    /// [`NotFound`](io::ErrorKind::NotFound).
    ///
    /// # Examples
    ///
    /// ```
    /// # fn main() -> std::io::Result<()> {
    /// # let directory = tempfile::tempdir()?;
    /// # let path = directory.path().join("socket");
    /// let receiver = mio::net::UnixDatagram::bind(&path)?;
    /// let sender = mio::net::UnixDatagram::unbound()?;
    /// sender.connect(&path)?;
    /// sender.send(b"hello")?;
    /// # drop(receiver);
    /// # Ok(())
    /// # }
    /// ```
    pub fn connect<P: AsRef<Path>>(&self, path: P) -> io::Result<()> {
        self.inner.connect(path)
    }

    /// Creates an unnamed socket. It can send, but no socket can send to it.
    ///
    /// # Examples
    ///
    /// ```
    /// # fn main() -> std::io::Result<()> {
    /// let socket = mio::net::UnixDatagram::unbound()?;
    /// assert!(socket.local_addr()?.is_unnamed());
    /// # Ok(())
    /// # }
    /// ```
    pub fn unbound() -> io::Result<UnixDatagram> {
        unix_socket::datagram().map(UnixDatagram::from)
    }

    /// Creates a pair of connected, unnamed sockets.
    ///
    /// # Examples
    ///
    /// ```
    /// # fn main() -> std::io::Result<()> {
    /// let (one, other) = mio::net::UnixDatagram::pair()?;
    /// one.send(b"hello")?;
    /// let mut buffer = [0; 8];
    /// assert_eq!(other.recv(&mut buffer)?, 5);
    /// # Ok(())
    /// # }
    /// ```
    pub fn pair() -> io::Result<(UnixDatagram, UnixDatagram)> {
        unix_socket::datagram_pair().map(|[one, other]| (one.into(), other.into()))
    }

    /// Returns the local address.
    ///
    /// # Examples
    ///
    /// ```
    /// # fn main() -> std::io::Result<()> {
    /// # let (one, other) = mio::net::UnixDatagram::pair()?;
    /// assert!(one.local_addr()?.is_unnamed());
    /// # Ok(())
    /// # }
    /// ```
    pub fn local_addr(&self) -> io::Result<SocketAddr> {
        self.inner.local_addr()
    }

    /// Returns the address that the socket is connected to.
    ///
    /// # Errors
    ///
    /// [`NotConnected`](io::ErrorKind::NotConnected) if the socket is not connected.
    ///
    /// # Examples
    ///
    /// ```
    /// # fn main() -> std::io::Result<()> {
    /// # let (one, other) = mio::net::UnixDatagram::pair()?;
    /// assert!(one.peer_addr()?.is_unnamed());
    /// # Ok(())
    /// # }
    /// ```
    pub fn peer_addr(&self) -> io::Result<SocketAddr> {
        self.inner.peer_addr()
    }

    /// Receives a datagram. Returns its length and the sender's address.
    ///
    /// Data that does not fit into `buf` is discarded.
    ///
    /// # Errors
    ///
    /// [`WouldBlock`](io::ErrorKind::WouldBlock) if no datagram is queued.
    ///
    /// # Examples
    ///
    /// ```
    /// # fn main() -> std::io::Result<()> {
    /// # let directory = tempfile::tempdir()?;
    /// # let path = directory.path().join("socket");
    /// let receiver = mio::net::UnixDatagram::bind(&path)?;
    /// mio::net::UnixDatagram::unbound()?.send_to(b"hello", &path)?;
    /// let mut buffer = [0; 8];
    /// let (length, from) = receiver.recv_from(&mut buffer)?;
    /// assert!(length == 5 && from.is_unnamed());
    /// # Ok(())
    /// # }
    /// ```
    pub fn recv_from(&self, buf: &mut [u8]) -> io::Result<(usize, SocketAddr)> {
        self.inner.read_with(|socket| socket.recv_from(buf))
    }

    /// Receives a datagram. Returns its length.
    ///
    /// Data that does not fit into `buf` is discarded.
    ///
    /// # Errors
    ///
    /// [`WouldBlock`](io::ErrorKind::WouldBlock) if no datagram is queued.
    ///
    /// # Examples
    ///
    /// ```
    /// # fn main() -> std::io::Result<()> {
    /// # let (one, other) = mio::net::UnixDatagram::pair()?;
    /// let mut buffer = [0; 8];
    /// let nothing = one.recv(&mut buffer).unwrap_err();
    /// assert_eq!(nothing.kind(), std::io::ErrorKind::WouldBlock);
    /// # Ok(())
    /// # }
    /// ```
    pub fn recv(&self, buf: &mut [u8]) -> io::Result<usize> {
        self.inner.read_with(|socket| socket.recv(buf))
    }

    /// Sends a datagram to the socket at this path.
    ///
    /// # Errors
    ///
    /// [`WouldBlock`](io::ErrorKind::WouldBlock) if the receiver's queue is full. No event reports
    /// when it has room: this socket stays writable, so a program that waits for a writable event
    /// and retries is a busy loop. Either [`connect`](UnixDatagram::connect) the socket and use
    /// [`send`](UnixDatagram::send), which can be waited for, or retry after some time.
    ///
    /// [`InvalidInput`](io::ErrorKind::InvalidInput) if the path is longer than std allows (107
    /// bytes on Linux). A peer on Linux may be bound to a path of 108 bytes, to which this method
    /// cannot send.
    ///
    /// Otherwise the OS error, such as [`NotFound`](io::ErrorKind::NotFound).
    ///
    /// # Examples
    ///
    /// ```
    /// # fn main() -> std::io::Result<()> {
    /// # let directory = tempfile::tempdir()?;
    /// # let path = directory.path().join("socket");
    /// let receiver = mio::net::UnixDatagram::bind(&path)?;
    /// mio::net::UnixDatagram::unbound()?.send_to(b"hello", &path)?;
    /// # drop(receiver);
    /// # Ok(())
    /// # }
    /// ```
    pub fn send_to<P: AsRef<Path>>(&self, buf: &[u8], path: P) -> io::Result<usize> {
        self.inner.write_with(|socket| socket.send_to(buf, path))
    }

    /// Sends a datagram to the socket that this one is connected to.
    ///
    /// # Errors
    ///
    /// [`WouldBlock`](io::ErrorKind::WouldBlock) if the receiver's queue is full;
    /// [`NotConnected`](io::ErrorKind::NotConnected) if the socket is not connected.
    ///
    /// # Examples
    ///
    /// ```
    /// # fn main() -> std::io::Result<()> {
    /// # let (one, other) = mio::net::UnixDatagram::pair()?;
    /// assert_eq!(one.send(b"hello")?, 5);
    /// # Ok(())
    /// # }
    /// ```
    pub fn send(&self, buf: &[u8]) -> io::Result<usize> {
        self.inner.write_with(|socket| socket.send(buf))
    }

    /// Returns and clears the pending error of the socket (`SO_ERROR`).
    ///
    /// # Examples
    ///
    /// ```
    /// # fn main() -> std::io::Result<()> {
    /// # let (one, other) = mio::net::UnixDatagram::pair()?;
    /// assert!(one.take_error()?.is_none());
    /// # Ok(())
    /// # }
    /// ```
    pub fn take_error(&self) -> io::Result<Option<io::Error>> {
        self.inner.take_error_with(net::UnixDatagram::take_error)
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
    /// # let (one, other) = mio::net::UnixDatagram::pair()?;
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
    /// # let (one, other) = mio::net::UnixDatagram::pair()?;
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
    /// [`try_io`](UnixDatagram::try_io).
    ///
    /// `WouldBlock` re-arms only the given direction. With `READABLE | WRITABLE` it re-arms both,
    /// as `try_io` does.
    ///
    /// # Examples
    ///
    /// ```
    /// # fn main() -> std::io::Result<()> {
    /// # let (socket, _peer) = mio::net::UnixDatagram::pair()?;
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

impl_source!(UnixDatagram);
impl_fd!(UnixDatagram, net::UnixDatagram, unix_datagram);
impl_into_std!(UnixDatagram, net::UnixDatagram, datagram);
