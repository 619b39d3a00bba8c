//! Callbacks that fail or panic.

use std::io::{self, ErrorKind};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::{Duration, Instant};

use mio::{Interest, SelectorKind, Token};
use mio_loop::EventLoop;

use crate::support::{
    Call, LONG, NOW, Notify, Readable, Script, Tick, Timeout, Writable, connected, count,
    event_loop, ready_sources, run, run_until,
};

over_each_selector!(
    an_error_ends_the_run_and_is_returned,
    each_kind_of_callback_can_end_the_run,
    after_an_error_the_rest_of_the_batch_comes,
    a_source_that_ends_after_an_error_is_passed_over,
    a_loop_whose_handler_panicked_can_be_dropped,
    a_loop_whose_handler_panicked_can_go_on,
    each_kind_of_callback_may_panic_and_the_rest_comes,
    timeouts_keep_their_order_after_one_has_panicked,
    messages_that_fail_each_time_starve_nobody,
    timeouts_that_fail_each_time_starve_nobody,
    what_a_failed_iteration_has_left_comes_without_a_poll,
);

fn failed(call: Call) -> io::Error {
    io::Error::other(format!("{call:?}"))
}

fn an_error_ends_the_run_and_is_returned(kind: SelectorKind) {
    let mut event_loop = event_loop(kind);
    event_loop.timeout(Duration::ZERO, 7);
    let mut script = Script::new(move |context, call| match call {
        Timeout(7) => Err(failed(call)),
        _ => {
            assert!(context.is_running());
            Ok(())
        }
    });
    let err = run(&mut event_loop, &mut script).unwrap_err();
    assert_eq!(err.kind(), ErrorKind::Other);
    assert_eq!(err.to_string(), "Timeout(7)");
    assert_eq!(script.calls.last(), Some(&Timeout(7)), "nothing follows");
    assert!(!event_loop.is_running());
}

/// `tests/interrupted.rs` tests `interrupted`, and `signals.rs` tests `signal`.
fn each_kind_of_callback_can_end_the_run(kind: SelectorKind) {
    let mut event_loop = event_loop(kind);
    let sources = ready_sources(&mut event_loop, 1);
    event_loop.timeout(Duration::ZERO, 0);
    event_loop.sender().try_send(0).unwrap();
    let mut script = Script::new(move |_, call| Err(failed(call)));
    for call in [Readable(Token(0)), Notify(0), Timeout(0), Tick] {
        let err = event_loop.run_once(&mut script, NOW).unwrap_err();
        assert_eq!(err.to_string(), format!("{call:?}"));
    }
    let (mut stream, _peer) = connected();
    let token = Token(1);
    event_loop
        .register(&mut stream, token, Interest::WRITABLE)
        .unwrap();
    let err = event_loop.run_once(&mut script, LONG).unwrap_err();
    assert_eq!(err.to_string(), format!("{:?}", Writable(token)));
    drop(sources);
}

fn after_an_error_the_rest_of_the_batch_comes(kind: SelectorKind) {
    const COUNT: usize = 5;
    let mut event_loop = event_loop(kind);
    let sources = ready_sources(&mut event_loop, COUNT);
    let mut script = Script::new(move |_, call| match call {
        Readable(_) => Err(failed(call)),
        _ => Ok(()),
    });
    for _ in 0..COUNT {
        assert!(event_loop.run_once(&mut script, LONG).is_err());
    }
    assert!(event_loop.run_once(&mut script, NOW).unwrap());
    let mut tokens: Vec<_> = script
        .calls
        .iter()
        .filter_map(|call| match call {
            Readable(token) => Some(token.0),
            _ => None,
        })
        .collect();
    tokens.sort();
    assert_eq!(tokens, [0, 1, 2, 3, 4], "each once");
    drop(sources);
}

fn a_source_that_ends_after_an_error_is_passed_over(kind: SelectorKind) {
    let mut event_loop = event_loop(kind);
    let mut sources = ready_sources(&mut event_loop, 2);
    let mut script = Script::new(move |_, call| match call {
        Readable(_) => Err(failed(call)),
        _ => Ok(()),
    });
    event_loop.run_once(&mut script, LONG).unwrap_err();
    let Readable(Token(first)) = script.calls[0] else {
        panic!("{:?}", script.calls);
    };
    let other = 1 - first;
    event_loop
        .deregister(&mut sources[other], Token(other))
        .unwrap();
    assert!(event_loop.next_deadline().is_some(), "something is left");
    event_loop.run_once(&mut script, LONG).unwrap();
    assert_eq!(script.calls[1..], [Tick]);
}

fn a_loop_whose_handler_panicked_can_be_dropped(kind: SelectorKind) {
    let mut event_loop = event_loop(kind);
    let sources = ready_sources(&mut event_loop, 2);
    let sender = event_loop.sender();
    sender.try_send(1).unwrap();
    event_loop.timeout(Duration::ZERO, 0);
    let mut script = Script::new(move |_, call| match call {
        Tick => panic!("on purpose"),
        _ => Ok(()),
    });
    let panicked = catch_unwind(AssertUnwindSafe(|| run(&mut event_loop, &mut script)));
    assert!(panicked.is_err());
    assert!(!event_loop.is_running());
    drop(event_loop);
    assert!(sender.is_disconnected());
    drop(sources);
}

