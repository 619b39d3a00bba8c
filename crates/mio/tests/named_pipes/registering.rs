//! Registering, and the delivery of events to registrations.

use std::io::{ErrorKind, Read, Write};
use std::os::windows::io::{AsHandle, AsRawHandle, OwnedHandle};
use std::panic::{RefUnwindSafe, UnwindSafe};

use mio::windows::NamedPipe;
use mio::{Interest, Token};

use crate::support::{
    BOTH, LONG, MUCH, SHORT, Watch, client, name, not_found, pattern, peer, would_block,
};

#[test]
fn a_client_is_writable_from_the_start_and_readable_if_there_is_data() {
    let mut watch = Watch::new();
    let name = name();
    let mut server = NamedPipe::new(&name).unwrap();
    let mut client = client(&name);
    watch.register(&mut client, 7);
    watch.poll(SHORT);
    let events: Vec<_> = watch.events.iter().collect();
    assert_eq!(events.len(), 1, "{events:?}");
    assert!(events[0].is_writable() && !events[0].is_readable());
    assert_eq!(events[0].token(), Token(7));
    // Data that arrives before the other end is registered is reported when that end is registered.
    watch.write(&client, b"hello");
    watch.settle();
    watch.register(&mut server, 8);
    watch.wait_readable(8);
}

#[test]
fn interests_are_ignored() {
    for interest in [Interest::READABLE, Interest::WRITABLE] {
        let mut watch = Watch::new();
        let name = name();
        let mut server = NamedPipe::new(&name).unwrap();
        let mut peer = peer(&name).unwrap();
        let registry = watch.poll.registry();
        registry.register(&mut server, Token(0), interest).unwrap();
        watch.wait_writable(0);
        peer.write_all(b"hello").unwrap();
        watch.wait_readable(0);
    }
}

#[test]
fn registering_twice_is_an_error_and_changes_nothing() {
    let mut watch = Watch::new();
    let other = Watch::new();
    let (mut server, mut peer) = watch.with_peer();
    watch.settle();
    for registry in [watch.poll.registry(), other.poll.registry()] {
        let err = registry.register(&mut server, Token(9), BOTH).unwrap_err();
        assert_eq!(err.kind(), ErrorKind::AlreadyExists);
    }
    for result in [
        other
            .poll
            .registry()
            .reregister(&mut server, Token(9), BOTH),
        other.poll.registry().deregister(&mut server),
    ] {
        assert_eq!(result.unwrap_err().kind(), ErrorKind::AlreadyExists);
    }
    peer.write_all(b"hello").unwrap();
    watch.wait_readable(0);
}

#[test]
fn what_is_not_registered_can_not_be_changed() {
    let watch = Watch::new();
    let mut server = NamedPipe::new(name()).unwrap();
    let registry = watch.poll.registry();
    let twice = |server: &mut NamedPipe| {
        let err = registry.reregister(server, Token(0), BOTH).unwrap_err();
        assert_eq!(err.kind(), ErrorKind::NotFound);
        let err = registry.deregister(server).unwrap_err();
        assert_eq!(err.kind(), ErrorKind::NotFound);
    };
    twice(&mut server);
    watch.register(&mut server, 0);
    watch.deregister(&mut server);
    twice(&mut server);
}

#[test]
fn a_pipe_stays_with_its_first_poll() {
    let mut watch = Watch::new();
    let other = Watch::new();
    let (mut server, mut peer) = watch.with_peer();
    watch.deregister(&mut server);
    let registry = other.poll.registry();
    for result in [
        registry.register(&mut server, Token(9), BOTH),
        registry.reregister(&mut server, Token(9), BOTH),
        registry.deregister(&mut server),
    ] {
        let err = result.unwrap_err();
        assert_eq!(err.kind(), ErrorKind::AlreadyExists);
        assert!(err.to_string().contains("completion port"), "{err}");
    }

    peer.write_all(b"hello").unwrap();
    watch.expect_silence();
    watch.register(&mut server, 3);
    watch.wait_readable(3);
    assert_eq!(watch.read(&server, 5), b"hello");
}

#[test]
fn a_handle_that_can_not_be_registered() {
    let mut watch = Watch::new();
    // A duplicate of a registered handle, with another poll.
    let (server, _peer) = watch.with_peer();
    let duplicate = server.as_handle().try_clone_to_owned().unwrap();
    let blocking_name = name();
    let _server = NamedPipe::new(&blocking_name).unwrap();
    let blocking = OwnedHandle::from(peer(&blocking_name).unwrap());
    for handle in [duplicate, blocking] {
        let mut pipe = NamedPipe::from(handle);
        let other = Watch::new();
        let err = other.poll.registry().register(&mut pipe, Token(1), BOTH);
        let err = err.unwrap_err();
        assert_eq!(err.kind(), ErrorKind::InvalidInput);
        assert!(err.to_string().contains("OVERLAPPED"), "{err}");
        not_found((&pipe).read(&mut [0; 8]));
    }
}

