//! Behaviour of Unix signals: refused numbers, senders, and default actions.

use std::io::ErrorKind;
use std::os::unix::process::ExitStatusExt;
use std::sync::atomic::{AtomicBool, Ordering};

use mio_sources::signal::{Signal, Signals};
use rustix::process::{getpid, kill_process};

use crate::sandbox::fork_and_raise;
use crate::support::{
    SetAtEnd, alone, on_each_selector, open_descriptors, received, run_alone, shell, turn,
};

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

/// 40 is a signal on Linux, and not on macOS.
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

/// Receives one signal, and asserts that it is the only one.
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
    alone("signals_unix::the_sender_of_sigchld_is_the_child", || {
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
        "signals_unix::a_signal_that_is_watched_no_longer_is_ignored",
        || {
            drop(Signals::new([Signal::SIGTERM]).unwrap());
            Signal::SIGTERM.raise().unwrap();
        },
    );
}

#[test]
fn the_default_action_ends_the_process_by_the_signal() {
    let path = "signals_unix::the_default_action_ends_the_process_by_the_signal";
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

/// A handler that runs while its source is dropped must not find the socket closed: writing would
/// raise `SIGPIPE`, which ends programs that do not ignore it.
#[test]
fn dropping_under_signals_raises_no_sigpipe() {
    let path = "signals_unix::dropping_under_signals_raises_no_sigpipe";
    alone(path, || {
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
            let _end = SetAtEnd(&done);
            for _ in 0..1000 {
                drop(Signals::new([Signal::SIGUSR1]).unwrap());
                Signals::new([Signal::SIGUSR1, Signal::SIGKILL]).unwrap_err();
            }
        });
        assert_eq!(broken.drain().count(), 0);
    });
}

/// As documented: the socket is shared, but the handler's records are not.
#[test]
fn a_signal_to_a_forked_child_wakes_the_parent() {
    let path = "signals_unix::a_signal_to_a_forked_child_wakes_the_parent";
    alone(path, || {
        on_each_selector(|mut watch| {
            let mut signals = Signals::new([Signal::SIGUSR1]).unwrap();
            watch.register(&mut signals, 1);
            fork_and_raise(Signal::SIGUSR1.as_raw());
            watch.wait(1);
            assert_eq!(signals.receive(), None);
            watch.expect_silence();
            // It still receives its own signals.
            Signal::SIGUSR1.raise().unwrap();
            watch.wait(1);
            assert_eq!(received(&mut signals), [Signal::SIGUSR1]);
        });
    });
}

#[test]
fn no_descriptor_is_leaked() {
    alone("signals_unix::no_descriptor_is_leaked", || {
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
fn a_signal_has_a_name() {
    assert_eq!(Signal::SIGTERM.to_string(), "SIGTERM");
    assert_eq!(format!("{:?}", Signal::SIGUSR1), "SIGUSR1");
    assert_eq!(format!("{:>8}", Signal::SIGHUP), "  SIGHUP");
    assert_eq!(Signal::from_raw(120).to_string(), "signal 120");
    let signals = Signals::new([Signal::SIGHUP, Signal::SIGINT]).unwrap();
    assert_eq!(format!("{signals:?}"), "Signals [SIGHUP, SIGINT]");
}
