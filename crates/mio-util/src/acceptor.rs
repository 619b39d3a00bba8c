//! Accepting without losing a connection, spinning, or running over a limit.

use std::io::{self, ErrorKind};
use std::time::{Duration, Instant};

/// A listener that yields connections.
///
/// Those of `mio::net` are. With the feature `os-ext` so is any `mio::IoSource` of a listener, such
/// as std's.
///
/// # Examples
///
/// A listener of std's:
///
/// ```
/// # #[cfg(all(unix, feature = "os-ext", feature = "net"))]
/// # fn main() -> std::io::Result<()> {
/// use std::net::{TcpListener, TcpStream};
/// use std::time::Instant;
///
/// use mio::{Interest, IoSource, Poll, Token};
/// use mio_util::Acceptor;
///
/// let poll = Poll::new()?;
/// let listener = TcpListener::bind("127.0.0.1:0")?;
/// listener.set_nonblocking(true)?;
/// let mut listener = IoSource::new(listener);
/// poll.registry().register(&mut listener, Token(0), Interest::READABLE)?;
///
/// let _client = TcpStream::connect(listener.local_addr()?)?;
/// let mut streams = Vec::new();
/// let mut acceptor = Acceptor::new();
/// let accepted = acceptor.accept_all(&listener, 64, Instant::now(), |stream, _address| {
///     streams.push(mio::net::TcpStream::from_std(stream));
/// });
/// assert!(accepted.error.is_none());
/// # Ok(())
/// # }
/// # #[cfg(not(all(unix, feature = "os-ext", feature = "net")))]
/// # fn main() {}
/// ```
pub trait Accept {
    /// A connection.
    type Stream;
    /// The address of its peer.
    type Address;

    /// Accepts one connection, or returns `WouldBlock`.
    ///
    /// # Errors
    ///
    /// The error of the OS.
    fn accept(&self) -> io::Result<(Self::Stream, Self::Address)>;
}

#[cfg(feature = "net")]
impl Accept for mio::net::TcpListener {
    type Stream = mio::net::TcpStream;
    type Address = std::net::SocketAddr;

    fn accept(&self) -> io::Result<(Self::Stream, Self::Address)> {
        self.accept()
    }
}

#[cfg(all(unix, feature = "net"))]
impl Accept for mio::net::UnixListener {
    type Stream = mio::net::UnixStream;
    type Address = std::os::unix::net::SocketAddr;

    fn accept(&self) -> io::Result<(Self::Stream, Self::Address)> {
        self.accept()
    }
}

/// Accepts by [`read_with`](mio::IoSource::read_with), so that selectors that re-arm learn of
/// `WouldBlock`.
#[cfg(feature = "os-ext")]
#[cfg_attr(docsrs, doc(cfg(feature = "os-ext")))]
impl<L: Accept> Accept for mio::IoSource<L> {
    type Stream = L::Stream;
    type Address = L::Address;

    fn accept(&self) -> io::Result<(Self::Stream, Self::Address)> {
        self.read_with(Accept::accept)
    }
}

/// For a listener in an `IoSource`. The connections are in non-blocking mode.
#[cfg(feature = "os-ext")]
#[cfg_attr(docsrs, doc(cfg(feature = "os-ext")))]
impl Accept for std::net::TcpListener {
    type Stream = std::net::TcpStream;
    type Address = std::net::SocketAddr;

    fn accept(&self) -> io::Result<(Self::Stream, Self::Address)> {
        let (stream, address) = self.accept()?;
        stream.set_nonblocking(true)?;
        Ok((stream, address))
    }
}

/// For a listener in an `IoSource`. The connections are in non-blocking mode.
#[cfg(all(unix, feature = "os-ext"))]
#[cfg_attr(docsrs, doc(cfg(feature = "os-ext")))]
impl Accept for std::os::unix::net::UnixListener {
    type Stream = std::os::unix::net::UnixStream;
    type Address = std::os::unix::net::SocketAddr;

    fn accept(&self) -> io::Result<(Self::Stream, Self::Address)> {
        let (stream, address) = self.accept()?;
        stream.set_nonblocking(true)?;
        Ok((stream, address))
    }
}

