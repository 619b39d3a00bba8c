//! Timers that are descriptors: [timerfd_create(2)].
//!
//! [timerfd_create(2)]: https://man7.org/linux/man-pages/man2/timerfd_create.2.html

use std::io;
use std::os::fd::OwnedFd;
use std::time::Duration;

use mio::IoSource;
use mio::event::Source;
use rustix::io::Errno;
use rustix::time::{
    Itimerspec, TimerfdClockId, TimerfdFlags, TimerfdTimerFlags, Timespec, timerfd_create,
    timerfd_settime,
};

/// A timer on the clock of [`Instant`](std::time::Instant).
#[derive(Debug)]
pub(in crate::timer) struct Monotonic {
    fd: Descriptor,
}

/// A timer on any clock.
#[derive(Debug)]
pub(super) struct Descriptor(pub(super) IoSource<OwnedFd>);

pub(super) const ZERO: Timespec = Timespec {
    tv_sec: 0,
    tv_nsec: 0,
};

/// A zero timeout would disarm the timerfd, so use 1 ns.
const SOONEST: Timespec = Timespec {
    tv_sec: 0,
    tv_nsec: 1,
};

impl Monotonic {
    pub(in crate::timer) fn new() -> io::Result<Monotonic> {
        let fd = Descriptor::new(TimerfdClockId::Monotonic)?;
        Ok(Monotonic { fd })
    }

    pub(in crate::timer) fn set(
        &mut self,
        after: Duration,
        period: Option<Duration>,
    ) -> io::Result<()> {
        let interval = period.map_or(ZERO, timespec);
        let value = at_least(timespec(after));
        self.fd.set(TimerfdTimerFlags::empty(), value, interval)?;
        Ok(())
    }

    pub(in crate::timer) fn cancel(&mut self) -> io::Result<()> {
        Ok(self.fd.set(TimerfdTimerFlags::empty(), ZERO, ZERO)?)
    }

    pub(in crate::timer) fn read(&mut self) -> io::Result<Option<u64>> {
        Ok(self.fd.read()?)
    }

    pub(in crate::timer) fn source(&mut self) -> &mut impl Source {
        &mut self.fd.0
    }
}

impl Descriptor {
    pub(super) fn new(clock: TimerfdClockId) -> io::Result<Descriptor> {
        let flags = TimerfdFlags::NONBLOCK | TimerfdFlags::CLOEXEC;
        Ok(Descriptor(IoSource::new(timerfd_create(clock, flags)?)))
    }

    pub(super) fn set(
        &self,
        flags: TimerfdTimerFlags,
        value: Timespec,
        interval: Timespec,
    ) -> Result<(), Errno> {
        let new = Itimerspec {
            it_interval: interval,
            it_value: value,
        };
        let result = timerfd_settime(&*self.0, flags, &new);
        // The ticks are discarded, so the descriptor is drained.
        self.is_used_up();
        result.map(drop)
    }

    /// Returns the ticks since the last read.
    pub(super) fn read(&self) -> Result<Option<u64>, Errno> {
        let mut ticks = [0; 8];
        let result = loop {
            match rustix::io::read(&*self.0, &mut ticks) {
                Err(Errno::INTR) => {}
                Err(Errno::AGAIN) => break Ok(None),
                result => break result.map(|_| Some(u64::from_ne_bytes(ticks))),
            }
        };
        self.is_used_up();
        result
    }

    /// Re-arms the source as drained, without the system call that would return `WouldBlock`. One
    /// read takes all ticks, so this is correct; the selector reports a later tick.
    fn is_used_up(&self) {
        // A `WouldBlock` re-arms at once only after a success.
        let _ = self.0.read_with(|_| Ok(()));
        let nothing: io::Result<()> = self
            .0
            .read_with(|_| Err(io::Error::from(io::ErrorKind::WouldBlock)));
        drop(nothing);
    }
}

/// Converts a duration. One beyond the range of the OS becomes the longest possible, which is
/// centuries.
pub(super) fn timespec(duration: Duration) -> Timespec {
    Timespec {
        tv_sec: i64::try_from(duration.as_secs()).unwrap_or(i64::MAX),
        // Below 10^9, so it fits whatever the type is; on some platforms that is 32 bits.
        #[allow(clippy::cast_lossless)]
        tv_nsec: duration.subsec_nanos() as _,
    }
}

pub(super) fn at_least(value: Timespec) -> Timespec {
    if value == ZERO { SOONEST } else { value }
}
