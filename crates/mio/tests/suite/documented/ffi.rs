//! The system calls of these tests.

use std::fs::File;
use std::io;
use std::os::fd::{AsRawFd, FromRawFd, RawFd};
use std::ptr::null_mut;

use libc::c_int;

fn check(result: c_int) -> c_int {
    assert_ne!(result, -1, "{}", io::Error::last_os_error());
    result
}

/// Runs `child` in a child of `fork`, and waits until it exits. `child` may make only
/// async-signal-safe calls. Returns `true` if `child` returned `true`.
pub(super) fn in_child(child: impl FnOnce() -> bool) -> bool {
    // SAFETY: the child makes only async-signal-safe calls, and exits without running destructors.
    let pid = check(unsafe { libc::fork() });
    if pid == 0 {
        let is_good = child();
        // SAFETY: the call takes no pointer.
        unsafe { libc::_exit(c_int::from(!is_good)) };
    }
    let mut status = -1;
    // SAFETY: the status is on our stack.
    check(unsafe { libc::waitpid(pid, &raw mut status, 0) });
    status == 0
}

/// Creates a pseudo-terminal, and returns its master and its slave, both non-blocking.
pub(super) fn terminal() -> (File, File) {
    let mut ends = [-1; 2];
    let [master, slave] = &mut ends;
    // SAFETY: the numbers are on our stack, and the other arguments are null.
    check(unsafe { libc::openpty(master, slave, null_mut(), null_mut(), null_mut()) });
    let [master, slave] = ends.map(|fd| {
        // SAFETY: the call takes no pointer.
        let flags = check(unsafe { libc::fcntl(fd, libc::F_GETFL) });
        // SAFETY: the call takes no pointer.
        check(unsafe { libc::fcntl(fd, libc::F_SETFL, flags | libc::O_NONBLOCK) });
        // SAFETY: the descriptor was just created, and nobody else owns it.
        unsafe { File::from_raw_fd(fd) }
    });
    (master, slave)
}

/// Shuts down a listener, which stays open.
pub(super) fn shut_down(listener: &impl AsRawFd) {
    // SAFETY: the call takes no pointer.
    check(unsafe { libc::shutdown(listener.as_raw_fd(), libc::SHUT_RD) });
}

/// Makes the kernel report each datagram that it has sent, through the error queue of the socket.
pub(super) fn ask_for_transmit_timestamps(fd: RawFd) -> io::Result<()> {
    let flags = libc::SOF_TIMESTAMPING_TX_SOFTWARE | libc::SOF_TIMESTAMPING_SOFTWARE;
    let flags = flags as c_int;
    let length = size_of::<c_int>() as libc::socklen_t;
    let (level, option) = (libc::SOL_SOCKET, libc::SO_TIMESTAMPING);
    // SAFETY: the option is on our stack and as long as we say.
    match unsafe { libc::setsockopt(fd, level, option, (&raw const flags).cast(), length) } {
        -1 => Err(io::Error::last_os_error()),
        _ => Ok(()),
    }
}
