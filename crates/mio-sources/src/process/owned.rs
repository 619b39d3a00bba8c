//! std's child, which is waited for also when nobody asks any more.

use std::process::Child;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// Children that still ran when they were dropped. An id on this list is not given to another
/// process, because nobody else waits for it.
static DROPPED: Mutex<Dropped> = Mutex::new(Dropped {
    children: Vec::new(),
    next: 0,
});

/// At how many of the list is looked when a child is made or dropped. Each drop adds one at most,
/// so that the turns get around the list also while it grows.
const LOOKS: usize = 2;

struct Dropped {
    children: Vec<Child>,
    /// Whose turn it is. The first one's, if it is past the end.
    next: usize,
}

/// A child that goes on the list when it is dropped, unless it has ended.
pub(super) struct Owned {
    /// `None` in `drop` only.
    child: Option<Child>,
}

impl Owned {
    pub(super) fn new(child: Child) -> Owned {
        Owned { child: Some(child) }
    }

    pub(super) fn get(&mut self) -> &mut Child {
        self.child.as_mut().expect("taken in `drop` only")
    }

    pub(super) fn id(&self) -> u32 {
        self.child.as_ref().map_or(0, Child::id)
    }
}

impl Drop for Owned {
    fn drop(&mut self) {
        if let Some(mut child) = self.child.take() {
            // A pipe that nobody can use any more would keep the child waiting.
            (child.stdin, child.stdout, child.stderr) = (None, None, None);
            let runs = runs(&mut child);
            let mut dropped = lock();
            if runs {
                dropped.children.push(child);
            }
            dropped.reap_some();
        }
    }
}

impl Dropped {
    /// Looks at a few, in turn. To look at all each time would be quadratic in their number.
    fn reap_some(&mut self) {
        for _ in 0..LOOKS.min(self.children.len()) {
            if self.next >= self.children.len() {
                self.next = 0;
            }
            if runs(&mut self.children[self.next]) {
                self.next += 1;
            } else {
                // The last one comes here, and has its turn now.
                let last = self.children.len() - 1;
                self.children.swap(self.next, last);
                self.children.truncate(last);
            }
        }
    }
}

/// Waits for a few that have ended.
pub(super) fn reap_some() {
    lock().reap_some();
}

/// Waits for all that have ended, and says how many are left.
pub(super) fn reap() -> usize {
    let mut dropped = lock();
    dropped.children.retain_mut(runs);
    dropped.children.len()
}

fn lock() -> MutexGuard<'static, Dropped> {
    DROPPED.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Waits for a child if it has ended. One that fails has been waited for by others, and is nobody's
/// business any more.
fn runs(child: &mut Child) -> bool {
    matches!(child.try_wait(), Ok(None))
}
