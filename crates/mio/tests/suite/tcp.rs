//! TCP.

use std::io::{ErrorKind, Read, Write};
use std::net::{Shutdown, SocketAddr};

use mio::net::{TcpListener, TcpStream};
use mio::{Interest, SelectorKind};

use crate::support::{
    BOTH, Owned, SHUT_DOWN, Watch, any_port, connected, ffi, into_raw, listen, process, raw, soon,
    would_block,
};

per_selector!(
    a_whole_conversation,
    a_refused_connection_says_why,
    connecting_to_many_at_once,
    a_connection_that_is_not_made_yet,
    an_ipv6_conversation,
    shutdown_ends_each_half,
);

/// Accepts one connection, with the help of the poll.
fn accept(watch: &mut Watch, listener: &TcpListener, token: usize) -> (TcpStream, SocketAddr) {
    loop {
        match listener.accept() {
            Err(err) if err.kind() == ErrorKind::WouldBlock => {
                watch.wait_readable(token);
            }
            result => return result.unwrap(),
        }
    }
}

fn converse(kind: SelectorKind, address: &str) {
    let mut watch = Watch::new(kind);
    let mut listener = TcpListener::bind(address.parse().unwrap()).unwrap();
    watch.register(&mut listener, 0, Interest::READABLE);
    would_block(listener.accept());

    let mut client = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
    watch.register(&mut client, 1, BOTH);
    watch.wait_writable(1);
    assert!(client.take_error().unwrap().is_none());
    assert_eq!(client.peer_addr().unwrap(), listener.local_addr().unwrap());

    let (mut server, from) = accept(&mut watch, &listener, 0);
    assert_eq!(from, client.local_addr().unwrap());
    assert_eq!(server.peer_addr().unwrap(), from);
    watch.register(&mut server, 2, BOTH);

    client.write_all(b"hello").unwrap();
    watch.wait_readable(2);
    let mut buffer = [0; 16];
    assert_eq!(server.read(&mut buffer).unwrap(), 5);
    server.write_all(&buffer[..5]).unwrap();
    watch.wait_readable(1);
    assert_eq!(client.read(&mut buffer).unwrap(), 5);
    assert_eq!(&buffer[..5], b"hello");
}

fn a_whole_conversation(kind: SelectorKind) {
    converse(kind, "127.0.0.1:0");
}

fn an_ipv6_conversation(kind: SelectorKind) {
    if std::net::TcpListener::bind("[::1]:0").is_err() {
        eprintln!("this machine has no IPv6");
        return;
    }
    converse(kind, "[::1]:0");
}

fn a_refused_connection_says_why(kind: SelectorKind) {
    let _no_spawns = process::no_spawns();
    let (listener, address) = listen();
    drop(listener);
    let mut watch = Watch::new(kind);
    let mut stream = TcpStream::connect(address).unwrap();
    watch.register(&mut stream, 1, Interest::WRITABLE);
    let event = watch.wait_writable(1);
    assert!(event.is_error());
    let err = stream.take_error().unwrap().expect("the cause");
    assert_eq!(err.kind(), ErrorKind::ConnectionRefused);
    assert_eq!(
        stream.peer_addr().unwrap_err().kind(),
        ErrorKind::NotConnected
    );
    // The first call clears the error, except on Windows.
    assert!(cfg!(windows) || stream.take_error().unwrap().is_none());
}

/// More clients than the backlog has room for: the remaining ones are neither connected nor
/// refused.
fn a_connection_that_is_not_made_yet(kind: SelectorKind) {
    let listener = std::net::TcpListener::bind(any_port()).unwrap();
    ffi::listen_again(&listener, 1);
    let address = listener.local_addr().unwrap();
    let mut watch = Watch::new(kind);
    let mut clients: Vec<_> = (0..8)
        .map(|_| TcpStream::connect(address).unwrap())
        .collect();
    for (token, client) in clients.iter_mut().enumerate() {
        watch.register(client, token, Interest::WRITABLE);
    }
    watch.wait_writable(0);
    clients[0].peer_addr().unwrap();
    let last = &clients[7];
    assert_eq!(
        last.peer_addr().unwrap_err().kind(),
        ErrorKind::NotConnected
    );
    // A BSD may refuse a connection that the queue has no room for.
    let is_refused = last.take_error().unwrap().is_some();
    assert!(!is_refused || kind == SelectorKind::Kqueue);
    let mut events = watch.events.iter();
    assert!(is_refused || events.all(|event| event.token().0 != 7));
}

