//! Signals one by one: which is received by whom, and what is refused.

use std::io::ErrorKind;
use std::os::unix::process::ExitStatusExt;
use std::sync::atomic::{AtomicBool, Ordering};

use mio::{Interest, Token};
use mio_sources::signal::{Signal, Signals};
use rustix::process::{getpid, kill_process};

use crate::support::{
    Watch, alone, interests_have_one_rule, on_each_selector, open_descriptors, run_alone, shell,
    turn,
};

fn received(signals: &mut Signals) -> Vec<Signal> {
    signals.drain().map(|delivered| delivered.signal).collect()
}

#[test]
fn each_signal_is_an_event() {
    let _turn = turn();
    on_each_selector(|mut watch| {
        let mut signals = Signals::new([Signal::SIGUSR1, Signal::SIGUSR2]).unwrap();
        watch.register(&mut signals, 7);
        watch.expect_silence();
        assert_eq!(signals.receive(), None);
        for signal in [Signal::SIGUSR1, Signal::SIGUSR2, Signal::SIGUSR1] {
            signal.raise().unwrap();
            watch.wait(7);
            assert_eq!(received(&mut signals), [signal]);
            watch.expect_silence();
        }
        // Both at once, in any order.
        Signal::SIGUSR1.raise().unwrap();
        Signal::SIGUSR2.raise().unwrap();
        watch.wait(7);
        let mut both = received(&mut signals);
        both.sort();
        assert_eq!(both, [Signal::SIGUSR1, Signal::SIGUSR2]);
        watch.expect_silence();
    });
}

#[test]
fn what_came_before_registering_is_an_event() {
    let _turn = turn();
    on_each_selector(|mut watch| {
        let mut signals = Signals::new([Signal::SIGUSR1]).unwrap();
        Signal::SIGUSR1.raise().unwrap();
        watch.register(&mut signals, 1);
        watch.wait(1);
        assert_eq!(received(&mut signals), [Signal::SIGUSR1]);
    });
}

#[test]
fn each_instance_sees_each_signal() {
    let _turn = turn();
    on_each_selector(|mut watch| {
        let mut first = Signals::new([Signal::SIGUSR1, Signal::SIGUSR2]).unwrap();
        let mut second = Signals::new([Signal::SIGUSR1]).unwrap();
        watch.register(&mut first, 1);
        watch.register(&mut second, 2);
        Signal::SIGUSR1.raise().unwrap();
        watch.wait(1);
        assert_eq!(received(&mut first), [Signal::SIGUSR1]);
        assert_eq!(received(&mut second), [Signal::SIGUSR1]);

        drop(first);
        Signal::SIGUSR1.raise().unwrap();
        watch.wait(2);
        assert_eq!(received(&mut second), [Signal::SIGUSR1]);
    });
}

#[test]
fn signals_are_added_and_removed_while_registered() {
    let _turn = turn();
    on_each_selector(|mut watch| {
        let mut signals = Signals::new([]).unwrap();
        watch.register(&mut signals, 1);
        signals.add(Signal::SIGUSR1).unwrap();
        signals.add(Signal::SIGUSR1).unwrap();
        signals.add(Signal::SIGUSR2).unwrap();
        assert!(signals.watched().eq([Signal::SIGUSR1, Signal::SIGUSR2]));
        Signal::SIGUSR1.raise().unwrap();
        watch.wait(1);
        assert_eq!(received(&mut signals), [Signal::SIGUSR1]);

        // What was delivered before is thrown away, and what comes later does not end the process.
        Signal::SIGUSR1.raise().unwrap();
        Signal::SIGUSR2.raise().unwrap();
        assert!(signals.remove(Signal::SIGUSR1));
        assert!(!signals.remove(Signal::SIGUSR1));
        Signal::SIGUSR1.raise().unwrap();
        watch.wait(1);
        assert_eq!(received(&mut signals), [Signal::SIGUSR2]);

        // It comes back.
        signals.add(Signal::SIGUSR1).unwrap();
        assert_eq!(signals.receive(), None);
        watch.expect_silence();
        Signal::SIGUSR1.raise().unwrap();
        watch.wait(1);
        assert_eq!(received(&mut signals), [Signal::SIGUSR1]);
    });
}

#[test]
fn removing_in_the_middle_of_receiving_loses_no_other() {
    let _turn = turn();
    let three = [Signal::SIGHUP, Signal::SIGUSR1, Signal::SIGUSR2];
    for removed in three {
        let mut signals = Signals::new(three).unwrap();
        for signal in three {
            signal.raise().unwrap();
        }
        let first = signals.receive().unwrap().signal;
        assert!(signals.remove(removed));
        let mut seen = received(&mut signals);
        seen.push(first);
        seen.sort();
        let wanted = three.into_iter();
        let mut wanted: Vec<_> = wanted
            .filter(|signal| *signal == first || *signal != removed)
            .collect();
        wanted.sort();
        assert_eq!(seen, wanted, "without {removed}");
    }
}