fn a_loop_whose_handler_panicked_can_go_on(kind: SelectorKind) {
    let mut event_loop = event_loop(kind);
    let sources = ready_sources(&mut event_loop, 3);
    let mut panics = true;
    let mut script = Script::new(move |_, call| {
        assert!(call == Tick || !std::mem::take(&mut panics), "on purpose");
        Ok(())
    });
    let panicked = catch_unwind(AssertUnwindSafe(|| run(&mut event_loop, &mut script)));
    assert!(panicked.is_err());
    event_loop.run_once(&mut script, LONG).unwrap();
    assert_eq!(count(&script.calls, |call| *call != Tick), 3);
    drop(sources);
}

fn each_kind_of_callback_may_panic_and_the_rest_comes(kind: SelectorKind) {
    let panicking = [
        Readable(Token(0)),
        Writable(Token(9)),
        Notify(0),
        Timeout(0),
        Tick,
    ];
    for wanted in panicking {
        let mut event_loop = event_loop(kind);
        let sources = ready_sources(&mut event_loop, 2);
        let (mut stream, _peer) = connected();
        event_loop
            .register(&mut stream, Token(9), Interest::WRITABLE)
            .unwrap();
        let sender = event_loop.sender();
        for number in 0..2 {
            sender.try_send(number).unwrap();
            event_loop.timeout(Duration::ZERO, number);
        }
        let mut panics = true;
        let mut script = Script::new(move |_, call| {
            assert!(call != wanted || !std::mem::take(&mut panics), "on purpose");
            Ok(())
        });
        let panicked = catch_unwind(AssertUnwindSafe(|| run(&mut event_loop, &mut script)));
        assert!(panicked.is_err(), "{wanted:?}");
        assert!(!event_loop.is_running());
        let all = [
            Readable(Token(0)),
            Readable(Token(1)),
            Writable(Token(9)),
            Notify(0),
            Notify(1),
            Timeout(0),
            Timeout(1),
        ];
        run_until(&mut event_loop, &mut script, |calls| {
            all.iter().all(|call| calls.contains(call))
        });
        for call in all {
            let times = count(&script.calls, |made| *made == call);
            assert_eq!(times, 1, "{call:?} with a panic in {wanted:?}");
        }
        drop(sources);
    }
}

fn timeouts_keep_their_order_after_one_has_panicked(kind: SelectorKind) {
    let mut event_loop = event_loop(kind);
    let past = Instant::now();
    let later = past + Duration::from_nanos(1);
    event_loop.timeout(past, 0);
    let mut script = Script::new(|_, call| {
        assert_ne!(call, Timeout(0), "on purpose");
        Ok(())
    });
    let panicked = catch_unwind(AssertUnwindSafe(|| run(&mut event_loop, &mut script)));
    assert!(panicked.is_err());
    event_loop.timeout(later, 2);
    event_loop.timeout(past, 1);
    run_until(&mut event_loop, &mut script, |calls| {
        calls.contains(&Timeout(2))
    });
    assert!(script.calls.ends_with(&[Timeout(1), Timeout(2), Tick]));
}

/// Runs again after each error, a hundred times, and returns the callbacks.
fn runs(event_loop: &mut EventLoop<Script>, script: &mut Script) -> Vec<Call> {
    for _ in 0..100 {
        // It continues in both cases.
        let _ = event_loop.run_once(script, NOW);
    }
    std::mem::take(&mut script.calls)
}

fn messages_that_fail_each_time_starve_nobody(kind: SelectorKind) {
    let mut event_loop = event_loop(kind);
    event_loop.timeout(Duration::ZERO, 7);
    event_loop.sender().try_send(0).unwrap();
    let sources = ready_sources(&mut event_loop, 1);
    let mut script = Script::new(|context, call| match call {
        Notify(_) => {
            context.sender().try_send(0).unwrap();
            Err(failed(call))
        }
        _ => Ok(()),
    });
    let calls = runs(&mut event_loop, &mut script);
    for wanted in [Readable(Token(0)), Timeout(7), Tick] {
        assert!(calls.contains(&wanted), "no {wanted:?}");
    }
    assert!(count(&calls, |call| *call == Notify(0)) > 10);
    drop(sources);
}

fn timeouts_that_fail_each_time_starve_nobody(kind: SelectorKind) {
    let mut event_loop = event_loop(kind);
    let past = Instant::now();
    event_loop.timeout(past, 7);
    let mut script = Script::new(move |context, call| match call {
        Timeout(7) => {
            context.timeout(past, 7);
            Err(failed(call))
        }
        _ => Ok(()),
    });
    event_loop.timeout(past + Duration::from_micros(1), 8);
    event_loop.sender().try_send(0).unwrap();
    let calls = runs(&mut event_loop, &mut script);
    for wanted in [Notify(0), Timeout(8), Tick] {
        assert!(calls.contains(&wanted), "no {wanted:?}");
    }
    assert!(count(&calls, |call| *call == Timeout(7)) > 10);
}

fn what_a_failed_iteration_has_left_comes_without_a_poll(kind: SelectorKind) {
    let mut event_loop = event_loop(kind);
    event_loop.sender().try_send(0).unwrap();
    let mut script = Script::new(move |_, call| match call {
        Notify(_) => Err(failed(call)),
        _ => Ok(()),
    });
    event_loop.run_once(&mut script, LONG).unwrap_err();
    assert!(event_loop.next_deadline().is_some(), "something is left");
    let before = event_loop.metrics().iterations();
    event_loop.run_once(&mut script, LONG).unwrap();
    assert_eq!(script.calls, [Notify(0), Tick]);
    assert_eq!(event_loop.metrics().iterations(), before, "without a poll");
}
