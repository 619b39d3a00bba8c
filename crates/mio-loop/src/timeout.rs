//! The times of timeouts, and handles to them.

use std::time::{Duration, Instant};

use mio_sources::timer::TimerHandle;

/// A handle to one timeout of one loop. Returned by [`Context::timeout`](crate::Context::timeout).
///
/// It never refers to a later timeout: once its own was delivered or cleared, it does nothing. It
/// can be dropped if the timeout will not be cleared.
///
/// # Examples
///
/// ```
/// use std::io;
/// use std::time::Duration;
///
/// use mio_loop::{EventLoop, Handler, Timeout};
///
/// struct Idle;
/// impl Handler for Idle {
///     type Timeout = &'static str;
///     type Message = ();
///     type Error = io::Error;
/// }
///
/// # fn main() -> io::Result<()> {
/// let mut event_loop = EventLoop::<Idle>::new()?;
/// let timeout: Timeout = event_loop.timeout(Duration::from_secs(30), "idle");
/// assert_eq!(event_loop.clear_timeout(timeout), Some("idle"));
/// assert_eq!(event_loop.clear_timeout(timeout), None);
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Timeout(pub(crate) TimerHandle);

/// A point in time: a [`Duration`] from now, or an [`Instant`].
///
/// # Examples
///
/// ```
/// use std::time::{Duration, Instant};
///
/// use mio_loop::When;
///
/// let at = Instant::now();
/// assert_eq!(When::from(at), When::At(at));
/// assert_eq!(When::from(Duration::ZERO), When::After(Duration::ZERO));
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum When {
    /// This long after the call that it is passed to.
    After(Duration),
    /// At this time. A time in the past means as soon as possible.
    At(Instant),
}

impl From<Duration> for When {
    fn from(duration: Duration) -> When {
        When::After(duration)
    }
}

impl From<Instant> for When {
    fn from(at: Instant) -> When {
        When::At(at)
    }
}

impl When {
    pub(crate) fn deadline(self) -> Instant {
        match self {
            When::After(duration) => later(Instant::now(), duration),
            When::At(at) => at,
        }
    }
}

/// Returns the time after `duration`. If that is beyond the range of the clock, returns a time some
/// centuries from now.
pub(crate) fn later(now: Instant, mut duration: Duration) -> Instant {
    loop {
        match now.checked_add(duration) {
            Some(later) => return later,
            None => duration /= 2,
        }
    }
}

/// Returns the first moment not before `deadline` on a grid that begins at `start`. A zero grid
/// returns `deadline` itself.
pub(crate) fn on_grid(start: Instant, grid: Duration, deadline: Instant) -> Instant {
    let grid = grid.as_nanos();
    if grid == 0 {
        return deadline;
    }
    let past = deadline.saturating_duration_since(start).as_nanos() % grid;
    if past == 0 {
        return deadline;
    }
    let missing = u64::try_from(grid - past).unwrap_or(u64::MAX);
    later(deadline, Duration::from_nanos(missing))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_grid_makes_a_deadline_later_and_never_earlier() {
        let start = Instant::now();
        let after = |nanos| start + Duration::from_nanos(nanos);
        let grid = Duration::from_nanos(10);
        for (deadline, expected) in [(0, 0), (1, 10), (10, 10), (11, 20), (19, 20)] {
            assert_eq!(on_grid(start, grid, after(deadline)), after(expected));
        }
        assert_eq!(on_grid(start, Duration::ZERO, after(3)), after(3));
        assert_eq!(on_grid(after(5), grid, start), start, "it has passed");
    }

    #[test]
    fn the_longest_duration_is_far_away() {
        let now = Instant::now();
        let century = Duration::from_secs(100 * 365 * 86_400);
        assert!(later(now, Duration::MAX) > now + century);
        on_grid(now, Duration::MAX, now + century);
    }
}
