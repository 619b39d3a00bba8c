//! Edges: the readiness that is reported once, again, or not at all.

use std::io::{ErrorKind, Read, Write};
use std::net::Shutdown;
use std::time::{Duration, Instant};

use mio::event::Event;
use mio::net::{TcpStream, UdpSocket};
use mio::{Events, Interest, SelectorKind, Token};

#[cfg(unix)]
use crate::events::{expect, table};
use crate::support::{
    BOTH, LONG, SHORT, Watch, any_port, connected, drain, ffi, listen, pair, process, reports_end,
    soon, would_block,
};

per_selector!(
    nothing_is_repeated_without_news,
    data_after_would_block_is_news,
    data_that_came_before_the_poll_is_news,
    room_after_would_block_is_news,
    a_blocked_read_does_not_rearm_writing,
    a_blocked_write_does_not_rearm_reading,
    a_peek_that_would_block_loses_nothing,
    a_vectored_read_that_would_block_loses_nothing,
    try_io_that_would_block_loses_nothing,
    every_datagram_is_reported,
    every_connection_is_reported,
    a_shared_reference_rearms_too,
    more_sources_than_capacity_all_have_their_turn,
    a_busy_source_does_not_starve_another,
    readiness_is_reported_again_after_reregister,
    #[cfg(unix)]
    an_error_taken_elsewhere_ends_it,
    #[cfg(unix)]
    an_end_that_blocks_is_no_busy_loop,
    #[cfg(unix)]
    one_failure_after_another_is_reported,
    a_socket_that_was_refused_goes_on,
    the_end_after_unread_data_is_reported,
    a_refused_connection_is_reported_once,
    a_reset_is_reported_once,
    both_directions_of_a_pair,
);

fn nothing_is_repeated_without_news(kind: SelectorKind) {
    let (mut stream, mut peer) = connected();
    let mut watch = Watch::new(kind);
    watch.register(&mut stream, 1, BOTH);
    peer.write_all(b"hello").unwrap();
    watch.wait_readable(1);
    // The program has used neither the data nor the room.
    for _ in 0..3 {
        watch.expect_silence();
    }
}

fn data_after_would_block_is_news(kind: SelectorKind) {
    let (mut stream, mut peer) = connected();
    let mut watch = Watch::new(kind);
    watch.register(&mut stream, 1, Interest::READABLE);
    for _ in 0..10 {
        peer.write_all(b"hello").unwrap();
        watch.wait_readable(1);
        assert_eq!(drain(&stream), 5);
        watch.expect_silence();
    }
}

fn data_that_came_before_the_poll_is_news(kind: SelectorKind) {
    let (mut stream, mut peer) = connected();
    let mut watch = Watch::new(kind);
    watch.register(&mut stream, 1, Interest::READABLE);
    for _ in 0..10 {
        peer.write_all(b"hello").unwrap();
        watch.wait_readable(1);
        drain(&stream);
        // Ready again before the next poll.
        peer.write_all(b"again").unwrap();
        watch.wait_readable(1);
        assert_eq!(drain(&stream), 5);
    }
}

fn room_after_would_block_is_news(kind: SelectorKind) {
    let (mut stream, mut peer) = connected();
    let mut watch = Watch::new(kind);
    watch.register(&mut stream, 1, Interest::WRITABLE);
    watch.wait_writable(1);
    for _ in 0..3 {
        let mut left = watch.fill(&stream);
        let mut buffer = vec![0; 65536];
        while left > 0 {
            left -= peer.read(&mut buffer).unwrap();
        }
        watch.wait_writable(1);
    }
}

fn a_blocked_read_does_not_rearm_writing(kind: SelectorKind) {
    let (mut stream, _peer) = connected();
    let mut watch = Watch::new(kind);
    watch.register(&mut stream, 1, BOTH);
    watch.wait_writable(1);
    for _ in 0..3 {
        would_block(stream.read(&mut [0; 8]));
        watch.expect_silence();
    }
}

