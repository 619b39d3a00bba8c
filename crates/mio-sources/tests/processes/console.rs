//! Console events: as Windows delivers them, the refused ones, and their default actions.

use std::io::ErrorKind;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

use mio_sources::signal::{Signal, Signals};
use windows_sys::Win32::System::Console::{CTRL_BREAK_EVENT, CTRL_C_EVENT};

use crate::ffi::{generate, open_handles};
use crate::support::{LONG, SetAtEnd, alone, on_each_selector, received, run_alone};

#[test]
fn ctrl_c_is_received_by_each_instance() {
    let path = "console::ctrl_c_is_received_by_each_instance";
    each_instance_receives(path, CTRL_C_EVENT, Signal::SIGINT);
}

#[test]
fn ctrl_break_is_received_by_each_instance() {
    let path = "console::ctrl_break_is_received_by_each_instance";
    each_instance_receives(path, CTRL_BREAK_EVENT, Signal::SIGBREAK);
}

fn each_instance_receives(path: &str, event: u32, signal: Signal) {
    alone(path, || {
        on_each_selector(|mut watch| {
            let mut both = Signals::new([Signal::SIGINT, Signal::SIGBREAK]).unwrap();
            let mut one = Signals::new([signal]).unwrap();
            watch.register(&mut both, 1);
            watch.register(&mut one, 2);
            for _ in 0..3 {
                generate(event);
                // One of them may be reported before the other.
                for (token, signals) in [(2, &mut one), (1, &mut both)] {
                    loop {
                        match received(signals).as_slice() {
                            [] => watch.wait(token),
                            all => break assert_eq!(all, [signal]),
                        }
                    }
                }
            }
        });
    });
}

/// Waits without a poll. Until the event has arrived this process must not end, and must not stop
/// watching.
pub(crate) fn until_received(signals: &mut Signals) {
    let deadline = Instant::now() + LONG;
    while received(signals).is_empty() {
        assert!(Instant::now() < deadline, "nothing is received");
        std::thread::yield_now();
    }
}

/// Runs `body`, which the event ends, and returns the exit code.
fn ends_the_process<T>(path: &str, body: impl FnOnce() -> T) -> Option<i32> {
    let (status, output) = run_alone(path, || {
        println!("it began");
        let _kept = body();
        // Until the event has arrived.
        std::thread::park_timeout(LONG);
        panic!("it goes on");
    })?;
    assert!(output.contains("it began"), "{output}");
    assert!(!output.contains("it goes on"), "{output}");
    assert!(!output.contains("panicked"), "{output}");
    status.code()
}

#[test]
fn what_nobody_watches_ends_the_process() {
    let path = "console::what_nobody_watches_ends_the_process";
    ends_the_process(path, || {
        let others = Signals::new([Signal::SIGBREAK]).unwrap();
        generate(CTRL_C_EVENT);
        others
    });
}

#[test]
fn what_is_watched_no_longer_ends_the_process() {
    let path = "console::what_is_watched_no_longer_ends_the_process";
    ends_the_process(path, || {
        drop(Signals::new([Signal::SIGINT]).unwrap());
        generate(CTRL_C_EVENT);
    });
}

#[test]
fn what_is_raised_and_watched_by_nobody_ends_the_process() {
    let path = "console::what_is_raised_and_watched_by_nobody_ends_the_process";
    let code = ends_the_process(path, || {
        let _signals = Signals::new([Signal::SIGINT]).unwrap();
        Signal::SIGHUP.raise().unwrap();
    });
    assert_is_that_of_ctrl_c(code);
}

/// `docker stop` and the shutdown of Windows send the event that this simulates.
#[test]
fn a_raised_sigterm_is_received_or_ends_the_process() {
    let mut signals = Signals::new([Signal::SIGINT, Signal::SIGTERM]).unwrap();
    Signal::SIGTERM.raise().unwrap();
    until_received(&mut signals);
    assert!(signals.remove(Signal::SIGTERM));

    let path = "console::a_raised_sigterm_is_received_or_ends_the_process";
    let code = ends_the_process(path, || {
        let _signals = Signals::new([Signal::SIGINT]).unwrap();
        Signal::SIGTERM.raise().unwrap();
    });
    assert_is_that_of_ctrl_c(code);
}

