//! Connects to the first of several addresses that accepts.

use std::collections::VecDeque;
use std::error::Error;
use std::fmt;
use std::io::{self, ErrorKind};
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use mio::net::TcpStream;
use mio::{Interest, Registry, Token};

/// A TCP connect with a deadline, to the first of several addresses that accepts.
///
/// The addresses race by [RFC 8305] ("Happy Eyeballs"). They are tried in the given order, with the
/// two families alternating. The next one starts when the last one has failed or has taken
/// [`attempt_delay`](Self::attempt_delay). The first connection wins and the others are closed.
///
/// All attempts are registered under one token. Call [`advance`](Self::advance) at the start, on
/// each event of the token, and at [`next_deadline`](Self::next_deadline). The connector does not
/// read the clock: the caller passes the time in.
///
/// [RFC 8305]: https://www.rfc-editor.org/rfc/rfc8305
///
/// # Examples
///
/// ```
/// # fn main() -> std::io::Result<()> {
/// use std::time::{Duration, Instant};
///
/// use mio::{Events, Poll, Token};
/// use mio_util::{Connecting, Connector};
///
/// let mut poll = Poll::new()?;
/// let mut events = Events::with_capacity(8);
/// # let listener = std::net::TcpListener::bind("127.0.0.1:0")?;
/// # let addresses = [listener.local_addr()?];
/// let mut connector = Connector::new(addresses, Token(1)).timeout(Duration::from_secs(10));
/// let stream = loop {
///     let now = Instant::now();
///     match connector.advance(poll.registry(), now) {
///         Connecting::Connected(stream, _address) => break stream,
///         Connecting::Failed(err) => return Err(err.into()),
///         Connecting::Pending => {}
///     }
///     let timeout = connector
///         .next_deadline()
///         .map(|deadline| deadline.saturating_duration_since(now));
///     poll.poll(&mut events, timeout)?;
/// };
/// # drop(stream);
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct Connector {
    token: Token,
    attempt_delay: Duration,
    attempt_timeout: Option<Duration>,
    timeout: Option<Duration>,
    /// The addresses that were not tried yet.
    addresses: VecDeque<SocketAddr>,
    attempts: Vec<Attempt>,
    errors: Vec<(SocketAddr, io::Error)>,
    is_started: bool,
    /// The time at which to try the next address. `None` waits until the attempts have failed.
    next_start: Option<Instant>,
    /// The end of all attempts.
    deadline: Option<Instant>,
}

#[derive(Debug)]
struct Attempt {
    address: SocketAddr,
    stream: TcpStream,
    deadline: Option<Instant>,
}

/// The state of a [`Connector`], returned by [`Connector::advance`].
///
/// # Examples
///
/// See [`Connector`].
#[derive(Debug)]
#[must_use = "the stream is in here"]
pub enum Connecting {
    /// No attempt has won yet. Wait for an event or for [`Connector::next_deadline`].
    Pending,
    /// The connection and the address of its peer. It is registered under the connector's token,
    /// for both directions in edge mode. Read and write at once: this event may have been the only
    /// one for both.
    Connected(TcpStream, SocketAddr),
    /// All attempts have failed, or the deadline has passed.
    Failed(ConnectError),
}

/// The errors of the attempts of a [`Connector`].
///
/// # Examples
///
/// See [`errors`](Self::errors).
#[derive(Debug)]
pub struct ConnectError {
    errors: Vec<(SocketAddr, io::Error)>,
}

impl Connector {
    /// Creates a connector that has not started. Without an address it fails at once.
    ///
    /// By default each attempt may take as long as the OS allows, and the next one starts after 250
    /// ms.
    ///
    /// # Examples
    ///
    /// ```
    /// use mio::Token;
    /// use mio_util::Connector;
    ///
    /// let connector = Connector::new(["127.0.0.1:80".parse().unwrap()], Token(1));
    /// assert_eq!(connector.next_deadline(), None, "it has not started");
    /// ```
    pub fn new(addresses: impl IntoIterator<Item = SocketAddr>, token: Token) -> Connector {
        Connector {
            token,
            attempt_delay: Duration::from_millis(250),
            attempt_timeout: None,
            timeout: None,
            addresses: alternate(addresses),
            attempts: Vec::new(),
            errors: Vec::new(),
            is_started: false,
            next_start: None,
            deadline: None,
        }
    }

    /// Sets the time between the start of an attempt and that of the next one, unless the attempt
    /// fails before. RFC 8305 recommends 100 ms to 2 s.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::time::Duration;
    ///
    /// use mio::Token;
    /// use mio_util::Connector;
    ///
    /// let connector = Connector::new(["127.0.0.1:80".parse().unwrap()], Token(1))
    ///     .attempt_delay(Duration::from_millis(100));
    /// ```
    #[must_use]
    pub fn attempt_delay(mut self, delay: Duration) -> Connector {
        self.attempt_delay = delay;
        self
    }

