//! Accepts connections without losing one, spinning, or exceeding a limit.

use std::io::{self, ErrorKind};
use std::time::{Duration, Instant};

/// A listener that yields connections.
///
/// Implemented for the listeners of `mio::net`. With the feature `os-ext` it is also implemented
/// for any `mio::IoSource` of a listener, such as std's.
///
/// # Examples
///
/// A listener of std:
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

/// Accepts by [`read_with`](mio::IoSource::read_with), which re-arms the listener on `WouldBlock`.
#[cfg(feature = "os-ext")]
#[cfg_attr(docsrs, doc(cfg(feature = "os-ext")))]
impl<L: Accept> Accept for mio::IoSource<L> {
    type Stream = L::Stream;
    type Address = L::Address;

    fn accept(&self) -> io::Result<(Self::Stream, Self::Address)> {
        self.read_with(Accept::accept)
    }
}

/// For a listener in an `IoSource`. Accepted connections are in non-blocking mode.
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

/// For a listener in an `IoSource`. Accepted connections are in non-blocking mode.
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

/// The state of accepting from one listener that is registered in edge mode.
///
/// * It accepts until `WouldBlock` or until a budget is reached, and remembers that more
///   connections may be waiting: an edge-triggered listener is not reported again for those.
/// * It continues after errors that belong to one connection: `ECONNABORTED`, `EINTR` and the
///   network errors of [accept(2)].
/// * Any other error, such as `EMFILE` (no descriptor is left), starts a pause. Retrying at once
///   would be a busy loop, and the next event may never come. To retry after the pause, wait in
///   `poll` no longer than until [`next_deadline`](Self::next_deadline), and then call
///   [`accept_all`](Self::accept_all).
/// * With a [limit](Self::set_limit) it stops while that many connections are open. The OS keeps
///   waiting connections in the backlog, as far as they fit.
/// * With a [reserve](Self::keep_reserve) it closes connections that it can't serve for lack of
///   descriptors, so that their peers do not wait.
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
    /// Set if connections may be waiting for which no event will come.
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

/// The result of [`Acceptor::accept_all`].
#[derive(Debug)]
#[must_use = "an error and a pause should be logged"]
pub struct Accepted {
    /// The number of connections that were passed to `add`.
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

/// The kind of an error of `accept`.
#[derive(Debug, PartialEq)]
enum Failure {
    WouldBlock,
    /// Concerns one connection or this call: the next call may succeed.
    Passing,
    /// No descriptor is left.
    Descriptors,
    Lasting,
}

impl Acceptor {
    /// The default pause after an error. [`set_pause`](Self::set_pause) changes it.
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
            // A listener may have connections before it is registered. They cause an event too.
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

    /// Sets how long to pause after an error: one hour at most.
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

    /// Stops accepting while `limit` connections are open. Call [`closed`](Self::closed) for each
    /// one that is closed.
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
    /// acceptor closes the reserve, accepts and closes the waiting connections one by one, so that
    /// their peers see the end at once, and opens a new reserve.
    ///
    /// Another thread may take the descriptor in between. Then the acceptor pauses as it does
    /// without a reserve, and opens a new one after the pause.
    ///
    /// On Windows this does nothing: handles are limited by memory alone.
    ///
    /// # Errors
    ///
    /// Returns an error if no descriptor is left.
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

    /// Counts a connection as closed. If the limit was reached, the next
    /// [`accept_all`](Self::accept_all) accepts waiting connections, and [`timeout`](Self::timeout)
    /// makes that due at once.
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

    /// Returns the number of connections that were closed at once, for lack of descriptors, since
    /// this was created.
    ///
    /// # Examples
    ///
    /// See [`keep_reserve`](Self::keep_reserve).
    pub fn refused(&self) -> u64 {
        self.refused
    }

    /// Accepts until `WouldBlock`, at most `budget` connections, and passes each to `add`.
    ///
    /// Call it on each event of the listener, and whenever [`is_due`](Self::is_due) returns `true`.
    /// During a pause, and at the limit, it only records that connections may be waiting.
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
        // Each attempt counts, so that endless errors can't keep the loop here.
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
        // If errors of single connections fill a whole budget, pause instead of spinning.
        if accepted.count == 0 && accepted.refused == 0 && passing.is_some() {
            self.paused_until = Some(now + self.pause);
            accepted.error = passing;
        }
        accepted
    }

    /// Closes the reserve, accepts a connection and closes it, and opens the reserve again. Returns
    /// `false` if that fails.
    #[cfg(unix)]
    fn refuse<L: Accept>(&mut self, listener: &L) -> bool {
        // The reserve may have failed to reopen last time.
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

    /// Returns the end of the pause, if there is one. Call [`accept_all`](Self::accept_all) then.
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
    /// [`accept_all`](Self::accept_all) is due if that is shorter.
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

    /// Fails every second call for lack of descriptors.
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
        // Simulates another thread that took the descriptor while the reserve was closed.
        acceptor.reserve = None;
        let now = Instant::now();
        acceptor.paused_until = Some(now);
        let listener = Scarce(std::cell::Cell::new(false));
        let accepted = acceptor.accept_all(&listener, 1, now, |(), ()| {});
        assert_eq!((accepted.refused, accepted.count), (1, 0));
        assert!(accepted.error.is_none());
    }
}
