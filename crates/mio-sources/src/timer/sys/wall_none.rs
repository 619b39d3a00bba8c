//! A platform without a timer that can be watched and that detects changes of the clock.

use std::io;
use std::net::UdpSocket;
use std::time::SystemTime;

use mio::IoSource;

use crate::timer::WallEvent;

/// Can't be created, so nothing else needs an implementation.
#[derive(Debug)]
pub(in crate::timer) enum Wall {}

impl Wall {
    pub(in crate::timer) fn new() -> io::Result<Wall> {
        Err(io::Error::new(
            io::ErrorKind::Unsupported,
            "this system does not tell when its clock is set; use `Timer`, or a `TimerWheel`, and \
             compare `SystemTime::now()` with the deadline now and then",
        ))
    }

    pub(in crate::timer) fn set(&mut self, _: SystemTime) -> io::Result<()> {
        match *self {}
    }

    pub(in crate::timer) fn cancel(&mut self) -> io::Result<()> {
        match *self {}
    }

    pub(in crate::timer) fn read(&mut self) -> io::Result<Option<WallEvent>> {
        match *self {}
    }

    pub(in crate::timer) fn source(&mut self) -> &mut IoSource<UdpSocket> {
        match *self {}
    }
}
