use std::fmt;

use crate::Token;
use crate::sys::{self, NativeEvent, Readiness};

/// A readiness event: the source with this token is ready in these ways.
///
/// An event is a hint. It describes the source at the time when the OS recorded the event, and the
/// source may have changed since. So the result of the I/O operation decides, and
/// [`WouldBlock`](std::io::ErrorKind::WouldBlock) is an ordinary result.
///
/// Several kinds of readiness may be reported at once. After a hang-up or a failure, a read or a
/// write returns the cause. So does the socket's `take_error`, which also clears it.
///
/// # Events by situation
///
/// The source is registered for both readable and writable, and its first writable event has been
/// delivered. `R` is readable, `W` writable, `E` error, `RC` read closed, `WC` write closed, `P`
/// priority. A comma separates events. `I/O` means that there may be no event: a read, a write or
/// `take_error` returns the end of the stream or the error.
///
/// * **epoll** reports the whole readiness of the source in one event.
/// * **poll(2)** and event ports leave out a direction that was delivered and has not been re-armed
///   since. On platforms without `POLLRDHUP` (the BSDs, macOS and Solaris among others), only a
///   read of 0 bytes shows that the peer has stopped sending.
/// * **kqueue** reports each direction in a separate event, and an error only together with the end
///   of a direction. One event covers both directions only if the source is registered with
///   [`oneshot`](crate::Interest::oneshot).
/// * **AFD** reports the actions of the peer, and does not report that this side has shut down.
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
/// For a datagram socket and for the master of a pseudo-terminal, write closed is a guess: see
/// [`is_write_closed`](Self::is_write_closed).
///
/// # Native flags
///
/// | method | epoll, poll(2) and event ports | kqueue | AFD (Windows) |
/// |---|---|---|---|
/// | [`is_readable`](Event::is_readable) | `IN` or `PRI` | `EVFILT_READ`, or the waker's `EVFILT_USER` | `RECEIVE`, `ACCEPT`, `DISCONNECT`, `ABORT` or `CONNECT_FAIL` |
/// | [`is_writable`](Event::is_writable) | `OUT` | `EVFILT_WRITE` | `SEND`, `ABORT` or `CONNECT_FAIL` |
/// | [`is_error`](Event::is_error) | `ERR` | `EV_ERROR`, or `EV_EOF` of a direction with a code in `fflags` | `ABORT` or `CONNECT_FAIL` |
/// | [`is_read_closed`](Event::is_read_closed) | `HUP`, or `IN` with `RDHUP` | `EVFILT_READ` with `EV_EOF` | `DISCONNECT`, `ABORT` or `CONNECT_FAIL` |
/// | [`is_write_closed`](Event::is_write_closed) | `HUP`, or `OUT` with `ERR`, or `ERR` alone | `EVFILT_WRITE` with `EV_EOF` | `ABORT` or `CONNECT_FAIL` |
/// | [`is_priority`](Event::is_priority) | `PRI` | never | never |
/// | [`is_aio`](Event::is_aio), [`is_lio`](Event::is_lio) | never | `EVFILT_AIO`, `EVFILT_LIO` | never |
///
/// The flags are those of [epoll_ctl(2)] and [poll(2)] without their prefix, and those of
/// [kevent(2)]. The flags of AFD are undocumented; `select` of Windows is built on them. poll(2) is
/// read in the same way on platforms with kqueue. A kqueue event that covers both directions
/// returns `true` for everything that either native event would.
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
    /// Returns the token that the source was registered with.
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

    /// Returns `true` if the source can be read or accepted from.
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

    /// Returns `true` if the source can be written or has been connected.
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

    /// Returns `true` if the source has failed. The socket's `take_error` returns the error.
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

    /// Returns `true` if no data will follow the data that can be read now: the peer has stopped
    /// sending, or this side has shut down its read half.
    ///
    /// Some platforms report this late or never, so rely on a read of 0 bytes and treat this as a
    /// shortcut.
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

    /// Returns `true` if no more data can be written, as far as the event shows it.
    ///
    /// * **A stream socket or a pipe**: every write fails from now on. Linux also reports this for
    ///   a stream that is not connected yet.
    /// * **A datagram socket**: it is reported together with [`is_error`](Event::is_error) and
    ///   means nothing more. A refused datagram or a transmit timestamp closes nothing, and the
    ///   next datagram can be sent. The reason is that the error of a pipe without readers looks
    ///   the same, and an event does not show the type of its source.
    /// * **A terminal**: the other side has hung up. A write to the master may succeed.
    ///
    /// Some platforms report this late or never, so rely on the error of a write and treat this as
    /// a shortcut.
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

    /// Returns `true` if there is an exceptional condition, such as out-of-band data.
    ///
    /// It is reported on Linux and Android, for sources registered with `Interest::PRIORITY`.
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

    /// Returns `true` if an asynchronous file operation has completed. Always `false` except on
    /// kqueue.
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

    /// Returns `true` if a list of file operations has completed. Always `false` except on kqueue.
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

/// Shows the token and the readiness. `{:#?}` adds the native flags.
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
