//! Sources that a callback left before `WouldBlock`, which are called again without an event.

use std::io::{self, Read, Write};
use std::time::Duration;

use mio::net::TcpStream;
use mio::{Interest, SelectorKind, Token};
use mio_loop::{Context, EventLoop, Handler};

use crate::support::{
    Again, LONG, NOW, Notify, Readable, Script, Tick, Timeout, connected, count, event_loop,
    ready_sources, run_until,
};

over_each_selector!(
    again_follows_the_batch_and_precedes_messages,
    again_comes_once_per_iteration_and_the_poll_does_not_wait,
    again_outside_a_run_comes_with_the_first_iteration,
    again_is_skipped_after_deregister_forget_and_register,
    again_that_deregisters_another_source_skips_it,
    again_after_reregister_still_comes,
    again_without_end_starves_nobody,
    again_that_fails_leaves_the_rest_to_the_next_iteration,
    again_calls_readable_by_default,
);

fn again_follows_the_batch_and_precedes_messages(kind: SelectorKind) {
    let mut event_loop = event_loop(kind);
    let sources = ready_sources(&mut event_loop, 2);
    event_loop.sender().try_send(1).unwrap();
    event_loop.timeout(Duration::ZERO, 1);
    let mut script = Script::new(|context, call| {
        if let Readable(token) = call {
            // The second call for the same token changes nothing.
            context.again(token);
            context.again(token);
        }
        Ok(())
    });
    event_loop.run_once(&mut script, LONG).unwrap();
    let Readable(first) = script.calls[0] else {
        panic!("{:?}", script.calls);
    };
    let second = Token(1 - first.0);
    let wanted = [
        Readable(first),
        Readable(second),
        Again(first),
        Again(second),
        Notify(1),
        Timeout(1),
        Tick,
    ];
    assert_eq!(script.calls, wanted);
    assert_eq!(event_loop.next_deadline(), None);
    drop(sources);
}

fn again_comes_once_per_iteration_and_the_poll_does_not_wait(kind: SelectorKind) {
    let mut event_loop = event_loop(kind);
    let sources = ready_sources(&mut event_loop, 1);
    let mut left = 3;
    let mut script = Script::new(move |context, call| {
        if left > 0 && matches!(call, Readable(_) | Again(_)) {
            left -= 1;
            context.again(Token(0));
        }
        Ok(())
    });
    let metrics = event_loop.metrics();
    event_loop.run_once(&mut script, LONG).unwrap();
    assert_eq!(metrics.wakeups(), 1);
    let again = Again(Token(0));
    assert_eq!(script.calls, [Readable(Token(0)), again, Tick]);
    assert!(event_loop.next_deadline().is_some());
    event_loop.run_once(&mut script, LONG).unwrap();
    event_loop.run_once(&mut script, LONG).unwrap();
    assert_eq!(script.calls[3..], [again, Tick, again, Tick]);
    assert_eq!(metrics.wakeups(), 1);
    assert_eq!(event_loop.next_deadline(), None);
    drop(sources);
}

fn again_outside_a_run_comes_with_the_first_iteration(kind: SelectorKind) {
    let mut event_loop = event_loop(kind);
    event_loop.again(Token(7));
    let mut script = Script::idle();
    event_loop.run_once(&mut script, LONG).unwrap();
    assert_eq!(script.calls, [Again(Token(7)), Tick]);
}

fn again_is_skipped_after_deregister_forget_and_register(kind: SelectorKind) {
    let mut event_loop = event_loop(kind);
    let mut sources = ready_sources(&mut event_loop, 3);
    let mut others = Vec::new();
    let mut script = Script::new(move |context, call| {
        if let Readable(token) = call {
            context.again(token);
            match token.0 {
                0 => context.deregister(&mut sources[0], token)?,
                1 => context.forget(token),
                _ => {
                    let mut other = mio::Notifier::new()?;
                    context.register(&mut other, token, Interest::READABLE)?;
                    others.push(other);
                }
            }
        }
        Ok(())
    });
    event_loop.run_once(&mut script, LONG).unwrap();
    event_loop.run_once(&mut script, NOW).unwrap();
    assert_eq!(count(&script.calls, |call| matches!(call, Again(_))), 0);
    assert_eq!(count(&script.calls, |call| matches!(call, Readable(_))), 3);

    // The same outside a batch.
    event_loop.again(Token(1));
    event_loop.forget(Token(1));
    assert_eq!(event_loop.next_deadline(), None);
}

