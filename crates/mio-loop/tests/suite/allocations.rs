//! After set-up an iteration does not allocate.

use std::time::Duration;

use allocation_counter::measure;
use mio::{Interest, SelectorKind, Token};
use mio_loop::EventLoop;

use crate::support::{Again, NOW, Readable, Script, Timeout, event_loop, ready_sources};

over_each_selector!(
    an_iteration_does_not_allocate,
    as_many_timeouts_as_there_is_room_for_do_not_allocate,
    as_many_sources_as_there_are_events_may_end_without_allocating,
    again_for_as_many_sources_as_there_are_events_does_not_allocate,
);

#[test]
fn the_counter_counts() {
    let counted = measure(|| drop(std::hint::black_box(Box::new(7))));
    assert_eq!(counted.count_total, 1);
}

/// With events, messages and timeouts, and with sources that are deregistered and registered again.
fn an_iteration_does_not_allocate(kind: SelectorKind) {
    const COUNT: usize = 32;
    let mut event_loop = event_loop(kind);
    let mut sources = ready_sources(&mut event_loop, COUNT);
    let sender = event_loop.sender();
    let idle = event_loop.timeout(Duration::from_secs(3_600), 0);
    let mut script = Script::new(move |context, call| {
        match call {
            Readable(token) => {
                let source = &mut sources[token.0];
                source.clear()?;
                source.notify()?;
                context.reset_timeout(idle, Duration::from_secs(3_600));
                if token.0 % 2 == 0 {
                    context.reregister(source, token, Interest::READABLE)?;
                } else {
                    context.forget(Token(token.0 / 2));
                }
            }
            Timeout(number) => {
                let other = context.timeout(Duration::from_secs(1), number);
                context.clear_timeout(other);
                context.timeout(Duration::ZERO, number);
            }
            _ => {}
        }
        Ok(())
    });
    event_loop.timeout(Duration::ZERO, 1);
    let metrics = event_loop.metrics();
    let mut iterations = |count| {
        for number in 0..count {
            sender.try_send(number).unwrap();
            event_loop.run_once(&mut script, NOW).unwrap();
            script.calls.truncate(512);
        }
    };
    // Structures that are allocated on first use.
    iterations(3);
    let before = metrics.events();
    let counted = measure(|| iterations(50));
    assert_eq!(counted.count_total, 0, "{counted:?}");
    assert!(metrics.events() - before >= 50 * COUNT as u64 / 2);
}

fn as_many_timeouts_as_there_is_room_for_do_not_allocate(kind: SelectorKind) {
    const COUNT: u64 = 10_000;
    let builder = EventLoop::builder().selector(kind);
    let builder = builder.timer_capacity(COUNT as usize);
    let mut event_loop: EventLoop<Script> = builder.build().unwrap();
    let mut script = Script::idle();
    script.calls.reserve(COUNT as usize);
    let counted = measure(|| {
        for number in 0..COUNT {
            // Half of them are due at once.
            let far = Duration::from_secs(60 + number);
            let when = if number % 2 == 0 { Duration::ZERO } else { far };
            event_loop.timeout(when, number);
        }
        event_loop.run_once(&mut script, NOW).unwrap();
    });
    assert_eq!(counted.count_total, 0, "{counted:?}");
    assert_eq!(script.calls.len() as u64, COUNT / 2 + 1);
}

fn as_many_sources_as_there_are_events_may_end_without_allocating(kind: SelectorKind) {
    const COUNT: usize = 64;
    let builder = EventLoop::builder().selector(kind).event_capacity(COUNT);
    let mut event_loop: EventLoop<Script> = builder.build().unwrap();
    let sources = ready_sources(&mut event_loop, COUNT);
    let mut script = Script::new(|context, call| {
        if let Readable(_) = call {
            (0..COUNT).for_each(|number| context.forget(Token(number)));
        }
        Ok(())
    });
    let counted = measure(|| {
        event_loop.run_once(&mut script, NOW).unwrap();
    });
    assert_eq!(counted.count_total, 0, "{counted:?}");
    assert_eq!(script.calls.len(), 2, "{:?}", script.calls);
    drop(sources);
}

fn again_for_as_many_sources_as_there_are_events_does_not_allocate(kind: SelectorKind) {
    const COUNT: usize = 64;
    let builder = EventLoop::builder().selector(kind).event_capacity(COUNT);
    let mut event_loop: EventLoop<Script> = builder.build().unwrap();
    let mut script = Script::new(|context, call| {
        if let Again(token) = call {
            context.again(token);
        }
        Ok(())
    });
    let counted = measure(|| {
        (0..COUNT).for_each(|number| event_loop.again(Token(number)));
        for _ in 0..10 {
            event_loop.run_once(&mut script, NOW).unwrap();
        }
    });
    assert_eq!(counted.count_total, 0, "{counted:?}");
    assert_eq!(script.calls.len(), 10 * (COUNT + 1));
}
