//! Unix sockets.

use std::io::{ErrorKind, Read, Write};
use std::os::fd::{AsFd, AsRawFd, IntoRawFd, OwnedFd};
#[cfg(all(abstract_address, not(std_os_android)))]
use std::os::{linux::net::SocketAddrExt, unix::net::SocketAddr};

use mio::net::{UnixDatagram, UnixListener, UnixStream};
use mio::{Interest, SelectorKind};

use crate::support::{BOTH, Watch, ffi, fill, reports_end, would_block};

per_selector!(
    a_stream_over_a_path,
    a_stream_pair,
    datagrams_over_paths,
    a_datagram_pair
);

fn a_stream_over_a_path(kind: SelectorKind) {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("socket");
    let mut watch = Watch::new(kind);
    let mut listener = UnixListener::bind(&path).unwrap();
    assert_eq!(listener.local_addr().unwrap().as_pathname(), Some(&*path));
    watch.register(&mut listener, 0, Interest::READABLE);
    would_block(listener.accept());

    let mut client = UnixStream::connect(&path).unwrap();
    watch.register(&mut client, 1, BOTH);
    watch.wait_readable(0);
    let (mut server, from) = listener.accept().unwrap();
    assert!(from.is_unnamed());
    assert!(client.local_addr().unwrap().is_unnamed());
    assert_eq!(client.peer_addr().unwrap().as_pathname(), Some(&*path));
    would_block(listener.accept());

    server.write_all(b"hello").unwrap();
    watch.wait_readable(1);
    assert_eq!(client.read(&mut [0; 8]).unwrap(), 5);
}

fn a_stream_pair(kind: SelectorKind) {
    let (mut one, mut two) = UnixStream::pair().unwrap();
    let mut watch = Watch::new(kind);
    watch.register(&mut one, 1, BOTH);
    watch.register(&mut two, 2, BOTH);
    watch.wait_writable(1);
    let written = fill(&one);
    watch.wait_readable(2);
    assert_eq!(crate::support::drain(&two), written);
    watch.wait_writable(1);
    one.shutdown(std::net::Shutdown::Write).unwrap();
    let event = watch.wait_readable(2);
    assert_eq!(event.is_read_closed(), reports_end(kind));
    assert_eq!(two.read(&mut [0; 8]).unwrap(), 0);
    assert!(two.take_error().unwrap().is_none());
}

fn datagrams_over_paths(kind: SelectorKind) {
    let directory = tempfile::tempdir().unwrap();
    let (here, there) = (
        directory.path().join("here"),
        directory.path().join("there"),
    );
    let mut watch = Watch::new(kind);
    let mut one = UnixDatagram::bind(&here).unwrap();
    let two = UnixDatagram::bind(&there).unwrap();
    watch.register(&mut one, 1, Interest::READABLE);
    let mut buffer = [0; 16];

    assert_eq!(two.send_to(b"hello", &here).unwrap(), 5);
    watch.wait_readable(1);
    let (length, from) = one.recv_from(&mut buffer).unwrap();
    assert_eq!((length, from.as_pathname()), (5, Some(&*there)));
    would_block(one.recv_from(&mut buffer));

    two.connect(&here).unwrap();
    assert_eq!(two.peer_addr().unwrap().as_pathname(), Some(&*here));
    assert_eq!(two.send(b"again!").unwrap(), 6);
    watch.wait_readable(1);
    assert_eq!(one.recv(&mut buffer).unwrap(), 6);

    let nameless = UnixDatagram::unbound().unwrap();
    nameless.send_to(b"x", &here).unwrap();
    assert!(one.recv_from(&mut buffer).unwrap().1.is_unnamed());
}

fn a_datagram_pair(kind: SelectorKind) {
    let (mut one, two) = UnixDatagram::pair().unwrap();
    let mut watch = Watch::new(kind);
    watch.register(&mut one, 1, BOTH);
    watch.wait_writable(1);
    // Fill the queue until it is full, then make room again.
    let mut sent = 0;
    while one.send(b"hello").is_ok() {
        sent += 1;
    }
    watch.expect_silence();
    for _ in 0..sent {
        two.recv(&mut [0; 8]).unwrap();
    }
    would_block(two.recv(&mut [0; 8]));
    // A BSD shows only with the next write that the receiver has room.
    if kind != SelectorKind::Kqueue {
        watch.wait_writable(1);
    }
    one.send(b"hello").unwrap();
    one.shutdown(std::net::Shutdown::Both).unwrap();
    assert!(one.send(b"hello").is_err());
    assert!(two.take_error().unwrap().is_none());
}

#[cfg(all(abstract_address, not(std_os_android)))]
#[test]
fn abstract_addresses() {
    let name = format!("mio-test-{}", std::process::id());
    let address = SocketAddr::from_abstract_name(&name).unwrap();
    let listener = UnixListener::bind_addr(&address).unwrap();
    assert_eq!(
        listener.local_addr().unwrap().as_abstract_name(),
        Some(name.as_bytes())
    );
    let client = UnixStream::connect_addr(&address).unwrap();
    assert_eq!(
        client.peer_addr().unwrap().as_abstract_name(),
        Some(name.as_bytes())
    );

    // A client with an abstract name, too, which contains a zero and has the maximum length.
    let mut long = [b'x'; 107];
    long[50] = 0;
    long[..8].copy_from_slice(&u64::from(std::process::id()).to_ne_bytes());
    let name_of_client = SocketAddr::from_abstract_name(long).unwrap();
    let named = ffi::bound_unix_stream(&long);
    ffi::connect_abstract(named.as_fd(), name.as_bytes());
    drop(listener.accept().unwrap());
    let (_, from) = listener.accept().unwrap();
    assert_eq!(from.as_abstract_name(), name_of_client.as_abstract_name());

    let datagrams =
        UnixDatagram::bind_addr(&SocketAddr::from_abstract_name(format!("{name}d")).unwrap());
    assert!(
        datagrams
            .unwrap()
            .local_addr()
            .unwrap()
            .as_abstract_name()
            .is_some()
    );
}