/// The rules of accepting, for one listener that is registered in edge mode.
///
/// * It accepts until `WouldBlock`, or until a budget is used up, and remembers that more may be
///   waiting: an edge-triggered listener is not reported again for those.
/// * It goes on after errors that belong to one connection: `ECONNABORTED`, `EINTR` and the network
///   errors of [accept(2)].
/// * Any other error, such as `EMFILE` (no descriptor is left), makes it pause. To try again at
///   once would be a busy loop, and to wait for an event would wait for ever. After the pause it
///   goes on by itself: wait in `poll` no longer than until [`next_deadline`](Self::next_deadline),
///   and call [`accept_all`](Self::accept_all) then.
/// * With a [limit](Self::set_limit) it stops while so many connections are open. The OS keeps what
///   fits into the backlog waiting.
/// * With a [reserve](Self::keep_reserve) it closes connections that it can't serve for lack of
///   descriptors, so that their peers learn of it and don't wait.
///
/// [accept(2)]: https://man7.org/linux/man-pages/man2/accept.2.html
///
/// # Examples
///
/// ```
/// # #[cfg(feature = "net")]
/// # fn main() -> std::io::Result<()> {
/// use std::time::Instant;
///
/// use mio::net::TcpListener;
/// use mio::{Events, Interest, Poll, Token};
/// use mio_util::Acceptor;
///
/// let mut poll = Poll::new()?;
/// let mut events = Events::with_capacity(8);
/// let mut listener = TcpListener::bind("127.0.0.1:0".parse().unwrap())?;
/// poll.registry().register(&mut listener, Token(0), Interest::READABLE)?;
/// let mut acceptor = Acceptor::new();
///
/// let _client = std::net::TcpStream::connect(listener.local_addr()?)?;
/// let mut streams = Vec::new();
/// while streams.is_empty() {
///     poll.poll(&mut events, acceptor.timeout(Instant::now(), None))?;
///     acceptor.accept_all(&listener, 64, Instant::now(), |stream, _address| {
///         streams.push(stream);
///     });
/// }
/// # Ok(())
/// # }
/// # #[cfg(not(feature = "net"))]
/// # fn main() {}
/// ```
#[derive(Debug)]
pub struct Acceptor {
    /// Connections may be waiting that no event will tell of.
    more: bool,
    paused_until: Option<Instant>,
    pause: Duration,
    open: usize,
    limit: usize,
    #[cfg(unix)]
    reserve: Option<std::fs::File>,
    #[cfg(unix)]
    keeps_reserve: bool,
    refused: u64,
}

/// What [`Acceptor::accept_all`] did.
#[derive(Debug)]
#[must_use = "an error and a pause should be logged"]
pub struct Accepted {
    /// The number of connections that were passed on.
    pub count: usize,
    /// The number of connections that were closed at once, for lack of descriptors.
    pub refused: usize,
    /// The error that began a pause. It is reported once per pause.
    pub error: Option<io::Error>,
}

impl Default for Acceptor {
    fn default() -> Self {
        Acceptor::new()
    }
}

/// What an error of `accept` means.
#[derive(Debug, PartialEq)]
enum Failure {
    WouldBlock,
    /// Of one connection, or of this call: the next one may work.
    Passing,
    /// No descriptor is left.
    Descriptors,
    Lasting,
}

impl Acceptor {
    /// How long an acceptor pauses after an error, unless [`set_pause`](Self::set_pause) says
    /// otherwise.
    pub const PAUSE: Duration = Duration::from_millis(100);

    /// Creates the state for one listener: no limit, no reserve.
    ///
    /// # Examples
    ///
    /// ```
    /// let acceptor = mio_util::Acceptor::new();
    /// assert_eq!(acceptor.open(), 0);
    /// ```
    pub fn new() -> Acceptor {
        Acceptor {
            // A listener may have connections before it is registered, which is an event too.
            more: false,
            paused_until: None,
            pause: Self::PAUSE,
            open: 0,
            limit: usize::MAX,
            #[cfg(unix)]
            reserve: None,
            #[cfg(unix)]
            keeps_reserve: false,
            refused: 0,
        }
    }

    /// Sets how long to pause after an error. More than an hour counts as an hour.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::time::Duration;
    ///
    /// let mut acceptor = mio_util::Acceptor::new();
    /// acceptor.set_pause(Duration::from_millis(500));
    /// ```
    pub fn set_pause(&mut self, pause: Duration) {
        self.pause = pause.min(Duration::from_secs(3600));
    }

