//! No source, message or timeout starves the others.

use std::io::Write;
use std::time::{Duration, Instant};

use mio::{Interest, Notifier, SelectorKind, Token};
use mio_loop::EventLoop;

use crate::support::{
    LONG, Notify, Readable, Script, Tick, Timeout, Writable, connected, count, event_loop,
    run_until,
};

over_each_selector!(
    a_flood_of_messages_starves_neither_timeouts_nor_sources,
    a_busy_source_starves_neither_timeouts_nor_messages,
    timeouts_that_set_others_for_the_past_starve_nobody,
    a_timeout_that_sets_itself_for_the_past_lets_later_ones_come,
    a_source_that_is_reregistered_in_readable_is_written_too,
    a_source_that_is_reregistered_in_writable_starves_nobody,
    a_busy_source_that_reregisters_another_one_does_not_starve_it,
    each_busy_source_has_its_turn_where_one_event_fits,
);

fn a_flood_of_messages_starves_neither_timeouts_nor_sources(kind: SelectorKind) {
    let builder = EventLoop::builder().selector(kind).messages_per_tick(8);
    let mut event_loop: EventLoop<Script> = builder.message_capacity(16).build().unwrap();
    let mut source = Notifier::new().unwrap();
    let busy = Interest::READABLE.level();
    event_loop.register(&mut source, Token(0), busy).unwrap();
    source.notify().unwrap();
    // Each message is followed by another one, so the channel is never empty.
    event_loop.sender().try_send(0).unwrap();
    let mut script = Script::new(move |context, call| {
        match call {
            Notify(_) => context.sender().try_send(0).expect("room"),
            Timeout(_) => drop(context.timeout(Duration::ZERO, 0)),
            _ => {}
        }
        Ok(())
    });
    event_loop.timeout(Duration::ZERO, 0);
    for _ in 0..10 {
        event_loop.run_once(&mut script, LONG).unwrap();
    }
    let times = |wanted| count(&script.calls, |call| *call == wanted);
    assert_eq!(times(Readable(Token(0))), 10);
    assert_eq!(times(Timeout(0)), 10);
    assert_eq!(times(Notify(0)), 80);
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
    // It is ready in each poll, and delivered once per poll.
    for _ in 0..3 {
        event_loop.run_once(&mut script, LONG).unwrap();
    }
    assert_eq!(count(&script.calls, |call| *call == Readable(Token(0))), 3);
    assert_eq!(script.calls[1..4], [Notify(0), Timeout(0), Tick]);
}

fn a_timeout_that_sets_itself_for_the_past_lets_later_ones_come(kind: SelectorKind) {
    let mut event_loop = event_loop(kind);
    let past = Instant::now();
    event_loop.timeout(past, 0);
    event_loop.timeout(past + Duration::from_micros(1), 1);
    let mut script = Script::new(move |context, call| {
        if call == Timeout(0) {
            context.timeout(past, 0);
        }
        Ok(())
    });
    for _ in 0..10 {
        event_loop.run_once(&mut script, LONG).unwrap();
    }
    assert_eq!(count(&script.calls, |call| *call == Timeout(1)), 1);
    assert_eq!(count(&script.calls, |call| *call == Timeout(0)), 10);
}

/// As the docs recommend for a callback that stops before a source is drained.
fn a_source_that_is_reregistered_in_readable_is_written_too(kind: SelectorKind) {
    let mut event_loop = event_loop(kind);
    let (mut ours, mut theirs) = connected();
    theirs.write_all(b"never read").unwrap();
    let both = Interest::READABLE | Interest::WRITABLE;
    event_loop.register(&mut ours, Token(0), both).unwrap();
    let mut script = Script::new(move |context, call| {
        if call == Readable(Token(0)) {
            context.reregister(&mut ours, Token(0), both)?;
        }
        Ok(())
    });
    for _ in 0..10 {
        event_loop.run_once(&mut script, LONG).unwrap();
    }
    for wanted in [Readable(Token(0)), Writable(Token(0))] {
        let times = count(&script.calls, |call| *call == wanted);
        assert!(times >= 5, "{times} times {wanted:?}");
    }
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

fn a_source_that_is_reregistered_in_writable_starves_nobody(kind: SelectorKind) {
    let mut event_loop = event_loop(kind);
    let (mut ours, _theirs) = connected();
    let room = Interest::WRITABLE;
    event_loop.register(&mut ours, Token(0), room).unwrap();
    let mut script = Script::new(move |context, call| match call {
        Writable(token) => context.reregister(&mut ours, token, room),
        _ => Ok(()),
    });
    let sender = event_loop.sender();
    for number in 0..10 {
        sender.try_send(number).unwrap();
        event_loop.timeout(Duration::ZERO, number);
        run_until(&mut event_loop, &mut script, |calls| {
            count(calls, |call| *call == Writable(Token(0))) as u64 > number
        });
    }
    let iterations = script.calls.split(|call| *call == Tick);
    for calls in iterations {
        let times = count(calls, |call| *call == Writable(Token(0)));
        assert!(times <= 1, "{calls:?}");
    }
    run_until(&mut event_loop, &mut script, |calls| {
        (0..10).all(|number| calls.contains(&Notify(number)) && calls.contains(&Timeout(number)))
    });
}

/// Like a proxy that has something to write for its other side.
fn a_busy_source_that_reregisters_another_one_does_not_starve_it(kind: SelectorKind) {
    let both = Interest::READABLE | Interest::WRITABLE;
    for interests in [both, both.level()] {
        let mut event_loop = event_loop(kind);
        let mut busy = Notifier::new().unwrap();
        let level = Interest::READABLE.level();
        event_loop.register(&mut busy, Token(0), level).unwrap();
        busy.notify().unwrap();
        let (mut ours, mut theirs) = connected();
        theirs.write_all(b"never read").unwrap();
        // Loopback may deliver it later.
        while ours.peek(&mut [0]).is_err() {
            std::thread::yield_now();
        }
        event_loop.register(&mut ours, Token(1), interests).unwrap();
        let mut script = Script::new(move |context, call| {
            if call == Readable(Token(0)) {
                context.reregister(&mut ours, Token(1), interests)?;
            }
            // It is ready for as long as it lives.
            let _ = &busy;
            Ok(())
        });
        for _ in 0..50 {
            event_loop.run_once(&mut script, LONG).unwrap();
        }
        for wanted in [Readable(Token(1)), Writable(Token(1))] {
            let times = count(&script.calls, |call| *call == wanted);
            assert!(times >= 20, "{times} times {wanted:?} with {interests:?}");
        }
        drop(theirs);
    }
}

fn each_busy_source_has_its_turn_where_one_event_fits(kind: SelectorKind) {
    let builder = EventLoop::builder().selector(kind).event_capacity(1);
    let mut event_loop: EventLoop<Script> = builder.build().unwrap();
    let busy = Interest::READABLE.level();
    let sources: Vec<_> = (0..3)
        .map(|number| {
            let mut source = Notifier::new().unwrap();
            let token = Token(number);
            event_loop.register(&mut source, token, busy).unwrap();
            source.notify().unwrap();
            source
        })
        .collect();
    event_loop.sender().try_send(7).unwrap();
    event_loop.timeout(Duration::ZERO, 7);
    let wanted = [
        Readable(Token(0)),
        Readable(Token(1)),
        Readable(Token(2)),
        Notify(7),
        Timeout(7),
    ];
    let mut script = Script::idle();
    run_until(&mut event_loop, &mut script, |calls| {
        wanted.iter().all(|call| calls.contains(call))
    });
    drop(sources);
}
