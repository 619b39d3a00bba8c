//! Busy polling: checking for events without sleeping before waiting for them.

use std::hint;
use std::io;
use std::time::{Duration, Instant};

/// The largest number of polls between two busy ones.
const RAREST: u32 = 64;

/// The limit of busy polling, and the back-off while it finds nothing.
#[derive(Debug)]
pub(crate) struct BusyPoll {
    limit: Duration,
    /// The number of polls to skip. Doubled when a busy poll finds nothing.
    pause: u32,
    /// The number of polls still to skip.
    left: u32,
}

impl BusyPoll {
    /// Returns `None` for a limit of zero.
    pub(crate) fn new(limit: Duration) -> Option<BusyPoll> {
        (!limit.is_zero()).then_some(BusyPoll {
            limit,
            pause: 0,
            left: 0,
        })
    }

    /// Polls once by calls of `select`, which takes a timeout and returns `true` if there are
    /// events.
    pub(crate) fn poll(
        &mut self,
        timeout: Option<Duration>,
        now: impl Fn() -> Instant,
        mut select: impl FnMut(Option<Duration>) -> io::Result<bool>,
    ) -> io::Result<()> {
        if timeout == Some(Duration::ZERO) {
            return select(timeout).map(|_| ());
        }
        if self.left > 0 {
            self.left -= 1;
            return select(timeout).map(|_| ());
        }
        // Check once before reading the clock. If a source is already ready, reading the clock
        // would be the greater part of the cost.
        if self.look(&mut select)? {
            return Ok(());
        }
        let start = now();
        let limit = timeout.map_or(self.limit, |timeout| timeout.min(self.limit));
        while now() - start < limit {
            hint::spin_loop();
            if self.look(&mut select)? {
                return Ok(());
            }
        }
        self.pause = (self.pause * 2).clamp(1, RAREST);
        self.left = self.pause;
        let left = timeout.map(|timeout| timeout.saturating_sub(now() - start));
        if left == Some(Duration::ZERO) {
            return Ok(());
        }
        select(left).map(|_| ())
    }

    /// Checks for events without waiting. Returns `true` if there are any.
    fn look(
        &mut self,
        mut select: impl FnMut(Option<Duration>) -> io::Result<bool>,
    ) -> io::Result<bool> {
        let has_found = select(Some(Duration::ZERO))?;
        if has_found {
            self.pause = 0;
        }
        Ok(has_found)
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use super::*;

    const LIMIT: Duration = Duration::from_micros(20);

    /// A model of a selector, with a clock that advances by one microsecond per check, and during a
    /// wait.
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

        /// Polls with an event that occurs at the given time after the start. Returns the number of
        /// checks and the timeout of the wait.
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
    fn what_is_ready_is_found_without_the_clock() {
        let mut busy = BusyPoll::new(LIMIT).unwrap();
        let clock = || panic!("the clock was asked");
        busy.poll(None, clock, |_| Ok(true)).unwrap();
    }

    #[test]
    fn it_looks_ever_less_often_while_nothing_comes_soon() {
        let mut model = Model::new();
        let late = Some(Duration::from_millis(1));
        let looked: Vec<bool> = (0..1000).map(|_| model.poll(None, late).0 > 0).collect();
        let turns = looked.iter().enumerate().filter(|(_, looked)| **looked);
        let turns: Vec<usize> = turns.map(|(turn, _)| turn).collect();
        assert_eq!(turns[..8], [0, 2, 5, 10, 19, 36, 69, 134]);
        assert!(turns[7..].windows(2).all(|pair| pair[1] - pair[0] == 65));
    }

    /// The back-off ends with the first check that finds an event.
    #[test]
    fn it_looks_each_time_once_looking_has_paid() {
        let mut model = Model::new();
        for _ in 0..100 {
            model.poll(None, Some(Duration::from_millis(1)));
        }
        let soon = Some(Duration::from_micros(7));
        let mut turns = (0..100).map(|_| model.poll(None, soon));
        let first = turns.position(|(looks, _)| looks == 7).expect("a look");
        assert!(first <= RAREST as usize);
        assert!(turns.all(|turn| turn == (7, None)));
    }

    #[test]
    fn what_was_spent_looking_is_no_more_waited_for() {
        let mut model = Model::new();
        let timeout = Some(Duration::from_micros(50));
        // The check before the clock starts is not part of the 20 us.
        assert_eq!(
            model.poll(timeout, None),
            (21, Some(Some(Duration::from_micros(30))))
        );
        assert_eq!(model.poll(Some(Duration::ZERO), None), (1, None));
    }
}