    /// Sets the maximum duration of a single attempt, after which it fails with
    /// [`TimedOut`](ErrorKind::TimedOut).
    ///
    /// # Examples
    ///
    /// ```
    /// use std::time::Duration;
    ///
    /// use mio::Token;
    /// use mio_util::Connector;
    ///
    /// let connector = Connector::new(["127.0.0.1:80".parse().unwrap()], Token(1))
    ///     .attempt_timeout(Duration::from_secs(5));
    /// ```
    #[must_use]
    pub fn attempt_timeout(mut self, timeout: Duration) -> Connector {
        self.attempt_timeout = Some(timeout);
        self
    }

    /// Sets the maximum duration of all attempts together, from the first
    /// [`advance`](Self::advance) on.
    ///
    /// # Examples
    ///
    /// See [`Connector`].
    #[must_use]
    pub fn timeout(mut self, timeout: Duration) -> Connector {
        self.timeout = Some(timeout);
        self
    }

    /// Checks the running attempts, and starts those that are due.
    ///
    /// After [`Connecting::Connected`] or [`Connecting::Failed`] nothing is left to do; a further
    /// call returns `Failed` without errors.
    ///
    /// # Examples
    ///
    /// See [`Connector`].
    pub fn advance(&mut self, registry: &Registry, now: Instant) -> Connecting {
        if !self.is_started {
            self.is_started = true;
            self.next_start = Some(now);
            self.deadline = self.timeout.and_then(|timeout| now.checked_add(timeout));
        }
        let mut index = 0;
        while let Some(attempt) = self.attempts.get(index) {
            match attempt.state(now) {
                Ok(true) => {
                    let Attempt {
                        stream, address, ..
                    } = self.attempts.swap_remove(index);
                    self.end(registry, ErrorKind::Interrupted);
                    self.errors.clear();
                    return Connecting::Connected(stream, address);
                }
                Ok(false) => index += 1,
                Err(err) => {
                    let attempt = self.attempts.swap_remove(index);
                    self.fail(registry, attempt, err);
                    self.next_start = Some(now);
                }
            }
        }
        if self.deadline.is_some_and(|deadline| deadline <= now) {
            self.end(registry, ErrorKind::TimedOut);
        }
        while !self.addresses.is_empty()
            && (self.attempts.is_empty() || self.next_start.is_some_and(|start| start <= now))
        {
            self.start_next(registry, now);
        }
        if self.attempts.is_empty() {
            return Connecting::Failed(ConnectError {
                errors: std::mem::take(&mut self.errors),
            });
        }
        Connecting::Pending
    }

    fn start_next(&mut self, registry: &Registry, now: Instant) {
        let Some(address) = self.addresses.pop_front() else {
            return;
        };
        let started = TcpStream::connect(address).and_then(|mut stream| {
            let interests = Interest::READABLE | Interest::WRITABLE;
            registry.register(&mut stream, self.token, interests)?;
            Ok(stream)
        });
        match started {
            Ok(stream) => {
                self.next_start = now.checked_add(self.attempt_delay);
                self.attempts.push(Attempt {
                    address,
                    stream,
                    deadline: self
                        .attempt_timeout
                        .and_then(|timeout| now.checked_add(timeout)),
                });
            }
            Err(err) => {
                self.next_start = Some(now);
                self.errors.push((address, err));
            }
        }
    }

    /// Ends all attempts, including those that were not started.
    fn end(&mut self, registry: &Registry, kind: ErrorKind) {
        for attempt in std::mem::take(&mut self.attempts) {
            self.fail(registry, attempt, kind.into());
        }
        for address in std::mem::take(&mut self.addresses) {
            self.errors.push((address, kind.into()));
        }
    }

    fn fail(&mut self, registry: &Registry, mut attempt: Attempt, err: io::Error) {
        // Closing the socket, which comes next, deregisters it as well.
        let _ = registry.deregister(&mut attempt.stream);
        self.errors.push((attempt.address, err));
    }

    /// Returns the time at which to call [`advance`](Self::advance) without an event. `None` before
    /// the first call, after the end, and if only an event makes a call necessary.
    ///
    /// # Examples
    ///
    /// See [`Connector`].
    pub fn next_deadline(&self) -> Option<Instant> {
        if self.attempts.is_empty() {
            return None;
        }
        let next_start = self.next_start.filter(|_| !self.addresses.is_empty());
        let attempts = self.attempts.iter().filter_map(|attempt| attempt.deadline);
        attempts.chain(next_start).chain(self.deadline).min()
    }

