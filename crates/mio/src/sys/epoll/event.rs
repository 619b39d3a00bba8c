use libc::{EPOLLERR, EPOLLET, EPOLLHUP, EPOLLIN, EPOLLONESHOT, EPOLLOUT, EPOLLPRI, EPOLLRDHUP};

use crate::interest::Mode;
use crate::sys::Readiness;
use crate::sys::epoll::ffi;
use crate::{Interest, Token};

pub(crate) type NativeEvent = libc::epoll_event;

/// Returns the native event that requests these interests.
pub(super) fn request(token: Token, interests: Interest) -> NativeEvent {
    let mut events = match interests.mode() {
        Mode::Edge => EPOLLET,
        Mode::Level => 0,
        Mode::Oneshot => EPOLLONESHOT,
    };
    if interests.is_readable() {
        events |= EPOLLIN | EPOLLRDHUP;
    }
    if interests.is_writable() {
        events |= EPOLLOUT;
    }
    if interests.is_priority() {
        events |= EPOLLPRI;
    }
    #[cfg(epoll_exclusive)]
    if interests.is_exclusive() {
        // With `EPOLLEXCLUSIVE` the end of reading can't be requested, and is reported as readable.
        events = (events & !EPOLLRDHUP) | libc::EPOLLEXCLUSIVE;
    }
    record(events as u32, token)
}

/// Returns the native event for flags of poll(2). The flags of epoll are the same bits, so both
/// decode alike. The exception is the flag for the end of reading, which has another value on some
/// platforms.
#[cfg(poll)]
pub(crate) fn from_poll_bits(token: Token, bits: libc::c_short) -> NativeEvent {
    use crate::sys::unix::poll_bits::{RDHUP, has_end};

    let mut events = u32::from((bits & !RDHUP) as u16);
    if has_end(bits) {
        events |= EPOLLRDHUP as u32;
    }
    record(events, token)
}

#[cfg(poll)]
const _: () = {
    assert!(libc::POLLIN as i32 == EPOLLIN);
    assert!(libc::POLLPRI as i32 == EPOLLPRI);
    assert!(libc::POLLOUT as i32 == EPOLLOUT);
    assert!(libc::POLLERR as i32 == EPOLLERR);
    assert!(libc::POLLHUP as i32 == EPOLLHUP);
};

fn record(events: u32, token: Token) -> NativeEvent {
    let mut record = ffi::zeroed();
    record.events = events;
    record.u64 = token.0 as u64;
    record
}

#[inline]
pub(crate) fn token(event: &NativeEvent) -> Token {
    Token(event.u64 as usize)
}

#[inline]
pub(crate) fn flags(event: &NativeEvent) -> u32 {
    event.events
}

#[inline]
pub(crate) fn readiness(event: &NativeEvent) -> Readiness {
    let flags = event.events as i32;
    let any = |bits| flags & bits != 0;
    let all = |bits| flags & bits == bits;
    Readiness {
        // Urgent data can be read, and users with no other interest check `readable`.
        readable: any(EPOLLIN | EPOLLPRI),
        writable: any(EPOLLOUT),
        error: any(EPOLLERR),
        read_closed: any(EPOLLHUP) || all(EPOLLIN | EPOLLRDHUP),
        // For the writing end of a pipe without readers, the kernel reports `EPOLLOUT` and
        // `EPOLLERR` while it has room, and `EPOLLERR` alone when it is full.
        write_closed: any(EPOLLHUP) || all(EPOLLOUT | EPOLLERR) || flags == EPOLLERR,
        priority: any(EPOLLPRI),
        aio: false,
        lio: false,
    }
}
