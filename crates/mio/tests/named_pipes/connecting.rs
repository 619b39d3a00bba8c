//! Clients that come and go, one after another.

use std::io::{ErrorKind, Read, Write};
use std::sync::mpsc;
use std::thread;

use mio::Token;
use mio::windows::NamedPipe;
use windows_sys::Win32::Foundation::{
    ERROR_INVALID_FUNCTION, ERROR_NO_DATA, ERROR_PIPE_BUSY, ERROR_PIPE_LISTENING,
    ERROR_PIPE_NOT_CONNECTED,
};

use crate::support::{
    BOTH, Watch, client, expect_error, ffi, name, not_found, peer, try_client, would_block,
};

#[test]
fn connect_waits_for_a_client_who_makes_the_pipe_writable() {
    let mut watch = Watch::new();
    let name = name();
    let mut server = NamedPipe::new(&name).unwrap();
    watch.register(&mut server, 0);
    watch.expect_silence();
    would_block(server.connect());
    would_block(server.connect());
    would_block((&server).read(&mut [0; 8]));
    would_block((&server).write(b"hello"));
    watch.expect_silence();

    let mut peer = peer(&name).unwrap();
    watch.wait_writable(0);
    server.connect().unwrap();
    server.connect().unwrap();
    watch.write(&server, b"hello");
    peer.read_exact(&mut [0; 5]).unwrap();
    peer.write_all(b"hello, too").unwrap();
    assert_eq!(watch.read(&server, 10), b"hello, too");
}

/// Reading starts with the connection, and not with the first read.
#[test]
fn what_a_client_says_first_is_told_though_nobody_has_read() {
    let mut watch = Watch::new();
    let name = name();
    let mut server = NamedPipe::new(&name).unwrap();
    watch.register(&mut server, 0);
    would_block(server.connect());
    let mut peer = peer(&name).unwrap();
    watch.wait_writable(0);
    watch.expect_silence();
    peer.write_all(b"hello").unwrap();
    watch.wait_readable(0);
}

#[test]
fn connect_of_an_unregistered_pipe_is_not_found() {
    let mut watch = Watch::new();
    let name = name();
    let mut server = NamedPipe::new(&name).unwrap();
    not_found(server.connect());
    watch.register(&mut server, 0);
    watch.expect_silence();
    would_block(server.connect());
    let _peer = peer(&name).unwrap();
    watch.wait_writable(0);
    server.connect().unwrap();
}

#[test]
fn a_client_before_registering_is_told_when_it_is_registered() {
    for asks_first in [false, true] {
        let mut watch = Watch::new();
        let name = name();
        let mut server = NamedPipe::new(&name).unwrap();
        let mut peer = peer(&name).unwrap();
        peer.write_all(b"hello").unwrap();
        if asks_first {
            not_found(server.connect());
        }
        watch.register(&mut server, 0);
        watch.wait_writable(0);
        server.connect().unwrap();
        assert_eq!(watch.read(&server, 5), b"hello");
    }
}

/// A writable event arrives before the first write, even if `connect` did not block.
#[test]
fn a_client_that_is_found_by_connect_makes_the_pipe_writable() {
    let mut watch = Watch::new();
    let name = name();
    let mut server = NamedPipe::new(&name).unwrap();
    watch.register(&mut server, 0);
    watch.expect_silence();
    let mut peer = peer(&name).unwrap();
    server.connect().unwrap();
    watch.wait_writable(0);
    peer.write_all(b"hello").unwrap();
    watch.wait_readable(0);
}

/// A client can connect as soon as the pipe exists, even without `connect`.
#[test]
fn a_client_can_be_found_by_reading_or_writing() {
    for writes in [false, true] {
        let mut watch = Watch::new();
        let name = name();
        let mut server = NamedPipe::new(&name).unwrap();
        watch.register(&mut server, 0);
        would_block((&server).read(&mut [0; 8]));
        would_block((&server).write(b"hello"));
        let mut peer = peer(&name).unwrap();
        if writes {
            assert_eq!((&server).write(b"hello").unwrap(), 5);
        } else {
            would_block((&server).read(&mut [0; 8]));
        }
        watch.wait_writable(0);
        peer.write_all(b"hello").unwrap();
        watch.wait_readable(0);
        assert_eq!(watch.read(&server, 5), b"hello");
    }
}

