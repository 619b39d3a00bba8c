//! Platforms where the end of a child can't be watched.

use std::io;
use std::net::UdpSocket;
use std::process::ExitStatus;

use mio::IoSource;

use crate::process::owned::Owned;
use crate::signal::Signal;

/// Never created.
pub(in crate::process) enum Exit {}

impl Exit {
    pub(in crate::process) fn check_support() -> io::Result<()> {
        Err(unsupported())
    }

    pub(in crate::process) fn of_started(_: &mut Owned) -> io::Result<Exit> {
        Err(unsupported())
    }

    pub(in crate::process) fn of_any(_: &mut Owned) -> io::Result<Exit> {
        Err(unsupported())
    }

    pub(in crate::process) fn check(&mut self, _: &mut Owned) -> io::Result<Option<ExitStatus>> {
        match *self {}
    }

    pub(in crate::process) fn send(&self, _: &mut Owned, _: Signal) -> io::Result<()> {
        match *self {}
    }

    pub(in crate::process) fn source(&mut self) -> &mut IoSource<UdpSocket> {
        match *self {}
    }
}

fn unsupported() -> io::Error {
    let message = "child processes can't be watched on this system; std's Child can wait for one";
    io::Error::new(io::ErrorKind::Unsupported, message)
}
