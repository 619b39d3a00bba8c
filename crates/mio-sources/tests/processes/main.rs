//! What concerns whole processes, shown by doing it: signals and children, on each selector.
//!
//! Signals come to the process and not to a test. So those that watch the same ones take turns, and
//! what counts all signals, children or descriptors of a process runs in one of its own: see
//! [`support`].

#[cfg(any(signals, process_handle))]
#[cfg_attr(not(signals), allow(dead_code))] // The helpers that know Unix have no user then.
mod support;

#[cfg(signals)]
mod children;
#[cfg(signals)]
mod children_dropped;
#[cfg(signals)]
mod children_lost;
#[cfg(pidfd)]
mod children_refused;
#[cfg(console_events)]
mod console;
#[cfg(all(pidfd, feature = "channel", feature = "timer"))]
mod eventfd_refused;
#[cfg(any(signals, console_events))]
mod examples;
#[cfg(console_events)]
mod ffi;
#[cfg(signals)]
mod groups;
#[cfg(process_handle)]
mod handles;
#[cfg(signals)]
mod limits;
#[cfg(signals)]
mod sandbox;
#[cfg(any(signals, console_events))]
mod signals;
#[cfg(any(signals, console_events))]
mod signals_many;
#[cfg(signals)]
mod signals_unix;

#[cfg(not(any(signals, console_events)))]
mod unsupported;
