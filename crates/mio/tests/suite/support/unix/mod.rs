//! Platform helpers for Unix, with the same names as those for Windows.

use std::io;
use std::os::fd::{AsFd, AsRawFd, IntoRawFd, RawFd};

use mio::net::UnixStream;

pub(crate) mod ffi;

pub(crate) use std::os::fd::OwnedFd as Owned;

/// The error of a datagram that exceeds the maximum length.
pub(crate) const TOO_LONG: i32 = libc::EMSGSIZE;

/// The error of a write after this side has shut down its writing half.
pub(crate) const SHUT_DOWN: i32 = libc::EPIPE;

/// Returns two streams of this crate that are connected to each other.
pub(crate) fn pair() -> (UnixStream, UnixStream) {
    UnixStream::pair().expect("a pair")
}

pub(crate) fn raw(source: &impl AsRawFd) -> RawFd {
    source.as_raw_fd()
}

pub(crate) fn into_raw(source: impl IntoRawFd) -> RawFd {
    source.into_raw_fd()
}

pub(crate) fn duplicate(source: &impl AsFd) -> io::Result<Owned> {
    source.as_fd().try_clone_to_owned()
}
