//! Waking a poll from another thread.

use std::io::Write;
use std::panic::catch_unwind;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

use mio::{Events, Interest, SelectorKind, Token, Waker};

use crate::support::{LONG, SetAtEnd, Watch, connected, drain, pair};

per_selector!(
    a_wake_is_an_event,
    a_wake_before_the_poll_is_kept,
    several_wakes_are_at_least_one_event,
    each_wake_after_a_poll_is_news,
    no_wake_is_lost,
    a_wake_among_more_events_than_fit,
    a_busy_waker_starves_nobody,
    a_full_counter_does_not_block,
    a_poll_that_begins_after_a_wake_has_its_event,
    a_dropped_waker_is_silent,
    a_second_waker_has_its_own_token,
    a_second_waker_is_a_mistake,
    a_waker_outlives_its_poll,
    what_was_written_before_the_wake_is_seen,
    #[cfg(unix)]
    a_poll_that_is_watched_by_another_tells_of_a_wake_until_it_is_polled,
);

/// Wakes are coalesced until the poll itself takes them. So a program that watches the poll's
/// descriptor must poll after each event; otherwise an edge is the last one.
#[cfg(unix)]
fn a_poll_that_is_watched_by_another_tells_of_a_wake_until_it_is_polled(kind: SelectorKind) {
    use std::os::fd::AsRawFd;

    if kind == SelectorKind::Poll {
        return; // It has no descriptor.
    }
    for interest in [Interest::READABLE, Interest::READABLE.level()] {
        let mut inner = Watch::new(kind);
        let mut outer = Watch::new(kind);
        let waker = Waker::new(inner.poll.registry(), Token(1)).unwrap();
        let fd = inner.poll.as_raw_fd();
        outer.register(&mut mio::unix::SourceFd(&fd), 2, interest);
        for _ in 0..3 {
            outer.expect_silence();
            waker.wake().unwrap();
            outer.wait_readable(2);
            // The inner poll still has an event. Nothing changes, but it is readable.
            waker.wake().unwrap();
            // Event ports report a ready `SourceFd` again every 10 milliseconds.
            if interest.is_level() || kind == SelectorKind::EventPorts {
                outer.wait_readable(2);
            } else {
                outer.expect_silence();
            }
            inner.wait_readable(1);
        }
        outer.expect_silence();
    }
}

fn a_wake_is_an_event(kind: SelectorKind) {
    let mut watch = Watch::new(kind);
    let waker = Waker::new(watch.poll.registry(), Token(10)).unwrap();
    watch.expect_silence();
    let thread = thread::spawn(move || {
        waker.wake().unwrap();
        waker
    });
    let event = watch.wait_readable(10);
    assert!(!event.is_writable() && !event.is_error() && !event.is_read_closed());
    watch.expect_silence();
    drop(thread.join().unwrap());
}

fn a_wake_before_the_poll_is_kept(kind: SelectorKind) {
    let mut watch = Watch::new(kind);
    let waker = Waker::new(watch.poll.registry(), Token(10)).unwrap();
    waker.wake().unwrap();
    watch.poll(Duration::ZERO);
    assert_eq!(watch.events.iter().count(), 1);
}

fn several_wakes_are_at_least_one_event(kind: SelectorKind) {
    let mut watch = Watch::new(kind);
    let waker = Waker::new(watch.poll.registry(), Token(10)).unwrap();
    for _ in 0..5 {
        waker.wake().unwrap();
    }
    watch.wait_readable(10);
    watch.expect_silence();
}

fn each_wake_after_a_poll_is_news(kind: SelectorKind) {
    let mut watch = Watch::new(kind);
    let waker = Waker::new(watch.poll.registry(), Token(10)).unwrap();
    for _ in 0..100 {
        waker.wake().unwrap();
        watch.poll(LONG);
        assert_eq!(watch.events.iter().count(), 1);
    }
}

/// A thread waits for each wake. It hangs if one is lost.
fn no_wake_is_lost(kind: SelectorKind) {
    const ROUNDS: usize = 5_000;
    let mut watch = Watch::new(kind);
    let waker = Arc::new(Waker::new(watch.poll.registry(), Token(10)).unwrap());
    let asked = Arc::new(AtomicUsize::new(0));
    let answered = Arc::new(AtomicUsize::new(0));
    let threads: Vec<_> = (0..3)
        .map(|_| {
            let (waker, asked, answered) = (waker.clone(), asked.clone(), answered.clone());
            thread::spawn(move || {
                for _ in 0..ROUNDS {
                    let ticket = asked.fetch_add(1, Ordering::SeqCst) + 1;
                    waker.wake().unwrap();
                    // In most rounds the poll that responds was asleep.
                    while ticket % 3 == 0 && answered.load(Ordering::SeqCst) < ticket {
                        thread::yield_now();
                    }
                }
            })
        })
        .collect();
    while answered.load(Ordering::SeqCst) < 3 * ROUNDS {
        watch.poll(LONG);
        assert!(!watch.events.is_empty(), "a wake was lost");
        answered.store(asked.load(Ordering::SeqCst), Ordering::SeqCst);
    }
    for thread in threads {
        thread.join().unwrap();
    }
}

fn a_wake_among_more_events_than_fit(kind: SelectorKind) {
    let mut watch = Watch::new(kind);
    watch.events = Events::with_capacity(1);
    let waker = Waker::new(watch.poll.registry(), Token(10)).unwrap();
    let mut streams: Vec<_> = (0..4).map(|_| connected()).collect();
    for (token, (stream, _)) in streams.iter_mut().enumerate() {
        watch.register(stream, token, Interest::WRITABLE);
    }
    waker.wake().unwrap();
    let mut seen = Vec::new();
    for _ in 0..5 {
        watch.poll(LONG);
        seen.extend(watch.events.iter().map(|event| event.token().0));
    }
    seen.sort_unstable();
    assert_eq!(seen, [0, 1, 2, 3, 10]);
}

