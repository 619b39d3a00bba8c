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
    /// Binds to this path, which may not exist yet.
    ///
    /// The file stays when the socket is dropped; removing it is up to you.
    ///
    /// # Errors
    ///
    /// [`InvalidInput`](io::ErrorKind::InvalidInput) if the path is too long for a socket address
    /// (107 bytes on Linux) or has a zero byte in it; else the system's, such as
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

    /// As [`bind`](UnixDatagram::bind), for addresses that need not be a path, such as Linux's
    /// abstract ones.
    ///
    /// # Errors
    ///
    /// The system's, such as [`AddrInUse`](io::ErrorKind::AddrInUse).
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

    /// Makes one of std's, which has to be in non-blocking mode already.
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

    /// Makes this the address that [`send`](UnixDatagram::send) sends to and the only one that
    /// datagrams are taken from.
    ///
    /// # Errors
    ///
    /// [`InvalidInput`](io::ErrorKind::InvalidInput) if the path is too long for a socket address
    /// (107 bytes on Linux) or has a zero byte in it; else the system's, such as
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

    /// A socket without a name, which can send and can't be sent to.
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

    /// Two sockets that are connected to each other and have no name.
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

    /// The address of this end.
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

    /// The address it is connected to.
    ///
    /// # Errors
    ///
    /// [`NotConnected`](io::ErrorKind::NotConnected) if it is not connected.
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

    /// Takes a datagram, and tells how long it is and who it is from.
    ///
    /// What does not fit into `buf` is thrown away.
    ///
    /// # Errors
    ///
    /// [`WouldBlock`](io::ErrorKind::WouldBlock) if there is none.
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

    /// Takes a datagram, and tells how long it is.
    ///
    /// What does not fit into `buf` is thrown away.
    ///
    /// # Errors
    ///
    /// [`WouldBlock`](io::ErrorKind::WouldBlock) if there is none.
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
    /// [`WouldBlock`](io::ErrorKind::WouldBlock) if the receiver's queue is full. No event tells
    /// when it has room, because an event is about this socket, which is writable all the time: a
    /// program that waits for writable and tries again is a busy loop.
    /// [`connect`](UnixDatagram::connect) it and use [`send`](UnixDatagram::send), which can be
    /// waited for, or try again after some time.
    ///
    /// [`InvalidInput`](io::ErrorKind::InvalidInput) if the path is longer than std allows (107
    /// bytes on Linux). A peer may be bound to a path of 108 bytes there, and can't be answered by
    /// this.
    ///
    /// Other errors are the system's, such as [`NotFound`](io::ErrorKind::NotFound).
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

    /// Sends a datagram to the socket it is connected to.
    ///
    /// # Errors
    ///
    /// [`WouldBlock`](io::ErrorKind::WouldBlock) if the receiver's queue is full;
    /// [`NotConnected`](io::ErrorKind::NotConnected) if it is not connected.
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

    /// The error that is pending on the socket, which this clears (`SO_ERROR`).
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
    /// # let (one, other) = mio::net::UnixDatagram::pair()?;
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
    /// # let (one, other) = mio::net::UnixDatagram::pair()?;
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

    /// As [`try_io`](UnixDatagram::try_io), and says which direction the operation has.
    ///
    /// If it would block, the selector is asked about that direction alone. With
    /// `READABLE | WRITABLE` it is as `try_io`.
    ///
    /// # Examples
    ///
    /// ```
    /// # fn main() -> std::io::Result<()> {
    /// # let (socket, _peer) = mio::net::UnixDatagram::pair()?;
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

impl_source!(UnixDatagram);
impl_fd!(UnixDatagram, net::UnixDatagram, unix_datagram);
impl_into_std!(UnixDatagram, net::UnixDatagram, datagram);
