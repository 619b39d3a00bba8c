//! One test for each row of the table at `mio::event::Event`.

use std::io::{ErrorKind, Read, Write};
use std::net::Shutdown;
use std::time::Instant;

use mio::event::Source;
use mio::net::TcpStream;
use mio::{Interest, SelectorKind};
#[cfg(unix)]
use mio::{net::UnixStream, unix::pipe};

pub(crate) mod table;

use self::table::{Answer, Row};
use crate::support::{BOTH, LONG, Watch, answers, any_port, connected, ffi, process};

per_selector!(
    data_has_arrived,
    the_peer_shut_down_its_writing_half,
    the_peer_closed,
    this_side_shut_down_its_reading_half,
    this_side_shut_down_its_writing_half,
    both_writing_halves_are_shut_down,
    this_side_shut_down_both_halves,
    the_connection_was_reset,
    a_connection_was_made,
    a_connection_was_refused,
    #[cfg(unix)]
    a_unix_peer_was_closed,
    #[cfg(unix)]
    the_last_writer_of_a_pipe_was_closed,
    #[cfg(unix)]
    the_last_writer_of_a_pipe_was_closed_with_data_left,
    #[cfg(unix)]
    the_last_reader_of_a_pipe_was_closed,
    #[cfg(unix)]
    the_last_reader_of_a_full_pipe_was_closed,
    #[cfg(unix)] // On Windows no event is required.
    a_datagram_was_refused,
    debug_names_the_answers,
);

/// Polls until the events of this row have arrived, or expects that there are none. The kernel may
/// report in several steps; each event must be correct, and the last one complete.
///
/// Where no event is required, the test checks that an operation reports the situation.
pub(crate) fn expect(watch: &mut Watch, kind: SelectorKind, row: &Row) {
    let mut missing = match row.answer(kind) {
        Answer::Operation => return,
        Answer::Events(events) => events,
    };
    if missing.is_empty() {
        return watch.expect_silence();
    }
    let (wanted, all) = (missing.clone(), row.all(kind));
    let deadline = Instant::now() + LONG;
    let mut seen = Vec::new();
    while !missing.is_empty() && seen.len() <= 8 && Instant::now() < deadline {
        watch.poll(deadline.saturating_duration_since(Instant::now()));
        for event in &watch.events {
            let answers = answers(event);
            assert!(answers.is_subset(&all), "{event:?} is not true of {all:?}");
            missing.retain(|wanted| *wanted != answers);
            seen.push(answers);
        }
    }
    assert!(missing.is_empty(), "wanted {wanted:?}, got {seen:?}");
}

/// Registers the source, and takes the writable event.
pub(crate) fn watch(kind: SelectorKind, source: &mut impl Source, interests: Interest) -> Watch {
    let mut watch = Watch::new(kind);
    watch.register(source, 1, interests);
    watch.wait_writable(1);
    watch
}

fn data_has_arrived(kind: SelectorKind) {
    let (mut stream, mut peer) = connected();
    let mut watch = watch(kind, &mut stream, BOTH);
    peer.write_all(b"hello").unwrap();
    expect(&mut watch, kind, &table::DATA);
}

fn the_peer_shut_down_its_writing_half(kind: SelectorKind) {
    let (mut stream, peer) = connected();
    let mut watch = watch(kind, &mut stream, BOTH);
    peer.shutdown(Shutdown::Write).unwrap();
    expect(&mut watch, kind, &table::PEER_SHUT_DOWN_WRITING);
}

fn the_peer_closed(kind: SelectorKind) {
    let (mut stream, peer) = connected();
    let mut watch = watch(kind, &mut stream, BOTH);
    drop(peer);
    expect(&mut watch, kind, &table::PEER_CLOSED);
}

fn this_side_shut_down_its_reading_half(kind: SelectorKind) {
    let (mut stream, _peer) = connected();
    let mut watch = watch(kind, &mut stream, BOTH);
    stream.shutdown(Shutdown::Read).unwrap();
    expect(&mut watch, kind, &table::SHUT_DOWN_READING);
    assert_eq!(stream.read(&mut [0; 8]).unwrap(), 0);
}

fn this_side_shut_down_its_writing_half(kind: SelectorKind) {
    let (mut stream, _peer) = connected();
    let mut watch = watch(kind, &mut stream, BOTH);
    stream.shutdown(Shutdown::Write).unwrap();
    expect(&mut watch, kind, &table::SHUT_DOWN_WRITING);
    assert!(stream.write(b"hello").is_err());
}

fn both_writing_halves_are_shut_down(kind: SelectorKind) {
    let (mut stream, peer) = connected();
    let mut watch = watch(kind, &mut stream, BOTH);
    stream.shutdown(Shutdown::Write).unwrap();
    peer.shutdown(Shutdown::Write).unwrap();
    expect(&mut watch, kind, &table::BOTH_SHUT_DOWN_WRITING);
}

fn this_side_shut_down_both_halves(kind: SelectorKind) {
    let (mut stream, _peer) = connected();
    let mut watch = watch(kind, &mut stream, BOTH);
    stream.shutdown(Shutdown::Both).unwrap();
    expect(&mut watch, kind, &table::SHUT_DOWN_BOTH);
    assert_eq!(stream.read(&mut [0; 8]).unwrap(), 0);
    assert!(stream.write(b"hello").is_err());
}