    /// Stops accepting while `limit` connections are open. Tell of each that is closed with
    /// [`closed`](Self::closed).
    ///
    /// # Examples
    ///
    /// ```
    /// # #[cfg(feature = "net")]
    /// # fn main() -> std::io::Result<()> {
    /// use std::net::TcpStream;
    /// use std::time::Instant;
    ///
    /// use mio::net::TcpListener;
    /// use mio_util::Acceptor;
    ///
    /// let listener = TcpListener::bind("127.0.0.1:0".parse().unwrap())?;
    /// let address = listener.local_addr()?;
    /// let _clients = [TcpStream::connect(address)?, TcpStream::connect(address)?];
    ///
    /// let mut acceptor = Acceptor::new();
    /// acceptor.set_limit(1);
    /// let mut streams = Vec::new();
    /// while streams.is_empty() {
    ///     // A server would poll here.
    ///     let now = Instant::now();
    ///     let _ = acceptor.accept_all(&listener, 64, now, |stream, _| streams.push(stream));
    /// }
    /// assert_eq!((streams.len(), acceptor.open()), (1, 1));
    /// assert!(!acceptor.is_due(Instant::now()));
    ///
    /// drop(streams.pop());
    /// acceptor.closed();
    /// assert!(acceptor.is_due(Instant::now()), "the other one waits");
    /// # Ok(())
    /// # }
    /// # #[cfg(not(feature = "net"))]
    /// # fn main() {}
    /// ```
    pub fn set_limit(&mut self, limit: usize) {
        self.limit = limit;
    }

    /// Keeps a descriptor in reserve. When the process has no other left (`EMFILE`, `ENFILE`), the
    /// reserve is closed, the waiting connections are accepted and closed one by one, so that their
    /// peers see the end at once, and a new reserve is opened.
    ///
    /// Another thread may take the descriptor in between. Then the acceptor pauses as it does
    /// without a reserve, and opens a new one after the pause.
    ///
    /// On Windows there is nothing to keep: handles are limited by memory alone. There this does
    /// nothing.
    ///
    /// # Errors
    ///
    /// If no descriptor is left.
    ///
    /// # Examples
    ///
    /// ```
    /// # fn main() -> std::io::Result<()> {
    /// let mut acceptor = mio_util::Acceptor::new();
    /// acceptor.keep_reserve()?;
    /// assert_eq!(acceptor.refused(), 0);
    /// # Ok(())
    /// # }
    /// ```
    pub fn keep_reserve(&mut self) -> io::Result<()> {
        #[cfg(unix)]
        {
            if self.reserve.is_none() {
                self.reserve = Some(open_reserve()?);
            }
            self.keeps_reserve = true;
        }
        Ok(())
    }

    /// Counts a connection as closed. With a limit, connections that wait are accepted by the next
    /// [`accept_all`](Self::accept_all), which [`timeout`](Self::timeout) makes due at once.
    ///
    /// # Examples
    ///
    /// See [`set_limit`](Self::set_limit).
    pub fn closed(&mut self) {
        self.open = self.open.saturating_sub(1);
    }

    /// Returns the number of connections that were accepted and not [`closed`](Self::closed).
    ///
    /// # Examples
    ///
    /// See [`set_limit`](Self::set_limit).
    pub fn open(&self) -> usize {
        self.open
    }

    /// Returns the number of connections that were closed at once since this was created, for lack
    /// of descriptors.
    ///
    /// # Examples
    ///
    /// See [`keep_reserve`](Self::keep_reserve).
    pub fn refused(&self) -> u64 {
        self.refused
    }

    /// Accepts until `WouldBlock`, at most `budget` connections, and passes each to `add`.
    ///
    /// Call it on each event of the listener, and whenever [`is_due`](Self::is_due). During a
    /// pause, and over the limit, it does nothing but remember.
    ///
    /// # Examples
    ///
    /// See [`Acceptor`].
    pub fn accept_all<L: Accept>(
        &mut self,
        listener: &L,
        budget: usize,
        now: Instant,
        mut add: impl FnMut(L::Stream, L::Address),
    ) -> Accepted {
        let mut accepted = Accepted {
            count: 0,
            refused: 0,
            error: None,
        };
        self.more = true;
        if self.paused_until.is_some_and(|until| now < until) {
            return accepted;
        }
        self.paused_until = None;
        #[cfg(unix)]
        if self.keeps_reserve && self.reserve.is_none() {
            self.reserve = open_reserve().ok();
        }
        let mut passing = None;
        // Each try counts, so that errors without end can't keep the loop here.
        for _ in 0..budget {
            if self.open >= self.limit {
                return accepted;
            }
            let err = match listener.accept() {
                Ok((stream, address)) => {
                    self.open += 1;
                    accepted.count += 1;
                    add(stream, address);
                    continue;
                }
                Err(err) => err,
            };
            match failure(&err) {
                Failure::WouldBlock => {
                    self.more = false;
                    return accepted;
                }
                Failure::Passing => passing = Some(err),
                Failure::Descriptors if self.refuse(listener) => accepted.refused += 1,
                Failure::Descriptors | Failure::Lasting => {
                    self.paused_until = Some(now + self.pause);
                    accepted.error = Some(err);
                    return accepted;
                }
            }
        }
        // Errors of single connections that fill a whole budget are none: don't spin on them.
        if accepted.count == 0 && accepted.refused == 0 && passing.is_some() {
            self.paused_until = Some(now + self.pause);
            accepted.error = passing;
        }
        accepted
    }

