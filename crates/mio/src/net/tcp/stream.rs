use std::io;
use std::net::{self, Shutdown, SocketAddr};

use crate::Interest;
use crate::io_impls::{impl_into_std, impl_raw, impl_read, impl_source, impl_write};
use crate::io_source::IoSource;
use crate::sys::socket;

/// A TCP connection.
///
/// Implements [`Read`](std::io::Read) and [`Write`](std::io::Write), also for a shared reference.
///
/// # Is it connected yet?
///
/// [`connect`](TcpStream::connect) only starts the connection. Register the stream for
/// [`WRITABLE`](crate::Interest::WRITABLE), and on its event call:
///
/// 1. [`take_error`](TcpStream::take_error): an error means that the connection failed.
/// 2. [`peer_addr`](TcpStream::peer_addr): an address means that the connection is established.
///    [`NotConnected`](io::ErrorKind::NotConnected) means that the event was spurious: wait for the
///    next one.
///
/// ```
/// # #[cfg(feature = "os-poll")]
/// # fn main() -> std::io::Result<()> {
/// use std::io::{self, ErrorKind};
///
/// use mio::net::{TcpListener, TcpStream};
/// use mio::{Events, Interest, Poll, Token};
///
/// /// Returns `None` while the connection is pending.
/// fn connected(stream: &TcpStream) -> Option<io::Result<()>> {
///     match stream.take_error() {
///         Ok(Some(err)) | Err(err) => return Some(Err(err)),
///         Ok(None) => {}
///     }
///     match stream.peer_addr() {
///         Ok(_) => Some(Ok(())),
///         Err(err) if err.kind() == ErrorKind::NotConnected => None,
///         Err(err) => Some(Err(err)),
///     }
/// }
///
/// let listener = TcpListener::bind("127.0.0.1:0".parse().unwrap())?;
/// let mut stream = TcpStream::connect(listener.local_addr()?)?;
///
/// let mut poll = Poll::new()?;
/// poll.registry().register(&mut stream, Token(0), Interest::WRITABLE)?;
/// let mut events = Events::with_capacity(8);
/// let result = loop {
///     poll.poll(&mut events, None)?;
///     if let Some(result) = connected(&stream) {
///         break result;
///     }
/// };
/// assert!(result.is_ok());
/// # Ok(())
/// # }
/// # #[cfg(not(feature = "os-poll"))]
/// # fn main() {}
/// ```
pub struct TcpStream {
    inner: IoSource<net::TcpStream>,
}

impl TcpStream {
    /// Starts a connection to this address. See [above](TcpStream#is-it-connected-yet) for how to
    /// detect that it is established.
    ///
    /// To bind the socket or set options before it connects, create it with `socket2` and use
    /// [`from_std`](TcpStream::from_std).
    ///
    /// # Errors
    ///
    /// Errors that the OS detects at once, such as
    /// [`NetworkUnreachable`](io::ErrorKind::NetworkUnreachable). Later errors are returned by
    /// [`take_error`](TcpStream::take_error).
    ///
    /// # Examples
    ///
    /// ```
    /// # fn main() -> std::io::Result<()> {
    /// # let listener = std::net::TcpListener::bind("127.0.0.1:0")?;
    /// # let address = listener.local_addr()?;
    /// let stream = mio::net::TcpStream::connect(address)?;
    /// # drop(stream);
    /// # Ok(())
    /// # }
    /// ```
    pub fn connect(addr: SocketAddr) -> io::Result<TcpStream> {
        socket::tcp_connect(addr).map(TcpStream::from)
    }

    /// Wraps the std type, which must already be in non-blocking mode.
    ///
    /// # Examples
    ///
    /// ```
    /// # fn main() -> std::io::Result<()> {
    /// # let listener = std::net::TcpListener::bind("127.0.0.1:0")?;
    /// let stream = std::net::TcpStream::connect(listener.local_addr()?)?;
    /// stream.set_nonblocking(true)?;
    /// let stream = mio::net::TcpStream::from_std(stream);
    /// # drop(stream);
    /// # Ok(())
    /// # }
    /// ```
    pub fn from_std(stream: net::TcpStream) -> TcpStream {
        TcpStream {
            inner: IoSource::new(stream),
        }
    }

