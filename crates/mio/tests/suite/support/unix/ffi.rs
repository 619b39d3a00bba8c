//! System calls of Unix for tests that std lacks.

use std::io;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, FromRawFd, OwnedFd, RawFd};
use std::time::Duration;

fn check(result: libc::c_int) -> libc::c_int {
    assert_ne!(result, -1, "{}", io::Error::last_os_error());
    result
}

/// Closes the connection with a reset.
pub(crate) fn reset(stream: std::net::TcpStream) {
    let linger = libc::linger {
        l_onoff: 1,
        l_linger: 0,
    };
    let length = size_of::<libc::linger>() as libc::socklen_t;
    let pointer = (&raw const linger).cast();
    // SAFETY: the option is on our stack and as long as we say.
    check(unsafe {
        libc::setsockopt(
            stream.as_raw_fd(),
            libc::SOL_SOCKET,
            libc::SO_LINGER,
            pointer,
            length,
        )
    });
}

/// Sends a byte of urgent data.
#[cfg(priority)]
pub(crate) fn send_urgent(stream: &std::net::TcpStream) {
    // SAFETY: the buffer has one byte.
    let sent = unsafe { libc::send(stream.as_raw_fd(), b"!".as_ptr().cast(), 1, libc::MSG_OOB) };
    assert_eq!(sent, 1);
}

/// Takes a byte of urgent data.
#[cfg(priority)]
pub(crate) fn receive_urgent(fd: RawFd) -> io::Result<u8> {
    let mut byte = 0_u8;
    // SAFETY: the buffer has one byte.
    match unsafe { libc::recv(fd, (&raw mut byte).cast(), 1, libc::MSG_OOB) } {
        -1 => Err(io::Error::last_os_error()),
        _ => Ok(byte),
    }
}

/// Returns `true` if child processes inherit the socket.
pub(crate) fn is_inherited(source: &impl AsFd) -> bool {
    let (close_on_exec, _) = flags(source.as_fd());
    !close_on_exec
}

/// Returns `true` for close-on-exec, and `true` for non-blocking.
pub(crate) fn flags(fd: BorrowedFd<'_>) -> (bool, bool) {
    // SAFETY: the call takes no pointer.
    let descriptor = check(unsafe { libc::fcntl(fd.as_raw_fd(), libc::F_GETFD) });
    // SAFETY: the call takes no pointer.
    let status = check(unsafe { libc::fcntl(fd.as_raw_fd(), libc::F_GETFL) });
    (
        descriptor & libc::FD_CLOEXEC != 0,
        status & libc::O_NONBLOCK != 0,
    )
}

/// Limits the number of descriptors of this process.
#[cfg(priority)]
pub(crate) fn limit_descriptors(limit: usize) {
    let limit = libc::rlimit {
        rlim_cur: limit as _,
        rlim_max: limit as _,
    };
    // SAFETY: the limit is on our stack.
    check(unsafe { libc::setrlimit(libc::RLIMIT_NOFILE, &raw const limit) });
}

/// Gives `SIGUSR1` a handler that does nothing, so that it interrupts system calls.
pub(crate) fn handle_sigusr1() {
    extern "C" fn nothing(_: libc::c_int) {}
    // SAFETY: zero is a valid value of this type.
    let mut action: libc::sigaction = unsafe { std::mem::zeroed() };
    action.sa_sigaction = nothing as extern "C" fn(libc::c_int) as libc::sighandler_t;
    // SAFETY: the action is on our stack, and the handler touches nothing.
    check(unsafe { libc::sigaction(libc::SIGUSR1, &raw const action, std::ptr::null_mut()) });
}

pub(crate) fn this_thread() -> libc::pthread_t {
    // SAFETY: this call is always allowed.
    unsafe { libc::pthread_self() }
}

/// Sends `SIGUSR1` to a thread, which must be running.
pub(crate) fn signal(thread: libc::pthread_t) {
    // SAFETY: the caller guarantees that the thread runs.
    assert_eq!(unsafe { libc::pthread_kill(thread, libc::SIGUSR1) }, 0);
}