fn a_busy_waker_starves_nobody(kind: SelectorKind) {
    let mut watch = Watch::new(kind);
    watch.events = Events::with_capacity(1);
    let waker = Waker::new(watch.poll.registry(), Token(3)).unwrap();
    let mut pairs: Vec<_> = (0..3).map(|_| pair()).collect();
    for (token, (one, two)) in pairs.iter_mut().enumerate() {
        watch.register(one, token, Interest::READABLE);
        two.write_all(b"!").unwrap();
    }
    // Each reported source is drained and ready again at once.
    let mut seen = [0; 4];
    for _ in 0..100 {
        waker.wake().unwrap();
        watch.poll(LONG);
        let token = watch.events.iter().next().unwrap().token().0;
        seen[token] += 1;
        if let Some((one, two)) = pairs.get_mut(token) {
            drain(one);
            two.write_all(b"!").unwrap();
        }
    }
    assert!(seen.iter().all(|seen| *seen >= 10), "{seen:?}");
}

/// More wakes than a pipe has room for. Each one makes a system call, because a poll lies between
/// two wakes.
fn a_full_counter_does_not_block(kind: SelectorKind) {
    // More than a pipe holds. Windows has no counter, and a call takes long in Wine.
    const ROUNDS: usize = if cfg!(windows) { 2_000 } else { 70_000 };
    let mut watch = Watch::new(kind);
    let waker = Waker::new(watch.poll.registry(), Token(10)).unwrap();
    for round in 0..ROUNDS {
        waker.wake().unwrap();
        watch.poll(Duration::ZERO);
        assert_eq!(watch.events.iter().count(), 1, "round {round}");
    }
}

/// Also if many other threads are in the middle of a wake.
fn a_poll_that_begins_after_a_wake_has_its_event(kind: SelectorKind) {
    // A call takes long in Wine.
    const ROUNDS: usize = if cfg!(windows) { 5_000 } else { 50_000 };
    let mut watch = Watch::new(kind);
    let waker = Waker::new(watch.poll.registry(), Token(10)).unwrap();
    let done = AtomicBool::new(false);
    thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                while !done.load(Ordering::Relaxed) {
                    waker.wake().unwrap();
                }
            });
        }
        let _end = SetAtEnd(&done);
        for round in 0..ROUNDS {
            waker.wake().unwrap();
            watch.poll(Duration::ZERO);
            // Where each wake is a packet, there may be several events.
            assert!(!watch.events.is_empty(), "round {round}");
        }
    });
}

fn a_dropped_waker_is_silent(kind: SelectorKind) {
    let mut watch = Watch::new(kind);
    let waker = Waker::new(watch.poll.registry(), Token(10)).unwrap();
    waker.wake().unwrap();
    drop(waker);
    watch.expect_silence();
    // Now another waker is allowed.
    let waker = Waker::new(watch.poll.registry(), Token(11)).unwrap();
    waker.wake().unwrap();
    watch.wait_readable(11);
}

/// Also if the wake of the previous waker was never taken.
fn a_second_waker_has_its_own_token(kind: SelectorKind) {
    let mut watch = Watch::new(kind);
    for round in 0..3 {
        let first = Waker::new(watch.poll.registry(), Token(10)).unwrap();
        if round > 0 {
            first.wake().unwrap();
        }
        if round > 1 {
            watch.wait_readable(10);
        }
        drop(first);
        let second = Waker::new(watch.poll.registry(), Token(11)).unwrap();
        second.wake().unwrap();
        watch.poll(LONG);
        let tokens: Vec<_> = watch.events.iter().map(|event| event.token()).collect();
        assert_eq!(tokens, [Token(11)], "round {round}");
        watch.expect_silence();
    }
}

fn a_second_waker_is_a_mistake(kind: SelectorKind) {
    let watch = Watch::new(kind);
    let registry = watch.poll.registry().try_clone().unwrap();
    let _waker = Waker::new(&registry, Token(10)).unwrap();
    let second = catch_unwind(|| Waker::new(&registry, Token(11)).map(drop));
    assert_eq!(second.is_err(), cfg!(debug_assertions));
    if let Err(message) = second {
        let message = message.downcast_ref::<&str>().expect("a message");
        let mio = "Only a single `Waker` can be active per `Poll` instance";
        assert!(message.contains(mio), "{message}");
    }
}

fn a_waker_outlives_its_poll(kind: SelectorKind) {
    let watch = Watch::new(kind);
    let waker = Waker::new(watch.poll.registry(), Token(10)).unwrap();
    drop(watch);
    waker.wake().unwrap();
}

fn what_was_written_before_the_wake_is_seen(kind: SelectorKind) {
    let mut watch = Watch::new(kind);
    let waker = Waker::new(watch.poll.registry(), Token(10)).unwrap();
    let number = Arc::new(AtomicUsize::new(0));
    let written = number.clone();
    let thread = thread::spawn(move || {
        // Only the wake makes the store visible.
        written.store(7, Ordering::Relaxed);
        waker.wake().unwrap();
        waker
    });
    watch.wait_readable(10);
    assert_eq!(number.load(Ordering::Relaxed), 7);
    drop(thread.join().unwrap());
}
