//! Nobody keeps the others waiting.

use std::thread;
use std::time::{Duration, Instant};

use mio::{Interest, Notifier, SelectorKind, Token};
use mio_loop::{EventLoop, TrySendError};

use crate::support::{LONG, Notify, Readable, Script, Tick, Timeout, count, event_loop};

over_each_selector!(
    a_flood_of_messages_starves_neither_timeouts_nor_sources,
    a_busy_source_starves_neither_timeouts_nor_messages,
    timeouts_that_set_others_for_the_past_starve_nobody,
);

fn a_flood_of_messages_starves_neither_timeouts_nor_sources(kind: SelectorKind) {
    let builder = EventLoop::builder().selector(kind).messages_per_tick(8);
    let mut event_loop: EventLoop<Script> = builder.message_capacity(16).build().unwrap();
    let mut source = Notifier::new().unwrap();
    let registered = event_loop.register(&mut source, Token(0), Interest::READABLE);
    registered.unwrap();
    // The channel is never empty for long, and most of the time full.
    let sender = event_loop.sender();
    let flood =
        thread::spawn(
            move || {
                while !matches!(sender.try_send(0), Err(TrySendError::Disconnected(_))) {}
            },
        );
    event_loop.timeout(Duration::from_millis(1), 0);
    let deadline = Instant::now() + LONG.unwrap();
    let (mut timeouts, mut events) = (0, 0);
    let mut script = Script::new(move |context, call| {
        match call {
            Readable(_) => events += 1,
            Timeout(_) => {
                timeouts += 1;
                source.clear()?;
                source.notify()?;
                context.timeout(Duration::from_millis(1), 0);
            }
            _ => {}
        }
        assert!(
            Instant::now() < deadline,
            "{timeouts} timeouts, {events} events"
        );
        if timeouts >= 10 && events >= 9 {
            context.shutdown();
        }
        Ok(())
    });
    event_loop.run(&mut script).unwrap();
    assert!(script.calls.contains(&Notify(0)));
    drop(event_loop);
    flood.join().unwrap();
}

fn a_busy_source_starves_neither_timeouts_nor_messages(kind: SelectorKind) {
    let mut event_loop = event_loop(kind);
    let mut source = Notifier::new().unwrap();
    let busy = Interest::READABLE.level();
    event_loop.register(&mut source, Token(0), busy).unwrap();
    source.notify().unwrap();
    event_loop.timeout(Duration::ZERO, 0);
    event_loop.sender().try_send(0).unwrap();
    let mut script = Script::idle();
    // It is ready in each poll, and for once in each.
    for _ in 0..3 {
        event_loop.run_once(&mut script, LONG).unwrap();
    }
    assert_eq!(count(&script.calls, |call| *call == Readable(Token(0))), 3);
    assert_eq!(script.calls[1..4], [Notify(0), Timeout(0), Tick]);
}

fn timeouts_that_set_others_for_the_past_starve_nobody(kind: SelectorKind) {
    let mut event_loop = event_loop(kind);
    let past = Instant::now();
    event_loop.timeout(past, 0);
    let mut script = Script::new(move |context, call| {
        if let Timeout(number) = call {
            context.timeout(past, number + 1);
        }
        Ok(())
    });
    for _ in 0..3 {
        event_loop.run_once(&mut script, LONG).unwrap();
    }
    let expected = [Timeout(0), Tick, Timeout(1), Tick, Timeout(2), Tick];
    assert_eq!(script.calls, expected);
}