fn a_blocked_write_does_not_rearm_reading(kind: SelectorKind) {
    let (mut stream, mut peer) = connected();
    let mut watch = Watch::new(kind);
    watch.register(&mut stream, 1, BOTH);
    peer.write_all(b"hello").unwrap();
    watch.wait_readable(1);
    watch.fill(&stream);
}

fn a_peek_that_would_block_loses_nothing(kind: SelectorKind) {
    let (mut stream, mut peer) = connected();
    let mut watch = Watch::new(kind);
    watch.register(&mut stream, 1, Interest::READABLE);
    peer.write_all(b"hello").unwrap();
    watch.wait_readable(1);
    assert_eq!(stream.peek(&mut [0; 8]).unwrap(), 5);
    assert_eq!(stream.read(&mut [0; 8]).unwrap(), 5);
    would_block(stream.peek(&mut [0; 8]));
    peer.write_all(b"again").unwrap();
    watch.wait_readable(1);

    let mut socket = UdpSocket::bind(any_port()).unwrap();
    let peer = std::net::UdpSocket::bind(any_port()).unwrap();
    watch.register(&mut socket, 2, Interest::READABLE);
    for peek_from in [true, false] {
        peer.send_to(b"hello", socket.local_addr().unwrap())
            .unwrap();
        watch.wait_readable(2);
        socket.recv(&mut [0; 8]).unwrap();
        if peek_from {
            would_block(socket.peek_from(&mut [0; 8]));
        } else {
            would_block(socket.peek(&mut [0; 8]));
        }
    }
}

fn a_vectored_read_that_would_block_loses_nothing(kind: SelectorKind) {
    use std::io::{IoSlice, IoSliceMut};
    let (mut stream, mut peer) = connected();
    let mut watch = Watch::new(kind);
    watch.register(&mut stream, 1, Interest::READABLE);
    for _ in 0..3 {
        let sent = peer
            .write_vectored(&[IoSlice::new(b"he"), IoSlice::new(b"llo")])
            .unwrap();
        watch.wait_readable(1);
        let (mut one, mut two) = ([0; 3], [0; 3]);
        let mut buffers = [IoSliceMut::new(&mut one), IoSliceMut::new(&mut two)];
        assert_eq!(stream.read_vectored(&mut buffers).unwrap(), sent);
        would_block(stream.read_vectored(&mut buffers));
        assert_eq!((&one, &two), (b"hel", b"lo\0"));
    }
}

fn try_io_that_would_block_loses_nothing(kind: SelectorKind) {
    let (stream, mut peer) = connected();
    // A duplicate, for I/O that the stream does not see.
    let stream = std::net::TcpStream::from(stream);
    let mut behind = stream.try_clone().unwrap();
    let mut stream = TcpStream::from_std(stream);
    let mut watch = Watch::new(kind);
    watch.register(&mut stream, 1, BOTH);
    for _ in 0..3 {
        peer.write_all(b"hello").unwrap();
        watch.wait_readable(1);
        assert_eq!(stream.try_io(|| behind.read(&mut [0; 8])).unwrap(), 5);
        would_block(stream.try_io(|| behind.read(&mut [0; 8])));
    }
    let mut left = 0;
    loop {
        match stream.try_io(|| behind.write(&[0; 4096])) {
            Ok(written) => left += written,
            err => break would_block(err),
        }
    }
    while left > 0 {
        left -= peer.read(&mut [0; 65536]).unwrap();
    }
    watch.wait_writable(1);
}

fn every_datagram_is_reported(kind: SelectorKind) {
    let mut socket = UdpSocket::bind(any_port()).unwrap();
    let peer = std::net::UdpSocket::bind(any_port()).unwrap();
    let mut watch = Watch::new(kind);
    watch.register(&mut socket, 1, BOTH);
    for round in 0..20_u8 {
        peer.send_to(&[round], socket.local_addr().unwrap())
            .unwrap();
        watch.wait_readable(1);
        let mut buffer = [0; 8];
        assert_eq!(
            socket.recv_from(&mut buffer).unwrap(),
            (1, peer.local_addr().unwrap())
        );
        assert_eq!(buffer[0], round);
        would_block(socket.recv_from(&mut buffer));
    }
}

