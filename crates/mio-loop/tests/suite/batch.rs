//! Callbacks that end or change sources whose events have been polled already.

use std::cell::RefCell;
use std::io::ErrorKind;
use std::rc::Rc;

use mio::{Interest, Notifier, SelectorKind, Token};

use crate::support::{
    LONG, NOW, Readable, Script, Tick, Timeout, count, event_loop, ready_sources, run_until,
};

over_each_selector!(
    nothing_follows_for_a_token_that_was_deregistered,
    nothing_follows_for_a_token_that_was_forgotten,
    a_token_may_be_taken_again_at_once,
    what_was_reregistered_may_come_at_once_and_comes_with_the_next_poll,
    a_source_may_deregister_itself,
    a_source_may_be_dropped_in_its_own_callback,
    thousands_may_end_in_one_callback,
    a_timeout_that_is_cleared_in_the_same_iteration_does_not_come,
    the_next_batch_knows_nothing_of_the_last_one,
    the_loops_own_tokens_are_refused,
);

/// Returns the token of the other source of two.
fn other(token: Token) -> Token {
    Token(1 - token.0)
}

fn nothing_follows_for_a_token_that_was_deregistered(kind: SelectorKind) {
    let mut event_loop = event_loop(kind);
    let mut sources = ready_sources(&mut event_loop, 2);
    let mut script = Script::new(move |context, call| {
        if let Readable(token) = call {
            context.deregister(&mut sources[other(token).0], other(token))?;
        }
        Ok(())
    });
    event_loop.run_once(&mut script, LONG).unwrap();
    event_loop.run_once(&mut script, NOW).unwrap();
    let events = count(&script.calls, |call| matches!(call, Readable(_)));
    assert_eq!(events, 1, "{:?}", script.calls);
}

fn nothing_follows_for_a_token_that_was_forgotten(kind: SelectorKind) {
    let mut event_loop = event_loop(kind);
    let mut sources: Vec<_> = ready_sources(&mut event_loop, 2)
        .into_iter()
        .map(Some)
        .collect();
    let mut script = Script::new(move |context, call| {
        if let Readable(token) = call {
            sources[other(token).0] = None;
            context.forget(other(token));
        }
        Ok(())
    });
    event_loop.run_once(&mut script, LONG).unwrap();
    event_loop.run_once(&mut script, NOW).unwrap();
    let events = count(&script.calls, |call| matches!(call, Readable(_)));
    assert_eq!(events, 1, "{:?}", script.calls);
}

fn a_token_may_be_taken_again_at_once(kind: SelectorKind) {
    let mut event_loop = event_loop(kind);
    let mut sources = ready_sources(&mut event_loop, 2);
    let new = Rc::new(RefCell::new(None));
    let placed = Rc::clone(&new);
    let mut script = Script::new(move |context, call| {
        let is_first = placed.borrow().is_none();
        if let (Readable(token), true) = (call, is_first) {
            let token = other(token);
            context.deregister(&mut sources[token.0], token)?;
            let mut source = Notifier::new()?;
            context.register(&mut source, token, Interest::READABLE)?;
            placed.replace(Some((source, token)));
        }
        Ok(())
    });
    event_loop.run_once(&mut script, LONG).unwrap();
    event_loop.run_once(&mut script, NOW).unwrap();
    let events = count(&script.calls, |call| matches!(call, Readable(_)));
    assert_eq!(events, 1, "the new source has no event: {:?}", script.calls);

    // Its own events are delivered.
    let (source, token) = new.take().unwrap();
    source.notify().unwrap();
    new.replace(Some((source, token)));
    script.calls.clear();
    run_until(&mut event_loop, &mut script, |calls| {
        calls.contains(&Readable(token))
    });
}

fn what_was_reregistered_may_come_at_once_and_comes_with_the_next_poll(kind: SelectorKind) {
    let mut event_loop = event_loop(kind);
    let mut sources = ready_sources(&mut event_loop, 2);
    let mut first = None;
    let mut script = Script::new(move |context, call| {
        if let (Readable(token), None) = (call, first) {
            first = Some(token);
            let other = other(token);
            context.reregister(&mut sources[other.0], other, Interest::READABLE)?;
        }
        Ok(())
    });
    event_loop.run_once(&mut script, LONG).unwrap();
    let Readable(first) = script.calls[0] else {
        panic!("{:?}", script.calls);
    };
    let second = Readable(other(first));
    assert_eq!(script.calls[1..], [second, Tick], "it was polled before");
    script.calls.clear();
    run_until(&mut event_loop, &mut script, |calls| {
        calls.contains(&second)
    });
}

