//! Replaces `read` and `write` of the whole test program, so that they can fail.

use std::cell::Cell;

use libc::{c_int, c_void, size_t, ssize_t};

thread_local! {
    /// The number of calls that will fail, and their error.
    static FAILURES: Cell<(usize, c_int)> = const { Cell::new((0, 0)) };
}

/// Makes the next `calls` calls of `read` and `write` in this thread fail with this error.
pub(super) fn fail_next(calls: usize, errno: c_int) {
    FAILURES.set((calls, errno));
}

/// Returns the number of such calls that are still to come.
pub(super) fn failures_left() -> usize {
    FAILURES.get().0
}

fn fails() -> bool {
    // A thread that is exiting no longer has this variable.
    let (left, errno) = FAILURES.try_with(Cell::get).unwrap_or((0, 0));
    if left > 0 {
        FAILURES.set((left - 1, errno));
        set_errno(errno);
    }
    left > 0
}

fn set_errno(errno: c_int) {
    #[cfg(not(std_os_android))]
    // SAFETY: the call has no arguments.
    let place = unsafe { libc::__errno_location() };
    #[cfg(std_os_android)]
    // SAFETY: the call has no arguments.
    let place = unsafe { libc::__errno() };
    // SAFETY: the variable belongs to this thread.
    unsafe { *place = errno };
}

// SAFETY: it behaves as the function of this name in the C library.
#[unsafe(no_mangle)]
extern "C" fn read(fd: c_int, buffer: *mut c_void, length: size_t) -> ssize_t {
    if fails() {
        return -1;
    }
    // SAFETY: the caller upholds the contract.
    unsafe { libc::syscall(libc::SYS_read, fd, buffer, length) as ssize_t }
}

// SAFETY: it behaves as the function of this name in the C library.
#[unsafe(no_mangle)]
extern "C" fn write(fd: c_int, buffer: *const c_void, length: size_t) -> ssize_t {
    if fails() {
        return -1;
    }
    // SAFETY: the caller upholds the contract.
    unsafe { libc::syscall(libc::SYS_write, fd, buffer, length) as ssize_t }
}
