//! A record of whether an operation has succeeded since the last `WouldBlock`.
//!
//! If none has, the kernel reported a direction as ready although it was not. It does so for the
//! end of some sockets, and for a datagram socket that has room while its receiver has none. Such a
//! direction must not be re-armed at once each time, because it would be reported in a busy loop.

use std::sync::atomic::{AtomicBool, Ordering};

use crate::sys::Direction;

/// One flag per direction. If another thread sees a flag late, one event is delayed until the next
/// renewal, so relaxed ordering is enough.
#[derive(Debug, Default)]
pub(crate) struct Progress {
    read: AtomicBool,
    write: AtomicBool,
}

impl Progress {
    pub(crate) fn set(&self, direction: Direction) {
        if direction != Direction::Write {
            self.read.store(true, Ordering::Relaxed);
        }
        if direction != Direction::Read {
            self.write.store(true, Ordering::Relaxed);
        }
    }

    /// Clears the flags of a direction. Returns whether one of them was set.
    pub(crate) fn take(&self, direction: Direction) -> bool {
        let read = direction != Direction::Write && self.read.swap(false, Ordering::Relaxed);
        let write = direction != Direction::Read && self.write.swap(false, Ordering::Relaxed);
        read || write
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn success_counts_for_its_direction_until_taken() {
        let progress = Progress::default();
        progress.set(Direction::Read);
        assert!(!progress.take(Direction::Write));
        assert!(progress.take(Direction::Read));
        assert!(!progress.take(Direction::Read));
        progress.set(Direction::Unknown);
        assert!(progress.take(Direction::Write));
        assert!(progress.take(Direction::Unknown));
        assert!(!progress.take(Direction::Unknown));
    }
}
