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
/// For a source registered for both readable and writable (and, in the row on out-of-band data, for
/// priority), whose writable event has been delivered before. On epoll an event tells all that is
/// true of the source; on poll(2) and event ports it leaves out a direction that was delivered
/// before and that no operation has found blocked since, which the table shows in brackets. On
/// kqueue each direction is an event of its own: an end of reading comes with readable and without
/// what is true of writing, and the other way round. Only the event of a source that is registered
/// for [one](crate::Interest::oneshot) may tell of both. An error is told there only together with
/// an end.
///
/// | situation | readable | writable | error | read closed | write closed | priority |
/// |---|---|---|---|---|---|---|
/// | data has arrived | yes | (yes) | | | | |
/// | the peer has shut down its writing half (FIN) | yes | (yes) | | yes | | |
/// | the peer has shut down both halves, or closed (FIN), nothing unread there | yes | (yes) | | yes | | |
/// | this side has shut down its reading half | yes | (yes) | | yes | | |
/// | this side has shut down its writing half | | (yes) | | | | |
/// | both sides have shut down their writing halves, or this side both of its own | yes | (yes) | | yes | yes | |
/// | the connection was reset (RST) | yes | (yes) | yes | yes | yes | |
/// | a connection was made | | yes | | | | |
/// | a connection was refused | yes | yes | yes | yes | yes | |
/// | out-of-band data has arrived | yes | (yes) | | | | yes |
/// | a Unix stream's peer was closed | yes | (yes) | | yes | yes | |
/// | the last writer of a pipe was closed: its reading end | if data is left | | | yes | yes | |
/// | the last reader of a pipe was closed: its writing end | | (yes) | yes | | yes | |
/// | a datagram was refused (ICMP): UDP socket | | (yes) | yes | | yes, though nothing is closed | |
/// | a transmit timestamp is in the error queue (Linux) | | (yes) | yes | | yes, though nothing is closed | |
/// | a stream socket before `connect` or `listen` (Linux) | | yes | | yes | yes | |
/// | a TCP listener was shut down (Linux) | | | | yes | yes | |
/// | a Unix listener was shut down (Linux) | yes | | | yes | | |
/// | the last slave of a pseudo-terminal was closed: its master (Linux) | if data is left | (yes) | | yes | yes, though a write succeeds | |
/// | the master of a pseudo-terminal was closed: its slave (Linux) | yes | (yes) | yes | yes | yes | |
///
/// AFD tells what the peer does. What this side has shut down is no event there, and nothing is
/// write closed for it: where both writing halves are shut down, the event is that of the peer's
/// alone. A reset is writable too, also without brackets. A refused datagram need not be an event;
/// a read or `take_error` tells of it.
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
