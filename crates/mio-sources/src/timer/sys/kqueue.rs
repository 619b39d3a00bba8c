//! A kqueue of its own with one `EVFILT_TIMER` in it: [kqueue(2)]. Such a descriptor is readable
//! when the timer has fired, for another kqueue and for poll(2).
//!
//! The system's timer only ends the wait. When a tick is, [`Schedule`] knows: so it makes no
//! difference that some systems count milliseconds, and ticks are never early and do not drift.
//!
//! [kqueue(2)]: https://man.freebsd.org/cgi/man.cgi?query=kqueue&sektion=2

use std::io;
use std::os::fd::{AsFd, AsRawFd, RawFd};
use std::time::{Duration, Instant};

use mio::event::Source;
use mio::{Interest, IoSource, Registry, Token};
use nix::libc::timespec;
use nix::sys::event::{EvFlags, EventFilter, FilterFlag, KEvent, Kqueue};
use rustix::io::FdFlags;

use super::schedule::Schedule;

#[derive(Debug)]
pub(in crate::timer) struct Monotonic {
    queue: Queue,
    schedule: Schedule,
}

#[derive(Debug)]
struct Queue(IoSource<Descriptor>);

#[derive(Debug)]
struct Descriptor(Kqueue);

/// No wait is longer, so that no system finds it too long: it is waited on again.
const LONGEST: Duration = Duration::from_secs(24 * 3600);

impl Monotonic {
    pub(in crate::timer) fn new() -> io::Result<Monotonic> {
        let queue = Kqueue::new()?;
        rustix::io::fcntl_setfd(queue.as_fd(), FdFlags::CLOEXEC)?;
        Ok(Monotonic {
            queue: Queue(IoSource::new(Descriptor(queue))),
            schedule: Schedule::default(),
        })
    }

    pub(in crate::timer) fn set(
        &mut self,
        after: Duration,
        period: Option<Duration>,
    ) -> io::Result<()> {
        self.schedule = Schedule::new(Instant::now(), after, period);
        self.queue.stop()?;
        self.start()
    }

    pub(in crate::timer) fn cancel(&mut self) -> io::Result<()> {
        self.schedule = Schedule::default();
        self.queue.stop()
    }

    pub(in crate::timer) fn read(&mut self) -> io::Result<Option<u64>> {
        if !self.queue.has_fired()? {
            return Ok(None);
        }
        let ticks = self.schedule.take(Instant::now());
        self.start()?;
        Ok((ticks > 0).then_some(ticks))
    }

    pub(in crate::timer) fn source(&mut self) -> &mut impl Source {
        &mut self.queue
    }

    /// Has the system end the wait for the next tick, if there is one.
    fn start(&self) -> io::Result<()> {
        match self.schedule.wait(Instant::now()) {
            Some(wait) => self.queue.start(wait),
            None => Ok(()),
        }
    }
}

impl Queue {
    fn start(&self, wait: Duration) -> io::Result<()> {
        let (unit, wait) = in_units(wait.min(LONGEST));
        self.change(EvFlags::EV_ADD | EvFlags::EV_ONESHOT, unit, wait)
    }

    /// Takes the timer out, and what it has said.
    fn stop(&self) -> io::Result<()> {
        match self.change(EvFlags::EV_DELETE, FilterFlag::empty(), 0) {
            // There is none, or it has fired and is gone.
            Err(err) if err.kind() == io::ErrorKind::NotFound => {}
            result => result?,
        }
        self.has_fired().map(drop)
    }

    fn change(&self, flags: EvFlags, unit: FilterFlag, data: isize) -> io::Result<()> {
        let change = KEvent::new(0, EventFilter::EVFILT_TIMER, flags, unit, data, 0);
        // Without room for events an error is the answer of the call.
        self.0.0.kevent(&[change], &mut [], None)?;
        Ok(())
    }

    /// Takes what the timer has said. After this the descriptor is not readable.
    fn has_fired(&self) -> io::Result<bool> {
        let (timer, no_flags) = (EventFilter::EVFILT_TIMER, EvFlags::empty());
        let mut events = [KEvent::new(0, timer, no_flags, FilterFlag::empty(), 0, 0)];
        let at_once = timespec {
            tv_sec: 0,
            tv_nsec: 0,
        };
        let count = self.0.0.kevent(&[], &mut events, Some(at_once))?;
        // There was one event at most, so nothing is left to read: a selector that has to be told
        // so is told without the call that would find it out.
        let nothing: io::Result<()> = self
            .0
            .read_with(|_| Err(io::Error::from(io::ErrorKind::WouldBlock)));
        drop(nothing);
        Ok(count > 0)
    }
}

impl AsRawFd for Descriptor {
    fn as_raw_fd(&self) -> RawFd {
        self.0.as_fd().as_raw_fd()
    }
}

impl Source for Queue {
    fn register(&mut self, registry: &Registry, token: Token, wanted: Interest) -> io::Result<()> {
        self.0.register(registry, token, wanted)
    }

    fn reregister(
        &mut self,
        registry: &Registry,
        token: Token,
        wanted: Interest,
    ) -> io::Result<()> {
        self.0.reregister(registry, token, wanted)
    }

    fn deregister(&mut self, registry: &Registry) -> io::Result<()> {
        self.0.deregister(registry)
    }
}

/// A wait as the system counts it, never less than it is, and never zero.
fn in_units(wait: Duration) -> (FilterFlag, isize) {
    #[cfg(timer_nanoseconds)]
    let (unit, nanos) = (FilterFlag::NOTE_NSECONDS, 1);
    #[cfg(not(timer_nanoseconds))]
    let (unit, nanos) = (FilterFlag::empty(), 1_000_000);
    let count = wait.as_nanos().div_ceil(nanos).max(1);
    // Where it is too large for 32 bits, the wait ends early and begins again.
    (unit, isize::try_from(count).unwrap_or(isize::MAX))
}
