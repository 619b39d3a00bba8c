//! A flag that coalesces wakes: while one wake is pending in the kernel, another needs no system
//! call.
//!
//! # Why no wake is lost
//!
//! The waking thread writes its *data* and calls [`wake`](Pending::wake), which raises the kernel's
//! signal unless the signal is known to be raised. The polling thread takes the signal, then calls
//! [`take`](Pending::take), and then reads the data. The word holds two bits, whether a wake has
//! *begun* and whether the signal is *raised*, and a *generation*. Each `take` clears both bits and
//! begins a new generation. Each step is a read-modify-write, so all steps have one order. Each
//! step sees the earlier steps and the data that was written before them.
//!
//! * A wake that finds the signal **not raised** sets the begun bit and then raises the signal
//!   itself. So a poll returns after this wake. That poll sees the data, because the kernel orders
//!   everything before the signal was raised with everything after it was taken.
//! * A wake that finds the signal **raised** makes no system call. An earlier wake has raised the
//!   signal in this generation, and has set the raised bit *after* the kernel had the signal. The
//!   thread that takes that signal calls `take` afterwards, which begins another generation. That
//!   `take` has not come yet, so it comes after this wake, and the poll reads the data of this wake
//!   too. So when `wake` returns, the signal is pending in the kernel or in a batch whose `take` is
//!   still to come. A poll that begins after that has an event, whatever other waking threads do.
//! * A wake that raises the signal while a poll takes it finds another generation and does not
//!   change the word. If it set the raised bit, the bit would stand for a signal that is gone, and
//!   every later wake would be lost.
//!
//! A poll takes the signal first and begins the new generation second. In the other order a wake
//! could raise the signal and set the raised bit between the two, and the poll would then take that
//! signal. The bit would again stand for a signal that is gone.
//!
//! A poll may call `take` at any time, even if it took no signal. At worst the next wake raises the
//! signal again.
//!
//! Where the signal has other uses, the word alone decides whether there was a wake. It counts a
//! wake from the moment that it has begun, because its data is written by then. If the signal of
//! that wake comes after the `take`, no bit is set any more, so one wake is one event. A wake that
//! fails to raise the signal leaves the begun bit set, so it may be reported with the next event.
//! If another wake has come in the meantime, that one has raised the signal itself.
//!
//! A child of `fork` has a copy of the word and shares the signal. The child's wakes are coalesced
//! with its own earlier wakes, which no poll takes, so the child can't wake its parent.
//!
//! The tests in this file run under [loom], which tries the orders of the steps with up to three
//! preemptions: `ci/loom`.
//!
//! [loom]: https://docs.rs/loom

use std::io;

#[cfg(all(test, loom))]
use loom::sync::atomic::{AtomicU64 as Word, Ordering};
#[cfg(all(not(all(test, loom)), target_has_atomic = "64"))]
use std::sync::atomic::{AtomicU64 as Word, Ordering};
// A generation has 30 bits here. To be mistaken for another, it would have to wrap around within
// one system call.
#[cfg(all(not(all(test, loom)), not(target_has_atomic = "64")))]
use std::sync::atomic::{AtomicU32 as Word, Ordering};

/// The signal was raised in this generation.
const RAISED: Bits = 1;
/// A wake of this generation is raising the signal, or has raised it.
const BEGUN: Bits = 1 << 1;
const GENERATION: Bits = 1 << 2;

#[cfg(any(all(test, loom), target_has_atomic = "64"))]
type Bits = u64;
#[cfg(not(any(all(test, loom), target_has_atomic = "64")))]
type Bits = u32;

/// The wakes that no poll has taken yet.
#[derive(Debug, Default)]
pub(crate) struct Pending {
    word: Word,
}

impl Pending {
    /// Wakes the poll. Calls `raise` unless the signal is already raised.
    #[inline]
    pub(crate) fn wake(&self, raise: impl FnOnce() -> io::Result<()>) -> io::Result<()> {
        let before = self.change(|word| match word & RAISED {
            0 => word | BEGUN,
            // Write the same value: the step still needs its place in the order.
            _ => word,
        });
        if before & RAISED != 0 {
            return Ok(());
        }
        raise()?;
        self.change(|word| match word / GENERATION == before / GENERATION {
            true => word | RAISED,
            false => word,
        });
        Ok(())
    }

