//! Restrictions that a process inherits from a launcher or a sandbox: an ignored `SIGCHLD`, and
//! refused system calls.

mod ffi;

pub(crate) use self::ffi::{fork_and_raise, ignore_sigchld};

/// The errors that filters return, and that of an old kernel.
#[cfg(pidfd)]
pub(crate) const REFUSALS: [rustix::io::Errno; 3] = [
    rustix::io::Errno::PERM,
    rustix::io::Errno::ACCESS,
    rustix::io::Errno::NOSYS,
];

/// Runs `body` with each of the `REFUSALS` for these system calls, in a thread with the filter,
/// which the programs that it starts inherit. An emulator without filters executes the calls.
#[cfg(pidfd)]
pub(crate) fn with_each_refusal(calls: &[libc::c_long], body: impl Fn() + Sync) {
    for errno in REFUSALS {
        std::thread::scope(|scope| {
            let thread = scope.spawn(|| {
                if let Err(err) = ffi::refuse(calls, errno.raw_os_error()) {
                    println!("nothing is refused here: {err}");
                }
                body();
            });
            assert!(thread.join().is_ok(), "this was with {errno}");
        });
    }
}
