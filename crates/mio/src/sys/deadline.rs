//! The end of a poll, for selectors that may have to wait several times.

use std::time::{Duration, Instant};

pub(crate) enum Deadline {
    Never,
    Now,
    At(Instant),
}

impl Deadline {
    pub(crate) fn after(timeout: Option<Duration>) -> Deadline {
        match timeout {
            Some(Duration::ZERO) => Deadline::Now,
            Some(timeout) => Instant::now()
                .checked_add(timeout)
                .map_or(Deadline::Never, Deadline::At),
            None => Deadline::Never,
        }
    }

    #[cfg(any(afd, event_ports, poll))]
    pub(crate) fn is_over(&self) -> bool {
        match self {
            Deadline::Never => false,
            Deadline::Now => true,
            Deadline::At(at) => Instant::now() >= *at,
        }
    }

    /// Returns the time until this deadline, or `None` if it never comes.
    #[cfg(any(afd, kqueue, test))]
    pub(crate) fn left(&self) -> Option<Duration> {
        self.left_until(None)
    }

    /// Returns the time until this deadline or `other`, whichever is earlier. Returns `None` if
    /// there is neither.
    pub(crate) fn left_until(&self, other: Option<Instant>) -> Option<Duration> {
        let until = match (self, other) {
            (Deadline::Now, _) => return Some(Duration::ZERO),
            (Deadline::Never, other) => other?,
            (Deadline::At(at), other) => other.map_or(*at, |other| other.min(*at)),
        };
        Some(until.saturating_duration_since(Instant::now()))
    }
}
