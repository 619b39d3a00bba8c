//! The guarantees of the wheel, one per test. Time is simulated, so nothing waits.

use std::time::{Duration, Instant};

use allocation_counter::measure;
use mio_sources::timer::{TimerHandle, TimerWheel};

const NANO: Duration = Duration::from_nanos(1);

/// Pseudo-random numbers, the same each time.
fn numbers(mut state: u64) -> impl FnMut() -> u64 {
    move || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state
    }
}

fn expired<T>(timers: &mut TimerWheel<T>, now: Instant) -> Vec<T> {
    timers.expire(now).collect()
}

#[test]
fn nothing_expires_early() {
    let start = Instant::now();
    // From a nanosecond to a century.
    for bits in 0..62 {
        let mut timers = TimerWheel::new();
        let deadline = start + Duration::from_nanos(1 << bits);
        timers.insert(deadline, bits);
        assert_eq!(expired(&mut timers, start), []);
        assert_eq!(expired(&mut timers, deadline - NANO), []);
        assert_eq!(timers.next_deadline(), Some(deadline));
        assert_eq!(expired(&mut timers, deadline), [bits]);
        assert!(timers.is_empty());
    }
}

#[test]
fn order_is_by_deadline_and_then_by_insertion() {
    let start = Instant::now();
    let mut timers = TimerWheel::new();
    let mut next = numbers(7);
    let mut expected = Vec::new();
    for serial in 0..5_000_u32 {
        // Few deadlines, so that many are shared, and close together, so that ticks are shared too.
        let deadline = start + Duration::from_nanos(next() % 1_000 * 10_000);
        expected.push((deadline, serial));
        timers.insert(deadline, (deadline, serial));
    }
    expected.sort();
    let end = start + Duration::from_secs(1);
    assert_eq!(expired(&mut timers, end), expected);
}

#[test]
fn a_deadline_in_the_past_expires_at_once_and_in_order() {
    let start = Instant::now() + Duration::from_secs(3600);
    let mut timers = TimerWheel::new();
    timers.insert(start, 0);
    assert_eq!(expired(&mut timers, start), [0]);

    timers.insert(start - Duration::from_secs(1), 2);
    timers.insert(start - Duration::from_secs(1800), 1);
    timers.insert(start, 3);
    assert_eq!(expired(&mut timers, start), [1, 2, 3]);
}

#[test]
fn deadlines_before_the_wheel_was_made_are_in_order_too() {
    let before = Instant::now();
    let mut timers = TimerWheel::new();
    timers.insert(before, 2);
    if let Some(earlier) = before.checked_sub(NANO) {
        timers.insert(earlier, 1);
        assert_eq!(timers.next_deadline(), Some(earlier));
        assert_eq!(timers.expire(before).next(), Some(1));
    }
    assert_eq!(expired(&mut timers, before), [2]);
}

#[test]
fn deadlines_beyond_the_last_tick_are_in_order_too() {
    let start = Instant::now();
    let year = Duration::from_secs(365 * 24 * 3600);
    let mut timers = TimerWheel::new();
    for years in [4000, 2200, 2190, 3000, 2190, 1900] {
        timers.insert(start + year * years, years);
    }
    assert_eq!(timers.next_deadline(), Some(start + year * 1900));
    assert_eq!(expired(&mut timers, start + year * 1900), [1900]);
    assert_eq!(expired(&mut timers, start + year * 2190 - NANO), []);
    let now = start + year * 3000;
    assert_eq!(expired(&mut timers, now), [2190, 2190, 2200, 3000]);
    timers.insert(start + year * 3500, 3500);
    assert_eq!(expired(&mut timers, start + year * 5000), [3500, 4000]);
}

#[test]
fn a_handle_never_hits_a_later_timer() {
    let now = Instant::now();
    let mut timers = TimerWheel::new();
    let mut old: Vec<TimerHandle> = Vec::new();
    for round in 0..1_000 {
        let timer = timers.insert(now, round);
        for handle in &old {
            assert_eq!(timers.cancel(*handle), None);
            assert_eq!(timers.get(*handle), None);
            assert_eq!(timers.get_mut(*handle), None);
            assert_eq!(timers.deadline(*handle), None);
            assert!(!timers.reschedule(*handle, now));
        }
        assert_eq!(timers.get(timer), Some(&round));
        if round % 2 == 0 {
            assert_eq!(timers.cancel(timer), Some(round));
        } else {
            assert_eq!(expired(&mut timers, now), [round]);
        }
        old.push(timer);
    }
    assert_eq!(
        timers.capacity(),
        TimerWheel::<i32>::with_capacity(4).capacity()
    );
}

#[test]
fn a_handle_of_another_wheel_hits_nothing() {
    let now = Instant::now();
    let mut one = TimerWheel::new();
    let mut other = TimerWheel::new();
    let timer = one.insert(now, "one");
    other.insert(now, "other");
    assert_eq!(other.cancel(timer), None);
    assert_eq!(other.len(), 1);
}

#[test]
fn a_rescheduled_timer_expires_at_its_new_deadline_only() {
    let start = Instant::now();
    let hour = Duration::from_secs(3600);
    let mut timers = TimerWheel::new();
    let timer = timers.insert(start + hour, "idle");
    assert!(timers.reschedule(timer, start + 2 * hour));
    assert_eq!(timers.deadline(timer), Some(start + 2 * hour));
    assert_eq!(expired(&mut timers, start + hour), [""; 0]);
    assert!(timers.reschedule(timer, start + NANO));
    assert_eq!(expired(&mut timers, start + hour), ["idle"]);
    assert_eq!(expired(&mut timers, start + 3 * hour), [""; 0]);
}

