//! What concerns whole processes, shown by doing it: signals and children, on each selector.
//!
//! Signals come to the process and not to a test. So those that watch the same ones take turns, and
//! what counts all signals, children or descriptors of a process runs in one of its own: see
//! [`support`].

#[cfg(signals)]
mod support;

#[cfg(signals)]
mod children;
#[cfg(signals)]
mod children_dropped;
#[cfg(signals)]
mod examples;
#[cfg(signals)]
mod limits;
#[cfg(signals)]
mod signals;
#[cfg(signals)]
mod signals_many;

#[cfg(not(signals))]
mod unsupported;
