//! The functions that the library exports in place of libc's, and the system calls that it makes.

use std::ffi::{c_int, c_long, c_void};
use std::io;
use std::mem;
use std::ptr;
use std::time::Duration;

use libc::{sigset_t, size_t, sockaddr, socklen_t, ssize_t, timespec};

use crate::{filter, numbers, wire};

pub(crate) const EVFILT_READ: i16 = -1;
pub(crate) const EVFILT_WRITE: i16 = -2;
pub(crate) const EVFILT_PROC: i16 = -5;
pub(crate) const EVFILT_TIMER: i16 = -7;
pub(crate) const EVFILT_USER: i16 = -11;

pub(crate) const EV_ADD: u16 = 0x1;
pub(crate) const EV_DELETE: u16 = 0x2;
pub(crate) const EV_ENABLE: u16 = 0x4;
pub(crate) const EV_DISABLE: u16 = 0x8;
pub(crate) const EV_ONESHOT: u16 = 0x10;
pub(crate) const EV_CLEAR: u16 = 0x20;
pub(crate) const EV_RECEIPT: u16 = 0x40;
pub(crate) const EV_DISPATCH: u16 = 0x80;
pub(crate) const EV_ERROR: u16 = 0x4000;
pub(crate) const EV_EOF: u16 = 0x8000;

pub(crate) const NOTE_TRIGGER: u32 = 0x0100_0000;
pub(crate) const NOTE_EXIT: u32 = 0x8000_0000;
pub(crate) const NOTE_SECONDS: u32 = 0x1;
pub(crate) const NOTE_USECONDS: u32 = 0x4;
pub(crate) const NOTE_NSECONDS: u32 = 0x8;

/// `struct kevent`, as in `libc_additions.rs`.
#[derive(Debug, Clone, Copy)]
#[repr(C)]
pub(crate) struct Record {
    pub(crate) ident: usize,
    pub(crate) filter: i16,
    pub(crate) flags: u16,
    pub(crate) fflags: u32,
    pub(crate) data: isize,
    /// A pointer that is only returned.
    pub(crate) udata: usize,
}

/// A descriptor that the model owns. Closing it does not search any list.
#[derive(Debug)]
pub(crate) struct Fd(pub(crate) c_int);

impl Drop for Fd {
    fn drop(&mut self) {
        let _ = raw_close(self.0);
    }
}

fn check(result: c_long) -> Result<c_int, c_int> {
    if result < 0 {
        Err(errno())
    } else {
        Ok(result as c_int)
    }
}

fn errno() -> c_int {
    io::Error::last_os_error().raw_os_error().unwrap_or(0)
}

/// Returns an error in the way of libc: -1 and `errno`.
fn give<T: From<i8>>(result: Result<T, c_int>) -> T {
    result.unwrap_or_else(|code| {
        // SAFETY: libc returns a pointer to a variable of this thread.
        let place = unsafe { libc::__errno_location() };
        // SAFETY: as above.
        unsafe { *place = code };
        T::from(-1)
    })
}

/// # Safety
///
/// None: it has the type of the C function.
#[unsafe(no_mangle)]
pub(crate) unsafe extern "C" fn kqueue() -> c_int {
    give(numbers::kqueue())
}

/// # Safety
///
/// As kevent(2): the lists are as long as their counts, and the timeout is null or valid.
#[unsafe(no_mangle)]
pub(crate) unsafe extern "C" fn kevent(
    kqueue: c_int,
    changes: *const Record,
    change_count: c_int,
    events: *mut Record,
    event_count: c_int,
    timeout: *const timespec,
) -> c_int {
    let changes = if change_count > 0 {
        // SAFETY: the caller guarantees this.
        unsafe { std::slice::from_raw_parts(changes, change_count as usize) }
    } else {
        &[]
    };
    // SAFETY: the caller guarantees this.
    let timeout = unsafe { timeout.as_ref() };
    let timeout = timeout.map(|time| Duration::new(time.tv_sec as u64, time.tv_nsec as u32));
    // With a kernel, a signal handler runs before a call, while it waits, or after it. In the
    // middle of this function a handler could call it again and deadlock.
    let mask = block_signals();
    let result = numbers::kevent(kqueue, changes, event_count.max(0) as usize, timeout, &mask);
    let count = result.map(|records| {
        for (index, record) in records.iter().enumerate() {
            // SAFETY: the caller has room for at least as many records. The list may be
            // uninitialized, so this creates only a pointer.
            let place = unsafe { events.add(index) };
            // SAFETY: as above.
            unsafe { place.write(*record) };
        }
        records.len() as c_int
    });
    restore_signals(&mask);
    give(count)
}

