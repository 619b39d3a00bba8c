//! Without `os-poll` there is no selector: sockets work by themselves, and the type `Poll` exists.

#![cfg(all(any(unix, windows), feature = "net", not(feature = "os-poll")))]

use std::io::{ErrorKind, Read, Write};

use mio::net::{TcpListener, TcpStream, UdpSocket};
use mio::{Events, Poll, Registry, SelectorKind, Waker};

/// Retries until the operation does not block, because there is no poll.
fn soon<T>(mut operation: impl FnMut() -> std::io::Result<T>) -> T {
    loop {
        match operation() {
            Err(err) if err.kind() == ErrorKind::WouldBlock => std::thread::yield_now(),
            result => return result.unwrap(),
        }
    }
}

#[cfg(unix)]
#[test]
fn unix_sockets_work_and_never_block() {
    let (mut one, mut two) = mio::net::UnixStream::pair().unwrap();
    one.write_all(b"hello").unwrap();
    assert_eq!(two.read(&mut [0; 8]).unwrap(), 5);
    assert_eq!(
        two.read(&mut [0; 8]).unwrap_err().kind(),
        ErrorKind::WouldBlock
    );
}

#[test]
fn sockets_work_and_never_block() {
    let listener = TcpListener::bind("127.0.0.1:0".parse().unwrap()).unwrap();
    assert_eq!(listener.accept().unwrap_err().kind(), ErrorKind::WouldBlock);
    let client = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
    // The connection is complete when the listener can accept it.
    let (mut server, _) = soon(|| listener.accept());
    assert_eq!(
        (&client).read(&mut [0; 8]).unwrap_err().kind(),
        ErrorKind::WouldBlock
    );
    server.write_all(b"hello").unwrap();
    assert_eq!(soon(|| (&client).read(&mut [0; 8])), 5);
    assert_eq!(
        server.read(&mut [0; 8]).unwrap_err().kind(),
        ErrorKind::WouldBlock
    );

    let socket = UdpSocket::bind("127.0.0.1:0".parse().unwrap()).unwrap();
    assert_eq!(
        socket.recv(&mut [0; 8]).unwrap_err().kind(),
        ErrorKind::WouldBlock
    );
}

#[test]
fn a_poll_can_be_named_and_never_made() {
    // Code that takes a `Poll` from another crate compiles.
    fn _turn(poll: &mut Poll, events: &mut Events, _: &Registry, waker: &Waker) {
        let _ = poll.poll(events, None);
        let _ = waker.wake();
    }
    assert_eq!(SelectorKind::available().count(), 0);
    assert_eq!(Events::with_capacity(16).capacity(), 16);
}

#[test]
fn sockets_are_as_large_as_those_of_std() {
    if cfg!(debug_assertions) {
        return;
    }
    assert_eq!(size_of::<TcpStream>(), size_of::<std::net::TcpStream>());
}