    /// Returns the address of the peer.
    ///
    /// # Errors
    ///
    /// [`NotConnected`](io::ErrorKind::NotConnected) until the connection is established.
    ///
    /// # Examples
    ///
    /// ```
    /// # fn main() -> std::io::Result<()> {
    /// # let listener = std::net::TcpListener::bind("127.0.0.1:0")?;
    /// # let address = listener.local_addr()?;
    /// # let stream = std::net::TcpStream::connect(address)?;
    /// # let stream = mio::net::TcpStream::from_std(stream);
    /// assert_eq!(stream.peer_addr()?, address);
    /// # Ok(())
    /// # }
    /// ```
    pub fn peer_addr(&self) -> io::Result<SocketAddr> {
        self.inner.peer_addr()
    }

    /// Returns the local address.
    ///
    /// # Examples
    ///
    /// ```
    /// # fn main() -> std::io::Result<()> {
    /// # let listener = std::net::TcpListener::bind("127.0.0.1:0")?;
    /// # let stream = mio::net::TcpStream::connect(listener.local_addr()?)?;
    /// println!("connecting from {}", stream.local_addr()?);
    /// # Ok(())
    /// # }
    /// ```
    pub fn local_addr(&self) -> io::Result<SocketAddr> {
        self.inner.local_addr()
    }