/// # Safety
///
/// As close(2).
#[unsafe(no_mangle)]
pub(crate) unsafe extern "C" fn close(fd: c_int) -> c_int {
    give(numbers::close(fd))
}

/// # Safety
///
/// As dup(2).
#[unsafe(no_mangle)]
pub(crate) unsafe extern "C" fn dup(fd: c_int) -> c_int {
    // SAFETY: the call takes no pointer.
    let result = check(unsafe { libc::syscall(libc::SYS_dup, fd) });
    give(result.inspect(|new| numbers::duplicated(fd, *new)))
}

/// # Safety
///
/// As dup2(2).
#[unsafe(no_mangle)]
pub(crate) unsafe extern "C" fn dup2(old: c_int, new: c_int) -> c_int {
    if old == new && is_open(old) {
        return new;
    }
    give(numbers::replace(old, new, 0))
}

/// # Safety
///
/// As dup3(2).
#[unsafe(no_mangle)]
pub(crate) unsafe extern "C" fn dup3(old: c_int, new: c_int, flags: c_int) -> c_int {
    give(numbers::replace(old, new, flags))
}

/// # Safety
///
/// As fcntl(2).
#[unsafe(no_mangle)]
pub(crate) unsafe extern "C" fn fcntl(fd: c_int, command: c_int, argument: c_long) -> c_int {
    // SAFETY: the caller passes the argument of the command.
    let result = check(unsafe { libc::syscall(libc::SYS_fcntl, fd, command, argument) });
    if let (libc::F_DUPFD | libc::F_DUPFD_CLOEXEC, Ok(new)) = (command, result) {
        numbers::duplicated(fd, new);
    }
    give(result)
}

/// # Safety
///
/// As fcntl(2).
#[unsafe(no_mangle)]
pub(crate) unsafe extern "C" fn fcntl64(fd: c_int, command: c_int, argument: c_long) -> c_int {
    // SAFETY: it is the same function.
    unsafe { fcntl(fd, command, argument) }
}

/// # Safety
///
/// As shutdown(2).
#[unsafe(no_mangle)]
pub(crate) unsafe extern "C" fn shutdown(fd: c_int, how: c_int) -> c_int {
    give(numbers::shut_down(fd, how))
}

/// # Safety
///
/// As send(2).
#[unsafe(no_mangle)]
pub(crate) unsafe extern "C" fn send(
    fd: c_int,
    bytes: *const c_void,
    length: size_t,
    flags: c_int,
) -> ssize_t {
    // SAFETY: `send` is defined as this call.
    unsafe { sendto(fd, bytes, length, flags, ptr::null(), 0) }
}

/// # Safety
///
/// As sendto(2).
#[unsafe(no_mangle)]
pub(crate) unsafe extern "C" fn sendto(
    fd: c_int,
    bytes: *const c_void,
    length: size_t,
    flags: c_int,
    address: *const sockaddr,
    address_length: socklen_t,
) -> ssize_t {
    // SAFETY: the caller guarantees this.
    let bytes = unsafe { slice(bytes, length) };
    // SAFETY: the caller guarantees this.
    let address = unsafe { slice(address.cast(), address_length as usize) };
    give(wire::send(fd, bytes, flags, address))
}

