//! The system calls of the hand-written loop, and those that no safe crate has.

use std::io;
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd, RawFd};
use std::sync::Arc;

use libc::c_int;
pub use libc::epoll_event;
use tokio::io::Interest;
use tokio::io::unix::AsyncFd;

/// Creates an epoll instance.
pub fn epoll_create() -> io::Result<OwnedFd> {
    // SAFETY: no pointer is passed.
    match unsafe { libc::epoll_create1(libc::EPOLL_CLOEXEC) } {
        -1 => Err(io::Error::last_os_error()),
        // SAFETY: the descriptor was just created and nothing else owns it.
        fd => Ok(unsafe { OwnedFd::from_raw_fd(fd) }),
    }
}

/// Changes the registration of a descriptor.
pub fn epoll_ctl(
    epoll: &OwnedFd,
    operation: c_int,
    fd: RawFd,
    mut event: epoll_event,
) -> io::Result<()> {
    // SAFETY: the event lives on this stack during the call.
    match unsafe { libc::epoll_ctl(epoll.as_raw_fd(), operation, fd, &raw mut event) } {
        -1 => Err(io::Error::last_os_error()),
        _ => Ok(()),
    }
}

/// Returns the number of events written to `events`, or -1.
#[inline(always)]
pub fn epoll_wait(epoll: RawFd, events: &mut [epoll_event], milliseconds: c_int) -> c_int {
    // SAFETY: the buffer has the given length.
    unsafe {
        libc::epoll_wait(
            epoll,
            events.as_mut_ptr(),
            events.len() as c_int,
            milliseconds,
        )
    }
}

/// Makes a socket that is bound to port 0 choose its port when it connects.
pub(crate) fn bind_without_port(fd: RawFd) -> io::Result<()> {
    let yes: c_int = 1;
    // SAFETY: the option is a `c_int` on this stack.
    let result = unsafe {
        libc::setsockopt(
            fd,
            libc::IPPROTO_IP,
            libc::IP_BIND_ADDRESS_NO_PORT,
            (&raw const yes).cast(),
            size_of::<c_int>() as libc::socklen_t,
        )
    };
    match result {
        -1 => Err(io::Error::last_os_error()),
        _ => Ok(()),
    }
}

/// Returns the CPU time of this process in nanoseconds.
///
/// Not from rustix, which looks for the kernel's vDSO itself, and fails under valgrind.
pub(crate) fn cpu_time() -> io::Result<i64> {
    read_clock(libc::CLOCK_PROCESS_CPUTIME_ID)
}

/// Returns the CPU time of another process in nanoseconds, including all its threads.
pub(crate) fn cpu_time_of(id: u32) -> io::Result<i64> {
    let mut clock = 0;
    // SAFETY: `clock` lives on this stack during the call.
    match unsafe { libc::clock_getcpuclockid(id as libc::pid_t, &raw mut clock) } {
        0 => read_clock(clock),
        error => Err(io::Error::from_raw_os_error(error)),
    }
}

fn read_clock(clock: libc::clockid_t) -> io::Result<i64> {
    let mut time = libc::timespec {
        tv_sec: 0,
        tv_nsec: 0,
    };
    // SAFETY: the time lives on this stack during the call.
    match unsafe { libc::clock_gettime(clock, &raw mut time) } {
        -1 => Err(io::Error::last_os_error()),
        _ => Ok(time.tv_sec * 1_000_000_000 + time.tv_nsec),
    }
}

/// Makes the kernel send SIGIO to this process for a descriptor that is set to `O_ASYNC`.
pub(crate) fn own(fd: RawFd) -> io::Result<()> {
    // SAFETY: no pointer is passed.
    match unsafe { libc::fcntl(fd, libc::F_SETOWN, std::process::id()) } {
        -1 => Err(io::Error::last_os_error()),
        _ => Ok(()),
    }
}

/// Registers a source with the poller of the crate `polling`, level-triggered, for reading.
///
/// The sources of a server live as long as its process, or are deleted before they are closed.
pub(crate) fn watch_with_polling(
    poller: &polling::Poller,
    fd: RawFd,
    key: usize,
) -> io::Result<()> {
    let event = polling::Event::readable(key);
    // SAFETY: each caller in `servers` deletes the source before it closes it.
    unsafe { poller.add_with_mode(fd, event, polling::PollMode::Level) }
}

/// Registers a source with tokio's runtime, for reading.
pub(crate) fn watch_with_tokio(source: Arc<OwnedFd>) -> io::Result<AsyncFd<Arc<OwnedFd>>> {
    // SAFETY: the `Arc` owns the descriptor, so it stays open as long as the registration.
    let source = unsafe { AsyncFd::register_with_interest(source, Interest::READABLE) };
    Ok(source?)
}
