//! `read` and `write` as the whole test program calls them, so that they can be interrupted.

use std::cell::Cell;

use libc::{c_int, c_void, size_t, ssize_t};

thread_local! {
    static INTERRUPTIONS: Cell<usize> = const { Cell::new(0) };
}

/// Lets the next calls of `read` and `write` in this thread fail with `EINTR`, so many of them.
pub(super) fn interrupt_next(calls: usize) {
    INTERRUPTIONS.set(calls);
}

/// How many of these calls are still to come.
pub(super) fn interruptions_left() -> usize {
    INTERRUPTIONS.get()
}

fn is_interrupted() -> bool {
    // A thread that is ending has no counter any more.
    let left = INTERRUPTIONS.try_with(|left| left.replace(left.get().saturating_sub(1)));
    let is_interrupted = left.is_ok_and(|left| left > 0);
    if is_interrupted {
        set_errno(libc::EINTR);
    }
    is_interrupted
}

fn set_errno(errno: c_int) {
    #[cfg(not(std_os_android))]
    // SAFETY: the call takes nothing.
    let place = unsafe { libc::__errno_location() };
    #[cfg(std_os_android)]
    // SAFETY: the call takes nothing.
    let place = unsafe { libc::__errno() };
    // SAFETY: the place is this thread's own.
    unsafe { *place = errno };
}

// SAFETY: it does what the function of this name in the C library does.
#[unsafe(no_mangle)]
extern "C" fn read(fd: c_int, buffer: *mut c_void, length: size_t) -> ssize_t {
    if is_interrupted() {
        return -1;
    }
    // SAFETY: the caller keeps the contract.
    unsafe { libc::syscall(libc::SYS_read, fd, buffer, length) as ssize_t }
}

// SAFETY: it does what the function of this name in the C library does.
#[unsafe(no_mangle)]
extern "C" fn write(fd: c_int, buffer: *const c_void, length: size_t) -> ssize_t {
    if is_interrupted() {
        return -1;
    }
    // SAFETY: the caller keeps the contract.
    unsafe { libc::syscall(libc::SYS_write, fd, buffer, length) as ssize_t }
}
