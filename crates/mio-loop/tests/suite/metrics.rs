//! The counters of a loop.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::thread;
use std::time::{Duration, Instant};

use mio::SelectorKind;

use crate::support::{LONG, NOW, Script, Timeout, event_loop, ready_sources, run};

over_each_selector!(
    it_counts_what_was_handed_out,
    another_thread_reads_while_the_loop_waits,
    the_time_of_a_callback_that_panics_is_counted,
);

fn it_counts_what_was_handed_out(kind: SelectorKind) {
    let mut event_loop = event_loop(kind);
    let metrics = event_loop.metrics();
    let sources = ready_sources(&mut event_loop, 3);
    event_loop.timeout(Duration::ZERO, 0);
    let sender = event_loop.sender();
    sender.try_send(1).unwrap();
    sender.try_send(2).unwrap();
    let mut script = Script::idle();
    event_loop.run_once(&mut script, LONG).unwrap();
    event_loop.run_once(&mut script, NOW).unwrap();
    assert_eq!(metrics.iterations(), 2);
    assert_eq!(metrics.events(), 3, "without the loop's own");
    assert_eq!(metrics.messages(), 2);
    assert_eq!(metrics.timeouts(), 1);
    assert_eq!(metrics.signals(), 0);
    assert!(metrics.wakeups() <= 1);

    let before = metrics.waiting();
    let time = Duration::from_millis(3);
    event_loop.run_once(&mut script, Some(time)).unwrap();
    assert!(metrics.waiting() - before >= time);
    assert!(metrics.wakeups() >= 1);
    assert!(metrics.working() > Duration::ZERO);
    drop(sources);
}

fn another_thread_reads_while_the_loop_waits(kind: SelectorKind) {
    let mut event_loop = event_loop(kind);
    let (metrics, sender) = (event_loop.metrics(), event_loop.sender());
    let handle = event_loop.shutdown_handle();
    let thread = thread::spawn(move || {
        for number in 1..=3 {
            sender.try_send(number).unwrap();
            while metrics.messages() < number {
                thread::yield_now();
            }
        }
        handle.shutdown().unwrap();
    });
    run(&mut event_loop, &mut Script::idle()).unwrap();
    thread.join().unwrap();
}

fn the_time_of_a_callback_that_panics_is_counted(kind: SelectorKind) {
    let mut event_loop = event_loop(kind);
    event_loop.timeout(Duration::ZERO, 0);
    let mut script = Script::new(|_, call| {
        // Until the clock advances.
        let start = Instant::now();
        while start.elapsed().is_zero() {}
        assert_ne!(call, Timeout(0), "on purpose");
        Ok(())
    });
    let panicked = catch_unwind(AssertUnwindSafe(|| run(&mut event_loop, &mut script)));
    assert!(panicked.is_err());
    assert!(event_loop.metrics().working() > Duration::ZERO);
}