#[test]
fn what_is_deregistered_is_silent_and_kept() {
    let _turn = turn();
    on_each_selector(|mut watch| {
        let mut signals = Signals::new([Signal::SIGUSR1]).unwrap();
        watch.register(&mut signals, 1);
        watch.deregister(&mut signals);
        Signal::SIGUSR1.raise().unwrap();
        watch.expect_silence();
        assert_eq!(received(&mut signals), [Signal::SIGUSR1]);
        watch.register(&mut signals, 2);
        let registry = watch.poll.registry();
        registry
            .reregister(&mut signals, Token(3), Interest::READABLE)
            .unwrap();
        Signal::SIGUSR1.raise().unwrap();
        watch.wait(3);
    });
}

#[test]
fn only_readable_can_be_asked_for() {
    let _turn = turn();
    on_each_selector(|mut watch| {
        let mut signals = Signals::new([Signal::SIGUSR1]).unwrap();
        interests_have_one_rule(watch.poll.selector_kind(), &mut signals);
        // Its socket is writable, and nobody hears of that.
        let registry = watch.poll.registry();
        let both = Interest::READABLE | Interest::WRITABLE;
        registry.register(&mut signals, Token(0), both).unwrap();
        watch.expect_silence();
    });
}

/// Receives one signal for each event, until there are no more. Each round does all of it again, as
/// what is left behind by one may be what the next one needs.
fn one_for_each_event(mode: Interest, reregister: bool) {
    let _turn = turn();
    on_each_selector(|mut watch| {
        let mut signals = Signals::new([Signal::SIGUSR1, Signal::SIGUSR2]).unwrap();
        let registry = watch.poll.registry();
        registry.register(&mut signals, Token(1), mode).unwrap();
        for round in 0..4 {
            Signal::SIGUSR1.raise().unwrap();
            Signal::SIGUSR2.raise().unwrap();
            let mut seen = Vec::new();
            loop {
                watch.wait(1);
                if mode.is_level() && !mode.is_oneshot() {
                    watch.wait(1);
                }
                let next = signals.receive();
                if reregister {
                    let registry = watch.poll.registry();
                    registry.reregister(&mut signals, Token(1), mode).unwrap();
                }
                match next {
                    Some(delivered) => seen.push(delivered.signal),
                    None => break,
                }
            }
            seen.sort();
            let both = [Signal::SIGUSR1, Signal::SIGUSR2];
            assert_eq!(seen, both, "in round {round}");
            watch.expect_silence();
        }
    });
}

#[test]
fn level_mode_repeats_until_all_is_received() {
    one_for_each_event(Interest::READABLE.level(), false);
}

#[test]
fn oneshot_tells_of_what_is_left_when_reregistered() {
    one_for_each_event(Interest::READABLE.oneshot(), true);
    one_for_each_event(Interest::READABLE.level().oneshot(), true);
}

#[test]
fn edge_mode_tells_of_what_is_left_when_reregistered() {
    one_for_each_event(Interest::READABLE, true);
}

/// In the middle of receiving it is deregistered, and registered anew.
#[test]
fn what_is_left_is_an_event_for_the_next_registration() {
    let _turn = turn();
    on_each_selector(|mut watch| {
        let mut signals = Signals::new([Signal::SIGUSR1, Signal::SIGUSR2]).unwrap();
        for _ in 0..3 {
            watch.register(&mut signals, 1);
            Signal::SIGUSR1.raise().unwrap();
            Signal::SIGUSR2.raise().unwrap();
            watch.wait(1);
            assert!(signals.receive().is_some());
            watch.deregister(&mut signals);
            watch.register(&mut signals, 2);
            watch.wait(2);
            assert_eq!(signals.drain().count(), 1);
            watch.expect_silence();
            watch.deregister(&mut signals);
        }
    });
}

#[test]
fn oneshot_tells_once() {
    let _turn = turn();
    on_each_selector(|mut watch| {
        let mut signals = Signals::new([Signal::SIGUSR1]).unwrap();
        let once = Interest::READABLE.oneshot();
        let registry = watch.poll.registry();
        registry.register(&mut signals, Token(1), once).unwrap();
        for _ in 0..3 {
            Signal::SIGUSR1.raise().unwrap();
            watch.wait(1);
            assert_eq!(received(&mut signals), [Signal::SIGUSR1]);
            Signal::SIGUSR1.raise().unwrap();
            watch.expect_silence();
            let registry = watch.poll.registry();
            registry.reregister(&mut signals, Token(1), once).unwrap();
            // What came meanwhile is told now.
            watch.wait(1);
            assert_eq!(received(&mut signals), [Signal::SIGUSR1]);
            let registry = watch.poll.registry();
            registry.reregister(&mut signals, Token(1), once).unwrap();
        }
    });
}

