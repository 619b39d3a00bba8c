//! The state of read and write filters, as BSD defines it.

use libc::{
    POLLERR, POLLHUP, POLLIN, POLLOUT, POLLRDHUP, S_IFIFO, S_IFMT, S_IFREG, S_IFSOCK, SOCK_STREAM,
    c_int, c_short,
};

use crate::ffi::{self, EVFILT_READ};
use crate::kernel::Kernel;
use crate::numbers;

/// The record of a filter that is true.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Truth {
    pub(crate) has_ended: bool,
    /// The error of a socket that has ended.
    pub(crate) code: u32,
    pub(crate) data: isize,
}

/// The kind of file that a descriptor refers to.
#[derive(Debug, Clone, Copy, PartialEq)]
enum File {
    Stream,
    Datagram,
    Pipe,
    Regular,
    /// A Linux-specific descriptor, such as an eventfd or another kqueue.
    Other,
}

fn file(fd: c_int) -> File {
    match ffi::mode(fd).unwrap_or(0) & S_IFMT {
        S_IFSOCK if ffi::socket_option(fd, libc::SO_TYPE) == Ok(SOCK_STREAM) => File::Stream,
        S_IFSOCK => File::Datagram,
        S_IFIFO => File::Pipe,
        S_IFREG => File::Regular,
        _ => File::Other,
    }
}

/// Returns `true` if `fstat` reports device 0 and inode 0 for a file of this mode.
pub(crate) fn lacks_identity(mode: libc::mode_t) -> bool {
    match mode & S_IFMT {
        S_IFSOCK => Kernel::get() != Kernel::MacOs,
        S_IFIFO => Kernel::get() == Kernel::NetBsd,
        _ => false,
    }
}

/// Returns the error with which this kernel refuses the filter, if it does.
pub(crate) fn refusal(filter: i16, fd: c_int) -> Option<c_int> {
    let has_no_readers = || ffi::poll_now(fd) & POLLERR != 0;
    if filter == EVFILT_READ || file(fd) != File::Pipe || !has_no_readers() {
        return None;
    }
    match Kernel::get() {
        Kernel::FreeBsd => Some(libc::EPIPE),
        Kernel::NetBsd => Some(libc::EBADF),
        Kernel::MacOs => None,
    }
}

/// As [`truth`], at the moment when the kernel notifies the filter.
pub(crate) fn truth_when_told(filter: i16, fd: c_int) -> Option<Truth> {
    // NetBSD's pipe notifies the writer's filter before it marks the last reader as gone.
    let is_early = Kernel::get() == Kernel::NetBsd
        && filter != EVFILT_READ
        && file(fd) == File::Pipe
        && ffi::poll_now(fd) & (POLLERR | POLLOUT) == POLLERR;
    if is_early { None } else { truth(filter, fd) }
}

/// Returns `None` if the filter is not true.
pub(crate) fn truth(filter: i16, fd: c_int) -> Option<Truth> {
    let bits = ffi::poll_now(fd);
    let has = |wanted: c_short| bits & wanted != 0;
    let (is_true, has_ended) = match (file(fd), filter == EVFILT_READ) {
        // A stream that was never connected: neither direction has ended, and neither is ready.
        (File::Stream, _) if has(POLLHUP) && !has(POLLRDHUP | POLLIN) => (false, false),
        (File::Stream, true) => (has(POLLIN | POLLERR), has(POLLRDHUP | POLLHUP)),
        (File::Stream, false) => {
            let has_ended = has(POLLHUP) || numbers::is_shut_down(fd);
            (has(POLLOUT | POLLERR), has_ended)
        }
        (File::Datagram, true) => (has(POLLIN | POLLERR), has(POLLRDHUP | POLLHUP)),
        (File::Datagram, false) => (has(POLLOUT | POLLERR), numbers::is_shut_down(fd)),
        // The filter also accepts the writing end, which has ended with its last reader.
        (File::Pipe, true) => (has(POLLIN), has(POLLHUP | POLLERR)),
        (File::Pipe, false) => (has(POLLOUT), has(POLLERR)),
        (File::Regular, true) => (ffi::is_before_end(fd), false),
        (File::Regular, false) => (true, false),
        (File::Other, true) => (has(POLLIN), has(POLLHUP)),
        (File::Other, false) => (has(POLLOUT), has(POLLHUP)),
    };
    let has_failed = file(fd) == File::Stream && has_ended && has(POLLERR);
    (is_true || has_ended).then(|| Truth {
        has_ended,
        // Reading the actual error would clear it, so this assumes a reset.
        code: if has_failed {
            libc::ECONNRESET as u32
        } else {
            0
        },
        data: if filter == EVFILT_READ {
            ffi::unread(fd)
        } else {
            4096
        },
    })
}
