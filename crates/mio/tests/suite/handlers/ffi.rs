//! A signal handler, and a signal for it.

use std::io;

/// Sets this handler for `SIGUSR2`. It may call only async-signal-safe functions.
pub(super) fn handle_sigusr2(handler: extern "C" fn(libc::c_int)) {
    // SAFETY: zero is a valid value of this type.
    let mut action: libc::sigaction = unsafe { std::mem::zeroed() };
    action.sa_sigaction = handler as libc::sighandler_t;
    // SAFETY: the action is on our stack.
    let result = unsafe { libc::sigaction(libc::SIGUSR2, &raw const action, std::ptr::null_mut()) };
    assert_eq!(result, 0, "{}", io::Error::last_os_error());
}

/// Sends `SIGUSR2` to a thread, which must be running.
pub(super) fn signal(thread: libc::pthread_t) {
    // SAFETY: the caller guarantees that the thread runs.
    assert_eq!(unsafe { libc::pthread_kill(thread, libc::SIGUSR2) }, 0);
}
