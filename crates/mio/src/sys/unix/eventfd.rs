//! A descriptor that one thread makes readable for another: [`eventfd(2)`].
//!
//! [`eventfd(2)`]: https://man7.org/linux/man-pages/man2/eventfd.2.html

use std::fs::File;
use std::io::{self, ErrorKind, Read, Write};
use std::os::fd::{AsRawFd, RawFd};

use crate::sys::unix::ffi;

#[derive(Debug)]
pub(crate) struct Eventfd {
    counter: File,
}

impl Eventfd {
    pub(crate) fn new() -> io::Result<Eventfd> {
        ffi::eventfd().map(|fd| Eventfd {
            counter: File::from(fd),
        })
    }

    /// Makes it readable; `false` if the counter is full, in which case it is readable already.
    pub(crate) fn raise(&self) -> io::Result<bool> {
        match (&self.counter).write(&1_u64.to_ne_bytes()) {
            Ok(_) => Ok(true),
            Err(err) if err.kind() == ErrorKind::WouldBlock => Ok(false),
            Err(err) => Err(err),
        }
    }

    /// Makes it as full as it gets.
    #[cfg(all(test, epoll))]
    pub(crate) fn fill(&self) -> io::Result<()> {
        (&self.counter)
            .write(&(u64::MAX - 1).to_ne_bytes())
            .map(|_| ())
    }

    /// Makes it unreadable.
    pub(crate) fn clear(&self) -> io::Result<()> {
        match (&self.counter).read(&mut [0; 8]) {
            Err(err) if err.kind() != ErrorKind::WouldBlock => Err(err),
            _ => Ok(()),
        }
    }
}

impl AsRawFd for Eventfd {
    fn as_raw_fd(&self) -> RawFd {
        self.counter.as_raw_fd()
    }
}
