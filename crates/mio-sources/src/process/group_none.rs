//! Platforms without process groups.

use std::io;
use std::process::Command;

use super::owned::Owned;
use crate::signal::Signal;

pub(super) fn set_own(_: &mut Command) -> io::Result<()> {
    Err(unsupported())
}

pub(super) fn set_led_by(_: &mut Owned) {}

pub(super) fn is_led_by(_: &Owned) -> bool {
    false
}

pub(super) fn send(_: &mut Owned, _: Signal) -> io::Result<()> {
    Err(unsupported())
}

fn unsupported() -> io::Error {
    let message = "this system has no process groups that signals can be sent to";
    io::Error::new(io::ErrorKind::Unsupported, message)
}
