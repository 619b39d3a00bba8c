//! Pipes, for users and for signals between threads.
//!
//! Manual: [`pipe(2)`], [`pipe(7)`].
//!
//! [`pipe(2)`]: https://man7.org/linux/man-pages/man2/pipe.2.html
//! [`pipe(7)`]: https://man7.org/linux/man-pages/man7/pipe.7.html

use std::io;
#[cfg(any(feature = "os-ext", not(pipe2)))]
use std::os::fd::BorrowedFd;
use std::os::fd::OwnedFd;

use crate::sys::unix::ffi;

/// Creates a pipe. Returns its reading and writing ends, both non-blocking and close-on-exec.
pub(crate) fn pair() -> io::Result<[OwnedFd; 2]> {
    let ends = ffi::pipe()?;
    #[cfg(not(pipe2))]
    for end in &ends {
        use std::os::fd::AsFd;
        #[cfg(not(no_exec))]
        ffi::set_cloexec(end.as_fd())?;
        set_nonblocking(end.as_fd(), true)?;
    }
    Ok(ends)
}

/// Sets `O_NONBLOCK` with [`fcntl(2)`], the way that POSIX defines.
///
/// [`fcntl(2)`]: https://man7.org/linux/man-pages/man2/fcntl.2.html
#[cfg(any(feature = "os-ext", not(pipe2)))]
pub(crate) fn set_nonblocking(pipe: BorrowedFd<'_>, nonblocking: bool) -> io::Result<()> {
    let mut flags = ffi::status_flags(pipe)? & !libc::O_NONBLOCK;
    if nonblocking {
        flags |= libc::O_NONBLOCK;
    }
    ffi::set_status_flags(pipe, flags)
}

#[cfg(signal_pipe)]
pub(crate) use self::signal::Pipe;

#[cfg(signal_pipe)]
mod signal {
    use std::fs::File;
    use std::io::{self, Read, Write};
    use std::os::fd::{AsRawFd, RawFd};

    /// Both ends of a pipe, for bytes without meaning.
    #[derive(Debug)]
    pub(crate) struct Pipe {
        reader: File,
        writer: File,
    }

    impl Pipe {
        pub(crate) fn new() -> io::Result<Pipe> {
            let [reader, writer] = super::pair()?;
            Ok(Pipe {
                reader: reader.into(),
                writer: writer.into(),
            })
        }

        /// Writes one byte. Returns `WouldBlock` if the pipe is full.
        pub(crate) fn put(&self) -> io::Result<()> {
            (&self.writer).write(&[1]).map(|_| ())
        }

        /// Reads some or all of the bytes in the pipe. Returns whether there may be more.
        pub(crate) fn take(&self) -> io::Result<bool> {
            let mut buffer = [0; 4096];
            (&self.reader)
                .read(&mut buffer)
                .map(|read| read == buffer.len())
        }
    }

    impl AsRawFd for Pipe {
        fn as_raw_fd(&self) -> RawFd {
            self.reader.as_raw_fd()
        }
    }
}
