//! A signal handler, and a signal for it.

use std::io;

/// Lets `SIGUSR2` call this handler, which may use async-signal-safe functions only.
pub(super) fn handle_sigusr2(handler: extern "C" fn(libc::c_int)) {
    // SAFETY: for this type zero is a value.
    let mut action: libc::sigaction = unsafe { std::mem::zeroed() };
    action.sa_sigaction = handler as libc::sighandler_t;
    // SAFETY: the action is on our stack.
    let result = unsafe { libc::sigaction(libc::SIGUSR2, &raw const action, std::ptr::null_mut()) };
    assert_eq!(result, 0, "{}", io::Error::last_os_error());
}

/// Sends `SIGUSR2` to a thread that has to be running still.
pub(super) fn signal(thread: libc::pthread_t) {
    // SAFETY: the caller knows that the thread runs.
    assert_eq!(unsafe { libc::pthread_kill(thread, libc::SIGUSR2) }, 0);
}
