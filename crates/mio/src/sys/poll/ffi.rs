//! The system calls of the poll(2) selector.

use std::io;
use std::mem::MaybeUninit;
use std::os::fd::RawFd;
use std::time::Duration;

use libc::pollfd;

use crate::sys::unix::check;

/// `ppoll(fds, count, timeout, NULL)`: how many descriptors have something to say. `None` waits for
/// ever.
#[cfg(ppoll)]
pub(super) fn poll(fds: &mut [pollfd], timeout: Option<Duration>) -> io::Result<usize> {
    let timeout = timeout.map(|timeout| libc::timespec {
        tv_sec: libc::time_t::try_from(timeout.as_secs()).unwrap_or(libc::time_t::MAX),
        // The type differs between systems, and a billion fits into all of them.
        #[allow(clippy::cast_lossless)]
        tv_nsec: timeout.subsec_nanos() as _,
    });
    let timeout = timeout
        .as_ref()
        .map_or(std::ptr::null(), std::ptr::from_ref);
    let count = fds.len() as libc::nfds_t;
    // SAFETY: the array is exclusively ours and as long as `count` says, the timeout is null or on
    // our stack, and there is no signal mask.
    let ready = unsafe { libc::ppoll(fds.as_mut_ptr(), count, timeout, std::ptr::null()) };
    check(ready).map(|ready| ready as usize)
}

/// `poll(fds, count, milliseconds)`: how many descriptors have something to say. `None` waits for
/// ever, and what is longer than 24 days or has a fraction of a millisecond is rounded; who calls
/// this looks at the clock afterwards.
#[cfg(not(ppoll))]
pub(super) fn poll(fds: &mut [pollfd], timeout: Option<Duration>) -> io::Result<usize> {
    let milliseconds = timeout.map_or(-1, |timeout| {
        let milliseconds = timeout.as_nanos().div_ceil(1_000_000);
        libc::c_int::try_from(milliseconds).unwrap_or(libc::c_int::MAX)
    });
    let count = fds.len() as libc::nfds_t;
    // SAFETY: the array is exclusively ours and as long as `count` says.
    let ready = unsafe { libc::poll(fds.as_mut_ptr(), count, milliseconds) };
    check(ready).map(|ready| ready as usize)
}

/// What is open behind a descriptor: two numbers that no other open file has at the same time, as
/// far as the system gives each a number of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Identity {
    device: libc::dev_t,
    inode: libc::ino_t,
}

/// `fstat(fd, status)`
pub(super) fn identity(fd: RawFd) -> io::Result<Identity> {
    let mut status = MaybeUninit::<libc::stat>::uninit();
    // SAFETY: `status` has room for what is asked; a bad descriptor is an error of the call.
    check(unsafe { libc::fstat(fd, status.as_mut_ptr()) })?;
    // SAFETY: the call has succeeded, so it has filled `status`.
    let status = unsafe { status.assume_init() };
    Ok(Identity {
        device: status.st_dev,
        inode: status.st_ino,
    })
}
