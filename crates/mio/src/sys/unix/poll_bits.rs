//! The flags of poll(2), for each selector whose records hold them.

use libc::c_short;

use crate::Interest;

// `libc` has them as `c_int` on Horizon, where `POLLERR` is also the bit of `POLLOUT`: it tells no
// error then.
#[allow(clippy::unnecessary_cast)]
mod constants {
    use libc::c_short;

    pub(crate) const IN: c_short = libc::POLLIN as c_short;
    pub(crate) const OUT: c_short = libc::POLLOUT as c_short;
    pub(crate) const HUP: c_short = libc::POLLHUP as c_short;
    pub(crate) const ERR: c_short = if libc::POLLERR == libc::POLLOUT {
        0
    } else {
        libc::POLLERR as c_short
    };
    #[cfg(not(no_pollnval))]
    pub(crate) const NVAL: c_short = libc::POLLNVAL as c_short;
}

pub(crate) use self::constants::{ERR, HUP, IN, OUT};

/// The peer has stopped sending. Where the system doesn't tell, a read of 0 bytes does.
#[cfg(pollrdhup)]
pub(crate) const RDHUP: c_short = libc::POLLRDHUP;
#[cfg(not(pollrdhup))]
pub(crate) const RDHUP: c_short = 0;

/// Urgent data, which nobody can ask for where [`Interest`] has no name for it.
#[cfg(priority)]
pub(crate) const PRI: c_short = libc::POLLPRI;
#[cfg(not(priority))]
pub(crate) const PRI: c_short = 0;

/// The descriptor is closed.
#[cfg(not(no_pollnval))]
pub(crate) use self::constants::NVAL;
/// The descriptor is closed: whatever is none of the other answers.
#[cfg(no_pollnval)]
pub(crate) const NVAL: c_short = !(IN | libc::POLLPRI | OUT | ERR | HUP);

/// The directions.
pub(crate) const READ: c_short = IN | RDHUP;
pub(crate) const WRITE: c_short = OUT;

/// What the system reports whether it was asked or not.
pub(crate) const FAILURE: c_short = ERR | HUP;

/// Whether the peer has stopped sending.
#[allow(clippy::bad_bit_mask)] // Where the system doesn't tell, it is never so.
pub(crate) fn has_end(bits: c_short) -> bool {
    bits & RDHUP != 0
}

/// The flags that ask for these interests.
pub(crate) fn request(interests: Interest) -> c_short {
    let mut flags = 0;
    if interests.is_readable() {
        flags |= READ;
    }
    if interests.is_writable() {
        flags |= WRITE;
    }
    if interests.is_priority() {
        flags |= PRI;
    }
    flags
}

/// The one reading of these flags. epoll has it written out with its own names.
#[cfg(any(not(epoll), test))]
#[inline]
pub(crate) fn readiness_of(bits: c_short) -> crate::sys::Readiness {
    let any = |flags| bits & flags != 0;
    let all = |flags| bits & flags == flags;
    crate::sys::Readiness {
        // Urgent data is something to read, and those who asked for nothing else look here.
        readable: any(IN | PRI),
        writable: any(OUT),
        error: any(ERR),
        read_closed: any(HUP) || (RDHUP != 0 && all(IN | RDHUP)),
        // As on epoll: a pipe without readers.
        write_closed: any(HUP) || (ERR != 0 && (all(OUT | ERR) || bits == ERR)),
        priority: any(PRI),
        aio: false,
        lio: false,
    }
}
