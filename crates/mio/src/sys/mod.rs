//! The platform layer: one folder per selector, one for platforms whose sources are file
//! descriptors, and one for Windows.
//!
//! Start with [`selector`], the contract that every selector keeps. This file dispatches to the
//! selectors that are compiled into the build. With one selector each enum has one variant, so
//! there is no tag and no branch. Without a selector the enums have no variant, so a [`Selector`]
//! can be named but never created.

// Without a selector nothing below is ever called.
#![cfg_attr(not(feature = "os-poll"), allow(unused_variables))]

use std::io;
use std::time::Duration;

use crate::event::Events;
use crate::{Interest, SelectorKind, Token};

// The parts that make no system call are tested on every platform.
#[cfg(any(afd, all(poll, test)))]
pub(crate) mod afd;
#[cfg(any(afd, event_ports, kqueue, poll, test))]
mod deadline;
#[cfg(epoll)]
pub(crate) mod epoll;
#[cfg(any(event_ports, all(poll, test)))]
pub(crate) mod event_ports;
// The parts that make no system call are tested on every platform.
#[cfg(any(kqueue, test))]
pub(crate) mod kqueue;
#[cfg(not(any(afd, epoll, event_ports, kqueue, poll)))]
mod none;
#[cfg(any(afd, epoll, event_ports, kqueue, poll, all(test, loom)))]
pub(crate) mod pending;
#[cfg(poll)]
pub(crate) mod poll;
pub(crate) mod selector;
#[cfg(descriptors)]
pub(crate) mod unix;
#[cfg(windows)]
pub(crate) mod windows;

#[cfg(afd)]
pub(crate) use self::afd::notifier::{Notifier, NotifierHandle};
pub(crate) use self::selector::{Direction, Readiness, SourceIo};
use self::selector::{Selector as _, SourceState as _, Waker as _};
#[cfg(all(descriptors, feature = "os-poll"))]
pub(crate) use self::unix::notifier::{Notifier, NotifierHandle};
#[cfg(all(descriptors, feature = "net"))]
pub(crate) use self::unix::socket;
#[cfg(descriptors)]
pub(crate) use self::unix::{AsRawSource, RawSource, raw_source};
#[cfg(all(windows, feature = "net"))]
pub(crate) use self::windows::socket;
#[cfg(windows)]
pub(crate) use self::windows::{AsRawSource, RawSource, raw_source};

// The selectors of one target share one native event: that of the platform's best selector. The
// flags of epoll and of event ports are those of poll(2); kqueue's native event has a field for
// them.
#[cfg(afd)]
pub(crate) use self::afd::event::{NativeEvent, flags, readiness, token};
#[cfg(epoll)]
pub(crate) use self::epoll::event::{NativeEvent, flags, readiness, token};
#[cfg(event_ports)]
pub(crate) use self::event_ports::event::{NativeEvent, flags, readiness, token};
#[cfg(kqueue)]
pub(crate) use self::kqueue::event::{NativeEvent, flags, readiness, token};
#[cfg(not(any(afd, epoll, event_ports, kqueue, poll)))]
pub(crate) use self::none::{NativeEvent, flags, readiness, token};
#[cfg(all(poll, not(any(epoll, event_ports, kqueue))))]
pub(crate) use self::poll::event::{NativeEvent, flags, readiness, token};

/// The identifier by which the OS knows a source.
#[cfg(not(any(descriptors, windows)))]
pub(crate) type RawSource = usize;

/// Evaluates the same expression for each variant of a selector or waker.
macro_rules! dispatch {
    ($enum:ident, $self:expr, $name:ident => $body:expr) => {
        match *$self {
            #[cfg(afd)]
            $enum::Afd(ref $name) => $body,
            #[cfg(epoll)]
            $enum::Epoll(ref $name) => $body,
            #[cfg(event_ports)]
            $enum::EventPorts(ref $name) => $body,
            #[cfg(kqueue)]
            $enum::Kqueue(ref $name) => $body,
            #[cfg(poll)]
            $enum::Poll(ref $name) => $body,
        }
    };
}

