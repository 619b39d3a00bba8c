//! An operation of the user that names its direction re-arms only that direction.

use std::io::{self, ErrorKind, Read, Write};

use mio::net::UdpSocket;
use mio::{Interest, IoSource, SelectorKind};

use crate::support::{BOTH, LONG, Watch, any_port, connected, would_block};
#[cfg(unix)]
use crate::support::{Owned, pair};

per_selector! {
    an_operation_of_a_tcp_stream_has_its_direction,
    an_operation_of_a_udp_socket_has_its_direction,
    #[cfg(unix)]
    operations_of_unix_sockets_have_their_direction,
    an_operation_of_a_source_has_its_direction,
    an_operation_that_may_be_either_asks_for_both,
    a_source_of_ones_own_works_in_each_mode,
    a_source_of_ones_own_is_silent_once_it_is_taken_out,
}

fn nothing_to_read() -> io::Result<()> {
    Err(ErrorKind::WouldBlock.into())
}

/// Checks that `WouldBlock` re-arms only its direction. A writable source was reported. A read that
/// would block must not report it again; a write that would block must.
fn has_its_direction(watch: &mut Watch, try_io_for: impl Fn(Interest) -> io::Result<()>) {
    watch.wait_writable(1);
    watch.expect_silence();
    for _ in 0..3 {
        would_block(try_io_for(Interest::READABLE));
        watch.expect_silence();
    }
    // The kernel's own edges know that there is still room, and report nothing.
    let kind = watch.poll.selector_kind();
    if !matches!(kind, SelectorKind::Epoll | SelectorKind::Kqueue) {
        for direction in [Interest::WRITABLE, BOTH] {
            would_block(try_io_for(direction));
            watch.wait_writable(1);
            watch.expect_silence();
        }
    }
}

fn an_operation_of_a_tcp_stream_has_its_direction(kind: SelectorKind) {
    let mut watch = Watch::new(kind);
    let (mut stream, _peer) = connected();
    watch.register(&mut stream, 1, BOTH);
    has_its_direction(&mut watch, |direction| {
        stream.try_io_for(direction, nothing_to_read)
    });
}

fn an_operation_of_a_udp_socket_has_its_direction(kind: SelectorKind) {
    let mut watch = Watch::new(kind);
    let mut socket = UdpSocket::bind(any_port()).unwrap();
    watch.register(&mut socket, 1, BOTH);
    has_its_direction(&mut watch, |direction| {
        socket.try_io_for(direction, nothing_to_read)
    });
}

#[cfg(unix)]
fn operations_of_unix_sockets_have_their_direction(kind: SelectorKind) {
    let mut watch = Watch::new(kind);
    let (mut stream, _peer) = pair();
    watch.register(&mut stream, 1, BOTH);
    has_its_direction(&mut watch, |direction| {
        stream.try_io_for(direction, nothing_to_read)
    });

    let mut watch = Watch::new(kind);
    let (mut datagrams, _peer) = mio::net::UnixDatagram::pair().unwrap();
    watch.register(&mut datagrams, 1, BOTH);
    has_its_direction(&mut watch, |direction| {
        datagrams.try_io_for(direction, nothing_to_read)
    });
    drop(Owned::from(datagrams));
}

/// Returns a socket of std, which does not use this crate.
fn udp_of_std() -> std::net::UdpSocket {
    let socket = std::net::UdpSocket::bind(any_port()).unwrap();
    socket.set_nonblocking(true).unwrap();
    socket
}

fn an_operation_of_a_source_has_its_direction(kind: SelectorKind) {
    let mut watch = Watch::new(kind);
    let mut source = IoSource::new(udp_of_std());
    watch.register(&mut source, 1, BOTH);
    has_its_direction(&mut watch, |direction| {
        if direction == Interest::READABLE {
            source.read_with(|socket| socket.recv(&mut [0; 8]).map(|_| ()))
        } else {
            source.try_io(direction, |_| nothing_to_read())
        }
    });
}

fn an_operation_that_may_be_either_asks_for_both(kind: SelectorKind) {
    let mut watch = Watch::new(kind);
    let (mut stream, mut peer) = connected();
    watch.register(&mut stream, 1, BOTH);
    watch.wait_writable(1);
    for _ in 0..3 {
        peer.write_all(b"hello").unwrap();
        watch.wait_readable(1);
        assert_eq!(stream.read(&mut [0; 16]).unwrap(), 5);
        would_block(stream.try_io(|| stream_is_empty(&stream)));
    }
}

fn stream_is_empty(stream: &mio::net::TcpStream) -> io::Result<usize> {
    stream.peek(&mut [0; 16])
}

fn a_source_of_ones_own_works_in_each_mode(kind: SelectorKind) {
    for mode in [
        Interest::READABLE,
        Interest::READABLE.level(),
        Interest::READABLE.oneshot(),
    ] {
        let mut watch = Watch::new(kind);
        let mut source = IoSource::new(udp_of_std());
        let sender = std::net::UdpSocket::bind(any_port()).unwrap();
        watch.register(&mut source, 1, mode);
        for _ in 0..5 {
            sender
                .send_to(b"hello", source.local_addr().unwrap())
                .unwrap();
            watch.wait_readable(1);
            let receive = || source.read_with(|socket| socket.recv(&mut [0; 16]));
            assert_eq!(receive().unwrap(), 5);
            would_block(receive());
            watch.expect_silence();
            if mode.is_oneshot() {
                let registry = watch.poll.registry();
                registry
                    .reregister(&mut source, mio::Token(1), mode)
                    .unwrap();
            }
        }
    }
}

fn a_source_of_ones_own_is_silent_once_it_is_taken_out(kind: SelectorKind) {
    let mut watch = Watch::new(kind);
    let mut source = IoSource::new(udp_of_std());
    watch.register(&mut source, 1, Interest::READABLE.level());
    let sender = std::net::UdpSocket::bind(any_port()).unwrap();
    sender
        .send_to(b"hello", source.local_addr().unwrap())
        .unwrap();
    watch.wait_readable(1);
    watch.deregister(&mut source);
    let socket = source.into_inner();
    watch.expect_silence();
    socket.set_nonblocking(false).unwrap();
    socket.set_read_timeout(Some(LONG)).unwrap();
    assert_eq!(socket.recv(&mut [0; 16]).unwrap(), 5);
}
