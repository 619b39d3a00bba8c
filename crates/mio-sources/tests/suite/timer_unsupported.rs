//! A platform without a timer returns an error that names the alternative.

use std::io::ErrorKind;

#[cfg(not(any(timerfd, kqueue, waitable_timer)))]
#[test]
fn a_timer_is_unsupported() {
    let err = mio_sources::timer::Timer::new().expect_err("no such timer");
    assert_eq!(err.kind(), ErrorKind::Unsupported);
    assert!(err.to_string().contains("TimerWheel"), "{err}");
}

#[test]
fn a_wall_timer_is_unsupported() {
    let err = mio_sources::timer::WallTimer::new().expect_err("no such timer");
    assert_eq!(err.kind(), ErrorKind::Unsupported);
}
