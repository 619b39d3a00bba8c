//! What is true of sockets on Windows alone.

use std::io::{Read, Write};
use std::time::Duration;

use mio::net::{TcpListener, TcpStream, UdpSocket};
use mio::{Interest, SelectorKind, Waker};

use crate::support::{
    BOTH, Watch, any_port, connected, drain, ffi, into_raw, listen, pair, process, soon,
    would_block,
};

per_selector!(
    registering_again_and_again_leaks_no_handle,
    the_poll_may_go_before_its_sockets,
    the_sockets_may_go_before_their_poll,
    a_socket_closed_behind_our_back_ends_nothing_else,
    a_socket_closed_behind_our_back_within_the_poll,
    a_number_closed_behind_our_back_is_somebody_elses,
);

/// A socket is inherited unless its maker says otherwise, so the test below can fail.
#[test]
fn what_is_inherited_is_known() {
    assert!(ffi::is_inherited(&ffi::ipv6_socket(true)));
}

#[test]
fn sockets_are_not_inherited() {
    let (listener, address) = listen();
    let client = TcpStream::connect(address).unwrap();
    let (accepted, _) = soon(|| listener.accept()).unwrap();
    let udp = UdpSocket::bind(any_port()).unwrap();
    assert!(!ffi::is_inherited(&listener));
    assert!(!ffi::is_inherited(&client));
    assert!(!ffi::is_inherited(&accepted));
    assert!(!ffi::is_inherited(&udp));
    // A listener that is inherited makes connections that are, if nobody looks.
    let listener = std::net::TcpListener::bind(any_port()).unwrap();
    listener.set_nonblocking(true).unwrap();
    let address = listener.local_addr().unwrap();
    ffi::set_inherited(&listener);
    let listener = TcpListener::from_std(listener);
    let _client = TcpStream::connect(address).unwrap();
    let (accepted, _) = soon(|| listener.accept()).unwrap();
    assert!(!ffi::is_inherited(&accepted));
}

/// How many handles there are more after `body`, which runs once before, because the first time
/// the system opens some that it keeps.
fn handles_left_by(mut body: impl FnMut()) -> usize {
    body();
    let before = ffi::open_handles();
    body();
    ffi::open_handles().saturating_sub(before)
}

#[test]
fn the_count_of_handles_counts() {
    process::alone("windows_sockets::the_count_of_handles_counts", || {
        let mut kept = Vec::new();
        let left = handles_left_by(|| kept.push(UdpSocket::bind(any_port()).unwrap()));
        assert_eq!(left, 1);
    });
}

fn registering_again_and_again_leaks_no_handle(kind: SelectorKind) {
    let test = process::test_path!(kind, "registering_again_and_again_leaks_no_handle");
    process::alone(&test, || {
        let mut watch = Watch::new(kind);
        let (mut one, _two) = pair();
        let mut many: Vec<_> = (0..40)
            .map(|_| UdpSocket::bind(any_port()).unwrap())
            .collect();
        let left = handles_left_by(|| {
            for round in 0..1000 {
                watch.register(&mut one, round, BOTH);
                if round % 3 == 0 {
                    watch.wait_writable(round);
                }
                watch.deregister(&mut one);
            }
            // More than share a handle of the system's.
            for (token, socket) in many.iter_mut().enumerate() {
                watch.register(socket, token, Interest::READABLE);
            }
            watch.poll(Duration::ZERO);
            for socket in &mut many {
                watch.deregister(socket);
            }
            watch.poll(Duration::ZERO);
        });
        assert_eq!(left, 0);
    });
}

fn the_poll_may_go_before_its_sockets(kind: SelectorKind) {
    let test = process::test_path!(kind, "the_poll_may_go_before_its_sockets");
    process::alone(&test, || {
        let left = handles_left_by(|| {
            for _ in 0..20 {
                let watch = Watch::new(kind);
                let waker = Waker::new(watch.poll.registry(), mio::Token(0)).unwrap();
                // One with an event that nobody takes, one whose request waits.
                let (mut one, mut two) = pair();
                watch.register(&mut one, 1, BOTH);
                watch.register(&mut two, 2, Interest::READABLE);
                waker.wake().unwrap();
                drop(watch);
                waker.wake().unwrap();
                two.write_all(b"hello").unwrap();
                let mut buffer = [0; 8];
                assert_eq!(soon(|| one.read(&mut buffer)).unwrap(), 5);
                would_block(one.read(&mut buffer));
            }
        });
        assert_eq!(left, 0);
    });
}

