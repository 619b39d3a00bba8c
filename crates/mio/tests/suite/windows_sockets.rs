//! Socket behaviour that is specific to Windows.

use std::io::{ErrorKind, Read, Write};
use std::net::SocketAddr;
use std::os::windows::io::{AsRawSocket, RawSocket};
use std::time::Duration;

use mio::net::{TcpListener, TcpStream, UdpSocket};
use mio::windows::SourceSocket;
use mio::{Interest, IoSource, SelectorKind, Token, Waker};

use crate::support::{
    BOTH, SHORT, Watch, any_port, connected, drain, ffi, into_raw, listen, pair, process, soon,
    would_block,
};

per_selector!(
    registering_again_and_again_leaks_no_handle,
    the_poll_may_go_before_its_sockets,
    the_sockets_may_go_before_their_poll,
    a_socket_closed_behind_our_back_ends_nothing_else,
    a_socket_closed_behind_our_back_within_the_poll,
    a_number_closed_behind_our_back_is_somebody_elses,
    a_socket_of_others_is_an_io_source,
    a_socket_that_was_made_by_hand_is_an_io_source,
    a_raw_socket_has_levels,
    a_raw_socket_has_oneshots,
    a_raw_socket_has_no_edges,
    mistakes_with_raw_sockets_are_errors,
    a_raw_socket_that_is_closed_is_forgotten,
    raw_socket_closed_after_an_event_keeps_no_token,
    raw_socket_number_is_registered_again_without_a_poll,
    reader_and_writer_clone_each_have_their_events,
    failed_read_arms_reading_again,
    operation_that_fails_for_good_is_no_busy_loop,
    a_raw_socket_is_told_apart_from_a_source,
    raw_sockets_leave_no_handle,
);

/// By default a socket is inheritable, so the next test can fail.
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
    // An inheritable listener accepts inheritable connections, unless the flag is changed.
    let listener = std::net::TcpListener::bind(any_port()).unwrap();
    listener.set_nonblocking(true).unwrap();
    let address = listener.local_addr().unwrap();
    ffi::set_inherited(&listener);
    let listener = TcpListener::from_std(listener);
    let _client = TcpStream::connect(address).unwrap();
    let (accepted, _) = soon(|| listener.accept()).unwrap();
    assert!(!ffi::is_inherited(&accepted));
}

/// Returns the number of handles that `body` leaks. Runs it once before, because Windows opens some
/// handles on first use and keeps them.
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
            // More sockets than share an AFD handle.
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
                // One socket with an event that nobody takes, and one with a request in flight.
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
            // A closed socket can be deregistered like any other.
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
            // The closed socket has no event.
            watch.events.iter().all(|event| event.token().0 == 2)
        });
        ffi::close_behind_its_back(&one);
        other_peer.write_all(b"hello").unwrap();
        assert!(thread.join().unwrap());
        into_raw(one);
    });
}

/// A new socket gets the number of the old one, but not its events.
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
            // One of these probably has the number.
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

/// Creates an unwrapped socket of std, and returns its address.
fn of_std() -> (std::net::UdpSocket, std::net::SocketAddr) {
    let socket = std::net::UdpSocket::bind(any_port()).unwrap();
    socket.set_nonblocking(true).unwrap();
    let address = socket.local_addr().unwrap();
    (socket, address)
}

fn a_socket_of_others_is_an_io_source(kind: SelectorKind) {
    let (sender, _) = of_std();
    for interest in [
        Interest::READABLE,
        Interest::READABLE.level(),
        Interest::READABLE.oneshot(),
    ] {
        let mut watch = Watch::new(kind);
        let (socket, address) = of_std();
        let mut source = IoSource::new(socket);
        watch.register(&mut source, 1, interest);
        for round in 1..4 {
            watch.expect_silence();
            sender.send_to(b"hello", address).unwrap();
            watch.wait_readable(round);
            let receive = || source.read_with(|socket| socket.recv(&mut [0; 8]));
            assert_eq!(receive().unwrap(), 5);
            would_block(receive());
            let registry = watch.poll.registry();
            registry
                .reregister(&mut source, Token(round + 1), interest)
                .unwrap();
        }
        watch.deregister(&mut source);
        sender.send_to(b"hello", address).unwrap();
        watch.expect_silence();
        let _: std::net::UdpSocket = source.into_inner();
    }
}