#[test]
fn a_client_that_came_and_went_before_connect_is_not_lost() {
    for waits in [false, true] {
        let mut watch = Watch::new();
        let name = name();
        let mut server = NamedPipe::new(&name).unwrap();
        watch.register(&mut server, 0);
        if waits {
            would_block(server.connect());
        }
        let mut hasty = peer(&name).unwrap();
        hasty.write_all(b"hello").unwrap();
        drop(hasty);
        watch.connect(&server);
        assert_eq!(watch.read(&server, 5), b"hello");
        watch.expect_end(&server);
        // Calling `connect` without `disconnect` is a mistake.
        expect_error(server.connect(), ERROR_NO_DATA);

        server.disconnect().unwrap();
        would_block(server.connect());
        let _next = peer(&name).unwrap();
        watch.connect(&server);
        would_block((&server).read(&mut [0; 8]));
    }
}

/// A client that comes at any moment around `connect`, again and again.
#[test]
fn clients_that_race_with_connect_are_all_served() {
    const ROUNDS: u32 = 150;
    let mut watch = Watch::new();
    let name = name();
    let mut server = NamedPipe::new(&name).unwrap();
    watch.register(&mut server, 0);
    let (is_served, served) = mpsc::channel();
    let (is_disconnected, disconnected) = mpsc::channel();
    let clients = thread::spawn(move || {
        for round in 0..ROUNDS {
            let mut client = loop {
                // While the server does not listen, a client can't connect.
                match peer(&name) {
                    Ok(client) => break client,
                    Err(_) => thread::yield_now(),
                }
            };
            client.write_all(&round.to_le_bytes()).unwrap();
            client.write_all(b"stale").unwrap();
            let mut answer = [0; 4];
            client.read_exact(&mut answer).unwrap();
            assert_eq!(u32::from_le_bytes(answer), round);
            // Half of the clients disconnect by themselves.
            let stays = (round % 2 == 0).then_some(client);
            is_served.send(()).unwrap();
            disconnected.recv().unwrap();
            drop(stays);
        }
    });
    for round in 0..ROUNDS {
        watch.connect(&server);
        let data = watch.read(&server, 4);
        assert_eq!(data, round.to_le_bytes(), "round {round}");
        watch.write(&server, &data);
        if round % 3 == 0 {
            watch.settle();
        }
        served.recv().unwrap();
        server.disconnect().unwrap();
        is_disconnected.send(()).unwrap();
    }
    clients.join().unwrap();
}

#[test]
fn nothing_of_a_client_is_seen_by_the_next_one() {
    let mut watch = Watch::new();
    let name = name();
    let mut server = NamedPipe::new(&name).unwrap();
    watch.register(&mut server, 0);
    // The states: read ahead, with the event delivered or not; not read; the end, with the event
    // delivered or not.
    for round in 0..5 {
        let mut old = peer(&name)
            .or_else(|_| {
                would_block(server.connect());
                peer(&name)
            })
            .unwrap();
        watch.connect(&server);
        old.write_all(b"stale").unwrap();
        match round {
            0 => watch.wait_readable(0),
            1 => {}
            2 => {
                assert_eq!(watch.read(&server, 2), b"st");
                old.write_all(b"more").unwrap();
            }
            _ => {
                assert_eq!(watch.read(&server, 5), b"stale");
                drop(old);
            }
        }
        if round == 3 {
            watch.expect_end(&server);
        }
        server.disconnect().unwrap();
        expect_error((&server).read(&mut [0; 8]), ERROR_PIPE_NOT_CONNECTED);
        expect_error((&server).write(b"hello"), ERROR_PIPE_NOT_CONNECTED);

        would_block(server.connect());
        let mut new = peer(&name).unwrap();
        watch.connect(&server);
        would_block((&server).read(&mut [0; 8]));
        new.write_all(b"new").unwrap();
        assert_eq!(watch.read(&server, 3), b"new");
        watch.write(&server, b"answer");
        let mut answer = [0; 6];
        new.read_exact(&mut answer).unwrap();
        assert_eq!(&answer, b"answer");
        server.disconnect().unwrap();
    }
}

