//! Ending a loop.

use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use mio::SelectorKind;

use crate::support::{
    LONG, NOW, Notify, Readable, Script, Tick, Timeout, event_loop, ready_sources, run,
};

over_each_selector!(
    another_thread_ends_a_loop_that_waits,
    another_thread_ends_the_same_loop_again_and_again,
    what_was_polled_is_handed_out_before_the_end,
    a_request_before_the_run_ends_it_at_once,
    a_request_ends_one_run,
    it_runs_until_it_is_told_to_end,
    an_error_after_a_callbacks_request_ends_one_run,
    a_panic_after_a_callbacks_request_ends_one_run,
    an_error_does_not_lose_the_request_of_another_thread,
);

fn another_thread_ends_a_loop_that_waits(kind: SelectorKind) {
    for _ in 0..20 {
        let mut event_loop = event_loop(kind);
        let handle = event_loop.shutdown_handle();
        let thread = thread::spawn(move || handle.shutdown());
        run(&mut event_loop, &mut Script::idle()).unwrap();
        thread.join().unwrap().unwrap();
    }
}

/// Each time during the wait after an iteration: the last request must not hide this one.
fn another_thread_ends_the_same_loop_again_and_again(kind: SelectorKind) {
    let mut event_loop = event_loop(kind);
    let handle = event_loop.shutdown_handle();
    let (turn, turns) = mpsc::channel();
    let thread = thread::spawn(move || {
        for () in turns {
            // So that the loop most likely waits by then.
            for _ in 0..100 {
                thread::yield_now();
            }
            handle.shutdown().unwrap();
        }
    });
    let mut script = Script::new(move |_, call| match call {
        Notify(_) => turn.send(()).map_err(io::Error::other),
        _ => Ok(()),
    });
    for number in 0..20 {
        event_loop.sender().try_send(number).unwrap();
        run(&mut event_loop, &mut script).unwrap();
        assert!(script.calls.contains(&Notify(number)));
    }
    drop(script);
    thread.join().unwrap();
}

fn what_was_polled_is_handed_out_before_the_end(kind: SelectorKind) {
    let mut event_loop = event_loop(kind);
    let sources = ready_sources(&mut event_loop, 3);
    event_loop.sender().try_send(0).unwrap();
    event_loop.timeout(Duration::ZERO, 0);
    let mut script = Script::new(move |context, call| {
        if let Readable(_) = call {
            context.shutdown();
        }
        Ok(())
    });
    run(&mut event_loop, &mut script).unwrap();
    assert_eq!(script.calls.len(), 6, "{:?}", script.calls);
    assert_eq!(script.calls[3..], [Notify(0), Timeout(0), Tick]);
    drop(sources);
}

fn a_request_before_the_run_ends_it_at_once(kind: SelectorKind) {
    let mut event_loop = event_loop(kind);
    let mut script = Script::idle();
    event_loop.shutdown_handle().shutdown().unwrap();
    event_loop.shutdown();
    run(&mut event_loop, &mut script).unwrap();
    assert_eq!(script.calls, []);
}

fn a_request_ends_one_run(kind: SelectorKind) {
    let mut event_loop = event_loop(kind);
    let mut script = Script::idle();
    let handle = event_loop.shutdown_handle();
    for _ in 0..3 {
        handle.shutdown().unwrap();
        assert!(!event_loop.run_once(&mut script, LONG).unwrap());
        assert!(event_loop.run_once(&mut script, NOW).unwrap());
        assert!(event_loop.run_once(&mut script, NOW).unwrap());
    }
    drop(event_loop);
    handle.shutdown().unwrap();
}

fn it_runs_until_it_is_told_to_end(kind: SelectorKind) {
    let mut event_loop = event_loop(kind);
    assert!(!event_loop.is_running());
    event_loop.timeout(Duration::ZERO, 0);
    let mut script = Script::new(move |context, call| {
        let ended = call == Tick && !context.is_running();
        assert!(context.is_running() || ended);
        if let Timeout(_) = call {
            context.shutdown();
            assert!(!context.is_running());
        }
        Ok(())
    });
    run(&mut event_loop, &mut script).unwrap();
    assert!(!event_loop.is_running());
}

fn an_error_after_a_callbacks_request_ends_one_run(kind: SelectorKind) {
    let mut event_loop = event_loop(kind);
    event_loop.timeout(Duration::ZERO, 0);
    let mut script = Script::new(|context, call| match call {
        Timeout(_) => {
            context.shutdown();
            Err(io::Error::other("and yet it fails"))
        }
        _ => Ok(()),
    });
    run(&mut event_loop, &mut script).unwrap_err();
    assert!(event_loop.run_once(&mut script, NOW).unwrap());
    assert_eq!(script.calls.last(), Some(&Tick));
}

fn a_panic_after_a_callbacks_request_ends_one_run(kind: SelectorKind) {
    let mut event_loop = event_loop(kind);
    event_loop.timeout(Duration::ZERO, 0);
    let mut script = Script::new(|context, call| {
        if let Timeout(_) = call {
            context.shutdown();
            panic!("on purpose");
        }
        Ok(())
    });
    let panicked = catch_unwind(AssertUnwindSafe(|| run(&mut event_loop, &mut script)));
    assert!(panicked.is_err());
    assert!(event_loop.run_once(&mut script, NOW).unwrap());
}

/// Otherwise a program that runs its loop again after an error would never end.
fn an_error_does_not_lose_the_request_of_another_thread(kind: SelectorKind) {
    let mut event_loop = event_loop(kind);
    let handle = event_loop.shutdown_handle();
    event_loop.timeout(Duration::ZERO, 0);
    let mut script = Script::new(move |_, call| match call {
        Timeout(_) => {
            let handle = handle.clone();
            thread::spawn(move || handle.shutdown())
                .join()
                .unwrap()
                .unwrap();
            Err(io::Error::other("at the same time"))
        }
        _ => Ok(()),
    });
    run(&mut event_loop, &mut script).unwrap_err();
    let before = script.calls.len();
    run(&mut event_loop, &mut script).unwrap();
    assert_eq!(script.calls.len(), before, "it has ended at once");
    assert!(event_loop.run_once(&mut script, NOW).unwrap());
}
