//! Platforms without signals or an equivalent.

use std::io;

use mio::IoSource;

use super::{Delivered, Signal};

/// Never created.
pub(super) enum Watch {}

impl Watch {
    pub(super) fn new() -> io::Result<Watch> {
        Err(io::Error::new(
            io::ErrorKind::Unsupported,
            "signals can't be watched on this system: it has none",
        ))
    }

    pub(super) fn add(&mut self, _: Signal) -> io::Result<()> {
        match *self {}
    }

    pub(super) fn remove(&mut self, _: Signal) -> bool {
        match *self {}
    }

    pub(super) fn watched(&self) -> impl Iterator<Item = Signal> + '_ {
        std::iter::empty()
    }

    pub(super) fn receive(&mut self) -> Option<Delivered> {
        match *self {}
    }

    pub(super) fn source(&mut self) -> &mut IoSource<std::net::UdpSocket> {
        match *self {}
    }
}
