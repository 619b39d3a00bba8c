//! The system calls of sockets and handles.

use std::io;

use windows_sys::core::BOOL;

/// Converts the result of a system call that returns 0 on failure.
pub(crate) fn check(result: BOOL) -> io::Result<()> {
    if result == 0 {
        return Err(io::Error::last_os_error());
    }
    Ok(())
}

#[cfg(feature = "net")]
pub(super) use self::net::*;

#[cfg(feature = "net")]
mod net {
    use std::mem::MaybeUninit;
    use std::net::{SocketAddr, SocketAddrV4, SocketAddrV6};
    use std::os::windows::io::{
        AsRawSocket, BorrowedSocket, FromRawSocket, OwnedSocket, RawSocket,
    };
    use std::ptr;

    use windows_sys::Win32::Foundation::{HANDLE, HANDLE_FLAG_INHERIT, SetHandleInformation};
    use windows_sys::Win32::Networking::WinSock::{
        ADDRESS_FAMILY, AF_INET, AF_INET6, FIONBIO, IN_ADDR, IN_ADDR_0, IN6_ADDR, IN6_ADDR_0,
        INVALID_SOCKET, SOCKADDR, SOCKADDR_IN, SOCKADDR_IN6, SOCKADDR_IN6_0, SOCKET, SOCKET_ERROR,
        WSA_FLAG_NO_HANDLE_INHERIT, WSA_FLAG_OVERLAPPED, WSADATA, WSAGetLastError, WSASocketW,
        WSAStartup, bind, connect, getsockopt, ioctlsocket, listen,
    };

    use super::*;

    /// `WSAStartup(2.2, data)`
    pub(in crate::sys::windows) fn start_winsock() -> io::Result<()> {
        const VERSION: u16 = 0x0202;
        let mut data = MaybeUninit::<WSADATA>::uninit();
        // SAFETY: the output parameter is on our stack.
        match unsafe { WSAStartup(VERSION, data.as_mut_ptr()) } {
            0 => Ok(()),
            code => Err(io::Error::from_raw_os_error(code)),
        }
    }

    /// `WSASocketW(family, kind, 0, NULL, 0, WSA_FLAG_OVERLAPPED | WSA_FLAG_NO_HANDLE_INHERIT)`
    pub(in crate::sys::windows) fn socket(
        family: ADDRESS_FAMILY,
        kind: i32,
    ) -> io::Result<OwnedSocket> {
        let flags = WSA_FLAG_OVERLAPPED | WSA_FLAG_NO_HANDLE_INHERIT;
        // SAFETY: the only pointer argument is null.
        let socket = unsafe { WSASocketW(family.into(), kind, 0, ptr::null(), 0, flags) };
        if socket == INVALID_SOCKET {
            return Err(last_error());
        }
        // SAFETY: the socket was just created, and nobody else owns it.
        Ok(unsafe { OwnedSocket::from_raw_socket(socket as RawSocket) })
    }

    /// `ioctlsocket(socket, FIONBIO, 1)`
    pub(in crate::sys::windows) fn set_nonblocking(socket: BorrowedSocket<'_>) -> io::Result<()> {
        let mut nonblocking = 1;
        // SAFETY: the request reads one number, which is on our stack.
        check_socket(unsafe { ioctlsocket(raw(socket), FIONBIO, &raw mut nonblocking) })
    }

    /// `SetHandleInformation(socket, HANDLE_FLAG_INHERIT, 0)`
    pub(in crate::sys::windows) fn set_no_inherit(socket: BorrowedSocket<'_>) -> io::Result<()> {
        // SAFETY: the socket is open, and a socket is a handle.
        check(unsafe { SetHandleInformation(raw(socket) as HANDLE, HANDLE_FLAG_INHERIT, 0) })
    }

