use std::io::{self, ErrorKind};
use std::os::fd::{AsFd, BorrowedFd};
use std::sync::Arc;
use std::time::Duration;

use crate::event::{Event, Events};
use crate::interest::Mode;
use crate::sys::RawSource;
use crate::sys::kqueue::changes::{Call, Changes};
use crate::sys::kqueue::event::{join, receipt, request, seen};
use crate::sys::kqueue::handle::Handle;
use crate::sys::kqueue::modes::Modes;
use crate::sys::kqueue::numbers::SYSTEM;
use crate::sys::kqueue::{ffi, timeout};
use crate::sys::pending::Pending;
use crate::sys::selector::{self, Direction, SourceIo};
use crate::{Interest, SelectorKind, Token};

/// A kqueue.
#[derive(Debug)]
pub(crate) struct Selector {
    kqueue: Handle,
    modes: Arc<Modes>,
    /// Shared with the waker, which thereby knows whether a poll has taken its last event.
    pending: Arc<Pending>,
}

/// Empty: the kernel itself notices that a source was drained.
#[derive(Debug, Default)]
pub(crate) struct SourceState;

impl selector::Selector for Selector {
    const KIND: SelectorKind = SelectorKind::Kqueue;

    type State = SourceState;

    fn supports(interests: Interest) -> bool {
        !interests.is_exclusive()
    }

    fn new() -> io::Result<Selector> {
        Ok(Selector {
            kqueue: Handle::new()?,
            modes: Arc::default(),
            pending: Arc::default(),
        })
    }

    fn try_clone(&self) -> io::Result<Selector> {
        Ok(Selector {
            kqueue: self.kqueue.try_clone()?,
            modes: Arc::clone(&self.modes),
            pending: Arc::clone(&self.pending),
        })
    }

    fn as_fd(&self) -> BorrowedFd<'_> {
        self.kqueue.as_fd()
    }

    #[inline]
    fn select(&self, events: &mut Events, timeout: Option<Duration>) -> io::Result<()> {
        let events = events.buffer();
        if events.capacity() == 0 {
            // The kernel would return at once, as if there were no events.
            return Err(io::Error::from_raw_os_error(libc::EINVAL));
        }
        timeout::until_kept(timeout, self.modes.are_used(), |timeout| {
            self.wait(events, timeout)?;
            self.pending.take();
            if events.is_empty() || !self.modes.are_used() {
                return Ok(true);
            }
            self.keep(events);
            Ok(!events.is_empty())
        })
    }

    fn register(
        &self,
        source: RawSource,
        _: SourceIo<'_, SourceState>,
        token: Token,
        interests: Interest,
    ) -> io::Result<()> {
        self.call(Call::Register(interests), source, token)
    }

    fn reregister(
        &self,
        source: RawSource,
        _: SourceIo<'_, SourceState>,
        token: Token,
        interests: Interest,
    ) -> io::Result<()> {
        self.call(Call::Reregister(interests), source, token)
    }

    fn deregister(&self, source: RawSource, _: SourceIo<'_, SourceState>) -> io::Result<()> {
        // Deleting a filter needs no token.
        self.call(Call::Deregister, source, Token(0))
    }
}

impl Selector {
    /// Returns whether this process has the kqueue. A child of `fork` does not.
    #[cfg(waker_user_event)]
    pub(super) fn is_here(&self) -> bool {
        self.kqueue.is_here()
    }

    pub(super) fn pending(&self) -> &Arc<Pending> {
        &self.pending
    }

    #[inline]
    fn wait(&self, events: &mut Vec<Event>, timeout: Option<Duration>) -> io::Result<()> {
        let kqueue = self.kqueue.as_fd();
        let Some(timeout) = timeout else {
            return ffi::wait(kqueue, events, None);
        };
        timeout::in_pieces(timeout, |piece| {
            ffi::wait(kqueue, events, Some(piece))?;
            Ok(!events.is_empty())
        })
    }

    #[inline(never)] // So that `select` stays short for programs without modes.
    fn keep(&self, events: &mut Vec<Event>) {
        let join = |first: &mut Event, second: &Event| {
            *first = Event::from_native(join(first.native(), second.native()));
        };
        let seen = |event: &Event| seen(event.native());
        self.modes.keep(&SYSTEM, events, seen, join);
    }

    fn call(&self, call: Call, source: RawSource, token: Token) -> io::Result<()> {
        let ident = source as usize;
        let mut table = self.modes.table_for(call);
        let was = table.as_ref().map_or(Mode::Edge, |table| table.mode(ident));
        let changes = call.changes(was);
        let receipts = self.change(source, &changes, token)?;
        let is_pipe = || ffi::is_pipe(source);
        let outcome = call.outcome(was, &changes, &receipts, &SYSTEM, is_pipe);
        let (made, rest) = match &outcome {
            Ok(success) => (Some(success.interests), success.rest),
            Err(failure) => (None, failure.undo),
        };
        let changed = self.change(source, &rest, token);
        let code = match &outcome {
            // The filter that stands in is the only one of the registration, so its failure is the
            // call's.
            Ok(_) => changed.map(|receipts| receipts.into_iter().find(|code| *code != 0)),
            // Report the first failure.
            Err(failure) => Ok(Some(failure.code)),
        };
        if let Some(table) = &mut table {
            let made = made.filter(|_| matches!(code, Ok(None)));
            table.learn(call, ident, token, made);
        }
        match code? {
            None => Ok(()),
            Some(code) => Err(io::Error::from_raw_os_error(code)),
        }
    }

    /// Makes the changes and returns the receipt of each.
    fn change(
        &self,
        source: RawSource,
        changes: &Changes,
        token: Token,
    ) -> io::Result<[i32; Changes::MOST]> {
        let mut requests = [ffi::zeroed(); Changes::MOST];
        let mut receipts = requests;
        let mut count = 0;
        for change in changes.iter() {
            requests[count] = request(source, *change, token);
            count += 1;
        }
        if count > 0 {
            let (requests, receipts) = (&requests[..count], &mut receipts[..count]);
            match ffi::change(self.kqueue.as_fd(), requests, receipts) {
                // A signal ends the wait only after all changes were made (kevent(2)).
                Err(err) if err.kind() != ErrorKind::Interrupted => return Err(err),
                _ => {}
            }
        }
        Ok(receipts.each_ref().map(receipt))
    }
}

impl selector::SourceState for SourceState {
    const REARMS: bool = false;

    #[inline]
    fn would_block(&self, _: Direction) {}
}
