//! System calls of Windows that tests need and std does not have.

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

/// The calls of Winsock answer the other way round.
fn check_socket(result: i32) {
    assert_eq!(result, 0, "{}", io::Error::last_os_error());
}

/// Closes the connection with a reset instead of in order.
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

/// Whether a program that is started gets the socket, too.
pub(crate) fn is_inherited(source: &impl AsSocket) -> bool {
    let socket = source.as_socket().as_raw_socket() as HANDLE;
    let mut flags = 0;
    // SAFETY: the socket is open, which is a handle, and the place for the answer is on our stack.
    check(unsafe { GetHandleInformation(socket, &raw mut flags) });
    flags & HANDLE_FLAG_INHERIT != 0
}

/// Lets the programs that are started have the socket, too.
pub(crate) fn set_inherited(source: &impl AsSocket) {
    let socket = source.as_socket().as_raw_socket() as HANDLE;
    // SAFETY: the socket is open, which is a handle.
    check(unsafe { SetHandleInformation(socket, HANDLE_FLAG_INHERIT, HANDLE_FLAG_INHERIT) });
}

/// How many handles this process has open, sockets among them.
///
/// They are tried one by one: the system's own count is always 0 on some systems that run programs
/// for Windows.
pub(crate) fn open_handles() -> usize {
    let is_open = |handle: &usize| {
        let mut flags = 0;
        // SAFETY: what is no handle is an error, and the place for the answer is on our stack.
        unsafe { GetHandleInformation(*handle as HANDLE, &raw mut flags) != 0 }
    };
    // Handles are small multiples of four.
    (4..1 << 13).step_by(4).filter(is_open).count()
}

/// Closes a socket whose owner is then forgotten.
pub(crate) fn close_behind_its_back(source: &impl AsSocket) {
    let socket = source.as_socket().as_raw_socket() as SOCKET;
    // SAFETY: no pointer is passed.
    check_socket(unsafe { closesocket(socket) });
}

/// How long this thread has had a processor.
pub(crate) fn thread_time() -> Duration {
    let duration = |time: FILETIME| {
        let ticks = u64::from(time.dwHighDateTime) << 32 | u64::from(time.dwLowDateTime);
        Duration::from_nanos(ticks * 100)
    };
    let [mut created, mut ended, mut kernel, mut user] = [FILETIME::default(); 4];
    // SAFETY: always allowed.
    let thread = unsafe { GetCurrentThread() };
    // SAFETY: the places for the answers are on our stack.
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
    // SAFETY: no pointer is passed.
    check_socket(unsafe { listen(socket, backlog) });
}

/// For sockets that were just taken out of their owner with `into_raw`.
pub(crate) fn from_raw<T: FromRawSocket>(socket: RawSocket) -> T {
    // SAFETY: the caller has just become the owner.
    unsafe { T::from_raw_socket(socket) }
}

/// A UDP socket of IPv6 that takes datagrams of IPv4, or does not.
pub(crate) fn ipv6_socket(only: bool) -> OwnedSocket {
    // The first socket that std makes starts Winsock.
    let _ = std::net::UdpSocket::bind("[::1]:0");
    let (family, flags) = (i32::from(AF_INET6), WSA_FLAG_OVERLAPPED);
    // SAFETY: the call takes no pointer but a null one.
    let socket = unsafe { WSASocketW(family, SOCK_DGRAM, 0, std::ptr::null(), 0, flags) };
    assert_ne!(socket, INVALID_SOCKET, "{}", io::Error::last_os_error());
    let only = u32::from(only);
    let pointer = (&raw const only).cast();
    let length = size_of::<u32>() as i32;
    // SAFETY: the option is on our stack and as long as we say.
    check_socket(unsafe { setsockopt(socket, IPPROTO_IPV6, IPV6_V6ONLY, pointer, length) });
    from_raw(socket as RawSocket)
}
