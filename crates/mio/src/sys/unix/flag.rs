//! What takes the place of a descriptor where a program has one thread: nothing. Nobody can
//! interrupt a wait there, and who wakes does it before the wait begins.

use std::io;
use std::os::fd::{AsRawFd, RawFd};

#[derive(Debug)]
pub(crate) struct Flag;

impl Flag {
    pub(crate) fn new() -> io::Result<Flag> {
        Ok(Flag)
    }

    pub(crate) fn raise(&self) -> io::Result<bool> {
        Ok(true)
    }

    pub(crate) fn clear(&self) -> io::Result<()> {
        Ok(())
    }
}

/// A number that poll(2) passes over.
impl AsRawFd for Flag {
    fn as_raw_fd(&self) -> RawFd {
        -1
    }
}
