//! A child of std that is reaped even after its handle was dropped.

use std::io;
#[cfg(waitid)]
use std::os::unix::process::ExitStatusExt;
use std::process::{Child, ExitStatus};
use std::sync::{Mutex, MutexGuard, PoisonError};

#[cfg(signals)]
use rustix::io::Errno;
#[cfg(signals)]
use rustix::process::Pid;
#[cfg(waitid)]
use rustix::process::{WaitId, WaitIdOptions, WaitIdStatus, waitid};

/// Children that still ran when they were dropped. No other process gets an id on this list,
/// because nothing else waits for it.
static DROPPED: Mutex<Dropped> = Mutex::new(Dropped {
    children: Vec::new(),
    next: 0,
});

/// Number of children on the list to check when a child is created or dropped. Each drop adds at
/// most one, so the checks get around the list even while it grows.
const LOOKS: usize = 2;

struct Dropped {
    children: Vec<Child>,
    /// Index of the next child to check. Past the end it means the first one.
    next: usize,
}

/// A child that is added to the list when it is dropped, unless it has ended.
pub(super) struct Owned {
    /// `None` in `drop` only.
    child: Option<Child>,
    /// The exit status, once it is known.
    status: Option<ExitStatus>,
    /// Set if other code, or the kernel, has waited for the child.
    is_lost: bool,
    /// Set if it was started as the leader of a process group. With `cfg(waitid)` it then stays a
    /// zombie until this is dropped, so that no other process gets its id, which is the group's
    /// too.
    #[cfg(signals)]
    leads_group: bool,
}

impl Owned {
    pub(super) fn new(child: Child) -> Owned {
        Owned {
            child: Some(child),
            status: None,
            is_lost: false,
            #[cfg(signals)]
            leads_group: false,
        }
    }

    pub(super) fn get(&mut self) -> &mut Child {
        self.child.as_mut().expect("taken in `drop` only")
    }

    pub(super) fn id(&self) -> u32 {
        self.child.as_ref().map_or(0, Child::id)
    }

    #[cfg(signals)]
    pub(super) fn pid(&mut self) -> Pid {
        Pid::from_child(self.get())
    }

    #[cfg(signals)]
    pub(super) fn leads_group(&self) -> bool {
        self.leads_group
    }

    #[cfg(signals)]
    pub(super) fn set_leads_group(&mut self) {
        self.leads_group = true;
    }

    pub(super) fn try_wait(&mut self) -> io::Result<Option<ExitStatus>> {
        self.check_lost()?;
        #[cfg(waitid)]
        if self.leads_group {
            return self.look(WaitIdOptions::NOHANG);
        }
        let result = self.get().try_wait();
        self.note(result)
    }

    pub(super) fn wait(&mut self) -> io::Result<ExitStatus> {
        self.check_lost()?;
        #[cfg(waitid)]
        while self.leads_group {
            match self.look(WaitIdOptions::empty()) {
                Ok(Some(status)) => return Ok(status),
                Ok(None) => {}
                Err(err) if err.kind() == io::ErrorKind::Interrupted => {}
                Err(err) => return Err(err),
            }
        }
        match self.get().wait() {
            Ok(status) => {
                self.status = Some(status);
                Ok(status)
            }
            Err(err) => {
                self.is_lost |= is_lost(&err);
                Err(err)
            }
        }
    }

    /// Returns `true` if the exit status is known.
    pub(super) fn has_status(&self) -> bool {
        self.status.is_some()
    }

    /// Returns `true` if the exit status is lost.
    pub(super) fn is_lost(&self) -> bool {
        self.is_lost
    }

    /// Returns `true` if the id is known to be this child's, or that of the group that it leads.
    /// (Another thread may wait for the child right after.)
    #[cfg(waitid)]
    pub(super) fn has_id(&mut self) -> bool {
        let is_reaped = self.is_lost || (self.status.is_some() && !self.leads_group);
        !is_reaped && self.peek(WaitIdOptions::NOHANG).is_ok()
    }

