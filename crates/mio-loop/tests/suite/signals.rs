//! Signals as callbacks.

use std::io::ErrorKind;

use mio::SelectorKind;
use mio_loop::Signal;

use crate::support::{Call, LONG, NOW, Notify, Script, Tick, Timeout, event_loop, run, run_until};

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
    a_callback_for_a_signal_can_end_the_run,
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
    // Raised to the whole process, and so by the other selector's turn too: throw away what is old.
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
}