fn the_connection_was_reset(kind: SelectorKind) {
    let (mut stream, peer) = connected();
    let mut watch = watch(kind, &mut stream, BOTH);
    ffi::reset(peer);
    expect(&mut watch, kind, &table::RESET);
}

fn a_connection_was_made(kind: SelectorKind) {
    let listener = std::net::TcpListener::bind(any_port()).unwrap();
    let mut stream = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
    let mut watch = Watch::new(kind);
    watch.register(&mut stream, 1, BOTH);
    expect(&mut watch, kind, &table::CONNECTED);
}

fn a_connection_was_refused(kind: SelectorKind) {
    let _no_spawns = process::no_spawns();
    let listener = std::net::TcpListener::bind(any_port()).unwrap();
    let address = listener.local_addr().unwrap();
    drop(listener);
    let mut stream = TcpStream::connect(address).unwrap();
    let mut watch = Watch::new(kind);
    watch.register(&mut stream, 1, BOTH);
    expect(&mut watch, kind, &table::REFUSED);
    let err = stream.take_error().unwrap().expect("why");
    assert_eq!(err.kind(), ErrorKind::ConnectionRefused);
}

#[cfg(unix)]
fn a_unix_peer_was_closed(kind: SelectorKind) {
    let (mut stream, peer) = UnixStream::pair().unwrap();
    let mut watch = watch(kind, &mut stream, BOTH);
    drop(peer);
    expect(&mut watch, kind, &table::UNIX_PEER_CLOSED);
}

#[cfg(unix)]
fn the_last_writer_of_a_pipe_was_closed(kind: SelectorKind) {
    let (sender, mut receiver) = pipe::new().unwrap();
    let mut watch = Watch::new(kind);
    watch.register(&mut receiver, 1, Interest::READABLE);
    watch.expect_silence();
    drop(sender);
    expect(&mut watch, kind, &table::LAST_WRITER_CLOSED);
}

#[cfg(unix)]
fn the_last_writer_of_a_pipe_was_closed_with_data_left(kind: SelectorKind) {
    let (mut sender, mut receiver) = pipe::new().unwrap();
    let mut watch = Watch::new(kind);
    watch.register(&mut receiver, 1, Interest::READABLE);
    sender.write_all(b"hello").unwrap();
    drop(sender);
    expect(&mut watch, kind, &table::LAST_WRITER_CLOSED_DATA_LEFT);
}

#[cfg(unix)]
fn the_last_reader_of_a_pipe_was_closed(kind: SelectorKind) {
    let (mut sender, receiver) = pipe::new().unwrap();
    let mut watch = watch(kind, &mut sender, Interest::WRITABLE);
    drop(receiver);
    expect(&mut watch, kind, &table::LAST_READER_CLOSED);
    let err = sender.write(b"hello").expect_err("nobody reads");
    assert_eq!(err.kind(), ErrorKind::BrokenPipe);
}

#[cfg(unix)]
fn the_last_reader_of_a_full_pipe_was_closed(kind: SelectorKind) {
    let (mut sender, receiver) = pipe::new().unwrap();
    crate::support::fill(&sender);
    let mut watch = Watch::new(kind);
    watch.register(&mut sender, 1, Interest::WRITABLE);
    watch.expect_silence();
    drop(receiver);
    expect(&mut watch, kind, &table::LAST_READER_OF_FULL_PIPE_CLOSED);
    let err = sender.write(b"hello").expect_err("nobody reads");
    assert_eq!(err.kind(), ErrorKind::BrokenPipe);
}

#[cfg(unix)]
fn a_datagram_was_refused(kind: SelectorKind) {
    use mio::net::UdpSocket;

    let _no_spawns = process::no_spawns();
    let gone = UdpSocket::bind(any_port()).unwrap();
    let address = gone.local_addr().unwrap();
    drop(gone);
    let mut socket = UdpSocket::bind(any_port()).unwrap();
    socket.connect(address).unwrap();
    let mut watch = watch(kind, &mut socket, BOTH);
    socket.send(b"anybody?").unwrap();
    expect(&mut watch, kind, &table::DATAGRAM_REFUSED);
    let err = socket.recv(&mut [0; 8]).expect_err("refused");
    assert_eq!(err.kind(), ErrorKind::ConnectionRefused);

    // The socket continues: a datagram that arrives causes an event.
    let peer = std::net::UdpSocket::bind(address).unwrap();
    peer.send_to(b"me", socket.local_addr().unwrap()).unwrap();
    watch.wait_readable(1);
}

fn debug_names_the_answers(kind: SelectorKind) {
    let (mut stream, _peer) = connected();
    let mut watch = Watch::new(kind);
    watch.register(&mut stream, 7, BOTH);
    let event = watch.wait_writable(7);
    assert_eq!(
        format!("{event:?}"),
        "Event { token: Token(7), readiness: {writable} }"
    );
    // The flag for writing. kqueue has no such flag.
    let flags = if kind == SelectorKind::Kqueue {
        "flags: 0x"
    } else {
        "flags: 0x4"
    };
    assert!(format!("{event:#?}").contains(flags), "{event:#?}");
}
