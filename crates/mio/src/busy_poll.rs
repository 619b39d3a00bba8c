//! Looking for events without sleeping, before waiting for them.

use std::hint;
use std::io;
use std::time::{Duration, Instant};

/// After so many looks in a row that found nothing, it is not worth trying.
const MISSES: u32 = 3;

/// How long a poll looks, and whether it is worth it at present.
#[derive(Debug)]
pub(crate) struct BusyPoll {
    limit: Duration,
    misses: u32,
}

impl BusyPoll {
    /// `None` where there is nothing to do.
    pub(crate) fn new(limit: Duration) -> Option<BusyPoll> {
        (!limit.is_zero()).then_some(BusyPoll { limit, misses: 0 })
    }

    /// One poll, by calls of `select`, which takes a timeout and answers whether there are events.
    pub(crate) fn poll(
        &mut self,
        timeout: Option<Duration>,
        now: impl Fn() -> Instant,
        mut select: impl FnMut(Option<Duration>) -> io::Result<bool>,
    ) -> io::Result<()> {
        if timeout == Some(Duration::ZERO) {
            return select(timeout).map(|_| ());
        }
        let start = now();
        let looks = self.misses < MISSES;
        if looks {
            let limit = timeout.map_or(self.limit, |timeout| timeout.min(self.limit));
            while {
                if select(Some(Duration::ZERO))? {
                    self.misses = 0;
                    return Ok(());
                }
                hint::spin_loop();
                now() - start < limit
            } {}
            self.misses += 1;
        }
        let left = timeout.map(|timeout| timeout.saturating_sub(now() - start));
        if looks && left == Some(Duration::ZERO) {
            return Ok(());
        }
        let found = select(left)?;
        // What came so soon would have been found by looking.
        if !looks && found && now() - start < self.limit {
            self.misses = 0;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use super::*;

    const LIMIT: Duration = Duration::from_micros(20);

    /// A selector and a clock that goes on by one microsecond with each look, and during a wait.
    struct Model {
        busy: BusyPoll,
        start: Instant,
        passed: Cell<Duration>,
    }

    impl Model {
        fn new() -> Model {
            Model {
                busy: BusyPoll::new(LIMIT).unwrap(),
                start: Instant::now(),
                passed: Cell::default(),
            }
        }

        /// A poll, with an event that comes so long after it began. Answers how often it looked,
        /// and with what timeout it waited.
        fn poll(
            &mut self,
            timeout: Option<Duration>,
            event: Option<Duration>,
        ) -> (usize, Option<Option<Duration>>) {
            let (passed, start) = (&self.passed, self.start);
            let event = event.map(|after| passed.get() + after);
            let (mut looks, mut waited) = (0, None);
            let select = |timeout: Option<Duration>| {
                if timeout == Some(Duration::ZERO) {
                    looks += 1;
                    passed.set(passed.get() + Duration::from_micros(1));
                    return Ok(event.is_some_and(|event| event <= passed.get()));
                }
                waited = Some(timeout);
                let until = timeout.map(|timeout| passed.get() + timeout);
                let woken = event.into_iter().chain(until).min().expect("an end");
                passed.set(passed.get().max(woken));
                Ok(Some(woken) == event)
            };
            self.busy
                .poll(timeout, || start + passed.get(), select)
                .unwrap();
            (looks, waited)
        }
    }

    #[test]
    fn what_comes_soon_is_found_without_waiting() {
        let mut model = Model::new();
        let soon = Some(Duration::from_micros(7));
        for _ in 0..10 {
            assert_eq!(model.poll(None, soon), (7, None));
        }
    }

    #[test]
    fn it_stops_looking_while_nothing_comes_soon() {
        let mut model = Model::new();
        let late = Some(Duration::from_millis(1));
        for _ in 0..MISSES {
            assert_eq!(model.poll(None, late), (20, Some(None)));
        }
        for _ in 0..10 {
            assert_eq!(model.poll(None, late), (0, Some(None)));
        }
    }

    #[test]
    fn it_looks_again_when_looking_would_have_paid() {
        let mut model = Model::new();
        for _ in 0..MISSES + 1 {
            model.poll(None, Some(Duration::from_millis(1)));
        }
        let soon = Some(Duration::from_micros(7));
        assert_eq!(model.poll(None, soon), (0, Some(None)));
        assert_eq!(model.poll(None, soon), (7, None));
    }

    #[test]
    fn a_timeout_that_ends_is_no_reason_to_look_again() {
        let mut model = Model::new();
        let short = Some(Duration::from_micros(5));
        for _ in 0..MISSES {
            assert_eq!(model.poll(short, None).0, 5);
        }
        for _ in 0..3 {
            assert_eq!(model.poll(short, None), (0, Some(short)));
        }
    }

    #[test]
    fn what_was_spent_looking_is_no_more_waited_for() {
        let mut model = Model::new();
        let timeout = Some(Duration::from_micros(50));
        assert_eq!(
            model.poll(timeout, None),
            (20, Some(Some(Duration::from_micros(30))))
        );
        assert_eq!(model.poll(Some(Duration::ZERO), None), (1, None));
    }
}
