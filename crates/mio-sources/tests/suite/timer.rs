//! A deadline or interval as a source.

use std::io::ErrorKind;
use std::time::{Duration, Instant};

use mio::{Interest, SelectorKind};
use mio_sources::timer::Timer;

use crate::support::{LONG, Watch, interests_have_one_rule};

const MS: Duration = Duration::from_millis(1);
const HOUR: Duration = Duration::from_secs(3600);
const READABLE: Interest = Interest::READABLE;

over_each_selector!(
    a_deadline_comes_once_and_not_early,
    fractions_of_a_millisecond_are_kept,
    it_may_expire_before_it_is_registered,
    what_is_over_expires_at_once,
    missed_ticks_are_counted,
    each_tick_is_an_event,
    ticks_do_not_drift,
    a_deadline_can_be_moved,
    setting_and_dropping_meet_a_tick,
    a_timer_is_set_again_after_an_event_that_nobody_read,
    a_cancelled_timer_is_silent,
    level_mode_repeats_until_it_is_read,
    a_dropped_timer_is_silent,
    it_moves_to_another_poll,
    two_timers_are_told_apart,
    reading_is_what_can_be_asked_for,
    oneshot_tells_once,
);

fn registered(kind: SelectorKind) -> (Watch, Timer) {
    let watch = Watch::new(kind);
    let mut timer = Timer::new().expect("a timer");
    watch.register(&mut timer, 0, READABLE);
    (watch, timer)
}

/// Waits for ticks, and returns their number.
fn ticks(watch: &mut Watch, timer: &mut Timer) -> u64 {
    let deadline = Instant::now() + LONG;
    while Instant::now() < deadline {
        watch.wait_readable(0);
        // An event may be spurious.
        if let Some(ticks) = timer.read().expect("read") {
            return ticks;
        }
    }
    panic!("no tick");
}

/// Waits for this long with another timer, so that no tick of the first one can end the wait.
fn pass(kind: SelectorKind, time: Duration) {
    let (mut watch, mut timer) = registered(kind);
    timer.set_after(time).expect("set");
    assert_eq!(ticks(&mut watch, &mut timer), 1);
}

fn a_deadline_comes_once_and_not_early(kind: SelectorKind) {
    let (mut watch, mut timer) = registered(kind);
    for ahead in [MS, 20 * MS, 3 * MS] {
        let deadline = Instant::now() + ahead;
        timer.set_deadline(deadline).expect("set");
        assert_eq!(ticks(&mut watch, &mut timer), 1);
        assert!(Instant::now() >= deadline, "early");
        assert_eq!(timer.read().expect("read"), None);
    }
    watch.expect_silence();
}

fn fractions_of_a_millisecond_are_kept(kind: SelectorKind) {
    let (mut watch, mut timer) = registered(kind);
    // The best of many attempts shows the precision of the timer; the machine may be busy at the
    // others.
    let best = (0..50).map(|_| {
        let deadline = Instant::now() + Duration::from_micros(100);
        timer.set_deadline(deadline).expect("set");
        ticks(&mut watch, &mut timer);
        let late = Instant::now().checked_duration_since(deadline);
        late.expect("not early")
    });
    let best = best.min().expect("a try");
    if cfg!(any(timerfd, timer_nanoseconds)) {
        assert!(best < MS, "{best:?} late at best");
    }
}

fn it_may_expire_before_it_is_registered(kind: SelectorKind) {
    let mut timer = Timer::new().expect("a timer");
    timer.set_after(MS).expect("set");
    pass(kind, 2 * MS);
    let mut watch = Watch::new(kind);
    watch.register(&mut timer, 0, READABLE);
    assert_eq!(ticks(&mut watch, &mut timer), 1);
}

fn what_is_over_expires_at_once(kind: SelectorKind) {
    let (mut watch, mut timer) = registered(kind);
    let start = Instant::now();
    timer.set_after(Duration::ZERO).expect("set");
    assert_eq!(ticks(&mut watch, &mut timer), 1);
    timer.set_deadline(start).expect("set");
    assert_eq!(ticks(&mut watch, &mut timer), 1);
    if let Some(long_ago) = start.checked_sub(60 * MS) {
        timer.set_deadline(long_ago).expect("set");
        assert_eq!(ticks(&mut watch, &mut timer), 1);
    }
    timer.set_interval(Duration::ZERO, HOUR).expect("set");
    assert_eq!(ticks(&mut watch, &mut timer), 1);
}

