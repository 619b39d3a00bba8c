//! The stream of a connection.

use std::io::{self, Read, Write};
#[cfg(feature = "net")]
use std::net::Shutdown;

/// A byte stream whose writing half can be closed on its own.
///
/// Implemented for the streams of `mio::net`. If you implement it for a stream of your own, such as
/// TLS, [`shutdown_write`](Self::shutdown_write) sends the end of that protocol.
///
/// # Examples
///
/// ```
/// use std::io::{self, Read, Write};
///
/// use mio_util::Stream;
///
/// /// Counts the bytes read.
/// struct Counted<S>(S, u64);
///
/// impl<S: Read> Read for Counted<S> {
///     fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
///         let read = self.0.read(buffer)?;
///         self.1 += read as u64;
///         Ok(read)
///     }
/// }
///
/// impl<S: Write> Write for Counted<S> {
///     fn write(&mut self, data: &[u8]) -> io::Result<usize> {
///         self.0.write(data)
///     }
///
///     fn flush(&mut self) -> io::Result<()> {
///         self.0.flush()
///     }
/// }
///
/// impl<S: Stream> Stream for Counted<S> {
///     fn shutdown_write(&mut self) -> io::Result<()> {
///         self.0.shutdown_write()
///     }
/// }
/// ```
pub trait Stream: Read + Write {
    /// Closes the writing half: the peer reads the written data, and then the end.
    ///
    /// # Errors
    ///
    /// Returns the error of the OS. `NotConnected` means that the peer has gone. `WouldBlock` means
    /// that the end is not sent yet: call this again on the next writable event.
    fn shutdown_write(&mut self) -> io::Result<()>;
}

#[cfg(feature = "net")]
impl Stream for mio::net::TcpStream {
    fn shutdown_write(&mut self) -> io::Result<()> {
        self.shutdown(Shutdown::Write)
    }
}

#[cfg(all(unix, feature = "net"))]
impl Stream for mio::net::UnixStream {
    fn shutdown_write(&mut self) -> io::Result<()> {
        self.shutdown(Shutdown::Write)
    }
}
