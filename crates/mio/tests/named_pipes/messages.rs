//! Message pipes: `NamedPipe` reads them without losing the message boundaries.

use std::io::{IoSlice, IoSliceMut, Read, Write};

use mio::windows::NamedPipe;

use crate::support::{Watch, client, ffi, name, pattern, peer, would_block};

/// Creates a server and a client, registered with the tokens 0 and 1.
fn pair(watch: &mut Watch) -> (NamedPipe, NamedPipe) {
    let name = name();
    let server = ffi::server(&name, ffi::PIPE_ACCESS_DUPLEX, ffi::MESSAGES);
    let mut server = NamedPipe::from(server);
    let mut client = client(&name);
    ffi::read_messages(&client);
    watch.register(&mut server, 0);
    watch.register(&mut client, 1);
    watch.connect(&server);
    (server, client)
}

fn read(watch: &mut Watch, mut pipe: &NamedPipe, room: usize) -> Vec<u8> {
    let mut data = vec![0; room];
    let length = watch.finish(|| pipe.read(&mut data)).unwrap();
    data.truncate(length);
    data
}

#[test]
fn messages_are_not_merged() {
    let mut watch = Watch::new();
    let (server, client) = pair(&mut watch);
    for message in [&b"one"[..], b"two", b"three"] {
        watch.write(&client, message);
    }
    watch.settle();
    for message in [&b"one"[..], b"two", b"three"] {
        assert_eq!(read(&mut watch, &server, 100), message);
    }
    would_block((&server).read(&mut [0; 8]));
}

#[test]
fn the_rest_of_a_message_is_not_lost() {
    let mut watch = Watch::new();
    let (server, client) = pair(&mut watch);
    // A message longer than a read, which is there before the read begins, or arrives later.
    let long = pattern(50_000);
    for is_there_first in [false, true] {
        if is_there_first {
            // This message is read ahead, and the long one waits in the kernel.
            watch.write(&client, b"first");
            watch.settle();
        }
        watch.write(&client, &long);
        watch.settle();
        if is_there_first {
            assert_eq!(read(&mut watch, &server, 100), b"first");
        }
        assert!(watch.read(&server, long.len()) == long);
        watch.write(&client, b"next");
        assert_eq!(read(&mut watch, &server, 100), b"next");
    }
    // The user's buffer is shorter than the message.
    watch.write(&client, b"hello");
    assert_eq!(read(&mut watch, &server, 2), b"he");
    assert_eq!(read(&mut watch, &server, 2), b"ll");
    watch.write(&client, b"next");
    assert_eq!(read(&mut watch, &server, 2), b"o");
    assert_eq!(read(&mut watch, &server, 100), b"next");
}

#[test]
fn a_write_is_one_message_whatever_its_length() {
    let mut watch = Watch::new();
    let name = name();
    let server = ffi::server(&name, ffi::PIPE_ACCESS_DUPLEX, ffi::MESSAGES);
    let mut server = NamedPipe::from(server);
    let mut peer = peer(&name).unwrap();
    ffi::read_messages(&peer);
    watch.register(&mut server, 0);
    watch.connect(&server);
    let long = pattern(60_000);
    watch.write(&server, &long);
    let mut data = vec![0; 100_000];
    assert_eq!(peer.read(&mut data).unwrap(), 60_000);
    assert!(data[..60_000] == long);
}

#[test]
fn a_vectored_write_is_one_message() {
    let mut watch = Watch::new();
    let (server, client) = pair(&mut watch);
    let mut from = &client;
    let parts = [&b"on"[..], b"", b"e"].map(IoSlice::new);
    assert_eq!(from.write_vectored(&parts).unwrap(), 3);
    watch.write(&client, b"two");
    let (mut head, mut tail) = ([0; 2], [0; 8]);
    let mut parts = [&mut head[..], &mut tail].map(IoSliceMut::new);
    let length = watch.finish(|| (&server).read_vectored(&mut parts));
    assert_eq!(length.unwrap(), 3, "the second message is another read's");
    assert_eq!((&head, &tail[..1]), (b"on", &b"e"[..]));
    assert_eq!(read(&mut watch, &server, 100), b"two");
    let result = watch.finish(|| from.write_vectored(&[]));
    assert_eq!(result.unwrap(), 0);
    assert_eq!(read(&mut watch, &server, 100), b"", "an empty message");
}

/// A short buffer does not make background reads so short that they split messages.
#[test]
fn messages_are_whole_after_a_short_read() {
    let mut watch = Watch::new();
    let (server, client) = pair(&mut watch);
    let long = pattern(10_000);
    for _ in 0..3 {
        watch.write(&client, b"x");
        assert_eq!(read(&mut watch, &server, 1), b"x");
        watch.write(&client, &long);
        watch.settle();
        assert!(read(&mut watch, &server, 20_000) == long);
    }
}

#[test]
fn an_empty_message_is_read_as_such() {
    let mut watch = Watch::new();
    let (server, client) = pair(&mut watch);
    for _ in 0..2 {
        watch.write(&client, b"");
        watch.write(&client, b"next");
        assert_eq!(read(&mut watch, &server, 100), b"");
        assert_eq!(read(&mut watch, &server, 100), b"next");
        would_block((&server).read(&mut [0; 8]));
    }
}