    /// Shuts down the read half, the write half or both, for all handles of this connection.
    ///
    /// After `Write` the peer reads the end of the stream. After `Read` this side does.
    ///
    /// # Errors
    ///
    /// [`NotConnected`](io::ErrorKind::NotConnected) if it is not connected.
    ///
    /// # Examples
    ///
    /// ```
    /// # fn main() -> std::io::Result<()> {
    /// # let listener = std::net::TcpListener::bind("127.0.0.1:0")?;
    /// # let stream = std::net::TcpStream::connect(listener.local_addr()?)?;
    /// # let stream = mio::net::TcpStream::from_std(stream);
    /// // No more requests. The replies can still be read.
    /// stream.shutdown(std::net::Shutdown::Write)?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn shutdown(&self, how: Shutdown) -> io::Result<()> {
        self.inner.shutdown(how)
    }

    /// Sets `TCP_NODELAY`. If it is set, small writes are sent at once instead of being combined.
    ///
    /// On Windows, set it after the connection is established.
    ///
    /// # Examples
    ///
    /// ```
    /// # fn main() -> std::io::Result<()> {
    /// # let listener = std::net::TcpListener::bind("127.0.0.1:0")?;
    /// # let stream = mio::net::TcpStream::connect(listener.local_addr()?)?;
    /// stream.set_nodelay(true)?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn set_nodelay(&self, nodelay: bool) -> io::Result<()> {
        self.inner.set_nodelay(nodelay)
    }

    /// Returns the value of `TCP_NODELAY`: see [`set_nodelay`](TcpStream::set_nodelay).
    ///
    /// # Examples
    ///
    /// ```
    /// # fn main() -> std::io::Result<()> {
    /// # let listener = std::net::TcpListener::bind("127.0.0.1:0")?;
    /// # let stream = mio::net::TcpStream::connect(listener.local_addr()?)?;
    /// stream.set_nodelay(true)?;
    /// assert!(stream.nodelay()?);
    /// # Ok(())
    /// # }
    /// ```
    pub fn nodelay(&self) -> io::Result<bool> {
        self.inner.nodelay()
    }

    /// Sets the time-to-live of its packets (`IP_TTL`).
    ///
    /// # Examples
    ///
    /// ```
    /// # fn main() -> std::io::Result<()> {
    /// # let listener = std::net::TcpListener::bind("127.0.0.1:0")?;
    /// # let stream = mio::net::TcpStream::connect(listener.local_addr()?)?;
    /// stream.set_ttl(64)?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn set_ttl(&self, ttl: u32) -> io::Result<()> {
        self.inner.set_ttl(ttl)
    }

    /// Returns the time-to-live of its packets (`IP_TTL`).
    ///
    /// # Examples
    ///
    /// ```
    /// # fn main() -> std::io::Result<()> {
    /// # let listener = std::net::TcpListener::bind("127.0.0.1:0")?;
    /// # let stream = mio::net::TcpStream::connect(listener.local_addr()?)?;
    /// stream.set_ttl(64)?;
    /// assert_eq!(stream.ttl()?, 64);
    /// # Ok(())
    /// # }
    /// ```
    pub fn ttl(&self) -> io::Result<u32> {
        self.inner.ttl()
    }

    /// Returns and clears the pending error of the socket (`SO_ERROR`): the reason why a connection
    /// failed or was lost.
    ///
    /// # Examples
    ///
    /// ```
    /// # fn main() -> std::io::Result<()> {
    /// # let listener = std::net::TcpListener::bind("127.0.0.1:0")?;
    /// # let stream = mio::net::TcpStream::connect(listener.local_addr()?)?;
    /// if let Some(err) = stream.take_error()? {
    ///     println!("connection failed: {err}");
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub fn take_error(&self) -> io::Result<Option<io::Error>> {
        self.inner.take_error_with(net::TcpStream::take_error)
    }

    /// Reads data without removing it: the next read returns it again.
    ///
    /// # Errors
    ///
    /// Those of a read, such as [`WouldBlock`](io::ErrorKind::WouldBlock) if there is no data.
    ///
    /// # Examples
    ///
    /// ```
    /// # fn main() -> std::io::Result<()> {
    /// # let listener = std::net::TcpListener::bind("127.0.0.1:0")?;
    /// # let stream = std::net::TcpStream::connect(listener.local_addr()?)?;
    /// # stream.set_nonblocking(true)?;
    /// # let stream = mio::net::TcpStream::from_std(stream);
    /// let mut first = [0; 1];
    /// match stream.peek(&mut first) {
    ///     Ok(0) => println!("no data will come"),
    ///     Ok(_) => println!("the first byte will be {}", first[0]),
    ///     Err(err) if err.kind() == std::io::ErrorKind::WouldBlock => println!("no data yet"),
    ///     Err(err) => return Err(err),
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub fn peek(&self, buf: &mut [u8]) -> io::Result<usize> {
        self.inner.read_with(|stream| stream.peek(buf))
    }

    /// Performs an I/O operation of your own on the descriptor, such as `recvmsg`.
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
    /// # #[cfg(unix)]
    /// # fn main() -> std::io::Result<()> {
    /// # let listener = std::net::TcpListener::bind("127.0.0.1:0")?;
    /// # let stream = std::net::TcpStream::connect(listener.local_addr()?)?;
    /// # stream.set_nonblocking(true)?;
    /// # let stream = mio::net::TcpStream::from_std(stream);
    /// use std::os::fd::AsRawFd;
    ///
    /// let mut buffer = [0_u8; 64];
    /// let received = stream.try_io(|| {
    ///     let (pointer, length) = (buffer.as_mut_ptr().cast(), buffer.len());
    ///     // SAFETY: the buffer has the given length.
    ///     match unsafe { libc::recv(stream.as_raw_fd(), pointer, length, libc::MSG_PEEK) } {
    ///         -1 => Err(std::io::Error::last_os_error()),
    ///         received => Ok(received),
    ///     }
    /// });
    /// assert_eq!(received.unwrap_err().kind(), std::io::ErrorKind::WouldBlock);
    /// # Ok(())
    /// # }
    /// # #[cfg(not(unix))]
    /// # fn main() {}
    /// ```
    pub fn try_io<F, T>(&self, f: F) -> io::Result<T>
    where
        F: FnOnce() -> io::Result<T>,
    {
        self.inner.try_io_of_any(f)
    }

    /// Performs an I/O operation of your own in a known direction, like
    /// [`try_io`](TcpStream::try_io).
    ///
    /// `WouldBlock` re-arms only the given direction. With `READABLE | WRITABLE` it re-arms both,
    /// as `try_io` does.
    ///
    /// # Examples
    ///
    /// ```
    /// # fn main() -> std::io::Result<()> {
    /// # let listener = std::net::TcpListener::bind("127.0.0.1:0")?;
    /// # let socket = mio::net::TcpStream::connect(listener.local_addr()?)?;
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

impl_source!(TcpStream);
impl_read!(read_with: TcpStream, &TcpStream);
impl_write!(TcpStream, &TcpStream);
impl_raw!(TcpStream, net::TcpStream, tcp_stream);
impl_into_std!(TcpStream, net::TcpStream, stream);
