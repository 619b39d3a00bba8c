//! Limits on how long the next poll may wait, and the work that an iteration has left.

use std::time::{Duration, Instant};

use crate::event_loop::Step;
use crate::timeout::on_grid;
use crate::{Context, Handler};

impl<H: Handler> Context<H> {
    /// Returns how long the next poll may wait, if the caller allows `timeout`.
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

    /// Returns the deadline of a timeout that is set now. While timeouts are being delivered it is
    /// later than all that are due. Otherwise a callback that sets its timeout in the past again
    /// and again would starve the others.
    pub(crate) fn after_this_step(&self, deadline: Instant) -> Instant {
        self.expiring.map_or(deadline, |moment| {
            deadline.max(moment + Duration::from_nanos(1))
        })
    }

    /// Begins this step if it is the next one, and returns whether it is. A step that fails is not
    /// tried again in this iteration: if it failed each time, the steps after it would never run.
    #[inline]
    pub(crate) fn begins(&mut self, step: Step) -> bool {
        let is_next = self.begun < step;
        if is_next {
            self.begun = step;
        }
        is_next
    }

    /// Returns whether the last iteration has failed and has to be finished before the next one.
    pub(crate) fn is_unfinished(&self) -> bool {
        self.batch.is_open || self.begun != Step::Events
    }

    pub(crate) fn has_left_over(&self) -> bool {
        self.has_messages || self.has_signals || !self.again.is_empty()
    }

    /// Returns the first deadline, unrounded. Skips the wheel if it is empty.
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
