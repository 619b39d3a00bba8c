//! Level and oneshot: the modes of a pipe, as in the table at `Interest`.

use std::fs::File;
use std::io::{ErrorKind, Read, Write};
use std::thread;
use std::time::Duration;

use mio::event::Event;
use mio::windows::NamedPipe;
use mio::{Interest, Token};

use crate::support::{BOTH, LONG, MUCH, SHORT, Watch, ffi, name, pattern, peer};

const LEVEL: Interest = Interest::READABLE.level();
const ONESHOT: Interest = Interest::READABLE.oneshot();

/// Creates a server's end with a client, after all its events were delivered.
fn with_peer(watch: &mut Watch, interests: Interest) -> (NamedPipe, File) {
    let (mut server, peer) = watch.with_peer();
    watch.settle();
    reregister(watch, &mut server, 0, interests);
    (server, peer)
}

fn reregister(watch: &Watch, pipe: &mut NamedPipe, token: usize, interests: Interest) {
    let registry = watch.poll.registry();
    registry.reregister(pipe, Token(token), interests).unwrap();
}

/// Returns `true` if this poll has delivered a matching event.
fn told(watch: &mut Watch, wanted: impl Fn(&Event) -> bool) -> bool {
    watch.poll(SHORT);
    watch.events.iter().any(wanted)
}

#[test]
fn a_level_is_reported_by_each_poll_until_it_is_drained() {
    let mut watch = Watch::new();
    let (server, mut peer) = with_peer(&mut watch, LEVEL);
    watch.expect_silence();
    for _ in 0..3 {
        peer.write_all(b"hello").unwrap();
        watch.wait_readable(0);
        for _ in 0..5 {
            assert!(told(&mut watch, Event::is_readable));
            assert!(watch.events.iter().all(|event| !event.is_writable()));
        }
        // After a partial read the remainder is reported.
        assert_eq!((&server).read(&mut [0; 3]).unwrap(), 3);
        for _ in 0..3 {
            assert!(told(&mut watch, Event::is_readable));
        }
        assert_eq!((&server).read(&mut [0; 8]).unwrap(), 2);
        watch.expect_silence();
    }
}

#[test]
fn a_level_of_an_end_lasts() {
    let mut watch = Watch::new();
    let (server, peer) = with_peer(&mut watch, LEVEL);
    drop(peer);
    watch.wait_readable(0);
    for _ in 0..3 {
        assert!(told(&mut watch, Event::is_readable));
        assert_eq!((&server).read(&mut [0; 8]).unwrap(), 0);
    }
}

/// Nothing is read ahead when the user's own operation finds the end.
#[test]
fn a_level_of_an_end_that_a_read_finds_lasts() {
    let mut watch = Watch::new();
    let (server, peer) = with_peer(&mut watch, LEVEL);
    ffi::cancel_all(&server);
    watch.wait_readable(0);
    drop(peer);
    assert_eq!((&server).read(&mut [0; 8]).unwrap(), 0);
    for _ in 0..3 {
        assert!(told(&mut watch, Event::is_readable));
    }
}

#[test]
fn a_level_of_writing_lasts_as_long_as_nothing_is_being_written() {
    let mut watch = Watch::new();
    let (server, mut peer) = with_peer(&mut watch, Interest::WRITABLE.level());
    for _ in 0..5 {
        assert!(told(&mut watch, Event::is_writable));
    }
    assert_eq!((&server).write(&vec![7; MUCH]).unwrap(), MUCH);
    watch.expect_silence();
    peer.read_exact(&mut vec![0; MUCH]).unwrap();
    for _ in 0..5 {
        assert!(told(&mut watch, Event::is_writable));
    }
    // Incoming data is ignored.
    peer.write_all(b"hello").unwrap();
    for _ in 0..5 {
        assert!(!told(&mut watch, Event::is_readable));
    }
}

#[test]
fn a_level_tells_of_a_client() {
    let mut watch = Watch::new();
    let name = name();
    let mut server = NamedPipe::new(&name).unwrap();
    let registry = watch.poll.registry();
    registry
        .register(&mut server, Token(0), BOTH.level())
        .unwrap();
    assert_eq!(server.connect().unwrap_err().kind(), ErrorKind::WouldBlock);
    watch.expect_silence();
    let _peer = peer(&name).unwrap();
    for _ in 0..3 {
        watch.wait_writable(0);
    }
    server.connect().unwrap();
    server.disconnect().unwrap();
    watch.settle();
}

#[test]
fn once_is_one_event() {
    let mut watch = Watch::new();
    let (mut server, mut peer) = with_peer(&mut watch, ONESHOT);
    watch.expect_silence();
    for round in 1..5 {
        peer.write_all(b"hello").unwrap();
        watch.wait_readable(round - 1);
        assert_eq!((&server).read(&mut [0; 8]).unwrap(), 5);
        peer.write_all(b"again").unwrap();
        watch.expect_silence();
        assert_eq!(watch.read(&server, 5), b"again");
        reregister(&watch, &mut server, round, ONESHOT);
        watch.expect_silence();
    }
}

