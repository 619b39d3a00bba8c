//! A stand-in for the descriptor on platforms where a program has one thread. Nothing can interrupt
//! a wait there, and every wake comes before the wait begins.

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

/// Returns a descriptor number that poll(2) ignores.
impl AsRawFd for Flag {
    fn as_raw_fd(&self) -> RawFd {
        -1
    }
}
