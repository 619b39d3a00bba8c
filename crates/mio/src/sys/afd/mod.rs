//! Windows: socket readiness, through the AFD device and an I/O completion port.
//!
//! # How it works
//!
//! Windows has no scalable call that waits for readiness. It has *completion*: a program starts an
//! operation on a file, and later takes a packet with the result from an [I/O completion port]. One
//! call takes the packets of all completed operations.
//!
//! An operation that completes when a socket becomes ready turns completion into readiness. The
//! driver below Winsock, AFD (`\Device\Afd`), has such an operation. The request `IOCTL_AFD_POLL`
//! completes when one of its sockets has one of its events. `select` uses it for the sockets of one
//! call. But any handle on the device accepts the request, and like other operations it can end
//! with a packet. The modules:
//!
//! * `port`: the completion port, one per `Poll`. `select` takes packets from it.
//! * [`device`]: the system calls of sockets, as a trait with a fake in the tests. `requests`
//!   implements it. Requests are started on a handle on AFD that is attached to the port. The
//!   sockets themselves are not attached, so their own operations are unaffected.
//! * [`group`]: the sockets that share such a handle. Their number is limited, because AFD searches
//!   the requests of a handle linearly.
//! * [`layers`]: the *base* handle, below any service providers that are layered above AFD.
//! * [`socket`]: the registrations of a socket, and its one request in flight.
//! * [`sockets`]: all registered sockets. A socket that the user owns is registered by number. Its
//!   I/O is raw, so it supports level and oneshot mode only.
//! * [`changes`]: the sockets whose request must change before the next wait.
//! * [`arming`]: the events that a request asks for. A request completes once, and it completes at
//!   once if an event is already there. So an edge-triggered registration leaves out the directions
//!   that were reported. `WouldBlock` re-arms that direction only.
//! * [`rounds`]: takes packets until one of them is an event, or until the deadline.
//! * `users`: handles that the user shares, such as those of pipes, and the filter for our own
//!   packets.
//! * `wait`: other waitable handles.
//! * `operation`: the memory that the kernel owns while an operation is in flight. Only the packet
//!   returns it, even if the source was dropped meanwhile. A cancellation only makes the packet
//!   arrive sooner.
//!
//! `select` starts the requests before it waits, so that a socket that changes several times
//! between two calls costs one request. If a thread is already waiting, a change starts its request
//! at once.
//!
//! A wake is a posted packet. So is a notification (`notifier`), whose packet has memory of its
//! own, and with it a token and a mode of its own. Named pipes (`sys::windows`) use the port
//! directly, for reads and writes.
//!
//! Microsoft does not document the request. [libuv] and [wepoll] rely on it with the same
//! constants, and Wine implements it.
//!
//! [I/O completion port]: https://learn.microsoft.com/en-us/windows/win32/fileio/i-o-completion-ports
//! [libuv]: https://github.com/libuv/libuv
//! [wepoll]: https://github.com/piscisaureus/wepoll

mod arming;
mod changes;
mod device;
// The portable tests create no `Event` from a native event.
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
