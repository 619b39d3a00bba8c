//! How long kqueue waits.
//!
//! [`kevent(2)`](https://man.freebsd.org/cgi/man.cgi?query=kevent&sektion=2) counts nanoseconds, so
//! nothing has to be rounded. But each system has a longest timeout of its own, above which the
//! call fails with `EINVAL` or wraps, and none says where it is. So a long wait is made of several
//! of a day each, which fits everywhere.

use std::io;
use std::time::Duration;

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// Waits in pieces until `piece` says that there are events.
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
    use super::*;

    /// The first pieces of this timeout, up to a number of them at which there are events.
    fn pieces(timeout: Duration, most: usize) -> Vec<Duration> {
        let mut pieces = Vec::new();
        in_pieces(timeout, |piece| {
            pieces.push(piece);
            Ok(pieces.len() == most)
        })
        .unwrap();
        pieces
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
