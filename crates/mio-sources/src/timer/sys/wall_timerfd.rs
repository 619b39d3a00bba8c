//! A timerfd on the clock of [`SystemTime`], which is cancelled when that clock is set.

use std::io;
use std::time::{SystemTime, UNIX_EPOCH};

use mio::event::Source;
use rustix::io::Errno;
use rustix::time::{TimerfdClockId, TimerfdTimerFlags};

use super::timerfd::{Descriptor, ZERO, at_least, timespec};
use crate::timer::WallEvent;

#[derive(Debug)]
pub(in crate::timer) struct Wall {
    fd: Descriptor,
    deadline: Option<SystemTime>,
}

impl Wall {
    pub(in crate::timer) fn new() -> io::Result<Wall> {
        let fd = Descriptor::new(TimerfdClockId::Realtime)?;
        Ok(Wall { fd, deadline: None })
    }

    pub(in crate::timer) fn set(&mut self, deadline: SystemTime) -> io::Result<()> {
        self.deadline = Some(deadline);
        let since = deadline.duration_since(UNIX_EPOCH).unwrap_or_default();
        let value = at_least(timespec(since));
        let flags = TimerfdTimerFlags::ABSTIME | TimerfdTimerFlags::CANCEL_ON_SET;
        match self.fd.set(flags, value, ZERO) {
            // The clock was set during the wait for the former deadline, which does not concern
            // this one. The kernel sets the timer despite this error.
            Err(Errno::CANCELED) => Ok(()),
            result => Ok(result?),
        }
    }

    pub(in crate::timer) fn cancel(&mut self) -> io::Result<()> {
        self.deadline = None;
        Ok(self.fd.set(TimerfdTimerFlags::empty(), ZERO, ZERO)?)
    }

    pub(in crate::timer) fn read(&mut self) -> io::Result<Option<WallEvent>> {
        let read = self.fd.read();
        self.told(read)
    }

    /// Interprets the result of a read, and updates the timer accordingly.
    fn told(&mut self, read: Result<Option<u64>, Errno>) -> io::Result<Option<WallEvent>> {
        match read {
            Ok(None) => Ok(None),
            Ok(Some(_)) => {
                // A later change of the clock would cancel an expired timer too.
                self.cancel()?;
                Ok(Some(WallEvent::Expired))
            }
            Err(Errno::CANCELED) => {
                // If the change skipped the deadline, the kernel loses the expiry. Set again, the
                // timer expires at once.
                if let Some(deadline) = self.deadline {
                    self.set(deadline)?;
                }
                Ok(Some(WallEvent::ClockChanged))
            }
            Err(err) => Err(err.into()),
        }
    }

    pub(in crate::timer) fn source(&mut self) -> &mut impl Source {
        &mut self.fd.0
    }
}

#[cfg(test)]
mod tests {
    use std::os::fd::AsRawFd;
    use std::time::{Duration, Instant};

    use super::*;

    /// Waits for the expiry. The clock may be set meanwhile, and the timer takes a moment.
    fn expired(wall: &mut Wall) {
        let limit = Instant::now() + Duration::from_secs(30);
        while wall.read().expect("read") != Some(WallEvent::Expired) {
            assert!(Instant::now() < limit, "it does not expire");
            std::thread::yield_now();
        }
    }

    /// Setting the clock takes a privilege that tests do not have. So this simulates the kernel's
    /// result of a change; `tests/clock.rs` verifies that result.
    #[test]
    fn after_a_change_of_the_clock_the_deadline_stands() {
        let changed = Err(Errno::CANCELED);
        let mut wall = Wall::new().expect("a timer");
        let deadline = SystemTime::now() + Duration::from_millis(20);
        wall.set(deadline).expect("set");
        let event = wall.told(changed).expect("told");
        assert_eq!(event, Some(WallEvent::ClockChanged));
        expired(&mut wall);
        assert!(SystemTime::now() >= deadline, "early");

        // The change skipped the deadline, which the kernel does not report again.
        wall.set(UNIX_EPOCH).expect("set");
        while !matches!(wall.fd.read(), Ok(Some(_))) {
            std::thread::yield_now();
        }
        let event = wall.told(changed).expect("told");
        assert_eq!(event, Some(WallEvent::ClockChanged));
        expired(&mut wall);

        // Without a deadline nothing can expire.
        wall.cancel().expect("cancel");
        let event = wall.told(changed).expect("told");
        assert_eq!(event, Some(WallEvent::ClockChanged));
        assert_eq!(wall.read().expect("read"), None);
    }

    /// Reads from the kernel whether it would cancel the timer when the clock is set.
    #[test]
    fn one_that_has_expired_is_not_cancelled_by_a_later_change_of_the_clock() {
        let mut wall = Wall::new().expect("a timer");
        let flags = |wall: &Wall| {
            let fd = wall.fd.0.as_raw_fd();
            let info = std::fs::read_to_string(format!("/proc/self/fdinfo/{fd}")).ok()?;
            let flags = info.lines().find(|line| line.contains("settime flags"))?;
            let flags = flags.rsplit(' ').next()?.trim();
            u32::from_str_radix(flags, 8).ok()
        };
        wall.set(UNIX_EPOCH).expect("set");
        // Skipped on a platform without /proc, or with less information there.
        let Some(set) = flags(&wall) else { return };
        let cancel = TimerfdTimerFlags::CANCEL_ON_SET.bits();
        assert_eq!(set & cancel, cancel);
        expired(&mut wall);
        let set = flags(&wall).expect("it was told before");
        assert_eq!(set & cancel, 0);
        assert_eq!(wall.read().expect("read"), None);
    }
}
