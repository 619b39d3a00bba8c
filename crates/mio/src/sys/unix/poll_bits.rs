//! The flags of poll(2), for each selector whose records hold them.

use libc::{POLLERR, POLLHUP, POLLIN, POLLOUT, c_short};

use crate::Interest;

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
pub(crate) const NVAL: c_short = libc::POLLNVAL;
/// The descriptor is closed: whatever is none of the other answers.
#[cfg(no_pollnval)]
pub(crate) const NVAL: c_short = !(POLLIN | libc::POLLPRI | POLLOUT | POLLERR | POLLHUP);

/// The directions.
pub(crate) const READ: c_short = POLLIN | RDHUP;
pub(crate) const WRITE: c_short = POLLOUT;

/// What the system reports whether it was asked or not.
pub(crate) const FAILURE: c_short = POLLERR | POLLHUP;

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
        readable: any(POLLIN | PRI),
        writable: any(POLLOUT),
        error: any(POLLERR),
        read_closed: any(POLLHUP) || (RDHUP != 0 && all(POLLIN | RDHUP)),
        // As on epoll: a pipe without readers.
        write_closed: any(POLLHUP) || all(POLLOUT | POLLERR) || bits == POLLERR,
        priority: any(PRI),
        aio: false,
        lio: false,
    }
}
