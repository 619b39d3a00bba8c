//! Many signals: what is merged, and that none is missed altogether.

use std::sync::mpsc;
use std::thread;

use mio_sources::signal::{Signal, Signals};
use rustix::process::{getpid, kill_process};

use crate::support::{on_each_selector, turn};

/// To the process, from any thread, as another process would send it.
fn send_usr1() {
    kill_process(getpid(), rustix::process::Signal::USR1).unwrap();
}

#[test]
fn up_to_five_of_a_number_are_kept() {
    let _turn = turn();
    let mut signals = Signals::new([Signal::SIGUSR1, Signal::SIGUSR2]).unwrap();
    for (sent, kept) in [(1, 1), (5, 5), (6, 5), (100, 5)] {
        for _ in 0..sent {
            Signal::SIGUSR1.raise().unwrap();
        }
        Signal::SIGUSR2.raise().unwrap();
        let received: Vec<_> = signals.drain().map(|delivered| delivered.signal).collect();
        let of = |wanted| received.iter().filter(|signal| **signal == wanted).count();
        assert_eq!(of(Signal::SIGUSR1), kept, "of {sent}");
        assert_eq!(of(Signal::SIGUSR2), 1, "next to {sent} others");
    }
}

/// One signal at a time, 3000 times: a wake-up that is lost would hang here.
#[test]
fn no_wake_up_is_lost() {
    let _turn = turn();
    on_each_selector(|mut watch| {
        let mut signals = Signals::new([Signal::SIGUSR1]).unwrap();
        watch.register(&mut signals, 1);
        let (next, turns) = mpsc::channel();
        let sender = thread::spawn(move || turns.iter().for_each(|()| send_usr1()));
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

/// A storm from four threads while the signals are received. Afterwards the source works as before.
#[test]
fn a_storm_is_merged_and_not_missed() {
    let _turn = turn();
    const SENT: usize = 5000;
    on_each_selector(|mut watch| {
        let mut signals = Signals::new([Signal::SIGUSR1, Signal::SIGUSR2]).unwrap();
        watch.register(&mut signals, 1);
        let mut received = 0;
        thread::scope(|scope| {
            let senders: Vec<_> = (0..4)
                .map(|_| scope.spawn(|| (0..SENT).for_each(|_| send_usr1())))
                .collect();
            while senders.iter().any(|sender| !sender.is_finished()) {
                watch.poll(std::time::Duration::from_millis(1));
                received += signals.drain().count();
            }
        });
        received += signals.drain().count();
        assert!((1..=4 * SENT).contains(&received), "{received}");

        // The system may still have one for a thread that has not run since.
        for signal in [Signal::SIGUSR1, Signal::SIGUSR2] {
            signal.raise().unwrap();
            while !signals.drain().any(|delivered| delivered.signal == signal) {
                watch.wait(1);
            }
        }
    });
}

/// Bursts that are larger than what is kept, to the process and not to a thread.
#[test]
fn after_a_burst_there_is_at_least_one() {
    let _turn = turn();
    on_each_selector(|mut watch| {
        let mut signals = Signals::new([Signal::SIGUSR2]).unwrap();
        watch.register(&mut signals, 1);
        for _ in 0..200 {
            let burst = || kill_process(getpid(), rustix::process::Signal::USR2).unwrap();
            let sender = thread::spawn(move || (0..20).for_each(|_| burst()));
            sender.join().unwrap();
            watch.wait(1);
            while signals.drain().count() == 0 {
                watch.wait(1);
            }
        }
    });
}
