//! A model of event ports on Linux, for tests only: `ci/event-ports` runs the test suites with it.
//!
//! The library exports the five functions that the selector calls. It is not an emulator for
//! programs: it supports descriptors and sent events, and no other sources.
//!
//! **How it works.** A port is an epoll instance, so that poll(2), epoll and another port can watch
//! it. An association is an epoll entry in one-shot mode: epoll disables the entry when it reports
//! it, as a port ends an association when [port_getn(3C)] returns its event. The flags of poll(2)
//! and of epoll have the same values. A queue keeps the events that epoll does not keep ([`port`]).
//!
//! **From the manuals** ([port_associate(3C)], [port_getn(3C)], [port_send(3C)]):
//!
//! * Associating a descriptor again replaces its flags and its user value. Dissociating or closing
//!   it discards an event that `port_getn` has not returned.
//! * A regular file is always ready.
//! * The error is `EBADFD` for a closed descriptor, `ENOENT` for one that is not associated, and
//!   `EACCES` for one that another process has associated.
//! * `port_getn` returns -1 with `ETIME` at the timeout, and -1 with `EINTR` after a signal. In
//!   both cases it may have filled a part of the list. Without an event it may leave the count
//!   unchanged. The model does all of this at random ([`random`]).
//!
//! [port_associate(3C)]: https://docs.oracle.com/cd/E88353_01/html/E37843/port-associate-3c.html
//! [port_getn(3C)]: https://docs.oracle.com/cd/E88353_01/html/E37843/port-getn-3c.html
//! [port_send(3C)]: https://docs.oracle.com/cd/E88353_01/html/E37843/port-send-3c.html

#![deny(unsafe_code)]

#[allow(unsafe_code)]
mod ffi;
mod port;
mod random;
