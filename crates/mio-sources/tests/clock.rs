//! A `WallTimer` reports that the system clock was set. Setting it takes a privilege and affects
//! the whole machine, so this runs by hand only. It sets the clock to its current time, which moves
//! it by the time between two system calls:
//!
//! ```sh
//! cargo test -p mio-sources --features timer --test clock
//! ```
//!
//! The unit tests beside its code test how the timer handles the report.

#![cfg(cancel_on_set)]

use std::time::{Duration, SystemTime};

use mio::{Events, Interest, Poll, SelectorKind, Token};
use mio_sources::timer::{WallEvent, WallTimer};
use rustix::time::{ClockId, clock_gettime, clock_settime};

const DAY: Duration = Duration::from_secs(24 * 3600);
const LONG: Duration = Duration::from_secs(60);

fn next(poll: &mut Poll, timer: &mut WallTimer) -> WallEvent {
    let mut events = Events::with_capacity(8);
    loop {
        poll.poll(&mut events, Some(LONG)).expect("poll");
        assert!(!events.is_empty(), "nothing came");
        if let Some(event) = timer.read().expect("read") {
            return event;
        }
    }
}

fn set_clock() {
    let now = clock_gettime(ClockId::Realtime);
    clock_settime(ClockId::Realtime, now).expect("the right to set the clock");
}

#[test]
fn a_change_of_the_clock_is_told() {
    for kind in SelectorKind::available() {
        let mut poll = Poll::builder().selector(kind).build().expect("a poll");
        let mut timer = WallTimer::new().expect("a timer");
        let registry = poll.registry();
        registry
            .register(&mut timer, Token(0), Interest::READABLE)
            .expect("register");
        let deadline = SystemTime::now() + Duration::from_millis(300);
        timer.set_deadline(deadline).expect("set");
        set_clock();
        assert_eq!(next(&mut poll, &mut timer), WallEvent::ClockChanged);
        assert_eq!(timer.read().expect("read"), None);
        // The deadline stays.
        assert_eq!(next(&mut poll, &mut timer), WallEvent::Expired);
        assert!(SystemTime::now() >= deadline, "early");

        // A change before it was set is not reported.
        timer.set_deadline(SystemTime::now() + DAY).expect("set");
        set_clock();
        timer.set_deadline(SystemTime::now()).expect("set");
        assert_eq!(next(&mut poll, &mut timer), WallEvent::Expired);

        // Neither is one after it has expired.
        set_clock();
        assert_eq!(timer.read().expect("read"), None);
    }
}
