//! What AFD says about a socket, and what it means.

use crate::Token;
use crate::sys::Readiness;

// The events of AFD.
pub(super) const RECEIVE: u32 = 0x1;
pub(super) const RECEIVE_EXPEDITED: u32 = 0x2;
pub(super) const SEND: u32 = 0x4;
/// The peer has stopped sending.
pub(super) const DISCONNECT: u32 = 0x8;
/// The connection was reset.
pub(super) const ABORT: u32 = 0x10;
/// This side has closed the handle.
pub(super) const LOCAL_CLOSE: u32 = 0x20;
pub(super) const ACCEPT: u32 = 0x80;
pub(super) const CONNECT_FAIL: u32 = 0x100;

/// The directions.
pub(super) const READ: u32 = RECEIVE | ACCEPT | DISCONNECT;
pub(super) const WRITE: u32 = SEND;
/// What is told whatever was asked for, as epoll does.
pub(super) const FAILURE: u32 = ABORT | CONNECT_FAIL;

/// An event, as long as the port's own record, so that the port writes its packets into the buffer
/// of events, and each is replaced by the event it amounts to.
#[derive(Debug, Clone)]
#[repr(C)]
pub(crate) struct NativeEvent {
    token: usize,
    _unused: [usize; 2],
    flags: u32,
}

impl NativeEvent {
    pub(crate) fn new(token: Token, flags: u32) -> NativeEvent {
        NativeEvent {
            token: token.0,
            _unused: [0; 2],
            flags,
        }
    }

    /// What is no socket speaks of the two directions in the same way.
    pub(crate) fn readable(token: Token) -> NativeEvent {
        NativeEvent::new(token, RECEIVE)
    }

    /// As [`readable`](Self::readable), of either direction or of both.
    #[cfg(feature = "os-ext")]
    pub(crate) fn directions(token: Token, readable: bool, writable: bool) -> NativeEvent {
        let flag = |is_set, flag| if is_set { flag } else { 0 };
        NativeEvent::new(token, flag(readable, RECEIVE) | flag(writable, SEND))
    }
}

#[inline]
pub(crate) fn token(event: &NativeEvent) -> Token {
    Token(event.token)
}

#[inline]
pub(crate) fn flags(event: &NativeEvent) -> u32 {
    event.flags
}

#[inline]
pub(crate) fn readiness(event: &NativeEvent) -> Readiness {
    let any = |bits| event.flags & bits != 0;
    Readiness {
        readable: any(READ | FAILURE | RECEIVE_EXPEDITED),
        writable: any(SEND | FAILURE),
        error: any(FAILURE),
        read_closed: any(DISCONNECT | FAILURE),
        write_closed: any(FAILURE),
        priority: any(RECEIVE_EXPEDITED),
        aio: false,
        lio: false,
    }
}
