//! Creates sockets: overlapped, non-blocking, and not inherited by child processes.
//!
//! Everything else that a socket can do is left to std. This module has only what std offers in
//! blocking form.
//!
//! Manual: [`WSASocketW`], [`connect`], [`accept`].
//!
//! [`WSASocketW`]: https://learn.microsoft.com/en-us/windows/win32/api/winsock2/nf-winsock2-wsasocketw
//! [`connect`]: https://learn.microsoft.com/en-us/windows/win32/api/winsock2/nf-winsock2-connect
//! [`accept`]: https://learn.microsoft.com/en-us/windows/win32/api/winsock2/nf-winsock2-accept

use std::io;
use std::net::{SocketAddr, TcpListener, UdpSocket};
use std::os::windows::io::{AsSocket, BorrowedSocket, OwnedSocket};
use std::sync::Once;

use windows_sys::Win32::Networking::WinSock::{
    AF_INET, AF_INET6, IPPROTO_IPV6, IPV6_V6ONLY, SOCK_DGRAM, SOCK_STREAM,
};

use crate::sys::windows::ffi;

/// `SOMAXCONN` of `winsock2.h`: the maximum that Windows allows. windows-sys has the value of the
/// older `winsock.h`, which is 5.
const LONGEST_BACKLOG: i32 = 0x7fff_ffff;

pub(crate) fn tcp_connect(address: SocketAddr) -> io::Result<OwnedSocket> {
    let socket = open(&address, SOCK_STREAM)?;
    match ffi::connect_to(socket.as_socket(), address) {
        // The connection is complete when the socket becomes writable.
        Err(err) if err.kind() == io::ErrorKind::WouldBlock => Ok(socket),
        result => result.map(|()| socket),
    }
}

/// Creates a listener without `SO_REUSEADDR`, which on Windows allows another program to take over
/// the port. A restarted server can bind its port at once without it.
pub(crate) fn tcp_listen(address: SocketAddr) -> io::Result<OwnedSocket> {
    let socket = open(&address, SOCK_STREAM)?;
    ffi::bind_to(socket.as_socket(), address)?;
    ffi::start_listening(socket.as_socket(), LONGEST_BACKLOG)?;
    Ok(socket)
}

pub(crate) fn tcp_accept(listener: &TcpListener) -> io::Result<(OwnedSocket, SocketAddr)> {
    let (socket, address) = listener.accept()?;
    let socket = accepted(socket.into(), ffi::set_no_inherit)?;
    Ok((socket, address))
}

/// Makes an accepted socket non-blocking and not inheritable. Windows does not promise that it
/// inherits either from the listener.
fn accepted(
    socket: OwnedSocket,
    set_no_inherit: impl Fn(BorrowedSocket<'_>) -> io::Result<()>,
) -> io::Result<OwnedSocket> {
    // A socket of a layered service provider may not be a handle with flags. That is no reason to
    // drop the connection.
    let _ = set_no_inherit(socket.as_socket());
    ffi::set_nonblocking(socket.as_socket())?;
    Ok(socket)
}

pub(crate) fn udp_bind(address: SocketAddr) -> io::Result<OwnedSocket> {
    let socket = open(&address, SOCK_DGRAM)?;
    ffi::bind_to(socket.as_socket(), address)?;
    Ok(socket)
}

pub(crate) fn only_v6(socket: &UdpSocket) -> io::Result<bool> {
    ffi::option(socket.as_socket(), IPPROTO_IPV6, IPV6_V6ONLY).map(|only| only != 0)
}

fn open(address: &SocketAddr, kind: i32) -> io::Result<OwnedSocket> {
    start_winsock();
    let family = if address.is_ipv4() { AF_INET } else { AF_INET6 };
    let socket = ffi::socket(family, kind)?;
    ffi::set_nonblocking(socket.as_socket())?;
    Ok(socket)
}

/// Starts Winsock, before the first socket is created. It is never stopped: sockets may be in use
/// until the process exits.
fn start_winsock() {
    static START: Once = Once::new();
    // If this fails, the call that creates the socket returns the error that Winsock was not
    // started.
    START.call_once(|| drop(ffi::start_winsock()));
}

#[cfg(test)]
mod tests {
    use std::io::{ErrorKind, Read};
    use std::net::{Ipv4Addr, TcpStream};

    use super::*;

    #[test]
    fn accept_keeps_a_socket_that_stays_inheritable() {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let _client = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        let (socket, _) = listener.accept().unwrap();
        let refused = |_: BorrowedSocket<'_>| Err(ErrorKind::InvalidInput.into());
        let mut socket = TcpStream::from(accepted(socket.into(), refused).unwrap());
        let err = socket.read(&mut [0; 1]).unwrap_err();
        assert_eq!(err.kind(), ErrorKind::WouldBlock);
    }
}