/// A socket from `WSASocketW`, without a type of std around it.
fn a_socket_that_was_made_by_hand_is_an_io_source(kind: SelectorKind) {
    let mut watch = Watch::new(kind);
    let mut source = IoSource::new(ffi::ipv6_socket(true));
    watch.register(&mut source, 1, Interest::WRITABLE);
    watch.wait_writable(1);
    watch.expect_silence();
    let blocked = source.write_with(|_| Err::<(), _>(ErrorKind::WouldBlock.into()));
    would_block(blocked);
    watch.wait_writable(1);
}

fn a_raw_socket_has_levels(kind: SelectorKind) {
    let mut watch = Watch::new(kind);
    let (socket, address) = of_std();
    let raw = socket.as_raw_socket();
    watch.register(&mut SourceSocket(&raw), 1, Interest::READABLE.level());
    watch.expect_silence();
    for _ in 0..3 {
        socket.send_to(b"hello", address).unwrap();
        for _ in 0..3 {
            watch.wait_readable(1);
        }
        assert_eq!(socket.recv(&mut [0; 8]).unwrap(), 5);
        watch.expect_silence();
    }
    let registry = watch.poll.registry();
    registry
        .reregister(&mut SourceSocket(&raw), Token(2), BOTH.level())
        .unwrap();
    watch.wait_writable(2);
    watch.deregister(&mut SourceSocket(&raw));
    watch.expect_silence();
}

fn a_raw_socket_has_oneshots(kind: SelectorKind) {
    let once = Interest::READABLE.oneshot();
    let mut watch = Watch::new(kind);
    let (socket, address) = of_std();
    let raw = socket.as_raw_socket();
    watch.register(&mut SourceSocket(&raw), 0, once);
    for round in 0..3 {
        socket.send_to(b"hello", address).unwrap();
        watch.wait_readable(round);
        assert_eq!(socket.recv(&mut [0; 8]).unwrap(), 5);
        socket.send_to(b"again", address).unwrap();
        watch.expect_silence();
        assert_eq!(socket.recv(&mut [0; 8]).unwrap(), 5);
        let registry = watch.poll.registry();
        registry
            .reregister(&mut SourceSocket(&raw), Token(round + 1), once)
            .unwrap();
    }
}

fn a_raw_socket_has_no_edges(kind: SelectorKind) {
    let mut watch = Watch::new(kind);
    let (socket, address) = of_std();
    let raw = socket.as_raw_socket();
    let mut source = SourceSocket(&raw);
    let registry = watch.poll.registry();
    let err = registry.register(&mut source, Token(1), Interest::READABLE);
    let err = err.unwrap_err();
    assert_eq!(err.kind(), ErrorKind::Unsupported);
    assert!(err.to_string().contains("IoSource"), "{err}");
    // Nothing has changed. The same is true for a registered socket.
    registry
        .register(&mut source, Token(1), Interest::READABLE.level())
        .unwrap();
    for interest in [Interest::READABLE, Interest::READABLE.level().exclusive()] {
        let err = registry.reregister(&mut source, Token(2), interest);
        assert_eq!(err.unwrap_err().kind(), ErrorKind::Unsupported);
    }
    socket.send_to(b"hello", address).unwrap();
    watch.wait_readable(1);
}

fn mistakes_with_raw_sockets_are_errors(kind: SelectorKind) {
    let watch = Watch::new(kind);
    let other = Watch::new(kind);
    let level = Interest::READABLE.level();
    let (socket, _) = of_std();
    let raw = socket.as_raw_socket();
    let mut source = SourceSocket(&raw);
    let registry = watch.poll.registry();
    let not_found = |registry: &mio::Registry, source: &mut SourceSocket<'_>| {
        let err = registry.reregister(source, Token(1), level).unwrap_err();
        assert_eq!(err.kind(), ErrorKind::NotFound);
        let err = registry.deregister(source).unwrap_err();
        assert_eq!(err.kind(), ErrorKind::NotFound);
    };
    not_found(registry, &mut source);
    registry.register(&mut source, Token(1), level).unwrap();
    let err = registry.register(&mut source, Token(2), level).unwrap_err();
    assert_eq!(err.kind(), ErrorKind::AlreadyExists);
    not_found(other.poll.registry(), &mut source);
    registry.deregister(&mut source).unwrap();
    not_found(registry, &mut source);
    let no_socket = 0xfff0;
    let err = registry.register(&mut SourceSocket(&no_socket), Token(1), level);
    err.unwrap_err();
    not_found(registry, &mut SourceSocket(&no_socket));
}

