//! The exported functions, and the system calls that the library makes.

use std::ffi::{c_int, c_long, c_short, c_uint, c_ushort, c_void};
use std::io;
use std::mem::MaybeUninit;
use std::ptr;
use std::sync::atomic::{AtomicI32, Ordering};
use std::time::{Duration, Instant};

use libc::{epoll_event, pollfd, sigset_t, timespec};

use crate::port::{self, PORT_SOURCE_FD, PORT_SOURCE_USER};

/// `struct port_event`, as in `libc_additions.rs`.
#[derive(Debug, Clone, Copy, PartialEq)]
#[repr(C)]
pub(crate) struct Record {
    events: c_int,
    source: c_ushort,
    pad: c_ushort,
    object: usize,
    /// A pointer that is only returned.
    user: usize,
}

impl Record {
    pub(crate) fn of(fd: c_int, events: c_int, user: usize) -> Record {
        Record {
            events,
            source: PORT_SOURCE_FD as c_ushort,
            pad: 0,
            object: fd as usize,
            user,
        }
    }

    pub(crate) fn sent(events: c_int, user: usize) -> Record {
        Record {
            events,
            source: PORT_SOURCE_USER as c_ushort,
            pad: 0,
            object: 0,
            user,
        }
    }
}

/// `port_create()`
#[unsafe(no_mangle)]
pub(crate) extern "C" fn port_create() -> c_int {
    give(port::create())
}

/// `port_associate(port, source, object, events, user)`
#[unsafe(no_mangle)]
pub(crate) extern "C" fn port_associate(
    port: c_int,
    source: c_int,
    object: usize,
    events: c_int,
    user: *mut c_void,
) -> c_int {
    let user = user.expose_provenance();
    give(port::associate(port, source, object as c_int, events, user).map(|()| 0))
}

/// `port_dissociate(port, source, object)`
#[unsafe(no_mangle)]
pub(crate) extern "C" fn port_dissociate(port: c_int, source: c_int, object: usize) -> c_int {
    give(port::dissociate(port, source, object as c_int).map(|()| 0))
}

/// `port_send(port, events, user)`
#[unsafe(no_mangle)]
pub(crate) extern "C" fn port_send(port: c_int, events: c_int, user: *mut c_void) -> c_int {
    give(port::send(port, events, user.expose_provenance()).map(|()| 0))
}

/// `port_getn(port, list, max, count, timeout)`
///
/// # Safety
///
/// The list has room for `max` records, the count is valid, and the timeout is null or valid.
#[unsafe(no_mangle)]
pub(crate) unsafe extern "C" fn port_getn(
    port: c_int,
    list: *mut Record,
    max: c_uint,
    count: *mut c_uint,
    timeout: *mut timespec,
) -> c_int {
    // SAFETY: the caller guarantees this.
    let timeout = unsafe { timeout.as_ref() };
    if timeout.is_some_and(|time| time.tv_sec < 0 || !(0..1_000_000_000).contains(&time.tv_nsec)) {
        return give(Err(libc::EINVAL));
    }
    let timeout = timeout.map(|time| Duration::new(time.tv_sec as u64, time.tv_nsec as u32));
    // SAFETY: the caller guarantees this.
    let wanted = unsafe { *count };
    let taken = match port::getn(port, max as usize, wanted as usize, timeout) {
        Ok(taken) => taken,
        Err(error) => return give(Err(error)),
    };
    for (index, record) in taken.records.iter().enumerate() {
        // SAFETY: the list has room for at least as many records. It may be uninitialized, so this
        // creates only a pointer.
        let place = unsafe { list.add(index) };
        // SAFETY: as above.
        unsafe { place.write(*record) };
    }
    if !taken.keeps_count {
        // SAFETY: the caller guarantees this.
        unsafe { *count = taken.records.len() as c_uint };
    }
    give(taken.error.map_or(Ok(0), Err))
}

/// An eventfd that is always readable. A port whose queue is not empty watches it.
static SIGNAL: AtomicI32 = AtomicI32::new(-1);

/// Creates the eventfd before `main`, because the tests count the descriptors of the process.
#[used]
#[unsafe(link_section = ".init_array")]
static INIT: extern "C" fn() = {
    extern "C" fn init() {
        // SAFETY: the call takes no pointer.
        let fd = unsafe { libc::eventfd(1, libc::EFD_CLOEXEC) };
        SIGNAL.store(fd, Ordering::Relaxed);
    }
    init
};

/// The data of an epoll entry.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Entry {
    /// A descriptor, and the serial number of its association.
    Association(c_int, u32),
    Signal,
}

impl Entry {
    const SIGNAL: u64 = u64::MAX;

    fn encode(self) -> u64 {
        match self {
            Entry::Association(fd, serial) => (u64::from(serial) << 32) | u64::from(fd as u32),
            Entry::Signal => Entry::SIGNAL,
        }
    }

    fn decode(data: u64) -> Entry {
        match data {
            Entry::SIGNAL => Entry::Signal,
            data => Entry::Association(data as u32 as c_int, (data >> 32) as u32),
        }
    }
}

