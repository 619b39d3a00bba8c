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
//! * [`port`]: the completion port, one per `Poll`. `select` takes packets from it.
//! * [`device`]: a handle on AFD, bound to the port. The poll requests are made on such a handle
//!   and not on the sockets, so that a socket's own operations stay what they were.
//! * [`group`]: how many sockets share such a handle. AFD looks through the requests of one handle
//!   one after the other, so it is a limited number.
//! * [`socket`]: what is registered: the socket under the socket (the *base* handle, if some
//!   provider is layered above AFD), and the one request that may be under way for it.
//! * [`arming`]: which events that request has to ask for. A request ends with its first answer,
//!   and AFD answers at once what is so already. To make edges of that, what has been delivered is
//!   left out until an operation in that direction returns `WouldBlock`; only that direction is
//!   asked about again.
//! * [`raw`]: the registrations of sockets that the user has and that are known by number. Nobody
//!   sees their operations, so they have levels and oneshots.
//! * [`users`]: handles that are not ours alone, such as those of pipes, and which of
//!   their packets are ours.
//! * [`wait`]: handles that are no sockets and can be waited for.
//! * [`operation`]: memory that belongs to the kernel while a request is under way. It comes back
//!   with the packet and in no other way, whatever was dropped meanwhile. Cancelling a request only
//!   makes its packet come sooner.
//!
//! Requests are made when `select` begins, so that a socket whose arming changes several times
//! between two calls costs one request; and at once if a thread is inside `select`.
//!
//! A wake is a packet that is put into the port by hand, and so is a notification ([`notifier`]),
//! which has memory of its own, and by that its own token and mode. Named pipes
//! ([`sys::windows`](crate::sys::windows)) use the port as it was meant, for reads and writes.
//!
//! Microsoft does not document the request. [libuv] and [wepoll] rely on it and on the same
//! numbers, and Wine answers it.
//!
//! [I/O completion port]: https://learn.microsoft.com/en-us/windows/win32/fileio/i-o-completion-ports
//! [libuv]: https://github.com/libuv/libuv
//! [wepoll]: https://github.com/piscisaureus/wepoll

mod arming;
mod device;
pub(crate) mod event;
#[allow(unsafe_code)]
mod ffi;
mod group;
pub(crate) mod notifier;
#[allow(unsafe_code)]
pub(crate) mod operation;
pub(crate) mod port;
mod raw;
pub(crate) mod selector;
mod socket;
#[cfg(feature = "os-ext")]
pub(crate) mod users;
pub(crate) mod wait;
mod waker;

#[cfg(feature = "os-ext")]
pub(crate) use self::ffi::{cancel, check_nt};
pub(crate) use self::selector::{Selector, SourceState};
pub(crate) use self::waker::Waker;
