//! The flags of poll(2), for each selector whose native events hold them.

use libc::c_short;

use crate::Interest;

// On Horizon `libc` declares them as `c_int`, and `POLLERR` is the same bit as `POLLOUT`. `ERR` is
// 0 there, so no error is reported.
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

/// The peer has stopped sending. Where the OS does not report it, a read of 0 bytes does.
#[cfg(pollrdhup)]
pub(crate) const RDHUP: c_short = libc::POLLRDHUP;
#[cfg(not(pollrdhup))]
pub(crate) const RDHUP: c_short = 0;

/// Urgent data. It can't be requested where [`Interest`] has no name for it.
#[cfg(priority)]
pub(crate) const PRI: c_short = libc::POLLPRI;
#[cfg(not(priority))]
pub(crate) const PRI: c_short = 0;

/// The descriptor is closed.
#[cfg(not(no_pollnval))]
pub(crate) use self::constants::NVAL;
/// The descriptor is closed. Without `POLLNVAL`, any flag that is none of the others means that.
#[cfg(no_pollnval)]
pub(crate) const NVAL: c_short = !(IN | libc::POLLPRI | OUT | ERR | HUP);

/// The flags of each direction.
pub(crate) const READ: c_short = IN | RDHUP;
pub(crate) const WRITE: c_short = OUT;

/// The flags that the kernel reports even if they were not requested.
pub(crate) const FAILURE: c_short = ERR | HUP;

/// Returns whether the peer has stopped sending.
#[allow(clippy::bad_bit_mask)] // `RDHUP` may be 0.
pub(crate) fn has_end(bits: c_short) -> bool {
    bits & RDHUP != 0
}

/// Returns the flags that request these interests.
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

/// Decodes these flags. epoll has its own copy, written with its own constants.
#[cfg(any(not(epoll), test))]
#[inline]
pub(crate) fn readiness_of(bits: c_short) -> crate::sys::Readiness {
    let any = |flags| bits & flags != 0;
    let all = |flags| bits & flags == flags;
    crate::sys::Readiness {
        // Urgent data can be read, and users with no other interest check `readable`.
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
