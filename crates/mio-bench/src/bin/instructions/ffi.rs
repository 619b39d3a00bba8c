//! The system calls of the hand-written loop.

use std::io;
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd, RawFd};

use libc::{c_int, epoll_event};

pub(crate) fn epoll_create() -> io::Result<OwnedFd> {
    // SAFETY: no pointer is passed.
    match unsafe { libc::epoll_create1(libc::EPOLL_CLOEXEC) } {
        -1 => Err(io::Error::last_os_error()),
        // SAFETY: the descriptor was just made.
        fd => Ok(unsafe { OwnedFd::from_raw_fd(fd) }),
    }
}

pub(crate) fn epoll_ctl(
    epoll: &OwnedFd,
    operation: c_int,
    fd: RawFd,
    mut event: epoll_event,
) -> io::Result<()> {
    // SAFETY: the event is on our stack.
    match unsafe { libc::epoll_ctl(epoll.as_raw_fd(), operation, fd, &raw mut event) } {
        -1 => Err(io::Error::last_os_error()),
        _ => Ok(()),
    }
}

/// How many events the system has written to `events`, or -1.
#[inline(always)]
pub(crate) fn epoll_wait(epoll: RawFd, events: &mut [epoll_event], milliseconds: c_int) -> c_int {
    // SAFETY: the buffer is as long as we say.
    unsafe {
        libc::epoll_wait(
            epoll,
            events.as_mut_ptr(),
            events.len() as c_int,
            milliseconds,
        )
    }
}