fn again_that_deregisters_another_source_skips_it(kind: SelectorKind) {
    let mut event_loop = event_loop(kind);
    let mut sources = ready_sources(&mut event_loop, 2);
    let mut script = Script::new(move |context, call| {
        match call {
            Readable(token) => context.again(token),
            Again(token) => {
                let other = Token(1 - token.0);
                context.deregister(&mut sources[other.0], other)?;
            }
            _ => {}
        }
        Ok(())
    });
    event_loop.run_once(&mut script, LONG).unwrap();
    event_loop.run_once(&mut script, NOW).unwrap();
    assert_eq!(count(&script.calls, |call| matches!(call, Again(_))), 1);
}

fn again_after_reregister_still_comes(kind: SelectorKind) {
    let mut event_loop = event_loop(kind);
    let mut sources = ready_sources(&mut event_loop, 1);
    let mut script = Script::new(move |context, call| {
        if let Readable(token) = call {
            context.again(token);
            context.reregister(&mut sources[0], token, Interest::READABLE)?;
        }
        Ok(())
    });
    event_loop.run_once(&mut script, LONG).unwrap();
    assert_eq!(script.calls[1..], [Again(Token(0)), Tick]);
}

fn again_without_end_starves_nobody(kind: SelectorKind) {
    let mut event_loop = event_loop(kind);
    let sources = ready_sources(&mut event_loop, 1);
    event_loop.again(Token(8));
    event_loop.again(Token(9));
    event_loop.timeout(Duration::ZERO, 1);
    event_loop.sender().try_send(1).unwrap();
    let mut script = Script::new(|context, call| {
        if let Again(token) = call {
            context.again(token);
        }
        Ok(())
    });
    let wanted = [Readable(Token(0)), Notify(1), Timeout(1)];
    run_until(&mut event_loop, &mut script, |calls| {
        wanted.iter().all(|call| calls.contains(call))
    });
    let times = |wanted| count(&script.calls, |call| *call == wanted);
    assert_eq!(times(Again(Token(8))), times(Tick));
    assert_eq!(times(Again(Token(9))), times(Tick));
    drop(sources);
}

fn again_that_fails_leaves_the_rest_to_the_next_iteration(kind: SelectorKind) {
    let mut event_loop = event_loop(kind);
    for number in [1, 2, 3] {
        event_loop.again(Token(number));
    }
    event_loop.timeout(Duration::ZERO, 1);
    let mut script = Script::new(|_, call| match call {
        Again(Token(1)) => Err(io::Error::other("once")),
        Again(Token(2)) => panic!("once too"),
        _ => Ok(()),
    });
    event_loop.run_once(&mut script, NOW).unwrap_err();
    // The rest of this iteration, with the timeouts that the failure must not delay.
    event_loop.run_once(&mut script, LONG).unwrap();
    let run = std::panic::AssertUnwindSafe(|| event_loop.run_once(&mut script, LONG));
    std::panic::catch_unwind(run).unwrap_err();
    event_loop.run_once(&mut script, LONG).unwrap();
    event_loop.run_once(&mut script, LONG).unwrap();
    let wanted = [
        Again(Token(1)),
        Timeout(1),
        Tick,
        Again(Token(2)),
        Tick,
        Again(Token(3)),
        Tick,
    ];
    assert_eq!(script.calls, wanted);
}

/// Reads one byte per call, in edge mode.
struct Slow {
    stream: TcpStream,
    received: Vec<u8>,
}

impl Handler for Slow {
    type Timeout = ();
    type Message = ();
    type Error = io::Error;

    fn readable(&mut self, context: &mut Context<Self>, token: Token) -> io::Result<()> {
        let mut buffer = [0];
        match self.stream.read(&mut buffer) {
            Ok(0) => context.shutdown(),
            Ok(_) => {
                self.received.push(buffer[0]);
                context.again(token);
            }
            Err(err) if err.kind() == io::ErrorKind::WouldBlock => {}
            Err(err) => return Err(err),
        }
        Ok(())
    }

    fn timeout(&mut self, _: &mut Context<Self>, (): ()) -> io::Result<()> {
        Err(io::ErrorKind::TimedOut.into())
    }
}

fn again_calls_readable_by_default(kind: SelectorKind) {
    let mut event_loop = EventLoop::builder().selector(kind).build().unwrap();
    let (mut stream, mut peer) = connected();
    event_loop
        .register(&mut stream, Token(0), Interest::READABLE)
        .unwrap();
    peer.write_all(b"one byte at a time").unwrap();
    drop(peer);
    event_loop.timeout(Duration::from_secs(30), ());
    let received = Vec::new();
    let mut slow = Slow { stream, received };
    event_loop.run(&mut slow).unwrap();
    assert_eq!(slow.received, b"one byte at a time");
}