#[test]
fn reregistering_changes_the_token_and_tells_again() {
    let mut watch = Watch::new();
    let (mut server, mut peer) = watch.with_peer();
    peer.write_all(b"hello").unwrap();
    watch.settle();
    let registry = watch.poll.registry();
    registry.reregister(&mut server, Token(4), BOTH).unwrap();
    watch.poll(SHORT);
    let event = watch.events.iter().next().unwrap();
    assert!(event.is_readable() && event.is_writable());
    assert!(watch.events.iter().all(|event| event.token() == Token(4)));
    assert_eq!(watch.read(&server, 5), b"hello");
    watch.settle();

    // Operations that started with the old token report the new one.
    let registry = watch.poll.registry();
    registry.reregister(&mut server, Token(5), BOTH).unwrap();
    peer.write_all(b"hello").unwrap();
    registry_is(&mut watch, 5);
}

/// Expects that all events have this token, until the pipe is readable.
fn registry_is(watch: &mut Watch, token: usize) {
    loop {
        watch.poll(crate::support::LONG);
        for event in &watch.events {
            assert_eq!(event.token(), Token(token));
        }
        if watch.events.iter().any(|event| event.is_readable()) {
            return;
        }
    }
}

#[test]
fn nothing_is_told_after_deregister() {
    let mut watch = Watch::new();
    let (mut server, mut peer) = watch.with_peer();
    watch.settle();
    // The packets of a read, of a write and of a notice are in the port already.
    peer.write_all(b"hello").unwrap();
    (&server).write_all(b"hello").unwrap();
    let registry = watch.poll.registry();
    registry.reregister(&mut server, Token(0), BOTH).unwrap();
    watch.deregister(&mut server);
    watch.expect_silence();
    // Later packets.
    peer.write_all(b"more").unwrap();
    watch.expect_silence();
    drop(peer);
    watch.expect_silence();
    // No data is lost.
    watch.register(&mut server, 2);
    assert_eq!(watch.read(&server, 5), b"hello");
    assert_eq!(watch.read(&server, 4), b"more");
    watch.expect_end(&server);
}

#[test]
fn operations_in_flight_finish_after_deregister() {
    let mut watch = Watch::new();
    let (mut server, mut peer) = watch.with_peer();
    watch.settle();
    assert_eq!((&server).write(&pattern(MUCH)).unwrap(), MUCH);
    watch.deregister(&mut server);
    peer.write_all(b"hello").unwrap();
    let mut data = vec![0; MUCH];
    peer.read_exact(&mut data).unwrap();
    assert!(data == pattern(MUCH));
    watch.expect_silence();
    // Data that was read before `deregister`, or by the read that was in flight.
    assert_eq!((&server).read(&mut [0; 3]).unwrap(), 3);
    assert_eq!((&server).read(&mut [0; 3]).unwrap(), 2);
    not_found((&server).read(&mut [0; 3]));
    not_found((&server).write(b"hello"));
    not_found(server.connect());
    watch.register(&mut server, 0);
    would_block((&server).read(&mut [0; 3]));
    watch.write(&server, b"hello");
}

/// A program that handles the first event of a token and ignores the rest of the batch.
#[test]
fn packets_of_one_batch_are_one_event() {
    for interests in [BOTH, BOTH.level()] {
        let mut watch = Watch::new();
        let (mut server, mut peer) = watch.with_peer();
        let (mut other, mut other_peer) = watch.with_peer();
        watch.settle();
        let registry = watch.poll.registry();
        registry
            .reregister(&mut server, Token(1), interests)
            .unwrap();
        registry
            .reregister(&mut other, Token(2), interests)
            .unwrap();
        watch.poll(LONG);
        for _ in 0..3 {
            // A packet of each read and of each write, and in level mode a posted one.
            for (mut pipe, peer) in [(&server, &mut peer), (&other, &mut other_peer)] {
                peer.write_all(b"hello").unwrap();
                assert_eq!(pipe.write(b"hello").unwrap(), 5);
            }
            watch.poll(LONG);
            let mut tokens = Vec::new();
            for event in &watch.events {
                assert!(event.is_readable() && event.is_writable(), "{event:?}");
                tokens.push(event.token().0);
            }
            tokens.sort_unstable();
            assert_eq!(tokens, [1, 2]);
            for pipe in [&server, &other] {
                assert_eq!(watch.read(pipe, 5), b"hello");
            }
            if interests.is_level() {
                watch.poll(LONG);
            } else {
                watch.expect_silence();
            }
        }
    }
}

#[test]
fn a_pipe_can_be_sent_shared_and_shown() {
    fn check<T: Send + Sync + Unpin + UnwindSafe + RefUnwindSafe>() {}
    check::<NamedPipe>();
    let server = NamedPipe::new(name()).unwrap();
    let shown = format!("{server:?}");
    assert!(shown.starts_with("NamedPipe") && shown.contains("handle"));
    assert_eq!(server.as_raw_handle(), server.as_handle().as_raw_handle());
}
