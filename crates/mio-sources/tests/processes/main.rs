//! Behaviour that affects whole processes: signals and children, on each selector.
//!
//! Signals are delivered to the process and not to a test. So tests that watch the same signals run
//! one at a time, and a test that counts all signals, children or descriptors runs in a process of
//! its own: see [`support`].

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
