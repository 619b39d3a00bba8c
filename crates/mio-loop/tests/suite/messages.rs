//! Messages from other threads.

use std::thread;
use std::time::Instant;

use mio::SelectorKind;
use mio_loop::{EventLoop, TrySendError};

use crate::support::{LONG, Notify, Script, Tick, count, event_loop, run};

over_each_selector!(
    no_message_is_lost_and_each_thread_keeps_its_order,
    no_message_is_lost_where_one_fits_at_a_time,
    what_does_not_fit_comes_back,
    a_loop_that_is_gone_gives_the_message_back,
    what_is_over_the_budget_comes_without_waiting,
    a_callback_may_send_to_its_own_loop,
);

fn no_message_is_lost_and_each_thread_keeps_its_order(kind: SelectorKind) {
    let builder = EventLoop::builder().selector(kind).message_capacity(64);
    flood(builder.messages_per_tick(7).build().unwrap(), 5_000);
}

fn no_message_is_lost_where_one_fits_at_a_time(kind: SelectorKind) {
    let builder = EventLoop::builder().selector(kind).message_capacity(1);
    flood(builder.messages_per_tick(1).build().unwrap(), 1_000);
}

/// Several threads send this many messages each, as fast as they can.
fn flood(mut event_loop: EventLoop<Script>, each: u64) {
    const THREADS: u64 = 4;
    let threads: Vec<_> = (0..THREADS)
        .map(|thread| {
            let sender = event_loop.sender();
            thread::spawn(move || {
                for number in 0..each {
                    let mut message = thread << 32 | number;
                    while let Err(err) = sender.try_send(message) {
                        assert!(matches!(err, TrySendError::Full(_)));
                        message = err.into_inner().unwrap();
                        thread::yield_now();
                    }
                }
            })
        })
        .collect();
    let mut next = [0; THREADS as usize];
    let mut left = THREADS * each;
    let mut script = Script::new(move |context, call| {
        if let Notify(message) = call {
            let expected = &mut next[(message >> 32) as usize];
            assert_eq!(message & 0xffff_ffff, *expected);
            *expected += 1;
            left -= 1;
            if left == 0 {
                context.shutdown();
            }
        }
        Ok(())
    });
    run(&mut event_loop, &mut script).unwrap();
    let messages = count(&script.calls, |call| *call != Tick);
    assert_eq!(messages as u64, THREADS * each);
    for thread in threads {
        thread.join().unwrap();
    }
}

fn what_does_not_fit_comes_back(kind: SelectorKind) {
    let builder = EventLoop::builder().selector(kind).message_capacity(2);
    let mut event_loop: EventLoop<Script> = builder.build().unwrap();
    let sender = event_loop.sender();
    assert_eq!(sender.try_send(1), Ok(()));
    assert_eq!(sender.try_send(2), Ok(()));
    assert_eq!(sender.try_send(3), Err(TrySendError::Full(3)));
    let mut script = Script::idle();
    event_loop.run_once(&mut script, LONG).unwrap();
    assert_eq!(script.calls, [Notify(1), Notify(2), Tick]);
    assert_eq!(sender.try_send(3), Ok(()));
    script.calls.clear();
    event_loop.run_once(&mut script, LONG).unwrap();
    assert_eq!(script.calls, [Notify(3), Tick]);
}

fn a_loop_that_is_gone_gives_the_message_back(kind: SelectorKind) {
    let event_loop = event_loop(kind);
    let sender = event_loop.sender();
    drop(event_loop);
    assert_eq!(sender.try_send(1), Err(TrySendError::Disconnected(1)));
}

fn what_is_over_the_budget_comes_without_waiting(kind: SelectorKind) {
    let builder = EventLoop::builder().selector(kind).messages_per_tick(2);
    let mut event_loop: EventLoop<Script> = builder.build().unwrap();
    let sender = event_loop.sender();
    for number in 0..5 {
        sender.try_send(number).unwrap();
    }
    let mut script = Script::idle();
    event_loop.run_once(&mut script, LONG).unwrap();
    let wakeups = event_loop.metrics().wakeups();
    for _ in 0..2 {
        let deadline = event_loop.next_deadline();
        assert!(deadline.is_some_and(|deadline| deadline <= Instant::now()));
        event_loop.run_once(&mut script, LONG).unwrap();
    }
    let waited = event_loop.metrics().wakeups() - wakeups;
    assert_eq!(waited, 0, "a poll was allowed to wait");
    let expected = [
        Notify(0),
        Notify(1),
        Tick,
        Notify(2),
        Notify(3),
        Tick,
        Notify(4),
        Tick,
    ];
    assert_eq!(script.calls, expected);
    assert_eq!(event_loop.next_deadline(), None, "nothing is left over");
}

fn a_callback_may_send_to_its_own_loop(kind: SelectorKind) {
    let mut event_loop = event_loop(kind);
    event_loop.sender().try_send(0).unwrap();
    let mut script = Script::new(move |context, call| {
        match call {
            Notify(message) if message < 100 => context.sender().try_send(message + 1).unwrap(),
            Notify(_) => context.shutdown(),
            _ => {}
        }
        Ok(())
    });
    run(&mut event_loop, &mut script).unwrap();
    assert_eq!(count(&script.calls, |call| *call != Tick), 101);
}
