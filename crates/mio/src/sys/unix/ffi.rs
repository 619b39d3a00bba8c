//! The system calls that the selectors of Unix share. One function makes one call.

use std::io;
use std::os::fd::{AsRawFd, BorrowedFd, FromRawFd, OwnedFd};

use libc::c_int;

/// Converts the result of a system call that returns -1 for an error.
#[inline]
pub(crate) fn check(result: c_int) -> io::Result<c_int> {
    if result == -1 {
        Err(io::Error::last_os_error())
    } else {
        Ok(result)
    }
}

/// `eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)`
#[cfg(signal_eventfd)]
pub(super) fn eventfd() -> io::Result<OwnedFd> {
    #[cfg(not(plain_eventfd))]
    let flags = libc::EFD_CLOEXEC | libc::EFD_NONBLOCK;
    #[cfg(plain_eventfd)]
    let flags = 0;
    // SAFETY: the call takes no pointer.
    let fd = check(unsafe { libc::eventfd(0, flags) })?;
    // SAFETY: the descriptor was just created and has no other owner.
    Ok(unsafe { OwnedFd::from_raw_fd(fd) })
}

/// `pipe2(ends, O_CLOEXEC | O_NONBLOCK)`
#[cfg(all(unix, pipe2))]
pub(super) fn pipe() -> io::Result<[OwnedFd; 2]> {
    let mut ends = [-1; 2];
    // SAFETY: `ends` has room for the two descriptors.
    check(unsafe { libc::pipe2(ends.as_mut_ptr(), libc::O_CLOEXEC | libc::O_NONBLOCK) })?;
    // SAFETY: the descriptors were just created and have no other owner.
    Ok(ends.map(|fd| unsafe { OwnedFd::from_raw_fd(fd) }))
}

/// `pipe(ends)`
#[cfg(all(unix, not(pipe2)))]
pub(super) fn pipe() -> io::Result<[OwnedFd; 2]> {
    let mut ends = [-1; 2];
    // SAFETY: `ends` has room for the two descriptors.
    check(unsafe { libc::pipe(ends.as_mut_ptr()) })?;
    // SAFETY: the descriptors were just created and have no other owner.
    Ok(ends.map(|fd| unsafe { OwnedFd::from_raw_fd(fd) }))
}

/// `fcntl(fd, F_GETFL)`
#[cfg(all(unix, any(feature = "os-ext", not(pipe2))))]
pub(super) fn status_flags(fd: BorrowedFd<'_>) -> io::Result<c_int> {
    // SAFETY: the call takes no pointer.
    check(unsafe { libc::fcntl(fd.as_raw_fd(), libc::F_GETFL, 0) })
}

/// `fcntl(fd, F_SETFL, flags)`
#[cfg(all(unix, any(feature = "os-ext", not(pipe2))))]
pub(super) fn set_status_flags(fd: BorrowedFd<'_>, flags: c_int) -> io::Result<()> {
    // SAFETY: the call takes no pointer.
    check(unsafe { libc::fcntl(fd.as_raw_fd(), libc::F_SETFL, flags) })?;
    Ok(())
}

/// `fcntl(fd, F_SETFD, FD_CLOEXEC)`
#[cfg(all(
    not(no_exec),
    any(
        event_ports,
        all(kqueue, not(kqueue1)),
        not(pipe2),
        all(feature = "net", not(sockets_of_std))
    )
))]
pub(crate) fn set_cloexec(fd: BorrowedFd<'_>) -> io::Result<()> {
    // SAFETY: the call takes no pointer.
    check(unsafe { libc::fcntl(fd.as_raw_fd(), libc::F_SETFD, libc::FD_CLOEXEC) })?;
    Ok(())
}

/// `fstat(fd, status)`
#[cfg(any(event_ports, poll))]
pub(super) fn fstat(fd: std::os::fd::RawFd) -> io::Result<libc::stat> {
    let mut status = std::mem::MaybeUninit::<libc::stat>::uninit();
    // SAFETY: `status` has room for the result. A bad descriptor is an error of the call.
    check(unsafe { libc::fstat(fd, status.as_mut_ptr()) })?;
    // SAFETY: the call has succeeded, so it has filled `status`.
    Ok(unsafe { status.assume_init() })
}

