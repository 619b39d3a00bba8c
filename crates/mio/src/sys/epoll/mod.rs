//! epoll, the selector of Linux and Android, and of two systems that have made their own: illumos
//! and Redox.
//!
//! An epoll instance is a descriptor with two lists in the kernel: what is watched, and what has
//! become ready. A source is added with the events of interest and 64 bits of ours, which hold the
//! token; [`epoll_wait(2)`] copies the ready list into our buffer, and that buffer is what users
//! iterate over.
//!
//! Everything is registered with `EPOLLET`, so the kernel itself reports only changes: nothing has
//! to be re-armed when an operation would have blocked, and a source keeps no state for epoll.
//! A closed socket leaves both lists by itself, unless its descriptor was duplicated: epoll watches
//! the open file, not the number.
//!
//! The waker is a descriptor like any other ([`waker`]).
//!
//! Manual: [`epoll(7)`], [`epoll_create(2)`], [`epoll_ctl(2)`], [`epoll_wait(2)`], and [illumos's].
//!
//! [`epoll(7)`]: https://man7.org/linux/man-pages/man7/epoll.7.html
//! [`epoll_create(2)`]: https://man7.org/linux/man-pages/man2/epoll_create.2.html
//! [`epoll_ctl(2)`]: https://man7.org/linux/man-pages/man2/epoll_ctl.2.html
//! [`epoll_wait(2)`]: https://man7.org/linux/man-pages/man2/epoll_wait.2.html
//! [illumos's]: https://illumos.org/man/7/epoll

pub(crate) mod event;
#[allow(unsafe_code)]
mod ffi;
mod selector;
mod timeout;
mod waker;

pub(crate) use self::selector::{Selector, SourceState};
pub(crate) use self::waker::Waker;
