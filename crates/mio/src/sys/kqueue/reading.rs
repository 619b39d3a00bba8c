//! Decoding of kqueue's native events.

use crate::sys::Readiness;
use crate::sys::kqueue::numbers::{BOTH, Numbers};

// The bits in `fflags` of a record for both directions.
const FAILED: u32 = 1 << 0;
const READ_CLOSED: u32 = 1 << 1;
const WRITE_CLOSED: u32 = 1 << 2;

/// Returns the readiness of a record with this filter and these flags.
#[inline]
pub(super) fn readiness(numbers: &Numbers, filter: i32, flags: u32, fflags: u32) -> Readiness {
    #[cfg(poll)]
    if filter == super::numbers::POLL {
        return crate::sys::unix::poll_bits::readiness_of(fflags as std::ffi::c_short);
    }
    if filter == BOTH {
        return Readiness {
            readable: true,
            writable: true,
            error: fflags & FAILED != 0,
            read_closed: fflags & READ_CLOSED != 0,
            write_closed: fflags & WRITE_CLOSED != 0,
            priority: false,
            aio: false,
            lio: false,
        };
    }
    let (read, write) = (filter == numbers.read, filter == numbers.write);
    let (failed, ended) = (flags & numbers.error != 0, flags & numbers.eof != 0);
    Readiness {
        // The end is readable as well: a read returns it.
        readable: read || Some(filter) == numbers.user,
        writable: write,
        // At the end of a direction `fflags` holds the socket's error. Other filters use `fflags`
        // for flags of their own.
        error: failed || ((read || write) && ended && fflags != 0),
        read_closed: read && ended,
        write_closed: write && ended,
        priority: false,
        aio: Some(filter) == numbers.aio,
        lio: Some(filter) == numbers.lio,
    }
}

/// Returns the `fflags` of a record that stands for these two records. Each is given as its filter,
/// its flags and its `fflags`.
pub(super) fn both(numbers: &Numbers, records: [(i32, u32, u32); 2]) -> u32 {
    let [one, other] =
        records.map(|(filter, flags, fflags)| readiness(numbers, filter, flags, fflags));
    let bit = |is_so, bit| if is_so { bit } else { 0 };
    bit(one.error || other.error, FAILED)
        | bit(one.read_closed || other.read_closed, READ_CLOSED)
        | bit(one.write_closed || other.write_closed, WRITE_CLOSED)
}

/// Returns the error code of a receipt, or 0 if the change was made.
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

    /// The flags that a record keeps from the call that added the filter.
    const ADDED: u32 = 0x1 | 0x20;
    const ENDED: u32 = ADDED | 0x8000;
    const WRONG: u32 = ADDED | 0x4000;

    fn show(readiness: Readiness) -> String {
        format!("{readiness:?}")
    }

    /// Decodes the records of both filters. The result must be the same on every platform.
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
        // Data has arrived or a connection is waiting; there is room or a connection was
        // established.
        assert_eq!(each(ADDED, 0), pair("{readable}", "{writable}"));
    }

    #[test]
    fn the_end_of_a_direction_is_told_and_can_be_read() {
        // Reading: the peer has stopped sending, this side has shut down its reading half, or the
        // last writer of a pipe was closed. Writing: this side has shut down its writing half, or
        // the last reader of a pipe was closed. Both: a Unix stream's peer was closed, or both
        // sides have shut down their writing halves.
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
            each(WRONG, 0),
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
        // On NetBSD the waker is a pipe, and filter 8 is not one of ours.
        let stranger = readiness(&NETBSD, 8, ADDED, trigger);
        assert_eq!(show(stranger), "{}");
    }

    #[test]
    fn file_operations_are_told_where_they_are_an_interest() {
        // They end in their own way, and their records hold no error of a socket.
        let (aio, lio) = (-3, -10);
        assert_eq!(show(readiness(&FREEBSD, aio, ENDED, 0)), "{aio}");
        assert_eq!(show(readiness(&FREEBSD, lio, ENDED, 7)), "{lio}");
        assert_eq!(show(readiness(&MACOS, aio, ENDED, 0)), "{aio}");
        // On macOS this constant is the waker's filter.
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
    fn no_filter_has_a_number_of_ours() {
        for numbers in ALL {
            let ours = [numbers.read, numbers.write];
            let optional = [numbers.user, numbers.aio, numbers.lio];
            for added in [POLL, BOTH] {
                assert!(!ours.contains(&added) && !optional.contains(&Some(added)));
            }
        }
        assert_ne!(POLL, BOTH);
        // They survive a conversion to 16 bits with a sign and to 32 bits without.
        for added in [POLL, BOTH] {
            assert_eq!(i32::from(added as i16), added);
            assert_eq!(added as u32 as i32, added);
        }
    }

    #[test]
    fn a_record_of_both_directions_tells_what_the_two_have_told() {
        let told = |read: (u32, u32), write: (u32, u32)| {
            let of = |numbers: &Numbers| {
                let read = (numbers.read, read.0, read.1);
                let write = (numbers.write, write.0, write.1);
                let bits = both(numbers, [read, write]);
                assert_eq!(bits, both(numbers, [write, read]));
                let flags = read.1 | write.1;
                show(readiness(numbers, BOTH, flags, bits))
            };
            let answers = ALL.map(of);
            assert!(answers.iter().all(|answer| *answer == answers[0]));
            answers[0].clone()
        };
        let (added, ended) = ((ADDED, 0), (ENDED, 0));
        assert_eq!(told(added, added), "{readable, writable}");
        assert_eq!(told(ended, added), "{readable, writable, read_closed}");
        assert_eq!(told(added, ended), "{readable, writable, write_closed}");
        let all = "{readable, writable, error, read_closed, write_closed}";
        assert_eq!(told((ENDED, ECONNRESET), ended), all);
        assert_eq!(told(ended, (ENDED, ECONNRESET)), all);
        assert_eq!(told(added, (WRONG, 0)), "{readable, writable, error}");
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
