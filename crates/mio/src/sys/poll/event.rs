use libc::{POLLIN, POLLOUT, POLLPRI, c_short};

use crate::event::Event;
use crate::{Interest, Token};

#[cfg(not(epoll))]
pub(crate) use self::native::{NativeEvent, flags, readiness, token};
#[cfg(epoll)]
use crate::sys::epoll::event::NativeEvent;

/// The peer has stopped sending. Where the system doesn't tell, a read of 0 bytes does.
#[cfg(pollrdhup)]
pub(super) const RDHUP: c_short = libc::POLLRDHUP;
#[cfg(not(pollrdhup))]
pub(super) const RDHUP: c_short = 0;

/// The directions as poll(2) has them.
pub(super) const READ: c_short = POLLIN | RDHUP;
pub(super) const WRITE: c_short = POLLOUT;

/// The flags that ask for these interests.
pub(super) fn request(interests: Interest) -> c_short {
    let mut flags = 0;
    if interests.is_readable() {
        flags |= READ;
    }
    if interests.is_writable() {
        flags |= WRITE;
    }
    if interests.is_priority() {
        flags |= POLLPRI;
    }
    flags
}

pub(super) fn event(token: Token, flags: c_short) -> Event {
    let flags = flags as u16;
    Event::from_native(NativeEvent {
        events: flags.into(),
        u64: token.0 as u64,
    })
}

/// The flags of epoll were made from those of poll(2), so one record and one reading serves both.
#[cfg(epoll)]
const _: () = {
    assert!(POLLIN as i32 == libc::EPOLLIN);
    assert!(POLLPRI as i32 == libc::EPOLLPRI);
    assert!(POLLOUT as i32 == libc::EPOLLOUT);
    assert!(libc::POLLERR as i32 == libc::EPOLLERR);
    assert!(libc::POLLHUP as i32 == libc::EPOLLHUP);
    assert!(RDHUP as i32 == libc::EPOLLRDHUP);
};

/// The record and its reading where there is no epoll to share them with.
#[cfg(not(epoll))]
mod native {
    use libc::{POLLERR, POLLHUP, POLLIN, POLLOUT, POLLPRI};

    use super::RDHUP;
    use crate::Token;
    use crate::sys::Readiness;

    #[derive(Debug, Clone)]
    pub(crate) struct NativeEvent {
        pub(crate) events: u32,
        pub(crate) u64: u64,
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
        let flags = event.events as libc::c_short;
        let any = |bits| flags & bits != 0;
        let all = |bits| flags & bits == bits;
        Readiness {
            // Urgent data is something to read, and those who asked for nothing else look here.
            readable: any(POLLIN | POLLPRI),
            writable: any(POLLOUT),
            error: any(POLLERR),
            read_closed: any(POLLHUP) || (RDHUP != 0 && all(POLLIN | RDHUP)),
            // As on epoll: a pipe without readers.
            write_closed: any(POLLHUP) || all(POLLOUT | POLLERR) || flags == POLLERR,
            priority: any(POLLPRI),
            aio: false,
            lio: false,
        }
    }
}
