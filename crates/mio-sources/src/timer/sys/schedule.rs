//! The ticks of a timer, for platforms whose own timers only end a wait.

use std::time::{Duration, Instant};

/// The time of the next tick, and the interval between ticks.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Schedule {
    next: Option<Instant>,
    period: Option<Duration>,
}

impl Schedule {
    /// Creates a schedule. A time beyond the range of an [`Instant`] never comes.
    pub(super) fn new(now: Instant, after: Duration, period: Option<Duration>) -> Schedule {
        Schedule {
            next: now.checked_add(after),
            period,
        }
    }

    /// Returns the time until the next tick, or `None` if there is none.
    pub(super) fn wait(&self, now: Instant) -> Option<Duration> {
        Some(self.next?.saturating_duration_since(now))
    }

    /// Returns the number of ticks up to now that were not taken before.
    ///
    /// Later ticks stay where they were, however late this is called.
    pub(super) fn take(&mut self, now: Instant) -> u64 {
        let Some(next) = self.next.filter(|next| *next <= now) else {
            return 0;
        };
        let Some(period) = self.period else {
            self.next = None;
            return 1;
        };
        let period = period.as_nanos().max(1);
        let over = now.duration_since(next).as_nanos();
        let until_next = period - over % period;
        let seconds = u64::try_from(until_next / 1_000_000_000).unwrap_or(u64::MAX);
        // A remainder modulo 10^9 fits into 32 bits.
        let nanos = (until_next % 1_000_000_000) as u32;
        self.next = now.checked_add(Duration::new(seconds, nanos));
        u64::try_from(over / period + 1).unwrap_or(u64::MAX)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MS: Duration = Duration::from_millis(1);

    #[test]
    fn one_tick_comes_once_and_not_early() {
        let start = Instant::now();
        let mut schedule = Schedule::new(start, 5 * MS, None);
        assert_eq!(schedule.wait(start + MS), Some(4 * MS));
        assert_eq!(schedule.take(start + 5 * MS - Duration::from_nanos(1)), 0);
        assert_eq!(schedule.take(start + 5 * MS), 1);
        assert_eq!(schedule.take(start + 50 * MS), 0);
        assert_eq!(schedule.wait(start), None);
    }

    #[test]
    fn missed_ticks_are_counted_and_the_next_is_in_its_place() {
        let start = Instant::now();
        let mut schedule = Schedule::new(start, 5 * MS, Some(10 * MS));
        // The ticks at 5, 15 and 25.
        assert_eq!(schedule.take(start + 34 * MS), 3);
        assert_eq!(schedule.wait(start + 34 * MS), Some(MS));
        assert_eq!(schedule.take(start + 35 * MS), 1);
        assert_eq!(schedule.wait(start + 35 * MS), Some(10 * MS));
    }

    #[test]
    fn what_is_too_far_away_is_never() {
        let start = Instant::now();
        let schedule = Schedule::new(start, Duration::MAX, None);
        assert_eq!(schedule.wait(start), None);
        let mut schedule = Schedule::new(start, MS, Some(Duration::MAX));
        assert_eq!(schedule.take(start + MS), 1);
        assert_eq!(schedule.wait(start + MS), None);
    }
}
