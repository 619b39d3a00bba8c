//! Windows, apart from its selector: sockets and named pipes.

#[allow(unsafe_code)]
mod ffi;
#[cfg(feature = "os-ext")]
pub(crate) mod named_pipe;
#[cfg(feature = "net")]
pub(crate) mod socket;

pub(crate) use self::ffi::check;

/// The raw handle of a source.
pub(crate) type RawSource = std::os::windows::io::RawSocket;

/// The trait of sources that a selector can watch.
pub(crate) use std::os::windows::io::AsRawSocket as AsRawSource;

pub(crate) fn raw_source(source: &impl AsRawSource) -> RawSource {
    source.as_raw_socket()
}
