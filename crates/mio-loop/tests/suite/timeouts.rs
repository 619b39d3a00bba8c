//! Timeouts: never early, never twice, and many.

use std::time::{Duration, Instant};

use mio::SelectorKind;
use mio_loop::EventLoop;

use crate::support::{LONG, NOW, Script, Tick, Timeout, count, event_loop, run, run_until};

over_each_selector!(
    a_timeout_is_not_early,
    a_timeout_can_be_reset,
    a_handle_is_of_one_timeout,
    a_handle_is_of_one_loop,
    what_was_due_long_ago_comes_at_once_and_in_order,
    the_longest_duration_is_no_mistake,
    a_million_timeouts_come_in_their_order,
    a_resolution_brings_timeouts_together,
    a_timeout_that_is_reset_in_a_callback_comes_later,
    what_is_zero_is_refused_by_name,
);

fn a_timeout_is_not_early(kind: SelectorKind) {
    let mut event_loop = event_loop(kind);
    let start = Instant::now();
    event_loop.timeout(Duration::from_micros(2_500), 0);
    let mut script = Script::idle();
    run_until(&mut event_loop, &mut script, |calls| {
        calls.contains(&Timeout(0))
    });
    assert!(start.elapsed() >= Duration::from_micros(2_500));
}

fn a_timeout_can_be_reset(kind: SelectorKind) {
    let mut event_loop = event_loop(kind);
    let timeout = event_loop.timeout(Duration::from_secs(3_600), 0);
    assert!(event_loop.reset_timeout(timeout, Duration::ZERO));
    let mut script = Script::idle();
    event_loop.run_once(&mut script, LONG).unwrap();
    assert_eq!(script.calls, [Timeout(0), Tick]);
    assert!(!event_loop.reset_timeout(timeout, Duration::ZERO));
    event_loop.run_once(&mut script, NOW).unwrap();
    assert_eq!(script.calls[2..], [Tick]);
}

fn a_handle_is_of_one_timeout(kind: SelectorKind) {
    let mut event_loop = event_loop(kind);
    let first = event_loop.timeout(Duration::ZERO, 1);
    let mut script = Script::idle();
    event_loop.run_once(&mut script, LONG).unwrap();
    event_loop.timeout(Duration::ZERO, 2);
    assert_eq!(event_loop.clear_timeout(first), None);
    event_loop.run_once(&mut script, LONG).unwrap();
    assert_eq!(script.calls, [Timeout(1), Tick, Timeout(2), Tick]);
}

fn the_longest_duration_is_no_mistake(kind: SelectorKind) {
    let mut event_loop = event_loop(kind);
    let timeout = event_loop.timeout(Duration::MAX, 1);
    let mut script = Script::idle();
    event_loop.run_once(&mut script, NOW).unwrap();
    assert!(event_loop.next_deadline() > Some(Instant::now()));
    assert_eq!(event_loop.clear_timeout(timeout), Some(1));
}

fn a_million_timeouts_come_in_their_order(kind: SelectorKind) {
    const COUNT: u64 = 1_000_000;
    let mut event_loop = event_loop(kind);
    let start = Instant::now();
    // Spread over a second that begins soon, shuffled by a step that is coprime to the count.
    let first = start + Duration::from_millis(300);
    for number in 0..COUNT {
        let place = number * 7_919 % COUNT;
        event_loop.timeout(first + Duration::from_nanos(place * 1_000), place);
    }
    let far = event_loop.timeout(start + Duration::from_secs(3_600), COUNT);
    let mut next = 0;
    let mut script = Script::new(move |context, call| {
        if let Timeout(place) = call {
            assert_eq!(place, next);
            next += 1;
            if next == COUNT {
                context.shutdown();
            }
        }
        Ok(())
    });
    run(&mut event_loop, &mut script).unwrap();
    let timeouts = count(&script.calls, |call| *call != Tick);
    assert_eq!(timeouts as u64, COUNT);
    assert_eq!(event_loop.clear_timeout(far), Some(COUNT));
}

fn a_resolution_brings_timeouts_together(kind: SelectorKind) {
    let ms = Duration::from_millis;
    let builder = EventLoop::builder()
        .selector(kind)
        .timer_resolution(ms(100));
    let mut event_loop: EventLoop<Script> = builder.build().unwrap();
    // The end of a step that has begun or will begin, however long all this takes.
    let later = event_loop.timeout(ms(100), 0);
    let end = event_loop.next_deadline().unwrap();
    event_loop.clear_timeout(later);
    for number in 1..=3 {
        event_loop.timeout(end - ms(40 - 10 * number), number);
        assert_eq!(event_loop.next_deadline(), Some(end));
    }
    let mut script = Script::idle();
    event_loop.run_once(&mut script, LONG).unwrap();
    assert!(Instant::now() >= end);
    assert_eq!(script.calls, [Timeout(1), Timeout(2), Timeout(3), Tick]);
}

/// Otherwise one that is reset again and again would delay those after it.
fn a_timeout_that_is_reset_in_a_callback_comes_later(kind: SelectorKind) {
    let mut event_loop = event_loop(kind);
    let past = Instant::now();
    event_loop.timeout(past, 0);
    let other = event_loop.timeout(past, 1);
    let mut script = Script::new(move |context, call| {
        if call == Timeout(0) {
            assert!(context.reset_timeout(other, past));
        }
        Ok(())
    });
    event_loop.run_once(&mut script, LONG).unwrap();
    assert_eq!(script.calls, [Timeout(0), Tick]);
    event_loop.run_once(&mut script, LONG).unwrap();
    assert_eq!(script.calls[2..], [Timeout(1), Tick]);
}

fn what_is_zero_is_refused_by_name(kind: SelectorKind) {
    let builder = EventLoop::<Script>::builder().selector(kind);
    for (builder, name) in [
        (builder.clone().event_capacity(0), "event_capacity"),
        (builder.clone().message_capacity(0), "message_capacity"),
        (builder.clone().messages_per_tick(0), "messages_per_tick"),
    ] {
        let err = builder.build().unwrap_err();
        assert_eq!(err.kind(), std::io::ErrorKind::InvalidInput);
        assert!(err.to_string().contains(name), "{err}");
    }
}

fn a_handle_is_of_one_loop(kind: SelectorKind) {
    let (mut ours, mut other) = (event_loop(kind), event_loop(kind));
    let timeout = ours.timeout(Duration::from_secs(3_600), 1);
    let same_place = other.timeout(Duration::from_secs(3_600), 2);
    assert_eq!(other.clear_timeout(timeout), None);
    assert!(!other.reset_timeout(timeout, Duration::ZERO));
    assert_eq!(ours.clear_timeout(timeout), Some(1));
    assert_eq!(ours.clear_timeout(timeout), None);
    assert_eq!(other.clear_timeout(same_place), Some(2));
}

fn what_was_due_long_ago_comes_at_once_and_in_order(kind: SelectorKind) {
    let past: Vec<_> = (0..3).map(|number| (number, Instant::now())).collect();
    // Created after that, and with a grid that begins after that.
    let builder = EventLoop::builder().selector(kind);
    let builder = builder.timer_resolution(Duration::from_secs(1));
    let mut event_loop: EventLoop<Script> = builder.build().unwrap();
    for (number, deadline) in past.into_iter().rev() {
        event_loop.timeout(deadline, number);
    }
    let mut script = Script::idle();
    event_loop.run_once(&mut script, LONG).unwrap();
    assert_eq!(script.calls, [Timeout(0), Timeout(1), Timeout(2), Tick]);
}