fn missed_ticks_are_counted(kind: SelectorKind) {
    let (mut watch, mut timer) = registered(kind);
    let start = Instant::now();
    timer.set_interval(5 * MS, 2 * MS).expect("set");
    pass(kind, 26 * MS);
    let missed = ticks(&mut watch, &mut timer);
    let most = 1 + (start.elapsed() - 5 * MS).as_millis() as u64 / 2;
    // At 5, 7, and so on up to 25.
    assert!((11..=most).contains(&missed), "{missed} of {most}");
}

fn each_tick_is_an_event(kind: SelectorKind) {
    let (mut watch, mut timer) = registered(kind);
    timer.set_interval(MS, MS).expect("set");
    let mut seen = 0;
    for _ in 0..20 {
        seen += ticks(&mut watch, &mut timer);
    }
    assert!(seen >= 20);
}

fn ticks_do_not_drift(kind: SelectorKind) {
    let (mut watch, mut timer) = registered(kind);
    let (first, period) = (Duration::from_micros(1700), Duration::from_micros(300));
    let before = Instant::now();
    timer.set_interval(first, period).expect("set");
    let after = Instant::now();
    let mut seen = 0;
    while seen < 100 {
        seen += ticks(&mut watch, &mut timer);
        let now = Instant::now();
        // At least as many as are due at this time, and never more than possible.
        let passed = (now - before).saturating_sub(first);
        let most = 1 + passed.as_nanos() / period.as_nanos();
        assert!(u128::from(seen) <= most, "{seen} of {most}: early");
    }
    // Reading counts all ticks until then, so those that were due before are among them.
    let before_last = Instant::now();
    seen += ticks(&mut watch, &mut timer);
    // Excludes the one at `first`, to allow for one that falls between the kernel's read of the
    // clock and that of the test.
    let passed = (before_last - after).saturating_sub(first);
    let least = passed.as_nanos() / period.as_nanos();
    assert!(u128::from(seen) >= least, "{seen} of {least}: late");
}

fn a_deadline_can_be_moved(kind: SelectorKind) {
    let (mut watch, mut timer) = registered(kind);
    timer.set_after(HOUR).expect("set");
    timer.set_after(MS).expect("set");
    assert_eq!(ticks(&mut watch, &mut timer), 1);

    timer.set_after(2 * MS).expect("set");
    timer.set_after(HOUR).expect("set");
    watch.expect_silence();
    assert_eq!(timer.read().expect("read"), None);
}

/// The timer ticks continuously, so some of these coincide with the report of a tick.
fn setting_and_dropping_meet_a_tick(kind: SelectorKind) {
    for round in 0..500 {
        let (mut watch, mut timer) = registered(kind);
        let always = Duration::from_micros(1);
        timer.set_interval(Duration::ZERO, always).expect("set");
        if round % 3 > 0 {
            watch.wait_readable(0);
        }
        match round % 2 {
            0 => timer.set_after(HOUR).expect("set"),
            _ => timer.cancel().expect("cancel"),
        }
        assert_eq!(timer.read().expect("read"), None);
        timer.set_interval(Duration::ZERO, always).expect("set");
    }
}

fn a_timer_is_set_again_after_an_event_that_nobody_read(kind: SelectorKind) {
    let (mut watch, mut timer) = registered(kind);
    for _ in 0..3 {
        timer.set_after(MS).expect("set");
        watch.wait_readable(0);
    }
    timer.set_after(HOUR).expect("set");
    assert_eq!(
        timer.read().expect("read"),
        None,
        "what was not read is gone"
    );
    timer.set_after(MS).expect("set");
    assert_eq!(ticks(&mut watch, &mut timer), 1);
}

fn a_cancelled_timer_is_silent(kind: SelectorKind) {
    let (mut watch, mut timer) = registered(kind);
    timer
        .cancel()
        .expect("it is no mistake to cancel a timer that is not set");
    timer.set_interval(MS, MS).expect("set");
    ticks(&mut watch, &mut timer);
    timer.cancel().expect("cancel");
    assert_eq!(timer.read().expect("read"), None);
    // A late event may still come, and no other.
    watch.poll(Duration::ZERO);
    watch.expect_silence();

    timer.set_after(MS).expect("set");
    assert_eq!(ticks(&mut watch, &mut timer), 1);
}

fn level_mode_repeats_until_it_is_read(kind: SelectorKind) {
    let mut watch = Watch::new(kind);
    let mut timer = Timer::new().expect("a timer");
    watch.register(&mut timer, 0, READABLE.level());
    timer.set_after(MS).expect("set");
    for _ in 0..3 {
        watch.wait_readable(0);
    }
    assert_eq!(timer.read().expect("read"), Some(1));
    watch.expect_silence();
}

