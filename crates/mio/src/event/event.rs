use std::fmt;

use crate::Token;
use crate::sys::{self, NativeEvent, Readiness};

/// One answer of the system: the source with this token is ready in these ways.
///
/// An event is a hint. It says what was true when the system wrote it down, which may be over by
/// the time you act on it, so the operation itself has the last word and
/// [`WouldBlock`](std::io::ErrorKind::WouldBlock) from it is an ordinary answer.
///
/// Several answers may be true at once. After a hang-up or a failure a read or a write tells the
/// cause; the socket's `take_error` does too, and clears it.
///
/// # What each situation gives
///
/// For a source registered for both readable and writable, whose writable event has been delivered
/// before. `R` is readable, `W` writable, `E` error, `RC` read closed, `WC` write closed, `P`
/// priority. A comma separates events. `I/O` means that no event has to come: a read, a write or
/// `take_error` returns the end or the error.
///
/// * **epoll** reports all that is true of the source in one event.
/// * **poll(2)** and event ports leave out a direction that was delivered before and that no
///   operation has found blocked since. Where the system lacks `POLLRDHUP` (the BSDs, macOS and
///   Solaris among others), only a read of 0 bytes tells that the peer has stopped sending.
/// * **kqueue** reports each direction in an event of its own, and an error only together with an
///   end. One event tells of both directions only if the source is registered for
///   [one](crate::Interest::oneshot).
/// * **AFD** reports what the peer does and not what this side has shut down.
///
/// | situation | epoll | poll(2), event ports | kqueue | AFD |
/// |---|---|---|---|---|
/// | data has arrived | R W | R | R | R |
/// | the peer has shut down its writing half (FIN) | R W RC | R RC; without POLLRDHUP: R | R RC | R RC |
/// | the peer has shut down both halves, or closed (FIN), nothing unread there | R W RC | R RC; without POLLRDHUP: R | R RC | R RC |
/// | this side has shut down its reading half | R W RC | R RC; without POLLRDHUP: R | R RC | I/O |
/// | this side has shut down its writing half | W | none | W WC | none |
/// | both sides have shut down their writing halves | R W RC WC | R RC WC | R RC, W WC | R RC |
/// | this side has shut down both halves | R W RC WC | R RC WC | R RC, W WC | I/O |
/// | the connection was reset (RST) | R W E RC WC | R E RC WC | R E RC, W E WC | R W E RC WC |
/// | a connection was made | W | W | W | W |
/// | a connection was refused | R W E RC WC | R W E RC WC | R E RC, W E WC | R W E RC WC |
/// | out-of-band data has arrived, registered for priority too | R W P | R P | | |
/// | a Unix stream's peer was closed | R W RC WC | R RC WC | R RC, W WC | |
/// | the last writer of an empty pipe was closed | RC WC | RC WC | R RC | |
/// | the last writer of a pipe was closed, data is left | R RC WC | R RC WC | R RC | |
/// | the last reader of a pipe was closed | W E WC | E WC | W WC | |
/// | the last reader of a full pipe was closed | E WC | E WC | W WC; NetBSD: none | |
/// | a datagram was refused (ICMP): UDP socket | W E WC | E WC | R, W | I/O |
/// | a transmit timestamp is in the error queue of a datagram socket (Linux) | W E WC | E WC | | |
/// | a stream socket before `connect` or `listen` (Linux) | W RC WC | W RC WC | | |
/// | a TCP listener was shut down (Linux) | RC WC | RC WC | | |
/// | a Unix listener was shut down (Linux) | R RC | R RC; without POLLRDHUP: R | | |
/// | the last slave of a pseudo-terminal was closed: its master (Linux) | W RC WC | RC WC | | |
/// | the master of a pseudo-terminal was closed: its slave (Linux) | R W E RC WC | R E RC WC | | |
///
/// Write closed is a guess for a datagram socket and for the master of a pseudo-terminal: see
/// [`is_write_closed`](Self::is_write_closed).
///
/// # Which flags each answer is made of
///
/// | answer | epoll, poll(2) and event ports | kqueue | AFD (Windows) |
/// |---|---|---|---|
/// | [`is_readable`](Event::is_readable) | `IN` or `PRI` | `EVFILT_READ`, or the waker's `EVFILT_USER` | `RECEIVE`, `ACCEPT`, `DISCONNECT`, `ABORT` or `CONNECT_FAIL` |
/// | [`is_writable`](Event::is_writable) | `OUT` | `EVFILT_WRITE` | `SEND`, `ABORT` or `CONNECT_FAIL` |
/// | [`is_error`](Event::is_error) | `ERR` | `EV_ERROR`, or `EV_EOF` of a direction with a code in `fflags` | `ABORT` or `CONNECT_FAIL` |
/// | [`is_read_closed`](Event::is_read_closed) | `HUP`, or `IN` with `RDHUP` | `EVFILT_READ` with `EV_EOF` | `DISCONNECT`, `ABORT` or `CONNECT_FAIL` |
/// | [`is_write_closed`](Event::is_write_closed) | `HUP`, or `OUT` with `ERR`, or `ERR` alone | `EVFILT_WRITE` with `EV_EOF` | `ABORT` or `CONNECT_FAIL` |
/// | [`is_priority`](Event::is_priority) | `PRI` | never | never |
/// | [`is_aio`](Event::is_aio), [`is_lio`](Event::is_lio) | never | `EVFILT_AIO`, `EVFILT_LIO` | never |
///
/// The names are those of [epoll_ctl(2)] and [poll(2)] without their prefix, and those of
/// [kevent(2)]. Those of AFD have no manual; `select` of Windows is built on them. Beside kqueue
/// poll(2) is read as it is elsewhere. An event of kqueue that tells of both directions has all the
/// answers of the two that it is made of.
///
/// [epoll_ctl(2)]: https://man7.org/linux/man-pages/man2/epoll_ctl.2.html
/// [poll(2)]: https://man7.org/linux/man-pages/man2/poll.2.html
/// [kevent(2)]: https://man.freebsd.org/cgi/man.cgi?query=kevent&sektion=2
#[derive(Clone)]
#[repr(transparent)]
pub struct Event {
    native: NativeEvent,
}