    /// The same without `waitid`. Reaps a child that has ended.
    #[cfg(all(signals, not(waitid)))]
    pub(super) fn has_id(&mut self) -> bool {
        matches!(self.try_wait(), Ok(None))
    }

    /// Calls [`try_wait`](Owned::try_wait) without reaping the zombie.
    #[cfg(waitid)]
    fn look(&mut self, options: WaitIdOptions) -> io::Result<Option<ExitStatus>> {
        if self.status.is_some() {
            return Ok(self.status);
        }
        let result = self.peek(options);
        self.note(result)
    }

    #[cfg(waitid)]
    fn peek(&mut self, options: WaitIdOptions) -> io::Result<Option<ExitStatus>> {
        let options = options | WaitIdOptions::EXITED | WaitIdOptions::NOWAIT;
        let found = waitid(WaitId::Pid(self.pid()), options)?;
        Ok(found.as_ref().and_then(status))
    }

    fn note(&mut self, result: io::Result<Option<ExitStatus>>) -> io::Result<Option<ExitStatus>> {
        match &result {
            Ok(status) => self.status = *status,
            Err(err) => self.is_lost |= is_lost(err),
        }
        result
    }

    /// Returns an error for a lost child. Its id is not used again: another child may have it by
    /// now, and would be waited for instead.
    fn check_lost(&self) -> io::Result<()> {
        #[cfg(signals)]
        if self.is_lost {
            return Err(Errno::CHILD.into());
        }
        Ok(())
    }
}

/// Returns `true` if the error means that the child was waited for elsewhere.
#[cfg(signals)]
fn is_lost(err: &io::Error) -> bool {
    Errno::from_io_error(err) == Some(Errno::CHILD)
}

/// Returns `false`: the handle always refers to this child.
#[cfg(not(signals))]
fn is_lost(_: &io::Error) -> bool {
    false
}

/// Converts to std's type, by the number that waitpid(2) would have returned.
#[cfg(waitid)]
fn status(found: &WaitIdStatus) -> Option<ExitStatus> {
    const DUMPED: i32 = 0x80;
    let dumped = if found.dumped() { DUMPED } else { 0 };
    let exited = found.exit_status().map(|code| (code & 0xff) << 8);
    let killed = found.terminating_signal().map(|signal| signal | dumped);
    exited.or(killed).map(ExitStatus::from_raw)
}

impl Drop for Owned {
    fn drop(&mut self) {
        if let Some(mut child) = self.child.take() {
            // A pipe that nothing can use any more would make the child wait.
            (child.stdin, child.stdout, child.stderr) = (None, None, None);
            let runs = !self.is_lost && runs(&mut child);
            let mut dropped = lock();
            if runs {
                dropped.children.push(child);
            }
            dropped.reap_some();
        }
    }
}

impl Dropped {
    /// Checks a few children, in turn. Checking all each time would be quadratic in their number.
    fn reap_some(&mut self) {
        for _ in 0..LOOKS.min(self.children.len()) {
            if self.next >= self.children.len() {
                self.next = 0;
            }
            if runs(&mut self.children[self.next]) {
                self.next += 1;
            } else {
                // The last child moves to this index, and is checked next.
                let last = self.children.len() - 1;
                self.children.swap(self.next, last);
                self.children.truncate(last);
            }
        }
    }
}

/// Reaps a few children that have ended.
pub(super) fn reap_some() {
    lock().reap_some();
}

/// Reaps all children that have ended, and returns the number of the others.
pub(super) fn reap() -> usize {
    let mut dropped = lock();
    dropped.children.retain_mut(runs);
    dropped.children.len()
}

fn lock() -> MutexGuard<'static, Dropped> {
    DROPPED.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Returns `true` if the child still runs, and reaps it if not. If waiting fails, other code has
/// waited for it, and nothing is left to do.
fn runs(child: &mut Child) -> bool {
    matches!(child.try_wait(), Ok(None))
}
