//! A model of kqueue(2) on Linux, for tests only: `ci/kqueue` runs the test suites over it.
//!
//! The library exports `kqueue` and `kevent`. It is no emulation to build programs on: it knows the
//! filters that this repository uses (read, write, timer, process, user), and it answers as the
//! kernels of BSD were seen to answer, or as their sources say where nobody could look.
//!
//! **Which kernel** it imitates is the value of `MIO_KQUEUE_KERNEL`: `NetBSD`, `FreeBSD` or `macOS`
//! ([`kernel`]). The structures and constants are FreeBSD's for all of them.
//!
//! **How it works.** The number that `kqueue` returns is an epoll instance, so that poll(2), epoll
//! and another kqueue can watch it. epoll tells that *something happened* to a descriptor, once per
//! wake-up, which is when a BSD kernel looks at a filter too. Whether a filter *is true* is asked
//! of poll(2) at that moment and again when the event is delivered ([`filter`]). The rest (the list
//! of filters, modes, receipts, the order of events) is in [`queue`].
//!
//! **Closing.** A kqueue watches numbers, and epoll watches open files. So the library exports
//! `close` and the functions that duplicate descriptors too, and takes a number off the lists before
//! it is closed ([`numbers`]). A child of `fork` has no kqueues.
//!
//! **Loopback** is asynchronous on BSD: what was sent may arrive after `send` has returned. On Linux
//! it mostly arrives before. The library exports `send` and `sendto` and hands some small packets
//! to a thread that sends them a little later ([`wire`]). Which ones follows from a seed,
//! `MIO_KQUEUE_SEED`.
//!
//! The crate is a shared library, because only then its `close` comes before that of libc for all
//! code of a program, std included. Calls and exports are in [`ffi`]; everything else is safe.

#![deny(unsafe_code)]

#[allow(unsafe_code)]
mod ffi;
mod filter;
mod kernel;
mod numbers;
mod queue;
mod wire;