/// One instance for each selector, all at the same time.
#[test]
fn an_instance_on_each_selector_sees_each_signal() {
    let _turn = turn();
    let mut instances: Vec<_> = mio::SelectorKind::available()
        .map(|kind| {
            let mut signals = Signals::new([Signal::SIGUSR1]).unwrap();
            let watch = Watch::new(kind);
            watch.register(&mut signals, 1);
            (watch, signals)
        })
        .collect();
    for _ in 0..3 {
        Signal::SIGUSR1.raise().unwrap();
        for (watch, signals) in &mut instances {
            watch.wait(1);
            assert_eq!(received(signals), [Signal::SIGUSR1]);
            watch.expect_silence();
        }
    }
}

#[test]
fn what_can_not_be_watched_is_refused() {
    let forbidden = [
        (Signal::SIGKILL, "SIGKILL"),
        (Signal::SIGSTOP, "SIGSTOP"),
        (Signal::SIGSEGV, "SIGSEGV"),
        (Signal::SIGBUS, "SIGBUS"),
        (Signal::SIGFPE, "SIGFPE"),
        (Signal::SIGILL, "SIGILL"),
        (Signal::SIGTRAP, "SIGTRAP"),
    ];
    let unknown = [0, -1, 127, 128, 129, 1000, i32::MAX, i32::MIN];
    let unknown = unknown.map(|number| (Signal::from_raw(number), "no signal"));
    let mut signals = Signals::new([Signal::SIGUSR1]).unwrap();
    for (signal, message) in forbidden.into_iter().chain(unknown) {
        for err in [
            Signals::new([signal]).unwrap_err(),
            Signals::new([Signal::SIGUSR1, signal]).unwrap_err(),
            signals.add(signal).unwrap_err(),
        ] {
            assert_eq!(err.kind(), ErrorKind::InvalidInput, "{err}");
            assert!(err.to_string().contains(message), "{err}");
        }
        assert!(!signals.remove(signal));
    }
    assert!(signals.watched().eq([Signal::SIGUSR1]));
    for err in [
        Signal::from_raw(1000).raise().unwrap_err(),
        Signal::from_raw(1000).default_action().unwrap_err(),
    ] {
        assert_eq!(err.kind(), ErrorKind::InvalidInput);
    }
}

/// 40 is one on Linux, and none on macOS.
#[test]
fn a_signal_without_a_name_is_one_if_the_system_has_it() {
    let unnamed = Signal::from_raw(40);
    match Signals::new([unnamed]) {
        Ok(mut signals) => {
            unnamed.raise().unwrap();
            assert_eq!(received(&mut signals), [unnamed]);
        }
        Err(err) => assert_eq!(err.kind(), ErrorKind::InvalidInput, "{err}"),
    }
}

#[test]
fn a_signal_has_a_name() {
    assert_eq!(Signal::SIGTERM.to_string(), "SIGTERM");
    assert_eq!(format!("{:?}", Signal::SIGUSR1), "SIGUSR1");
    assert_eq!(format!("{:>8}", Signal::SIGHUP), "  SIGHUP");
    assert_eq!(Signal::from_raw(120).to_string(), "signal 120");
    let signals = Signals::new([Signal::SIGHUP, Signal::SIGINT]).unwrap();
    assert_eq!(format!("{signals:?}"), "Signals [SIGHUP, SIGINT]");
}

/// Receives one signal, and sees that it is the only one.
fn assert_sender(signals: &mut Signals, pid: u32) {
    let delivered = signals.receive().expect("there was an event");
    assert_eq!(signals.receive(), None);
    if cfg!(feature = "signal-sender") {
        let sender = delivered.sender.expect("a process sent it");
        assert_eq!(sender.pid, pid);
        assert_eq!(sender.uid, rustix::process::getuid().as_raw());
        let text = format!("{} from process {pid} of user", delivered.signal);
        assert!(delivered.to_string().starts_with(&text), "{delivered}");
    } else {
        assert_eq!(delivered.sender, None);
        assert_eq!(delivered.to_string(), delivered.signal.to_string());
    }
}