    /// Cancels the attempts and closes their sockets. Dropping the connector does the same, but
    /// leaves deregistering them to the OS.
    ///
    /// # Examples
    ///
    /// ```
    /// # fn main() -> std::io::Result<()> {
    /// use mio::{Poll, Token};
    /// use mio_util::Connector;
    ///
    /// let poll = Poll::new()?;
    /// let connector = Connector::new(["127.0.0.1:80".parse().unwrap()], Token(1));
    /// connector.cancel(poll.registry());
    /// # Ok(())
    /// # }
    /// ```
    pub fn cancel(mut self, registry: &Registry) {
        self.end(registry, ErrorKind::Interrupted);
    }
}

impl Attempt {
    /// Returns `true` if the attempt is connected.
    fn state(&self, now: Instant) -> io::Result<bool> {
        if let Some(err) = self.stream.take_error()? {
            return Err(err);
        }
        match self.stream.peer_addr() {
            Ok(_) => Ok(true),
            Err(err) if err.kind() == ErrorKind::NotConnected || is_in_progress(&err) => {
                if self.deadline.is_some_and(|deadline| deadline <= now) {
                    return Err(ErrorKind::TimedOut.into());
                }
                Ok(false)
            }
            Err(err) => Err(err),
        }
    }
}

/// Some platforms report this for a socket that is connecting.
#[cfg(unix)]
fn is_in_progress(err: &io::Error) -> bool {
    err.raw_os_error() == Some(libc::EINPROGRESS)
}

#[cfg(not(unix))]
fn is_in_progress(_: &io::Error) -> bool {
    false
}

/// Alternates the families, starting with that of the first address.
fn alternate(addresses: impl IntoIterator<Item = SocketAddr>) -> VecDeque<SocketAddr> {
    let mut addresses = addresses.into_iter().peekable();
    let Some(first) = addresses.peek().map(SocketAddr::is_ipv4) else {
        return VecDeque::new();
    };
    let (same, other): (Vec<_>, Vec<_>) = addresses.partition(|addr| addr.is_ipv4() == first);
    let (mut same, mut other) = (same.into_iter(), other.into_iter());
    let mut alternating = VecDeque::new();
    loop {
        let pair = [same.next(), other.next()];
        if pair == [None, None] {
            return alternating;
        }
        alternating.extend(pair.into_iter().flatten());
    }
}

impl ConnectError {
    /// Returns the address and the error of each attempt, in the order in which they failed.
    /// Addresses that were not tried before the deadline have failed with
    /// [`TimedOut`](ErrorKind::TimedOut).
    ///
    /// # Examples
    ///
    /// ```
    /// # fn main() -> std::io::Result<()> {
    /// use std::io::ErrorKind;
    /// use std::time::{Duration, Instant};
    ///
    /// use mio::{Poll, Token};
    /// use mio_util::{Connecting, Connector};
    ///
    /// let poll = Poll::new()?;
    /// let address = "127.0.0.1:80".parse().unwrap();
    /// let mut connector = Connector::new([address], Token(1)).timeout(Duration::ZERO);
    /// let Connecting::Failed(err) = connector.advance(poll.registry(), Instant::now()) else {
    ///     panic!("there is no time");
    /// };
    /// assert_eq!(err.errors()[0].0, address);
    /// assert_eq!(err.errors()[0].1.kind(), ErrorKind::TimedOut);
    /// # Ok(())
    /// # }
    /// ```
    pub fn errors(&self) -> &[(SocketAddr, io::Error)] {
        &self.errors
    }
}

impl fmt::Display for ConnectError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.errors.is_empty() {
            return f.write_str("no address to connect to");
        }
        f.write_str("no address could be connected to: ")?;
        for (index, (address, err)) in self.errors.iter().enumerate() {
            let separator = if index == 0 { "" } else { "; " };
            write!(f, "{separator}{address}: {err}")?;
        }
        Ok(())
    }
}

impl Error for ConnectError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.errors.last().map(|(_, err)| err as _)
    }
}

/// Keeps the kind of the last error.
impl From<ConnectError> for io::Error {
    fn from(err: ConnectError) -> io::Error {
        let kind = err
            .errors
            .last()
            .map_or(ErrorKind::InvalidInput, |(_, err)| err.kind());
        io::Error::new(kind, err)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn families_alternate_from_the_first_address_on() {
        let parse = |text: &str| text.parse::<SocketAddr>().unwrap();
        let given = ["[::1]:1", "[::1]:2", "[::1]:3", "1.1.1.1:1", "1.1.1.1:2"].map(parse);
        let expected = ["[::1]:1", "1.1.1.1:1", "[::1]:2", "1.1.1.1:2", "[::1]:3"].map(parse);
        assert_eq!(alternate(given), expected);
        assert_eq!(alternate([]), []);
    }
}