fn a_raw_socket_that_is_closed_is_forgotten(kind: SelectorKind) {
    let test = process::test_path!(kind, "a_raw_socket_that_is_closed_is_forgotten");
    process::alone(&test, || {
        let level = Interest::READABLE.level();
        let mut watch = Watch::new(kind);
        for _ in 0..10 {
            let (socket, _) = of_std();
            let raw = socket.as_raw_socket();
            watch.register(&mut SourceSocket(&raw), 1, level);
            watch.expect_silence();
            drop(socket);
            watch.expect_silence();
            // The number is free. This socket probably has it.
            let (socket, address) = of_std();
            let raw = socket.as_raw_socket();
            watch.register(&mut SourceSocket(&raw), 2, level);
            socket.send_to(b"hello", address).unwrap();
            watch.wait_readable(2);
            assert_eq!(socket.recv(&mut [0; 8]).unwrap(), 5);
            watch.deregister(&mut SourceSocket(&raw));
        }
    });
}

/// Creates a socket with the number of a closed one, if that is possible.
fn same_number(raw: RawSocket) -> Option<(std::net::UdpSocket, SocketAddr)> {
    let (socket, address) = of_std();
    (socket.as_raw_socket() == raw).then_some((socket, address))
}

fn raw_socket_closed_after_an_event_keeps_no_token(kind: SelectorKind) {
    let test = process::test_path!(kind, "raw_socket_closed_after_an_event_keeps_no_token");
    process::alone(&test, || {
        let mut reused = 0;
        for interest in [Interest::READABLE.level(), Interest::READABLE.oneshot()] {
            let mut watch = Watch::new(kind);
            for _ in 0..20 {
                let (socket, address) = of_std();
                let raw = socket.as_raw_socket();
                watch.register(&mut SourceSocket(&raw), 1, interest);
                socket.send_to(b"hello", address).unwrap();
                watch.wait_readable(1);
                drop(socket);
                let Some((socket, address)) = same_number(raw) else {
                    continue;
                };
                reused += 1;
                socket.send_to(b"hello", address).unwrap();
                watch.expect_silence();
                watch.register(&mut SourceSocket(&raw), 2, interest);
                let event = watch.wait_readable(2);
                assert_eq!(event.token(), Token(2));
                watch.deregister(&mut SourceSocket(&raw));
            }
        }
        assert!(reused > 0, "the numbers of closed sockets are used again");
    });
}

fn raw_socket_number_is_registered_again_without_a_poll(kind: SelectorKind) {
    let test = process::test_path!(kind, "raw_socket_number_is_registered_again_without_a_poll");
    process::alone(&test, || {
        let mut reused = 0;
        for interest in [Interest::READABLE.level(), Interest::READABLE.oneshot()] {
            for has_event in [false, true] {
                let mut watch = Watch::new(kind);
                let (mut socket, mut address) = of_std();
                let raw = socket.as_raw_socket();
                for token in 0..20 {
                    watch.register(&mut SourceSocket(&raw), token, interest);
                    if has_event {
                        socket.send_to(b"hello", address).unwrap();
                        watch.wait_readable(token);
                    }
                    drop(socket);
                    let Some(next) = same_number(raw) else {
                        break;
                    };
                    (socket, address) = next;
                    reused += 1;
                }
            }
        }
        assert!(reused > 0, "the numbers of closed sockets are used again");
    });
}