/// `fcntl(fd, F_GETFL)`: returns whether it was opened for reading, writing or both.
#[cfg(all(unix, any(event_ports, poll)))]
pub(super) fn access_mode(fd: std::os::fd::RawFd) -> io::Result<c_int> {
    // SAFETY: the call takes no pointer. A bad descriptor is an error of the call.
    let flags = check(unsafe { libc::fcntl(fd, libc::F_GETFL, 0) })?;
    Ok(flags & libc::O_ACCMODE)
}

#[cfg(all(feature = "net", not(sockets_of_std)))]
pub(super) use self::net::*;

#[cfg(all(feature = "net", not(sockets_of_std)))]
mod net {
    use std::mem::{self, MaybeUninit};

    #[cfg(unix)]
    use libc::sockaddr_un;
    use libc::{sockaddr_in, sockaddr_in6, sockaddr_storage, socklen_t};

    use super::*;
    use crate::sys::unix::address::Address;

    /// `socket(family, kind, 0)`
    pub(in crate::sys::unix) fn socket(family: c_int, kind: c_int) -> io::Result<OwnedFd> {
        // SAFETY: the call takes no pointer.
        let fd = check(unsafe { libc::socket(family, kind, 0) })?;
        // SAFETY: the descriptor was just created and has no other owner.
        Ok(unsafe { OwnedFd::from_raw_fd(fd) })
    }

    /// `socketpair(AF_UNIX, kind, 0, pair)`
    #[cfg(unix)]
    pub(in crate::sys::unix) fn socketpair(kind: c_int) -> io::Result<[OwnedFd; 2]> {
        let mut pair = [-1; 2];
        // SAFETY: `pair` has room for the two descriptors.
        check(unsafe { libc::socketpair(libc::AF_UNIX, kind, 0, pair.as_mut_ptr()) })?;
        // SAFETY: the descriptors were just created and have no other owner.
        Ok(pair.map(|fd| unsafe { OwnedFd::from_raw_fd(fd) }))
    }

    /// `connect(fd, address, length)`
    pub(in crate::sys::unix) fn connect(fd: BorrowedFd<'_>, address: &Address) -> io::Result<()> {
        let (pointer, length) = address.as_raw();
        // SAFETY: the address lives through the call, and `length` is its length.
        check(unsafe { libc::connect(fd.as_raw_fd(), pointer, length) })?;
        Ok(())
    }

    /// `bind(fd, address, length)`
    pub(in crate::sys::unix) fn bind(fd: BorrowedFd<'_>, address: &Address) -> io::Result<()> {
        let (pointer, length) = address.as_raw();
        // SAFETY: the address lives through the call, and `length` is its length.
        check(unsafe { libc::bind(fd.as_raw_fd(), pointer, length) })?;
        Ok(())
    }

    /// `listen(fd, backlog)`
    pub(in crate::sys::unix) fn listen(fd: BorrowedFd<'_>, backlog: c_int) -> io::Result<()> {
        // SAFETY: the call takes no pointer.
        check(unsafe { libc::listen(fd.as_raw_fd(), backlog) })?;
        Ok(())
    }

    /// The flags in the type of a new socket, and of `accept4(2)`.
    #[cfg(all(any(socket_flags, accept4), not(no_exec)))]
    pub(in crate::sys::unix) const SOCKET_FLAGS: c_int = libc::SOCK_CLOEXEC | libc::SOCK_NONBLOCK;
    #[cfg(all(any(socket_flags, accept4), no_exec))]
    pub(in crate::sys::unix) const SOCKET_FLAGS: c_int = libc::SOCK_NONBLOCK;

    /// `accept4(fd, address, length, SOCK_CLOEXEC | SOCK_NONBLOCK)`
    ///
    /// The address is `None` if no socket type of this crate has its family.
    #[cfg(accept4)]
    pub(in crate::sys::unix) fn accept4(
        fd: BorrowedFd<'_>,
    ) -> io::Result<(OwnedFd, Option<Address>)> {
        let mut storage = MaybeUninit::<sockaddr_storage>::zeroed();
        let mut length = size_of::<sockaddr_storage>() as socklen_t;
        // SAFETY: `storage` is as long as `length` says.
        let accepted = unsafe {
            libc::accept4(
                fd.as_raw_fd(),
                storage.as_mut_ptr().cast(),
                &raw mut length,
                SOCKET_FLAGS,
            )
        };
        let accepted = check(accepted)?;
        // SAFETY: the descriptor was just created and has no other owner.
        let accepted = unsafe { OwnedFd::from_raw_fd(accepted) };
        Ok((accepted, decode(&storage, length)))
    }

