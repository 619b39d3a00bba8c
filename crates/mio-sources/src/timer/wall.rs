//! A time of the wall clock as a source.

use std::io;
use std::time::SystemTime;

use super::sys;
use crate::interests::readable_source;

/// A time of the wall clock, as a source that is readable when the clock reaches it, or is set.
///
/// It is for calendar times: a report at midnight, or the expiry of a certificate. When the system
/// clock is set, by hand or by NTP in one step, the deadline stays at the same time of the clock.
/// The program gets an event, so that it can recompute the next midnight. For a timeout use
/// [`Timer`](super::Timer), which changes of the clock do not affect.
///
/// The kernel sets the clock when the machine wakes from suspend, so that is reported as a change
/// too. The event does not contain the size of the change. Only a timer that is set reports
/// changes: after [`Expired`](WallEvent::Expired) or [`cancel`](WallTimer::cancel) there are no
/// events until the next deadline is set.
///
/// Register it for [`Interest::READABLE`](mio::Interest::READABLE), in any mode, and call
/// [`read`](WallTimer::read) after an event until it returns `None`.
///
/// # Platforms
///
/// Linux and Android, by a timerfd that is cancelled when the clock is set
/// (`TFD_TIMER_CANCEL_ON_SET`). Elsewhere [`WallTimer::new`] fails.
///
/// A waitable timer of Windows can be set to a calendar time, and follows the clock. But Windows
/// reports a change of the clock only to windows (`WM_TIMECHANGE`) and to services, not to handles.
/// So it can't provide [`ClockChanged`](WallEvent::ClockChanged).
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

/// An event of a [`WallTimer`].
///
/// # Examples
///
/// ```
/// # fn main() -> std::io::Result<()> {
/// use std::time::{Duration, SystemTime};
///
/// use mio_sources::timer::{WallEvent, WallTimer};
///
/// /// Returns the next full hour after `now`, counted from the epoch.
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
    /// The clock has reached the deadline. The timer is no longer set.
    Expired,
    /// The clock was set, forward or back, after the deadline was, or the machine was suspended.
    /// The deadline stays: if it has passed, [`Expired`](WallEvent::Expired) follows.
    ClockChanged,
}

impl WallTimer {
    /// Creates a timer that is not set.
    ///
    /// # Errors
    ///
    /// Returns the error of the OS if no descriptor is left (`EMFILE`, `ENFILE`), and
    /// [`Unsupported`](io::ErrorKind::Unsupported) on platforms without such timers.
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

    /// Sets the timer to expire when the clock reaches `deadline`, or at once if that has passed.
    ///
    /// The former setting and its unread events are discarded.
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

    /// Stops the timer and discards unread events. Changes of the clock are no longer reported.
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

    /// Returns the event since the last read, or `None` if there is none. Never blocks.
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
