//! Operations that the user starts on a duplicate of a pipe's handle. Their packets arrive at the
//! `Poll`, too, which did not start them.

use std::io::{Read, Write};
use std::os::windows::io::{AsHandle, OwnedHandle};
use std::thread;
use std::time::Instant;

use mio::windows::NamedPipe;

use crate::support::ffi::Foreign;
use crate::support::{LONG, MUCH, Watch, expect_no_leak, name, pattern, peer, would_block};

fn duplicate(pipe: &NamedPipe) -> OwnedHandle {
    pipe.as_handle().try_clone_to_owned().unwrap()
}

/// The packets have pointers to memory that was freed, or that is in use for something else.
#[test]
fn their_packets_are_no_events_and_are_not_touched() {
    let mut watch = Watch::new();
    let (server, mut peer) = watch.with_peer();
    watch.settle();
    let mut data = vec![0; 5];
    for round in 0..100_u8 {
        let mut foreign = Foreign::write(duplicate(&server), b"alien");
        peer.read_exact(&mut data).unwrap();
        assert_eq!(foreign.finish().unwrap(), 5);
        assert_eq!(data, b"alien");
        let _filler: Vec<_> = (0..8).map(|_| Box::new([round; 64])).collect();
        if round % 10 == 0 {
            watch.expect_silence();
        }
        watch.write(&server, b"hello");
        peer.read_exact(&mut data).unwrap();
        assert_eq!(data, b"hello");
        peer.write_all(b"again").unwrap();
        assert_eq!(watch.read(&server, 5), b"again");
    }
}

/// More packets at once than a poll takes, one of which is ours.
#[test]
fn their_packets_hide_none_of_ours() {
    let mut watch = Watch::new();
    let (server, mut peer) = watch.with_peer();
    watch.settle();
    for _ in 0..200 {
        let mut foreign = Foreign::write(duplicate(&server), b"alien");
        assert_eq!(foreign.finish().unwrap(), 5);
    }
    peer.write_all(b"hello").unwrap();
    watch.wait_readable(0);
    assert_eq!(watch.read(&server, 5), b"hello");
}

/// Foreign operations while the pipe's own operations are in flight, even if the foreign ones
/// started earlier.
#[test]
fn they_may_be_under_way_while_ours_are() {
    let mut watch = Watch::new();
    let name = name();
    let mut server = NamedPipe::new(&name).unwrap();
    let mut peer = peer(&name).unwrap();
    let mut before = Foreign::read(duplicate(&server), 8);
    watch.register(&mut server, 0);
    watch.connect(&server);
    watch.settle();
    let mut after = Foreign::read(duplicate(&server), 8);
    // Windows completes them in order.
    let mut own = Vec::new();
    let deadline = Instant::now() + LONG;
    for _ in 0..3 {
        peer.write_all(b"hello").unwrap();
        watch.settle();
        let mut buffer = [0; 8];
        if let Ok(length) = (&server).read(&mut buffer) {
            own.extend_from_slice(&buffer[..length]);
        }
        assert!(Instant::now() < deadline);
    }
    assert_eq!(own, b"hello");
    assert_eq!(before.finish().unwrap(), 5);
    assert_eq!(after.finish().unwrap(), 5);
    watch.write(&server, b"answer");
    let mut answer = [0; 6];
    peer.read_exact(&mut answer).unwrap();
    assert_eq!(&answer, b"answer");
}

#[test]
fn they_may_outlast_the_pipe() {
    let mut watch = Watch::new();
    let (server, mut peer) = watch.with_peer();
    watch.settle();
    let (mut read, mut write) = read_and_write(&server);
    drop(server);
    watch.expect_silence();
    let reader = thread::spawn(move || {
        peer.write_all(b"hello").unwrap();
        let mut data = vec![0; MUCH];
        peer.read_exact(&mut data).unwrap();
        (data, peer)
    });
    assert_eq!(read.finish().unwrap(), 5);
    assert_eq!(write.finish().unwrap(), MUCH);
    let (data, _peer) = reader.join().unwrap();
    assert!(data == pattern(MUCH));
    watch.expect_silence();
}

#[test]
fn they_may_outlast_the_poll_and_then_the_pipe() {
    expect_no_leak(|| {
        let mut watch = Watch::new();
        let (server, _peer) = watch.with_peer();
        watch.settle();
        let _foreign = read_and_write(&server);
        drop(watch);
        drop(server);
    });
}

/// Starts a read behind the pipe's own read, and a write that waits for a reader.
fn read_and_write(pipe: &NamedPipe) -> (Foreign, Foreign) {
    let read = Foreign::read(duplicate(pipe), 8);
    (read, Foreign::write(duplicate(pipe), &pattern(MUCH)))
}

/// A pipe can reuse the number and the memory of an earlier one. Operations of the earlier pipe are
/// not operations of the new one.
#[test]
fn packets_of_a_pipe_that_is_gone_are_not_those_of_the_next() {
    expect_no_leak(|| {
        let mut watch = Watch::new();
        for _ in 0..15 {
            let (server, mut peer) = watch.with_peer();
            for _ in 0..3 {
                let mut foreign = Foreign::write(duplicate(&server), b"alien");
                assert_eq!(foreign.finish().unwrap(), 5);
            }
            drop(server);
            let mut data = Vec::new();
            peer.read_to_end(&mut data).unwrap();
            assert_eq!(data.len(), 15);
            let (server, mut peer) = watch.with_peer();
            would_block((&server).read(&mut [0; 8]));
            peer.write_all(b"hello").unwrap();
            assert_eq!(watch.read(&server, 5), b"hello");
        }
    });
}