/// Returns the processor time of this thread.
pub(crate) fn thread_time() -> Duration {
    // SAFETY: zero is a valid value of this type.
    let mut time: libc::timespec = unsafe { std::mem::zeroed() };
    // SAFETY: the time is on our stack.
    check(unsafe { libc::clock_gettime(libc::CLOCK_THREAD_CPUTIME_ID, &raw mut time) });
    Duration::new(time.tv_sec as u64, time.tv_nsec as u32)
}

/// Changes the backlog of a listener.
pub(crate) fn listen_again(listener: &impl AsFd, backlog: libc::c_int) {
    // SAFETY: the call takes no pointer.
    check(unsafe { libc::listen(listener.as_fd().as_raw_fd(), backlog) });
}

/// Creates an owner from a descriptor that was just released with `into_raw`.
pub(crate) fn from_raw<T: FromRawFd>(fd: RawFd) -> T {
    // SAFETY: the caller has released the descriptor, so nobody else owns it.
    unsafe { T::from_raw_fd(fd) }
}

/// Creates an IPv6 UDP socket, with or without `IPV6_V6ONLY`.
pub(crate) fn ipv6_socket(only: bool) -> OwnedFd {
    // SAFETY: the call takes no pointer.
    let fd = check(unsafe { libc::socket(libc::AF_INET6, libc::SOCK_DGRAM, 0) });
    let only = libc::c_int::from(only);
    let length = size_of::<libc::c_int>() as libc::socklen_t;
    let pointer = (&raw const only).cast();
    // SAFETY: the option is on our stack and as long as we say.
    check(unsafe { libc::setsockopt(fd, libc::IPPROTO_IPV6, libc::IPV6_V6ONLY, pointer, length) });
    from_raw(fd)
}

/// Creates a Unix stream socket that is bound to an abstract name. std lacks this.
#[cfg(all(abstract_address, not(std_os_android)))]
pub(crate) fn bound_unix_stream(name: &[u8]) -> OwnedFd {
    unix_stream_with(&[&[0], name].concat(), libc::bind)
}

/// Creates a Unix stream socket that is bound to a path. std lacks this.
pub(crate) fn bound_unix_stream_at(path: &[u8]) -> OwnedFd {
    unix_stream_with(path, libc::bind)
}

#[cfg(all(abstract_address, not(std_os_android)))]
pub(crate) fn connect_abstract(fd: BorrowedFd<'_>, name: &[u8]) {
    with_unix_address(fd, &[&[0], name].concat(), libc::connect);
}

pub(crate) fn connect_path(fd: BorrowedFd<'_>, path: &[u8]) {
    with_unix_address(fd, path, libc::connect);
}

type AddressCall =
    unsafe extern "C" fn(libc::c_int, *const libc::sockaddr, libc::socklen_t) -> libc::c_int;

fn unix_stream_with(name: &[u8], call: AddressCall) -> OwnedFd {
    // SAFETY: the call takes no pointer.
    let fd: OwnedFd = from_raw(check(unsafe {
        libc::socket(libc::AF_UNIX, libc::SOCK_STREAM, 0)
    }));
    with_unix_address(fd.as_fd(), name, call);
    fd
}

fn with_unix_address(fd: BorrowedFd<'_>, name: &[u8], call: AddressCall) {
    // SAFETY: zero is a valid value of this type.
    let mut address: libc::sockaddr_un = unsafe { std::mem::zeroed() };
    address.sun_family = libc::AF_UNIX as libc::sa_family_t;
    for (to, from) in address.sun_path.iter_mut().zip(name) {
        *to = *from as libc::c_char;
    }
    let length = std::mem::offset_of!(libc::sockaddr_un, sun_path) + name.len();
    // SAFETY: the address is on our stack and at least as long as we say.
    check(unsafe {
        call(
            fd.as_raw_fd(),
            (&raw const address).cast(),
            length as libc::socklen_t,
        )
    });
}

