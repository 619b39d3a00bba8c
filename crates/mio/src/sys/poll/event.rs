use libc::c_short;

use crate::Token;
use crate::event::Event;
#[cfg(epoll)]
use crate::sys::epoll::event::from_poll_bits;
#[cfg(event_ports)]
use crate::sys::event_ports::event::from_poll_bits;
#[cfg(kqueue)]
use crate::sys::kqueue::event::from_poll_bits;

#[cfg(not(any(epoll, event_ports, kqueue)))]
use self::native::from_poll_bits;
#[cfg(not(any(epoll, event_ports, kqueue)))]
pub(crate) use self::native::{NativeEvent, flags, readiness, token};

/// Returns an event in the native type that this target's selectors share.
pub(super) fn event(token: Token, bits: c_short) -> Event {
    Event::from_native(from_poll_bits(token, bits))
}

/// The native event where no other selector shares one.
#[cfg(not(any(epoll, event_ports, kqueue)))]
mod native {
    use libc::c_short;

    use crate::Token;
    use crate::sys::Readiness;
    use crate::sys::unix::poll_bits::readiness_of;

    #[derive(Debug, Clone)]
    pub(crate) struct NativeEvent {
        token: Token,
        bits: c_short,
    }

    pub(super) fn from_poll_bits(token: Token, bits: c_short) -> NativeEvent {
        NativeEvent { token, bits }
    }

    #[inline]
    pub(crate) fn token(event: &NativeEvent) -> Token {
        event.token
    }

    #[inline]
    pub(crate) fn flags(event: &NativeEvent) -> u32 {
        (event.bits as u16).into()
    }

    #[inline]
    pub(crate) fn readiness(event: &NativeEvent) -> Readiness {
        readiness_of(event.bits)
    }
}

// epoll always reports `RDHUP`.
#[cfg(all(test, epoll, pollrdhup))]
mod tests {
    use super::*;
    use crate::sys::epoll::event::readiness;
    use crate::sys::unix::poll_bits::readiness_of;

    #[test]
    fn poll_and_epoll_read_the_same_flags_alike() {
        for bits in 0..=c_short::MAX {
            let record = from_poll_bits(Token(0), bits);
            let (poll, epoll) = (readiness_of(bits), readiness(&record));
            assert_eq!(format!("{poll:?}"), format!("{epoll:?}"), "{bits:#x}");
        }
    }
}
