//! The system calls of epoll.

use std::io;
use std::mem;
use std::os::fd::{AsRawFd, BorrowedFd, FromRawFd, OwnedFd, RawFd};
use std::ptr;

use libc::c_int;

use crate::event::Event;
use crate::sys::epoll::event::NativeEvent;
use crate::sys::unix::check;

/// Returns an all-zero native event, whatever fields the platform's type has.
pub(super) fn zeroed() -> NativeEvent {
    // SAFETY: all fields are integers, for which zero is a valid value.
    unsafe { mem::zeroed() }
}

/// `epoll_create1(EPOLL_CLOEXEC)`
pub(super) fn epoll_create() -> io::Result<OwnedFd> {
    // SAFETY: the call takes no pointer.
    let fd = check(unsafe { libc::epoll_create1(libc::EPOLL_CLOEXEC) })?;
    // SAFETY: the descriptor was just created and has no other owner.
    Ok(unsafe { OwnedFd::from_raw_fd(fd) })
}

/// `epoll_ctl(epoll, operation, fd, request)`
///
/// An invalid descriptor makes the call fail and is not unsafe.
pub(super) fn epoll_ctl(
    epoll: BorrowedFd<'_>,
    operation: c_int,
    fd: RawFd,
    request: Option<NativeEvent>,
) -> io::Result<()> {
    let mut request = request;
    let request = request.as_mut().map_or(ptr::null_mut(), ptr::from_mut);
    // SAFETY: `request` is null, which EPOLL_CTL_DEL allows, or points to a record on the stack.
    check(unsafe { libc::epoll_ctl(epoll.as_raw_fd(), operation, fd, request) })?;
    Ok(())
}

/// `epoll_wait(epoll, events, capacity, timeout)`
#[inline]
pub(super) fn epoll_wait(
    epoll: BorrowedFd<'_>,
    events: &mut Vec<Event>,
    milliseconds: c_int,
) -> io::Result<()> {
    let (buffer, capacity) = native_buffer(events);
    // SAFETY: the buffer is borrowed mutably and has room for `capacity` records.
    let result = unsafe { libc::epoll_wait(epoll.as_raw_fd(), buffer, capacity, milliseconds) };
    if result < 0 {
        return Err(failed(events));
    }
    // SAFETY: the kernel has written `result` records, which is no more than `capacity`.
    unsafe { events.set_len(result as usize) };
    Ok(())
}

/// `epoll_pwait2(epoll, events, capacity, timeout, NULL, 0)`
///
/// Called by number, because C libraries added it later than the kernel did.
#[cfg(epoll_pwait2)]
pub(super) fn epoll_pwait2(
    epoll: BorrowedFd<'_>,
    events: &mut Vec<Event>,
    timeout: std::time::Duration,
) -> io::Result<()> {
    /// `struct __kernel_timespec`: 64 bits wide on every processor, unlike libc's.
    #[repr(C)]
    struct Timespec {
        seconds: i64,
        nanoseconds: i64,
    }

    events.clear();
    let (buffer, capacity) = native_buffer(events);
    let timeout = Timespec {
        seconds: i64::try_from(timeout.as_secs()).unwrap_or(i64::MAX),
        nanoseconds: timeout.subsec_nanos().into(),
    };
    // SAFETY: the buffer is borrowed mutably and has room for `capacity` records, the timeout is on
    // the stack, and there is no signal mask.
    let result = unsafe {
        libc::syscall(
            libc::SYS_epoll_pwait2,
            epoll.as_raw_fd(),
            buffer,
            capacity,
            ptr::from_ref(&timeout),
            ptr::null::<libc::sigset_t>(),
            0_usize,
        )
    };
    // SAFETY: the kernel has written `result` records, which is no more than `capacity`.
    unsafe { events.set_len(check(result as c_int)? as usize) };
    Ok(())
}

/// Returns the error of a call. Kept out of line, so that a call that succeeds pays for one test
/// only.
#[cold]
#[inline(never)]
fn failed(events: &mut Vec<Event>) -> io::Error {
    let err = io::Error::last_os_error();
    events.clear();
    err
}

/// Returns the buffer as native events. `Event` has the layout of a native event, so the kernel
/// writes to the buffer directly.
#[inline]
fn native_buffer(events: &mut Vec<Event>) -> (*mut NativeEvent, c_int) {
    const { assert!(size_of::<Event>() == size_of::<NativeEvent>()) };
    // The capacity of `Events` fits into an int. Otherwise this would truncate it to a smaller
    // number, or to a negative one, which the kernel refuses.
    (events.as_mut_ptr().cast(), events.capacity() as c_int)
}
