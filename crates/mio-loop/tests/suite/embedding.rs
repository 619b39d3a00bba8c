//! A loop that another one watches.

use std::os::fd::{AsFd, AsRawFd};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::{Duration, Instant};

use mio::unix::SourceFd;
use mio::{Events, Interest, Poll, SelectorKind, Token};

use crate::support::{LONG, NOW, Notify, Script, Timeout, event_loop};

over_each_selector!(
    its_descriptor_is_readable_when_there_is_something,
    its_deadline_tells_when_it_is_needed,
    without_a_descriptor_asking_for_it_panics,
);

fn its_descriptor_is_readable_when_there_is_something(kind: SelectorKind) {
    if kind == SelectorKind::Poll {
        return; // It has no descriptor.
    }
    let mut event_loop = event_loop(kind);
    let sender = event_loop.sender();
    let fd = event_loop.as_fd().as_raw_fd();
    let mut outer = Poll::new().unwrap();
    let level = Interest::READABLE.level();
    outer
        .registry()
        .register(&mut SourceFd(&fd), Token(0), level)
        .unwrap();
    let mut events = Events::with_capacity(8);
    let mut script = Script::idle();
    for number in 0..3 {
        sender.try_send(number).unwrap();
        outer.poll(&mut events, LONG).unwrap();
        assert!(!events.is_empty());
        event_loop.run_once(&mut script, NOW).unwrap();
        assert!(script.calls.contains(&Notify(number)));
    }
    // It is not readable once the loop is drained.
    event_loop.run_once(&mut script, NOW).unwrap();
    outer.poll(&mut events, NOW).unwrap();
    assert!(events.is_empty());
}

fn its_deadline_tells_when_it_is_needed(kind: SelectorKind) {
    let mut event_loop = event_loop(kind);
    assert_eq!(event_loop.next_deadline(), None);
    let deadline = Instant::now() + Duration::from_millis(5);
    event_loop.timeout(deadline, 0);
    assert_eq!(event_loop.next_deadline(), Some(deadline));
    let mut outer = Poll::new().unwrap();
    let mut events = Events::with_capacity(8);
    outer
        .poll_until(&mut events, event_loop.next_deadline())
        .unwrap();
    let mut script = Script::idle();
    event_loop.run_once(&mut script, NOW).unwrap();
    assert!(script.calls.contains(&Timeout(0)));
    assert_eq!(event_loop.next_deadline(), None);

    // A request to end is work.
    event_loop.shutdown();
    assert!(event_loop.next_deadline() <= Some(Instant::now()));
}

fn without_a_descriptor_asking_for_it_panics(kind: SelectorKind) {
    let event_loop = event_loop(kind);
    let fd = catch_unwind(AssertUnwindSafe(|| event_loop.as_fd().as_raw_fd()));
    assert_eq!(fd.is_ok(), event_loop.selector_kind() != SelectorKind::Poll);
}
