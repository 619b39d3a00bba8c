use std::io;
use std::net::{self, SocketAddr};

use crate::io_impls::{impl_into_std, impl_raw, impl_source};
use crate::io_source::IoSource;
use crate::net::TcpStream;
use crate::sys::socket;

/// A TCP listener, which accepts connections.
///
/// # Examples
///
/// ```
/// # #[cfg(feature = "os-poll")]
/// # fn main() -> std::io::Result<()> {
/// use std::io::ErrorKind;
///
/// use mio::net::{TcpListener, TcpStream};
/// use mio::{Events, Interest, Poll, Token};
///
/// let mut poll = Poll::new()?;
/// let mut listener = TcpListener::bind("127.0.0.1:0".parse().unwrap())?;
/// poll.registry().register(&mut listener, Token(0), Interest::READABLE)?;
///
/// let client = TcpStream::connect(listener.local_addr()?)?;
///
/// let mut events = Events::with_capacity(8);
/// poll.poll(&mut events, None)?;
/// let mut connections = Vec::new();
/// loop {
///     match listener.accept() {
///         Ok((connection, from)) => {
///             println!("connection from {from}");
///             connections.push(connection);
///         }
///         Err(err) if err.kind() == ErrorKind::WouldBlock => break,
///         Err(err) => return Err(err),
///     }
/// }
/// assert_eq!(connections.len(), 1);
/// # drop(client);
/// # Ok(())
/// # }
/// # #[cfg(not(feature = "os-poll"))]
/// # fn main() {}
/// ```
pub struct TcpListener {
    inner: IoSource<net::TcpListener>,
}

impl TcpListener {
    /// Binds to this address and listens on it. For port 0 the OS chooses the port.
    ///
    /// The address may be in use by connections of an earlier listener (`SO_REUSEADDR`). The
    /// backlog is as long as the OS allows. For other options create the socket with std or
    /// `socket2` and use [`from_std`](TcpListener::from_std).
    ///
    /// # Errors
    ///
    /// The OS error: [`AddrInUse`](io::ErrorKind::AddrInUse) if another socket listens there,
    /// [`PermissionDenied`](io::ErrorKind::PermissionDenied) for a privileged port,
    /// [`AddrNotAvailable`](io::ErrorKind::AddrNotAvailable) if the address does not belong to this
    /// machine.
    ///
    /// # Examples
    ///
    /// ```
    /// # fn main() -> std::io::Result<()> {
    /// let listener = mio::net::TcpListener::bind("127.0.0.1:0".parse().unwrap())?;
    /// assert_ne!(listener.local_addr()?.port(), 0);
    /// # Ok(())
    /// # }
    /// ```
    pub fn bind(addr: SocketAddr) -> io::Result<TcpListener> {
        socket::tcp_listen(addr).map(TcpListener::from)
    }

    /// Wraps the std type, which must already be in non-blocking mode.
    ///
    /// # Examples
    ///
    /// ```
    /// # fn main() -> std::io::Result<()> {
    /// let listener = std::net::TcpListener::bind("127.0.0.1:0")?;
    /// listener.set_nonblocking(true)?;
    /// let listener = mio::net::TcpListener::from_std(listener);
    /// # drop(listener);
    /// # Ok(())
    /// # }
    /// ```
    pub fn from_std(listener: net::TcpListener) -> TcpListener {
        TcpListener {
            inner: IoSource::new(listener),
        }
    }

    /// Accepts a pending connection. Returns it with the address of the peer.
    ///
    /// The connection is non-blocking and close-on-exec. On Linux this takes one system call.
    ///
    /// # Errors
    ///
    /// [`WouldBlock`](io::ErrorKind::WouldBlock) if no connection is pending. `EMFILE` or `ENFILE`
    /// if no descriptor is left: the connection stays pending but is not reported again, so close a
    /// descriptor and call `accept` again. [`ConnectionAborted`](io::ErrorKind::ConnectionAborted)
    /// if the peer closed the connection first: accept the next one.
    ///
    /// # Examples
    ///
    /// ```
    /// # fn main() -> std::io::Result<()> {
    /// let listener = mio::net::TcpListener::bind("127.0.0.1:0".parse().unwrap())?;
    /// let nobody = listener.accept().unwrap_err();
    /// assert_eq!(nobody.kind(), std::io::ErrorKind::WouldBlock);
    /// # Ok(())
    /// # }
    /// ```
    pub fn accept(&self) -> io::Result<(TcpStream, SocketAddr)> {
        self.inner.read_with(|listener| {
            let (stream, address) = socket::tcp_accept(listener)?;
            Ok((TcpStream::from(stream), address))
        })
    }

    /// Returns the address that the listener is bound to.
    ///
    /// # Examples
    ///
    /// ```
    /// # fn main() -> std::io::Result<()> {
    /// let listener = mio::net::TcpListener::bind("127.0.0.1:0".parse().unwrap())?;
    /// println!("listening on {}", listener.local_addr()?);
    /// # Ok(())
    /// # }
    /// ```
    pub fn local_addr(&self) -> io::Result<SocketAddr> {
        self.inner.local_addr()
    }

    /// Sets the time-to-live (`IP_TTL`), which accepted connections inherit.
    ///
    /// # Examples
    ///
    /// ```
    /// # fn main() -> std::io::Result<()> {
    /// let listener = mio::net::TcpListener::bind("127.0.0.1:0".parse().unwrap())?;
    /// listener.set_ttl(64)?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn set_ttl(&self, ttl: u32) -> io::Result<()> {
        self.inner.set_ttl(ttl)
    }

    /// Returns the time-to-live (`IP_TTL`), which accepted connections inherit.
    ///
    /// # Examples
    ///
    /// ```
    /// # fn main() -> std::io::Result<()> {
    /// let listener = mio::net::TcpListener::bind("127.0.0.1:0".parse().unwrap())?;
    /// listener.set_ttl(64)?;
    /// assert_eq!(listener.ttl()?, 64);
    /// # Ok(())
    /// # }
    /// ```
    pub fn ttl(&self) -> io::Result<u32> {
        self.inner.ttl()
    }

    /// Returns and clears the pending error of the socket (`SO_ERROR`).
    ///
    /// # Examples
    ///
    /// ```
    /// # fn main() -> std::io::Result<()> {
    /// let listener = mio::net::TcpListener::bind("127.0.0.1:0".parse().unwrap())?;
    /// assert!(listener.take_error()?.is_none());
    /// # Ok(())
    /// # }
    /// ```
    pub fn take_error(&self) -> io::Result<Option<io::Error>> {
        self.inner.take_error_with(net::TcpListener::take_error)
    }
}

impl_source!(TcpListener);
impl_raw!(TcpListener, net::TcpListener, tcp_listener);
impl_into_std!(TcpListener, net::TcpListener, listener);
