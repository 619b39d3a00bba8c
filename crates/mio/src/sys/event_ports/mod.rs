//! Event ports, the selector of Solaris.
//!
//! A port is a descriptor with a queue in the kernel. [`port_associate(3C)`] associates a
//! descriptor with it, with flags of poll(2) and a word of user data. When the descriptor is or
//! becomes ready for one of the flags, the kernel puts one event into the queue, and
//! [`port_getn(3C)`] copies the event into our buffer. That ends the association: the port reports
//! each descriptor once.
//!
//! * **The table** ([`registrations`]) and its rules are those of poll(2). A port has the same gap:
//!   only an operation that returns `WouldBlock` shows that a source was drained.
//! * **Associations** ([`associations`]) are brought up to date with the table when a poll begins.
//!   Each source that had an event is associated again, for the directions that were not delivered
//!   or have returned `WouldBlock` since. A delivered direction is thereby disarmed, which makes it
//!   edge-triggered. While a thread waits, a change is passed to the port at once, which needs no
//!   interruption.
//! * **A port that another selector watches** is readable only for its current associations. So
//!   once the program has taken the port's descriptor, associations are renewed at the end of each
//!   poll as well, and whenever they change.
//! * **Identity.** The user data is a slot of the table and its generation. An event that was in
//!   the queue before its source was deregistered matches no registration.
//! * **Probes** (`probes`). A source with a failure, which is reported for as long as it lasts,
//!   would end each wait at once if it were associated. So would a `SourceFd`, whose I/O is raw. So
//!   each poll first probes all such sources with one call of poll(2) that does not wait. Sources
//!   whose readiness has ended are associated again. The rules of the table apply to the others:
//!   the same readiness is reported again every 10 milliseconds. Associating such a source just to
//!   learn that it is still ready would take one call per source, and would not distinguish old
//!   readiness from new.
//! * **The waker** is a flag and a user event ([`port_send(3C)`]). The event only means that the
//!   flag may be set. So the same event also interrupts a waiting thread that has to probe earlier
//!   than planned.
//!
//! Manual: [`port_create(3C)`], [`port_associate(3C)`], [`port_getn(3C)`], [`port_send(3C)`].
//!
//! [`registrations`]: crate::sys::unix::registrations
//! [`port_create(3C)`]: https://docs.oracle.com/cd/E88353_01/html/E37843/port-create-3c.html
//! [`port_associate(3C)`]: https://docs.oracle.com/cd/E88353_01/html/E37843/port-associate-3c.html
//! [`port_getn(3C)`]: https://docs.oracle.com/cd/E88353_01/html/E37843/port-getn-3c.html
//! [`port_send(3C)`]: https://docs.oracle.com/cd/E88353_01/html/E37843/port-send-3c.html

// Code without system calls is tested on every platform that has the table.
mod associations;
#[cfg(event_ports)]
pub(crate) mod event;
#[cfg(event_ports)]
#[allow(unsafe_code)]
mod ffi;
#[cfg(event_ports)]
mod probes;
#[cfg(event_ports)]
mod selector;
#[cfg(event_ports)]
mod table;
#[cfg(event_ports)]
mod waker;

#[cfg(event_ports)]
pub(crate) use self::selector::{Selector, SourceState};
#[cfg(event_ports)]
pub(crate) use self::waker::Waker;
