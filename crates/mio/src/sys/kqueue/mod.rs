//! kqueue, the selector of macOS and its relatives, and of the BSDs.
//!
//! A kqueue is a descriptor with a list in the kernel. An entry of the list is a pair: a *filter*
//! (reading and writing are two) and an *ident*, which for these filters is a descriptor's number.
//! [`kevent(2)`] takes changes to the list and gives back what became true, and the latter is
//! written into the buffer that users iterate over. An entry keeps a pointer of ours, `udata`,
//! which holds the token and is never followed.
//!
//! **Modes.** For edges a filter is added with `EV_CLEAR`: after its event was taken, it tells what
//! changes next. Nothing has to be re-armed, and a source keeps no state for kqueue. For a level it
//! is added without a flag. For once it has `EV_DISPATCH`: the kernel disables it when its event is
//! taken. That once is once for both filters of a source, and what mode a filter has, is not known
//! to kqueue: [`modes`] keeps it, for programs that use other modes than edge.
//!
//! **A registration is up to two filters**, changed in one call. Each change carries `EV_RECEIPT`,
//! so that the kernel answers it by itself, also if it went well, and reports nothing else
//! meanwhile. What the answers mean is in [`changes`], and what kqueue can't tell follows from its
//! manual:
//!
//! * To add a filter that is there is to change its token. So it is not noticed if a source is
//!   registered twice: the second time counts, and if that fails for one direction, neither is
//!   left. A socket or pipe of this crate tells in debug builds.
//! * The flags that a filter was added with stay, at least on some systems. So a filter that is to
//!   have another mode is deleted and added.
//! * To enable or to delete a filter that is not there is `ENOENT`. That is how `reregister` learns
//!   whether the source is registered at all. To enable one that is enabled does nothing.
//! * The token that a filter had can't be read. If `reregister` fails because one filter can't be
//!   added, the filters are as they were, with their mode, and those that were there have the new
//!   token.
//! * A writing filter can't be added to a pipe whose readers are gone: `EPIPE` on [FreeBSD],
//!   `EBADF` on [NetBSD], where only a look at the descriptor tells that from a closed one.
//!   [macOS] adds the filter and reports its end. A refusal is no failure of the registration. The
//!   reading filter of the pipe stands in for the refused one: it reports its end at once, and is
//!   there for `reregister` and `deregister` to find.
//!
//! **A closed descriptor** leaves the list by itself, whether or not it was duplicated: kqueue
//! watches the number. A child of `fork` has no copy of the list and of the kqueue's descriptor, so
//! its copy of a selector does not close that number ([`handle`]).
//!
//! The waker is a filter that the program itself triggers, where the system has it, and otherwise a
//! pipe ([`waker`]).
//!
//! What reads and decides without a system call ([`changes`], [`modes`], [`reading`], [`timeout`])
//! is given the system's numbers as a value ([`numbers`]), so that it is tested on every system.
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