fn connecting_to_many_at_once(kind: SelectorKind) {
    const COUNT: usize = 100;
    let (mut listener, address) = listen();
    let mut watch = Watch::new(kind);
    watch.register(&mut listener, COUNT, Interest::READABLE);
    let mut clients: Vec<_> = (0..COUNT)
        .map(|token| {
            let mut client = TcpStream::connect(address).unwrap();
            watch.register(&mut client, token, Interest::WRITABLE);
            client
        })
        .collect();
    let mut connected = [false; COUNT];
    let mut accepted = Vec::new();
    while accepted.len() < COUNT || connected.contains(&false) {
        watch.poll(crate::support::LONG);
        assert!(!watch.events.is_empty(), "{} accepted", accepted.len());
        for event in &watch.events {
            match event.token().0 {
                COUNT => loop {
                    match listener.accept() {
                        Ok(connection) => accepted.push(connection),
                        err => break would_block(err),
                    }
                },
                client => connected[client] |= clients[client].peer_addr().is_ok(),
            }
        }
    }
    for client in &mut clients {
        watch.deregister(client);
    }
}

fn shutdown_ends_each_half(kind: SelectorKind) {
    let (mut stream, mut peer) = connected();
    let mut watch = Watch::new(kind);
    watch.register(&mut stream, 1, BOTH);
    stream.shutdown(Shutdown::Write).unwrap();
    let err = stream.write(b"more").unwrap_err();
    assert_eq!(err.raw_os_error(), Some(SHUT_DOWN), "{err}");
    assert_eq!(peer.read(&mut [0; 8]).unwrap(), 0);
    peer.write_all(b"still").unwrap();
    watch.wait_readable(1);
    assert_eq!(stream.read(&mut [0; 8]).unwrap(), 5);
    stream.shutdown(Shutdown::Read).unwrap();
    assert_eq!(stream.read(&mut [0; 8]).unwrap(), 0);
}

#[test]
fn options() {
    let (listener, address) = listen();
    listener.set_ttl(61).unwrap();
    assert_eq!(listener.ttl().unwrap(), 61);
    assert!(listener.take_error().unwrap().is_none());

    let stream = TcpStream::connect(address).unwrap();
    for nodelay in [true, false] {
        stream.set_nodelay(nodelay).unwrap();
        assert_eq!(stream.nodelay().unwrap(), nodelay);
    }
    stream.set_ttl(62).unwrap();
    assert_eq!(stream.ttl().unwrap(), 62);
}

#[test]
fn a_port_that_is_taken_is_an_error() {
    let (_listener, address) = listen();
    let err = TcpListener::bind(address).unwrap_err();
    assert_eq!(err.kind(), ErrorKind::AddrInUse);
    assert!(err.raw_os_error().is_some());
}

#[test]
fn an_address_of_another_machine_is_an_error() {
    // A documentation address, which no machine has.
    let err = TcpListener::bind("192.0.2.1:0".parse().unwrap()).unwrap_err();
    assert_eq!(err.kind(), ErrorKind::AddrNotAvailable);
}

#[test]
fn a_port_is_free_at_once_for_the_next_listener() {
    let _no_spawns = process::no_spawns();
    let (listener, address) = listen();
    let client = std::net::TcpStream::connect(address).unwrap();
    let (mut accepted, _) = soon(|| listener.accept()).unwrap();
    // The side that closes first leaves the port in TIME_WAIT.
    accepted.flush().unwrap();
    drop((accepted, listener));
    drop(client);
    TcpListener::bind(address).unwrap();
}

#[test]
fn sockets_are_nonblocking_and_not_inherited() {
    let (listener, address) = listen();
    let client = TcpStream::connect(address).unwrap();
    let (accepted, _) = soon(|| listener.accept()).unwrap();
    would_block(listener.accept());
    would_block((&accepted).read(&mut [0; 8]));
    soon(|| client.peer_addr().map_err(|_| ErrorKind::WouldBlock.into())).unwrap();
    would_block((&client).read(&mut [0; 8]));
    assert!(!ffi::is_inherited(&listener));
    assert!(!ffi::is_inherited(&client));
    assert!(!ffi::is_inherited(&accepted));
}

#[test]
fn conversions_keep_the_socket() {
    let (stream, _peer) = connected();
    let number = raw(&stream);
    let stream = TcpStream::from(Owned::from(stream));
    let stream = TcpStream::from_std(std::net::TcpStream::from(stream));
    let stream: TcpStream = ffi::from_raw(into_raw(stream));
    assert_eq!(raw(&stream), number);
}

#[cfg(unix)]
#[test]
fn accepting_from_what_is_no_tcp_listener_is_an_error() {
    // A Unix listener that is wrapped as a TCP listener.
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("socket");
    let listener = mio::net::UnixListener::bind(&path).unwrap();
    let listener = TcpListener::from(Owned::from(listener));
    let _client = mio::net::UnixStream::connect(&path).unwrap();
    let err = listener.accept().unwrap_err();
    assert_eq!(err.kind(), ErrorKind::InvalidData, "{err}");
}