/// `epoll_create1(0)`
pub(crate) fn epoll_create() -> Result<c_int, c_int> {
    // SAFETY: the call takes no pointer.
    check(unsafe { libc::epoll_create1(0) })
}

/// Adds an entry for one event, or re-arms the existing one.
pub(crate) fn arm(port: c_int, fd: c_int, events: c_int, entry: Entry) -> Result<(), c_int> {
    let mut event = epoll_event {
        events: events as u32 | libc::EPOLLONESHOT as u32,
        u64: entry.encode(),
    };
    let mut control = |operation| {
        // SAFETY: the event is on our stack.
        check(unsafe { libc::epoll_ctl(port, operation, fd, &raw mut event) })
    };
    match control(libc::EPOLL_CTL_MOD) {
        Err(libc::ENOENT) => control(libc::EPOLL_CTL_ADD),
        result => result,
    }?;
    Ok(())
}

/// Makes a port readable until its queue is read.
pub(crate) fn arm_signal(port: c_int) -> Result<(), c_int> {
    let signal = SIGNAL.load(Ordering::Relaxed);
    arm(port, signal, libc::EPOLLIN, Entry::Signal)
}

/// `epoll_ctl(port, EPOLL_CTL_DEL, fd, NULL)`
pub(crate) fn remove(port: c_int, fd: c_int) -> Result<(), c_int> {
    // SAFETY: this operation takes no event.
    check(unsafe { libc::epoll_ctl(port, libc::EPOLL_CTL_DEL, fd, ptr::null_mut()) })?;
    Ok(())
}

/// `epoll_pwait2(port, list, room, timeout, NULL)`
///
/// Returns the flags and the entry of each event, at most `room` or `N`. After the deadline the
/// error is `ETIME`.
pub(crate) fn wait<const N: usize>(
    port: c_int,
    room: usize,
    deadline: Option<Instant>,
) -> Result<impl Iterator<Item = (c_int, Entry)>, c_int> {
    let left = deadline.map(|deadline| deadline.saturating_duration_since(Instant::now()));
    let timeout = left.map(|left| timespec {
        tv_sec: left.as_secs() as libc::time_t,
        tv_nsec: left.subsec_nanos() as c_long,
    });
    let timeout = timeout.as_ref().map_or(ptr::null(), ptr::from_ref);
    let mut list = [epoll_event { events: 0, u64: 0 }; N];
    let room = room.min(N) as c_int;
    // SAFETY: the list has room for as many, the timeout is on our stack, and a null mask changes
    // no signals.
    let result = unsafe { libc::epoll_pwait2(port, list.as_mut_ptr(), room, timeout, ptr::null()) };
    match check(result)? {
        0 => Err(libc::ETIME),
        count => {
            let records = list.into_iter().take(count as usize);
            Ok(records.map(|record| (record.events as c_int, Entry::decode(record.u64))))
        }
    }
}

/// `poll(fd, 1, 0)`: returns the flags of one descriptor.
pub(crate) fn poll(fd: c_int, events: c_int) -> c_int {
    let mut poll = pollfd {
        fd,
        events: events as c_short,
        revents: 0,
    };
    // SAFETY: the entry is on our stack.
    unsafe { libc::poll(&raw mut poll, 1, 0) };
    c_int::from(poll.revents)
}

/// `fcntl(fd, F_GETFD)`
pub(crate) fn is_open(fd: c_int) -> bool {
    // SAFETY: the call takes no pointer.
    unsafe { libc::fcntl(fd, libc::F_GETFD) != -1 }
}

/// Blocks all signals of this thread until it is dropped.
pub(crate) struct BlockedSignals(sigset_t);

impl BlockedSignals {
    pub(crate) fn new() -> BlockedSignals {
        let (mut all, mut before) = (MaybeUninit::uninit(), MaybeUninit::uninit());
        // SAFETY: the set has room for what is written.
        unsafe { libc::sigfillset(all.as_mut_ptr()) };
        // SAFETY: the first set was filled, and the second has room for what is written.
        unsafe { libc::pthread_sigmask(libc::SIG_BLOCK, all.as_ptr(), before.as_mut_ptr()) };
        // SAFETY: the call can't fail with these arguments, so it has written the set.
        BlockedSignals(unsafe { before.assume_init() })
    }
}

impl Drop for BlockedSignals {
    fn drop(&mut self) {
        // SAFETY: the kernel wrote this set.
        unsafe { libc::pthread_sigmask(libc::SIG_SETMASK, &raw const self.0, ptr::null_mut()) };
    }
}

fn check(result: c_int) -> Result<c_int, c_int> {
    if result == -1 {
        Err(io::Error::last_os_error().raw_os_error().unwrap_or(0))
    } else {
        Ok(result)
    }
}

/// Returns an error in the way of libc: -1 and `errno`.
fn give(result: Result<c_int, c_int>) -> c_int {
    result.unwrap_or_else(|error| {
        // SAFETY: the call returns this thread's own variable.
        let place = unsafe { libc::__errno_location() };
        // SAFETY: as above.
        unsafe { *place = error };
        -1
    })
}