fn a_source_may_deregister_itself(kind: SelectorKind) {
    let mut event_loop = event_loop(kind);
    let mut sources = ready_sources(&mut event_loop, 3);
    let mut script = Script::new(move |context, call| {
        if let Readable(token) = call {
            context.deregister(&mut sources[token.0], token)?;
        }
        Ok(())
    });
    event_loop.run_once(&mut script, LONG).unwrap();
    event_loop.run_once(&mut script, NOW).unwrap();
    let events = count(&script.calls, |call| matches!(call, Readable(_)));
    assert_eq!(events, 3);
}

fn a_source_may_be_dropped_in_its_own_callback(kind: SelectorKind) {
    let mut event_loop = event_loop(kind);
    let sources = ready_sources(&mut event_loop, 3);
    let mut sources: Vec<_> = sources.into_iter().map(Some).collect();
    let mut script = Script::new(move |_, call| {
        if let Readable(token) = call {
            assert!(sources[token.0].take().is_some(), "it was dropped before");
        }
        Ok(())
    });
    event_loop.run_once(&mut script, LONG).unwrap();
    event_loop.run_once(&mut script, NOW).unwrap();
    let events = count(&script.calls, |call| matches!(call, Readable(_)));
    assert_eq!(events, 3);
}

fn thousands_may_end_in_one_callback(kind: SelectorKind) {
    const COUNT: usize = 200;
    let mut event_loop = event_loop(kind);
    let mut sources = ready_sources(&mut event_loop, COUNT);
    let mut script = Script::new(move |context, call| {
        if let Readable(_) = call {
            for (number, source) in sources.iter_mut().enumerate() {
                context.deregister(source, Token(number))?;
            }
            // Far more than there are events.
            for number in COUNT..5_000 {
                context.forget(Token(number));
            }
        }
        Ok(())
    });
    event_loop.run_once(&mut script, LONG).unwrap();
    event_loop.run_once(&mut script, NOW).unwrap();
    let events = count(&script.calls, |call| matches!(call, Readable(_)));
    assert_eq!(events, 1);
}

fn a_timeout_that_is_cleared_in_the_same_iteration_does_not_come(kind: SelectorKind) {
    let mut event_loop = event_loop(kind);
    let sources = ready_sources(&mut event_loop, 1);
    let now = std::time::Instant::now();
    let by_event = event_loop.timeout(now, 0);
    event_loop.timeout(now, 1);
    let by_timeout = event_loop.timeout(now, 2);
    let mut script = Script::new(move |context, call| {
        match call {
            Readable(_) => assert_eq!(context.clear_timeout(by_event), Some(0)),
            Timeout(1) => assert_eq!(context.clear_timeout(by_timeout), Some(2)),
            _ => {}
        }
        Ok(())
    });
    event_loop.run_once(&mut script, LONG).unwrap();
    event_loop.run_once(&mut script, NOW).unwrap();
    assert_eq!(script.calls, [Readable(Token(0)), Timeout(1), Tick, Tick]);
    drop(sources);
}

fn the_next_batch_knows_nothing_of_the_last_one(kind: SelectorKind) {
    let mut event_loop = event_loop(kind);
    let sources = ready_sources(&mut event_loop, 1);
    let mut script = Script::new(move |context, call| {
        if let Readable(token) = call {
            context.forget(token);
            sources[token.0].clear()?;
            sources[token.0].notify()?;
        }
        Ok(())
    });
    for _ in 0..3 {
        event_loop.run_once(&mut script, LONG).unwrap();
    }
    let events = count(&script.calls, |call| matches!(call, Readable(_)));
    assert_eq!(events, 3);
}

fn the_loops_own_tokens_are_refused(kind: SelectorKind) {
    let mut event_loop = event_loop(kind);
    let mut source = Notifier::new().unwrap();
    for number in [usize::MAX, usize::MAX - 1, usize::MAX - 2] {
        let result = event_loop.register(&mut source, Token(number), Interest::READABLE);
        let err = result.unwrap_err();
        assert_eq!(err.kind(), ErrorKind::InvalidInput);
        assert!(err.to_string().contains("the loop's own"), "{err}");
    }
    let last = Token(usize::MAX - 3);
    event_loop
        .register(&mut source, last, Interest::READABLE)
        .unwrap();
    let result = event_loop.reregister(&mut source, Token(usize::MAX), Interest::READABLE);
    assert_eq!(result.unwrap_err().kind(), ErrorKind::InvalidInput);
}
