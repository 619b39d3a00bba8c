//! A separate kqueue with one `EVFILT_TIMER`.
//!
//! The kernel's timer only ends the wait; [`Schedule`] determines the ticks. So ticks are never
//! early and do not drift, even where the kernel counts milliseconds.

use std::io;
use std::time::{Duration, Instant};

use mio::event::Source;
use nix::errno::Errno;
use nix::sys::event::{EventFilter, FilterFlag};

use super::schedule::Schedule;
use crate::kqueue::Queue;

#[derive(Debug)]
pub(in crate::timer) struct Monotonic {
    queue: Queue,
    schedule: Schedule,
}

/// Maximum wait, so that no kernel rejects it as too long. A longer one is divided into several.
const LONGEST: Duration = Duration::from_secs(24 * 3600);

impl Monotonic {
    pub(in crate::timer) fn new() -> io::Result<Monotonic> {
        Ok(Monotonic {
            queue: Queue::new()?,
            schedule: Schedule::default(),
        })
    }

    pub(in crate::timer) fn set(
        &mut self,
        after: Duration,
        period: Option<Duration>,
    ) -> io::Result<()> {
        self.schedule = Schedule::new(Instant::now(), after, period);
        self.stop()?;
        self.start()
    }

    pub(in crate::timer) fn cancel(&mut self) -> io::Result<()> {
        self.schedule = Schedule::default();
        self.stop()
    }

    pub(in crate::timer) fn read(&mut self) -> io::Result<Option<u64>> {
        if !self.queue.take()? {
            return Ok(None);
        }
        let ticks = self.schedule.take(Instant::now());
        self.start()?;
        Ok((ticks > 0).then_some(ticks))
    }

    pub(in crate::timer) fn source(&mut self) -> &mut impl Source {
        self.queue.source()
    }

    /// Starts the kernel's timer for the next tick, if there is one.
    fn start(&self) -> io::Result<()> {
        let Some(wait) = self.schedule.wait(Instant::now()) else {
            return Ok(());
        };
        let (unit, wait) = in_units(wait.min(LONGEST));
        Ok(self.queue.add(EventFilter::EVFILT_TIMER, 0, unit, wait)?)
    }

    /// Removes the kernel's timer and its event.
    fn stop(&self) -> io::Result<()> {
        match self.queue.remove(EventFilter::EVFILT_TIMER, 0) {
            Err(Errno::ENOENT) => {}
            result => result?,
        }
        self.queue.take().map(drop)
    }
}

/// Converts a wait to the kernel's unit, rounded up and never zero.
fn in_units(wait: Duration) -> (FilterFlag, isize) {
    #[cfg(timer_nanoseconds)]
    let (unit, nanos) = (FilterFlag::NOTE_NSECONDS, 1);
    #[cfg(not(timer_nanoseconds))]
    let (unit, nanos) = (FilterFlag::empty(), 1_000_000);
    let count = wait.as_nanos().div_ceil(nanos).max(1);
    // Where it is too large for 32 bits, the wait ends early and begins again.
    (unit, isize::try_from(count).unwrap_or(isize::MAX))
}
