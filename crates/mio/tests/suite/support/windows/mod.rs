//! Platform helpers for Windows, with the same names as those for Unix.

use std::io;
use std::os::windows::io::{AsRawSocket, AsSocket, IntoRawSocket, RawSocket};

use mio::net::TcpStream;
use windows_sys::Win32::Networking::WinSock::{WSAEMSGSIZE, WSAESHUTDOWN};

pub(crate) mod ffi;

pub(crate) use std::os::windows::io::OwnedSocket as Owned;

/// The error of a datagram that exceeds the maximum length.
pub(crate) const TOO_LONG: i32 = WSAEMSGSIZE;

/// The error of a write after this side has shut down its writing half.
pub(crate) const SHUT_DOWN: i32 = WSAESHUTDOWN;

/// Returns two streams of this crate that are connected to each other.
pub(crate) fn pair() -> (TcpStream, TcpStream) {
    let (one, two) = crate::support::connected();
    two.set_nonblocking(true).expect("set_nonblocking");
    (one, TcpStream::from_std(two))
}

pub(crate) fn raw(source: &impl AsRawSocket) -> RawSocket {
    source.as_raw_socket()
}

pub(crate) fn into_raw(source: impl IntoRawSocket) -> RawSocket {
    source.into_raw_socket()
}

pub(crate) fn duplicate(source: &impl AsSocket) -> io::Result<Owned> {
    source.as_socket().try_clone_to_owned()
}
