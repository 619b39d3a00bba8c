//! Creation of sockets through std alone. Operations that std lacks return an error.
//!
//! On these platforms a program receives its listening sockets when it is started. It accepts
//! connections from them, and may not create sockets itself.

use std::io::{self, ErrorKind};
use std::net::{SocketAddr, TcpListener, TcpStream, UdpSocket};
use std::os::fd::OwnedFd;

pub(crate) fn tcp_connect(address: SocketAddr) -> io::Result<OwnedFd> {
    let stream = TcpStream::connect(address)?;
    stream.set_nonblocking(true)?;
    Ok(stream.into())
}

pub(crate) fn tcp_listen(address: SocketAddr) -> io::Result<OwnedFd> {
    let listener = TcpListener::bind(address)?;
    listener.set_nonblocking(true)?;
    Ok(listener.into())
}

pub(crate) fn tcp_accept(listener: &TcpListener) -> io::Result<(OwnedFd, SocketAddr)> {
    let (stream, address) = listener.accept()?;
    stream.set_nonblocking(true)?;
    Ok((stream.into(), address))
}

pub(crate) fn udp_bind(address: SocketAddr) -> io::Result<OwnedFd> {
    let socket = UdpSocket::bind(address)?;
    socket.set_nonblocking(true)?;
    Ok(socket.into())
}

pub(crate) fn only_v6(_: &UdpSocket) -> io::Result<bool> {
    Err(io::Error::new(
        ErrorKind::Unsupported,
        "this system has no options of sockets",
    ))
}
