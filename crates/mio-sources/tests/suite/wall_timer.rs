//! A time of the wall clock as a source.

use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use mio::{Interest, SelectorKind};
use mio_sources::timer::{WallEvent, WallTimer};

use crate::support::{LONG, Watch, interests_have_one_rule};

const MS: Duration = Duration::from_millis(1);
const DAY: Duration = Duration::from_secs(24 * 3600);

over_each_selector!(
    a_time_comes_once_and_not_early,
    what_is_over_expires_at_once,
    a_cancelled_timer_is_silent,
    a_time_can_be_moved,
    reading_is_what_can_be_asked_for,
);

fn registered(kind: SelectorKind) -> (Watch, WallTimer) {
    let watch = Watch::new(kind);
    let mut timer = WallTimer::new().expect("a timer");
    watch.register(&mut timer, 0, Interest::READABLE);
    (watch, timer)
}

fn next(watch: &mut Watch, timer: &mut WallTimer) -> WallEvent {
    let deadline = Instant::now() + LONG;
    while Instant::now() < deadline {
        watch.wait_readable(0);
        if let Some(event) = timer.read().expect("read") {
            return event;
        }
    }
    panic!("nothing came");
}

fn a_time_comes_once_and_not_early(kind: SelectorKind) {
    let (mut watch, mut timer) = registered(kind);
    let deadline = SystemTime::now() + 10 * MS;
    timer.set_deadline(deadline).expect("set");
    // The clock of the test machine may be set meanwhile.
    while next(&mut watch, &mut timer) != WallEvent::Expired {}
    assert!(SystemTime::now() >= deadline, "early");
    assert_eq!(timer.read().expect("read"), None);
    watch.expect_silence();
}

fn what_is_over_expires_at_once(kind: SelectorKind) {
    let (mut watch, mut timer) = registered(kind);
    for over in [SystemTime::now(), UNIX_EPOCH, UNIX_EPOCH - DAY] {
        timer.set_deadline(over).expect("set");
        while next(&mut watch, &mut timer) != WallEvent::Expired {}
    }
}

fn a_cancelled_timer_is_silent(kind: SelectorKind) {
    let (mut watch, mut timer) = registered(kind);
    timer.set_deadline(SystemTime::now()).expect("set");
    watch.wait_readable(0);
    timer.cancel().expect("cancel");
    assert_eq!(timer.read().expect("read"), None);
    watch.expect_silence();
}

fn a_time_can_be_moved(kind: SelectorKind) {
    let (mut watch, mut timer) = registered(kind);
    timer.set_deadline(SystemTime::now()).expect("set");
    watch.wait_readable(0);
    timer.set_deadline(SystemTime::now() + DAY).expect("set");
    assert_eq!(timer.read().expect("read"), None);
    timer.set_deadline(SystemTime::now()).expect("set");
    while next(&mut watch, &mut timer) != WallEvent::Expired {}
}

fn reading_is_what_can_be_asked_for(kind: SelectorKind) {
    let mut timer = WallTimer::new().expect("a timer");
    timer.set_deadline(UNIX_EPOCH).expect("set");
    interests_have_one_rule(kind, &mut timer);
}
