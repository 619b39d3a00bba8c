//! epoll, the selector of Linux and Android, and of illumos and Redox, which have their own
//! implementations.
//!
//! An epoll instance is a descriptor with two lists in the kernel: the watched files and the ready
//! files. A source is added with its interests and 64 bits of user data, which hold the token.
//! [`epoll_wait(2)`] copies the ready list into our buffer, and users iterate over that buffer.
//!
//! An edge-triggered source is registered with `EPOLLET`, so the kernel itself reports only
//! changes. No direction has to be re-armed on `WouldBlock`, and a source keeps no state for epoll.
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