    /// `accept(fd, address, length)`
    ///
    /// The address is `None` if no socket type of this crate has its family.
    pub(in crate::sys::unix) fn accept(
        fd: BorrowedFd<'_>,
    ) -> io::Result<(OwnedFd, Option<Address>)> {
        let mut storage = MaybeUninit::<sockaddr_storage>::zeroed();
        let mut length = size_of::<sockaddr_storage>() as socklen_t;
        // SAFETY: `storage` is as long as `length` says.
        let accepted =
            unsafe { libc::accept(fd.as_raw_fd(), storage.as_mut_ptr().cast(), &raw mut length) };
        let accepted = check(accepted)?;
        // SAFETY: the descriptor was just created and has no other owner.
        let accepted = unsafe { OwnedFd::from_raw_fd(accepted) };
        Ok((accepted, decode(&storage, length)))
    }

    /// `setsockopt(fd, level, option, value)` for an option that is an `int`.
    pub(in crate::sys::unix) fn set_option(
        fd: BorrowedFd<'_>,
        level: c_int,
        option: c_int,
        value: c_int,
    ) -> io::Result<()> {
        let length = size_of::<c_int>() as socklen_t;
        let pointer = (&raw const value).cast();
        // SAFETY: the value is on the stack, and `length` is its length.
        check(unsafe { libc::setsockopt(fd.as_raw_fd(), level, option, pointer, length) })?;
        Ok(())
    }

    /// `getsockopt(fd, level, option, value)` for an option that is an `int`.
    pub(in crate::sys::unix) fn option(
        fd: BorrowedFd<'_>,
        level: c_int,
        option: c_int,
    ) -> io::Result<c_int> {
        let mut value: c_int = 0;
        let mut length = size_of::<c_int>() as socklen_t;
        let pointer = (&raw mut value).cast();
        // SAFETY: the value is on the stack, and `length` is its length.
        check(unsafe {
            libc::getsockopt(fd.as_raw_fd(), level, option, pointer, &raw mut length)
        })?;
        Ok(value)
    }

    /// An all-zero address, whatever fields the platform's type has.
    pub(in crate::sys::unix) trait Zeroed: Sized {
        fn zeroed() -> Self;
    }

    impl Zeroed for sockaddr_in {
        fn zeroed() -> Self {
            // SAFETY: all fields are integers, for which zero is a valid value.
            unsafe { mem::zeroed() }
        }
    }

    impl Zeroed for sockaddr_in6 {
        fn zeroed() -> Self {
            // SAFETY: all fields are integers, for which zero is a valid value.
            unsafe { mem::zeroed() }
        }
    }

    #[cfg(unix)]
    impl Zeroed for sockaddr_un {
        fn zeroed() -> Self {
            // SAFETY: all fields are integers, for which zero is a valid value.
            unsafe { mem::zeroed() }
        }
    }

    /// Reads the address that the kernel has written to `storage`.
    #[cfg_attr(not(unix), allow(unused_variables))] // Only names have a length of their own.
    fn decode(storage: &MaybeUninit<sockaddr_storage>, length: socklen_t) -> Option<Address> {
        // SAFETY: it was zeroed before the kernel wrote to it, and all its fields are integers.
        let family = c_int::from(unsafe { storage.assume_init_ref() }.ss_family);
        let pointer = storage.as_ptr();
        match family {
            // SAFETY: the storage is large enough and aligned for every kind of address, its bytes
            // are initialized, and the family says which kind it is.
            libc::AF_INET => Some(Address::V4(unsafe { *pointer.cast::<sockaddr_in>() })),
            // SAFETY: as above.
            libc::AF_INET6 => Some(Address::V6(unsafe { *pointer.cast::<sockaddr_in6>() })),
            // Some platforms give an unnamed Unix peer no family at all.
            // SAFETY: as above.
            #[cfg(unix)]
            libc::AF_UNIX | 0 => Some(Address::Unix(
                unsafe { *pointer.cast::<sockaddr_un>() },
                length,
            )),
            _ => None,
        }
    }
}