impl Event {
    /// The token that the source was registered with.
    ///
    /// # Examples
    ///
    /// ```
    /// # use mio::{Events, Token};
    /// # let events = Events::with_capacity(1);
    /// const LISTENER: Token = Token(0);
    /// for event in &events {
    ///     match event.token() {
    ///         LISTENER => { /* accept until it would block */ }
    ///         Token(connection) => println!("connection {connection} is ready"),
    ///     }
    /// }
    /// ```
    #[inline]
    pub fn token(&self) -> Token {
        sys::token(&self.native)
    }

    /// Whether the source can be read, or accepted from.
    ///
    /// # Examples
    ///
    /// ```
    /// # let events = mio::Events::with_capacity(1);
    /// for event in events.iter().filter(|event| event.is_readable()) {
    ///     println!("read {:?} until it would block", event.token());
    /// }
    /// ```
    #[inline]
    pub fn is_readable(&self) -> bool {
        self.readiness().readable
    }

    /// Whether the source can be written, or has been connected.
    ///
    /// # Examples
    ///
    /// ```
    /// # let events = mio::Events::with_capacity(1);
    /// for event in events.iter().filter(|event| event.is_writable()) {
    ///     println!("write what is left for {:?}", event.token());
    /// }
    /// ```
    #[inline]
    pub fn is_writable(&self) -> bool {
        self.readiness().writable
    }

    /// Whether the source has failed. `take_error` of the socket tells how.
    ///
    /// # Examples
    ///
    /// ```
    /// # let events = mio::Events::with_capacity(1);
    /// for event in events.iter().filter(|event| event.is_error()) {
    ///     println!("{:?} has failed", event.token());
    /// }
    /// ```
    #[inline]
    pub fn is_error(&self) -> bool {
        self.readiness().error
    }