fn every_connection_is_reported(kind: SelectorKind) {
    let (mut listener, address) = listen();
    let mut watch = Watch::new(kind);
    watch.register(&mut listener, 1, Interest::READABLE);
    for _ in 0..10 {
        let peer = std::net::TcpStream::connect(address).unwrap();
        watch.wait_readable(1);
        assert_eq!(listener.accept().unwrap().1, peer.local_addr().unwrap());
        would_block(listener.accept());
        watch.expect_silence();
    }
}

fn a_shared_reference_rearms_too(kind: SelectorKind) {
    let (mut stream, mut peer) = connected();
    let mut watch = Watch::new(kind);
    watch.register(&mut stream, 1, Interest::READABLE);
    for _ in 0..3 {
        peer.write_all(b"hello").unwrap();
        watch.wait_readable(1);
        assert_eq!((&stream).read(&mut [0; 8]).unwrap(), 5);
        would_block((&stream).read(&mut [0; 8]));
    }
}

fn more_sources_than_capacity_all_have_their_turn(kind: SelectorKind) {
    let mut watch = Watch::new(kind);
    watch.events = Events::with_capacity(2);
    let mut pairs: Vec<_> = (0..9).map(|_| pair()).collect();
    for (token, (one, two)) in pairs.iter_mut().enumerate() {
        watch.register(one, token, Interest::READABLE);
        two.write_all(b"!").unwrap();
    }
    let mut seen = [0; 9];
    for _ in 0..20 {
        watch.poll(Duration::ZERO);
        assert!(watch.events.iter().count() <= 2);
        for event in &watch.events {
            seen[event.token().0] += 1;
        }
    }
    assert_eq!(seen, [1; 9]);
}

fn a_busy_source_does_not_starve_another(kind: SelectorKind) {
    let mut watch = Watch::new(kind);
    watch.events = Events::with_capacity(1);
    let mut pairs: Vec<_> = (0..3).map(|_| pair()).collect();
    for (token, (one, two)) in pairs.iter_mut().enumerate() {
        watch.register(one, token, Interest::READABLE);
        two.write_all(b"!").unwrap();
    }
    // Each reported source is drained and ready again at once.
    let mut seen = [0; 3];
    for _ in 0..30 {
        watch.poll(LONG);
        let token = watch.events.iter().next().unwrap().token().0;
        seen[token] += 1;
        drain(&pairs[token].0);
        pairs[token].1.write_all(b"!").unwrap();
    }
    assert!(seen.iter().all(|seen| *seen >= 5), "{seen:?}");
}

fn readiness_is_reported_again_after_reregister(kind: SelectorKind) {
    let (mut stream, mut peer) = connected();
    let mut watch = Watch::new(kind);
    watch.register(&mut stream, 1, Interest::READABLE);
    peer.write_all(b"hello").unwrap();
    watch.wait_readable(1);
    let registry = watch.poll.registry();
    registry.reregister(&mut stream, Token(2), BOTH).unwrap();
    watch.wait_both(2);
}

