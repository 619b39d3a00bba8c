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

// Here, so that `cargo check` evaluates it as well.
const _: () = assert!(size_of::<Event>() == size_of::<libc::kevent>());

// SAFETY: the fields are integers and `udata`, a pointer by type that holds a token. It is made
// from an integer, only converted back into one, and never dereferenced.
unsafe impl Send for NativeEvent {}

// SAFETY: as above.
unsafe impl Sync for NativeEvent {}

/// Returns an all-zero native event, whatever fields the platform's type has.
pub(super) fn zeroed() -> NativeEvent {
    // SAFETY: all fields are integers or raw pointers, for which zero is a valid value.
    unsafe { mem::zeroed() }
}

/// `kqueue1(O_CLOEXEC)`
#[cfg(kqueue1)]
pub(super) fn kqueue() -> io::Result<OwnedFd> {
    // SAFETY: the call takes no pointer.
    let fd = check(unsafe { libc::kqueue1(libc::O_CLOEXEC) })?;
    // SAFETY: the descriptor was just created and has no other owner.
    Ok(unsafe { OwnedFd::from_raw_fd(fd) })
}

/// `kqueue()`
///
/// Newer versions of FreeBSD and OpenBSD have `kqueue1` too, but libc 0.2 does not declare it. The
/// descriptor is not close-on-exec at first. A program that another thread starts does not get it
/// anyway, because a child of `fork` has no kqueue. Only a program that replaces this process
/// before the flag is set would get it.
#[cfg(not(kqueue1))]
pub(super) fn kqueue() -> io::Result<OwnedFd> {
    // SAFETY: the call takes no pointer.
    let fd = check(unsafe { libc::kqueue() })?;
    // SAFETY: the descriptor was just created and has no other owner.
    Ok(unsafe { OwnedFd::from_raw_fd(fd) })
}

/// `kevent(kqueue, changes, count, receipts, count, 0)`: makes the changes without waiting.
///
/// Each change with `EV_RECEIPT` needs room for a receipt. Without receipts the call fails with the
/// error of the first change that can't be made. An invalid descriptor is such an error and not
/// unsafe.
pub(super) fn change(
    kqueue: BorrowedFd<'_>,
    changes: &[NativeEvent],
    receipts: &mut [NativeEvent],
) -> io::Result<()> {
    // The call returns after the last receipt. If a platform returns fewer receipts, the zero
    // timeout keeps the call from waiting for an event instead.
    let timeout = to_timespec(Duration::ZERO);
    // SAFETY: both lists have the lengths given, that of the receipts is borrowed mutably, and the
    // timeout is on the stack.
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

/// `kevent(kqueue, NULL, 0, events, capacity, timeout)`: waits for events. `None` never times out.
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
    // SAFETY: there are no changes, the buffer is borrowed mutably and has room for `capacity`
    // records, and the timeout is null or on the stack.
    let result = unsafe { libc::kevent(fd, ptr::null(), 0, buffer, capacity as _, timeout) };
    // SAFETY: the kernel has written as many records as it returned, which is no more than
    // `capacity`.
    unsafe { events.set_len(check(result)? as usize) };
    Ok(())
}

/// `fstat(fd, status)`: returns whether the descriptor is a pipe.
pub(super) fn is_pipe(fd: RawFd) -> bool {
    let mut status = mem::MaybeUninit::<libc::stat>::uninit();
    // SAFETY: `status` has room for the result. A bad descriptor is an error of the call.
    if unsafe { libc::fstat(fd, status.as_mut_ptr()) } == -1 {
        return false;
    }
    // SAFETY: the call has succeeded, so it has filled `status`.
    let status = unsafe { status.assume_init() };
    status.st_mode & libc::S_IFMT == libc::S_IFIFO
}

/// Returns the buffer as native events. `Event` has the layout of a native event, so the kernel
/// writes to the buffer directly.
#[inline]
fn native_buffer(events: &mut Vec<Event>) -> (*mut libc::kevent, c_int) {
    // The capacity of `Events` fits into an int.
    (events.as_mut_ptr().cast(), events.capacity() as c_int)
}

/// Converts a timeout of a day at most, which is the longest of one call. The types of the fields
/// differ between platforms, but a day of seconds and a billion nanoseconds fit into all of them.
fn to_timespec(timeout: Duration) -> timespec {
    timespec {
        tv_sec: timeout.as_secs() as _,
        #[allow(clippy::cast_lossless)]
        tv_nsec: timeout.subsec_nanos() as _,
    }
}
