//! The duration of a poll, which is never too short. Benchmarks measure how much longer it is.

use std::io::ErrorKind;
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

use mio::{Poll, SelectorKind, Token, Waker};

use crate::support::{LONG, Watch, ffi};

per_selector!(
    a_timeout_never_ends_early,
    zero_does_not_wait,
    a_fraction_of_a_millisecond_is_waited_and_not_spun,
    the_longest_timeout_waits,
    no_timeout_waits,
    a_deadline_never_ends_early,
    a_deadline_that_has_passed_is_a_look,
    no_deadline_waits_for_an_event,
    a_busy_poll_never_ends_early,
    a_busy_poll_finds_what_there_is,
    a_busy_poll_that_finds_nothing_rests,
    #[cfg(unix)]
    a_signal_interrupts,
);

fn a_timeout_never_ends_early(kind: SelectorKind) {
    let mut watch = Watch::new(kind);
    for nanoseconds in [
        1, 999, 50_000, 999_999, 1_000_000, 1_000_001, 1_500_000, 20_000_000,
    ] {
        for _ in 0..20 {
            let timeout = Duration::from_nanos(nanoseconds);
            let start = Instant::now();
            watch.poll(timeout);
            let waited = start.elapsed();
            assert!(waited >= timeout, "waited {waited:?} of {timeout:?}");
            assert!(watch.events.is_empty());
        }
    }
}

fn zero_does_not_wait(kind: SelectorKind) {
    // With a wait in each call the loop would take very long. On Windows the shortest wait is
    // longer, so fewer rounds suffice.
    const ROUNDS: usize = if cfg!(windows) { 10_000 } else { 100_000 };
    let mut watch = Watch::new(kind);
    for _ in 0..ROUNDS {
        watch.poll(Duration::ZERO);
        assert!(watch.events.is_empty());
    }
}

/// The sleeping thread gives up the processor: it uses far less processor time than it waits.
fn a_fraction_of_a_millisecond_is_waited_and_not_spun(kind: SelectorKind) {
    let mut watch = Watch::new(kind);
    let (start, used) = (Instant::now(), ffi::thread_time());
    for _ in 0..200 {
        watch.poll(Duration::from_micros(900));
    }
    let (waited, used) = (start.elapsed(), ffi::thread_time() - used);
    assert!(used < waited / 2, "used {used:?} in {waited:?}");
}

fn the_longest_timeout_waits(kind: SelectorKind) {
    for timeout in [
        Duration::MAX,
        Duration::from_secs(i64::MAX as u64),
        Duration::from_millis(i32::MAX as u64 + 1),
        Duration::from_secs(u64::from(u32::MAX)) + Duration::from_nanos(1),
    ] {
        waits(kind, Some(timeout));
    }
}

fn no_timeout_waits(kind: SelectorKind) {
    waits(kind, None);
}

fn poll_until(watch: &mut Watch, deadline: Option<Instant>) {
    while let Err(err) = watch.poll.poll_until(&mut watch.events, deadline) {
        assert_eq!(err.kind(), ErrorKind::Interrupted);
    }
}

fn a_deadline_never_ends_early(kind: SelectorKind) {
    let mut watch = Watch::new(kind);
    for nanoseconds in [1, 999, 50_000, 1_000_001, 1_500_000, 20_000_000] {
        for _ in 0..20 {
            let deadline = Instant::now() + Duration::from_nanos(nanoseconds);
            poll_until(&mut watch, Some(deadline));
            assert!(Instant::now() >= deadline);
            assert!(watch.events.is_empty());
        }
    }
}

fn a_deadline_that_has_passed_is_a_look(kind: SelectorKind) {
    let mut watch = Watch::new(kind);
    let waker = Waker::new(watch.poll.registry(), Token(1)).unwrap();
    let past = Instant::now();
    poll_until(&mut watch, Some(past));
    assert!(watch.events.is_empty());
    waker.wake().unwrap();
    poll_until(&mut watch, Some(past));
    assert_eq!(watch.events.iter().count(), 1);
}

