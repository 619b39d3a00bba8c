//! The system calls of the poll(2) selector.

use std::io;
use std::time::Duration;

use libc::pollfd;

use crate::sys::unix::check;

/// `ppoll(fds, count, timeout, NULL)`: how many descriptors have something to say. `None` waits for
/// ever, and what is longer than 68 years is shortened; who calls this looks at the clock
/// afterwards.
#[cfg(ppoll)]
pub(super) fn poll(fds: &mut [pollfd], timeout: Option<Duration>) -> io::Result<usize> {
    // The types differ between systems, and these numbers fit into all of them.
    #[allow(clippy::cast_lossless)]
    let timeout = timeout.map(|timeout| libc::timespec {
        tv_sec: timeout.as_secs().min(i32::MAX as u64) as _,
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