/// The client was disconnected without `NamedPipe::disconnect`.
#[test]
fn nothing_is_seen_of_a_client_that_was_thrown_out_behind_its_back() {
    let mut watch = Watch::new();
    let name = name();
    let mut server = NamedPipe::new(&name).unwrap();
    watch.register(&mut server, 0);
    let mut old = peer(&name).unwrap();
    watch.connect(&server);
    old.write_all(b"stale").unwrap();
    watch.settle();
    ffi::disconnect(&server);
    would_block(server.connect());
    let mut new = peer(&name).unwrap();
    watch.connect(&server);
    would_block((&server).read(&mut [0; 8]));
    new.write_all(b"new").unwrap();
    assert_eq!(watch.read(&server, 3), b"new");
}

/// The error of a write to a disconnected client is not reported to the next one.
#[test]
fn a_write_that_was_under_way_says_nothing_about_the_next_client() {
    let mut watch = Watch::new();
    let name = name();
    let mut server = NamedPipe::new(&name).unwrap();
    watch.register(&mut server, 0);
    let old = peer(&name).unwrap();
    watch.connect(&server);
    watch.write(&server, &[7; 300_000]);
    would_block((&server).write(b"x"));
    server.disconnect().unwrap();
    drop(old);

    would_block(server.connect());
    let mut new = peer(&name).unwrap();
    watch.connect(&server);
    watch.write(&server, b"new");
    let mut answer = [0; 3];
    new.read_exact(&mut answer).unwrap();
    assert_eq!(&answer, b"new");
    assert!(server.take_error().unwrap().is_none());
}

/// An event ends each wait for a connection that has ended.
#[test]
fn disconnecting_wakes_who_reads_and_who_writes() {
    let mut watch = Watch::new();
    let (server, _peer) = watch.with_peer();
    watch.settle();
    watch.write(&server, &[7; 300_000]);
    would_block((&server).read(&mut [0; 8]));
    watch.expect_silence();
    server.disconnect().unwrap();
    let (mut reads, mut writes) = (false, false);
    while !(reads && writes) {
        watch.poll(crate::support::LONG);
        reads |= watch.events.iter().any(|event| event.is_readable());
        writes |= watch.events.iter().any(|event| event.is_writable());
    }
}

#[test]
fn a_client_that_was_thrown_out_is_told() {
    let mut watch = Watch::new();
    let (server, client) = watch.pair();
    watch.settle();
    server.disconnect().unwrap();
    watch.wait_readable(1);
    expect_error((&client).read(&mut [0; 8]), ERROR_PIPE_NOT_CONNECTED);
    expect_error((&client).write(b"hello"), ERROR_PIPE_NOT_CONNECTED);
}

#[test]
fn what_makes_no_sense_fails_and_changes_nothing() {
    let mut watch = Watch::new();
    let (server, client) = watch.pair();
    expect_error(client.connect(), ERROR_INVALID_FUNCTION);
    assert!(client.disconnect().is_err());
    watch.write(&client, b"hello");
    assert_eq!(watch.read(&server, 5), b"hello");
    server.disconnect().unwrap();
    expect_error(server.disconnect(), ERROR_PIPE_NOT_CONNECTED);
    would_block(server.connect());
}

