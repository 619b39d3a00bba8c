//! The system calls that restrict or fork this process.

use std::io;

/// Calls `signal(SIGCHLD, SIG_IGN)`.
pub(crate) fn ignore_sigchld() {
    // SAFETY: ignoring a signal runs no code of this program.
    let before = unsafe { libc::signal(libc::SIGCHLD, libc::SIG_IGN) };
    assert_ne!(before, libc::SIG_ERR, "{}", io::Error::last_os_error());
}

/// Forks a process that raises this signal and ends, and waits for it.
pub(crate) fn fork_and_raise(signal: i32) {
    // SAFETY: the child only makes calls that are allowed after `fork` in a process with threads.
    let pid = unsafe { libc::fork() };
    assert_ne!(pid, -1, "{}", io::Error::last_os_error());
    if pid == 0 {
        // SAFETY: any number may be raised.
        let result = unsafe { libc::raise(signal) };
        // SAFETY: this ends the child, and runs nothing else of this program in it.
        unsafe { libc::_exit(result) };
    }
    let mut status = 0;
    // SAFETY: `status` lives on this stack during the call.
    let ended = unsafe { libc::waitpid(pid, &raw mut status, 0) };
    assert_eq!((ended, status), (pid, 0));
}

/// Installs a filter for this thread, and for the threads and processes that it starts: these
/// system calls fail with that error, and all others are executed.
#[cfg(pidfd)]
pub(super) fn refuse(calls: &[libc::c_long], errno: i32) -> io::Result<()> {
    let load = libc::BPF_LD | libc::BPF_W | libc::BPF_ABS;
    let jump = libc::BPF_JMP | libc::BPF_JEQ | libc::BPF_K;
    let answer = libc::BPF_RET | libc::BPF_K;
    let step = |code: u32, k: u32, jf: u8| libc::sock_filter {
        code: u16::try_from(code).expect("a code of 16 bits"),
        jt: 0,
        jf,
        k,
    };
    // `seccomp_data` begins with the number of the call.
    let mut steps = vec![step(load, 0, 0)];
    for call in calls {
        steps.push(step(jump, u32::try_from(*call).expect("a number"), 1));
        steps.push(step(answer, libc::SECCOMP_RET_ERRNO | errno as u32, 0));
    }
    steps.push(step(answer, libc::SECCOMP_RET_ALLOW, 0));
    let filter = libc::sock_fprog {
        len: u16::try_from(steps.len()).expect("a short filter"),
        filter: steps.as_mut_ptr(),
    };
    // SAFETY: the call takes numbers only.
    if unsafe { libc::prctl(libc::PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) } != 0 {
        return Err(io::Error::last_os_error());
    }
    let (set, mode) = (libc::PR_SET_SECCOMP, libc::SECCOMP_MODE_FILTER);
    // SAFETY: the filter and its steps live until the call has returned, which copies them.
    if unsafe { libc::prctl(set, mode, &raw const filter) } != 0 {
        return Err(io::Error::last_os_error());
    }
    Ok(())
}
