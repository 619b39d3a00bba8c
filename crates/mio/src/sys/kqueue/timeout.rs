//! Timeouts of kqueue.
//!
//! [`kevent(2)`](https://man.freebsd.org/cgi/man.cgi?query=kevent&sektion=2) takes nanoseconds, so
//! nothing is rounded. But each platform has its own longest timeout, above which the call fails
//! with `EINVAL` or wraps around, and none documents it. So a long wait is split into pieces of one
//! day, which every platform accepts.

use std::io;
use std::time::Duration;

use crate::sys::deadline::Deadline;

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// Calls `wait` with the remaining time until it returns `true`, because there are events to
/// deliver or none came. `wait` returns `false` if it has dropped all events that came.
///
/// The end of the wait is computed at the start only if events `may_be_dropped`. Otherwise, if all
/// events are dropped nevertheless, the whole timeout begins again. Too late is better than too
/// early, and it happens at most once in the life of a selector.
#[inline]
pub(super) fn until_kept(
    timeout: Option<Duration>,
    may_be_dropped: bool,
    mut wait: impl FnMut(Option<Duration>) -> io::Result<bool>,
) -> io::Result<()> {
    let mut deadline = may_be_dropped.then(|| Deadline::after(timeout));
    let mut left = timeout;
    while !wait(left)? {
        // Wait again even if no time remains: other ready sources may follow those that were
        // dropped.
        left = deadline
            .get_or_insert_with(|| Deadline::after(timeout))
            .left();
    }
    Ok(())
}

/// Waits in pieces until `piece` returns `true` because there are events.
#[inline]
pub(super) fn in_pieces(
    timeout: Duration,
    mut piece: impl FnMut(Duration) -> io::Result<bool>,
) -> io::Result<()> {
    let mut left = timeout;
    loop {
        let next = left.min(DAY);
        left -= next;
        if piece(next)? || left.is_zero() {
            return Ok(());
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Instant;

    use super::*;

    /// Returns the pieces of this timeout, of which the one with number `most` has events.
    fn pieces(timeout: Duration, most: usize) -> Vec<Duration> {
        let mut pieces = Vec::new();
        in_pieces(timeout, |piece| {
            pieces.push(piece);
            Ok(pieces.len() == most)
        })
        .unwrap();
        pieces
    }

    /// Returns the timeouts passed to a wait that takes some time and drops all its events this
    /// many times.
    fn waits(
        timeout: Option<Duration>,
        may_be_dropped: bool,
        drops: usize,
    ) -> Vec<Option<Duration>> {
        let mut waits = Vec::new();
        until_kept(timeout, may_be_dropped, |left| {
            waits.push(left);
            let start = Instant::now();
            while Instant::now() == start {}
            Ok(waits.len() > drops)
        })
        .unwrap();
        waits
    }

    const LONG: Duration = Duration::from_secs(1000);

    #[test]
    fn what_is_kept_ends_the_wait() {
        for timeout in [None, Some(Duration::ZERO), Some(LONG)] {
            assert_eq!(waits(timeout, true, 0), [timeout]);
            assert_eq!(waits(timeout, false, 0), [timeout]);
        }
    }

    #[test]
    fn what_is_dropped_is_waited_on_for_the_rest_of_the_time() {
        let all = waits(Some(LONG), true, 3);
        assert_eq!(all[0], Some(LONG));
        for pair in all.windows(2) {
            let (before, after) = (pair[0].unwrap(), pair[1].unwrap());
            assert!(after < before && after > LONG / 2, "{all:?}");
        }
        // No timeout stays no timeout, and a zero timeout stays zero.
        assert_eq!(waits(None, true, 2), [None; 3]);
        let none = Some(Duration::ZERO);
        assert_eq!(waits(none, true, 2), [none; 3]);
        assert_eq!(waits(Some(Duration::from_nanos(1)), true, 1)[1], none);
    }

    #[test]
    fn what_nobody_expected_to_be_dropped_begins_the_time_again() {
        let all = waits(Some(LONG), false, 2);
        assert_eq!(all[0], Some(LONG));
        let (again, rest) = (all[1].unwrap(), all[2].unwrap());
        assert!(again <= LONG && again > LONG / 2, "{all:?}");
        assert!(rest < again, "{all:?}");
    }

    #[test]
    fn a_wait_that_fails_is_over() {
        let interrupted = || io::Error::from(io::ErrorKind::Interrupted);
        let result = until_kept(None, true, |_| Err(interrupted()));
        assert_eq!(result.unwrap_err().kind(), io::ErrorKind::Interrupted);
    }

    #[test]
    fn no_time_is_asked_once() {
        assert_eq!(pieces(Duration::ZERO, 9), [Duration::ZERO]);
    }

    #[test]
    fn nothing_is_rounded() {
        let odd = Duration::new(86_399, 999_999_999);
        assert_eq!(pieces(odd, 9), [odd]);
        assert_eq!(
            pieces(Duration::from_nanos(1), 9),
            [Duration::from_nanos(1)]
        );
        assert_eq!(pieces(DAY, 9), [DAY]);
    }

    #[test]
    fn a_long_wait_is_made_of_days() {
        let rest = Duration::from_nanos(1);
        assert_eq!(pieces(DAY * 2 + rest, 9), [DAY, DAY, rest]);
    }

    #[test]
    fn a_piece_fits_into_every_system() {
        let first = pieces(Duration::MAX, 3);
        assert_eq!(first, [DAY; 3]);
        // `time_t` has 32 bits on some, and some refuse more than three years.
        assert!(first[0].as_secs() < 100_000_000);
    }

    #[test]
    fn events_and_failures_end_the_wait() {
        assert_eq!(pieces(DAY * 5, 2).len(), 2);
        let interrupted = || io::Error::from(io::ErrorKind::Interrupted);
        let result = in_pieces(DAY * 5, |_| Err(interrupted()));
        assert_eq!(result.unwrap_err().kind(), io::ErrorKind::Interrupted);
    }
}
