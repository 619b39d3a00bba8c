//! The word that makes a wake cheap: while one is with the system, another needs no system call.
//!
//! # Why no wake is lost
//!
//! Who wakes writes what it has to say (*data*) and calls [`wake`](Pending::wake), which raises
//! the signal of the system unless it is known to be raised. Who polls takes the signal, then
//! calls [`take`](Pending::take), and then reads the data. The word holds whether a wake has
//! *begun*, whether the signal is *raised*, and a *generation*: each `take` unsets the two and
//! begins another. Each step is a read-modify-write, so all of them have one order, and each
//! sees what came before it, with the data written before that.
//!
//! * A wake that finds the signal **not raised** raises it itself, after it has said that it has
//!   begun. So one poll returns after this wake. That poll sees the data, because the system orders
//!   what comes before its signal with what comes after it.
//! * A wake that finds it **raised** says nothing to the system. An earlier wake has raised the
//!   signal in this generation, and has said so *after* the system had it. Whoever takes that
//!   signal calls `take` after it, which begins another generation. That has not come yet, so it
//!   comes after this wake, and what that poll reads then includes the data of this wake. So when
//!   `wake` returns the signal is with the system, or in a batch whose `take` is still to come: a
//!   poll that begins after that has an event, whatever another thread that wakes is doing.
//! * A wake that has raised the signal while a poll took it finds another generation, and leaves
//!   the word alone. Otherwise it would say so of a signal that is gone, and every later wake would
//!   be lost.
//!
//! Were the generation begun before the signal was taken, a wake could raise the signal and say so
//! between the two, and the poll would take that signal as the old one: the same loss.
//!
//! A poll may call `take` at any time, also if it took no signal. At worst the next wake raises
//! the signal again. Where the signal has other uses, so that the word must tell whether it was
//! a wake, it tells as soon as one has begun: its data is there. The signal of that wake comes
//! later, and then the word tells of nothing, so that one wake is one event. A wake that can't
//! raise the signal says that it has begun all the same, and may be told of with the next
//! event; another one that came meanwhile has raised it itself.
//!
//! A child of `fork` has a copy of the word and shares the signal. Its wakes are coalesced with
//! those of its own that nobody takes, so it can't wake its parent.
//!
//! The tests of this file run it under [loom], which tries the orders of its steps with up to three
//! preemptions: `ci/loom`.
//!
//! [loom]: https://docs.rs/loom

use std::io;

#[cfg(all(test, loom))]
use loom::sync::atomic::{AtomicU64 as Word, Ordering};
#[cfg(all(not(all(test, loom)), target_has_atomic = "64"))]
use std::sync::atomic::{AtomicU64 as Word, Ordering};
// A generation has 30 bits there. It would have to come round within one call of the system.
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

/// Whether a wake is with the system that no poll has taken yet.
#[derive(Debug, Default)]
pub(crate) struct Pending {
    word: Word,
}

impl Pending {
    /// Wakes, by `raise` if the signal is not raised.
    #[inline]
    pub(crate) fn wake(&self, raise: impl FnOnce() -> io::Result<()>) -> io::Result<()> {
        let before = self.change(|word| match word & RAISED {
            0 => word | BEGUN,
            // The same again: what matters is the place in the order.
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

    /// Takes the wakes so far, after their signal was taken. Answers whether there were any.
    ///
    /// A poll does this each time, so it looks before it writes. If the signal was taken, the
    /// system has ordered the wake that raised it before this, and the look can't miss it.
    #[inline]
    pub(crate) fn take(&self) -> bool {
        self.is_set()
            && is_set(self.change(|word| (word & !(BEGUN | RAISED)).wrapping_add(GENERATION)))
    }

    /// Whether there is something to take.
    #[inline]
    pub(crate) fn is_set(&self) -> bool {
        is_set(self.word.load(Ordering::Acquire))
    }

    /// Answers with the word of before.
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

    /// A poll that begins when a wake has returned has its event, though another thread may be in
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

    /// Whatever happened before, a wake that comes now is an event.
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

    /// Where it is the word that tells of a wake, as with poll(2), it tells once.
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

    /// A wake that the system refuses does no harm to others.
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