/// The selector of one `Poll`.
#[derive(Debug)]
pub(crate) enum Selector {
    #[cfg(afd)]
    Afd(afd::Selector),
    #[cfg(epoll)]
    Epoll(epoll::Selector),
    #[cfg(event_ports)]
    EventPorts(event_ports::Selector),
    #[cfg(kqueue)]
    Kqueue(kqueue::Selector),
    #[cfg(poll)]
    Poll(poll::Selector),
}

impl Selector {
    /// Creates a selector of this kind. Returns `None` if this build does not have it.
    #[cfg(feature = "os-poll")]
    pub(crate) fn new(kind: SelectorKind) -> Option<io::Result<Selector>> {
        match kind {
            #[cfg(afd)]
            SelectorKind::Afd => Some(selector::Selector::new().map(Selector::Afd)),
            #[cfg(epoll)]
            SelectorKind::Epoll => Some(selector::Selector::new().map(Selector::Epoll)),
            #[cfg(event_ports)]
            SelectorKind::EventPorts => Some(selector::Selector::new().map(Selector::EventPorts)),
            #[cfg(kqueue)]
            SelectorKind::Kqueue => Some(selector::Selector::new().map(Selector::Kqueue)),
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
            #[cfg(afd)]
            Selector::Afd(ref selector) => selector.try_clone().map(Selector::Afd),
            #[cfg(epoll)]
            Selector::Epoll(ref selector) => selector.try_clone().map(Selector::Epoll),
            #[cfg(event_ports)]
            Selector::EventPorts(ref selector) => selector.try_clone().map(Selector::EventPorts),
            #[cfg(kqueue)]
            Selector::Kqueue(ref selector) => selector.try_clone().map(Selector::Kqueue),
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
        check_supported(self.kind(), interests)?;
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
        check_supported(self.kind(), interests)?;
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
    /// Panics if the selector has no descriptor.
    #[cfg(descriptors)]
    pub(crate) fn as_fd(&self) -> std::os::fd::BorrowedFd<'_> {
        dispatch!(Selector, self, selector => selector.as_fd())
    }
}

/// Returns whether this build has a selector of this kind and that selector supports these
/// interests.
pub(crate) fn supports(kind: SelectorKind, interests: Interest) -> bool {
    match kind {
        #[cfg(afd)]
        SelectorKind::Afd => <afd::Selector as selector::Selector>::supports(interests),
        #[cfg(epoll)]
        SelectorKind::Epoll => <epoll::Selector as selector::Selector>::supports(interests),
        #[cfg(event_ports)]
        SelectorKind::EventPorts => {
            <event_ports::Selector as selector::Selector>::supports(interests)
        }
        #[cfg(kqueue)]
        SelectorKind::Kqueue => <kqueue::Selector as selector::Selector>::supports(interests),
        #[cfg(poll)]
        SelectorKind::Poll => <poll::Selector as selector::Selector>::supports(interests),
        #[allow(unreachable_patterns)] // Where all kinds are compiled.
        _ => false,
    }
}

/// Returns an error for unsupported interests, before anything has changed.
pub(crate) fn check_supported(kind: SelectorKind, interests: Interest) -> io::Result<()> {
    if supports(kind, interests) {
        return Ok(());
    }
    let message = format!(
        "{kind:?} can't watch for {interests:?}; `SelectorKind::supports` tells what it can"
    );
    Err(io::Error::new(io::ErrorKind::Unsupported, message))
}

/// The selectors of this build, with the default first.
pub(crate) const SELECTORS: &[SelectorKind] = &[
    #[cfg(default_selector = "poll")]
    SelectorKind::Poll,
    #[cfg(afd)]
    SelectorKind::Afd,
    #[cfg(epoll)]
    SelectorKind::Epoll,
    #[cfg(event_ports)]
    SelectorKind::EventPorts,
    #[cfg(kqueue)]
    SelectorKind::Kqueue,
    #[cfg(all(poll, not(default_selector = "poll")))]
    SelectorKind::Poll,
];

#[derive(Debug)]
pub(crate) enum Waker {
    #[cfg(afd)]
    Afd(afd::Waker),
    #[cfg(epoll)]
    Epoll(epoll::Waker),
    #[cfg(event_ports)]
    EventPorts(event_ports::Waker),
    #[cfg(kqueue)]
    Kqueue(kqueue::Waker),
    #[cfg(poll)]
    Poll(poll::Waker),
}

impl Waker {
    pub(crate) fn new(selector: &Selector, token: Token) -> io::Result<Waker> {
        match *selector {
            #[cfg(afd)]
            Selector::Afd(ref selector) => selector::Waker::new(selector, token).map(Waker::Afd),
            #[cfg(epoll)]
            Selector::Epoll(ref selector) => {
                selector::Waker::new(selector, token).map(Waker::Epoll)
            }
            #[cfg(event_ports)]
            Selector::EventPorts(ref selector) => {
                selector::Waker::new(selector, token).map(Waker::EventPorts)
            }
            #[cfg(kqueue)]
            Selector::Kqueue(ref selector) => {
                selector::Waker::new(selector, token).map(Waker::Kqueue)
            }
            #[cfg(poll)]
            Selector::Poll(ref selector) => selector::Waker::new(selector, token).map(Waker::Poll),
        }
    }

