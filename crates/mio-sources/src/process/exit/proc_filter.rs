//! Detects the end by a separate kqueue that watches the process: `EVFILT_PROC` with `NOTE_EXIT`.

use std::io;
use std::process::ExitStatus;

use mio::event::Source;
use nix::errno::Errno;
use nix::sys::event::{EventFilter, FilterFlag};

use crate::kqueue::Queue;
use crate::process::owned::Owned;

/// Readable when the process has ended.
///
/// The kernel may report the end while the process is still exiting, before it can be waited for.
/// So after an event without a status, a timer makes the source readable again soon.
pub(in crate::process) struct ProcFilter {
    queue: Queue,
}

/// Delay until the next check, in milliseconds.
const SOON: isize = 1;

impl ProcFilter {
    /// Returns `None` if this process can't be watched: `SIGCHLD` reports its end instead. Some
    /// kernels refuse a program that changes its user when it starts (setuid). Some report that
    /// there is no such process although it has no status: this program may not see it, or it is
    /// exiting.
    pub(super) fn of(child: &mut Owned) -> io::Result<Option<ProcFilter>> {
        let filter = ProcFilter {
            queue: Queue::new()?,
        };
        let (process, end) = (EventFilter::EVFILT_PROC, FilterFlag::NOTE_EXIT);
        match filter.queue.add(process, child.id() as usize, end, 0) {
            Ok(()) => {}
            // Some kernels report this for an ended process too. `check` then returns its status
            // again.
            Err(Errno::ESRCH) if !matches!(child.try_wait(), Ok(None)) => filter.look_again()?,
            Err(Errno::ESRCH | Errno::EACCES | Errno::EPERM) => return Ok(None),
            Err(err) => return Err(err.into()),
        }
        Ok(Some(filter))
    }

    /// Takes the event before it reads the status: an end after the read causes another event.
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

    /// Causes an event soon. The filter for the process is gone, so this is the only one.
    fn look_again(&self) -> io::Result<()> {
        let milliseconds = FilterFlag::empty();
        let timer = EventFilter::EVFILT_TIMER;
        Ok(self.queue.add(timer, 0, milliseconds, SOON)?)
    }
}
