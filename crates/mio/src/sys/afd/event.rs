//! The events of AFD, and the readiness that each one means.

use crate::Token;
#[cfg(all(afd, feature = "os-ext"))]
use crate::event::Event;
use crate::sys::Readiness;
#[cfg(all(afd, feature = "os-ext"))]
use crate::sys::afd::users::Key;

// The AFD event flags.
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

/// The flags of each direction.
pub(super) const READ: u32 = RECEIVE | ACCEPT | DISCONNECT;
pub(super) const WRITE: u32 = SEND;
/// Reported regardless of the interests, as epoll does.
pub(super) const FAILURE: u32 = ABORT | CONNECT_FAIL;

/// A native event. It has the size of a completion packet, so that the port can write its packets
/// into the buffer of events, and each packet is replaced by its event in place.
#[derive(Debug, Clone)]
#[repr(C)]
pub(crate) struct NativeEvent {
    token: usize,
    /// The key of the user's handle, or 0 for an event without one.
    user: usize,
    /// Nonzero if the same batch may have an earlier event of the same handle.
    merges: usize,
    flags: u32,
}

impl NativeEvent {
    pub(crate) fn new(token: Token, flags: u32) -> NativeEvent {
        NativeEvent {
            token: token.0,
            user: 0,
            merges: 0,
            flags,
        }
    }

    /// Creates a readable event, for sources other than sockets.
    pub(crate) fn readable(token: Token) -> NativeEvent {
        NativeEvent::new(token, RECEIVE)
    }

    /// As [`readable`](Self::readable), for either direction or both.
    #[cfg(all(afd, feature = "os-ext"))]
    pub(crate) fn directions(token: Token, readable: bool, writable: bool) -> NativeEvent {
        let flag = |is_set, flag| if is_set { flag } else { 0 };
        NativeEvent::new(token, flag(readable, RECEIVE) | flag(writable, SEND))
    }

    /// Marks the event as one of a user's handle. With `merges` it is merged into an earlier event
    /// of the same batch, so that a handle has one event in a batch.
    #[cfg(all(afd, feature = "os-ext"))]
    pub(crate) fn of_user(self, user: Key, merges: bool) -> NativeEvent {
        NativeEvent {
            user: user.0,
            merges: merges.into(),
            ..self
        }
    }

    #[cfg(all(afd, feature = "os-ext"))]
    pub(super) fn merges(&self) -> bool {
        self.merges != 0
    }

    /// Adds the flags to an earlier event of the same handle and token. Returns `false` if there is
    /// none.
    #[cfg(all(afd, feature = "os-ext"))]
    pub(super) fn merge_into(&self, batch: &mut [Event]) -> bool {
        let mut earlier = batch.iter_mut().rev().map(Event::native_mut);
        let same = earlier.find(|event| event.user == self.user && event.token == self.token);
        same.map(|event| event.flags |= self.flags).is_some()
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

#[cfg(all(afd, test, feature = "os-ext"))]
mod tests {
    use super::*;

    #[test]
    fn events_of_one_handle_and_token_merge() {
        let event = |user, token, flags| {
            Event::from_native(NativeEvent::new(Token(token), flags).of_user(Key(user), false))
        };
        let mut batch = [event(3, 1, RECEIVE), event(4, 1, SEND), event(3, 2, SEND)];
        let later = NativeEvent::new(Token(1), SEND).of_user(Key(3), true);
        assert!(later.merges() && later.merge_into(&mut batch));
        let all = batch.each_mut().map(|event| event.native_mut().flags);
        assert_eq!(all, [RECEIVE | SEND, SEND, SEND]);
        let stranger = NativeEvent::new(Token(1), SEND).of_user(Key(5), true);
        assert!(!stranger.merge_into(&mut batch));
        assert!(!NativeEvent::readable(Token(1)).merges());
    }
}
