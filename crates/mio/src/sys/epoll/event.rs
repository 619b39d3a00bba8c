use libc::{EPOLLERR, EPOLLET, EPOLLHUP, EPOLLIN, EPOLLOUT, EPOLLPRI, EPOLLRDHUP};

use crate::sys::Readiness;
use crate::{Interest, Token};

pub(crate) type NativeEvent = libc::epoll_event;

/// The record that asks for these interests.
pub(super) fn request(token: Token, interests: Interest) -> NativeEvent {
    let mut events = EPOLLET;
    if interests.is_readable() {
        events |= EPOLLIN | EPOLLRDHUP;
    }
    if interests.is_writable() {
        events |= EPOLLOUT;
    }
    if interests.is_priority() {
        events |= EPOLLPRI;
    }
    NativeEvent {
        events: events as u32,
        u64: token.0 as u64,
    }
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
