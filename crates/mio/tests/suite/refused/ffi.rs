//! A seccomp filter, as sandboxes and containers use it.

use std::io;

use libc::{c_int, c_long, c_ulong};

/// Makes the kernel refuse a system call with an error, for this thread and the threads that it
/// starts.
pub(super) fn refuse(call: c_long, errno: c_int) -> io::Result<()> {
    let instruction = |code: u32, skipped_if_not: u8, value: u32| libc::sock_filter {
        code: code as u16,
        jt: 0,
        jf: skipped_if_not,
        k: value,
    };
    // The number of the call is the first field of `seccomp_data`.
    let mut filter = [
        instruction(libc::BPF_LD | libc::BPF_W | libc::BPF_ABS, 0, 0),
        instruction(libc::BPF_JMP | libc::BPF_JEQ | libc::BPF_K, 1, call as u32),
        instruction(
            libc::BPF_RET | libc::BPF_K,
            0,
            libc::SECCOMP_RET_ERRNO | errno as u32,
        ),
        instruction(libc::BPF_RET | libc::BPF_K, 0, libc::SECCOMP_RET_ALLOW),
    ];
    let program = libc::sock_fprog {
        len: filter.len() as u16,
        filter: filter.as_mut_ptr(),
    };
    let (one, none): (c_ulong, c_ulong) = (1, 0);
    // SAFETY: this option takes no pointer.
    check(unsafe { libc::prctl(libc::PR_SET_NO_NEW_PRIVS, one, none, none, none) })?;
    let mode = c_ulong::from(libc::SECCOMP_MODE_FILTER);
    // SAFETY: the program and the filter that it points to are on our stack.
    check(unsafe { libc::prctl(libc::PR_SET_SECCOMP, mode, &raw const program) })
}

fn check(result: c_int) -> io::Result<()> {
    match result {
        -1 => Err(io::Error::last_os_error()),
        _ => Ok(()),
    }
}
