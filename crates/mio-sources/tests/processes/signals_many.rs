//! Many signals: some are merged, and no number is lost.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc;
use std::thread;
use std::time::Instant;

use mio_sources::signal::{Signal, Signals};

use crate::support::{LONG, ONE, TWO, alone, on_each_selector, turn};

/// Sends to the process, for any thread, as another process would.
#[cfg(signals)]
fn send(signal: Signal) {
    use rustix::process::{getpid, kill_process};

    let signal = rustix::process::Signal::from_named_raw(signal.as_raw()).unwrap();
    kill_process(getpid(), signal).unwrap();
}

#[cfg(console_events)]
fn send(signal: Signal) {
    signal.raise().unwrap();
}

#[test]
fn up_to_five_of_a_number_are_kept() {
    let _turn = turn();
    let mut signals = Signals::new([ONE, TWO]).unwrap();
    for (sent, kept) in [(1, 1), (5, 5), (6, 5), (100, 5)] {
        for _ in 0..sent {
            ONE.raise().unwrap();
        }
        TWO.raise().unwrap();
        let received: Vec<_> = signals.drain().map(|delivered| delivered.signal).collect();
        let of = |wanted| received.iter().filter(|signal| **signal == wanted).count();
        assert_eq!(of(ONE), kept, "of {sent}");
        assert_eq!(of(TWO), 1, "next to {sent} others");
    }
}

/// One signal at a time, 3000 times: a lost wake-up would hang here.
#[test]
fn no_wake_up_is_lost() {
    let _turn = turn();
    on_each_selector(|mut watch| {
        let mut signals = Signals::new([ONE]).unwrap();
        watch.register(&mut signals, 1);
        let (next, turns) = mpsc::channel();
        let sender = thread::spawn(move || turns.iter().for_each(|()| send(ONE)));
        for _ in 0..3000 {
            next.send(()).unwrap();
            loop {
                watch.wait(1);
                if signals.drain().count() > 0 {
                    break;
                }
            }
        }
        drop(next);
        sender.join().unwrap();
    });
}

/// A storm from four threads while the signals are received. At least one of each batch is
/// received, or its thread would wait without end. Afterwards the source works as before.
#[test]
fn a_storm_is_merged_and_not_missed() {
    const BATCHES: usize = 50;
    const IN_A_BATCH: usize = 100;
    const NUMBERS: [Signal; 2] = [ONE, TWO];
    alone("signals_many::a_storm_is_merged_and_not_missed", || {
        on_each_selector(|mut watch| {
            let mut signals = Signals::new(NUMBERS).unwrap();
            watch.register(&mut signals, 1);
            let received = [AtomicUsize::new(0), AtomicUsize::new(0)];
            let finished = AtomicUsize::new(0);
            let send_batches = |number: usize| {
                let counted = || received[number].load(Ordering::Acquire);
                for _ in 0..BATCHES {
                    let before = counted();
                    (0..IN_A_BATCH).for_each(|_| send(NUMBERS[number]));
                    let deadline = Instant::now() + LONG;
                    while counted() == before {
                        assert!(Instant::now() < deadline, "{} is missed", NUMBERS[number]);
                        thread::yield_now();
                    }
                }
            };
            thread::scope(|scope| {
                for number in [0, 1, 0, 1] {
                    let (send_batches, finished) = (&send_batches, &finished);
                    scope.spawn(move || {
                        let result = catch_unwind(AssertUnwindSafe(|| send_batches(number)));
                        finished.fetch_add(1, Ordering::Release);
                        // Wakes the poll, so that it detects the end.
                        send(NUMBERS[number]);
                        result.unwrap();
                    });
                }
                while finished.load(Ordering::Acquire) < 4 {
                    watch.wait(1);
                    for delivered in signals.drain() {
                        let number = usize::from(delivered.signal == TWO);
                        received[number].fetch_add(1, Ordering::Release);
                    }
                }
            });
            for received in received {
                let received = received.into_inner();
                // Two threads may take the same signal for that of their batch.
                let possible = BATCHES..=2 * (BATCHES * IN_A_BATCH + 1);
                assert!(possible.contains(&received), "{received}");
            }

            // The kernel may still hold one for a thread that has not run since.
            for signal in NUMBERS {
                signal.raise().unwrap();
                while !signals.drain().any(|delivered| delivered.signal == signal) {
                    watch.wait(1);
                }
            }
        });
    });
}

/// Bursts that are larger than the number kept, sent to the process and not to a thread.
#[test]
fn after_a_burst_there_is_at_least_one_of_each_number() {
    const NUMBERS: [Signal; 2] = [ONE, TWO];
    let path = "signals_many::after_a_burst_there_is_at_least_one_of_each_number";
    alone(path, || {
        on_each_selector(|mut watch| {
            let mut signals = Signals::new(NUMBERS).unwrap();
            watch.register(&mut signals, 1);
            for _ in 0..200 {
                let burst = || NUMBERS.into_iter().for_each(send);
                let sender = thread::spawn(move || (0..20).for_each(|_| burst()));
                sender.join().unwrap();
                let mut missing = NUMBERS.to_vec();
                while !missing.is_empty() {
                    watch.wait(1);
                    for delivered in signals.drain() {
                        missing.retain(|signal| *signal != delivered.signal);
                    }
                }
            }
        });
    });
}