/// # Safety
///
/// The pointer is null, or valid for `length` bytes.
unsafe fn slice<'a>(bytes: *const c_void, length: usize) -> &'a [u8] {
    if bytes.is_null() || length == 0 {
        return &[];
    }
    // SAFETY: the caller guarantees this.
    unsafe { std::slice::from_raw_parts(bytes.cast(), length) }
}

/// # Safety
///
/// As writev(2).
#[unsafe(no_mangle)]
pub(crate) unsafe extern "C" fn writev(
    fd: c_int,
    parts: *const libc::iovec,
    count: c_int,
) -> ssize_t {
    wire::flush(fd);
    // SAFETY: the caller guarantees this.
    let result = unsafe { libc::syscall(libc::SYS_writev, fd, parts, c_long::from(count)) };
    result as ssize_t
}

/// # Safety
///
/// As sendmsg(2).
#[unsafe(no_mangle)]
pub(crate) unsafe extern "C" fn sendmsg(
    fd: c_int,
    message: *const libc::msghdr,
    flags: c_int,
) -> ssize_t {
    wire::flush(fd);
    // SAFETY: the caller guarantees this.
    let result = unsafe { libc::syscall(libc::SYS_sendmsg, fd, message, flags) };
    result as ssize_t
}

/// # Safety
///
/// As fstat(2).
#[unsafe(no_mangle)]
pub(crate) unsafe extern "C" fn fstat(fd: c_int, status: *mut libc::stat) -> c_int {
    give(self::status(fd).ok_or_else(errno).map(|mut found| {
        if filter::lacks_identity(found.st_mode) {
            (found.st_dev, found.st_ino) = (0, 0);
        }
        // SAFETY: the caller guarantees the room.
        unsafe { status.write(found) };
        0
    }))
}

/// # Safety
///
/// As fstat(2).
#[unsafe(no_mangle)]
pub(crate) unsafe extern "C" fn fstat64(fd: c_int, status: *mut libc::stat) -> c_int {
    // SAFETY: it is the same function where file offsets have 64 bits.
    unsafe { fstat(fd, status) }
}

pub(crate) fn at_fork() {
    unsafe extern "C" fn before() {
        numbers::before_fork();
    }
    unsafe extern "C" fn in_parent() {
        numbers::after_fork_in_parent();
    }
    unsafe extern "C" fn in_child() {
        numbers::after_fork_in_child();
    }
    // SAFETY: the functions exist as long as the library is loaded.
    unsafe { libc::pthread_atfork(Some(before), Some(in_parent), Some(in_child)) };
}

pub(crate) fn raw_close(fd: c_int) -> Result<c_int, c_int> {
    // SAFETY: the call takes no pointer, and the caller owns the descriptor.
    check(unsafe { libc::syscall(libc::SYS_close, fd) })
}

pub(crate) fn raw_dup3(old: c_int, new: c_int, flags: c_int) -> Result<c_int, c_int> {
    // SAFETY: the call takes no pointer.
    check(unsafe { libc::syscall(libc::SYS_dup3, old, new, flags) })
}

pub(crate) fn raw_shutdown(fd: c_int, how: c_int) -> Result<c_int, c_int> {
    // SAFETY: the call takes no pointer.
    check(unsafe { libc::syscall(libc::SYS_shutdown, fd, how) })
}

pub(crate) fn raw_send(
    fd: c_int,
    bytes: &[u8],
    flags: c_int,
    address: &[u8],
) -> Result<isize, c_int> {
    let address_length = address.len();
    let address = if address.is_empty() {
        ptr::null()
    } else {
        address.as_ptr()
    };
    let (start, length) = (bytes.as_ptr(), bytes.len());
    // SAFETY: both slices are valid for their lengths.
    let sent = unsafe {
        libc::syscall(
            libc::SYS_sendto,
            fd,
            start,
            length,
            flags,
            address,
            address_length,
        )
    };
    if sent < 0 {
        Err(errno())
    } else {
        Ok(sent as isize)
    }
}

