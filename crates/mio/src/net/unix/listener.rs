use std::io;
use std::os::fd::AsFd;
use std::os::unix::net::{self, SocketAddr};
use std::path::Path;

use crate::io_impls::{impl_fd, impl_into_std, impl_source};
use crate::io_source::IoSource;
use crate::net::UnixStream;
use crate::sys::unix::unix_socket;

/// A Unix stream listener, which accepts connections.
///
/// # Examples
///
/// ```
/// # #[cfg(feature = "os-poll")]
/// # fn main() -> std::io::Result<()> {
/// use mio::net::{UnixListener, UnixStream};
/// use mio::{Events, Interest, Poll, Token};
///
/// # let directory = tempfile::tempdir()?;
/// # let path = directory.path().join("socket");
/// let mut listener = UnixListener::bind(&path)?;
/// let mut poll = Poll::new()?;
/// poll.registry().register(&mut listener, Token(0), Interest::READABLE)?;
///
/// let client = UnixStream::connect(&path)?;
///
/// let mut events = Events::with_capacity(8);
/// poll.poll(&mut events, None)?;
/// let (connection, from) = listener.accept()?;
/// assert!(from.is_unnamed());
/// # drop((client, connection));
/// # Ok(())
/// # }
/// # #[cfg(not(feature = "os-poll"))]
/// # fn main() {}
/// ```
pub struct UnixListener {
    inner: IoSource<net::UnixListener>,
}

impl UnixListener {
    /// Listens on this path, which must not exist yet.
    ///
    /// The file is not removed when the listener is dropped.
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
    /// let listener = mio::net::UnixListener::bind(directory.path().join("socket"))?;
    /// # drop(listener);
    /// # Ok(())
    /// # }
    /// ```
    pub fn bind<P: AsRef<Path>>(path: P) -> io::Result<UnixListener> {
        UnixListener::bind_addr(&SocketAddr::from_pathname(path)?)
    }

    /// Listens on any Unix socket address, including the abstract ones of Linux. Otherwise like
    /// [`bind`](UnixListener::bind).
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
    /// let listener = mio::net::UnixListener::bind_addr(&address)?;
    /// # drop(listener);
    /// # Ok(())
    /// # }
    /// ```
    pub fn bind_addr(address: &SocketAddr) -> io::Result<UnixListener> {
        unix_socket::listen(address).map(UnixListener::from)
    }

    /// Wraps the std type, which must already be in non-blocking mode.
    ///
    /// # Examples
    ///
    /// ```
    /// # fn main() -> std::io::Result<()> {
    /// # let directory = tempfile::tempdir()?;
    /// let listener = std::os::unix::net::UnixListener::bind(directory.path().join("socket"))?;
    /// listener.set_nonblocking(true)?;
    /// let listener = mio::net::UnixListener::from_std(listener);
    /// # drop(listener);
    /// # Ok(())
    /// # }
    /// ```
    pub fn from_std(listener: net::UnixListener) -> UnixListener {
        UnixListener {
            inner: IoSource::new(listener),
        }
    }

    /// Accepts a pending connection. Returns it with the address of the peer, which is usually
    /// unnamed because clients rarely bind.
    ///
    /// The connection is non-blocking and close-on-exec. On Linux this takes one system call.
    ///
    /// # Errors
    ///
    /// [`WouldBlock`](io::ErrorKind::WouldBlock) if no connection is pending. `EMFILE` or `ENFILE`
    /// if no descriptor is left: the connection stays pending but is not reported again, so close a
    /// descriptor and call `accept` again.
    ///
    /// # Examples
    ///
    /// ```
    /// # fn main() -> std::io::Result<()> {
    /// # let directory = tempfile::tempdir()?;
    /// let listener = mio::net::UnixListener::bind(directory.path().join("socket"))?;
    /// let nobody = listener.accept().unwrap_err();
    /// assert_eq!(nobody.kind(), std::io::ErrorKind::WouldBlock);
    /// # Ok(())
    /// # }
    /// ```
    pub fn accept(&self) -> io::Result<(UnixStream, SocketAddr)> {
        self.inner.read_with(|listener| {
            let (stream, address) = unix_socket::accept(listener.as_fd())?;
            Ok((UnixStream::from(stream), address))
        })
    }

    /// Returns the address that the listener is bound to.
    ///
    /// # Examples
    ///
    /// ```
    /// # fn main() -> std::io::Result<()> {
    /// # let directory = tempfile::tempdir()?;
    /// # let path = directory.path().join("socket");
    /// let listener = mio::net::UnixListener::bind(&path)?;
    /// assert_eq!(listener.local_addr()?.as_pathname(), Some(path.as_path()));
    /// # Ok(())
    /// # }
    /// ```
    pub fn local_addr(&self) -> io::Result<SocketAddr> {
        self.inner.local_addr()
    }

    /// Returns and clears the pending error of the socket (`SO_ERROR`).
    ///
    /// # Examples
    ///
    /// ```
    /// # fn main() -> std::io::Result<()> {
    /// # let directory = tempfile::tempdir()?;
    /// # let listener = mio::net::UnixListener::bind(directory.path().join("socket"))?;
    /// assert!(listener.take_error()?.is_none());
    /// # Ok(())
    /// # }
    /// ```
    pub fn take_error(&self) -> io::Result<Option<io::Error>> {
        self.inner.take_error_with(net::UnixListener::take_error)
    }
}

impl_source!(UnixListener);
impl_fd!(UnixListener, net::UnixListener, unix_listener);
impl_into_std!(UnixListener, net::UnixListener, listener);
