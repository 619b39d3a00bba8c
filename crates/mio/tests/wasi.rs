//! Tests for WASI, where a program has one thread, and no pipes, processes or Unix sockets. The
//! test suite can't run there.

#![cfg(all(descriptors, target_family = "wasm"))]

use std::io::{ErrorKind, Read, Write};
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use mio::event::Event;
use mio::net::{TcpListener, TcpStream, UdpSocket};
use mio::{Events, Interest, Poll, Registry, Token, Waker};

const LONG: Duration = Duration::from_secs(30);
const SHORT: Duration = Duration::from_millis(30);

fn any_port() -> SocketAddr {
    "127.0.0.1:0".parse().unwrap()
}

/// Polls until a matching event arrives.
fn wait(poll: &mut Poll, token: usize, wanted: impl Fn(&Event) -> bool) -> Event {
    let mut events = Events::with_capacity(8);
    let deadline = Instant::now() + LONG;
    while Instant::now() < deadline {
        poll.poll(&mut events, Some(LONG)).unwrap();
        let mut events = events.iter();
        if let Some(event) = events.find(|event| event.token() == Token(token) && wanted(event)) {
            return event.clone();
        }
    }
    panic!("no such event of token {token}");
}

fn expect_silence(poll: &mut Poll) {
    let mut events = Events::with_capacity(8);
    poll.poll(&mut events, Some(SHORT)).unwrap();
    assert!(events.is_empty(), "unexpected {events:#?}");
}

/// Returns the two ends of a connection. The first end is registered with this token.
fn connected(poll: &mut Poll, token: usize, interests: Interest) -> (TcpStream, TcpStream) {
    let mut listener = TcpListener::bind(any_port()).unwrap();
    let registry = poll.registry().try_clone().unwrap();
    register(&registry, &mut listener, 1_000, Interest::READABLE);
    let mut stream = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
    wait(poll, 1_000, Event::is_readable);
    let (accepted, from) = listener.accept().unwrap();
    register(&registry, &mut stream, token, Interest::WRITABLE);
    wait(poll, token, Event::is_writable);
    assert_eq!(stream.local_addr().unwrap(), from);
    assert!(stream.peer_addr().is_ok(), "it is connected");
    registry.deregister(&mut listener).unwrap();
    registry
        .reregister(&mut stream, Token(token), interests)
        .unwrap();
    (stream, accepted)
}

fn register(
    registry: &Registry,
    source: &mut impl mio::event::Source,
    token: usize,
    interests: Interest,
) {
    registry.register(source, Token(token), interests).unwrap();
}

/// Writes a short message to an unregistered stream, which is unregistered afterwards. The first
/// write to a new stream may block: the runtime updates its readiness in a wait.
fn send(poll: &mut Poll, stream: &mut TcpStream, data: &[u8]) {
    const SENDER: usize = 1_001;
    let registry = poll.registry().try_clone().unwrap();
    register(&registry, stream, SENDER, Interest::WRITABLE);
    loop {
        match stream.write(data) {
            Ok(length) => break assert_eq!(length, data.len()),
            Err(err) if err.kind() == ErrorKind::WouldBlock => {
                wait(poll, SENDER, Event::is_writable);
            }
            Err(err) => panic!("{err}"),
        }
    }
    registry.deregister(stream).unwrap();
}

#[test]
fn a_timeout_is_never_early() {
    let mut poll = Poll::new().unwrap();
    let mut events = Events::with_capacity(8);
    for timeout in [0, 1, 500, 1_500, 20_000].map(Duration::from_micros) {
        let begin = Instant::now();
        poll.poll(&mut events, Some(timeout)).unwrap();
        assert!(begin.elapsed() >= timeout);
        assert!(events.is_empty());
    }
}

#[test]
fn a_wake_ends_the_next_poll() {
    let mut poll = Poll::new().unwrap();
    let waker = Waker::new(poll.registry(), Token(7)).unwrap();
    for _ in 0..3 {
        waker.wake().unwrap();
        waker.wake().unwrap();
        wait(&mut poll, 7, Event::is_readable);
        expect_silence(&mut poll);
    }
}

