//! A model of kqueue(2) on Linux, for tests only: `ci/kqueue` runs the test suites with it.
//!
//! The library exports `kqueue` and `kevent`. It is not an emulator for programs: it supports the
//! filters that this repository uses (read, write, timer, process, user). It behaves as the kernels
//! of BSD were observed to behave, or as their sources specify where nobody could observe it.
//!
//! **The kernel** to imitate is the value of `MIO_KQUEUE_KERNEL`: `NetBSD`, `FreeBSD` or `macOS`
//! ([`kernel`]). The structures and constants are FreeBSD's for all of them.
//!
//! **How it works.** The descriptor that `kqueue` returns is an epoll instance, so that poll(2),
//! epoll and another kqueue can watch it. epoll reports that *something happened* to a descriptor,
//! once per wake-up. A BSD kernel checks a filter at these moments, too. The model uses poll(2) to
//! check whether a filter *is true*, at that moment and again when the event is delivered
//! ([`filter`]). The rest (the list of filters, modes, receipts, the order of events) is in
//! [`queue`].
//!
//! **Closing.** A kqueue watches descriptors, and epoll watches open files. So the library exports
//! `close` and the functions that duplicate descriptors, too. It removes a descriptor from all
//! lists before the descriptor is closed ([`numbers`]). A child of `fork` has no kqueues.
//!
//! **Loopback** is asynchronous on BSD: data may arrive after `send` has returned. On Linux it
//! mostly arrives before. The library exports `send` and `sendto`, and passes some small packets to
//! a thread that sends them a little later ([`wire`]). The seed `MIO_KQUEUE_SEED` determines which
//! ones.
//!
//! **Identity.** `fstat` reports device 0 and inode 0 for sockets, and on NetBSD for pipes, too.
//! The poll(2) selector has to cope with that.
//!
//! The crate is a shared library, so that its `close` takes precedence over libc's for all code of
//! a program, std included. System calls and exports are in [`ffi`]; everything else is safe.

#![deny(unsafe_code)]

#[allow(unsafe_code)]
mod ffi;
mod filter;
mod kernel;
mod numbers;
mod queue;
mod wire;