/// A clone for reading and the original for writing, each with its own number.
fn reader_and_writer_clone_each_have_their_events(kind: SelectorKind) {
    let level = Interest::READABLE.level();
    let mut watch = Watch::new(kind);
    let (stream, mut peer) = connected();
    let original: std::net::TcpStream = stream.into();
    let mut reader = IoSource::new(original.try_clone().unwrap());
    let mut writer = IoSource::new(original);
    let raw = [reader.as_raw_socket(), writer.as_raw_socket()];
    watch.register(&mut reader, 1, Interest::READABLE);
    watch.register(&mut writer, 2, Interest::WRITABLE);
    watch.wait_writable(2);
    let read = || reader.read_with(|mut socket| socket.read(&mut [0; 8]));
    let write = || writer.write_with(|mut socket| socket.write(&[0; 4096]));
    peer.set_nonblocking(true).unwrap();
    for _ in 0..20 {
        // Arm both at once.
        would_block(read());
        while write().is_ok() {}
        peer.write_all(b"hello").unwrap();
        let (mut is_readable, mut is_writable) = (false, false);
        let mut buffer = vec![0; 1 << 20];
        soon(|| {
            while peer.read(&mut buffer).is_ok() {}
            watch.poll(Duration::ZERO);
            for event in &watch.events {
                is_readable |= event.token() == Token(1) && event.is_readable();
                is_writable |= event.token() == Token(2) && event.is_writable();
            }
            match is_readable && is_writable {
                true => Ok(()),
                false => Err(ErrorKind::WouldBlock.into()),
            }
        })
        .unwrap();
        assert_eq!(read().unwrap(), 5);
    }
    // Each number has a registration of its own.
    watch.register(&mut SourceSocket(&raw[0]), 3, level);
    watch.register(&mut SourceSocket(&raw[1]), 4, level);
    peer.write_all(b"hello").unwrap();
    for _ in 0..3 {
        watch.wait_readable(3);
        watch.wait_readable(4);
    }
    // The remaining registration continues after the handle that was registered first is closed.
    watch.deregister(&mut SourceSocket(&raw[0]));
    watch.deregister(&mut SourceSocket(&raw[1]));
    drop(reader);
    let registry = watch.poll.registry();
    registry
        .reregister(&mut writer, Token(5), Interest::READABLE)
        .unwrap();
    watch.wait_readable(5);
}

/// A datagram that does not fit into the buffer is an error, and is discarded.
fn failed_read_arms_reading_again(kind: SelectorKind) {
    for interests in [Interest::READABLE, BOTH] {
        let mut watch = Watch::new(kind);
        let mut socket = UdpSocket::bind(any_port()).unwrap();
        let address = socket.local_addr().unwrap();
        watch.register(&mut socket, 1, interests);
        for _ in 0..5 {
            socket.send_to(b"hello", address).unwrap();
        }
        for _ in 0..5 {
            watch.wait_readable(1);
            socket.recv(&mut [0; 1]).unwrap_err();
        }
        would_block(socket.recv(&mut [0; 1]));
    }
}

fn operation_that_fails_for_good_is_no_busy_loop(kind: SelectorKind) {
    let mut watch = Watch::new(kind);
    let (socket, _) = of_std();
    let mut source = IoSource::new(socket);
    watch.register(&mut source, 1, Interest::WRITABLE);
    let fail = || source.write_with(|_| Err::<(), _>(ErrorKind::OutOfMemory.into()));
    for _ in 0..3 {
        watch.wait_writable(1);
        // A failure re-arms the direction, up to a limit.
        let mut events = 0;
        loop {
            fail().unwrap_err();
            watch.poll(SHORT);
            if watch.events.is_empty() {
                break;
            }
            events += 1;
            assert!(events <= 1000, "a busy loop");
        }
        assert!(events > 10, "{events}");
        would_block(source.write_with(|_| Err::<(), _>(ErrorKind::WouldBlock.into())));
    }
}

/// A socket of this crate that is also registered by number has two registrations, each with its
/// own mode.
fn a_raw_socket_is_told_apart_from_a_source(kind: SelectorKind) {
    let mut watch = Watch::new(kind);
    let (mut stream, mut peer) = connected();
    let raw = stream.as_raw_socket();
    watch.register(&mut stream, 1, Interest::READABLE);
    watch.register(&mut SourceSocket(&raw), 2, Interest::READABLE.level());
    peer.write_all(b"hello").unwrap();
    for _ in 0..3 {
        watch.wait_readable(2);
    }
    watch.deregister(&mut stream);
    for _ in 0..3 {
        watch.wait_readable(2);
    }
    assert_eq!(drain(&stream), 5);
    watch.expect_silence();
}

fn raw_sockets_leave_no_handle(kind: SelectorKind) {
    let test = process::test_path!(kind, "raw_sockets_leave_no_handle");
    process::alone(&test, || {
        let left = handles_left_by(|| {
            for _ in 0..20 {
                let mut watch = Watch::new(kind);
                let sockets = [of_std(), of_std(), of_std()];
                for (token, (socket, address)) in sockets.iter().enumerate() {
                    let raw = socket.as_raw_socket();
                    watch.register(&mut SourceSocket(&raw), token, Interest::READABLE.level());
                    socket.send_to(b"hello", address).unwrap();
                }
                watch.wait_readable(0);
                // None of them is deregistered.
                drop(watch);
            }
        });
        assert_eq!(left, 0);
    });
}
