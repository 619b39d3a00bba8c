//! The system calls of event ports, and the poll(2) of probes.

use std::io;
use std::os::fd::{AsRawFd, BorrowedFd, FromRawFd, OwnedFd, RawFd};
use std::ptr;
use std::time::Duration;

use libc::{c_int, c_short, c_uint, pollfd, timespec};

use crate::event::Event;
use crate::sys::event_ports::associations::word;
use crate::sys::event_ports::event::NativeEvent;
use crate::sys::unix::check;
use crate::sys::unix::registrations::Key;

// Here, so that `cargo check` evaluates them as well.
const _: () = assert!(usize::BITS >= u64::BITS);
const _: () = assert!(size_of::<Event>() == size_of::<NativeEvent>());

// SAFETY: the fields are integers and `portev_user`, a pointer by type that holds a token or our
// user data. It is made from an integer, only converted back into one, and never dereferenced.
unsafe impl Send for NativeEvent {}

// SAFETY: as above.
unsafe impl Sync for NativeEvent {}

/// `port_create()`
pub(super) fn port_create() -> io::Result<OwnedFd> {
    // SAFETY: the call takes no pointer.
    let fd = check(unsafe { libc::port_create() })?;
    // SAFETY: the descriptor was just created and has no other owner.
    Ok(unsafe { OwnedFd::from_raw_fd(fd) })
}

/// `port_associate(port, PORT_SOURCE_FD, fd, flags, user)`
///
/// A descriptor that is already associated gets the new flags and user data. An invalid descriptor
/// makes the call fail and is not unsafe.
pub(super) fn port_associate(
    port: BorrowedFd<'_>,
    fd: RawFd,
    flags: c_short,
    user: Key,
) -> io::Result<()> {
    // Every platform with ports that Rust supports has 64-bit pointers, which hold the user data
    // whole.
    let user = ptr::without_provenance_mut(word(user) as usize);
    let flags = c_int::from(flags as u16);
    let port = port.as_raw_fd();
    // SAFETY: for a descriptor the object is its number, and the user data is returned as it is.
    check(unsafe { libc::port_associate(port, libc::PORT_SOURCE_FD, fd as usize, flags, user) })?;
    Ok(())
}

/// `port_dissociate(port, PORT_SOURCE_FD, fd)`
pub(super) fn port_dissociate(port: BorrowedFd<'_>, fd: RawFd) -> io::Result<()> {
    let port = port.as_raw_fd();
    // SAFETY: for a descriptor the object is its number.
    check(unsafe { libc::port_dissociate(port, libc::PORT_SOURCE_FD, fd as usize) })?;
    Ok(())
}

/// `port_send(port, 0, NULL)`
pub(super) fn port_send(port: BorrowedFd<'_>) -> io::Result<()> {
    // SAFETY: the kernel returns the user data as it is.
    check(unsafe { libc::port_send(port.as_raw_fd(), 0, ptr::null_mut()) })?;
    Ok(())
}

/// `port_getn(port, list, max, 1, timeout)`
///
/// Appends at least one event, and as many as there is room for. Appends none if the time is over.
/// `None` never times out. Callers check the clock afterwards.
///
/// # Panics
///
/// Panics if there is no room.
pub(super) fn port_getn(
    port: BorrowedFd<'_>,
    events: &mut Vec<Event>,
    timeout: Option<Duration>,
) -> io::Result<()> {
    /// Other programs also take this many. A port may refuse requests for more.
    const MOST: usize = 1024;

    let room = events.spare_capacity_mut();
    let max = room.len().min(MOST) as c_uint;
    let mut timeout = timeout.map(to_timespec);
    let timeout = timeout.as_mut().map_or(ptr::null_mut(), ptr::from_mut);
    let mut count: c_uint = 1;
    // A call that fails may have taken events, and one that took none may leave the count unchanged
    // (https://github.com/libuv/libuv/blob/v1.x/src/unix/sunos.c). The first record shows which it
    // was.
    room[0].write(Event::from_native(NativeEvent::NONE));
    let list = room.as_mut_ptr().cast();
    // SAFETY: the list is borrowed mutably and has room for `max` records, and the timeout is null
    // or on the stack.
    let result = unsafe { libc::port_getn(port.as_raw_fd(), list, max, &raw mut count, timeout) };
    let result = check(result);
    // SAFETY: the first record was written above.
    let is_written = unsafe { room[0].assume_init_ref() }.native().is_written();
    let taken = if is_written { count.min(max) } else { 0 };
    let length = events.len() + taken as usize;
    // SAFETY: the kernel has written `taken` records, which is no more than there was room for.
    unsafe { events.set_len(length) };
    match result {
        Err(err) if taken == 0 && err.raw_os_error() != Some(libc::ETIME) => Err(err),
        _ => Ok(()),
    }
}

/// `poll(fds, count, 0)`: returns the number of ready entries.
pub(super) fn poll(fds: &mut [pollfd]) -> io::Result<usize> {
    let count = fds.len() as libc::nfds_t;
    // SAFETY: the array is borrowed mutably and has `count` entries.
    let ready = check(unsafe { libc::poll(fds.as_mut_ptr(), count, 0) })?;
    Ok(ready as usize)
}

fn to_timespec(timeout: Duration) -> timespec {
    /// The longest time that the kernel can count in all its units: 68 years.
    const MOST: u64 = i32::MAX as u64;
    timespec {
        tv_sec: timeout.as_secs().min(MOST) as libc::time_t,
        tv_nsec: timeout.subsec_nanos().into(),
    }
}
