//! The system calls of kqueue.

use std::io;
use std::mem;
use std::os::fd::{AsRawFd, BorrowedFd, FromRawFd, OwnedFd, RawFd};
use std::ptr;
use std::time::Duration;

use libc::{c_int, timespec};

use crate::event::Event;
use crate::sys::kqueue::event::NativeEvent;
use crate::sys::unix::check;

// Here, so that they are evaluated by a check too.
const _: () = assert!(size_of::<Event>() == size_of::<libc::kevent>());

// SAFETY: a record is integers and `udata`, which is a pointer by its type and holds a token: it
// comes from an integer, is only made into one again, and nobody follows it.
unsafe impl Send for NativeEvent {}

// SAFETY: as above.
unsafe impl Sync for NativeEvent {}

/// A record with nothing in it, whatever fields the system gives it.
pub(super) fn zeroed() -> NativeEvent {
    // SAFETY: integers and a raw pointer, for which zero is a value.
    unsafe { mem::zeroed() }
}

/// `kqueue1(O_CLOEXEC)`
#[cfg(kqueue1)]
pub(super) fn kqueue() -> io::Result<OwnedFd> {
    // SAFETY: the call takes no pointer.
    let fd = check(unsafe { libc::kqueue1(libc::O_CLOEXEC) })?;
    // SAFETY: the descriptor was just made and nobody else knows of it.
    Ok(unsafe { OwnedFd::from_raw_fd(fd) })
}

/// `kqueue()`
///
/// Newer versions of FreeBSD and OpenBSD have `kqueue1` too, but libc 0.2 has no declaration of it.
/// A program that another thread starts gets no kqueue all the same, because a child of `fork` has
/// none. Only one that replaces this process before the flag is set would.
#[cfg(not(kqueue1))]
pub(super) fn kqueue() -> io::Result<OwnedFd> {
    // SAFETY: the call takes no pointer.
    let fd = check(unsafe { libc::kqueue() })?;
    // SAFETY: the descriptor was just made and nobody else knows of it.
    Ok(unsafe { OwnedFd::from_raw_fd(fd) })
}

/// `kevent(kqueue, changes, count, receipts, count, 0)`: makes the changes and waits for nothing.
///
/// Changes with `EV_RECEIPT` need a receipt each. Without receipts the first change that can't be
/// made is the error of the call. A descriptor that is closed, or was never one, is such an error
/// and not unsafe.
pub(super) fn change(
    kqueue: BorrowedFd<'_>,
    changes: &[NativeEvent],
    receipts: &mut [NativeEvent],
) -> io::Result<()> {
    // The call ends with the last receipt. This is for a system that gives fewer, so that it does
    // not wait for an event instead.
    let timeout = to_timespec(Duration::ZERO);
    // SAFETY: both lists are as long as they say, that of the receipts is exclusively ours, and the
    // timeout is on our stack.
    let result = unsafe {
        libc::kevent(
            kqueue.as_raw_fd(),
            changes.as_ptr().cast(),
            changes.len() as _,
            receipts.as_mut_ptr().cast(),
            receipts.len() as _,
            &raw const timeout,
        )
    };
    check(result).map(|_| ())
}

/// `kevent(kqueue, NULL, 0, events, capacity, timeout)`: waits for events. `None` waits for ever.
#[inline]
pub(super) fn wait(
    kqueue: BorrowedFd<'_>,
    events: &mut Vec<Event>,
    timeout: Option<Duration>,
) -> io::Result<()> {
    events.clear();
    let (buffer, capacity) = native_buffer(events);
    let timeout = timeout.map(to_timespec);
    let timeout = timeout.as_ref().map_or(ptr::null(), ptr::from_ref);
    let fd = kqueue.as_raw_fd();
    // SAFETY: there are no changes, the buffer is exclusively ours and has room for `capacity`
    // records, and the timeout is null or on our stack.
    let result = unsafe { libc::kevent(fd, ptr::null(), 0, buffer, capacity as _, timeout) };
    // SAFETY: the kernel has written as many records as it says, no more than `capacity`.
    unsafe { events.set_len(check(result)? as usize) };
    Ok(())
}

/// `fstat(fd, status)`: whether a pipe is open behind this number.
pub(super) fn is_pipe(fd: RawFd) -> bool {
    let mut status = mem::MaybeUninit::<libc::stat>::uninit();
    // SAFETY: `status` has room for what is asked; a bad descriptor is an error of the call.
    if unsafe { libc::fstat(fd, status.as_mut_ptr()) } == -1 {
        return false;
    }
    // SAFETY: the call has succeeded, so it has filled `status`.
    let status = unsafe { status.assume_init() };
    status.st_mode & libc::S_IFMT == libc::S_IFIFO
}

/// An event is exactly the kernel's record, so the buffer of events is what the kernel fills.
#[inline]
fn native_buffer(events: &mut Vec<Event>) -> (*mut libc::kevent, c_int) {
    // `Events` has no more room than an int can count.
    (events.as_mut_ptr().cast(), events.capacity() as c_int)
}

/// The types of the fields differ between systems. A day of seconds and a billion nanoseconds fit
/// into all of them, and nobody waits longer in one call.
fn to_timespec(timeout: Duration) -> timespec {
    timespec {
        tv_sec: timeout.as_secs() as _,
        #[allow(clippy::cast_lossless)]
        tv_nsec: timeout.subsec_nanos() as _,
    }
}