#[test]
fn the_default_action_ends_the_process() {
    let path = "console::the_default_action_ends_the_process";
    let code = ends_the_process(path, || {
        let _signals = Signals::new([Signal::SIGINT]).unwrap();
        Signal::SIGINT.default_action().unwrap();
    });
    assert_is_that_of_ctrl_c(code);
}

/// Asserts the exit code with which Windows ends a process by default on Ctrl-C.
fn assert_is_that_of_ctrl_c(code: Option<i32>) {
    // `STATUS_CONTROL_C_EXIT`. Inside the process there is none.
    if let Some(code) = code {
        assert_eq!(code as u32, 0xC000_013A);
    }
}

#[test]
fn what_is_no_event_of_the_console_is_refused() {
    let mut signals = Signals::new([Signal::SIGINT]).unwrap();
    let numbers = [0, -1, 22, 1000, i32::MAX, i32::MIN].map(Signal::from_raw);
    let named = [Signal::SIGQUIT, Signal::SIGKILL, Signal::SIGABRT];
    for signal in numbers.into_iter().chain(named) {
        for err in [
            Signals::new([signal]).unwrap_err(),
            Signals::new([Signal::SIGINT, signal]).unwrap_err(),
            signals.add(signal).unwrap_err(),
            signal.raise().unwrap_err(),
            signal.default_action().unwrap_err(),
        ] {
            assert_eq!(err.kind(), ErrorKind::InvalidInput, "{err}");
            assert!(err.to_string().contains("SIGBREAK"), "{err}");
        }
        assert!(!signals.remove(signal));
    }
    assert!(signals.watched().eq([Signal::SIGINT]));
}

#[test]
fn they_have_names() {
    assert_eq!(Signal::SIGTERM.to_string(), "SIGTERM");
    assert_eq!(format!("{:?}", Signal::from_raw(77)), "signal 77");
    let signals = Signals::new([Signal::SIGINT, Signal::SIGBREAK]).unwrap();
    assert_eq!(format!("{signals:?}"), "Signals [SIGINT, SIGBREAK]");
}

/// Instances are created and dropped while events are delivered.
#[test]
fn dropping_under_events_is_safe() {
    alone("console::dropping_under_events_is_safe", || {
        let mut stays = Signals::new([Signal::SIGINT]).unwrap();
        let done = AtomicBool::new(false);
        std::thread::scope(|scope| {
            scope.spawn(|| {
                loop {
                    Signal::SIGINT.raise().unwrap();
                    if done.load(Ordering::Relaxed) {
                        break;
                    }
                }
            });
            let _end = SetAtEnd(&done);
            for _ in 0..1000 {
                drop(Signals::new([Signal::SIGINT]).unwrap());
                Signals::new([Signal::SIGINT, Signal::SIGKILL]).unwrap_err();
            }
        });
        assert!(stays.drain().count() > 0);
        // The handler is still installed.
        generate(CTRL_C_EVENT);
        until_received(&mut stays);
    });
}

#[test]
fn no_handle_is_leaked() {
    alone("console::no_handle_is_leaked", || {
        on_each_selector(|mut watch| {
            let mut round = || {
                let mut signals = Signals::new([Signal::SIGINT]).unwrap();
                watch.register(&mut signals, 1);
                signals.add(Signal::SIGKILL).unwrap_err();
                Signal::SIGINT.raise().unwrap();
                watch.wait(1);
                #[cfg(feature = "timer")]
                {
                    let mut timer = mio_sources::timer::Timer::new().unwrap();
                    watch.register(&mut timer, 2);
                    timer.set_after(std::time::Duration::ZERO).unwrap();
                    watch.wait(2);
                }
            };
            round();
            let before = open_handles();
            (0..100).for_each(|_| round());
            // OS threads start and end, and have handles too.
            let after = open_handles();
            assert!(after < before + 50, "{before} before, {after} after");
        });
    });
}
