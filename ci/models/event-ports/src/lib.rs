//! A model of event ports on Linux, for tests only: `ci/event-ports` runs the test suites over it.
//!
//! The library exports the five functions that the selector calls. It is no emulation to build
//! programs on: it knows descriptors and the events that a program sends, and no other sources.
//!
//! **How it works.** A port is an epoll instance, so that poll(2), epoll and another port can watch
//! it. An association is an entry of it in one-shot mode: epoll disables the entry when it reports
//! it, as a port ends an association when [port_getn(3C)] returns its event. The flags of poll(2)
//! and of epoll have the same values. What epoll does not keep is in a queue ([`port`]).
//!
//! **From the manuals** ([port_associate(3C)], [port_getn(3C)], [port_send(3C)]):
//!
//! * Associating a descriptor again replaces its flags and its user value. Dissociating or closing
//!   it discards an event that `port_getn` has not returned.
//! * A regular file is always ready.
//! * A descriptor that is closed is `EBADFD`, one that is not associated is `ENOENT`, and one that
//!   another process has associated is `EACCES`.
//! * `port_getn` returns -1 with `ETIME` when the time is over, and -1 with `EINTR` after a signal,
//!   and may have filled a part of the list in both cases. Where there is no event it may leave the
//!   count as it was. The model does all of this at random ([`random`]).
//!
//! [port_associate(3C)]: https://docs.oracle.com/cd/E88353_01/html/E37843/port-associate-3c.html
//! [port_getn(3C)]: https://docs.oracle.com/cd/E88353_01/html/E37843/port-getn-3c.html
//! [port_send(3C)]: https://docs.oracle.com/cd/E88353_01/html/E37843/port-send-3c.html

#![deny(unsafe_code)]

#[allow(unsafe_code)]
mod ffi;
mod port;
mod random;
