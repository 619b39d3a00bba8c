//! A waitable timer, and an OS pool thread that waits for it and notifies the poll.
//!
//! The OS timer only ends the wait; [`Schedule`] determines the ticks. So ticks are never early and
//! do not drift, however coarse the OS timer is.
//!
//! Mio could watch the timer itself, by [`SourceHandle`](mio::windows::SourceHandle), where Windows
//! has the calls for it. Wine lacks them, so no timer could have been tested.

mod ffi;

use std::io;
use std::os::windows::io::OwnedHandle;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use mio::event::Source;
use mio::{Notifier, NotifierHandle};
use windows_sys::Win32::Foundation::ERROR_INVALID_PARAMETER;
use windows_sys::Win32::System::Threading::CREATE_WAITABLE_TIMER_HIGH_RESOLUTION;

use self::ffi::{Signalled, Wait};
use super::schedule::Schedule;

#[derive(Debug)]
pub(in crate::timer) struct Monotonic {
    timer: Wait<Timer>,
    /// The source that the poll watches.
    ticked: Notifier,
}

/// The state shared with the waiting thread.
#[derive(Debug)]
struct Timer {
    /// The wait resets it, so that each expiry ends one wait.
    handle: OwnedHandle,
    ticked: NotifierHandle,
    /// Locked while the timer is set and while the poll is notified, so that both are consistent
    /// with it.
    schedule: Mutex<Schedule>,
}

/// Maximum wait, so that none is too long for the OS. A longer one is divided into several.
const LONGEST: Duration = Duration::from_secs(24 * 3600);

impl Monotonic {
    pub(in crate::timer) fn new() -> io::Result<Monotonic> {
        let ticked = Notifier::new()?;
        let timer = Wait::new(Timer {
            handle: create(ffi::create_timer)?,
            ticked: ticked.handle(),
            schedule: Mutex::default(),
        })?;
        Ok(Monotonic { timer, ticked })
    }

    pub(in crate::timer) fn set(
        &mut self,
        after: Duration,
        period: Option<Duration>,
    ) -> io::Result<()> {
        let mut schedule = self.timer.schedule();
        *schedule = Schedule::new(Instant::now(), after, period);
        ffi::cancel_timer(&self.timer.handle)?;
        self.ticked.clear()?;
        self.timer.start(&schedule)
    }

    pub(in crate::timer) fn cancel(&mut self) -> io::Result<()> {
        let mut schedule = self.timer.schedule();
        *schedule = Schedule::default();
        ffi::cancel_timer(&self.timer.handle)?;
        self.ticked.clear().map(drop)
    }

    pub(in crate::timer) fn read(&mut self) -> io::Result<Option<u64>> {
        let mut schedule = self.timer.schedule();
        if !self.ticked.clear()? {
            return Ok(None);
        }
        let ticks = schedule.take(Instant::now());
        self.timer.start(&schedule)?;
        Ok((ticks > 0).then_some(ticks))
    }

    pub(in crate::timer) fn source(&mut self) -> &mut impl Source {
        &mut self.ticked
    }
}

impl Timer {
    fn schedule(&self) -> MutexGuard<'_, Schedule> {
        self.schedule.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Starts the OS timer for the next tick, if there is one.
    fn start(&self, schedule: &Schedule) -> io::Result<()> {
        match schedule.wait(Instant::now()) {
            Some(wait) => ffi::set_timer(&self.handle, from_now(wait)),
            None => Ok(()),
        }
    }
}

impl Signalled for Timer {
    fn handle(&self) -> &OwnedHandle {
        &self.handle
    }

    /// Notifies if this is a tick. It is not if the OS timer is early, if this is a part of a
    /// longer wait, or if the timer was set again meanwhile.
    fn signalled(&self) {
        let schedule = self.schedule();
        let tell = match schedule.wait(Instant::now()) {
            Some(wait) if !wait.is_zero() => self.start(&schedule).is_err(),
            Some(_) => true,
            None => false,
        };
        if tell {
            // No error is expected, and this thread can't report one. An error of `start` occurs
            // again in `read`, which returns it.
            let _ = self.ticked.notify();
        }
    }
}

/// Creates a timer with a resolution below a millisecond, where Windows has them: Windows 10 since
/// version 1803.
fn create<T>(make: impl Fn(u32) -> io::Result<T>) -> io::Result<T> {
    match make(CREATE_WAITABLE_TIMER_HIGH_RESOLUTION) {
        Err(err) if err.raw_os_error() == Some(ERROR_INVALID_PARAMETER as i32) => make(0),
        result => result,
    }
}

/// Converts a wait to the unit of the OS: 100 nanoseconds, negative, rounded up, and never zero,
/// which would be a calendar time.
fn from_now(wait: Duration) -> i64 {
    let count = wait.min(LONGEST).as_nanos().div_ceil(100).max(1);
    // A day fits.
    -(count as i64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wait_is_never_shortened_and_never_a_time_of_the_calendar() {
        for (nanos, count) in [(0, -1), (1, -1), (100, -1), (101, -2), (1_000_000, -10_000)] {
            assert_eq!(from_now(Duration::from_nanos(nanos)), count, "{nanos}");
        }
        assert_eq!(from_now(Duration::MAX), from_now(LONGEST));
    }

    #[test]
    fn a_system_without_exact_timers_has_plain_ones() {
        let refusing = |code: i32| {
            move |flags| match flags {
                0 => Ok("plain"),
                _ => Err(io::Error::from_raw_os_error(code)),
            }
        };
        let invalid = ERROR_INVALID_PARAMETER as i32;
        assert_eq!(create(refusing(invalid)).expect("another try"), "plain");
        let err = create(refusing(8)).expect_err("no memory");
        assert_eq!(err.raw_os_error(), Some(8));
        assert!(create(Ok).expect("the first") > 0);
    }

    /// Simulates a thread that runs late, or an OS timer that is early.
    #[test]
    fn the_poll_hears_of_ticks_only() {
        let mut timer = Monotonic::new().expect("a timer");
        timer.timer.signalled();
        assert!(!timer.ticked.clear().expect("clear"), "it is not set");
        let hour = Duration::from_secs(3600);
        timer.set(hour, None).expect("set");
        timer.timer.signalled();
        assert!(!timer.ticked.clear().expect("clear"), "it is too early");
        timer.set(Duration::ZERO, Some(hour)).expect("set");
        timer.timer.signalled();
        assert_eq!(timer.read().expect("read"), Some(1));
        timer.timer.signalled();
        assert_eq!(timer.read().expect("read"), None);
    }
}
