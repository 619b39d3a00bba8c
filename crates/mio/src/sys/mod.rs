//! The systems: one folder per selector, one for what Unix systems share.
//!
//! [`selector`] is the contract and the place to start. Below is the choice between the selectors
//! that are compiled into this build, written once. With one selector the enums have one variant,
//! so there is no tag and no branch; with none they have no variant, so a [`Selector`] can be named
//! and never made.

// Without a selector nothing below can ever be called.
#![cfg_attr(not(any(epoll, poll)), allow(unused_variables))]

use std::io;
use std::time::Duration;

use crate::event::Events;
use crate::{Interest, SelectorKind, Token};

#[cfg(epoll)]
pub(crate) mod epoll;
#[cfg(not(any(epoll, poll)))]
mod none;
#[cfg(poll)]
pub(crate) mod poll;
pub(crate) mod selector;
#[cfg(unix)]
pub(crate) mod unix;

pub(crate) use self::selector::{Direction, Readiness, SourceIo};
use self::selector::{Selector as _, SourceState as _, Waker as _};

// Selectors of one target share its record: on Linux the bits of poll(2) are those of epoll.
#[cfg(epoll)]
pub(crate) use self::epoll::event::{NativeEvent, flags, readiness, token};
#[cfg(not(any(epoll, poll)))]
pub(crate) use self::none::{NativeEvent, flags, readiness, token};
#[cfg(all(poll, not(epoll)))]
pub(crate) use self::poll::event::{NativeEvent, flags, readiness, token};

/// What the system knows a source by.
#[cfg(unix)]
pub(crate) type RawSource = std::os::fd::RawFd;
#[cfg(not(unix))]
pub(crate) type RawSource = usize;

/// Runs the same expression on whichever selector, or waker, it is.
macro_rules! dispatch {
    ($enum:ident, $self:expr, $name:ident => $body:expr) => {
        match *$self {
            #[cfg(epoll)]
            $enum::Epoll(ref $name) => $body,
            #[cfg(poll)]
            $enum::Poll(ref $name) => $body,
        }
    };
}

/// The selector of one `Poll`.
#[derive(Debug)]
pub(crate) enum Selector {
    #[cfg(epoll)]
    Epoll(epoll::Selector),
    #[cfg(poll)]
    Poll(poll::Selector),
}

impl Selector {
    /// Makes a selector of this kind; `None` where this build has none of it.
    #[cfg(feature = "os-poll")]
    pub(crate) fn new(kind: SelectorKind) -> Option<io::Result<Selector>> {
        match kind {
            #[cfg(epoll)]
            SelectorKind::Epoll => Some(selector::Selector::new().map(Selector::Epoll)),
            #[cfg(poll)]
            SelectorKind::Poll => Some(selector::Selector::new().map(Selector::Poll)),
            #[allow(unreachable_patterns)] // Where all kinds are compiled.
            _ => None,
        }
    }

    pub(crate) fn kind(&self) -> SelectorKind {
        fn of<S: selector::Selector>(_: &S) -> SelectorKind {
            S::KIND
        }
        dispatch!(Selector, self, selector => of(selector))
    }

    pub(crate) fn try_clone(&self) -> io::Result<Selector> {
        match *self {
            #[cfg(epoll)]
            Selector::Epoll(ref selector) => selector.try_clone().map(Selector::Epoll),
            #[cfg(poll)]
            Selector::Poll(ref selector) => selector.try_clone().map(Selector::Poll),
        }
    }

    #[inline]
    pub(crate) fn select(&self, events: &mut Events, timeout: Option<Duration>) -> io::Result<()> {
        dispatch!(Selector, self, selector => selector.select(events, timeout))
    }

    pub(crate) fn register(
        &self,
        source: RawSource,
        io: SourceIo<'_, SourceState>,
        token: Token,
        interests: Interest,
    ) -> io::Result<()> {
        dispatch!(Selector, self, selector => {
            selector.register(source, io.part(), token, interests)
        })
    }

    pub(crate) fn reregister(
        &self,
        source: RawSource,
        io: SourceIo<'_, SourceState>,
        token: Token,
        interests: Interest,
    ) -> io::Result<()> {
        dispatch!(Selector, self, selector => {
            selector.reregister(source, io.part(), token, interests)
        })
    }

    pub(crate) fn deregister(
        &self,
        source: RawSource,
        io: SourceIo<'_, SourceState>,
    ) -> io::Result<()> {
        dispatch!(Selector, self, selector => selector.deregister(source, io.part()))
    }

    /// # Panics
    ///
    /// If the selector has no descriptor.
    #[cfg(unix)]
    pub(crate) fn as_fd(&self) -> std::os::fd::BorrowedFd<'_> {
        dispatch!(Selector, self, selector => selector.as_fd())
    }
}

/// The selectors of this build, the default first.
pub(crate) const SELECTORS: &[SelectorKind] = &[
    #[cfg(default_selector = "poll")]
    SelectorKind::Poll,
    #[cfg(epoll)]
    SelectorKind::Epoll,
    #[cfg(all(poll, not(default_selector = "poll")))]
    SelectorKind::Poll,
];

#[derive(Debug)]
pub(crate) enum Waker {
    #[cfg(epoll)]
    Epoll(epoll::Waker),
    #[cfg(poll)]
    Poll(poll::Waker),
}

impl Waker {
    pub(crate) fn new(selector: &Selector, token: Token) -> io::Result<Waker> {
        match *selector {
            #[cfg(epoll)]
            Selector::Epoll(ref selector) => {
                selector::Waker::new(selector, token).map(Waker::Epoll)
            }
            #[cfg(poll)]
            Selector::Poll(ref selector) => selector::Waker::new(selector, token).map(Waker::Poll),
        }
    }

    pub(crate) fn wake(&self) -> io::Result<()> {
        dispatch!(Waker, self, waker => waker.wake())
    }
}

/// What a source whose I/O we see keeps: a part for each selector that may watch it.
#[derive(Debug, Default)]
pub(crate) struct SourceState {
    #[cfg(epoll)]
    epoll: epoll::SourceState,
    #[cfg(poll)]
    poll: poll::SourceState,
}

impl SourceState {
    /// Whether any selector of this build has to be told what would have blocked.
    pub(crate) const REARMS: bool = {
        #[allow(unused_mut)] // Where there is no selector.
        let mut rearms = false;
        #[cfg(epoll)]
        (rearms |= epoll::SourceState::REARMS);
        #[cfg(poll)]
        (rearms |= poll::SourceState::REARMS);
        rearms
    };

    pub(crate) fn would_block(&self, direction: Direction) {
        #[cfg(epoll)]
        self.epoll.would_block(direction);
        #[cfg(poll)]
        self.poll.would_block(direction);
    }
}

/// A selector's part of [`SourceState`].
pub(crate) trait Part: Sized {
    fn of(state: &mut SourceState) -> &mut Self;
}

#[cfg(epoll)]
impl Part for epoll::SourceState {
    fn of(state: &mut SourceState) -> &mut Self {
        &mut state.epoll
    }
}

#[cfg(poll)]
impl Part for poll::SourceState {
    fn of(state: &mut SourceState) -> &mut Self {
        &mut state.poll
    }
}

impl<'a> SourceIo<'a, SourceState> {
    fn part<P: Part>(self) -> SourceIo<'a, P> {
        match self {
            SourceIo::Seen(state) => SourceIo::Seen(P::of(state)),
            SourceIo::Unseen => SourceIo::Unseen,
        }
    }
}