/// A socket whose datagram was refused continues, even if nobody has read from it.
#[cfg(unix)]
fn an_error_taken_elsewhere_ends_it(kind: SelectorKind) {
    let _no_spawns = process::no_spawns();
    let gone = std::net::UdpSocket::bind(any_port()).unwrap();
    let address = gone.local_addr().unwrap();
    drop(gone);
    let mut socket = UdpSocket::bind(any_port()).unwrap();
    let here = socket.local_addr().unwrap();
    socket.connect(address).unwrap();
    let mut watch = Watch::new(kind);
    watch.register(&mut socket, 1, BOTH);
    watch.wait_writable(1);
    socket.send(b"anybody?").unwrap();
    expect(&mut watch, kind, &table::DATAGRAM_REFUSED);
    watch.expect_silence();
    let thread = std::thread::spawn(move || {
        watch.wait_readable(1);
    });
    // The other thread is inside the poll, or will be soon.
    assert!(socket.take_error().unwrap().is_some());
    let peer = std::net::UdpSocket::bind(address).unwrap();
    peer.send_to(b"hello", here).unwrap();
    thread.join().unwrap();
    assert_eq!(socket.recv(&mut [0; 8]).unwrap(), 5);
}

/// The second failure arrives before anybody could see that the first one was over.
#[cfg(unix)]
fn one_failure_after_another_is_reported(kind: SelectorKind) {
    let _no_spawns = process::no_spawns();
    let gone = std::net::UdpSocket::bind(any_port()).unwrap();
    let address = gone.local_addr().unwrap();
    drop(gone);
    let mut socket = UdpSocket::bind(any_port()).unwrap();
    socket.connect(address).unwrap();
    let mut watch = Watch::new(kind);
    watch.register(&mut socket, 1, Interest::READABLE);
    for _ in 0..5 {
        socket.send(b"anybody?").unwrap();
        // On kqueue only a read reports the error.
        let is_kqueue = kind == SelectorKind::Kqueue;
        watch.wait(1, |event| {
            event.is_error() || (is_kqueue && event.is_readable())
        });
        let err = socket.recv(&mut [0; 8]).unwrap_err();
        assert_eq!(err.kind(), ErrorKind::ConnectionRefused);
        would_block(socket.recv(&mut [0; 8]));
    }
}

/// Kernels report a refused datagram in different ways, but the next datagram arrives on all of
/// them.
fn a_socket_that_was_refused_goes_on(kind: SelectorKind) {
    let _no_spawns = process::no_spawns();
    let gone = std::net::UdpSocket::bind(any_port()).unwrap();
    let address = gone.local_addr().unwrap();
    drop(gone);
    let mut socket = UdpSocket::bind(any_port()).unwrap();
    let here = socket.local_addr().unwrap();
    socket.connect(address).unwrap();
    let mut watch = Watch::new(kind);
    watch.register(&mut socket, 1, BOTH);
    for round in 0..5 {
        // This call may report the failure of the previous round.
        while socket.send(b"anybody?").is_err() {}
        watch.poll(SHORT);
        let mut buffer = [0; 8];
        while let Err(err) = socket.recv(&mut buffer) {
            if err.kind() == ErrorKind::WouldBlock {
                break;
            }
        }
        let peer = std::net::UdpSocket::bind(address).unwrap();
        peer.send_to(&[round], here).unwrap();
        let length = loop {
            watch.wait_readable(1);
            if let Ok(length) = socket.recv(&mut buffer) {
                break length;
            }
        };
        assert_eq!(&buffer[..length], [round]);
        would_block(socket.recv(&mut buffer));
    }
}

/// The kernel reports the end of such a socket, but a read of it would block.
#[cfg(unix)]
fn an_end_that_blocks_is_no_busy_loop(kind: SelectorKind) {
    use mio::net::UnixDatagram;

    let (mut one, _two) = UnixDatagram::pair().unwrap();
    let mut watch = Watch::new(kind);
    watch.register(&mut one, 1, Interest::READABLE);
    one.shutdown(Shutdown::Read).unwrap();
    let end = Instant::now() + Duration::from_millis(200);
    let mut count = 0;
    while Instant::now() < end {
        watch.poll(end.saturating_duration_since(Instant::now()));
        count += watch.events.iter().count();
        while one.recv(&mut [0; 8]).is_ok_and(|read| read > 0) {}
    }
    assert!(
        (1..=40).contains(&count),
        "{count} events in a fifth of a second"
    );
}

