use std::io;
use std::os::fd::AsFd;
use std::os::unix::net::{self, SocketAddr};
use std::path::Path;

use crate::io_impls::{impl_fd, impl_into_std, impl_source};
use crate::io_source::IoSource;
use crate::net::UnixStream;
use crate::sys::unix::unix_socket;

/// Accepts connections on a Unix socket.
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
    /// Listens at this path, which may not exist yet.
    ///
    /// The file stays when the listener is dropped; removing it is up to you.
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
    /// let listener = mio::net::UnixListener::bind(directory.path().join("socket"))?;
    /// # drop(listener);
    /// # Ok(())
    /// # }
    /// ```
    pub fn bind<P: AsRef<Path>>(path: P) -> io::Result<UnixListener> {
        UnixListener::bind_addr(&SocketAddr::from_pathname(path)?)
    }

    /// As [`bind`](UnixListener::bind), for addresses that need not be a path, such as Linux's
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
    /// let listener = mio::net::UnixListener::bind_addr(&address)?;
    /// # drop(listener);
    /// # Ok(())
    /// # }
    /// ```
    pub fn bind_addr(address: &SocketAddr) -> io::Result<UnixListener> {
        unix_socket::listen(address).map(UnixListener::from)
    }

    /// Makes one of std's, which has to be in non-blocking mode already.
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

    /// Takes a connection that waits, and tells who it is from, which is mostly nobody: clients
    /// rarely bind.
    ///
    /// The connection is non-blocking and close-on-exec; on Linux that takes one system call.
    ///
    /// # Errors
    ///
    /// [`WouldBlock`](io::ErrorKind::WouldBlock) if none waits. `EMFILE` or `ENFILE` if there is no
    /// descriptor left: the connection goes on waiting, but is not reported again by itself, so
    /// close something and accept again.
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

    /// The address it listens on.
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

    /// The error that is pending on the socket, which this clears (`SO_ERROR`).
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
