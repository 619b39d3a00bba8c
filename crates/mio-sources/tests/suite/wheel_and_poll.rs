//! A wheel that limits the wait of a poll, in real time.

use std::time::{Duration, Instant};

use mio::SelectorKind;
use mio_sources::timer::TimerWheel;

use crate::support::{LONG, Watch};

over_each_selector!(
    a_hundred_thousand_timers_expire_while_a_poll_waits,
    a_poll_does_not_spin_while_it_waits_for_a_timer,
);

/// Waits until the next deadline, and returns the end of that wait.
fn wait(watch: &mut Watch, timers: &TimerWheel<Instant>) -> Instant {
    let deadline = timers.next_deadline().expect("a timer");
    watch.poll(deadline.saturating_duration_since(Instant::now()));
    Instant::now()
}

fn a_hundred_thousand_timers_expire_while_a_poll_waits(kind: SelectorKind) {
    const TIMERS: u32 = 100_000;
    let mut watch = Watch::new(kind);
    let mut timers = TimerWheel::new();
    let start = Instant::now();
    for n in 0..TIMERS {
        // In shuffled order, over a fifth of a second.
        let deadline = start + Duration::from_micros(2) * (n * 7919 % TIMERS);
        timers.insert(deadline, deadline);
    }
    let (mut seen, mut last) = (0, start);
    while !timers.is_empty() {
        let now = wait(&mut watch, &timers);
        assert!(now - start < LONG, "{seen} in {LONG:?}");
        for deadline in timers.expire(now) {
            assert!(deadline <= now, "early");
            assert!(deadline >= last, "out of order");
            last = deadline;
            seen += 1;
        }
    }
    assert_eq!(seen, TIMERS);
}

fn a_poll_does_not_spin_while_it_waits_for_a_timer(kind: SelectorKind) {
    let mut watch = Watch::new(kind);
    let mut timers = TimerWheel::new();
    let deadline = Instant::now() + Duration::from_millis(100);
    timers.insert(deadline, deadline);
    let mut wakes = 0;
    while !timers.is_empty() {
        let now = wait(&mut watch, &timers);
        timers.expire(now).for_each(drop);
        wakes += 1;
    }
    assert_eq!(wakes, 1);
}
