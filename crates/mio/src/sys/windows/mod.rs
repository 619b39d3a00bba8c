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
pub(crate) trait AsRawSource {
    fn as_raw_source(&self) -> RawSource;
}

impl<T: std::os::windows::io::AsRawSocket> AsRawSource for T {
    fn as_raw_source(&self) -> RawSource {
        self.as_raw_socket()
    }
}
