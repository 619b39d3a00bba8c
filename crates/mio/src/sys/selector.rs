//! The contract that every selector keeps, checked by the compiler and called statically.
//!
//! What the types can't say:
//!
//! * **Modes.** [`Interest`] says what edge, level and oneshot are.
//! * **Edges.** An event is delivered when a direction becomes ready. It is delivered again once an
//!   operation in that direction returned `WouldBlock` and the direction became ready after that;
//!   it may be delivered more often, but never in a busy loop.
//! * **Errors.** After an operation returned another error, or the pending error was taken, the
//!   next failure of the source is delivered too, and its directions do not stay silent.
//! * **Registration from any thread**, while another is in [`select`](Selector::select), takes
//!   effect at once.
//! * **Nothing after `deregister`.** Once it has returned, no later `select` delivers that
//!   registration, even if the descriptor's number is in use again.
//! * **A failed call changes nothing.**
//! * **No allocation** but in `new`, `register` and the making of a waker; on kqueue also in the
//!   first `reregister` that gives an edge another mode.

use std::fmt::Debug;
use std::io;
use std::panic::{RefUnwindSafe, UnwindSafe};
use std::time::Duration;

use crate::event::Events;
use crate::sys::RawSource;
use crate::{Interest, SelectorKind, Token};

/// One mechanism of the system that tells which sources are ready.
pub(crate) trait Selector: Sized + Debug + Send + Sync + UnwindSafe + RefUnwindSafe {
    const KIND: SelectorKind;

    /// What a source whose I/O we see keeps for this selector.
    type State: SourceState;

    /// Whether the mechanism can do what this interest asks for. What it can't never gets as far as
    /// [`register`](Selector::register).
    fn supports(interests: Interest) -> bool {
        !interests.is_exclusive() && !interests.is_aio() && !interests.is_lio()
    }

    fn new() -> io::Result<Self>;

    /// Another handle on the same selector.
    fn try_clone(&self) -> io::Result<Self>;

    /// The selector's own descriptor.
    ///
    /// # Panics
    ///
    /// If the mechanism has none, which the docs of `Poll` and `Registry` tell.
    #[cfg(descriptors)]
    fn as_fd(&self) -> std::os::fd::BorrowedFd<'_>;

    /// Waits until there is an event, the timeout is over (`None` is never), or a signal arrives
    /// ([`Interrupted`](io::ErrorKind::Interrupted)). Empties `events` first.
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

/// Whether this crate sees the I/O that is done with a source.
#[derive(Debug)]
pub(crate) enum SourceIo<'a, State> {
    /// Each operation goes through [`IoSource`](crate::io_source::IoSource), which tells the state
    /// what would have blocked.
    Seen(&'a mut State),
    /// The user has the descriptor and does with it what it likes.
    Unseen,
}

/// The part of a registration that lives in the source.
///
/// Zero-sized where the kernel itself sees that a source was used up.
pub(crate) trait SourceState:
    Debug + Default + Send + Sync + UnwindSafe + RefUnwindSafe
{
    /// Whether the methods below do anything.
    const REARMS: bool;

    /// An operation in this direction has just returned `WouldBlock`.
    fn would_block(&self, direction: Direction);

    /// An operation in this direction has just succeeded.
    fn succeeded(&self, _: Direction) {}

    /// An operation has just returned another error, or, without a direction, the pending error was
    /// taken from the socket.
    fn failed(&self, _: Option<Direction>) {}
}

/// What makes another thread's `select` return.
pub(crate) trait Waker: Sized + Debug + Send + Sync + UnwindSafe + RefUnwindSafe {
    type Selector: Selector;

    fn new(selector: &Self::Selector, token: Token) -> io::Result<Self>;

    /// Never blocks, and is never lost: a `select` that returns after this call began delivers it.
    fn wake(&self) -> io::Result<()>;
}

/// Which way data was to go in an operation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Direction {
    Read,
    Write,
    /// The operation was the user's own and may have been either.
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

/// The answers of one event, read from the system's record.
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

/// Lists what is true.
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

/// A word that `Debug` shows without quotes.
struct Name(&'static str);

impl Debug for Name {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.0)
    }
}
