//! A platform without a timer that can be watched.

use std::io;
use std::net::UdpSocket;
use std::time::Duration;

use mio::IoSource;

/// Can't be created, so nothing else needs an implementation.
#[derive(Debug)]
pub(in crate::timer) enum Monotonic {}

impl Monotonic {
    pub(in crate::timer) fn new() -> io::Result<Monotonic> {
        Err(io::Error::new(
            io::ErrorKind::Unsupported,
            "this system has no timer that can be watched; keep deadlines in a `TimerWheel` and \
             wait until its `next_deadline`",
        ))
    }

    pub(in crate::timer) fn set(&mut self, _: Duration, _: Option<Duration>) -> io::Result<()> {
        match *self {}
    }

    pub(in crate::timer) fn cancel(&mut self) -> io::Result<()> {
        match *self {}
    }

    pub(in crate::timer) fn read(&mut self) -> io::Result<Option<u64>> {
        match *self {}
    }

    pub(in crate::timer) fn source(&mut self) -> &mut IoSource<UdpSocket> {
        match *self {}
    }
}