/// Wine refuses to disconnect a pipe that waits for a client, and the wait goes on. Windows ends
/// the wait.
#[test]
fn disconnecting_while_connecting_leaves_a_usable_pipe() {
    let mut watch = Watch::new();
    let name = name();
    let mut server = NamedPipe::new(&name).unwrap();
    watch.register(&mut server, 0);
    would_block(server.connect());
    match server.disconnect() {
        Ok(()) => watch.wait_writable(0),
        Err(err) => assert_eq!(err.raw_os_error(), Some(ERROR_PIPE_LISTENING as i32)),
    }
    would_block(server.connect());
    let _peer = peer(&name).unwrap();
    watch.connect(&server);
}

#[test]
fn waiting_that_is_cancelled_is_an_error_and_can_be_done_again() {
    let mut watch = Watch::new();
    let name = name();
    let mut server = NamedPipe::new(&name).unwrap();
    watch.register(&mut server, 0);
    for takes in [false, true] {
        would_block(server.connect());
        ffi::cancel_all(&server);
        watch.wait_writable(0);
        if takes {
            assert!(server.take_error().unwrap().is_some());
        } else {
            let err = server.connect().unwrap_err();
            assert_ne!(err.kind(), ErrorKind::WouldBlock);
        }
        assert!(server.take_error().unwrap().is_none());
    }
    would_block(server.connect());
    let _peer = peer(&name).unwrap();
    watch.connect(&server);
}

#[test]
fn several_ends_of_one_name_serve_a_client_each() {
    let mut watch = Watch::new();
    let name = name();
    let mut first = NamedPipe::new(&name).unwrap();
    let second = ffi::server(&name, ffi::PIPE_ACCESS_DUPLEX, ffi::BYTES);
    let mut second: NamedPipe = ffi::from_raw(second);
    watch.register(&mut first, 0);
    watch.register(&mut second, 1);
    would_block(first.connect());
    would_block(second.connect());
    let clients = [client(&name), client(&name)];
    watch.connect(&first);
    watch.connect(&second);
    watch.write(&first, b"first");
    watch.write(&second, b"other");
    let mut answers = Vec::new();
    for (mut client, token) in clients.into_iter().zip(2..) {
        watch.register(&mut client, token);
        answers.push(watch.read(&client, 5));
    }
    answers.sort();
    assert_eq!(answers, [b"first", b"other"]);
}

#[test]
fn client_of_a_busy_name_gets_in_later() {
    let mut watch = Watch::new();
    let name = name();
    let server = ffi::server_of(&name, ffi::PIPE_ACCESS_DUPLEX, ffi::BYTES, 1);
    let mut server = NamedPipe::from(server);
    watch.register(&mut server, 0);
    would_block(server.connect());
    let first = client(&name);
    watch.connect(&server);
    expect_error(try_client(&name), ERROR_PIPE_BUSY);
    drop(first);
    server.disconnect().unwrap();
    would_block(server.connect());
    let mut second = client(&name);
    watch.register(&mut second, 1);
    watch.connect(&server);
    watch.write(&second, b"hello");
    assert_eq!(watch.read(&server, 5), b"hello");
}

#[test]
fn names_that_can_not_be() {
    let err = NamedPipe::new("\\\\.\\pipe\\mio\0test").unwrap_err();
    assert_eq!(err.kind(), ErrorKind::InvalidInput);
    assert!(NamedPipe::new("no pipe").is_err());
}

#[test]
fn other_programs_do_not_inherit_it() {
    let server = NamedPipe::new(name()).unwrap();
    assert!(!ffi::is_inherited(&server));
}

/// A reregistered server reports its client again.
#[test]
fn connecting_goes_on_when_it_is_reregistered() {
    let mut watch = Watch::new();
    let name = name();
    let mut server = NamedPipe::new(&name).unwrap();
    watch.register(&mut server, 0);
    would_block(server.connect());
    let registry = watch.poll.registry();
    registry.reregister(&mut server, Token(5), BOTH).unwrap();
    registry.deregister(&mut server).unwrap();
    registry.register(&mut server, Token(6), BOTH).unwrap();
    watch.expect_silence();
    let _peer = peer(&name).unwrap();
    watch.wait_writable(6);
    server.connect().unwrap();
}