fn no_deadline_waits_for_an_event(kind: SelectorKind) {
    for deadline in [None, Some(Instant::now() + LONG * 10)] {
        let mut watch = Watch::new(kind);
        let waker = Waker::new(watch.poll.registry(), Token(1)).unwrap();
        let thread = thread::spawn(move || {
            thread::yield_now();
            waker.wake().unwrap();
            waker
        });
        poll_until(&mut watch, deadline);
        assert_eq!(watch.events.iter().count(), 1);
        thread.join().unwrap();
    }
}

fn busy(kind: SelectorKind, limit: Duration) -> Watch {
    let mut watch = Watch::new(kind);
    let builder = Poll::builder().selector(kind).busy_poll(limit);
    watch.poll = builder.build().unwrap();
    watch
}

fn a_busy_poll_never_ends_early(kind: SelectorKind) {
    for limit in [1, 50, 5000].map(Duration::from_micros) {
        let mut watch = busy(kind, limit);
        for microseconds in [1, 49, 51, 1500] {
            for _ in 0..5 {
                let timeout = Duration::from_micros(microseconds);
                let start = Instant::now();
                watch.poll(timeout);
                assert!(start.elapsed() >= timeout && watch.events.is_empty());
            }
        }
    }
}

fn a_busy_poll_finds_what_there_is(kind: SelectorKind) {
    let mut watch = busy(kind, Duration::from_micros(50));
    let waker = Waker::new(watch.poll.registry(), Token(1)).unwrap();
    thread::scope(|scope| {
        let (ask, asked) = mpsc::channel();
        scope.spawn(move || {
            for () in asked {
                waker.wake().unwrap();
            }
        });
        for round in 0..500 {
            ask.send(()).unwrap();
            watch.wait_readable(1);
            if round % 100 == 0 {
                // Long enough for it to stop spinning.
                for _ in 0..5 {
                    watch.expect_silence();
                }
            }
        }
    });
}

fn a_busy_poll_that_finds_nothing_rests(kind: SelectorKind) {
    let mut watch = busy(kind, Duration::from_millis(2));
    let (start, used) = (Instant::now(), ffi::thread_time());
    for _ in 0..50 {
        watch.poll(Duration::from_millis(2));
    }
    let (waited, used) = (start.elapsed(), ffi::thread_time() - used);
    assert!(used < waited / 2, "used {used:?} in {waited:?}");
}

/// Checks that the poll returns because of the wake, and not before.
fn waits(kind: SelectorKind, timeout: Option<Duration>) {
    let mut watch = Watch::new(kind);
    let waker = Waker::new(watch.poll.registry(), Token(1)).unwrap();
    let (returned, has_returned) = mpsc::channel();
    let thread = thread::spawn(move || {
        // Other tests start programs, which interrupts threads on some kernels.
        while let Err(err) = watch.poll.poll(&mut watch.events, timeout) {
            assert_eq!(err.kind(), ErrorKind::Interrupted);
        }
        returned.send(watch.events.iter().count()).unwrap();
    });
    let early = has_returned.recv_timeout(Duration::from_millis(50));
    assert!(early.is_err(), "{timeout:?} ended early");
    waker.wake().unwrap();
    assert_eq!(has_returned.recv_timeout(LONG), Ok(1), "{timeout:?}");
    thread.join().unwrap();
}

#[cfg(unix)]
fn a_signal_interrupts(kind: SelectorKind) {
    ffi::handle_sigusr1();
    for timeout in [
        None,
        Some(LONG * 10),
        Some(LONG * 10 + Duration::from_nanos(1)),
    ] {
        let mut watch = Watch::new(kind);
        let (started, has_started) = mpsc::channel();
        let thread = thread::spawn(move || {
            started.send(ffi::this_thread()).unwrap();
            let result = watch.poll.poll(&mut watch.events, timeout);
            assert!(watch.events.is_empty());
            result
        });
        let id = has_started.recv().unwrap();
        // A signal before the poll has begun interrupts nothing, so this sends many.
        while !thread.is_finished() {
            ffi::signal(id);
            thread::yield_now();
        }
        let err = thread.join().unwrap().unwrap_err();
        assert_eq!(err.kind(), ErrorKind::Interrupted);
        assert!(err.raw_os_error().is_some());
    }
}
