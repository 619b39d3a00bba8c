//! std's child, which is waited for also when nobody asks any more.

use std::process::Child;
use std::sync::{Mutex, PoisonError};

/// Children that still ran when they were dropped. An id on this list is not given to another
/// process, because nobody else waits for it.
static DROPPED: Mutex<Vec<Child>> = Mutex::new(Vec::new());

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
            drop((child.stdin.take(), child.stdout.take(), child.stderr.take()));
            let mut dropped = DROPPED.lock().unwrap_or_else(PoisonError::into_inner);
            dropped.push(child);
            retain_running(&mut dropped);
        }
    }
}

/// Waits for those that have ended, and says how many are left.
pub(super) fn reap() -> usize {
    let mut dropped = DROPPED.lock().unwrap_or_else(PoisonError::into_inner);
    retain_running(&mut dropped);
    dropped.len()
}

/// One that fails has been waited for by others, and is nobody's business any more.
fn retain_running(dropped: &mut Vec<Child>) {
    dropped.retain_mut(|child| matches!(child.try_wait(), Ok(None)));
}
