//! poll(2), for platforms without a better mechanism and for comparison with the others.
//!
//! Each call of [`poll(2)`] takes an array of descriptors and returns which of them are ready. It
//! keeps no state between calls, has no edges, and has no descriptor of its own. This module adds
//! the rest.
//!
//! * **The table** ([`registrations`]) holds the registrations. All handles share it and any thread
//!   may change it. The array for the kernel ([`array`](mod@array)) is updated from it, only in the
//!   slots that changed.
//! * **Interruption.** The first entry of the array is a descriptor of our own. A thread that
//!   changes the table during a call makes it readable, so that the change takes effect at once.
//!   The waker uses the same descriptor.
//! * **Edges.** A direction that was delivered is left out of the array until it is *re-armed*. The
//!   sockets and pipes of this crate re-arm a direction when an operation in it returns
//!   `WouldBlock`. If no operation has succeeded since the last `WouldBlock`, the direction was
//!   reported as ready although it was not. Such a direction is re-armed at most every 10
//!   milliseconds. In between it awaits a probe.
//! * **Failures.** The kernel reports a failure for as long as it lasts, whatever is requested. A
//!   source with a failure is left out of the calls that wait. Probes, which do not wait, find out
//!   when it ends. After any error of an operation, and after `take_error`, a failure that is still
//!   there counts as another one and is delivered, at most every 10 milliseconds. So is readiness
//!   in the direction of the operation: a listener whose process has run out of descriptors must
//!   not stay silent.
//! * **Changes that the kernel reports once.** Some files report a change to one call of poll(2)
//!   only. Flags that a call returned and that could not be delivered are kept for the next one.
//!   Sockets and pipes need none of this.
//! * **Identity** (`sys/unix/identity.rs`). A number that has been reused must not be taken for the
//!   old file.
//! * **Limits** (`sys/unix/parts.rs`). The array may be longer than the process's limit of
//!   descriptors.
//! * **Raw sources** (`SourceFd`), whose I/O is not tracked, can't be re-armed on `WouldBlock`. So
//!   each poll first probes all their delivered directions without waiting. A direction that is no
//!   longer ready is re-armed. One that is still ready may have been left alone, or drained and
//!   filled again. That can't be known, so it is delivered again, but only every 10 milliseconds.
//!   That loses no event and is not a busy loop.
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
