//! Making sockets: always non-blocking and close-on-exec from their first moment, where the system
//! can do that.
//!
//! What can be done with a socket once it is there is std's business. Only the calls that std has
//! in a blocking form alone, or without the flags, are here.
//!
//! Manual: [`socket(2)`], [`accept(2)`], [`ip(7)`], [`unix(7)`].
//!
//! [`socket(2)`]: https://man7.org/linux/man-pages/man2/socket.2.html
//! [`accept(2)`]: https://man7.org/linux/man-pages/man2/accept.2.html
//! [`ip(7)`]: https://man7.org/linux/man-pages/man7/ip.7.html
//! [`unix(7)`]: https://man7.org/linux/man-pages/man7/unix.7.html

use std::io::{self, ErrorKind};
use std::net::SocketAddr;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::net;

use libc::{AF_INET, AF_INET6, AF_UNIX, SOCK_DGRAM, SOCK_STREAM, c_int};

use crate::sys::unix::address::Address;
use crate::sys::unix::ffi;

/// How many connections may wait to be accepted: as many as the system allows.
const BACKLOG: c_int = if cfg!(backlog_max) { -1 } else { 1024 };

pub(crate) fn tcp_connect(address: SocketAddr) -> io::Result<OwnedFd> {
    let socket = open(family(&address), SOCK_STREAM)?;
    start_connect(&socket, &address.into())?;
    Ok(socket)
}

/// Binds with `SO_REUSEADDR`: a server that is started again can have its port at once, though
/// connections of its former life are in `TIME_WAIT`.
pub(crate) fn tcp_listen(address: SocketAddr) -> io::Result<OwnedFd> {
    let socket = open(family(&address), SOCK_STREAM)?;
    ffi::set_option(socket.as_fd(), libc::SOL_SOCKET, libc::SO_REUSEADDR, 1)?;
    ffi::bind(socket.as_fd(), &address.into())?;
    ffi::listen(socket.as_fd(), BACKLOG)?;
    Ok(socket)
}

pub(crate) fn tcp_accept(listener: BorrowedFd<'_>) -> io::Result<(OwnedFd, SocketAddr)> {
    let (socket, address) = accept(listener)?;
    match address.and_then(|address| address.to_internet()) {
        Some(address) => Ok((socket, address)),
        None => Err(io::Error::new(
            ErrorKind::InvalidData,
            "the accepted connection is not a TCP connection; is this listener a TCP listener?",
        )),
    }
}

pub(crate) fn udp_bind(address: SocketAddr) -> io::Result<OwnedFd> {
    let socket = open(family(&address), SOCK_DGRAM)?;
    ffi::bind(socket.as_fd(), &address.into())?;
    Ok(socket)
}

pub(crate) fn only_v6(socket: BorrowedFd<'_>) -> io::Result<bool> {
    ffi::option(socket, libc::IPPROTO_IPV6, libc::IPV6_V6ONLY).map(|only| only != 0)
}

pub(crate) fn unix_connect(address: &net::SocketAddr) -> io::Result<OwnedFd> {
    let socket = open(AF_UNIX, SOCK_STREAM)?;
    start_connect(&socket, &address.into())?;
    Ok(socket)
}

pub(crate) fn unix_listen(address: &net::SocketAddr) -> io::Result<OwnedFd> {
    let socket = open(AF_UNIX, SOCK_STREAM)?;
    ffi::bind(socket.as_fd(), &address.into())?;
    ffi::listen(socket.as_fd(), BACKLOG)?;
    Ok(socket)
}

pub(crate) fn unix_accept(listener: BorrowedFd<'_>) -> io::Result<(OwnedFd, net::SocketAddr)> {
    let (socket, address) = accept(listener)?;
    let address = match address {
        Some(address) => address.to_unix()?,
        None => net::SocketAddr::from_pathname("")?,
    };
    Ok((socket, address))
}

pub(crate) fn unix_pair() -> io::Result<[OwnedFd; 2]> {
    pair(SOCK_STREAM)
}

pub(crate) fn unix_datagram() -> io::Result<OwnedFd> {
    open(AF_UNIX, SOCK_DGRAM)
}

pub(crate) fn unix_datagram_bind(address: &net::SocketAddr) -> io::Result<OwnedFd> {
    let socket = unix_datagram()?;
    ffi::bind(socket.as_fd(), &address.into())?;
    Ok(socket)
}

pub(crate) fn unix_datagram_pair() -> io::Result<[OwnedFd; 2]> {
    pair(SOCK_DGRAM)
}

fn family(address: &SocketAddr) -> c_int {
    if address.is_ipv4() { AF_INET } else { AF_INET6 }
}

/// Starts a connection, which is made by the time that the socket is writable.
fn start_connect(socket: &OwnedFd, address: &Address) -> io::Result<()> {
    match ffi::connect(socket.as_fd(), address) {
        // A signal does not stop a connection that has begun.
        Err(err) if matches!(err.raw_os_error(), Some(libc::EINPROGRESS | libc::EINTR)) => Ok(()),
        result => result,
    }
}

#[cfg(socket_flags)]
const FLAGS: c_int = libc::SOCK_NONBLOCK | libc::SOCK_CLOEXEC;
#[cfg(not(socket_flags))]
const FLAGS: c_int = 0;

fn open(family: c_int, kind: c_int) -> io::Result<OwnedFd> {
    let socket = ffi::socket(family, kind | FLAGS)?;
    #[cfg(not(socket_flags))]
    set_up(socket.as_fd())?;
    Ok(socket)
}

fn pair(kind: c_int) -> io::Result<[OwnedFd; 2]> {
    let pair = ffi::socketpair(kind | FLAGS)?;
    #[cfg(not(socket_flags))]
    for socket in &pair {
        set_up(socket.as_fd())?;
    }
    Ok(pair)
}

fn accept(listener: BorrowedFd<'_>) -> io::Result<(OwnedFd, Option<Address>)> {
    let (socket, address) = ffi::accept(listener)?;
    #[cfg(not(accept4))]
    set_up(socket.as_fd())?;
    Ok((socket, address))
}

/// Does in several calls what the system can't do while it makes the socket.
#[cfg(not(all(socket_flags, accept4)))]
fn set_up(socket: BorrowedFd<'_>) -> io::Result<()> {
    ffi::set_cloexec(socket)?;
    ffi::set_nonblocking(socket, true)?;
    #[cfg(nosigpipe)]
    ffi::set_option(socket, libc::SOL_SOCKET, libc::SO_NOSIGPIPE, 1)?;
    Ok(())
}
