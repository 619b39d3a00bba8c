//! Code shared by the platforms whose sources are file descriptors: sockets, pipes, addresses, and
//! the descriptor by which one thread interrupts another.

#[cfg(all(feature = "net", not(sockets_of_std)))]
pub(crate) mod address;
#[cfg(signal_eventfd)]
mod eventfd;
#[allow(unsafe_code)]
mod ffi;
#[cfg(signal_flag)]
mod flag;
#[cfg(any(event_ports, poll))]
mod identity;
#[cfg(any(signal_eventfd, signal_flag, signal_pipe))]
pub(crate) mod notifier;
#[cfg(any(event_ports, all(poll, not(dense_poll))))]
pub(crate) mod parts;
#[cfg(any(all(unix, any(feature = "os-ext", event_ports, poll)), signal_pipe))]
pub(crate) mod pipe;
#[cfg(any(event_ports, poll))]
pub(crate) mod poll_bits;
#[cfg(any(event_ports, poll))]
pub(crate) mod progress;
#[cfg(any(event_ports, poll))]
pub(crate) mod registrations;
#[cfg(any(signal_eventfd, signal_pipe))]
mod signal;
#[cfg(any(event_ports, poll))]
mod slot;
#[cfg(all(feature = "net", not(sockets_of_std)))]
pub(crate) mod socket;
#[cfg(all(feature = "net", sockets_of_std))]
pub(crate) mod std_socket;
#[cfg(all(unix, feature = "net"))]
mod unix_address;
#[cfg(all(unix, feature = "net"))]
pub(crate) mod unix_socket;

#[cfg(any(epoll, kqueue, event_ports, poll))]
pub(crate) use self::ffi::check;
#[cfg(any(event_ports, all(kqueue, not(kqueue1))))]
pub(crate) use self::ffi::set_cloexec;
#[cfg(signal_flag)]
pub(crate) use self::flag::Flag as Signal;
#[cfg(any(signal_eventfd, signal_pipe))]
pub(crate) use self::signal::Signal;
#[cfg(all(feature = "net", sockets_of_std))]
pub(crate) use self::std_socket as socket;

/// The identifier by which the OS knows a source.
pub(crate) type RawSource = std::os::fd::RawFd;

/// The trait of the types that a selector can watch.
pub(crate) use std::os::fd::AsRawFd as AsRawSource;

pub(crate) fn raw_source(source: &impl AsRawSource) -> RawSource {
    source.as_raw_fd()
}

/// Returns whether a system call was refused, either by a kernel that does not have it or by the
/// filter of a sandbox, which may choose the error. The caller has a fallback.
#[cfg(any(
    all(accept4, feature = "net"),
    all(epoll, epoll_pwait2),
    all(signal_eventfd, signal_pipe)
))]
pub(crate) fn is_refused(err: &std::io::Error) -> bool {
    matches!(
        err.raw_os_error(),
        Some(libc::ENOSYS | libc::EPERM | libc::EACCES)
    )
}