#[test]
fn what_an_iterator_leaves_comes_with_the_next() {
    let start = Instant::now();
    let mut timers = TimerWheel::new();
    for n in 0..100 {
        timers.insert(start + Duration::from_millis(n), n);
    }
    let late = start + Duration::from_secs(1);
    assert_eq!(timers.expire(late).take(3).collect::<Vec<_>>(), [0, 1, 2]);
    assert_eq!(timers.len(), 97);
    assert_eq!(
        timers.next_deadline(),
        Some(start + Duration::from_millis(3))
    );
    timers.insert(start, 1_000);
    assert_eq!(timers.expire(late).take(2).collect::<Vec<_>>(), [1_000, 3]);
    assert_eq!(expired(&mut timers, late).len(), 96);
}

#[test]
fn a_now_that_goes_back_does_no_harm() {
    let start = Instant::now();
    let minute = Duration::from_secs(60);
    let mut timers = TimerWheel::new();
    assert_eq!(expired(&mut timers, start + 10 * minute), [0; 0]);
    timers.insert(start + 2 * minute, 2);
    timers.insert(start + minute, 1);
    timers.insert(start + 20 * minute, 20);
    assert_eq!(timers.next_deadline(), Some(start + minute));
    assert_eq!(expired(&mut timers, start), [0; 0]);
    assert_eq!(expired(&mut timers, start + minute), [1]);
    assert_eq!(expired(&mut timers, start + 20 * minute), [2, 20]);
}

#[test]
fn the_next_deadline_is_exact_again_after_a_wake_in_vain() {
    let start = Instant::now();
    let hour = Duration::from_secs(3600);
    let mut timers = TimerWheel::new();
    let first = timers.insert(start + hour, 1);
    let last = start + hour + 5 * NANO;
    timers.insert(last, 2);
    timers.cancel(first);
    // Simulates a program that sleeps until `next_deadline`.
    let woken = timers.next_deadline().expect("a timer");
    assert!(woken <= last, "late");
    let mut seen = expired(&mut timers, woken);
    if seen.is_empty() {
        assert_eq!(timers.next_deadline(), Some(last));
        seen = expired(&mut timers, last);
    }
    assert_eq!(seen, [2]);
}

#[test]
fn a_wheel_with_room_does_not_allocate() {
    const TIMERS: usize = 10_000;
    let start = Instant::now();
    let mut next = numbers(11);
    let mut handles = Vec::with_capacity(TIMERS);
    let mut timers = TimerWheel::with_capacity(TIMERS);
    let allocations = measure(|| {
        for round in 0..3 {
            let now = start + Duration::from_secs(round);
            for n in 0..TIMERS {
                // Half of them are due at once, in the heap.
                let ahead = if n % 2 == 0 { next() % 900_000_000 } else { 0 };
                handles.push(timers.insert(now + Duration::from_nanos(ahead), n));
            }
            for timer in handles.drain(..).step_by(3) {
                timers.reschedule(timer, now);
                timers.cancel(timer);
            }
            let rest = timers.len();
            assert_eq!(timers.expire(now + Duration::from_secs(1)).count(), rest);
        }
    });
    assert_eq!(allocations.count_total, 0);
}

#[test]
fn payloads_are_dropped_once() {
    let count = std::rc::Rc::new(());
    let now = Instant::now();
    let mut timers = TimerWheel::new();
    let handles: Vec<_> = (0..100)
        .map(|n| timers.insert(now + Duration::from_secs(n), count.clone()))
        .collect();
    drop(timers.cancel(handles[50]));
    assert_eq!(std::rc::Rc::strong_count(&count), 100);
    timers.expire(now + Duration::from_secs(9)).for_each(drop);
    assert_eq!(std::rc::Rc::strong_count(&count), 90);
    drop(timers);
    assert_eq!(std::rc::Rc::strong_count(&count), 1);
}

#[test]
fn a_hundred_thousand_timers() {
    const TIMERS: usize = 100_000;
    let start = Instant::now();
    let mut next = numbers(42);
    let mut timers = TimerWheel::new();
    let mut handles = Vec::new();
    for n in 0..TIMERS {
        let deadline = start + Duration::from_nanos(next() % 600_000_000_000);
        handles.push((timers.insert(deadline, (deadline, n)), deadline));
    }
    let mut left = Vec::new();
    for (n, (timer, deadline)) in handles.into_iter().enumerate() {
        match n % 3 {
            0 => assert_eq!(timers.cancel(timer), Some((deadline, n))),
            1 => {
                let later = deadline + Duration::from_nanos(next() % 60_000_000_000);
                assert!(timers.reschedule(timer, later));
                left.push((later, n));
            }
            _ => left.push((deadline, n)),
        }
    }
    left.sort();
    assert_eq!(timers.len(), left.len());
    let mut now = start;
    let mut seen = Vec::new();
    while !timers.is_empty() {
        now += Duration::from_nanos(next() % 100_000_000);
        let before = seen.len();
        seen.extend(timers.expire(now).map(|(_, n)| n));
        assert!(
            left[before..seen.len()]
                .iter()
                .all(|(deadline, _)| *deadline <= now)
        );
        assert!(
            left.get(seen.len())
                .is_none_or(|(deadline, _)| *deadline > now)
        );
    }
    assert!(seen.iter().eq(left.iter().map(|(_, n)| n)));
}