pub(crate) fn epoll() -> Result<Fd, c_int> {
    // SAFETY: the call takes no pointer.
    let fd = unsafe { libc::epoll_create1(libc::EPOLL_CLOEXEC) };
    check(fd.into()).map(Fd)
}

/// Creates another descriptor of an epoll instance, for the program. As with kqueue(2), it is not
/// close-on-exec.
pub(crate) fn number_of(epoll: &Fd) -> Result<c_int, c_int> {
    // SAFETY: the call takes no pointer.
    check(unsafe { libc::syscall(libc::SYS_dup, epoll.0) })
}

pub(crate) fn epoll_set(
    epoll: &Fd,
    operation: c_int,
    fd: c_int,
    mask: u32,
    data: u64,
) -> Result<(), c_int> {
    let mut event = libc::epoll_event {
        events: mask,
        u64: data,
    };
    // SAFETY: the event is on our stack.
    let result = unsafe { libc::epoll_ctl(epoll.0, operation, fd, &raw mut event) };
    check(result.into()).map(drop)
}

/// Takes the events of an epoll instance.
pub(crate) fn epoll_take(epoll: &Fd) -> Vec<u64> {
    const ROOM: usize = 256;
    let mut all = Vec::new();
    loop {
        let mut events = [libc::epoll_event { events: 0, u64: 0 }; ROOM];
        // SAFETY: the list has room for `ROOM` events.
        let result = unsafe { libc::epoll_wait(epoll.0, events.as_mut_ptr(), ROOM as c_int, 0) };
        let count = check(result.into()).unwrap_or(0) as usize;
        all.extend(events[..count].iter().map(|event| event.u64));
        if count < ROOM {
            return all;
        }
    }
}

pub(crate) fn eventfd() -> Result<Fd, c_int> {
    // SAFETY: the call takes no pointer.
    let fd = unsafe { libc::eventfd(0, libc::EFD_CLOEXEC | libc::EFD_NONBLOCK) };
    check(fd.into()).map(Fd)
}

/// Makes an eventfd readable, or not readable.
pub(crate) fn set_readable(eventfd: &Fd, is_readable: bool) {
    let mut value = 1_u64;
    if is_readable {
        // SAFETY: the number is on our stack.
        unsafe { libc::write(eventfd.0, (&raw const value).cast(), 8) };
    } else {
        // SAFETY: as above.
        unsafe { libc::read(eventfd.0, (&raw mut value).cast(), 8) };
    }
}

pub(crate) fn timer() -> Result<Fd, c_int> {
    let flags = libc::TFD_CLOEXEC | libc::TFD_NONBLOCK;
    // SAFETY: the call takes no pointer.
    let fd = unsafe { libc::timerfd_create(libc::CLOCK_MONOTONIC, flags) };
    check(fd.into()).map(Fd)
}

pub(crate) fn set_timer(timer: &Fd, period: Duration) -> Result<(), c_int> {
    let time = to_timespec(period.max(Duration::from_nanos(1)));
    let value = libc::itimerspec {
        it_interval: time,
        it_value: time,
    };
    // SAFETY: the value is on our stack, and the output pointer is null.
    let result = unsafe { libc::timerfd_settime(timer.0, 0, &raw const value, ptr::null_mut()) };
    check(result.into()).map(drop)
}

/// Returns the number of expirations since the last call.
pub(crate) fn expirations(timer: &Fd) -> u64 {
    let mut times = 0_u64;
    // SAFETY: the number is on our stack.
    let result = unsafe { libc::read(timer.0, (&raw mut times).cast(), 8) };
    if result == 8 { times } else { 0 }
}

/// Creates a descriptor that becomes readable when the process ends.
pub(crate) fn process(number: usize) -> Result<Fd, c_int> {
    // SAFETY: the call takes no pointer.
    check(unsafe { libc::syscall(libc::SYS_pidfd_open, number, 0) }).map(Fd)
}