#[test]
fn the_sender_is_told() {
    let _turn = turn();
    on_each_selector(|mut watch| {
        let mut signals = Signals::new([Signal::SIGUSR1]).unwrap();
        watch.register(&mut signals, 1);
        let mut child = shell("kill -USR1 $PPID").spawn().unwrap();
        watch.wait(1);
        assert_sender(&mut signals, child.id());
        child.wait().unwrap();

        Signal::SIGUSR1.raise().unwrap();
        watch.wait(1);
        assert_sender(&mut signals, std::process::id());
    });
}

#[test]
fn the_sender_of_sigchld_is_the_child() {
    // Other tests have children too.
    alone("signals::the_sender_of_sigchld_is_the_child", || {
        on_each_selector(|mut watch| {
            let mut signals = Signals::new([Signal::SIGCHLD]).unwrap();
            watch.register(&mut signals, 1);
            let mut child = shell("exit 0").spawn().unwrap();
            watch.wait(1);
            assert_sender(&mut signals, child.id());
            child.wait().unwrap();
        });
    });
}

/// It inherits no handler, and nothing is blocked or ignored.
#[test]
fn a_child_has_signals_as_if_none_were_watched() {
    let signals = Signals::new([Signal::SIGTERM, Signal::SIGUSR1]).unwrap();
    for (name, number) in [("TERM", 15), ("USR1", Signal::SIGUSR1.as_raw())] {
        let command = format!("kill -{name} $$; exit 7");
        let status = shell(&command).status().unwrap();
        assert_eq!(status.signal(), Some(number), "{status}");
    }
    drop(signals);
}

#[test]
fn a_signal_that_is_watched_no_longer_is_ignored() {
    alone(
        "signals::a_signal_that_is_watched_no_longer_is_ignored",
        || {
            drop(Signals::new([Signal::SIGTERM]).unwrap());
            Signal::SIGTERM.raise().unwrap();
        },
    );
}

#[test]
fn the_default_action_ends_the_process_by_the_signal() {
    let path = "signals::the_default_action_ends_the_process_by_the_signal";
    let ended = run_alone(path, || {
        let mut signals = Signals::new([Signal::SIGTERM]).unwrap();
        Signal::SIGTERM.raise().unwrap();
        let delivered = signals.receive().unwrap();
        println!("received {}", delivered.signal);
        delivered.signal.default_action().unwrap();
    });
    if let Some((status, output)) = ended {
        assert_eq!(status.signal(), Some(15), "{status}: {output}");
        assert!(output.contains("received SIGTERM"), "{output}");
    }
}

/// A handler that runs while its source goes must not find the socket closed: writing there would
/// be a `SIGPIPE`, which ends programs that do not ignore it.
#[test]
fn dropping_under_signals_raises_no_sigpipe() {
    alone("signals::dropping_under_signals_raises_no_sigpipe", || {
        let mut broken = Signals::new([Signal::SIGPIPE]).unwrap();
        // From here on the signal does not end the process.
        drop(Signals::new([Signal::SIGUSR1]).unwrap());
        let done = AtomicBool::new(false);
        std::thread::scope(|scope| {
            for _ in 0..2 {
                scope.spawn(|| {
                    while !done.load(Ordering::Relaxed) {
                        kill_process(getpid(), rustix::process::Signal::USR1).unwrap();
                    }
                });
            }
            for _ in 0..1000 {
                drop(Signals::new([Signal::SIGUSR1]).unwrap());
                Signals::new([Signal::SIGUSR1, Signal::SIGKILL]).unwrap_err();
            }
            done.store(true, Ordering::Relaxed);
        });
        assert_eq!(broken.drain().count(), 0);
    });
}

#[test]
fn no_descriptor_is_leaked() {
    alone("signals::no_descriptor_is_leaked", || {
        on_each_selector(|watch| {
            let before = open_descriptors();
            let mut signals = Signals::new([Signal::SIGUSR1, Signal::SIGUSR2]).unwrap();
            if before > 0 {
                assert_eq!(open_descriptors(), before + 4);
            }
            watch.register(&mut signals, 1);
            for _ in 0..100 {
                signals.remove(Signal::SIGUSR1);
                signals.add(Signal::SIGUSR1).unwrap();
                signals.add(Signal::SIGKILL).unwrap_err();
                signals.add(Signal::from_raw(99)).unwrap_err();
                Signals::new([Signal::SIGHUP, Signal::SIGKILL]).unwrap_err();
            }
            drop(signals);
            assert_eq!(open_descriptors(), before);
        });
    });
}

#[test]
fn it_can_be_sent_to_another_thread() {
    fn assert_send<T: Send + Sync>(_: &T) {}
    assert_send(&Signals::new([]).unwrap());
}
