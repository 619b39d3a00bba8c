use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::time::Duration;

use libc::{EPOLL_CTL_ADD, EPOLL_CTL_DEL, EPOLL_CTL_MOD};

use crate::event::Events;
use crate::sys::RawSource;
use crate::sys::epoll::event::request;
use crate::sys::epoll::{ffi, timeout};
use crate::sys::selector::{self, Direction, SourceIo};
use crate::{Interest, SelectorKind, Token};

/// An epoll instance.
#[derive(Debug)]
pub(crate) struct Selector {
    epoll: OwnedFd,
}

/// Nothing: the kernel sees when a source was used up.
#[derive(Debug, Default)]
pub(crate) struct SourceState;

impl selector::Selector for Selector {
    const KIND: SelectorKind = SelectorKind::Epoll;

    type State = SourceState;

    fn supports(interests: Interest) -> bool {
        let excludes = interests.is_oneshot() || interests.is_priority();
        !interests.is_exclusive() || (cfg!(epoll_exclusive) && !excludes)
    }

    fn new() -> io::Result<Selector> {
        ffi::epoll_create().map(|epoll| Selector { epoll })
    }

    fn try_clone(&self) -> io::Result<Selector> {
        self.epoll.try_clone().map(|epoll| Selector { epoll })
    }

    fn as_fd(&self) -> BorrowedFd<'_> {
        self.epoll.as_fd()
    }

    #[inline]
    fn select(&self, events: &mut Events, timeout: Option<Duration>) -> io::Result<()> {
        let (epoll, events) = (self.epoll.as_fd(), events.buffer());
        match timeout.map(|timeout| (timeout, timeout::whole_milliseconds(timeout))) {
            None => ffi::epoll_wait(epoll, events, -1),
            Some((_, Some(milliseconds))) => ffi::epoll_wait(epoll, events, milliseconds),
            Some((timeout, None)) => timeout::wait(epoll, events, timeout),
        }
    }

    fn register(
        &self,
        source: RawSource,
        _: SourceIo<'_, SourceState>,
        token: Token,
        interests: Interest,
    ) -> io::Result<()> {
        let request = request(token, interests);
        ffi::epoll_ctl(self.epoll.as_fd(), EPOLL_CTL_ADD, source, Some(request))
    }

    fn reregister(
        &self,
        source: RawSource,
        _: SourceIo<'_, SourceState>,
        token: Token,
        interests: Interest,
    ) -> io::Result<()> {
        if interests.is_exclusive() {
            let message = "epoll can't change a registration to or from exclusive; \
                           deregister the source and register it";
            return Err(io::Error::new(io::ErrorKind::Unsupported, message));
        }
        let request = request(token, interests);
        ffi::epoll_ctl(self.epoll.as_fd(), EPOLL_CTL_MOD, source, Some(request))
    }

    fn deregister(&self, source: RawSource, _: SourceIo<'_, SourceState>) -> io::Result<()> {
        ffi::epoll_ctl(self.epoll.as_fd(), EPOLL_CTL_DEL, source, None)
    }
}

impl selector::SourceState for SourceState {
    const REARMS: bool = false;

    #[inline]
    fn would_block(&self, _: Direction) {}
}
