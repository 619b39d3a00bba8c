//! The source that becomes readable when a child has ended.
//!
//! `Exit` is the mechanism of this platform. To add another one, write a module with an `Exit` that
//! has the functions of the one in `waited.rs`.

#[cfg(process_handle)]
mod handle;
#[cfg(not(any(signals, process_handle)))]
mod none;
#[cfg(pidfd)]
mod pidfd;
#[cfg(evfilt_proc)]
mod proc_filter;
#[cfg(signals)]
mod sigchld;
#[cfg(signals)]
mod waited;

#[cfg(process_handle)]
pub(super) use self::handle::Exit;
#[cfg(not(any(signals, process_handle)))]
pub(super) use self::none::Exit;
#[cfg(signals)]
pub(super) use self::waited::{Exit, named};

/// The error for a child that can't be signalled any more.
pub(super) fn gone() -> std::io::Error {
    let message = "the child has ended and was waited for; no signal was sent";
    std::io::Error::new(std::io::ErrorKind::NotFound, message)
}