    /// Whether nothing more will arrive after what can be read now: the peer has stopped sending,
    /// or this side has shut its reading half down.
    ///
    /// Some systems tell this late or never, so treat it as a short cut: a read of 0 bytes is the
    /// truth.
    ///
    /// # Examples
    ///
    /// ```
    /// # let events = mio::Events::with_capacity(1);
    /// for event in events.iter().filter(|event| event.is_read_closed()) {
    ///     println!("{:?} says no more", event.token());
    /// }
    /// ```
    #[inline]
    pub fn is_read_closed(&self) -> bool {
        self.readiness().read_closed
    }

    /// Whether nothing more can be written, as far as the event can say that.
    ///
    /// * **A stream socket or a pipe**: a write fails from now on. A stream is also reported so
    ///   before it is connected, on Linux.
    /// * **A datagram socket**: it comes together with [`is_error`](Event::is_error), and says no
    ///   more than that. The error of a pipe without readers looks the same, and an event does not
    ///   know what kind of source it is about. A refused datagram or a transmit timestamp closes
    ///   nothing, and the next datagram can be sent.
    /// * **A terminal**: the other side has hung up. A write to the master may succeed.
    ///
    /// Some systems tell this late or never, so treat it as a short cut: the error of a write is
    /// the truth.
    ///
    /// # Examples
    ///
    /// ```
    /// # let events = mio::Events::with_capacity(1);
    /// for event in events.iter().filter(|event| event.is_write_closed()) {
    ///     println!("{:?} listens no more", event.token());
    /// }
    /// ```
    #[inline]
    pub fn is_write_closed(&self) -> bool {
        self.readiness().write_closed
    }

    /// Whether there is an exceptional condition, such as out-of-band data.
    ///
    /// Only sources registered with `Interest::PRIORITY` get it, on Linux and Android.
    ///
    /// # Examples
    ///
    /// ```
    /// # let events = mio::Events::with_capacity(1);
    /// for event in events.iter().filter(|event| event.is_priority()) {
    ///     println!("{:?} has something urgent", event.token());
    /// }
    /// ```
    #[inline]
    pub fn is_priority(&self) -> bool {
        self.readiness().priority
    }

    /// Whether an asynchronous file operation has ended. kqueue only; `false` elsewhere.
    ///
    /// # Examples
    ///
    /// ```
    /// # let events = mio::Events::with_capacity(1);
    /// assert!(!events.iter().any(|event| event.is_aio()));
    /// ```
    #[inline]
    pub fn is_aio(&self) -> bool {
        self.readiness().aio
    }

    /// Whether a list of file operations has ended. kqueue only; `false` elsewhere.
    ///
    /// # Examples
    ///
    /// ```
    /// # let events = mio::Events::with_capacity(1);
    /// assert!(!events.iter().any(|event| event.is_lio()));
    /// ```
    #[inline]
    pub fn is_lio(&self) -> bool {
        self.readiness().lio
    }

    #[cfg(any(afd, event_ports, kqueue, poll))]
    pub(crate) fn from_native(native: NativeEvent) -> Event {
        Event { native }
    }

    #[cfg(any(event_ports, kqueue))]
    pub(crate) fn native(&self) -> &NativeEvent {
        &self.native
    }

    #[cfg(all(afd, feature = "os-ext"))]
    pub(crate) fn native_mut(&mut self) -> &mut NativeEvent {
        &mut self.native
    }

    #[inline]
    fn readiness(&self) -> Readiness {
        sys::readiness(&self.native)
    }
}

/// Shows the token and the answers that are true; `{:#?}` adds the flags of the system.
impl fmt::Debug for Event {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let alternate = f.alternate();
        let mut event = f.debug_struct("Event");
        event
            .field("token", &self.token())
            .field("readiness", &self.readiness());
        if alternate {
            event.field("flags", &format_args!("{:#x}", sys::flags(&self.native)));
        }
        event.finish()
    }
}
