use libc::{EPOLLERR, EPOLLET, EPOLLHUP, EPOLLIN, EPOLLONESHOT, EPOLLOUT, EPOLLPRI, EPOLLRDHUP};

use crate::interest::Mode;
use crate::sys::Readiness;
use crate::sys::epoll::ffi;
use crate::{Interest, Token};

pub(crate) type NativeEvent = libc::epoll_event;

/// The record that asks for these interests.
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
        // The end of reading can't be asked for then, and comes as something to read.
        events = (events & !EPOLLRDHUP) | libc::EPOLLEXCLUSIVE;
    }
    record(events as u32, token)
}

/// The record of an event that poll(2) reports: the flags of epoll were made from its own, so one
/// reading serves both. The one for an end of reading has another number on some systems.
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
        // Urgent data is something to read, and those who asked for nothing else look here.
        readable: any(EPOLLIN | EPOLLPRI),
        writable: any(EPOLLOUT),
        error: any(EPOLLERR),
        read_closed: any(EPOLLHUP) || all(EPOLLIN | EPOLLRDHUP),
        // The writing end of a pipe without readers shows `EPOLLOUT` and `EPOLLERR` while it has
        // room, and `EPOLLERR` alone when it is full.
        write_closed: any(EPOLLHUP) || all(EPOLLOUT | EPOLLERR) || flags == EPOLLERR,
        priority: any(EPOLLPRI),
        aio: false,
        lio: false,
    }
}
