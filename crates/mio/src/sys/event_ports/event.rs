use libc::{c_int, c_short, c_ushort};

use crate::Token;
use crate::sys::Readiness;
use crate::sys::event_ports::associations;
use crate::sys::unix::poll_bits::readiness_of;
use crate::sys::unix::registrations::Key;

/// The native event of a port. Its `portev_user` holds the user data of an association as the
/// kernel writes it, and the token once it has been translated into an event.
#[derive(Clone, Copy)]
#[repr(transparent)]
pub(crate) struct NativeEvent(libc::port_event);

impl NativeEvent {
    /// A native event that no call has written: it has no source.
    pub(super) const NONE: NativeEvent = NativeEvent::new(0, 0, 0);

    const fn new(source: c_int, events: c_int, user: usize) -> NativeEvent {
        NativeEvent(libc::port_event {
            portev_events: events,
            portev_source: source as c_ushort,
            portev_pad: 0,
            portev_object: 0,
            portev_user: std::ptr::without_provenance_mut(user),
        })
    }

    /// Returns whether a call has written this native event.
    pub(super) fn is_written(&self) -> bool {
        self.0.portev_source != 0
    }

    /// Returns whether a program sent it. Otherwise it comes from an association.
    pub(super) fn is_sent(&self) -> bool {
        c_int::from(self.0.portev_source) == libc::PORT_SOURCE_USER
    }

    /// Returns the key in the user data of the association, before the token replaces it.
    pub(super) fn key(&self) -> Key {
        associations::key(self.0.portev_user.addr() as u64)
    }

    /// Returns its flags, which are those of poll(2).
    pub(super) fn bits(&self) -> c_short {
        self.0.portev_events as c_short
    }
}

/// Returns the native event for flags of poll(2), which are the flags of a port.
pub(crate) fn from_poll_bits(token: Token, bits: c_short) -> NativeEvent {
    NativeEvent::new(libc::PORT_SOURCE_FD, c_int::from(bits as c_ushort), token.0)
}

#[inline]
pub(crate) fn token(event: &NativeEvent) -> Token {
    Token(event.0.portev_user.addr())
}

#[inline]
pub(crate) fn flags(event: &NativeEvent) -> u32 {
    event.0.portev_events as u32
}

#[inline]
pub(crate) fn readiness(event: &NativeEvent) -> Readiness {
    readiness_of(event.bits())
}