    /// `bind(socket, address, length)`
    pub(in crate::sys::windows) fn bind_to(
        socket: BorrowedSocket<'_>,
        address: SocketAddr,
    ) -> io::Result<()> {
        let address = Address::from(address);
        let (pointer, length) = address.as_raw();
        // SAFETY: the address lives through the call, and `length` is its size.
        check_socket(unsafe { bind(raw(socket), pointer, length) })
    }

    /// `connect(socket, address, length)`
    pub(in crate::sys::windows) fn connect_to(
        socket: BorrowedSocket<'_>,
        address: SocketAddr,
    ) -> io::Result<()> {
        let address = Address::from(address);
        let (pointer, length) = address.as_raw();
        // SAFETY: the address lives through the call, and `length` is its size.
        check_socket(unsafe { connect(raw(socket), pointer, length) })
    }

    /// `listen(socket, backlog)`
    pub(in crate::sys::windows) fn start_listening(
        socket: BorrowedSocket<'_>,
        backlog: i32,
    ) -> io::Result<()> {
        // SAFETY: the call takes no pointer.
        check_socket(unsafe { listen(raw(socket), backlog) })
    }

    /// `getsockopt(socket, level, option, value)` for an option that is a number.
    pub(in crate::sys::windows) fn option(
        socket: BorrowedSocket<'_>,
        level: i32,
        option: i32,
    ) -> io::Result<u32> {
        let mut value = 0_u32;
        let mut length = size_of::<u32>() as i32;
        let pointer = (&raw mut value).cast();
        // SAFETY: the output buffer is on our stack and as long as we say.
        check_socket(unsafe { getsockopt(raw(socket), level, option, pointer, &raw mut length) })?;
        Ok(value)
    }

    /// An address in the form that Winsock reads.
    enum Address {
        V4(SOCKADDR_IN),
        V6(SOCKADDR_IN6),
    }

    impl Address {
        /// Returns a pointer, which lives as long as `self`, and the size.
        fn as_raw(&self) -> (*const SOCKADDR, i32) {
            match self {
                Address::V4(address) => (
                    (&raw const *address).cast(),
                    size_of::<SOCKADDR_IN>() as i32,
                ),
                Address::V6(address) => (
                    (&raw const *address).cast(),
                    size_of::<SOCKADDR_IN6>() as i32,
                ),
            }
        }
    }

    impl From<SocketAddr> for Address {
        fn from(address: SocketAddr) -> Address {
            match address {
                SocketAddr::V4(address) => Address::V4(v4(address)),
                SocketAddr::V6(address) => Address::V6(v6(address)),
            }
        }
    }

    fn v4(address: SocketAddrV4) -> SOCKADDR_IN {
        SOCKADDR_IN {
            sin_family: AF_INET,
            sin_port: address.port().to_be(),
            sin_addr: IN_ADDR {
                S_un: IN_ADDR_0 {
                    S_addr: u32::from_ne_bytes(address.ip().octets()),
                },
            },
            sin_zero: [0; 8],
        }
    }

    fn v6(address: SocketAddrV6) -> SOCKADDR_IN6 {
        SOCKADDR_IN6 {
            sin6_family: AF_INET6,
            sin6_port: address.port().to_be(),
            sin6_addr: IN6_ADDR {
                u: IN6_ADDR_0 {
                    Byte: address.ip().octets(),
                },
            },
            sin6_flowinfo: address.flowinfo(),
            Anonymous: SOCKADDR_IN6_0 {
                sin6_scope_id: address.scope_id(),
            },
        }
    }

    fn raw(socket: BorrowedSocket<'_>) -> SOCKET {
        socket.as_raw_socket() as SOCKET
    }

    fn check_socket(result: i32) -> io::Result<()> {
        if result == SOCKET_ERROR {
            return Err(last_error());
        }
        Ok(())
    }

    fn last_error() -> io::Error {
        // SAFETY: this call is always allowed.
        io::Error::from_raw_os_error(unsafe { WSAGetLastError() })
    }
}
