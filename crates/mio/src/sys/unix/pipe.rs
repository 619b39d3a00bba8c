//! Pipes: for users, and as the descriptor that one thread makes readable for another.
//!
//! Manual: [`pipe(2)`], [`pipe(7)`].
//!
//! [`pipe(2)`]: https://man7.org/linux/man-pages/man2/pipe.2.html
//! [`pipe(7)`]: https://man7.org/linux/man-pages/man7/pipe.7.html

use std::io;
use std::os::fd::OwnedFd;

use crate::sys::unix::ffi;

/// The reading and the writing end of a pipe, non-blocking and close-on-exec.
pub(crate) fn pair() -> io::Result<[OwnedFd; 2]> {
    let ends = ffi::pipe()?;
    #[cfg(not(pipe2))]
    for end in &ends {
        use std::os::fd::AsFd;
        ffi::set_cloexec(end.as_fd())?;
        ffi::set_nonblocking(end.as_fd(), true)?;
    }
    Ok(ends)
}

#[cfg(feature = "os-ext")]
pub(crate) use self::ffi::set_nonblocking;

#[cfg(all(waker_pipe, any(epoll, poll)))]
pub(crate) use self::signal::Pipe;

#[cfg(all(waker_pipe, any(epoll, poll)))]
mod signal {
    use std::fs::File;
    use std::io::{self, ErrorKind, Read, Write};
    use std::os::fd::{AsFd, BorrowedFd};

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

        /// Makes it readable; `false` if the pipe is full, in which case it is readable already.
        pub(crate) fn raise(&self) -> io::Result<bool> {
            match (&self.writer).write(&[1]) {
                Ok(_) => Ok(true),
                Err(err) if err.kind() == ErrorKind::WouldBlock => Ok(false),
                Err(err) => Err(err),
            }
        }

        /// Makes it as full as it gets.
        #[cfg(all(test, epoll))]
        pub(crate) fn fill(&self) -> io::Result<()> {
            while self.raise()? {}
            Ok(())
        }

        /// Makes it unreadable, if nobody writes meanwhile.
        pub(crate) fn clear(&self) -> io::Result<()> {
            let mut buffer = [0; 4096];
            loop {
                match (&self.reader).read(&mut buffer) {
                    Ok(read) if read == buffer.len() => {}
                    Err(err) if err.kind() == ErrorKind::Interrupted => {}
                    Err(err) if err.kind() != ErrorKind::WouldBlock => return Err(err),
                    _ => return Ok(()),
                }
            }
        }
    }

    impl AsFd for Pipe {
        fn as_fd(&self) -> BorrowedFd<'_> {
            self.reader.as_fd()
        }
    }
}