    /// Takes the wakes so far. Returns whether there were any. Call it after the signal was taken.
    ///
    /// Each poll calls this, so it loads before it writes. If the signal was taken, the kernel has
    /// ordered the wake that raised it before this call, so the load sees it.
    #[inline]
    pub(crate) fn take(&self) -> bool {
        self.is_set()
            && is_set(self.change(|word| (word & !(BEGUN | RAISED)).wrapping_add(GENERATION)))
    }

    /// Returns whether there is a wake to take.
    #[inline]
    pub(crate) fn is_set(&self) -> bool {
        is_set(self.word.load(Ordering::Acquire))
    }

    /// Applies `change` and returns the previous word.
    fn change(&self, change: impl Fn(Bits) -> Bits) -> Bits {
        let mut word = self.word.load(Ordering::Relaxed);
        loop {
            let next = change(word);
            let result =
                self.word
                    .compare_exchange_weak(word, next, Ordering::AcqRel, Ordering::Relaxed);
            match result {
                Ok(before) => return before,
                Err(now) => word = now,
            }
        }
    }
}

fn is_set(word: Bits) -> bool {
    word % GENERATION != 0
}

#[cfg(all(test, loom))]
mod tests {
    use loom::sync::Arc;
    use loom::sync::atomic::{AtomicBool, AtomicUsize};
    use loom::thread;

    use super::*;

    /// A waker and a poll. The signal is a counter that orders memory, as the kernel does for an
    /// eventfd.
    #[derive(Default)]
    struct Model {
        pending: Pending,
        signal: AtomicUsize,
        /// The data of the wakes, one flag for each waking thread. The accesses are relaxed, so
        /// that only the wake can order them.
        data: [AtomicBool; 2],
    }

    impl Model {
        fn wake(&self, thread: usize) {
            self.data[thread].store(true, Ordering::Relaxed);
            let raise = || {
                self.signal.fetch_add(1, Ordering::AcqRel);
                Ok(())
            };
            self.pending.wake(raise).unwrap();
        }

        fn wake_in_vain(&self) {
            let raise = || Err(io::ErrorKind::Other.into());
            let _ = self.pending.wake(raise);
        }

        /// Polls without waiting. Returns whether there was an event.
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
            // These polls come at any time, and read the data only if there was an event.
            let mut seen = 0;
            for _ in 0..2 {
                if model.poll() {
                    seen = model.seen();
                }
            }
            for waker in wakers {
                waker.join().unwrap();
            }
            // All wakes have returned. Data that was not seen must have an event pending.
            if model.poll() {
                seen = model.seen();
            }
            assert_eq!(seen, 2, "a wake was lost");
        });
    }

    /// A poll that begins after a wake has returned gets its event, even if another thread is in
    /// the middle of a wake.
    #[test]
    fn a_wake_that_has_returned_is_with_the_system() {
        loom::model(|| {
            let model = Arc::new(Model::default());
            let waker = {
                let model = Arc::clone(&model);
                thread::spawn(move || model.wake(0))
            };
            model.poll();
            model.wake(1);
            assert!(model.poll(), "nothing to be seen of the wake");
            waker.join().unwrap();
        });
    }

    /// Whatever happened before, a later wake produces an event.
    #[test]
    fn nothing_stays_raised_without_a_signal() {
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

    /// Where the word itself reports a wake, as with poll(2), it reports it once.
    #[test]
    fn one_wake_is_told_once() {
        loom::model(|| {
            let model = Arc::new(Model::default());
            let waker = {
                let model = Arc::clone(&model);
                thread::spawn(move || model.wake(0))
            };
            let mut told = 0;
            for _ in 0..2 {
                model.signal.swap(0, Ordering::AcqRel);
                if model.pending.take() {
                    told += 1;
                    assert_eq!(model.seen(), 1, "told before its time");
                }
            }
            waker.join().unwrap();
            told += usize::from(model.pending.take());
            assert_eq!(told, 1);
        });
    }

    /// A wake that the kernel refuses does not affect other wakes.
    #[test]
    fn a_wake_that_fails_takes_no_other_with_it() {
        loom::model(|| {
            let model = Arc::new(Model::default());
            let waker = {
                let model = Arc::clone(&model);
                thread::spawn(move || model.wake_in_vain())
            };
            model.wake(1);
            assert!(model.poll(), "a wake was lost");
            waker.join().unwrap();
            assert!(!model.poll());
            model.wake(1);
            assert!(model.poll(), "a later wake was lost");
        });
    }
}