    pub(crate) fn wake(&self) -> io::Result<()> {
        dispatch!(Waker, self, waker => waker.wake())
    }
}

/// The state that a source with tracked I/O keeps: one field for each selector that may watch it.
#[derive(Debug, Default)]
pub(crate) struct SourceState {
    #[cfg(afd)]
    afd: afd::SourceState,
    #[cfg(epoll)]
    epoll: epoll::SourceState,
    #[cfg(event_ports)]
    event_ports: event_ports::SourceState,
    #[cfg(kqueue)]
    kqueue: kqueue::SourceState,
    #[cfg(poll)]
    poll: poll::SourceState,
}

impl SourceState {
    /// `true` if any selector of this build needs the results of operations.
    pub(crate) const REARMS: bool = {
        #[allow(unused_mut)] // Where there is no selector.
        let mut rearms = false;
        #[cfg(afd)]
        (rearms |= afd::SourceState::REARMS);
        #[cfg(epoll)]
        (rearms |= epoll::SourceState::REARMS);
        #[cfg(event_ports)]
        (rearms |= event_ports::SourceState::REARMS);
        #[cfg(kqueue)]
        (rearms |= kqueue::SourceState::REARMS);
        #[cfg(poll)]
        (rearms |= poll::SourceState::REARMS);
        rearms
    };

    pub(crate) fn would_block(&self, direction: Direction) {
        #[cfg(afd)]
        self.afd.would_block(direction);
        #[cfg(epoll)]
        self.epoll.would_block(direction);
        #[cfg(event_ports)]
        self.event_ports.would_block(direction);
        #[cfg(kqueue)]
        self.kqueue.would_block(direction);
        #[cfg(poll)]
        self.poll.would_block(direction);
    }

    #[inline]
    pub(crate) fn succeeded(&self, direction: Direction) {
        #[cfg(afd)]
        self.afd.succeeded(direction);
        #[cfg(epoll)]
        self.epoll.succeeded(direction);
        #[cfg(event_ports)]
        self.event_ports.succeeded(direction);
        #[cfg(kqueue)]
        self.kqueue.succeeded(direction);
        #[cfg(poll)]
        self.poll.succeeded(direction);
    }

    pub(crate) fn failed(&self, direction: Option<Direction>) {
        #[cfg(afd)]
        self.afd.failed(direction);
        #[cfg(epoll)]
        self.epoll.failed(direction);
        #[cfg(event_ports)]
        self.event_ports.failed(direction);
        #[cfg(kqueue)]
        self.kqueue.failed(direction);
        #[cfg(poll)]
        self.poll.failed(direction);
    }
}

/// Access to the field of one selector in [`SourceState`].
pub(crate) trait Part: Sized {
    fn of(state: &mut SourceState) -> &mut Self;
}

#[cfg(afd)]
impl Part for afd::SourceState {
    fn of(state: &mut SourceState) -> &mut Self {
        &mut state.afd
    }
}

#[cfg(epoll)]
impl Part for epoll::SourceState {
    fn of(state: &mut SourceState) -> &mut Self {
        &mut state.epoll
    }
}

#[cfg(event_ports)]
impl Part for event_ports::SourceState {
    fn of(state: &mut SourceState) -> &mut Self {
        &mut state.event_ports
    }
}

#[cfg(kqueue)]
impl Part for kqueue::SourceState {
    fn of(state: &mut SourceState) -> &mut Self {
        &mut state.kqueue
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
