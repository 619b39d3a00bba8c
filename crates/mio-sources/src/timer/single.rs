//! One deadline, or one interval, as a source.

use std::io;
use std::time::{Duration, Instant};

use super::sys;
use crate::interests::readable_source;

/// One deadline or interval, as a source that is readable when it has expired.
///
/// Register it for [`Interest::READABLE`](mio::Interest::READABLE), in any mode. After an event,
/// [`read`](Timer::read) tells how many ticks there were; one call is enough. Setting or cancelling
/// a timer takes a system call and no registration, and what was set before, with ticks that were
/// not read, is gone. An event that is on its way then may still come: `read` answers `None`.
///
/// A program with many deadlines has less to do with one [`TimerWheel`](super::TimerWheel), which
/// needs no source. A `Timer` is for the few that should be exact to less than a millisecond on a
/// system whose selector is not, or that another thread sets.
///
/// # Time
///
/// It runs on the clock of [`Instant`], which no change of the system's time touches, and which on
/// most systems stands still while the machine sleeps. It counts nanoseconds (Windows hundreds of
/// them, rounded up) and is never early. How late it is depends on the system: where kqueue counts
/// milliseconds (NetBSD, OpenBSD, DragonFly) a tick is up to one late, and everywhere by what the
/// scheduler takes. Intervals do not drift. Windows does not promise that a wait goes on while the
/// machine sleeps, so the first tick after that may be late there.
///
/// # Systems
///
/// | system | what it is made of |
/// |---|---|
/// | Linux, Android, illumos | a timerfd |
/// | macOS and its relatives, the BSDs | a kqueue of its own with `EVFILT_TIMER` |
/// | Windows | a waitable timer, and a thread of the system's pool that waits for it |
/// | others | nothing: [`Timer::new`] fails. `TimerWheel` works everywhere |
///
/// It was run on Linux, and on Windows under Wine. For the others it was type-checked, and that of
/// kqueue was run over a model of it on Linux.
///
/// On Windows one thread of the pool waits for many handles, and wakes the poll when a tick has
/// come. The timer is of high resolution where the system has those, which is Windows 10 since
/// version 1803; where it does not, a tick may be late by as much as the system's clock takes from
/// one interrupt to the next, which is 16 milliseconds if no program asks for less. Dropping a
/// `Timer` waits for that thread if it is about to wake the poll. So do not drop one in a callback
/// of that pool, nor leave it in a `thread_local!` to be dropped when the thread ends.
///
/// # Examples
///
/// ```
/// # fn main() -> std::io::Result<()> {
/// use std::time::Duration;
///
/// use mio::{Events, Interest, Poll, Token};
/// use mio_sources::timer::Timer;
///
/// # if !cfg!(any(target_os = "linux", windows)) { return Ok(()) }
/// let mut poll = Poll::new()?;
/// let mut timer = Timer::new()?;
/// poll.registry().register(&mut timer, Token(0), Interest::READABLE)?;
/// timer.set_interval(Duration::from_millis(5), Duration::from_millis(10))?;
///
/// let mut events = Events::with_capacity(4);
/// let mut ticks = 0;
/// while ticks < 3 {
///     poll.poll(&mut events, None)?;
///     ticks += timer.read()?.unwrap_or(0);
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct Timer(sys::Monotonic);

impl Timer {
    /// A timer that is not set.
    ///
    /// # Errors
    ///
    /// The system's error if it has no descriptor left (`EMFILE`, `ENFILE`), or on Windows no
    /// memory.
    /// [`Unsupported`](io::ErrorKind::Unsupported) on a system without such timers.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::io::ErrorKind;
    ///
    /// use mio_sources::timer::Timer;
    ///
    /// match Timer::new() {
    ///     Ok(timer) => drop(timer),
    ///     Err(err) => assert_eq!(err.kind(), ErrorKind::Unsupported),
    /// }
    /// ```
    pub fn new() -> io::Result<Timer> {
        Ok(Timer(sys::Monotonic::new()?))
    }

