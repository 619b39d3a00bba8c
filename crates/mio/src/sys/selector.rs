//! The contract that every selector keeps. The compiler checks its types, and calls are static.
//!
//! The types can't express these rules:
//!
//! * **Modes.** [`Interest`] defines edge-triggered, level-triggered and oneshot.
//! * **Edges.** An event is delivered when a direction becomes ready. It is delivered again after
//!   an operation in that direction has returned `WouldBlock` and the direction has become ready
//!   again. It may be delivered more often, but never in a busy loop.
//! * **Errors.** After an operation has returned another error, or the pending error was taken, the
//!   next failure of the source is delivered as well, and its directions do not stay silent.
//! * **Registration from any thread** takes effect at once, even while another thread is in
//!   [`select`](Selector::select).
//! * **No event after `deregister`.** Once it has returned, no later `select` delivers an event of
//!   that registration, even if the descriptor's number has been reused.
//! * **A failed call changes nothing.**
//! * **No allocation** outside `new`, `register` and the creation of a waker. The exception is
//!   kqueue, which also allocates in the first `reregister` that changes an edge-triggered
//!   registration to another mode.

use std::fmt::Debug;
use std::io;
use std::panic::{RefUnwindSafe, UnwindSafe};
use std::time::Duration;

use crate::event::Events;
use crate::sys::RawSource;
use crate::{Interest, SelectorKind, Token};

/// An OS mechanism that reports the readiness of sources.
pub(crate) trait Selector: Sized + Debug + Send + Sync + UnwindSafe + RefUnwindSafe {
    const KIND: SelectorKind;

    /// The state that a source with tracked I/O keeps for this selector.
    type State: SourceState;

    /// Returns whether the selector supports these interests. Interests that it does not support
    /// never reach [`register`](Selector::register).
    fn supports(interests: Interest) -> bool {
        !interests.is_exclusive() && !interests.is_aio() && !interests.is_lio()
    }

    fn new() -> io::Result<Self>;

    /// Creates another handle to the same selector.
    fn try_clone(&self) -> io::Result<Self>;

    /// Returns the selector's own descriptor.
    ///
    /// # Panics
    ///
    /// Panics if the selector has none, as the docs of `Poll` and `Registry` state.
    #[cfg(descriptors)]
    fn as_fd(&self) -> std::os::fd::BorrowedFd<'_>;

    /// Waits for an event, the end of the timeout, or a signal
    /// ([`Interrupted`](io::ErrorKind::Interrupted)). Clears `events` first. A timeout of `None`
    /// never ends.
    fn select(&self, events: &mut Events, timeout: Option<Duration>) -> io::Result<()>;

    fn register(
        &self,
        source: RawSource,
        io: SourceIo<'_, Self::State>,
        token: Token,
        interests: Interest,
    ) -> io::Result<()>;

    fn reregister(
        &self,
        source: RawSource,
        io: SourceIo<'_, Self::State>,
        token: Token,
        interests: Interest,
    ) -> io::Result<()>;

    fn deregister(&self, source: RawSource, io: SourceIo<'_, Self::State>) -> io::Result<()>;
}

/// The I/O of a source: tracked, with the state that the source keeps, or raw.
#[derive(Debug)]
pub(crate) enum SourceIo<'a, State> {
    /// Tracked: each operation goes through [`IoSource`](crate::io_source::IoSource), which passes
    /// its result to the state.
    Seen(&'a mut State),
    /// Raw: the user performs I/O on the descriptor directly.
    Unseen,
}

/// The part of a registration that lives in the source.
///
/// Zero-sized where the kernel itself notices that a source was drained.
pub(crate) trait SourceState:
    Debug + Default + Send + Sync + UnwindSafe + RefUnwindSafe
{
    /// `true` if the methods below have any effect.
    const REARMS: bool;

    /// Records that an operation in this direction has just returned `WouldBlock`.
    fn would_block(&self, direction: Direction);

    /// Records that an operation in this direction has just succeeded.
    fn succeeded(&self, _: Direction) {}

    /// Records that an operation has just returned another error. Without a direction, the pending
    /// error was taken from the socket.
    fn failed(&self, _: Option<Direction>) {}
}

/// A handle that makes another thread's `select` return.
pub(crate) trait Waker: Sized + Debug + Send + Sync + UnwindSafe + RefUnwindSafe {
    type Selector: Selector;

    fn new(selector: &Self::Selector, token: Token) -> io::Result<Self>;

    /// Never blocks. A wake is never lost: a `select` that returns after this call began delivers
    /// it.
    fn wake(&self) -> io::Result<()>;
}

/// The direction of an operation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Direction {
    Read,
    Write,
    /// The user's own operation, which may have been a read or a write.
    Unknown,
}

impl Direction {
    pub(crate) fn of(interest: Interest) -> Direction {
        match (interest.is_readable(), interest.is_writable()) {
            (true, false) => Direction::Read,
            (false, true) => Direction::Write,
            _ => Direction::Unknown,
        }
    }
}

/// The readiness of one event, decoded from the native event.
#[derive(Clone, Copy)]
pub(crate) struct Readiness {
    pub(crate) readable: bool,
    pub(crate) writable: bool,
    pub(crate) error: bool,
    pub(crate) read_closed: bool,
    pub(crate) write_closed: bool,
    pub(crate) priority: bool,
    pub(crate) aio: bool,
    pub(crate) lio: bool,
}

/// Lists the flags that are set.
impl Debug for Readiness {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let answers = [
            (self.readable, "readable"),
            (self.writable, "writable"),
            (self.error, "error"),
            (self.read_closed, "read_closed"),
            (self.write_closed, "write_closed"),
            (self.priority, "priority"),
            (self.aio, "aio"),
            (self.lio, "lio"),
        ];
        let names = answers.iter().filter(|(set, _)| *set);
        f.debug_set()
            .entries(names.map(|(_, name)| Name(name)))
            .finish()
    }
}

/// A name that `Debug` prints without quotes.
struct Name(&'static str);

impl Debug for Name {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.0)
    }
}
