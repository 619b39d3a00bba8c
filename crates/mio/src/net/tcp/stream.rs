use std::io;
use std::net::{self, Shutdown, SocketAddr};

use crate::Interest;
use crate::io_impls::{impl_into_std, impl_raw, impl_read, impl_source, impl_write};
use crate::io_source::IoSource;
use crate::sys::socket;

/// A TCP connection.
///
/// Reading and writing are [`Read`](std::io::Read) and [`Write`](std::io::Write), which a shared
/// reference has too.
///
/// # Is it connected yet?
///
/// [`connect`](TcpStream::connect) only starts. Register the stream for
/// [`WRITABLE`](crate::Interest::WRITABLE), and when its event comes:
///
/// 1. [`take_error`](TcpStream::take_error): if there is one, the connection failed, and that is
///    why.
/// 2. [`peer_addr`](TcpStream::peer_addr): if it answers, the connection is made. If it fails with
///    [`NotConnected`](io::ErrorKind::NotConnected), the event was spurious: wait for the next.
///
/// ```
/// # #[cfg(feature = "os-poll")]
/// # fn main() -> std::io::Result<()> {
/// use std::io::{self, ErrorKind};
///
/// use mio::net::{TcpListener, TcpStream};
/// use mio::{Events, Interest, Poll, Token};
///
/// /// `None` is "not yet".
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
    /// learn that it was made.
    ///
    /// To bind the socket first, or to set options on it before it connects, make it with `socket2`
    /// and use [`from_std`](TcpStream::from_std).
    ///
    /// # Errors
    ///
    /// Those that the system knows at once, such as
    /// [`NetworkUnreachable`](io::ErrorKind::NetworkUnreachable). The others come later, through
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

    /// Makes one of std's, which has to be in non-blocking mode already.
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

    /// The address of the other end.
    ///
    /// # Errors
    ///
    /// [`NotConnected`](io::ErrorKind::NotConnected) until the connection is made.
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

    /// The address of this end.
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

    /// Shuts down the reading half, the writing half or both, for all handles on this connection.
    ///
    /// After `Write` the peer reads the end of the data; after `Read` this side does.
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
    /// // No more requests; the answers may still come.
    /// stream.shutdown(std::net::Shutdown::Write)?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn shutdown(&self, how: Shutdown) -> io::Result<()> {
        self.inner.shutdown(how)
    }

    /// Sets whether small writes are sent at once (`TCP_NODELAY`) or may wait for more.
    ///
    /// On Windows set it after the connection was made.
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

    /// Whether small writes are sent at once (`TCP_NODELAY`).
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

    /// Sets how many routers its packets may pass (`IP_TTL`).
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

    /// How many routers its packets may pass (`IP_TTL`).
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

    /// The error that is pending on the socket, which this clears (`SO_ERROR`): why a connection
    /// was not made, or was lost.
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

    /// Reads without taking the data away: the next read gets it again.
    ///
    /// # Errors
    ///
    /// As reading: [`WouldBlock`](io::ErrorKind::WouldBlock) if there is nothing.
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

    /// Does an operation of your own with the descriptor, such as `recvmsg`.
    ///
    /// It calls `f` once and gives back what it gives. If that is
    /// [`WouldBlock`](io::ErrorKind::WouldBlock), selectors that have to be told are told; as it
    /// may have been a read or a write, both are reported again when they are ready.
    ///
    /// Do no I/O of this type inside `f`, and return [`WouldBlock`](io::ErrorKind::WouldBlock) only
    /// if the system said so.
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
    ///     // SAFETY: the buffer is as long as we say.
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

    /// As [`try_io`](TcpStream::try_io), and says which direction the operation has.
    ///
    /// If it would block, the selector is asked about that direction alone. With
    /// `READABLE | WRITABLE` it is as `try_io`.
    ///
    /// # Examples
    ///
    /// ```
    /// # fn main() -> std::io::Result<()> {
    /// # let listener = std::net::TcpListener::bind("127.0.0.1:0")?;
    /// # let socket = mio::net::TcpStream::connect(listener.local_addr()?)?;
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

impl_source!(TcpStream);
impl_read!(read_with: TcpStream, &TcpStream);
impl_write!(TcpStream, &TcpStream);
impl_raw!(TcpStream, net::TcpStream, tcp_stream);
impl_into_std!(TcpStream, net::TcpStream, stream);
