//! Creation of sockets. They are non-blocking and close-on-exec, from the moment of their creation
//! where the OS supports that.
//!
//! Operations on an existing socket are left to std. This module has only the calls that std offers
//! in a blocking form alone, or without the flags.
//!
//! Manual: [`socket(2)`], [`accept(2)`], [`ip(7)`].
//!
//! [`socket(2)`]: https://man7.org/linux/man-pages/man2/socket.2.html
//! [`accept(2)`]: https://man7.org/linux/man-pages/man2/accept.2.html
//! [`ip(7)`]: https://man7.org/linux/man-pages/man7/ip.7.html

use std::io::{self, ErrorKind};
use std::net::{SocketAddr, TcpListener, UdpSocket};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use libc::{AF_INET, AF_INET6, SOCK_DGRAM, SOCK_STREAM, c_int};

use crate::sys::unix::address::Address;
use crate::sys::unix::ffi;
#[cfg(accept4)]
use crate::sys::unix::is_refused;

/// The number of connections that may wait to be accepted: as many as the OS allows.
pub(super) const BACKLOG: c_int = if cfg!(backlog_max) { -1 } else { 1024 };

pub(crate) fn tcp_connect(address: SocketAddr) -> io::Result<OwnedFd> {
    let socket = open(family(&address), SOCK_STREAM)?;
    start_connect(&socket, &address.into())?;
    Ok(socket)
}

/// Binds with `SO_REUSEADDR`, so that a restarted server can use its port at once, even while
/// connections of the previous process are in `TIME_WAIT`.
pub(crate) fn tcp_listen(address: SocketAddr) -> io::Result<OwnedFd> {
    let socket = open(family(&address), SOCK_STREAM)?;
    ffi::set_option(socket.as_fd(), libc::SOL_SOCKET, libc::SO_REUSEADDR, 1)?;
    ffi::bind(socket.as_fd(), &address.into())?;
    ffi::listen(socket.as_fd(), BACKLOG)?;
    Ok(socket)
}

pub(crate) fn tcp_accept(listener: &TcpListener) -> io::Result<(OwnedFd, SocketAddr)> {
    let (socket, address) = accept(listener.as_fd())?;
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

pub(crate) fn only_v6(socket: &UdpSocket) -> io::Result<bool> {
    ffi::option(socket.as_fd(), libc::IPPROTO_IPV6, libc::IPV6_V6ONLY).map(|only| only != 0)
}

fn family(address: &SocketAddr) -> c_int {
    if address.is_ipv4() { AF_INET } else { AF_INET6 }
}

/// Starts a connection. The socket becomes writable when the connection is established.
pub(super) fn start_connect(socket: &OwnedFd, address: &Address) -> io::Result<()> {
    match ffi::connect(socket.as_fd(), address) {
        // A signal does not abort a connection that has started.
        Err(err) if matches!(err.raw_os_error(), Some(libc::EINPROGRESS | libc::EINTR)) => Ok(()),
        result => result,
    }
}

#[cfg(socket_flags)]
const FLAGS: c_int = ffi::SOCKET_FLAGS;
#[cfg(not(socket_flags))]
const FLAGS: c_int = 0;

pub(super) fn open(family: c_int, kind: c_int) -> io::Result<OwnedFd> {
    let socket = ffi::socket(family, kind | FLAGS)?;
    #[cfg(not(socket_flags))]
    let socket = set_up(socket)?;
    Ok(socket)
}

#[cfg(unix)]
pub(super) fn pair(kind: c_int) -> io::Result<[OwnedFd; 2]> {
    let pair = ffi::socketpair(kind | FLAGS)?;
    #[cfg(not(socket_flags))]
    let pair = {
        let [one, other] = pair;
        [set_up(one)?, set_up(other)?]
    };
    Ok(pair)
}

pub(super) fn accept(listener: BorrowedFd<'_>) -> io::Result<(OwnedFd, Option<Address>)> {
    #[cfg(accept4)]
    match ffi::accept4(listener) {
        // A firewall may have refused this connection instead. In that case `accept` takes the next
        // one.
        Err(err) if is_refused(&err) => {}
        result => return result,
    }
    let (socket, address) = ffi::accept(listener)?;
    Ok((set_up(socket)?, address))
}

/// Sets in several calls the options that the OS can't set, or refuses to set, while it creates the
/// socket.
fn set_up(socket: OwnedFd) -> io::Result<OwnedFd> {
    #[cfg(not(no_exec))]
    ffi::set_cloexec(socket.as_fd())?;
    #[cfg(nosigpipe)]
    match ffi::set_option(socket.as_fd(), libc::SOL_SOCKET, libc::SO_NOSIGPIPE, 1) {
        // The accepted connection has already ended. `accept` has worked, and the first read
        // reports the end.
        // https://github.com/apple-oss-distributions/xnu/blob/main/bsd/man/man2/getsockopt.2
        Err(err) if err.raw_os_error() == Some(libc::EINVAL) => {}
        result => result?,
    }
    // Platforms differ in the call, and std knows which one to make. It is the same for all socket
    // types.
    let socket = UdpSocket::from(socket);
    socket.set_nonblocking(true)?;
    Ok(socket.into())
}
