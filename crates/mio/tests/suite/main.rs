//! What a user relies on, shown by doing it: every behaviour once per selector of the target.
//!
//! A module writes its tests as plain functions of a [`SelectorKind`](mio::SelectorKind) and names
//! them in [`per_selector!`], which makes a test of each for each selector that is compiled in:
//! `tcp::epoll::accepts`, `tcp::poll::accepts`. Without the feature `all-selectors` there is one.
//!
//! The tests are the same on every system, by the helpers in [`support`]; a module or a test that
//! is about something that only some systems have says so by a `cfg`.

// Elsewhere a program has one thread, or can't start another program, or has no selector at all.
#![cfg(any(unix, windows))]

#[macro_use]
mod support;

mod allocations;
mod api;
#[cfg(priority)] // Linux and Android: they have /proc.
mod descriptors;
mod directions;
#[cfg(unix)]
mod errors;
mod events;
mod examples;
#[cfg(unix)]
mod forked;
#[cfg(priority)]
mod limits;
mod mistakes;
mod modes;
mod notifier;
#[cfg(unix)]
mod pipes;
#[cfg(priority)]
mod priority;
mod readiness;
mod registration;
mod short_reads;
#[cfg(unix)]
mod source_fd;
mod stale;
mod tcp;
mod threads;
mod timeouts;
mod udp;
#[cfg(unix)]
mod unix;
mod waker;
#[cfg(windows)]
mod windows_handles;
#[cfg(windows)]
mod windows_sockets;
