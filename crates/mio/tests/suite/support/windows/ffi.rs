//! System calls of Windows for tests that std lacks.

use std::io;
use std::os::windows::io::{AsRawSocket, AsSocket, FromRawSocket, OwnedSocket, RawSocket};
use std::time::Duration;

use windows_sys::Win32::Foundation::{
    FILETIME, GetHandleInformation, HANDLE, HANDLE_FLAG_INHERIT, SetHandleInformation,
};
use windows_sys::Win32::Networking::WinSock::{
    AF_INET6, INVALID_SOCKET, IPPROTO_IPV6, IPV6_V6ONLY, LINGER, SO_LINGER, SOCK_DGRAM, SOCKET,
    SOL_SOCKET, WSA_FLAG_OVERLAPPED, WSASocketW, closesocket, listen, setsockopt,
};
use windows_sys::Win32::System::Threading::{GetCurrentThread, GetThreadTimes};
use windows_sys::core::BOOL;

fn check(result: BOOL) {
    assert_ne!(result, 0, "{}", io::Error::last_os_error());
}

/// Checks a result of Winsock, where 0 is success.
fn check_socket(result: i32) {
    assert_eq!(result, 0, "{}", io::Error::last_os_error());
}

/// Closes the connection with a reset.
pub(crate) fn reset(stream: std::net::TcpStream) {
    let linger = LINGER {
        l_onoff: 1,
        l_linger: 0,
    };
    let length = size_of::<LINGER>() as i32;
    let pointer = (&raw const linger).cast();
    let socket = stream.as_raw_socket() as SOCKET;
    // SAFETY: the option is on our stack and as long as we say.
    check_socket(unsafe { setsockopt(socket, SOL_SOCKET, SO_LINGER, pointer, length) });
}

/// Returns `true` if child processes inherit the socket.
pub(crate) fn is_inherited(source: &impl AsSocket) -> bool {
    let socket = source.as_socket().as_raw_socket() as HANDLE;
    let mut flags = 0;
    // SAFETY: the socket is open and is a handle, and the output parameter is on our stack.
    check(unsafe { GetHandleInformation(socket, &raw mut flags) });
    flags & HANDLE_FLAG_INHERIT != 0
}

/// Makes child processes inherit the socket.
pub(crate) fn set_inherited(source: &impl AsSocket) {
    let socket = source.as_socket().as_raw_socket() as HANDLE;
    // SAFETY: the socket is open and is a handle.
    check(unsafe { SetHandleInformation(socket, HANDLE_FLAG_INHERIT, HANDLE_FLAG_INHERIT) });
}

/// Returns the number of open handles of this process, including sockets.
///
/// It probes them one by one, because some emulators of Windows always report a count of 0.
pub(crate) fn open_handles() -> usize {
    let is_open = |handle: &usize| {
        let mut flags = 0;
        // SAFETY: the call fails for an invalid handle, and the output parameter is on our stack.
        unsafe { GetHandleInformation(*handle as HANDLE, &raw mut flags) != 0 }
    };
    // Handles are small multiples of four.
    (4..1 << 13).step_by(4).filter(is_open).count()
}

/// Closes a socket, which its owner must then forget.
pub(crate) fn close_behind_its_back(source: &impl AsSocket) {
    let socket = source.as_socket().as_raw_socket() as SOCKET;
    // SAFETY: the call takes no pointer.
    check_socket(unsafe { closesocket(socket) });
}

/// Returns the processor time of this thread.
pub(crate) fn thread_time() -> Duration {
    let duration = |time: FILETIME| {
        let ticks = u64::from(time.dwHighDateTime) << 32 | u64::from(time.dwLowDateTime);
        Duration::from_nanos(ticks * 100)
    };
    let [mut created, mut ended, mut kernel, mut user] = [FILETIME::default(); 4];
    // SAFETY: this call is always allowed.
    let thread = unsafe { GetCurrentThread() };
    // SAFETY: the output parameters are on our stack.
    check(unsafe {
        GetThreadTimes(
            thread,
            &raw mut created,
            &raw mut ended,
            &raw mut kernel,
            &raw mut user,
        )
    });
    duration(kernel) + duration(user)
}

/// Changes the backlog of a listener.
pub(crate) fn listen_again(listener: &impl AsSocket, backlog: i32) {
    let socket = listener.as_socket().as_raw_socket() as SOCKET;
    // SAFETY: the call takes no pointer.
    check_socket(unsafe { listen(socket, backlog) });
}

/// Creates an owner from a socket that was just released with `into_raw`.
pub(crate) fn from_raw<T: FromRawSocket>(socket: RawSocket) -> T {
    // SAFETY: the caller has released the socket, so nobody else owns it.
    unsafe { T::from_raw_socket(socket) }
}

/// Creates an IPv6 UDP socket, with or without `IPV6_V6ONLY`.
pub(crate) fn ipv6_socket(only: bool) -> OwnedSocket {
    // The first socket of std starts Winsock.
    let _ = std::net::UdpSocket::bind("[::1]:0");
    let (family, flags) = (i32::from(AF_INET6), WSA_FLAG_OVERLAPPED);
    // SAFETY: the only pointer argument is null.
    let socket = unsafe { WSASocketW(family, SOCK_DGRAM, 0, std::ptr::null(), 0, flags) };
    assert_ne!(socket, INVALID_SOCKET, "{}", io::Error::last_os_error());
    let only = u32::from(only);
    let pointer = (&raw const only).cast();
    let length = size_of::<u32>() as i32;
    // SAFETY: the option is on our stack and as long as we say.
    check_socket(unsafe { setsockopt(socket, IPPROTO_IPV6, IPV6_V6ONLY, pointer, length) });
    from_raw(socket as RawSocket)
}
