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

// Here, so that they are evaluated by a check too.
const _: () = assert!(usize::BITS >= u64::BITS);
const _: () = assert!(size_of::<Event>() == size_of::<NativeEvent>());

// SAFETY: a record is integers and `portev_user`, which is a pointer by its type and holds a token
// or a word of ours: it comes from an integer, is only made into one again, and nobody follows it.
unsafe impl Send for NativeEvent {}

// SAFETY: as above.
unsafe impl Sync for NativeEvent {}

/// `port_create()`
pub(super) fn port_create() -> io::Result<OwnedFd> {
    // SAFETY: the call takes no pointer.
    let fd = check(unsafe { libc::port_create() })?;
    // SAFETY: the descriptor was just made and nobody else knows of it.
    Ok(unsafe { OwnedFd::from_raw_fd(fd) })
}

/// `port_associate(port, PORT_SOURCE_FD, fd, flags, user)`
///
/// A descriptor that is associated already is so for other flags and another user from then on. One
/// that is closed, or was never one, is an error of the call and not unsafe.
pub(super) fn port_associate(
    port: BorrowedFd<'_>,
    fd: RawFd,
    flags: c_short,
    user: Key,
) -> io::Result<()> {
    // Every system with ports that Rust knows has pointers of 64 bits, which hold the word whole.
    let user = ptr::without_provenance_mut(word(user) as usize);
    let flags = c_int::from(flags as u16);
    let port = port.as_raw_fd();
    // SAFETY: for a descriptor the object is its number, and the user is given back as it is.
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
    // SAFETY: the user is given back as it is.
    check(unsafe { libc::port_send(port.as_raw_fd(), 0, ptr::null_mut()) })?;
    Ok(())
}

/// `port_getn(port, list, max, 1, timeout)`: appends at least one event, or none if the time is
/// over, as many as there is room for. `None` waits for ever; who calls this looks at the clock
/// afterwards.
///
/// # Panics
///
/// If there is no room.
pub(super) fn port_getn(
    port: BorrowedFd<'_>,
    events: &mut Vec<Event>,
    timeout: Option<Duration>,
) -> io::Result<()> {
    /// So many are taken by other programs too; a port may refuse to be asked for more.
    const MOST: usize = 1024;

    let room = events.spare_capacity_mut();
    let max = room.len().min(MOST) as c_uint;
    let mut timeout = timeout.map(to_timespec);
    let timeout = timeout.as_mut().map_or(ptr::null_mut(), ptr::from_mut);
    let mut count: c_uint = 1;
    // A call that fails may have taken events, and one that took none may leave the count as it was
    // (https://github.com/libuv/libuv/blob/v1.x/src/unix/sunos.c). The first record tells.
    room[0].write(Event::from_native(NativeEvent::NONE));
    let list = room.as_mut_ptr().cast();
    // SAFETY: the list is exclusively ours and has room for `max` records, and the timeout is null
    // or on our stack.
    let result = unsafe { libc::port_getn(port.as_raw_fd(), list, max, &raw mut count, timeout) };
    let result = check(result);
    // SAFETY: the first record was written above.
    let is_written = unsafe { room[0].assume_init_ref() }.native().is_written();
    let taken = if is_written { count.min(max) } else { 0 };
    let length = events.len() + taken as usize;
    // SAFETY: the kernel has written as many records as it says, no more than there was room for.
    unsafe { events.set_len(length) };
    match result {
        Err(err) if taken == 0 && err.raw_os_error() != Some(libc::ETIME) => Err(err),
        _ => Ok(()),
    }
}

/// `poll(fds, count, 0)`: how many descriptors have something to say.
pub(super) fn poll(fds: &mut [pollfd]) -> io::Result<usize> {
    let count = fds.len() as libc::nfds_t;
    // SAFETY: the array is exclusively ours and as long as `count` says.
    let ready = check(unsafe { libc::poll(fds.as_mut_ptr(), count, 0) })?;
    Ok(ready as usize)
}

fn to_timespec(timeout: Duration) -> timespec {
    /// What the kernel can count in all its units: 68 years.
    const MOST: u64 = i32::MAX as u64;
    timespec {
        tv_sec: timeout.as_secs().min(MOST) as libc::time_t,
        tv_nsec: timeout.subsec_nanos().into(),
    }
}
