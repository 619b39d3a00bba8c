//! The directions of a pipe to report, in each mode.

use crate::Interest;
use crate::interest::Mode;

/// A set of directions: newly ready, ready, or to report.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(super) struct Directions {
    pub(super) readable: bool,
    pub(super) writable: bool,
}

/// The mode and the interests of a registration.
#[derive(Debug, Clone, Copy)]
pub(super) struct Reporting {
    mode: Mode,
    wanted: Directions,
    /// The oneshot has fired. Suppressed until `reregister`.
    is_spent: bool,
}

impl Directions {
    pub(super) fn any(self) -> bool {
        self.readable || self.writable
    }

    fn or(self, other: Directions) -> Directions {
        Directions {
            readable: self.readable || other.readable,
            writable: self.writable || other.writable,
        }
    }

    fn and(self, other: Directions) -> Directions {
        Directions {
            readable: self.readable && other.readable,
            writable: self.writable && other.writable,
        }
    }
}

impl Reporting {
    pub(super) fn new(interests: Interest) -> Reporting {
        let mode = interests.mode();
        // Edge mode reports both directions. In level mode an unwanted direction would cause a busy
        // loop, and in oneshot mode it would fire the oneshot.
        let all = mode == Mode::Edge;
        Reporting {
            mode,
            wanted: Directions {
                readable: all || interests.is_readable(),
                writable: all || interests.is_writable(),
            },
            is_spent: false,
        }
    }

    /// Returns the directions to report, from the newly ready and the ready ones.
    pub(super) fn owed(&self, news: Directions, ready: Directions) -> Directions {
        let owed = match self.mode {
            _ if self.is_spent => Directions::default(),
            Mode::Edge | Mode::Oneshot => news,
            Mode::Level => news.or(ready),
        };
        owed.and(self.wanted)
    }

    /// Records that an event was delivered. Returns `true` if the next poll must deliver another
    /// one.
    pub(super) fn told(&mut self, ready: Directions) -> bool {
        self.is_spent = self.mode == Mode::Oneshot;
        self.mode == Mode::Level && ready.and(self.wanted).any()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOTHING: Directions = directions(false, false);
    const READABLE: Directions = directions(true, false);
    const WRITABLE: Directions = directions(false, true);
    const BOTH: Directions = directions(true, true);

    const fn directions(readable: bool, writable: bool) -> Directions {
        Directions { readable, writable }
    }

    #[test]
    fn an_edge_tells_all_that_is_news_and_nothing_else() {
        let mut reporting = Reporting::new(Interest::READABLE);
        assert_eq!(reporting.owed(WRITABLE, BOTH), WRITABLE);
        assert!(!reporting.told(BOTH));
        assert_eq!(reporting.owed(NOTHING, BOTH), NOTHING);
        assert_eq!(reporting.owed(BOTH, NOTHING), BOTH);
    }

    #[test]
    fn a_level_tells_what_is_ready_and_wanted() {
        let mut reporting = Reporting::new(Interest::READABLE.level());
        assert_eq!(reporting.owed(WRITABLE, WRITABLE), NOTHING);
        for _ in 0..3 {
            assert_eq!(reporting.owed(NOTHING, BOTH), READABLE);
            assert!(reporting.told(BOTH));
        }
        assert!(!reporting.told(WRITABLE), "it would be a busy loop");
        assert_eq!(reporting.owed(READABLE, NOTHING), READABLE);
    }

    #[test]
    fn once_tells_what_is_news_and_wanted_once() {
        let mut reporting = Reporting::new(Interest::READABLE.oneshot());
        assert_eq!(reporting.owed(WRITABLE, BOTH), NOTHING);
        assert_eq!(reporting.owed(BOTH, BOTH), READABLE);
        assert!(!reporting.told(BOTH));
        assert_eq!(reporting.owed(BOTH, BOTH), NOTHING);
    }
}