#[test]
fn a_client_with_a_path() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("listener");
    let listener = UnixListener::bind(&path).unwrap();
    // The longest path that fits, for which some kernels leave out the zero at the end.
    for length in [1, 60, 107] {
        let mut name = directory
            .path()
            .join("c")
            .into_os_string()
            .into_encoded_bytes();
        name.resize(name.len().max(length), b'c');
        let client = ffi::bound_unix_stream_at(&name);
        ffi::connect_path(client.as_fd(), path.as_os_str().as_encoded_bytes());
        let (_, from) = listener.accept().unwrap();
        assert_eq!(
            from.as_pathname().unwrap().as_os_str().as_encoded_bytes(),
            name
        );
        std::fs::remove_file(from.as_pathname().unwrap()).unwrap();
    }
}

#[test]
fn bad_paths_are_errors() {
    let long = "x".repeat(200);
    for path in [long.as_str(), "zero\0within"] {
        for err in [
            UnixListener::bind(path).unwrap_err(),
            UnixStream::connect(path).unwrap_err(),
            UnixDatagram::bind(path).unwrap_err(),
            UnixDatagram::unbound().unwrap().connect(path).unwrap_err(),
            UnixDatagram::unbound()
                .unwrap()
                .send_to(b"x", path)
                .unwrap_err(),
        ] {
            assert_eq!(err.kind(), ErrorKind::InvalidInput, "{err}");
        }
    }
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("socket");
    assert_eq!(
        UnixStream::connect(&path).unwrap_err().kind(),
        ErrorKind::NotFound
    );
    let listener = UnixListener::bind(&path).unwrap();
    assert_eq!(
        UnixListener::bind(&path).unwrap_err().kind(),
        ErrorKind::AddrInUse
    );
    drop(listener);
    assert_eq!(
        UnixStream::connect(&path).unwrap_err().kind(),
        ErrorKind::ConnectionRefused
    );
}

#[test]
fn a_full_backlog_is_an_error() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("socket");
    let listener = UnixListener::bind(&path).unwrap();
    ffi::listen_again(&listener, 1);
    let mut clients = Vec::new();
    let err = loop {
        match UnixStream::connect(&path) {
            Ok(client) => clients.push(client),
            Err(err) => break err,
        }
    };
    assert_eq!(err.kind(), ErrorKind::WouldBlock, "{err}");
    // After one connection is accepted, there is room.
    listener.accept().unwrap();
    UnixStream::connect(&path).unwrap();
}

#[test]
fn sockets_are_nonblocking_and_close_on_exec() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("socket");
    let listener = UnixListener::bind(&path).unwrap();
    let client = UnixStream::connect(&path).unwrap();
    let (server, _) = listener.accept().unwrap();
    let (one, two) = UnixStream::pair().unwrap();
    let (three, four) = UnixDatagram::pair().unwrap();
    let unbound = UnixDatagram::unbound().unwrap();
    let bound = UnixDatagram::bind(directory.path().join("datagrams")).unwrap();
    let streams = [client.as_fd(), server.as_fd(), one.as_fd(), two.as_fd()];
    let datagrams = [three.as_fd(), four.as_fd(), unbound.as_fd(), bound.as_fd()];
    for fd in streams
        .into_iter()
        .chain(datagrams)
        .chain([listener.as_fd()])
    {
        assert_eq!(ffi::flags(fd), (true, true));
    }
}

#[test]
fn conversions_keep_the_descriptor() {
    let (stream, _other) = UnixStream::pair().unwrap();
    let fd = stream.as_raw_fd();
    let stream = UnixStream::from(OwnedFd::from(stream));
    let stream = UnixStream::from_std(std::os::unix::net::UnixStream::from(stream));
    let stream: UnixStream = ffi::from_raw(stream.into_raw_fd());
    assert_eq!(stream.as_raw_fd(), fd);

    let (datagram, _other) = UnixDatagram::pair().unwrap();
    let fd = datagram.as_raw_fd();
    let datagram = UnixDatagram::from(OwnedFd::from(datagram));
    let datagram = UnixDatagram::from_std(std::os::unix::net::UnixDatagram::from(datagram));
    let datagram: UnixDatagram = ffi::from_raw(datagram.into_raw_fd());
    assert_eq!(datagram.as_raw_fd(), fd);

    let directory = tempfile::tempdir().unwrap();
    let listener = UnixListener::bind(directory.path().join("socket")).unwrap();
    let fd = listener.as_raw_fd();
    let listener = UnixListener::from(OwnedFd::from(listener));
    let listener = UnixListener::from_std(std::os::unix::net::UnixListener::from(listener));
    let listener: UnixListener = ffi::from_raw(listener.into_raw_fd());
    assert_eq!(listener.as_raw_fd(), fd);
}
