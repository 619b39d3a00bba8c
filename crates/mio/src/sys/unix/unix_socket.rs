//! Creation of Unix sockets, as [`socket`] does for Internet sockets.
//!
//! Manual: [`unix(7)`](https://man7.org/linux/man-pages/man7/unix.7.html).

use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::net;

use libc::{AF_UNIX, SOCK_DGRAM, SOCK_STREAM};

use crate::sys::unix::address::Address;
use crate::sys::unix::ffi;
use crate::sys::unix::socket::{self, BACKLOG, open, start_connect};

pub(crate) fn connect(address: &net::SocketAddr) -> io::Result<OwnedFd> {
    let socket = open(AF_UNIX, SOCK_STREAM)?;
    start_connect(&socket, &address.into())?;
    Ok(socket)
}

pub(crate) fn listen(address: &net::SocketAddr) -> io::Result<OwnedFd> {
    let socket = open(AF_UNIX, SOCK_STREAM)?;
    ffi::bind(socket.as_fd(), &address.into())?;
    ffi::listen(socket.as_fd(), BACKLOG)?;
    Ok(socket)
}

pub(crate) fn accept(listener: BorrowedFd<'_>) -> io::Result<(OwnedFd, net::SocketAddr)> {
    let (socket, address) = socket::accept(listener)?;
    if let Some(name) = address.and_then(Address::to_unix) {
        return Ok((socket, name));
    }
    // std can read names that it can't construct. If that fails as well, report the peer as unnamed
    // rather than lose the connection.
    let stream = net::UnixStream::from(socket);
    let nameless = |_| net::SocketAddr::from_pathname("");
    let name = stream.peer_addr().or_else(nameless)?;
    Ok((stream.into(), name))
}

pub(crate) fn pair() -> io::Result<[OwnedFd; 2]> {
    socket::pair(SOCK_STREAM)
}

pub(crate) fn datagram() -> io::Result<OwnedFd> {
    open(AF_UNIX, SOCK_DGRAM)
}

pub(crate) fn datagram_bind(address: &net::SocketAddr) -> io::Result<OwnedFd> {
    let socket = datagram()?;
    ffi::bind(socket.as_fd(), &address.into())?;
    Ok(socket)
}

pub(crate) fn datagram_pair() -> io::Result<[OwnedFd; 2]> {
    socket::pair(SOCK_DGRAM)
}