#[test]
fn data_after_would_block_is_news() {
    let mut poll = Poll::new().unwrap();
    let (mut stream, mut peer) = connected(&mut poll, 1, Interest::READABLE);
    for _ in 0..3 {
        expect_silence(&mut poll);
        send(&mut poll, &mut peer, b"hello");
        wait(&mut poll, 1, Event::is_readable);
        let mut buffer = [0; 16];
        assert_eq!(stream.read(&mut buffer).unwrap(), 5);
        let err = stream.read(&mut buffer).unwrap_err();
        assert_eq!(err.kind(), ErrorKind::WouldBlock);
    }
}

#[test]
fn nothing_is_repeated_without_news() {
    let mut poll = Poll::new().unwrap();
    let (_stream, mut peer) = connected(&mut poll, 1, Interest::READABLE | Interest::WRITABLE);
    send(&mut poll, &mut peer, b"hello");
    wait(&mut poll, 1, Event::is_readable);
    expect_silence(&mut poll);
    expect_silence(&mut poll);
}

#[test]
fn the_end_is_a_read_of_nothing() {
    let mut poll = Poll::new().unwrap();
    let (mut stream, peer) = connected(&mut poll, 1, Interest::READABLE);
    drop(peer);
    wait(&mut poll, 1, Event::is_readable);
    assert_eq!(stream.read(&mut [0; 16]).unwrap(), 0);
    expect_silence(&mut poll);
}

#[test]
fn a_deregistered_source_is_silent() {
    let mut poll = Poll::new().unwrap();
    let (mut stream, mut peer) = connected(&mut poll, 1, Interest::READABLE);
    send(&mut poll, &mut peer, b"hello");
    poll.registry().deregister(&mut stream).unwrap();
    expect_silence(&mut poll);
    register(poll.registry(), &mut stream, 2, Interest::READABLE);
    wait(&mut poll, 2, Event::is_readable);
    let again = poll
        .registry()
        .register(&mut stream, Token(3), Interest::READABLE);
    assert_eq!(again.unwrap_err().kind(), ErrorKind::AlreadyExists);
}

/// A runtime may return `WouldBlock` for a few of the first writes to accepted streams. A writable
/// event follows, whether the stream was registered before or after the write.
#[test]
fn first_write_blocks_until_writable() {
    let mut poll = Poll::new().unwrap();
    for round in 0..200 {
        let (mut stream, mut peer) = connected(&mut poll, 1, Interest::READABLE);
        // The connected stream was reported as writable.
        assert_eq!(stream.write(b"hello").unwrap(), 5);
        if round % 2 == 0 {
            send(&mut poll, &mut peer, b"hello");
        } else if let Err(err) = peer.write(b"hello") {
            assert_eq!(err.kind(), ErrorKind::WouldBlock);
            register(poll.registry(), &mut peer, 2, Interest::WRITABLE);
            wait(&mut poll, 2, Event::is_writable);
            assert_eq!(peer.write(b"hello").unwrap(), 5);
        }
        wait(&mut poll, 1, Event::is_readable);
        assert_eq!(stream.read(&mut [0; 16]).unwrap(), 5);
    }
}

#[test]
fn every_datagram_is_reported() {
    let mut poll = Poll::new().unwrap();
    let mut socket = UdpSocket::bind(any_port()).unwrap();
    let address = socket.local_addr().unwrap();
    register(poll.registry(), &mut socket, 1, Interest::READABLE);
    let peer = UdpSocket::bind(any_port()).unwrap();
    let mut buffer = [0; 16];
    for _ in 0..3 {
        assert_eq!(peer.send_to(b"hello", address).unwrap(), 5);
        wait(&mut poll, 1, Event::is_readable);
        let (length, from) = socket.recv_from(&mut buffer).unwrap();
        assert_eq!((length, from), (5, peer.local_addr().unwrap()));
        let err = socket.recv_from(&mut buffer).unwrap_err();
        assert_eq!(err.kind(), ErrorKind::WouldBlock);
    }
}

#[test]
fn a_descriptor_can_be_registered() {
    use std::os::fd::AsRawFd;

    let mut poll = Poll::new().unwrap();
    let socket = std::net::UdpSocket::bind(any_port()).unwrap();
    let fd = socket.as_raw_fd();
    let mut source = mio::wasi::SourceFd(&fd);
    register(poll.registry(), &mut source, 1, Interest::READABLE);
    expect_silence(&mut poll);
    socket
        .send_to(b"hello", socket.local_addr().unwrap())
        .unwrap();
    wait(&mut poll, 1, Event::is_readable);
    poll.registry().deregister(&mut source).unwrap();
    expect_silence(&mut poll);
}
