//! What becomes readable when a child has ended.
//!
//! `Exit` is how that is seen on this system. One that gets another way, such as Windows with its
//! handles, needs a module with an `Exit` that has the functions of the one in `waited.rs`.

#[cfg(not(signals))]
mod none;
#[cfg(pidfd)]
mod pidfd;
#[cfg(signals)]
mod sigchld;
#[cfg(signals)]
mod waited;

#[cfg(not(signals))]
pub(super) use self::none::Exit;
#[cfg(signals)]
pub(super) use self::waited::Exit;