fn the_end_after_unread_data_is_reported(kind: SelectorKind) {
    let (mut stream, mut peer) = connected();
    let mut watch = Watch::new(kind);
    watch.register(&mut stream, 1, Interest::READABLE);
    peer.write_all(b"hello").unwrap();
    watch.wait_readable(1);
    peer.shutdown(Shutdown::Write).unwrap();
    if reports_end(kind) {
        watch.wait(1, Event::is_read_closed);
    }
    // Otherwise only a read finds the end.
    assert_eq!(drain(&stream), 5);
    assert_eq!(soon(|| stream.read(&mut [0; 8])).unwrap(), 0);
}

/// A persistent state must not be reported again and again.
fn a_refused_connection_is_reported_once(kind: SelectorKind) {
    let _no_spawns = process::no_spawns();
    let (listener, address) = listen();
    drop(listener);
    let mut stream = TcpStream::connect(address).unwrap();
    let mut watch = Watch::new(kind);
    watch.register(&mut stream, 1, BOTH);
    watch.wait(1, Event::is_error);
    for _ in 0..3 {
        watch.expect_silence();
    }
    assert!(stream.take_error().unwrap().is_some());
    assert!(stream.write(b"hello").is_err());
    // Some kernels report the end. None does so endlessly.
    let count = count_events(&mut watch, Duration::from_millis(200));
    assert!(count <= 2, "{count} events in a fifth of a second");
}

fn a_reset_is_reported_once(kind: SelectorKind) {
    let (mut stream, peer) = connected();
    let mut watch = Watch::new(kind);
    watch.register(&mut stream, 1, BOTH);
    ffi::reset(peer);
    watch.wait(1, Event::is_error);
    for _ in 0..3 {
        watch.expect_silence();
    }
    // One read reports the reset, or the end at once. Some kernels report the reset on every read.
    for _ in 0..3 {
        let _ = stream.read(&mut [0; 8]);
    }
    let count = count_events(&mut watch, Duration::from_millis(200));
    assert!(count <= 2, "{count} events in a fifth of a second");
}

/// Polls without waiting, as a program does that has other work, and sleeps in between. Returns the
/// number of events.
pub(crate) fn count_events(watch: &mut Watch, duration: Duration) -> usize {
    let end = Instant::now() + duration;
    let mut count = 0;
    while Instant::now() < end {
        watch.poll(end.saturating_duration_since(Instant::now()));
        count += watch.events.iter().count();
    }
    count
}

/// In a long exchange either side may block at any moment. It ends only if no event is lost.
fn both_directions_of_a_pair(kind: SelectorKind) {
    const TOTAL: usize = 4 << 20;
    let (one, two) = connected();
    two.set_nonblocking(true).unwrap();
    let mut ends = [one, TcpStream::from_std(two)];
    let mut watch = Watch::new(kind);
    for (token, end) in ends.iter_mut().enumerate() {
        watch.register(end, token, BOTH);
    }
    let (mut sent, mut received) = ([0; 2], [0; 2]);
    let deadline = Instant::now() + LONG;
    let chunk = vec![0; 30_000];
    let mut buffer = vec![0; 50_000];
    while received != [TOTAL; 2] {
        assert!(
            Instant::now() < deadline,
            "stuck at {sent:?} and {received:?}"
        );
        watch.poll(LONG);
        for event in &watch.events {
            let end = event.token().0;
            while event.is_writable() && sent[end] < TOTAL {
                let length = chunk.len().min(TOTAL - sent[end]);
                match ends[end].write(&chunk[..length]) {
                    Ok(written) => sent[end] += written,
                    err => {
                        would_block(err);
                        break;
                    }
                }
            }
            while event.is_readable() {
                match ends[end].read(&mut buffer) {
                    Ok(read) => received[end] += read,
                    err => {
                        would_block(err);
                        break;
                    }
                }
            }
        }
    }
    assert_eq!(sent, [TOTAL; 2]);
}
