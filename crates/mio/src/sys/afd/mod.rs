//! Windows: readiness of sockets, through the AFD device and an I/O completion port.
//!
//! # How that works, for who has never seen it
//!
//! Windows has no call that waits for readiness and scales. What it has is *completion*: a program
//! starts an operation on a file, goes on, and later takes a packet from an [I/O completion port]
//! that says how the operation ended. A thousand operations may be under way, and one call takes
//! the packets of all that have ended.
//!
//! Readiness is made of completion by an operation that ends when a socket becomes ready. There is
//! one: below Winsock sits the driver AFD (`\Device\Afd`), which takes the request
//! `IOCTL_AFD_POLL`: "complete when one of these sockets has one of these events". `select` waits
//! for the sockets of one call with it. But any handle on the device takes the request, and like
//! other operations it can end with a packet. So:
//!
//! * `port`: the completion port, one per `Poll`. `select` takes packets from it.
//! * [`device`]: the calls that sockets make, as a trait: the tests have a device of their own.
//!   `requests` makes them. The poll requests are made on a handle on AFD that is bound to the port
//!   and not on the sockets, so that a socket's own operations stay what they were.
//! * [`group`]: how many sockets share such a handle. AFD looks through the requests of one handle
//!   one after the other, so it is a limited number.
//! * [`layers`]: the socket under the socket (the *base* handle, if some provider is layered above
//!   AFD).
//! * [`socket`]: the registrations of a socket, and the one request that may be under way for it.
//! * [`sockets`]: which sockets are registered. Those that the user has are known by number. Nobody
//!   sees their operations, so they have levels and oneshots.
//! * [`changes`]: the sockets whose request has to ask for something else.
//! * [`arming`]: which events that request has to ask for. A request ends with its first answer,
//!   and AFD answers at once what is so already. To make edges of that, what has been delivered is
//!   left out until an operation in that direction returns `WouldBlock`; only that direction is
//!   asked about again.
//! * [`rounds`]: packets are taken until one of them is an event, or the timeout is over.
//! * `users`: handles that are not ours alone, such as those of pipes, and which of their packets
//!   are ours.
//! * `wait`: handles that are no sockets and can be waited for.
//! * `operation`: memory that belongs to the kernel while a request is under way. It comes back
//!   with the packet and in no other way, whatever was dropped meanwhile. Cancelling a request only
//!   makes its packet come sooner.
//!
//! Requests are made when `select` begins, so that a socket whose arming changes several times
//! between two calls costs one request; and at once if a thread is inside `select`.
//!
//! A wake is a packet that is put into the port by hand, and so is a notification (`notifier`),
//! which has memory of its own, and by that its own token and mode. Named pipes
//! (`sys::windows`) use the port as it was meant, for reads and writes.
//!
//! Microsoft does not document the request. [libuv] and [wepoll] rely on it and on the same
//! numbers, and Wine answers it.
//!
//! [I/O completion port]: https://learn.microsoft.com/en-us/windows/win32/fileio/i-o-completion-ports
//! [libuv]: https://github.com/libuv/libuv
//! [wepoll]: https://github.com/piscisaureus/wepoll

mod arming;
mod changes;
mod device;
// The tests make no `Event` of a record.
#[cfg_attr(not(afd), allow(dead_code))]
pub(crate) mod event;
mod few;
#[cfg(afd)]
#[allow(unsafe_code)]
mod ffi;
mod group;
mod layers;
#[cfg(afd)]
pub(crate) mod notifier;
#[cfg(afd)]
#[allow(unsafe_code)]
pub(crate) mod operation;
#[cfg(afd)]
pub(crate) mod port;
#[cfg(afd)]
mod requests;
mod rounds;
#[cfg(afd)]
pub(crate) mod selector;
mod socket;
mod sockets;
#[cfg(test)]
mod tests;
#[cfg(all(afd, feature = "os-ext"))]
pub(crate) mod users;
#[cfg(afd)]
pub(crate) mod wait;
#[cfg(afd)]
mod waker;

#[cfg(all(afd, feature = "os-ext"))]
pub(crate) use self::ffi::{cancel, check_nt};
#[cfg(afd)]
pub(crate) use self::selector::{Selector, SourceState};
#[cfg(afd)]
pub(crate) use self::waker::Waker;