/// Makes the descriptor `to` refer to the file of `from`, and closes its old file, atomically.
pub(crate) fn replace(from: RawFd, to: RawFd) {
    // SAFETY: the call takes no pointer, and the caller owns both descriptors.
    check(unsafe { libc::dup2(from, to) });
}

/// Returns the descriptors of this process that child processes inherit.
#[cfg(priority)]
pub(crate) fn inherited_descriptors() -> Vec<RawFd> {
    let numbers = std::fs::read_dir("/proc/self/fd")
        .expect("/proc")
        .filter_map(|entry| {
            entry
                .expect("an entry")
                .file_name()
                .to_str()
                .and_then(|name| name.parse().ok())
        });
    let numbers: Vec<RawFd> = numbers.collect();
    numbers
        .into_iter()
        // SAFETY: the call takes no pointer; it fails for a descriptor that was closed meanwhile.
        .filter(|fd| unsafe { libc::fcntl(*fd, libc::F_GETFD) } == 0)
        .collect()
}

/// Creates an eventfd with this count.
#[cfg(priority)]
pub(crate) fn eventfd(count: libc::c_uint) -> OwnedFd {
    // SAFETY: the call takes no pointer.
    from_raw(check(unsafe { libc::eventfd(count, libc::EFD_NONBLOCK) }))
}

/// Creates an expired timerfd.
#[cfg(priority)]
pub(crate) fn expired_timerfd() -> OwnedFd {
    // SAFETY: the call takes no pointer.
    let fd: OwnedFd = from_raw(check(unsafe {
        libc::timerfd_create(libc::CLOCK_MONOTONIC, libc::TFD_NONBLOCK)
    }));
    // SAFETY: zero is a valid value of this type.
    let mut time: libc::itimerspec = unsafe { std::mem::zeroed() };
    time.it_value.tv_nsec = 1;
    // SAFETY: the time is on our stack, and the output pointer is null.
    check(unsafe {
        libc::timerfd_settime(fd.as_raw_fd(), 0, &raw const time, std::ptr::null_mut())
    });
    fd
}

/// Gives the calling thread a host name of its own. Returns `false` if that is not permitted.
#[cfg(priority)]
pub(crate) fn own_host_name() -> bool {
    // SAFETY: the call takes no pointer.
    unsafe { libc::unshare(libc::CLONE_NEWUTS) == 0 }
}

/// Creates a named pipe, and opens it for reading.
pub(crate) fn fifo(path: &std::path::Path) -> mio::unix::pipe::Receiver {
    use std::os::unix::fs::OpenOptionsExt;
    let name = std::ffi::CString::new(path.as_os_str().as_encoded_bytes()).expect("a path");
    // SAFETY: the path ends with a zero.
    check(unsafe { libc::mkfifo(name.as_ptr(), 0o600) });
    let file = std::fs::OpenOptions::new()
        .read(true)
        .custom_flags(libc::O_NONBLOCK)
        .open(path);
    OwnedFd::from(file.expect("open")).into()
}

/// Runs `body` in a child of `fork`, and returns its result; `false` if the child was killed or
/// panicked.
pub(crate) fn in_a_child(body: impl FnOnce() -> bool) -> bool {
    // SAFETY: the test is alone in its process, and no lock is held.
    let child = check(unsafe { libc::fork() });
    if child == 0 {
        let body = std::panic::AssertUnwindSafe(body);
        let is_well = std::panic::catch_unwind(body).unwrap_or(false);
        // SAFETY: the call does not return.
        unsafe { libc::_exit(i32::from(!is_well)) };
    }
    let mut status = 0;
    // SAFETY: the status is on our stack.
    check(unsafe { libc::waitpid(child, &raw mut status, 0) });
    libc::WIFEXITED(status) && libc::WEXITSTATUS(status) == 0
}
