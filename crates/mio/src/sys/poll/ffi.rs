//! The system calls of the poll(2) selector.

use std::io;
use std::time::Duration;

use libc::pollfd;

use crate::sys::unix::check;

/// `ppoll(fds, count, timeout, NULL)`: returns the number of ready entries.
///
/// `None` never times out. Timeouts of more than 68 years are shortened, so callers check the clock
/// afterwards.
#[cfg(ppoll)]
pub(super) fn poll(fds: &mut [pollfd], timeout: Option<Duration>) -> io::Result<usize> {
    // The types differ between platforms, and these values fit into all of them.
    #[allow(clippy::cast_lossless)]
    let timeout = timeout.map(|timeout| libc::timespec {
        tv_sec: timeout.as_secs().min(i32::MAX as u64) as _,
        tv_nsec: timeout.subsec_nanos() as _,
    });
    let timeout = timeout
        .as_ref()
        .map_or(std::ptr::null(), std::ptr::from_ref);
    let count = fds.len() as libc::nfds_t;
    // SAFETY: the array is borrowed mutably and has `count` entries, the timeout is null or on the
    // stack, and there is no signal mask.
    let ready = unsafe { libc::ppoll(fds.as_mut_ptr(), count, timeout, std::ptr::null()) };
    check(ready).map(|ready| ready as usize)
}

/// `poll(fds, count, milliseconds)`: returns the number of ready entries.
///
/// `None` never times out. Timeouts of more than 24 days are shortened and a fraction of a
/// millisecond is rounded, so callers check the clock afterwards.
#[cfg(not(ppoll))]
pub(super) fn poll(fds: &mut [pollfd], timeout: Option<Duration>) -> io::Result<usize> {
    let milliseconds = timeout.map_or(-1, |timeout| {
        let milliseconds = timeout.as_nanos().div_ceil(1_000_000);
        libc::c_int::try_from(milliseconds).unwrap_or(libc::c_int::MAX)
    });
    let count = fds.len() as libc::nfds_t;
    // SAFETY: the array is borrowed mutably and has `count` entries.
    let ready = unsafe { libc::poll(fds.as_mut_ptr(), count, milliseconds) };
    check(ready).map(|ready| ready as usize)
}