pub(crate) fn is_open(fd: c_int) -> bool {
    // SAFETY: the call takes no pointer.
    unsafe { libc::syscall(libc::SYS_fcntl, fd, libc::F_GETFD) >= 0 }
}

/// Returns the current flags of poll(2).
pub(crate) fn poll_now(fd: c_int) -> libc::c_short {
    let events = libc::POLLIN | libc::POLLOUT | libc::POLLRDHUP;
    let mut entry = libc::pollfd {
        fd,
        events,
        revents: 0,
    };
    // SAFETY: the entry is on our stack.
    unsafe { libc::poll(&raw mut entry, 1, 0) };
    entry.revents & !libc::POLLNVAL
}

/// Waits with this signal mask.
pub(crate) fn wait_readable(
    fd: c_int,
    timeout: Option<Duration>,
    mask: &sigset_t,
) -> Result<(), c_int> {
    let mut entry = libc::pollfd {
        fd,
        events: libc::POLLIN,
        revents: 0,
    };
    let timeout = timeout.map(to_timespec);
    let timeout = timeout.as_ref().map_or(ptr::null(), ptr::from_ref);
    // SAFETY: the entry and the timeout are on our stack, and the mask is a reference.
    let result = unsafe { libc::ppoll(&raw mut entry, 1, timeout, mask) };
    check(result.into()).map(drop)
}

fn to_timespec(time: Duration) -> timespec {
    timespec {
        tv_sec: time.as_secs() as _,
        tv_nsec: time.subsec_nanos() as _,
    }
}

fn status(fd: c_int) -> Option<libc::stat> {
    // SAFETY: the struct consists of integers, for which zero is a valid value.
    let mut status: libc::stat = unsafe { mem::zeroed() };
    // SAFETY: the path ends with a zero, and the status is on our stack.
    let result = unsafe { libc::fstatat(fd, c"".as_ptr(), &raw mut status, libc::AT_EMPTY_PATH) };
    (result == 0).then_some(status)
}

pub(crate) fn mode(fd: c_int) -> Option<libc::mode_t> {
    status(fd).map(|status| status.st_mode)
}

pub(crate) fn inode(fd: c_int) -> Option<u64> {
    status(fd).map(|status| status.st_ino)
}

/// Returns `true` if the position of a regular file is before its end.
pub(crate) fn is_before_end(fd: c_int) -> bool {
    // SAFETY: the call takes no pointer.
    let position = unsafe { libc::lseek(fd, 0, libc::SEEK_CUR) };
    status(fd).is_some_and(|status| position < status.st_size)
}

pub(crate) fn socket_option(fd: c_int, name: c_int) -> Result<c_int, c_int> {
    let (mut value, mut length): (c_int, socklen_t) = (0, 4);
    let place = (&raw mut value).cast();
    // SAFETY: the value is on our stack and as long as we say.
    let result = unsafe { libc::getsockopt(fd, libc::SOL_SOCKET, name, place, &raw mut length) };
    check(result.into()).map(|_| value)
}

/// Returns the number of bytes that can be read.
pub(crate) fn unread(fd: c_int) -> isize {
    let mut count: c_int = 0;
    // SAFETY: the number is on our stack.
    unsafe { libc::ioctl(fd, libc::FIONREAD, &raw mut count) };
    count as isize
}

/// Blocks all signals in this thread, and returns the former mask.
pub(crate) fn block_signals() -> sigset_t {
    // SAFETY: a signal set consists of integers.
    let mut all: sigset_t = unsafe { mem::zeroed() };
    let mut former = all;
    // SAFETY: the set is on our stack.
    unsafe { libc::sigfillset(&raw mut all) };
    // SAFETY: both sets are on our stack.
    unsafe { libc::pthread_sigmask(libc::SIG_BLOCK, &raw const all, &raw mut former) };
    former
}

fn restore_signals(mask: &sigset_t) {
    // SAFETY: the mask is a reference, and the output pointer is null.
    unsafe { libc::pthread_sigmask(libc::SIG_SETMASK, mask, ptr::null_mut()) };
}
