//! By a kqueue of its own that watches the process: `EVFILT_PROC` with `NOTE_EXIT`.

use std::io;
use std::process::ExitStatus;

use mio::event::Source;
use nix::errno::Errno;
use nix::sys::event::{EventFilter, FilterFlag};

use crate::kqueue::Queue;
use crate::process::owned::Owned;

/// Readable when the process has ended.
///
/// Being told of the end is one thing, and having its status another. The system may tell while the
/// process is still on its way out, when it can't be waited for yet. So then it is looked at, and
/// looked at again soon if it has no status.
pub(in crate::process) struct ProcFilter {
    queue: Queue,
}

/// Until the next look, in milliseconds.
const SOON: isize = 1;

impl ProcFilter {
    /// `None` if the system does not let us watch this one: some do not if the program changes its
    /// user when it starts (setuid). Or if it says that there is no such process, though there is
    /// no status: then we may not see it, or it is on its way out. `SIGCHLD` tells of all of them.
    pub(super) fn of(child: &mut Owned) -> io::Result<Option<ProcFilter>> {
        let filter = ProcFilter {
            queue: Queue::new()?,
        };
        let (process, end) = (EventFilter::EVFILT_PROC, FilterFlag::NOTE_EXIT);
        match filter.queue.add(process, child.id() as usize, end, 0) {
            Ok(()) => {}
            // Of one that has ended some systems say so too. `check` gives its status again.
            Err(Errno::ESRCH) if !matches!(child.try_wait(), Ok(None)) => filter.look_again()?,
            Err(Errno::ESRCH | Errno::EACCES | Errno::EPERM) => return Ok(None),
            Err(err) => return Err(err.into()),
        }
        Ok(Some(filter))
    }

    /// What was told goes first: what is told after we have looked makes an event.
    pub(super) fn check(&mut self, child: &mut Owned) -> io::Result<Option<ExitStatus>> {
        let told = self.queue.take()?;
        let status = child.try_wait()?;
        if told && status.is_none() {
            self.look_again()?;
        }
        Ok(status)
    }

    pub(super) fn source(&mut self) -> &mut impl Source {
        self.queue.source()
    }

    /// Makes an event soon. The filter for the process is gone, so this is the only one.
    fn look_again(&self) -> io::Result<()> {
        let milliseconds = FilterFlag::empty();
        let timer = EventFilter::EVFILT_TIMER;
        Ok(self.queue.add(timer, 0, milliseconds, SOON)?)
    }
}
