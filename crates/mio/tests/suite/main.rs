//! The guarantees for users: one test for every behaviour and every selector of the target.
//!
//! A module writes its tests as functions of a [`SelectorKind`](mio::SelectorKind), and lists them
//! in [`per_selector!`]. The macro creates a test of each function for each selector of the build:
//! `tcp::epoll::accepts`, `tcp::poll::accepts`. Without the feature `all-selectors` there is one
//! selector.
//!
//! The helpers in [`support`] make the tests the same on every platform. A module or a test for
//! some platforms only has a `cfg`.

// On other platforms a program has one thread, or can't start another program, or has no selector.
#![cfg(any(unix, windows))]

#[macro_use]
mod support;

mod allocations;
mod api;
#[cfg(priority)] // Linux and Android: they have /proc.
mod descriptors;
mod directions;
#[cfg(priority)] // Linux and Android: the documents describe their behaviour.
mod documented;
#[cfg(unix)]
mod errors;
mod events;
mod examples;
#[cfg(unix)]
mod forked;
#[cfg(unix)]
mod handlers;
#[cfg(priority)] // Linux and Android: it replaces their functions.
mod interrupted;
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
#[cfg(all(priority, not(std_os_android)))] // Linux: libc has its system call filters.
mod refused;
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
