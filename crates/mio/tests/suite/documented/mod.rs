//! Rare situations that the documents describe, as Linux behaves in them.

use std::io::{ErrorKind, Write};
use std::os::fd::{AsFd, AsRawFd, RawFd};
use std::sync::Arc;
use std::time::Duration;

use mio::net::{TcpListener, TcpStream, UdpSocket, UnixDatagram, UnixListener, UnixStream};
use mio::unix::SourceFd;
use mio::{Interest, IoSource, Poll, SelectorKind, Token};

use crate::events::{expect, table, watch};
use crate::support::ffi::{bound_unix_stream_at, connect_path};
use crate::support::{BOTH, Watch, any_port, pair, process, soon, would_block};

mod ffi;

per_selector!(
    forked_child_shares_the_list_of_epoll,
    shared_descriptor_stays_registered_on_epoll,
    devices_can_not_be_registered_on_epoll,
    nested_polls_have_limits,
    full_receiver_of_a_connected_datagram_socket_is_waited_for,
    full_receiver_of_an_unconnected_datagram_socket_is_writable,
    socket_before_connect_is_writable_and_closed,
    listener_that_was_shut_down_is_closed,
    transmit_timestamp_is_an_error_and_closes_nothing,
    master_of_a_closed_terminal_is_closed,
    slave_of_a_closed_terminal_is_closed,
    longest_path_is_the_name_of_a_peer_and_can_be_connected_to,
);

/// On epoll the parent and the child share one list. On poll(2) each has its own table.
fn forked_child_shares_the_list_of_epoll(kind: SelectorKind) {
    process::alone(
        &process::test_path!(kind, "forked_child_shares_the_list_of_epoll"),
        || {
            let mut watch = Watch::new(kind);
            let ((mut one, _one_peer), (mut two, _two_peer)) = (pair(), pair());
            watch.register(&mut one, 1, BOTH);
            watch.wait_writable(1);
            let is_good = ffi::in_child(|| {
                let registry = watch.poll.registry();
                registry.deregister(&mut one).is_ok()
                    && registry.register(&mut two, Token(2), BOTH).is_ok()
            });
            assert!(is_good);
            let ended = watch.poll.registry().deregister(&mut one);
            watch.poll(Duration::ZERO);
            if kind == SelectorKind::Epoll {
                assert_eq!(ended.unwrap_err().kind(), ErrorKind::NotFound);
                assert_eq!(
                    watch
                        .events
                        .iter()
                        .map(|event| event.token().0)
                        .sum::<usize>(),
                    2
                );
            } else {
                ended.unwrap();
                assert!(watch.events.is_empty());
            }
            watch.register(&mut one, 3, BOTH);
            watch.wait_writable(3);
        },
    );
}

fn shared_descriptor_stays_registered_on_epoll(kind: SelectorKind) {
    let mut watch = Watch::new(kind);
    let (stream, mut peer) = pair();
    let stream = Arc::new(stream);
    let mut source = IoSource::new(Arc::clone(&stream));
    watch.register(&mut source, 1, Interest::READABLE);
    drop(source);
    peer.write_all(b"hello").unwrap();
    if kind == SelectorKind::Epoll {
        watch.wait_readable(1);
        // The descriptor is open, so it can be deregistered.
        watch.deregister(&mut SourceFd(&stream.as_raw_fd()));
        peer.write_all(b"hello").unwrap();
    }
    watch.expect_silence();
    let mut source = IoSource::new(stream);
    watch.register(&mut source, 2, Interest::READABLE);
    watch.wait_readable(2);
}

fn devices_can_not_be_registered_on_epoll(kind: SelectorKind) {
    let mut watch = Watch::new(kind);
    for (token, path) in ["/dev/null", "/dev/zero"].iter().enumerate() {
        let file = std::fs::File::open(path).unwrap();
        let fd = file.as_raw_fd();
        let registry = watch.poll.registry();
        let result = registry.register(&mut SourceFd(&fd), Token(token), Interest::READABLE);
        if kind == SelectorKind::Epoll {
            assert_eq!(result.unwrap_err().raw_os_error(), Some(libc::EPERM));
        } else {
            result.unwrap();
            watch.wait_readable(token);
            watch.deregister(&mut SourceFd(&fd));
        }
    }
}

fn nested_polls_have_limits(kind: SelectorKind) {
    if kind != SelectorKind::Epoll {
        return; // It has no descriptor.
    }
    let register = |outer: &Poll, inner: RawFd| {
        let registry = outer.registry();
        let result = registry.register(&mut SourceFd(&inner), Token(1), Interest::READABLE);
        result.map_err(|err| err.raw_os_error().expect("a code"))
    };
    let (one, two) = (Poll::new().unwrap(), Poll::new().unwrap());
    assert_eq!(register(&one, one.as_raw_fd()), Err(libc::EINVAL));
    assert_eq!(register(&one, two.as_raw_fd()), Ok(()));
    assert_eq!(register(&two, one.as_raw_fd()), Err(libc::ELOOP));
    // The kernel allows a chain of five polls, but not of six.
    let polls: Vec<_> = (0..6).map(|_| Poll::new().unwrap()).collect();
    let mut pairs = polls.windows(2);
    for pair in pairs.by_ref().take(4) {
        assert_eq!(register(&pair[1], pair[0].as_raw_fd()), Ok(()));
    }
    let pair = pairs.next().unwrap();
    assert_eq!(register(&pair[1], pair[0].as_raw_fd()), Err(libc::ELOOP));
}

