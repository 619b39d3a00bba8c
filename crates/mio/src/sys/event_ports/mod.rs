//! Event ports, the selector of Solaris.
//!
//! A port is a descriptor with a queue in the kernel. [`port_associate(3C)`] names a descriptor to
//! it, with flags of poll(2) and a word of ours. When the descriptor is ready for one of the flags,
//! or is so already, one event is put into the queue, and [`port_getn(3C)`] copies it into our
//! buffer. With that the association is over: the port asks about each descriptor once.
//!
//! * **The table** ([`registrations`]) is that of poll(2), with its rules of what is to be asked
//!   when. What a port lacks is the same: nobody but an operation that would have blocked knows
//!   that a source was used up.
//! * **Associations** ([`associations`]) are brought up to date with the table when a poll begins:
//!   each source of which there was an event is associated again, for the directions that were not
//!   delivered or have blocked since. So a direction that was delivered is not asked about, and
//!   that is the edge. While a thread waits, a change is told to the port at once, which needs no
//!   interruption.
//! * **A port that another selector watches** is readable only for what it has been associated with.
//!   So once the program has asked for the port's descriptor, associations are renewed at the end of
//!   each poll too, and whenever they change.
//! * **Identity.** The word is a slot of the table and its generation. An event that was in the
//!   queue before its source was deregistered names nobody.
//! * **Probes** (`probes`). A failure, which is reported as long as it lasts, and a `SourceFd`, of
//!   which nobody tells that it was used up, would end each wait at once if they were associated.
//!   So each poll first asks poll(2) itself about all such sources, in one call that does not wait.
//!   What is over is associated again, and the rest is left to the rules of the table: the same
//!   readiness is reported again every 10 milliseconds. To associate such a source instead, only
//!   to learn that it is ready still, would take a call for each, and would not tell old readiness
//!   from new.
//! * **The waker** is a flag and an event of the user's own ([`port_send(3C)`]). Such an event says
//!   no more than: look at the flag. So the same event interrupts a thread that waits and has to
//!   probe earlier than it knew.
//!
//! Manual: [`port_create(3C)`], [`port_associate(3C)`], [`port_getn(3C)`], [`port_send(3C)`].
//!
//! [`registrations`]: crate::sys::unix::registrations
//! [`port_create(3C)`]: https://docs.oracle.com/cd/E88353_01/html/E37843/port-create-3c.html
//! [`port_associate(3C)`]: https://docs.oracle.com/cd/E88353_01/html/E37843/port-associate-3c.html
//! [`port_getn(3C)`]: https://docs.oracle.com/cd/E88353_01/html/E37843/port-getn-3c.html
//! [`port_send(3C)`]: https://docs.oracle.com/cd/E88353_01/html/E37843/port-send-3c.html

// What needs no system call is tested on every system that has the table.
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
