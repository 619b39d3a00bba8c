//! The public behaviour, over each selector.

// Elsewhere a program has one thread, and the loop has no messages.
#![cfg(any(unix, windows))]

#[macro_use]
mod support;

mod again;
mod allocations;
mod batch;
#[cfg(unix)]
mod embedding;
mod examples;
mod failures;
mod fairness;
mod messages;
mod metrics;
mod order;
#[cfg(unix)]
mod ready;
mod shutdown;
mod signals;
mod sources;
mod timeouts;