    /// Closes the reserve, accepts a connection and closes it, and opens the reserve again. Returns
    /// `false` if that is not possible.
    #[cfg(unix)]
    fn refuse<L: Accept>(&mut self, listener: &L) -> bool {
        // It may be that it could not be opened again last time.
        if self.reserve.take().is_none() {
            return false;
        }
        let is_refused = listener.accept().map(drop).is_ok();
        self.reserve = open_reserve().ok();
        self.refused += u64::from(is_refused);
        is_refused
    }

    #[cfg(not(unix))]
    fn refuse<L: Accept>(&mut self, _: &L) -> bool {
        false
    }

    /// Returns `true` if [`accept_all`](Self::accept_all) should be called without an event.
    ///
    /// # Examples
    ///
    /// See [`set_limit`](Self::set_limit).
    pub fn is_due(&self, now: Instant) -> bool {
        self.more && self.open < self.limit && self.paused_until.is_none_or(|until| until <= now)
    }

    /// Returns the end of the pause, if there is one: call [`accept_all`](Self::accept_all) then.
    ///
    /// # Examples
    ///
    /// ```
    /// let acceptor = mio_util::Acceptor::new();
    /// assert_eq!(acceptor.next_deadline(), None, "it does not pause");
    /// ```
    pub fn next_deadline(&self) -> Option<Instant> {
        self.paused_until.filter(|_| self.open < self.limit)
    }

    /// Returns the timeout for the next poll: `otherwise`, or the time until
    /// [`accept_all`](Self::accept_all) is due, if that is shorter.
    ///
    /// # Examples
    ///
    /// See [`Acceptor`].
    pub fn timeout(&self, now: Instant, otherwise: Option<Duration>) -> Option<Duration> {
        if self.is_due(now) {
            return Some(Duration::ZERO);
        }
        let Some(deadline) = self.next_deadline() else {
            return otherwise;
        };
        let left = deadline.saturating_duration_since(now);
        Some(otherwise.map_or(left, |otherwise| otherwise.min(left)))
    }
}

#[cfg(unix)]
fn open_reserve() -> io::Result<std::fs::File> {
    std::fs::File::open("/dev/null")
}

fn failure(err: &io::Error) -> Failure {
    match err.kind() {
        ErrorKind::WouldBlock => Failure::WouldBlock,
        ErrorKind::Interrupted
        | ErrorKind::ConnectionAborted
        | ErrorKind::ConnectionReset
        | ErrorKind::HostUnreachable
        | ErrorKind::NetworkDown
        | ErrorKind::NetworkUnreachable
        // A firewall forbids this connection.
        | ErrorKind::PermissionDenied => Failure::Passing,
        _ => other_failure(err.raw_os_error()),
    }
}

#[cfg(unix)]
fn other_failure(code: Option<i32>) -> Failure {
    match code {
        Some(libc::EMFILE | libc::ENFILE) => Failure::Descriptors,
        Some(libc::EPROTO | libc::ENOPROTOOPT | libc::EHOSTDOWN | libc::EOPNOTSUPP) => {
            Failure::Passing
        }
        #[cfg(linux_sockets)]
        Some(libc::ENONET) => Failure::Passing,
        _ => Failure::Lasting,
    }
}

#[cfg(not(unix))]
fn other_failure(code: Option<i32>) -> Failure {
    const WSAEMFILE: i32 = 10024;
    match code {
        Some(WSAEMFILE) => Failure::Descriptors,
        _ => Failure::Lasting,
    }
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    /// Fails for lack of descriptors each second time.
    struct Scarce(std::cell::Cell<bool>);

    impl Accept for Scarce {
        type Stream = ();
        type Address = ();

        fn accept(&self) -> io::Result<((), ())> {
            self.0.set(!self.0.get());
            if self.0.get() {
                return Err(io::Error::from_raw_os_error(libc::EMFILE));
            }
            Ok(((), ()))
        }
    }

    #[test]
    fn lost_reserve_is_opened_again_after_the_pause() {
        let mut acceptor = Acceptor::new();
        acceptor.keep_reserve().unwrap();
        // As if another thread had taken the descriptor while the reserve was closed.
        acceptor.reserve = None;
        let now = Instant::now();
        acceptor.paused_until = Some(now);
        let listener = Scarce(std::cell::Cell::new(false));
        let accepted = acceptor.accept_all(&listener, 1, now, |(), ()| {});
        assert_eq!((accepted.refused, accepted.count), (1, 0));
        assert!(accepted.error.is_none());
    }
}