#[test]
fn once_says_nothing_of_an_end_either() {
    let mut watch = Watch::new();
    let (mut server, mut peer) = with_peer(&mut watch, ONESHOT);
    peer.write_all(b"hello").unwrap();
    watch.wait_readable(0);
    assert_eq!((&server).read(&mut [0; 8]).unwrap(), 5);
    drop(peer);
    watch.expect_silence();
    reregister(&watch, &mut server, 1, ONESHOT);
    watch.wait_readable(1);
    watch.expect_silence();
}

#[test]
fn the_mode_is_replaced_by_reregister() {
    let mut watch = Watch::new();
    let (mut server, mut peer) = with_peer(&mut watch, ONESHOT);
    peer.write_all(b"hello").unwrap();
    watch.wait_readable(0);
    reregister(&watch, &mut server, 1, LEVEL);
    for _ in 0..3 {
        watch.wait_readable(1);
    }
    reregister(&watch, &mut server, 2, BOTH);
    watch.wait_readable(2);
    watch.settle();
    reregister(&watch, &mut server, 3, LEVEL.oneshot());
    watch.wait_readable(3);
    watch.expect_silence();
}

#[test]
fn exclusive_is_unsupported_and_changes_nothing() {
    let mut watch = Watch::new();
    let mut pipe = NamedPipe::new(name()).unwrap();
    let registry = watch.poll.registry();
    let exclusive = BOTH.exclusive();
    let err = registry.register(&mut pipe, Token(1), exclusive);
    assert_eq!(err.unwrap_err().kind(), ErrorKind::Unsupported);
    let err = registry.deregister(&mut pipe).unwrap_err();
    assert_eq!(err.kind(), ErrorKind::NotFound);

    let (mut server, mut peer) = with_peer(&mut watch, ONESHOT);
    let registry = watch.poll.registry();
    let err = registry.reregister(&mut server, Token(9), exclusive);
    assert_eq!(err.unwrap_err().kind(), ErrorKind::Unsupported);
    peer.write_all(b"hello").unwrap();
    watch.wait_readable(0);
    watch.expect_silence();
}

#[test]
fn nothing_is_told_of_a_level_after_deregister() {
    let mut watch = Watch::new();
    let (mut server, mut peer) = with_peer(&mut watch, LEVEL);
    peer.write_all(b"hello").unwrap();
    watch.wait_readable(0);
    watch.deregister(&mut server);
    watch.expect_silence();
    let registry = watch.poll.registry();
    registry.register(&mut server, Token(1), LEVEL).unwrap();
    for _ in 0..3 {
        watch.wait_readable(1);
    }
    drop(server);
    watch.expect_silence();
}

#[test]
fn modes_allocate_nothing_after_set_up() {
    let mut watch = Watch::new();
    let (mut server, mut peer) = with_peer(&mut watch, LEVEL);
    peer.write_all(b"hello").unwrap();
    watch.wait_readable(0);
    let before = ffi::allocations();
    for mode in [BOTH.level(), BOTH.oneshot(), BOTH] {
        for _ in 0..10 {
            reregister(&watch, &mut server, 0, mode);
            watch.poll(LONG);
            watch.poll(Duration::ZERO);
        }
    }
    assert_eq!(ffi::allocations() - before, 0);
}

/// A peer writes all the time, and each event leads to one read of less data than there is.
fn much_is_read_with(interests: Interest) {
    let mut watch = Watch::new();
    let (mut server, mut peer) = with_peer(&mut watch, interests);
    let data = pattern(MUCH);
    let writer = {
        let data = data.clone();
        thread::spawn(move || {
            for part in data.chunks(977) {
                peer.write_all(part).unwrap();
            }
            peer
        })
    };
    let mut received = Vec::new();
    while received.len() < MUCH {
        watch.wait_readable(0);
        let mut buffer = [0; 1500];
        match (&server).read(&mut buffer) {
            Ok(length) => received.extend_from_slice(&buffer[..length]),
            Err(err) => assert_eq!(err.kind(), ErrorKind::WouldBlock),
        }
        if interests.is_oneshot() {
            reregister(&watch, &mut server, 0, interests);
        }
    }
    assert!(received == data);
    drop(writer.join().unwrap());
    watch.wait_readable(0);
}

#[test]
fn much_is_read_with_a_level() {
    much_is_read_with(LEVEL);
}

#[test]
fn much_is_read_with_oneshots() {
    much_is_read_with(ONESHOT);
}

/// Each event leads to one write, which the peer reads slowly.
fn much_is_written_with(interests: Interest) {
    let mut watch = Watch::new();
    let (mut server, mut peer) = with_peer(&mut watch, interests);
    let data = pattern(MUCH);
    let reader = thread::spawn(move || {
        let mut data = vec![0; MUCH];
        for part in data.chunks_mut(333) {
            peer.read_exact(part).unwrap();
        }
        data
    });
    for part in data.chunks(5000) {
        watch.wait_writable(0);
        assert_eq!((&server).write(part).unwrap(), part.len());
        if interests.is_oneshot() {
            reregister(&watch, &mut server, 0, interests);
        }
    }
    assert!(reader.join().unwrap() == data);
}

#[test]
fn much_is_written_with_a_level() {
    much_is_written_with(Interest::WRITABLE.level());
}

#[test]
fn much_is_written_with_oneshots() {
    much_is_written_with(Interest::WRITABLE.oneshot());
}
