//! [`eventfd(2)`], a counter that is readable while it is not zero.
//!
//! [`eventfd(2)`]: https://man7.org/linux/man-pages/man2/eventfd.2.html

use std::fs::File;
use std::io::{self, Read, Write};
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

    /// Adds to the counter. Returns `WouldBlock` if it is full.
    pub(crate) fn add(&self, number: u64) -> io::Result<()> {
        (&self.counter).write(&number.to_ne_bytes()).map(|_| ())
    }

    /// Sets the counter to zero. Returns `WouldBlock` if it already is.
    pub(crate) fn take(&self) -> io::Result<()> {
        (&self.counter).read(&mut [0; 8]).map(|_| ())
    }
}

impl AsRawFd for Eventfd {
    fn as_raw_fd(&self) -> RawFd {
        self.counter.as_raw_fd()
    }
}
