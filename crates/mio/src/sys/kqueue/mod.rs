//! kqueue, the selector of macOS, the other Apple platforms, and the BSDs.
//!
//! A kqueue is a descriptor with a list in the kernel. An entry of the list is a pair of a *filter*
//! (reading and writing are separate filters) and an *ident*, which for these filters is a
//! descriptor's number. [`kevent(2)`] takes changes to the list and returns events, which it writes
//! into the buffer that users iterate over. An entry keeps a pointer of user data, `udata`, which
//! holds the token and is never dereferenced.
//!
//! **Modes.** For edge-triggered mode a filter is added with `EV_CLEAR`: once its event was taken,
//! it reports the next change. No direction has to be re-armed on `WouldBlock`, and a source keeps
//! no state for kqueue. For level-triggered mode a filter is added without a flag. For oneshot mode
//! it is added with `EV_DISPATCH`: the kernel disables it when its event is taken. kqueue does not
//! know that one oneshot covers both filters of a source, and does not report the mode of a filter.
//! [`modes`] keeps that state, for programs that use other modes than edge.
//!
//! **A registration is up to two filters**, changed in one call. Each change carries `EV_RECEIPT`,
//! so that the kernel returns a receipt for each change, even if it succeeded, and returns no
//! events in the same call. [`changes`] interprets the receipts. The manuals imply these limits of
//! kqueue:
//!
//! * Adding a filter that exists changes its token. So a second `register` of a source is not
//!   noticed: the second one takes effect, and if it fails for one direction, neither filter is
//!   left. A socket or pipe of this crate detects a second `register` in debug builds.
//! * A filter keeps the flags that it was added with, at least on some platforms. So a change of
//!   mode deletes the filter and adds it again.
//! * Enabling or deleting a filter that does not exist fails with `ENOENT`. That is how
//!   `reregister` learns whether the source is registered. Enabling a filter that is enabled has no
//!   effect.
//! * The token of a filter can't be read. If `reregister` fails because one filter can't be added,
//!   the filters keep their mode, and those that existed have the new token.
//! * A writing filter can't be added to a pipe whose readers are gone. The error is `EPIPE` on
//!   [FreeBSD] and `EBADF` on [NetBSD], where only `fstat` distinguishes that from a closed
//!   descriptor. [macOS] adds the filter and reports its end. Such a refusal does not fail the
//!   registration. The reading filter of the pipe stands in for the refused one: it reports its end
//!   at once, and `reregister` and `deregister` find it.
//!
//! **A closed descriptor** leaves the list by itself, whether or not it was duplicated: kqueue
//! watches the number. A child of `fork` has no copy of the list or of the kqueue's descriptor, so
//! the child's copy of a selector does not close that number ([`handle`]).
//!
//! The waker is a user event, where the platform has them, and otherwise a pipe ([`waker`]).
//!
//! The code that decodes and decides without a system call ([`changes`], [`modes`], [`reading`],
//! [`timeout`]) takes the platform's constants as a value ([`numbers`]), so that every platform
//! tests it.
//!
//! Manual: kqueue(2) of [FreeBSD][f], [NetBSD][n], [OpenBSD][o], [DragonFly BSD][d], [macOS][m].
//!
//! [`kevent(2)`]: https://man.freebsd.org/cgi/man.cgi?query=kevent&sektion=2
//! [macOS]: https://github.com/apple-oss-distributions/xnu/blob/main/bsd/kern/sys_pipe.c
//! [NetBSD]: https://cvsweb.netbsd.org/bsdweb.cgi/src/sys/kern/sys_pipe.c
//! [FreeBSD]: https://cgit.freebsd.org/src/tree/sys/kern/sys_pipe.c
//! [f]: https://man.freebsd.org/cgi/man.cgi?query=kqueue&sektion=2
//! [n]: https://man.netbsd.org/kqueue.2
//! [o]: https://man.openbsd.org/kqueue.2
//! [d]: https://man.dragonflybsd.org/?command=kqueue&section=2
//! [m]: https://github.com/apple-oss-distributions/xnu/blob/main/bsd/man/man2/kqueue.2

mod changes;
#[cfg(kqueue)]
pub(crate) mod event;
#[cfg(test)]
mod fake;
#[cfg(kqueue)]
#[allow(unsafe_code)]
mod ffi;
#[cfg(kqueue)]
mod handle;
mod modes;
mod numbers;
mod reading;
#[cfg(kqueue)]
mod selector;
mod timeout;
#[cfg(kqueue)]
mod waker;

#[cfg(kqueue)]
pub(crate) use self::selector::{Selector, SourceState};
#[cfg(kqueue)]
pub(crate) use self::waker::Waker;
