//! What Windows has beside its selector: sockets and named pipes.

#[allow(unsafe_code)]
mod ffi;
#[cfg(feature = "os-ext")]
pub(crate) mod named_pipe;
#[cfg(feature = "net")]
pub(crate) mod socket;

pub(crate) use self::ffi::check;

/// What the system knows a source by.
pub(crate) type RawSource = std::os::windows::io::RawSocket;

/// What a selector can be told to watch.
pub(crate) use std::os::windows::io::AsRawSocket as AsRawSource;

pub(crate) fn raw_source(source: &impl AsRawSource) -> RawSource {
    source.as_raw_socket()
}
