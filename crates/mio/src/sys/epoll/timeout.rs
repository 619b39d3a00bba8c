//! Timeouts of epoll.
//!
//! [`epoll_wait(2)`](https://man7.org/linux/man-pages/man2/epoll_wait.2.html) takes whole
//! milliseconds in an `int`, which suits most timeouts. The others, a fraction of a millisecond or
//! more than 24 days, use `epoll_pwait2`, which costs a little more per call and exists since Linux
//! 5.11. Where it is missing, a fraction is rounded up and a long wait is split into several short
//! ones.

use std::io;
use std::os::fd::BorrowedFd;
use std::time::Duration;

use libc::c_int;

use crate::event::Event;
use crate::sys::epoll::ffi;

/// Waits with a timeout that `epoll_wait` can't represent.
#[cold]
pub(super) fn wait(
    epoll: BorrowedFd<'_>,
    events: &mut Vec<Event>,
    timeout: Duration,
) -> io::Result<()> {
    #[cfg(epoll_pwait2)]
    if let Some(result) = exact::wait(epoll, events, timeout) {
        return result;
    }
    in_pieces(timeout, |milliseconds| {
        ffi::epoll_wait(epoll, events, milliseconds)?;
        Ok(!events.is_empty())
    })
}

/// Returns the timeout for `epoll_wait`, if it can be converted without loss.
#[inline]
pub(super) fn whole_milliseconds(timeout: Duration) -> Option<c_int> {
    /// From this many seconds on, the milliseconds may not fit.
    const MOST: u64 = c_int::MAX as u64 / 1_000;
    let milliseconds = exact_milliseconds(timeout.subsec_nanos());
    if timeout.as_secs() >= MOST || milliseconds >= 1_000 {
        return None;
    }
    Some(timeout.as_secs() as c_int * 1_000 + milliseconds as c_int)
}

/// Returns a fraction of a second in milliseconds if it is a whole number of them, and otherwise
/// 1000 or more.
///
/// Each poll calls this, so it avoids a division and a multiplication. 1,000,000 is 15,625 * 2^6.
/// Division by an odd number is multiplication by its inverse modulo 2^32. A multiple yields its
/// quotient. Each result stands for one number, so all other numbers yield something larger.
#[inline]
fn exact_milliseconds(nanoseconds: u32) -> u32 {
    const INVERSE: u32 = 1_757_569_337;
    const { assert!(INVERSE.wrapping_mul(15_625) == 1) };
    nanoseconds.wrapping_mul(INVERSE).rotate_right(6)
}

/// Waits in pieces of whole milliseconds, rounded up, until `piece` returns `true` because there
/// are events.
fn in_pieces(
    timeout: Duration,
    mut piece: impl FnMut(c_int) -> io::Result<bool>,
) -> io::Result<()> {
    let mut left = timeout.as_nanos().div_ceil(1_000_000);
    loop {
        let milliseconds = c_int::try_from(left).unwrap_or(c_int::MAX);
        left -= milliseconds as u128;
        if piece(milliseconds)? || left == 0 {
            return Ok(());
        }
    }
}

#[cfg(epoll_pwait2)]
mod exact {
    use super::*;
    use crate::sys::unix::is_refused;
    use std::sync::atomic::{AtomicBool, Ordering::Relaxed};

    /// Set if the kernel is too old or a sandbox forbids the call. Neither changes later.
    static MISSING: AtomicBool = AtomicBool::new(false);

    /// Waits with nanosecond precision. Returns `None` where that is not available.
    pub(super) fn wait(
        epoll: BorrowedFd<'_>,
        events: &mut Vec<Event>,
        timeout: Duration,
    ) -> Option<io::Result<()>> {
        if MISSING.load(Relaxed) {
            return None;
        }
        let result = ffi::epoll_pwait2(epoll, events, timeout);
        // The call itself returns none of these errors.
        if result.as_ref().is_err_and(is_refused) {
            MISSING.store(true, Relaxed);
            return None;
        }
        Some(result)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pieces(timeout: Duration) -> Vec<c_int> {
        let mut pieces = Vec::new();
        in_pieces(timeout, |milliseconds| {
            pieces.push(milliseconds);
            Ok(pieces.len() == 3)
        })
        .unwrap();
        pieces
    }

    #[test]
    fn a_fraction_is_rounded_up() {
        assert_eq!(whole_milliseconds(Duration::from_micros(1)), None);
        assert_eq!(pieces(Duration::from_nanos(1)), [1]);
        assert_eq!(pieces(Duration::from_micros(1_500)), [2]);
    }

    #[test]
    fn only_whole_milliseconds_are_exact() {
        for milliseconds in 0..1_000 {
            assert_eq!(exact_milliseconds(milliseconds * 1_000_000), milliseconds);
            for off in [1, 2, 64, 15_625, 500_000, 999_936, 999_999] {
                let nanoseconds = milliseconds * 1_000_000 + off;
                assert!(exact_milliseconds(nanoseconds) >= 1_000, "{nanoseconds}");
            }
        }
    }

    #[test]
    fn whole_milliseconds_stay_what_they_are() {
        assert_eq!(whole_milliseconds(Duration::ZERO), Some(0));
        assert_eq!(
            whole_milliseconds(Duration::from_millis(1_500)),
            Some(1_500)
        );
        let weeks = Duration::from_millis(2_147_482_999);
        assert_eq!(whole_milliseconds(weeks), Some(2_147_482_999));
        assert_eq!(whole_milliseconds(weeks + Duration::from_millis(1)), None);
    }

    #[test]
    fn a_long_wait_is_made_of_pieces_and_never_wraps() {
        let month = Duration::from_secs(31 * 24 * 60 * 60);
        assert_eq!(whole_milliseconds(month), None);
        let waited: u64 = pieces(month).iter().map(|piece| *piece as u64).sum();
        assert_eq!(waited, month.as_millis() as u64);
        assert_eq!(pieces(Duration::MAX), [c_int::MAX; 3]);
    }
}
