//! poll(2), for systems with nothing better and for comparing with the others.
//!
//! [`poll(2)`] is given an array of descriptors on each call and says which of them are ready now:
//! it keeps nothing between calls, knows no edges, and has no descriptor of its own. The rest is
//! made here.
//!
//! * **The table** ([`registrations`]) holds what is registered. It is shared by all handles and
//!   may be changed by any thread; the array for the system ([`array`]) is built from it, slot by
//!   slot, and only where it changed.
//! * **Interruption.** The first entry of the array is a descriptor of ours. Who changes the table
//!   while a thread is inside the call makes it readable, so that the change counts at once.
//!   The waker uses the same descriptor.
//! * **Edges.** What has been delivered is left out of the array until it is *re-armed*. The
//!   sockets and pipes of this crate do that themselves when an operation returns `WouldBlock`, for
//!   the direction that blocked. If no operation succeeded since the last `WouldBlock`, the direction
//!   was reported as ready although it was not. It then awaits a probe, or the next call would
//!   report it again at once.
//! * **Failures** are reported by the system as long as they last, whatever it is asked. A source
//!   with one is left out of the calls that wait; calls that don't wait tell when it is over. After
//!   any error of an operation, and after `take_error`, a failure that is still there is another one
//!   and is delivered, at most every 10 milliseconds. So is readiness in the direction of the
//!   operation: a listener that has no descriptor left must not stay silent.
//! * **Changes that the kernel reports once.** Some files report a change to one call of poll(2)
//!   only. What a call returned and could not be delivered is kept for the next one. Sockets and
//!   pipes need none of this.
//! * **Identity** (`sys/unix/identity.rs`). A number that is in use again must not be taken for the
//!   old file.
//! * **Limits** (`sys/unix/parts.rs`). The array may be longer than the process may have descriptors.
//! * **Sources whose I/O we don't see** (`SourceFd`) can't tell. For them each poll first asks,
//!   without waiting, about everything that was delivered: what is no longer ready is re-armed.
//!   What is ready still may have been left alone, or used up and filled again; nobody can know, so
//!   it is delivered again, but only every 10 milliseconds, which loses nothing and is not a busy
//!   loop.
//!
//! [`registrations`]: crate::sys::unix::registrations
//! [`poll(2)`]: https://man7.org/linux/man-pages/man2/poll.2.html

mod array;
pub(crate) mod event;
#[allow(unsafe_code)]
mod ffi;
mod selector;
mod waker;

pub(crate) use self::selector::{Selector, SourceState};
pub(crate) use self::waker::Waker;