fn a_dropped_timer_is_silent(kind: SelectorKind) {
    let (mut watch, mut timer) = registered(kind);
    timer.set_after(MS).expect("set");
    drop(timer);
    watch.expect_silence();
}

fn it_moves_to_another_poll(kind: SelectorKind) {
    let (first, mut timer) = registered(kind);
    timer.set_after(10 * MS).expect("set");
    first
        .poll
        .registry()
        .deregister(&mut timer)
        .expect("deregister");
    let mut second = Watch::new(kind);
    second.register(&mut timer, 0, READABLE);
    assert_eq!(ticks(&mut second, &mut timer), 1);
}

fn two_timers_are_told_apart(kind: SelectorKind) {
    let (mut watch, mut timer) = registered(kind);
    let mut other = Timer::new().expect("a timer");
    watch.register(&mut other, 1, READABLE);
    timer.set_after(HOUR).expect("set");
    other.set_after(MS).expect("set");
    watch.wait_readable(1);
    assert_eq!(other.read().expect("read"), Some(1));
    assert_eq!(timer.read().expect("read"), None);
}

fn reading_is_what_can_be_asked_for(kind: SelectorKind) {
    let mut timer = Timer::new().expect("a timer");
    timer.set_after(Duration::ZERO).expect("set");
    interests_have_one_rule(kind, &mut timer);
    // The timer still works.
    let mut watch = Watch::new(kind);
    watch.register(&mut timer, 0, READABLE | Interest::WRITABLE);
    assert_eq!(ticks(&mut watch, &mut timer), 1);
    watch.expect_silence();
}

fn oneshot_tells_once(kind: SelectorKind) {
    let mut watch = Watch::new(kind);
    let mut timer = Timer::new().expect("a timer");
    watch.register(&mut timer, 0, READABLE.oneshot());
    for _ in 0..3 {
        timer.set_interval(MS, MS).expect("set");
        watch.wait_readable(0);
        assert!(timer.read().expect("read").is_some());
        watch.expect_silence();
        timer.cancel().expect("cancel");
        let registry = watch.poll.registry();
        registry
            .reregister(&mut timer, mio::Token(0), READABLE.oneshot())
            .expect("reregister");
    }
}

/// The first timerfd was closed without being deregistered. The timer gets its number, which is the
/// lowest free one, and has the same inode.
#[cfg(timerfd)]
#[test]
fn a_timer_may_reuse_the_number_of_a_closed_descriptor() {
    use std::os::fd::AsRawFd;

    use rustix::time::{TimerfdClockId, TimerfdFlags, timerfd_create};

    for kind in SelectorKind::available() {
        let mut watch = Watch::new(kind);
        for round in 0..20 {
            let closed = timerfd_create(TimerfdClockId::Monotonic, TimerfdFlags::CLOEXEC);
            let closed = closed.expect("a timerfd");
            let fd = closed.as_raw_fd();
            watch.register(&mut mio::unix::SourceFd(&fd), 100, READABLE);
            drop(closed);
            let mut timer = Timer::new().expect("a timer");
            watch.register(&mut timer, round, READABLE);
            timer.set_after(MS).expect("set");
            watch.wait_readable(round);
        }
    }
}

#[test]
fn an_interval_of_zero_is_a_mistake() {
    let mut timer = Timer::new().expect("a timer");
    timer.set_after(Duration::ZERO).expect("set");
    let err = timer.set_interval(MS, Duration::ZERO).expect_err("zero");
    assert_eq!(err.kind(), ErrorKind::InvalidInput);
    assert!(err.to_string().contains("set_after"), "{err}");
    // The former setting stays.
    let mut watch = Watch::new(SelectorKind::available().next().expect("a selector"));
    watch.register(&mut timer, 0, READABLE);
    assert_eq!(ticks(&mut watch, &mut timer), 1);
}

#[test]
fn what_is_too_long_to_count_never_comes() {
    let mut timer = Timer::new().expect("a timer");
    timer.set_after(Duration::MAX).expect("set");
    assert_eq!(timer.read().expect("read"), None);
    timer
        .set_interval(Duration::MAX, Duration::MAX)
        .expect("set");
    assert_eq!(timer.read().expect("read"), None);
    timer
        .set_interval(HOUR, Duration::from_nanos(1))
        .expect("set");
    assert_eq!(timer.read().expect("read"), None);
}

#[test]
fn another_thread_may_have_it() {
    fn is_send_and_sync<T: Send + Sync>() {}
    is_send_and_sync::<Timer>();
}
