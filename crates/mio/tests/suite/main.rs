//! What a user relies on, shown by doing it: every behaviour once per selector of the target.
//!
//! A module writes its tests as plain functions of a [`SelectorKind`](mio::SelectorKind) and names
//! them in [`per_selector!`], which makes a test of each for each selector that is compiled in:
//! `tcp::epoll::accepts`, `tcp::poll::accepts`. Without the feature `all-selectors` there is one.

#![cfg(unix)]

#[macro_use]
mod support;

mod allocations;
mod api;
#[cfg(priority)] // Linux and Android: they have /proc.
mod descriptors;
mod events;
mod examples;
mod mistakes;
mod pipes;
#[cfg(priority)]
mod priority;
mod readiness;
mod registration;
mod source_fd;
mod tcp;
mod threads;
mod timeouts;
mod udp;
mod unix;
mod waker;
