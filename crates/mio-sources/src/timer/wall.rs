//! A time of the wall clock as a source.

use std::io;
use std::time::SystemTime;

use super::sys;
use crate::interests::readable_source;

/// A time of the wall clock, as a source that is readable when the clock shows it, or jumps.
///
/// For what people mean by a time: a report at midnight, a certificate that ends. When somebody
/// sets the system's clock, by hand or by NTP in one step, the deadline is kept as the clock shows
/// it, and the program is told, so that it can compute the next midnight anew. For a timeout use
/// [`Timer`](super::Timer), to which none of this happens.
///
/// When the machine wakes from suspend, the system sets the clock, so that is told as a change too,
/// also if nobody has set it. What is told is that it was set, and not by how much. Only a timer
/// that is set tells of it: after [`Expired`](WallEvent::Expired) or
/// [`cancel`](WallTimer::cancel) there is nothing until the next deadline.
///
/// Register it for [`Interest::READABLE`](mio::Interest::READABLE), in any mode, and call
/// [`read`](WallTimer::read) after an event, until it answers `None`.
///
/// # Systems
///
/// Linux and Android, by a timerfd that is cancelled when the clock is set
/// (`TFD_TIMER_CANCEL_ON_SET`). Elsewhere [`WallTimer::new`] fails.
///
/// A waitable timer of Windows can be set to a time of the calendar, and follows the clock. That
/// the clock was set is told to windows (`WM_TIMECHANGE`) and to services, and to no handle. A
/// timer that expires at the right time and does not tell of the jump would not be this one.
///
/// # Examples
///
/// ```
/// # fn main() -> std::io::Result<()> {
/// use std::time::{Duration, SystemTime};
///
/// use mio::{Events, Interest, Poll, Token};
/// use mio_sources::timer::{WallEvent, WallTimer};
///
/// # if !cfg!(target_os = "linux") { return Ok(()) }
/// let mut poll = Poll::new()?;
/// let mut timer = WallTimer::new()?;
/// poll.registry().register(&mut timer, Token(0), Interest::READABLE)?;
/// timer.set_deadline(SystemTime::now() + Duration::from_millis(10))?;
///
/// let mut events = Events::with_capacity(4);
/// 'wait: loop {
///     poll.poll(&mut events, None)?;
///     while let Some(event) = timer.read()? {
///         match event {
///             WallEvent::Expired => break 'wait,
///             WallEvent::ClockChanged => println!("it is {:?} now", SystemTime::now()),
///         }
///     }
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct WallTimer(sys::Wall);

/// What a [`WallTimer`] has to tell.
///
/// # Examples
///
/// ```
/// # fn main() -> std::io::Result<()> {
/// use std::time::{Duration, SystemTime};
///
/// use mio_sources::timer::{WallEvent, WallTimer};
///
/// /// The next full hour, in the hours of the epoch.
/// fn next_hour(now: SystemTime) -> SystemTime {
///     let since = now.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
///     SystemTime::UNIX_EPOCH + Duration::from_secs((since.as_secs() / 3600 + 1) * 3600)
/// }
///
/// # if !cfg!(target_os = "linux") { return Ok(()) }
/// let mut timer = WallTimer::new()?;
/// timer.set_deadline(next_hour(SystemTime::now()))?;
/// match timer.read()? {
///     Some(WallEvent::Expired) => println!("a new hour"),
///     Some(WallEvent::ClockChanged) => timer.set_deadline(next_hour(SystemTime::now()))?,
///     None => {}
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum WallEvent {
    /// The clock shows the deadline, or a later time. The timer is not set any more.
    Expired,
    /// The clock was set since the deadline was, forward or back, or the machine was suspended.
    /// The deadline stands: if it is over now, [`Expired`](WallEvent::Expired) follows.
    ClockChanged,
}

impl WallTimer {
    /// A timer that is not set.
    ///
    /// # Errors
    ///
    /// The system's error if it has no descriptor left (`EMFILE`, `ENFILE`).
    /// [`Unsupported`](io::ErrorKind::Unsupported) on a system without such timers.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::io::ErrorKind;
    ///
    /// use mio_sources::timer::WallTimer;
    ///
    /// match WallTimer::new() {
    ///     Ok(timer) => drop(timer),
    ///     Err(err) => assert_eq!(err.kind(), ErrorKind::Unsupported),
    /// }
    /// ```
    pub fn new() -> io::Result<WallTimer> {
        Ok(WallTimer(sys::Wall::new()?))
    }

    /// Expires when the clock shows `deadline`. If it shows a later time already, it expires now.
    ///
    /// What was set before is gone, with what was not read.
    ///
    /// # Errors
    ///
    /// None is expected.
    ///
    /// # Examples
    ///
    /// ```
    /// # fn main() -> std::io::Result<()> {
    /// use std::time::{Duration, SystemTime};
    ///
    /// # if !cfg!(target_os = "linux") { return Ok(()) }
    /// let mut timer = mio_sources::timer::WallTimer::new()?;
    /// timer.set_deadline(SystemTime::now() + Duration::from_secs(24 * 3600))?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn set_deadline(&mut self, deadline: SystemTime) -> io::Result<()> {
        self.0.set(deadline)
    }

    /// Stops the timer. What was not read is gone, and a change of the clock is not told.
    ///
    /// # Errors
    ///
    /// None is expected.
    ///
    /// # Examples
    ///
    /// ```
    /// # fn main() -> std::io::Result<()> {
    /// use std::time::SystemTime;
    ///
    /// # if !cfg!(target_os = "linux") { return Ok(()) }
    /// let mut timer = mio_sources::timer::WallTimer::new()?;
    /// timer.set_deadline(SystemTime::now())?;
    /// timer.cancel()?;
    /// assert_eq!(timer.read()?, None);
    /// # Ok(())
    /// # }
    /// ```
    pub fn cancel(&mut self) -> io::Result<()> {
        self.0.cancel()
    }

    /// What has happened since the last read, if anything. It does not wait.
    ///
    /// # Errors
    ///
    /// None is expected.
    ///
    /// # Examples
    ///
    /// ```
    /// # fn main() -> std::io::Result<()> {
    /// # if !cfg!(target_os = "linux") { return Ok(()) }
    /// let mut timer = mio_sources::timer::WallTimer::new()?;
    /// assert_eq!(timer.read()?, None);
    /// # Ok(())
    /// # }
    /// ```
    pub fn read(&mut self) -> io::Result<Option<WallEvent>> {
        self.0.read()
    }
}

readable_source!(WallTimer, 0);