    /// Expires at `deadline`, once. If that is over, it expires now.
    ///
    /// # Errors
    ///
    /// None is expected.
    ///
    /// # Examples
    ///
    /// ```
    /// # fn main() -> std::io::Result<()> {
    /// use std::time::{Duration, Instant};
    ///
    /// # if !cfg!(any(target_os = "linux", windows)) { return Ok(()) }
    /// let mut timer = mio_sources::timer::Timer::new()?;
    /// timer.set_deadline(Instant::now() + Duration::from_secs(5))?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn set_deadline(&mut self, deadline: Instant) -> io::Result<()> {
        self.set_after(deadline.saturating_duration_since(Instant::now()))
    }

    /// Expires so long from now, once. After a time of zero it expires at once, and after one that
    /// is longer than the system can count, never.
    ///
    /// # Errors
    ///
    /// None is expected.
    ///
    /// # Examples
    ///
    /// ```
    /// # fn main() -> std::io::Result<()> {
    /// use std::time::Duration;
    ///
    /// # if !cfg!(any(target_os = "linux", windows)) { return Ok(()) }
    /// let mut timer = mio_sources::timer::Timer::new()?;
    /// timer.set_after(Duration::from_micros(250))?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn set_after(&mut self, after: Duration) -> io::Result<()> {
        self.0.set(after, None)
    }

    /// Ticks after `first`, and then each `period`, until it is set again or cancelled.
    ///
    /// A tick that is handled late does not move those after it.
    ///
    /// # Errors
    ///
    /// [`InvalidInput`](io::ErrorKind::InvalidInput) if `period` is zero. What was set before
    /// stays.
    ///
    /// # Examples
    ///
    /// ```
    /// # fn main() -> std::io::Result<()> {
    /// use std::io::ErrorKind;
    /// use std::time::Duration;
    ///
    /// # if !cfg!(any(target_os = "linux", windows)) { return Ok(()) }
    /// let mut timer = mio_sources::timer::Timer::new()?;
    /// timer.set_interval(Duration::ZERO, Duration::from_secs(1))?;
    ///
    /// let err = timer.set_interval(Duration::ZERO, Duration::ZERO).unwrap_err();
    /// assert_eq!(err.kind(), ErrorKind::InvalidInput);
    /// # Ok(())
    /// # }
    /// ```
    pub fn set_interval(&mut self, first: Duration, period: Duration) -> io::Result<()> {
        if period.is_zero() {
            return Err(io::Error::new(
                io::ErrorKind::InvalidInput,
                "an interval of zero would tick without end; `set_after` is for a single tick",
            ));
        }
        self.0.set(first, Some(period))
    }

    /// Stops the timer. Ticks that were not read are gone.
    ///
    /// It can be set again.
    ///
    /// # Errors
    ///
    /// None is expected.
    ///
    /// # Examples
    ///
    /// ```
    /// # fn main() -> std::io::Result<()> {
    /// use std::time::Duration;
    ///
    /// # if !cfg!(any(target_os = "linux", windows)) { return Ok(()) }
    /// let mut timer = mio_sources::timer::Timer::new()?;
    /// timer.set_after(Duration::ZERO)?;
    /// timer.cancel()?;
    /// assert_eq!(timer.read()?, None);
    /// # Ok(())
    /// # }
    /// ```
    pub fn cancel(&mut self) -> io::Result<()> {
        self.0.cancel()
    }

    /// How many ticks there were since the last read, if any. It does not wait.
    ///
    /// A timer with one deadline answers `Some(1)` once. With an interval, more than one tick was
    /// missed if the number is above one.
    ///
    /// # Errors
    ///
    /// None is expected.
    ///
    /// # Examples
    ///
    /// ```
    /// # fn main() -> std::io::Result<()> {
    /// use std::time::Duration;
    ///
    /// # if !cfg!(any(target_os = "linux", windows)) { return Ok(()) }
    /// let mut timer = mio_sources::timer::Timer::new()?;
    /// timer.set_after(Duration::from_secs(3600))?;
    /// assert_eq!(timer.read()?, None);
    /// # Ok(())
    /// # }
    /// ```
    pub fn read(&mut self) -> io::Result<Option<u64>> {
        self.0.read()
    }
}

readable_source!(Timer, 0);
