//! Errors of I/O: a later error is reported again, and a persistent one causes no busy loop.

use std::io::{ErrorKind, Write};
use std::time::{Duration, Instant};

use mio::event::Event;
use mio::net::{UdpSocket, UnixDatagram};
use mio::{Interest, SelectorKind};

use crate::support::{BOTH, Watch, any_port, pair, process, would_block};

per_selector!(
    each_refused_datagram_is_reported,
    each_refused_datagram_is_reported_for_both_directions,
    taken_error_does_not_hide_the_next,
    lasting_error_is_no_busy_loop,
    #[cfg(priority)]
    accept_emfile_keeps_listener_armed,
    #[cfg(priority)]
    lasting_accept_error_is_no_busy_loop,
);

/// Returns a UDP socket that is connected to an unused port.
fn refused() -> UdpSocket {
    let gone = std::net::UdpSocket::bind(any_port()).unwrap();
    let address = gone.local_addr().unwrap();
    drop(gone);
    let socket = UdpSocket::bind(any_port()).unwrap();
    socket.connect(address).unwrap();
    socket
}

/// Returns `true` for an event of a refused datagram. Its flags differ between kernels; see the
/// table of `Event`.
fn is_error_or_readable(event: &Event) -> bool {
    event.is_error() || event.is_readable()
}

fn each_refused_datagram_is_reported(kind: SelectorKind) {
    refuse_and_receive(kind, Interest::READABLE);
}

fn each_refused_datagram_is_reported_for_both_directions(kind: SelectorKind) {
    refuse_and_receive(kind, BOTH);
}

fn refuse_and_receive(kind: SelectorKind, interests: Interest) {
    let _no_spawns = process::no_spawns();
    let mut socket = refused();
    let mut watch = Watch::new(kind);
    watch.register(&mut socket, 1, interests);
    for _ in 0..5 {
        socket.send(b"anybody?").unwrap();
        watch.wait(1, is_error_or_readable);
        // Without another read that would block.
        let err = socket.recv(&mut [0; 8]).unwrap_err();
        assert_eq!(err.kind(), ErrorKind::ConnectionRefused);
    }
}

fn taken_error_does_not_hide_the_next(kind: SelectorKind) {
    let _no_spawns = process::no_spawns();
    let mut socket = refused();
    let mut watch = Watch::new(kind);
    watch.register(&mut socket, 1, BOTH);
    for _ in 0..5 {
        socket.send(b"anybody?").unwrap();
        watch.wait(1, is_error_or_readable);
        let err = socket.take_error().unwrap().unwrap();
        assert_eq!(err.kind(), ErrorKind::ConnectionRefused);
    }
}

/// Polls for a fifth of a second, handles each event, and returns the number of events.
fn count_events(watch: &mut Watch, mut handle: impl FnMut()) -> usize {
    let end = Instant::now() + Duration::from_millis(200);
    let mut count = 0;
    while Instant::now() < end {
        watch.poll(end.saturating_duration_since(Instant::now()));
        for _ in &watch.events {
            count += 1;
            handle();
        }
    }
    count
}

fn lasting_error_is_no_busy_loop(kind: SelectorKind) {
    let _no_spawns = process::no_spawns();
    let (mut one, two) = pair();
    let mut watch = Watch::new(kind);
    watch.register(&mut one, 1, BOTH);
    drop(two);
    let count = count_events(&mut watch, || {
        assert!(one.write(b"hello").is_err());
    });
    assert!((1..=40).contains(&count), "{count} events");
}

/// Creates a listener, and opens as many descriptors as the process may have.
#[cfg(priority)]
fn exhausted_listener(
    watch: &mut Watch,
) -> (
    mio::net::TcpListener,
    std::net::SocketAddr,
    Vec<std::fs::File>,
    std::net::TcpStream,
) {
    let (mut listener, address) = crate::support::listen();
    watch.register(&mut listener, 1, Interest::READABLE);
    let client = std::net::TcpStream::connect(address).unwrap();
    watch.wait_readable(1);
    crate::support::ffi::limit_descriptors(crate::support::raw(&listener) as usize + 100);
    let mut files = Vec::new();
    while let Ok(file) = std::fs::File::open("/dev/null") {
        files.push(file);
    }
    (listener, address, files, client)
}

/// A program that waits for the next event after the error must not wait without end.
#[cfg(priority)]
fn accept_emfile_keeps_listener_armed(kind: SelectorKind) {
    let test = process::test_path!(kind, "accept_emfile_keeps_listener_armed");
    process::alone(&test, || {
        let mut watch = Watch::new(kind);
        let (listener, address, mut files, _client) = exhausted_listener(&mut watch);
        let err = listener.accept().unwrap_err();
        assert_eq!(err.raw_os_error(), Some(libc::EMFILE));
        files.truncate(files.len() - 20);
        let _other = std::net::TcpStream::connect(address).unwrap();
        watch.wait_readable(1);
        listener.accept().unwrap();
        listener.accept().unwrap();
        would_block(listener.accept());
    });
}

#[cfg(priority)]
fn lasting_accept_error_is_no_busy_loop(kind: SelectorKind) {
    let test = process::test_path!(kind, "lasting_accept_error_is_no_busy_loop");
    process::alone(&test, || {
        let mut watch = Watch::new(kind);
        let (listener, _, _files, _client) = exhausted_listener(&mut watch);
        assert!(listener.accept().is_err());
        let count = count_events(&mut watch, || {
            assert!(listener.accept().is_err());
        });
        assert!(count <= 40, "{count} events");
    });
}

/// A datagram socket without a peer is writable, while each `send_to` would block because its
/// receiver is full. The selectors that watch only armed directions must not report it endlessly.
#[test]
fn write_that_blocks_though_writable_is_no_busy_loop() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("receiver");
    for kind in SelectorKind::available() {
        if matches!(kind, SelectorKind::Epoll | SelectorKind::Kqueue) {
            continue;
        }
        let receiver = UnixDatagram::bind(&path).unwrap();
        let mut sender = UnixDatagram::unbound().unwrap();
        while sender.send_to(b"hello", &path).is_ok() {}
        let mut watch = Watch::new(kind);
        watch.register(&mut sender, 1, Interest::WRITABLE);
        let count = count_events(&mut watch, || would_block(sender.send_to(b"hello", &path)));
        assert!((1..=40).contains(&count), "{count} events");
        // The socket continues when there is room again.
        receiver.recv(&mut [0; 8]).unwrap();
        watch.wait_writable(1);
        sender.send_to(b"hello", &path).unwrap();
        std::fs::remove_file(&path).unwrap();
    }
}
