use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::sync::Arc;
use std::time::Duration;

use libc::{EPOLL_CTL_ADD, EPOLL_CTL_DEL, EPOLL_CTL_MOD};

use crate::event::Events;
use crate::sys::RawSource;
use crate::sys::epoll::event::request;
use crate::sys::epoll::{ffi, timeout};
use crate::sys::pending::Pending;
use crate::sys::selector::{self, Direction, SourceIo};
use crate::{Interest, SelectorKind, Token};

/// An epoll instance.
#[derive(Debug)]
pub(crate) struct Selector {
    epoll: OwnedFd,
    /// Shared with the waker, which thereby knows whether a poll has taken its last event.
    pending: Arc<Pending>,
}

/// Empty: the kernel itself notices that a source was drained.
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
        Ok(Selector {
            epoll: ffi::epoll_create()?,
            pending: Arc::default(),
        })
    }

    fn try_clone(&self) -> io::Result<Selector> {
        Ok(Selector {
            epoll: self.epoll.try_clone()?,
            pending: Arc::clone(&self.pending),
        })
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
        }?;
        self.pending.take();
        Ok(())
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
            return Err(unchangeable());
        }
        let request = request(token, interests);
        let result = ffi::epoll_ctl(self.epoll.as_fd(), EPOLL_CTL_MOD, source, Some(request));
        result.map_err(|err| match err.raw_os_error() {
            Some(libc::EINVAL) if cfg!(epoll_exclusive) => unchangeable(),
            _ => err,
        })
    }

    fn deregister(&self, source: RawSource, _: SourceIo<'_, SourceState>) -> io::Result<()> {
        ffi::epoll_ctl(self.epoll.as_fd(), EPOLL_CTL_DEL, source, None)
    }
}

/// Returns the error for a change to or from exclusive. `EPOLL_CTL_MOD` refuses both (epoll_ctl(2),
/// `EINVAL`).
fn unchangeable() -> io::Error {
    let message = "epoll can't change a registration to or from exclusive; \
                   deregister the source and register it";
    io::Error::new(io::ErrorKind::Unsupported, message)
}

impl Selector {
    pub(super) fn pending(&self) -> &Arc<Pending> {
        &self.pending
    }
}

impl selector::SourceState for SourceState {
    const REARMS: bool = false;

    #[inline]
    fn would_block(&self, _: Direction) {}
}
