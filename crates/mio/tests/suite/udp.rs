//! UDP.

use std::io::ErrorKind;
use std::net::{Ipv4Addr, Ipv6Addr};

use mio::net::UdpSocket;
use mio::{Interest, SelectorKind};

use crate::support::{Owned, TOO_LONG, Watch, any_port, ffi, into_raw, raw, soon, would_block};

per_selector!(
    connected_sockets,
    unconnected_sockets,
    multicast_to_itself,
    ipv6_sockets
);

fn exchange(kind: SelectorKind, address: &str, connect: bool) {
    let mut watch = Watch::new(kind);
    let mut one = UdpSocket::bind(address.parse().unwrap()).unwrap();
    let two = UdpSocket::bind(address.parse().unwrap()).unwrap();
    let (first, second) = (one.local_addr().unwrap(), two.local_addr().unwrap());
    watch.register(&mut one, 1, Interest::READABLE);
    let mut buffer = [0; 16];
    if connect {
        one.connect(second).unwrap();
        two.connect(first).unwrap();
        assert_eq!(one.peer_addr().unwrap(), second);
        assert_eq!(two.send(b"hello").unwrap(), 5);
        watch.wait_readable(1);
        assert_eq!(one.peek(&mut buffer).unwrap(), 5);
        assert_eq!(one.recv(&mut buffer).unwrap(), 5);
        would_block(one.recv(&mut buffer));
    } else {
        assert_eq!(one.peer_addr().unwrap_err().kind(), ErrorKind::NotConnected);
        assert_eq!(two.send_to(b"hello", first).unwrap(), 5);
        watch.wait_readable(1);
        assert_eq!(one.peek_from(&mut buffer).unwrap(), (5, second));
        assert_eq!(one.recv_from(&mut buffer).unwrap(), (5, second));
        would_block(one.recv_from(&mut buffer));
    }
    assert_eq!(&buffer[..5], b"hello");
}

fn connected_sockets(kind: SelectorKind) {
    exchange(kind, "127.0.0.1:0", true);
}

fn unconnected_sockets(kind: SelectorKind) {
    exchange(kind, "127.0.0.1:0", false);
}

fn ipv6_sockets(kind: SelectorKind) {
    if std::net::UdpSocket::bind("[::1]:0").is_err() {
        eprintln!("this machine has no IPv6");
        return;
    }
    exchange(kind, "[::1]:0", true);
    exchange(kind, "[::1]:0", false);
}

fn multicast_to_itself(kind: SelectorKind) {
    let group = Ipv4Addr::new(224, 0, 0, 251);
    let mut socket = UdpSocket::bind("0.0.0.0:0".parse().unwrap()).unwrap();
    if let Err(err) = socket.join_multicast_v4(&group, &Ipv4Addr::LOCALHOST) {
        eprintln!("no multicast on the loopback interface: {err}");
        return;
    }
    let err = socket
        .join_multicast_v4(&group, &Ipv4Addr::LOCALHOST)
        .unwrap_err();
    assert_eq!(err.kind(), ErrorKind::AddrInUse);
    let mut watch = Watch::new(kind);
    watch.register(&mut socket, 1, Interest::READABLE);
    let sender = UdpSocket::bind(any_port()).unwrap();
    sender
        .send_to(b"all", (group, socket.local_addr().unwrap().port()).into())
        .unwrap();
    watch.wait_readable(1);
    assert_eq!(socket.recv(&mut [0; 8]).unwrap(), 3);
    socket
        .leave_multicast_v4(&group, &Ipv4Addr::LOCALHOST)
        .unwrap();
}

#[test]
fn options() {
    let socket = UdpSocket::bind(any_port()).unwrap();
    for on in [true, false] {
        socket.set_broadcast(on).unwrap();
        assert_eq!(socket.broadcast().unwrap(), on);
        socket.set_multicast_loop_v4(on).unwrap();
        assert_eq!(socket.multicast_loop_v4().unwrap(), on);
    }
    socket.set_multicast_ttl_v4(5).unwrap();
    assert_eq!(socket.multicast_ttl_v4().unwrap(), 5);
    socket.set_ttl(63).unwrap();
    assert_eq!(socket.ttl().unwrap(), 63);
    assert!(socket.only_v6().is_err(), "an IPv4 socket");
    assert!(socket.take_error().unwrap().is_none());
}

#[test]
fn options_of_ipv6() {
    let Ok(socket) = UdpSocket::bind("[::1]:0".parse().unwrap()) else {
        eprintln!("this machine has no IPv6");
        return;
    };
    for on in [true, false] {
        socket.set_multicast_loop_v6(on).unwrap();
        assert_eq!(socket.multicast_loop_v6().unwrap(), on);
    }
    let group = Ipv6Addr::new(0xff02, 0, 0, 0, 0, 0, 0, 0xfb);
    if socket.join_multicast_v6(&group, 0).is_ok() {
        socket.leave_multicast_v6(&group, 0).unwrap();
    }
    assert!(socket.leave_multicast_v6(&group, 0).is_err());

    for only in [true, false] {
        let socket = UdpSocket::from(ffi::ipv6_socket(only));
        assert_eq!(socket.only_v6().unwrap(), only);
    }
}

#[test]
fn a_datagram_too_long_is_an_error_and_the_socket_goes_on() {
    let socket = UdpSocket::bind(any_port()).unwrap();
    let target = socket.local_addr().unwrap();
    let err = socket.send_to(&vec![0; 70_000], target).unwrap_err();
    assert_eq!(err.raw_os_error(), Some(TOO_LONG));
    assert_eq!(socket.send_to(b"short", target).unwrap(), 5);
}

#[test]
fn what_does_not_fit_is_thrown_away() {
    let socket = UdpSocket::bind(any_port()).unwrap();
    let target = socket.local_addr().unwrap();
    socket.send_to(b"hello", target).unwrap();
    socket.send_to(b"again", target).unwrap();
    for expected in [b"hel", b"aga"] {
        let mut buffer = [0; 3];
        let result = soon(|| socket.recv(&mut buffer));
        if cfg!(windows) {
            // On Windows the truncation is also an error.
            assert_eq!(result.unwrap_err().raw_os_error(), Some(TOO_LONG));
        } else {
            assert_eq!(result.unwrap(), 3);
        }
        assert_eq!(&buffer, expected);
    }
}

#[test]
fn sockets_are_nonblocking_and_not_inherited() {
    let socket = UdpSocket::bind(any_port()).unwrap();
    would_block(socket.recv_from(&mut [0; 8]));
    assert!(!ffi::is_inherited(&socket));
}

#[test]
fn conversions_keep_the_socket() {
    let socket = UdpSocket::bind(any_port()).unwrap();
    let number = raw(&socket);
    let socket = UdpSocket::from(Owned::from(socket));
    let socket = UdpSocket::from_std(std::net::UdpSocket::from(socket));
    let socket: UdpSocket = ffi::from_raw(into_raw(socket));
    assert_eq!(raw(&socket), number);
}
