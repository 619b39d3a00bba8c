//! The flag that makes a wake cheap: while one is on its way, another needs no system call.
//!
//! # Why no wake is lost
//!
//! Who wakes writes what it has to say (*data*), sets the flag, and raises the signal of the system
//! if the flag was not set before. Who polls takes the signal, takes the flag, and reads the data.
//! Each step on the flag is a read-modify-write, so all of them have one order, and each sees what
//! came before it, with the data written before that.
//!
//! * A wake that finds the flag **not set** raises the signal after it. The signal stays with the
//!   system until a poll takes it, so one poll returns after this wake, and it sees the data, as
//!   the system orders what comes before its signal with what comes after it.
//! * A wake that finds the flag **set** says nothing to the system. The flag was set by an earlier
//!   wake and has not been taken since. That wake raises the signal, or has raised it, and whoever
//!   took the signal has not taken the flag yet, or it would not be set. So a poll is still to take
//!   the flag. Taking comes after this wake in the order of the flag, and what the poll reads after
//!   that includes the data of this wake. And that poll has an event to deliver, or a later one:
//!   taking the flag comes *after* taking the signal, so a signal that was raised is either in the
//!   batch that is being delivered or still with the system.
//!
//! Were the flag taken first, a wake could set it and raise the signal between the two, and the
//! poll would take that signal as the old one. The flag would stay set with no signal to come, and
//! every later wake would be lost.
//!
//! The poll may take the flag at any time, also if it did not take a signal. At worst the next wake
//! raises the signal again.
//!
//! The tests of this file run it under [loom], which tries every order: `ci/loom`.
//!
//! [loom]: https://docs.rs/loom

#[cfg(all(test, loom))]
use loom::sync::atomic::{AtomicBool, Ordering};
#[cfg(not(all(test, loom)))]
use std::sync::atomic::{AtomicBool, Ordering};

/// Whether a wake is on its way that no poll has taken yet.
#[derive(Debug, Default)]
pub(crate) struct Pending {
    flag: AtomicBool,
}

impl Pending {
    /// Counts a wake. `true` asks the caller to raise the signal.
    #[inline]
    pub(crate) fn set(&self) -> bool {
        !self.flag.swap(true, Ordering::AcqRel)
    }

    /// Takes the wakes so far, after their signal was taken. Answers whether there were any.
    ///
    /// A poll does this each time, so it looks before it writes. If the signal was taken, the
    /// system has ordered the wake that raised it before this, and the look can't miss it.
    #[inline]
    pub(crate) fn take(&self) -> bool {
        self.flag.load(Ordering::Acquire) && self.flag.swap(false, Ordering::AcqRel)
    }

    /// Whether there is something to take.
    #[cfg(any(afd, poll))]
    pub(crate) fn is_set(&self) -> bool {
        self.flag.load(Ordering::Acquire)
    }
}

#[cfg(all(test, loom))]
mod tests {
    use loom::sync::Arc;
    use loom::sync::atomic::AtomicUsize;
    use loom::thread;

    use super::*;

    /// A waker and a poll. The signal is a counter that the system orders, as an eventfd is.
    #[derive(Default)]
    struct Model {
        pending: Pending,
        signal: AtomicUsize,
        /// What the wakes are about, one flag of data for each thread that wakes. Their own order
        /// is the weakest there is, so that only the wake can order them.
        data: [AtomicBool; 2],
    }

    impl Model {
        fn wake(&self, thread: usize) {
            self.data[thread].store(true, Ordering::Relaxed);
            if self.pending.set() {
                self.signal.fetch_add(1, Ordering::AcqRel);
            }
        }

        /// A poll that does not wait. Answers whether there was an event.
        fn poll(&self) -> bool {
            let is_signalled = self.signal.swap(0, Ordering::AcqRel) > 0;
            self.pending.take();
            is_signalled
        }

        fn seen(&self) -> usize {
            let data = self.data.iter();
            data.filter(|data| data.load(Ordering::Relaxed)).count()
        }
    }

    /// Each wake is followed by an event after which its data is seen.
    #[test]
    fn no_wake_is_lost() {
        loom::model(|| {
            let model = Arc::new(Model::default());
            let wakers = [0, 1].map(|thread| {
                let model = Arc::clone(&model);
                thread::spawn(move || model.wake(thread))
            });
            // Polls that come at any time, and look at the data only when there was an event.
            let mut seen = 0;
            for _ in 0..2 {
                if model.poll() {
                    seen = model.seen();
                }
            }
            for waker in wakers {
                waker.join().unwrap();
            }
            // Now all wakes are over. What was not seen has an event to come.
            if model.poll() {
                seen = model.seen();
            }
            assert_eq!(seen, 2, "a wake was lost");
        });
    }

    /// Whatever happened before, a wake that comes now is an event.
    #[test]
    fn the_flag_never_stays_set_without_a_signal() {
        loom::model(|| {
            let model = Arc::new(Model::default());
            let waker = {
                let model = Arc::clone(&model);
                thread::spawn(move || {
                    model.wake(0);
                    model.wake(0);
                })
            };
            model.poll();
            model.poll();
            waker.join().unwrap();
            model.poll();
            assert!(!model.poll(), "the signal was taken");
            model.wake(1);
            assert!(model.poll(), "a wake was lost");
        });
    }
}
