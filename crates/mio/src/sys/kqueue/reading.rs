//! What a record of kqueue says.

use crate::sys::Readiness;
use crate::sys::kqueue::numbers::Numbers;

/// The answers of a record with this filter and these flags.
#[inline]
pub(super) fn readiness(numbers: &Numbers, filter: i32, flags: u32, fflags: u32) -> Readiness {
    #[cfg(poll)]
    if filter == super::numbers::POLL {
        return crate::sys::unix::poll_bits::readiness_of(fflags as std::ffi::c_short);
    }
    let (read, write) = (filter == numbers.read, filter == numbers.write);
    let (failed, ended) = (flags & numbers.error != 0, flags & numbers.eof != 0);
    Readiness {
        // At the end there is something to read too: that it is the end.
        readable: read || Some(filter) == numbers.user,
        writable: write,
        // With the end of a direction `fflags` holds the socket's error. Other filters put their
        // own into it.
        error: failed || ((read || write) && ended && fflags != 0),
        read_closed: read && ended,
        write_closed: write && ended,
        priority: false,
        aio: Some(filter) == numbers.aio,
        lio: Some(filter) == numbers.lio,
    }
}

/// The error code in the answer to a change, 0 if the change was made.
#[inline]
pub(super) fn receipt(numbers: &Numbers, flags: u32, data: i64) -> i32 {
    if flags & numbers.error == 0 {
        return 0;
    }
    data as i32
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sys::kqueue::numbers::POLL;
    use crate::sys::kqueue::numbers::of::{ALL, FREEBSD, MACOS, NETBSD};

    const ECONNRESET: u32 = 54;
    const ECONNREFUSED: u32 = 61;

    /// The flags that a record has because it was added with them.
    const ADDED: u32 = 0x1 | 0x20;
    const ENDED: u32 = ADDED | 0x8000;
    const FAILED: u32 = ADDED | 0x4000;

    fn show(readiness: Readiness) -> String {
        format!("{readiness:?}")
    }

    /// What the records of both filters say, which must be the same on every system.
    fn each(flags: u32, fflags: u32) -> (String, String) {
        let of = |numbers: &Numbers| {
            let of = |filter| show(readiness(numbers, filter, flags, fflags));
            (of(numbers.read), of(numbers.write))
        };
        let answers = ALL.map(of);
        assert!(answers.iter().all(|answer| *answer == answers[0]));
        answers[0].clone()
    }

    fn pair(read: &str, write: &str) -> (String, String) {
        (read.to_owned(), write.to_owned())
    }

    #[test]
    fn a_filter_is_a_direction() {
        // Data has arrived, a connection waits; there is room, or a connection was made.
        assert_eq!(each(ADDED, 0), pair("{readable}", "{writable}"));
    }

    #[test]
    fn the_end_of_a_direction_is_told_and_can_be_read() {
        // The peer has stopped sending, or this side has shut down its reading half; the last
        // writer of a pipe was closed. This side has shut down its writing half; the last reader of
        // a pipe was closed. A Unix stream's peer was closed, or both sides have shut down their
        // writing halves: both records.
        assert_eq!(
            each(ENDED, 0),
            pair("{readable, read_closed}", "{writable, write_closed}")
        );
    }

    #[test]
    fn an_end_with_a_code_is_a_failure() {
        for code in [ECONNRESET, ECONNREFUSED] {
            assert_eq!(
                each(ENDED, code),
                pair(
                    "{readable, error, read_closed}",
                    "{writable, error, write_closed}"
                )
            );
        }
    }

    #[test]
    fn flags_of_a_filter_without_an_end_are_no_failure() {
        assert_eq!(each(ADDED, 2), pair("{readable}", "{writable}"));
    }

    #[test]
    fn a_record_of_an_error_is_a_failure() {
        assert_eq!(
            each(FAILED, 0),
            pair("{readable, error}", "{writable, error}")
        );
    }

    #[test]
    fn the_waker_is_readable() {
        let trigger = 0x0100_0000;
        for (numbers, user) in [(&FREEBSD, -11), (&MACOS, -10)] {
            let woken = readiness(numbers, user, ADDED, trigger);
            assert_eq!(show(woken), "{readable}");
        }
        // There the waker is a pipe, and the filter, 8, is that of somebody else.
        let stranger = readiness(&NETBSD, 8, ADDED, trigger);
        assert_eq!(show(stranger), "{}");
    }

    #[test]
    fn file_operations_are_told_where_they_are_an_interest() {
        // Their end is an end of its own, with nothing of a socket's in it.
        let (aio, lio) = (-3, -10);
        assert_eq!(show(readiness(&FREEBSD, aio, ENDED, 0)), "{aio}");
        assert_eq!(show(readiness(&FREEBSD, lio, ENDED, 7)), "{lio}");
        assert_eq!(show(readiness(&MACOS, aio, ENDED, 0)), "{aio}");
        // On macOS this number is the waker's.
        assert_eq!(show(readiness(&MACOS, lio, ADDED, 0)), "{readable}");
        assert_eq!(show(readiness(&NETBSD, 2, ENDED, 0)), "{}");
    }

    #[test]
    fn filters_that_are_not_ours_say_nothing() {
        for numbers in ALL {
            // A vnode, a process, a signal and a timer.
            let others = if numbers.read == 0 { 3..=6 } else { -7..=-4 };
            for filter in others {
                assert_eq!(show(readiness(numbers, filter, ENDED, 1)), "{}");
            }
        }
    }

    #[test]
    fn no_filter_has_the_number_of_poll() {
        for numbers in ALL {
            let ours = [numbers.read, numbers.write];
            let optional = [numbers.user, numbers.aio, numbers.lio];
            assert!(!ours.contains(&POLL) && !optional.contains(&Some(POLL)));
        }
        // It comes back from 16 bits with a sign and from 32 without as it was.
        assert_eq!(i32::from(POLL as i16), POLL);
        assert_eq!(POLL as u32 as i32, POLL);
    }

    #[cfg(poll)]
    #[test]
    fn a_record_of_poll_is_read_as_its_bits() {
        use libc::{POLLERR, POLLHUP, POLLIN, POLLOUT, c_short};

        let of = |numbers, bits: c_short| {
            let bits = bits as u16;
            show(readiness(numbers, POLL, 0, bits.into()))
        };
        for numbers in ALL {
            assert_eq!(of(numbers, POLLIN), "{readable}");
            assert_eq!(of(numbers, POLLOUT), "{writable}");
            assert_eq!(of(numbers, POLLERR), "{error, write_closed}");
            let hung_up = "{readable, read_closed, write_closed}";
            assert_eq!(of(numbers, POLLIN | POLLHUP), hung_up);
            // The sign is a bit like the others.
            assert_eq!(of(numbers, c_short::MIN | POLLIN), "{readable}");
        }
    }

    #[test]
    fn a_receipt_is_a_code_if_it_says_so() {
        for numbers in ALL {
            assert_eq!(receipt(numbers, 0x4000, 9), 9);
            assert_eq!(receipt(numbers, 0x4001, 0), 0);
            // An event in the place of a receipt: this many bytes can be read.
            assert_eq!(receipt(numbers, 0x8021, 9), 0);
        }
    }
}