fn the_sockets_may_go_before_their_poll(kind: SelectorKind) {
    let test = process::test_path!(kind, "the_sockets_may_go_before_their_poll");
    process::alone(&test, || {
        let left = handles_left_by(|| {
            for round in 0..20 {
                let mut watch = Watch::new(kind);
                let (mut one, mut two) = pair();
                watch.register(&mut one, 1, BOTH);
                watch.register(&mut two, 2, Interest::READABLE);
                drop((one, two));
                if round % 2 == 0 {
                    watch.expect_silence();
                }
            }
        });
        assert_eq!(left, 0);
    });
}

fn a_socket_closed_behind_our_back_ends_nothing_else(kind: SelectorKind) {
    let test = process::test_path!(kind, "a_socket_closed_behind_our_back_ends_nothing_else");
    process::alone(&test, || {
        let mut watch = Watch::new(kind);
        let (mut other, mut other_peer) = connected();
        watch.register(&mut other, 2, Interest::READABLE);
        for has_reported in [false, true] {
            let (mut one, mut peer) = connected();
            watch.register(&mut one, 1, BOTH);
            if has_reported {
                peer.write_all(b"hello").unwrap();
                watch.wait_readable(1);
            } else {
                watch.wait_writable(1);
                watch.expect_silence();
            }
            ffi::close_behind_its_back(&one);
            for _ in 0..3 {
                watch.expect_silence();
                other_peer.write_all(b"hello").unwrap();
                watch.wait_readable(2);
                assert_eq!(drain(&other), 5);
            }
            // What is no socket any more is deregistered like any other.
            watch.deregister(&mut one);
            into_raw(one);
            watch.expect_silence();
        }
    });
}

fn a_socket_closed_behind_our_back_within_the_poll(kind: SelectorKind) {
    let test = process::test_path!(kind, "a_socket_closed_behind_our_back_within_the_poll");
    process::alone(&test, || {
        let mut watch = Watch::new(kind);
        let (mut one, _peer) = connected();
        let (mut other, mut other_peer) = connected();
        watch.register(&mut one, 1, Interest::READABLE);
        watch.register(&mut other, 2, Interest::READABLE);
        let thread = std::thread::spawn(move || {
            watch.wait_readable(2);
            // Nobody was told of the one that is closed.
            watch.events.iter().all(|event| event.token().0 == 2)
        });
        ffi::close_behind_its_back(&one);
        other_peer.write_all(b"hello").unwrap();
        assert!(thread.join().unwrap());
        into_raw(one);
    });
}

/// A new socket gets the number of the old one, and its events are not those of the old one.
fn a_number_closed_behind_our_back_is_somebody_elses(kind: SelectorKind) {
    let test = process::test_path!(kind, "a_number_closed_behind_our_back_is_somebody_elses");
    process::alone(&test, || {
        let mut watch = Watch::new(kind);
        for round in 0..20 {
            let (mut one, _peer) = connected();
            watch.register(&mut one, 1, Interest::READABLE);
            if round % 2 == 0 {
                watch.expect_silence();
            }
            ffi::close_behind_its_back(&one);
            // One of these has the number, in all likelihood.
            let mut others: Vec<_> = (0..4)
                .map(|_| UdpSocket::bind(any_port()).unwrap())
                .collect();
            for other in &others {
                other
                    .send_to(b"hello", other.local_addr().unwrap())
                    .unwrap();
            }
            watch.expect_silence();
            for (token, other) in others.iter_mut().enumerate() {
                watch.register(other, 2 + token, Interest::READABLE);
                watch.wait_readable(2 + token);
                assert!(watch.events.iter().all(|event| event.token().0 != 1));
            }
            into_raw(one);
        }
    });
}
