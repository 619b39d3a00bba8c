//! The order of callbacks within an iteration.

use std::time::{Duration, Instant};

use mio::{Interest, SelectorKind, Token};

use crate::support::{
    LONG, Notify, Readable, Script, Tick, Timeout, Writable, count, event_loop, ready_sources,
};

over_each_selector!(
    events_then_messages_then_timeouts_then_the_tick,
    readable_comes_before_writable,
    timeouts_come_in_the_order_of_their_deadlines,
    an_idle_iteration_ticks,
);

fn events_then_messages_then_timeouts_then_the_tick(kind: SelectorKind) {
    let mut event_loop = event_loop(kind);
    let sources = ready_sources(&mut event_loop, 2);
    event_loop.timeout(Duration::ZERO, 1);
    let sender = event_loop.sender();
    sender.try_send(1).unwrap();
    sender.try_send(2).unwrap();
    let mut script = Script::idle();
    event_loop.run_once(&mut script, LONG).unwrap();
    script.calls[..2].sort_by_key(|call| *call != Readable(Token(0)));
    assert_eq!(
        script.calls,
        [
            Readable(Token(0)),
            Readable(Token(1)),
            Notify(1),
            Notify(2),
            Timeout(1),
            Tick
        ]
    );
    drop(sources);
}

fn readable_comes_before_writable(kind: SelectorKind) {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let peer = std::net::TcpStream::connect(listener.local_addr().unwrap()).unwrap();
    let (stream, _) = listener.accept().unwrap();
    stream.set_nonblocking(true).unwrap();
    let mut stream = mio::net::TcpStream::from_std(stream);
    std::io::Write::write_all(&mut &peer, b"hello").unwrap();
    stream.peek(&mut [0; 8]).ok();
    let mut event_loop = event_loop(kind);
    let both = Interest::READABLE | Interest::WRITABLE;
    event_loop.register(&mut stream, Token(7), both).unwrap();
    let mut script = Script::idle();
    // Some platforms report two events for it, and the data may come after the room.
    crate::support::run_until(&mut event_loop, &mut script, |calls| {
        calls.contains(&Readable(Token(7))) && calls.contains(&Writable(Token(7)))
    });
    // Within one event this is the order.
    event_loop.reregister(&mut stream, Token(7), both).unwrap();
    script.calls.clear();
    event_loop.run_once(&mut script, LONG).unwrap();
    if kind != SelectorKind::Kqueue {
        let both = [Readable(Token(7)), Writable(Token(7)), Tick];
        assert_eq!(script.calls, both);
    }
}

fn timeouts_come_in_the_order_of_their_deadlines(kind: SelectorKind) {
    let mut event_loop = event_loop(kind);
    let now = Instant::now();
    for (number, nanos) in [(3, 3), (1, 1), (4, 3), (2, 2)] {
        event_loop.timeout(now + Duration::from_nanos(nanos), number);
    }
    let mut script = Script::idle();
    crate::support::run_until(&mut event_loop, &mut script, |calls| {
        count(calls, |call| matches!(call, Timeout(_))) == 4
    });
    script.calls.retain(|call| *call != Tick);
    assert_eq!(script.calls, [1, 2, 3, 4].map(Timeout));
}

fn an_idle_iteration_ticks(kind: SelectorKind) {
    let mut event_loop = event_loop(kind);
    let mut script = Script::idle();
    let short = Some(Duration::from_millis(1));
    assert!(event_loop.run_once(&mut script, short).unwrap());
    assert_eq!(script.calls, [Tick]);
}
