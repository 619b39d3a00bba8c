//! Signals as callbacks.

use std::io::ErrorKind;

use mio::SelectorKind;
use mio_loop::Signal;

#[cfg(unix)]
use crate::support::run;
use crate::support::{Call, LONG, NOW, Notify, Script, Tick, Timeout, event_loop, run_until};

#[cfg(unix)]
const ONE: Signal = Signal::SIGUSR1;
#[cfg(unix)]
const TWO: Signal = Signal::SIGUSR2;
#[cfg(windows)]
const ONE: Signal = Signal::SIGINT;
#[cfg(windows)]
const TWO: Signal = Signal::SIGBREAK;
const THREE: Signal = Signal::SIGHUP;

over_each_selector!(
    a_signal_is_handed_out,
    signals_come_last_before_the_tick,
    signals_can_be_named_in_a_callback,
    #[cfg(unix)]
    a_callback_for_a_signal_can_end_the_run,
    #[cfg(unix)]
    signals_over_the_budget_come_with_the_next_iteration,
);

fn is(call: &Call, wanted: Signal) -> bool {
    matches!(call, Call::Signal(delivered) if delivered.signal == wanted)
}

fn a_signal_is_handed_out(kind: SelectorKind) {
    let mut event_loop = event_loop(kind);
    event_loop.signals([ONE]).unwrap();
    for _ in 0..3 {
        let mut script = Script::idle();
        ONE.raise().unwrap();
        run_until(&mut event_loop, &mut script, |calls| {
            calls.iter().any(|call| is(call, ONE))
        });
    }
    let err = event_loop.signals([Signal::SIGKILL]).unwrap_err();
    assert_eq!(err.kind(), ErrorKind::InvalidInput);
    assert!(event_loop.metrics().signals() >= 3);
}

fn signals_come_last_before_the_tick(kind: SelectorKind) {
    let mut event_loop = event_loop(kind);
    event_loop.signals([THREE]).unwrap();
    // Signals are raised for the whole process, so the run of another selector has left some:
    // discard them.
    event_loop.run_once(&mut Script::idle(), NOW).unwrap();
    event_loop.timeout(std::time::Duration::ZERO, 0);
    event_loop.sender().try_send(0).unwrap();
    // Its handler has run when this returns.
    THREE.raise().unwrap();
    let mut script = Script::idle();
    event_loop.run_once(&mut script, LONG).unwrap();
    let [Notify(0), Timeout(0), signal, Tick] = script.calls[..] else {
        panic!("{:?}", script.calls);
    };
    assert!(is(&signal, THREE), "{signal:?}");
}

fn signals_can_be_named_in_a_callback(kind: SelectorKind) {
    let mut event_loop = event_loop(kind);
    let mut named = false;
    let mut script = Script::new(move |context, call| {
        if call == Tick && !std::mem::replace(&mut named, true) {
            context.signals([TWO])?;
            TWO.raise()?;
        }
        Ok(())
    });
    event_loop.run_once(&mut script, NOW).unwrap();
    run_until(&mut event_loop, &mut script, |calls| {
        calls.iter().any(|call| is(call, TWO))
    });
}

#[cfg(unix)]
fn a_callback_for_a_signal_can_end_the_run(kind: SelectorKind) {
    let mut event_loop = event_loop(kind);
    event_loop.signals([Signal::SIGWINCH]).unwrap();
    Signal::SIGWINCH.raise().unwrap();
    let mut script = Script::new(|_, call| match call {
        Call::Signal(_) => Err(std::io::Error::other("ended by a signal")),
        _ => Ok(()),
    });
    let err = run(&mut event_loop, &mut script).unwrap_err();
    assert_eq!(err.to_string(), "ended by a signal");
    assert!(matches!(script.calls.last(), Some(Call::Signal(_))));
    // The rest of that iteration.
    script.calls.clear();
    event_loop.run_once(&mut script, LONG).unwrap();
    assert_eq!(script.calls, [Tick]);
}

#[cfg(unix)]
fn signals_over_the_budget_come_with_the_next_iteration(kind: SelectorKind) {
    // Real-time signals, so many that a few of each are enough.
    let numbers: Vec<Signal> = (36..=60).map(Signal::from_raw).collect();
    let mut event_loop = event_loop(kind);
    if event_loop.signals(numbers.clone()).is_err() {
        return; // This system has none.
    }
    for signal in &numbers {
        for _ in 0..4 {
            signal.raise().unwrap();
        }
    }
    let mut script = Script::idle();
    event_loop.run_once(&mut script, LONG).unwrap();
    let deadline = event_loop.next_deadline();
    assert!(deadline.is_some_and(|deadline| deadline <= std::time::Instant::now()));
    let wakeups = event_loop.metrics().wakeups();
    event_loop.run_once(&mut script, LONG).unwrap();
    assert_eq!(event_loop.metrics().wakeups(), wakeups, "without waiting");
    let iterations = script.calls.split(|call| *call == Tick);
    let counts: Vec<usize> = iterations.map(<[Call]>::len).collect();
    assert_eq!(counts, [64, 36, 0]);
    assert_eq!(event_loop.next_deadline(), None, "nothing is left over");
}
