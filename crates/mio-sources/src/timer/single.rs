//! A deadline or interval as a source.

use std::io;
use std::time::{Duration, Instant};

use super::sys;
use crate::interests::readable_source;

/// A deadline or interval, as a source that is readable once it has expired.
///
/// Register it for [`Interest::READABLE`](mio::Interest::READABLE), in any mode. After an event,
/// call [`read`](Timer::read) once: it returns the number of ticks. Setting or cancelling a timer
/// takes a system call and no registration. It discards the former setting and its unread ticks. A
/// late event may still come after that: then `read` returns `None`.
///
/// A program with many deadlines should use one [`TimerWheel`](super::TimerWheel), which costs less
/// and needs no source. A `Timer` is for a few deadlines that need a finer resolution than a
/// millisecond where the selector has none, or that another thread sets.
///
/// # Time
///
/// It runs on the clock of [`Instant`], which changes of the system time do not affect, and which
/// on most platforms stops while the machine sleeps. Its resolution is a nanosecond (on Windows 100
/// ns, rounded up), and it is never early. It may be late by the delay of the scheduler, and where
/// kqueue counts milliseconds (NetBSD, OpenBSD, DragonFly) by up to one more millisecond. Intervals
/// do not drift. Windows does not promise that a wait continues while the machine sleeps, so the
/// first tick after that may be late there.
///
/// # Platforms
///
/// | platform | mechanism |
/// |---|---|
/// | Linux, Android, illumos | a timerfd |
/// | macOS and its relatives, the BSDs | a separate kqueue with `EVFILT_TIMER` |
/// | Windows | a waitable timer, and a thread of the OS pool that waits for it |
/// | others | none: [`Timer::new`] fails. `TimerWheel` works everywhere |
///
/// The tests were run on Linux, and on Windows under Wine. For the other platforms the crate was
/// type-checked, and its kqueue part was run on Linux over a model of kqueue.
///
/// On Windows one thread of the pool waits for many handles, and wakes the poll when a tick has
/// come. The timer has a high resolution where Windows supports that, which is Windows 10 since
/// version 1803. Elsewhere a tick may be late by one period of the clock interrupt, which is 16
/// milliseconds unless a program requests less. Dropping a `Timer` waits for that thread if it is
/// about to wake the poll. So do not drop one in a callback of that pool, and do not leave one in a
/// `thread_local!` to be dropped when the thread ends.
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
    /// Creates a timer that is not set.
    ///
    /// # Errors
    ///
    /// Returns the error of the OS if no descriptor is left (`EMFILE`, `ENFILE`), or on Windows no
    /// memory, and [`Unsupported`](io::ErrorKind::Unsupported) on platforms without such timers.
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

    /// Sets the timer to expire once at `deadline`, or at once if that has passed.
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

    /// Sets the timer to expire once after a duration. A zero duration expires at once. A duration
    /// beyond the range of the OS never expires.
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

    /// Sets the timer to tick after `first`, and then every `period`, until it is set again or
    /// cancelled.
    ///
    /// A tick that is handled late does not delay later ticks.
    ///
    /// # Errors
    ///
    /// Returns [`InvalidInput`](io::ErrorKind::InvalidInput) if `period` is zero. The former
    /// setting stays.
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

    /// Stops the timer and discards unread ticks.
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

    /// Returns the number of ticks since the last read, or `None` if there were none. Never blocks.
    ///
    /// A timer with a single deadline returns `Some(1)` once. With an interval, a number above one
    /// means that ticks were missed.
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
