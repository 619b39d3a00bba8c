//! How long the next poll may wait, and what an iteration has still to do.

use std::time::{Duration, Instant};

use crate::event_loop::Step;
use crate::timeout::on_grid;
use crate::{Context, Handler};

impl<H: Handler> Context<H> {
    /// How long the next poll may wait, if the caller lets it wait for so long.
    pub(crate) fn limit(&self, timeout: Option<Duration>, now: Instant) -> Option<Duration> {
        if self.has_left_over() {
            return Some(Duration::ZERO);
        }
        let next = self.next_timeout();
        let next = next.map(|deadline| deadline.saturating_duration_since(now));
        match (timeout, next) {
            (Some(timeout), Some(next)) => Some(timeout.min(next)),
            (one, other) => one.or(other),
        }
    }

    /// What is set while timeouts are handed out comes after all that are due by then. Otherwise
    /// one that sets itself for the past again and again would keep the others waiting for ever.
    pub(crate) fn after_this_step(&self, deadline: Instant) -> Instant {
        self.expiring.map_or(deadline, |moment| {
            deadline.max(moment + Duration::from_nanos(1))
        })
    }

    /// Whether it is the turn of this step, which counts as begun then. One that fails is not tried
    /// again in this iteration: if it failed each time, those after it would never come.
    #[inline]
    pub(crate) fn begins(&mut self, step: Step) -> bool {
        let is_next = self.begun < step;
        if is_next {
            self.begun = step;
        }
        is_next
    }

    /// Whether the last iteration has failed, and is to go on before there is another one.
    pub(crate) fn is_unfinished(&self) -> bool {
        self.batch.is_open || self.begun != Step::Events
    }

    pub(crate) fn has_left_over(&self) -> bool {
        self.has_messages || self.has_signals || !self.again.is_empty()
    }

    /// The first deadline, as exact as it is. Where there is none the wheel is not asked.
    #[inline]
    pub(crate) fn next_timer(&self) -> Option<Instant> {
        if self.timeouts.is_empty() {
            return None;
        }
        self.timeouts.next_deadline()
    }

    pub(crate) fn next_timeout(&self) -> Option<Instant> {
        let deadline = self.next_timer()?;
        Some(on_grid(self.start, self.resolution, deadline))
    }
}
