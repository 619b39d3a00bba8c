use crate::Token;
use crate::sys::kqueue::changes::Change;
use crate::sys::kqueue::modes::Seen;
use crate::sys::kqueue::numbers::{BOTH, SYSTEM};
use crate::sys::kqueue::{ffi, reading};
use crate::sys::{RawSource, Readiness};

/// The native event of kqueue.
///
/// The fields have different types on different platforms, hence `as _` in [`record`] and
/// [`fields`]. The values themselves fit: see [`SYSTEM`].
#[derive(Debug, Clone, Copy)]
#[repr(transparent)]
pub(crate) struct NativeEvent(pub(super) libc::kevent);

/// Returns the record that requests this change.
pub(super) fn request(source: RawSource, change: Change, token: Token) -> NativeEvent {
    let (filter, flags) = change.filter_and_flags(&SYSTEM);
    record(source as usize, filter, flags, 0, token)
}

pub(super) fn record(
    ident: usize,
    filter: i32,
    flags: u32,
    fflags: u32,
    token: Token,
) -> NativeEvent {
    // Some platforms have more fields than these, which must be zero.
    let mut record = ffi::zeroed();
    record.0.ident = ident;
    record.0.filter = filter as _;
    record.0.flags = flags as _;
    record.0.fflags = fflags;
    record.0.udata = token.0 as _;
    record
}

/// Returns the filter, the flags and `fflags`.
#[inline]
#[allow(clippy::cast_lossless)]
fn fields(event: &NativeEvent) -> (i32, u32, u32) {
    let record = &event.0;
    (record.filter as _, record.flags as _, record.fflags)
}

/// Returns the error code of a receipt, or 0 if the change was made.
pub(super) fn receipt(answer: &NativeEvent) -> i32 {
    let (_, flags, _) = fields(answer);
    reading::receipt(&SYSTEM, flags, answer.0.data as _)
}

pub(super) fn seen(event: &NativeEvent) -> Seen {
    let (filter, flags, _) = fields(event);
    Seen {
        ident: event.0.ident,
        filter,
        flags,
        token: token(event),
    }
}

/// Returns a record that stands for these two records of one source.
pub(super) fn join(first: &NativeEvent, second: &NativeEvent) -> NativeEvent {
    let records = [fields(first), fields(second)];
    let flags = records[0].1 | records[1].1;
    let bits = reading::both(&SYSTEM, records);
    record(first.0.ident, BOTH, flags, bits, token(first))
}

/// Returns the native event for flags of poll(2), which go into `fflags`.
#[cfg(poll)]
pub(crate) fn from_poll_bits(token: Token, bits: libc::c_short) -> NativeEvent {
    let bits = bits as u16;
    record(0, super::numbers::POLL, 0, bits.into(), token)
}

#[inline]
pub(crate) fn token(event: &NativeEvent) -> Token {
    Token(event.0.udata as usize)
}

/// Returns `flags` in the lower 16 bits and `fflags` above them.
#[inline]
pub(crate) fn flags(event: &NativeEvent) -> u32 {
    let (_, flags, fflags) = fields(event);
    flags | fflags << 16
}

#[inline]
pub(crate) fn readiness(event: &NativeEvent) -> Readiness {
    let (filter, flags, fflags) = fields(event);
    reading::readiness(&SYSTEM, filter, flags, fflags)
}