fn full_receiver_of_a_connected_datagram_socket_is_waited_for(kind: SelectorKind) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("receiver");
    let receiver = UnixDatagram::bind(&path).unwrap();
    let mut sender = UnixDatagram::unbound().unwrap();
    sender.connect(&path).unwrap();
    let mut watch = watch(kind, &mut sender, Interest::WRITABLE);
    while sender.send(b"hello").is_ok() {}
    would_block(sender.send(b"hello"));
    watch.expect_silence();
    while receiver.recv(&mut [0; 8]).is_ok() {}
    watch.wait_writable(1);
}

fn full_receiver_of_an_unconnected_datagram_socket_is_writable(kind: SelectorKind) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("receiver");
    let _receiver = UnixDatagram::bind(&path).unwrap();
    let mut sender = UnixDatagram::unbound().unwrap();
    while sender.send_to(b"hello", &path).is_ok() {}
    let mut watch = watch(kind, &mut sender, Interest::WRITABLE.level());
    for _ in 0..10 {
        would_block(sender.send_to(b"hello", &path));
        watch.wait_writable(1);
    }
}

fn socket_before_connect_is_writable_and_closed(kind: SelectorKind) {
    use socket2::{Domain, Socket, Type};

    let socket = |domain| {
        let socket = Socket::new(domain, Type::STREAM, None).unwrap();
        socket.set_nonblocking(true).unwrap();
        socket
    };
    let mut stream = TcpStream::from_std(socket(Domain::IPV4).into());
    let mut watch = Watch::new(kind);
    watch.register(&mut stream, 1, BOTH);
    expect(&mut watch, kind, &table::UNCONNECTED);

    let mut stream = UnixStream::from_std(socket(Domain::UNIX).into());
    let mut watch = Watch::new(kind);
    watch.register(&mut stream, 1, BOTH);
    expect(&mut watch, kind, &table::UNCONNECTED);
}

fn listener_that_was_shut_down_is_closed(kind: SelectorKind) {
    let mut listener = TcpListener::bind(any_port()).unwrap();
    let mut watch = Watch::new(kind);
    watch.register(&mut listener, 1, Interest::READABLE);
    ffi::shut_down(&listener);
    expect(&mut watch, kind, &table::LISTENER_SHUT_DOWN);
    let err = listener.accept().unwrap_err();
    assert_eq!(err.kind(), ErrorKind::InvalidInput);

    let folder = tempfile::tempdir().unwrap();
    let mut listener = UnixListener::bind(folder.path().join("listener")).unwrap();
    let mut watch = Watch::new(kind);
    watch.register(&mut listener, 1, Interest::READABLE);
    ffi::shut_down(&listener);
    expect(&mut watch, kind, &table::UNIX_LISTENER_SHUT_DOWN);
}

fn transmit_timestamp_is_an_error_and_closes_nothing(kind: SelectorKind) {
    let peer = UdpSocket::bind(any_port()).unwrap();
    let mut socket = UdpSocket::bind(any_port()).unwrap();
    socket.connect(peer.local_addr().unwrap()).unwrap();
    if let Err(err) = ffi::ask_for_transmit_timestamps(socket.as_raw_fd()) {
        // An emulator of system calls, such as qemu-user, does not support the option.
        println!("not tested: this kernel has no such timestamps: {err}");
        return;
    }
    let mut watch = watch(kind, &mut socket, BOTH);
    socket.send(b"hello").unwrap();
    expect(&mut watch, kind, &table::TRANSMIT_TIMESTAMP);
    // Nothing has failed, and nothing is closed.
    assert!(socket.take_error().unwrap().is_none());
    socket.send(b"hello").unwrap();
}

fn master_of_a_closed_terminal_is_closed(kind: SelectorKind) {
    let (master, slave) = ffi::terminal();
    let mut master = IoSource::new(master);
    let mut watch = watch(kind, &mut master, BOTH);
    drop(slave);
    expect(&mut watch, kind, &table::LAST_SLAVE_CLOSED);
    // The next program that opens the slave can read this write.
    master.write_with(|mut file| file.write(b"!")).unwrap();
}

fn slave_of_a_closed_terminal_is_closed(kind: SelectorKind) {
    let (master, slave) = ffi::terminal();
    let mut slave = IoSource::new(slave);
    let mut watch = watch(kind, &mut slave, BOTH);
    drop(master);
    expect(&mut watch, kind, &table::MASTER_CLOSED);
    let err = slave.write_with(|mut file| file.write(b"!")).unwrap_err();
    assert_eq!(err.raw_os_error(), Some(libc::EIO));
}

/// A path of 108 bytes has no zero after it. Only std's `bind` and `connect` refuse it.
fn longest_path_is_the_name_of_a_peer_and_can_be_connected_to(kind: SelectorKind) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("listener");
    let mut listener = UnixListener::bind(&path).unwrap();
    let mut watch = Watch::new(kind);
    watch.register(&mut listener, 1, Interest::READABLE);

    let mut name = folder.path().as_os_str().as_encoded_bytes().to_vec();
    name.push(b'/');
    name.resize(108, b'n');
    let peer = bound_unix_stream_at(&name);
    connect_path(peer.as_fd(), path.as_os_str().as_encoded_bytes());
    watch.wait_readable(1);
    let (_stream, from) = listener.accept().unwrap();
    let found = from.as_pathname().expect("a path");
    assert_eq!(found.as_os_str().as_encoded_bytes(), name);

    // A listener can have that address.
    drop(peer);
    std::fs::remove_file(found).unwrap();
    let other = UnixListener::bind_addr(&from).unwrap();
    let stream = UnixStream::connect_addr(&from).unwrap();
    let (_, nobody) = soon(|| other.accept()).unwrap();
    assert!(nobody.is_unnamed());
    let found = stream.peer_addr().unwrap();
    assert_eq!(found.as_pathname(), from.as_pathname());
}
