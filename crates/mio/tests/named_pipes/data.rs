//! Reading and writing.

use std::fs::File;
use std::io::{ErrorKind, IoSlice, IoSliceMut, Read, Write};
use std::process::{Command, Stdio};
use std::thread;

use mio::windows::NamedPipe;
use windows_sys::Win32::Foundation::{ERROR_ACCESS_DENIED, ERROR_NO_DATA};

use crate::support::{
    LONG, MUCH, SHORT, Watch, client, expect_error, ffi, name, not_found, pattern, peer,
    would_block,
};

#[test]
fn echo_both_ways() {
    let mut watch = Watch::new();
    let (server, client) = watch.pair();
    for round in 0..20 {
        let data = pattern(1 << (round % 13));
        watch.write(&server, &data);
        assert_eq!(watch.read(&client, data.len()), data);
        watch.write(&client, &data);
        assert_eq!(watch.read(&server, data.len()), data);
    }
}

#[test]
fn data_is_told_once_and_again_when_there_is_more() {
    let mut watch = Watch::new();
    let (server, mut peer) = watch.with_peer();
    watch.settle();
    watch.expect_silence();
    for round in 0..3 {
        peer.write_all(b"hello").unwrap();
        watch.wait_readable(0);
        watch.expect_silence();
        assert_eq!(watch.read(&server, 5), b"hello");
        // The next read is in flight even if no `read` has returned `WouldBlock`.
        if round == 1 {
            would_block((&server).read(&mut [0; 8]));
        }
        watch.expect_silence();
    }
}

#[test]
fn data_is_read_in_parts_of_any_size() {
    let mut watch = Watch::new();
    let (server, mut peer) = watch.with_peer();
    let data = pattern(40_000);
    peer.write_all(&data).unwrap();
    let mut read = Vec::new();
    for size in (1..).step_by(97) {
        let mut part = vec![0; size];
        let length = watch.finish(|| (&server).read(&mut part)).unwrap();
        read.extend_from_slice(&part[..length]);
        if read.len() == data.len() {
            break;
        }
    }
    assert!(read == data);
    would_block((&server).read(&mut [0; 8]));
    assert_eq!((&server).read(&mut []).unwrap(), 0);
}

#[test]
fn one_write_is_under_way_until_the_reader_has_taken_it() {
    let mut watch = Watch::new();
    let (server, mut peer) = watch.with_peer();
    watch.settle();
    let data = pattern(MUCH);
    assert_eq!((&server).write(&data).unwrap(), MUCH);
    would_block((&server).write(b"x"));
    (&server).flush().unwrap();
    watch.expect_silence();
    would_block((&server).write(b"x"));

    let reader = thread::spawn(move || {
        let mut read = vec![0; MUCH];
        peer.read_exact(&mut read).unwrap();
        (peer, read)
    });
    watch.wait_writable(0);
    let (_peer, read) = reader.join().unwrap();
    assert!(read == data);
    assert_eq!((&server).write(b"x").unwrap(), 1);
}

#[test]
fn a_stream_of_writes_arrives_in_order() {
    let mut watch = Watch::new();
    let (server, mut peer) = watch.with_peer();
    let data = pattern(1 << 20);
    let expected = data.clone();
    let reader = thread::spawn(move || {
        let mut read = vec![0; expected.len()];
        peer.read_exact(&mut read).unwrap();
        assert!(read == expected);
    });
    let mut left = &data[..];
    for size in (1..).step_by(1_000) {
        let part = &left[..left.len().min(size)];
        watch.write(&server, part);
        left = &left[part.len()..];
        if left.is_empty() {
            break;
        }
    }
    watch.wait_writable(0);
    reader.join().unwrap();
}

#[test]
fn the_end_comes_after_the_data_and_lasts() {
    let mut watch = Watch::new();
    let (server, mut peer) = watch.with_peer();
    watch.settle();
    peer.write_all(b"hello").unwrap();
    drop(peer);
    watch.wait_readable(0);
    assert_eq!(watch.read(&server, 5), b"hello");
    watch.expect_end(&server);
    for _ in 0..3 {
        assert_eq!((&server).read(&mut [0; 8]).unwrap(), 0);
    }
    watch.settle();
    watch.expect_silence();
}

#[test]
fn the_end_is_told() {
    let mut watch = Watch::new();
    let (server, peer) = watch.with_peer();
    watch.settle();
    would_block((&server).read(&mut [0; 8]));
    drop(peer);
    // Readable only: another client may come, so the pipe is not closed.
    watch.poll(LONG);
    for event in &watch.events {
        assert!(event.is_readable() && !event.is_read_closed(), "{event:?}");
        assert!(!event.is_error() && !event.is_write_closed(), "{event:?}");
    }
    assert_eq!((&server).read(&mut [0; 8]).unwrap(), 0);
}

#[test]
fn a_write_that_fails_later_is_told_by_the_next_one_or_by_take_error() {
    for takes in [false, true] {
        let mut watch = Watch::new();
        let (server, peer) = watch.with_peer();
        watch.settle();
        assert_eq!((&server).write(&pattern(MUCH)).unwrap(), MUCH);
        assert!(server.take_error().unwrap().is_none());
        drop(peer);
        watch.wait_writable(0);
        if takes {
            let err = server.take_error().unwrap().unwrap();
            assert_eq!(err.kind(), ErrorKind::BrokenPipe, "{err}");
        } else {
            let err = (&server).write(b"x").unwrap_err();
            assert_eq!(err.kind(), ErrorKind::BrokenPipe, "{err}");
        }
        assert!(server.take_error().unwrap().is_none());
        // From now on the error is the one of Windows.
        expect_error((&server).write(b"x"), ERROR_NO_DATA);
        watch.expect_end(&server);
    }
}

#[test]
fn a_client_hears_of_a_server_that_is_gone() {
    let mut watch = Watch::new();
    let (server, client) = watch.pair();
    watch.settle();
    watch.write(&server, b"bye");
    drop(server);
    assert_eq!(watch.read(&client, 3), b"bye");
    watch.expect_end(&client);
    assert_eq!(
        (&client).write(b"x").unwrap_err().kind(),
        ErrorKind::BrokenPipe
    );
}

#[test]
fn io_on_an_unregistered_pipe_is_not_found() {
    let mut watch = Watch::new();
    let name = name();
    let server = NamedPipe::new(&name).unwrap();
    let mut client = client(&name);
    not_found((&client).read(&mut [0; 8]));
    not_found((&client).read(&mut []));
    not_found((&client).write(b"hello"));
    not_found((&client).write(b""));
    not_found((&server).read_vectored(&mut [IoSliceMut::new(&mut [0; 8])]));
    not_found((&server).write_vectored(&[IoSlice::new(b"hello")]));
    (&server).flush().unwrap();
    assert!(server.take_error().unwrap().is_none());
    watch.register(&mut client, 1);
    watch.wait_writable(1);
    assert_eq!((&client).write(b"hello").unwrap(), 5);
}

#[test]
fn vectored_reads_fill_the_buffers_in_turn() {
    let mut watch = Watch::new();
    let (server, mut peer) = watch.with_peer();
    peer.write_all(b"123456789").unwrap();
    watch.settle();
    let (mut one, mut none, mut two, mut rest) = ([0; 3], [0; 0], [0; 4], [0; 8]);
    let mut buffers = [&mut one[..], &mut none, &mut two].map(IoSliceMut::new);
    assert_eq!((&server).read_vectored(&mut buffers).unwrap(), 7);
    assert_eq!((&one, &two), (b"123", b"4567"));
    let mut buffers = [&mut none[..], &mut rest].map(IoSliceMut::new);
    assert_eq!((&server).read_vectored(&mut buffers).unwrap(), 2);
    assert_eq!(&rest[..2], b"89");
    would_block((&server).read_vectored(&mut [IoSliceMut::new(&mut rest)]));
    drop(peer);
    watch.wait_readable(0);
    let end = (&server).read_vectored(&mut [IoSliceMut::new(&mut rest)]);
    assert_eq!(end.unwrap(), 0);
}

#[test]
fn vectored_writes_take_all_of_the_buffers() {
    let mut watch = Watch::new();
    let (server, mut peer) = watch.with_peer();
    let buffers = [&b"123"[..], b"", b"456", b"789"].map(IoSlice::new);
    assert_eq!((&server).write_vectored(&buffers).unwrap(), 9);
    let mut data = [0; 9];
    peer.read_exact(&mut data).unwrap();
    assert_eq!(&data, b"123456789");
    watch.settle();
    for empty in [&[][..], &[IoSlice::new(b"")]] {
        assert_eq!((&server).write_vectored(empty).unwrap(), 0);
    }
    watch.expect_silence();
}

/// A background read is as long as the buffer of the user's last read.
#[test]
fn a_long_buffer_is_filled_by_one_read() {
    const LENGTH: usize = 60_000;
    let mut watch = Watch::new();
    let (server, mut peer) = watch.with_peer();
    watch.settle();
    let data = pattern(LENGTH);
    let mut buffer = vec![0; LENGTH + 1_000];
    peer.write_all(b"hello").unwrap();
    assert_eq!(watch.finish(|| (&server).read(&mut buffer)).unwrap(), 5);
    for round in 0..3 {
        peer.write_all(&data).unwrap();
        let result = watch.finish(|| (&server).read(&mut buffer));
        assert_eq!(result.unwrap(), LENGTH, "round {round}");
        assert!(buffer[..LENGTH] == data);
    }
}

/// In a pipe without messages, the reader would take an empty write for the end.
#[test]
fn to_write_nothing_does_nothing() {
    let mut watch = Watch::new();
    let (server, client) = watch.pair();
    watch.settle();
    would_block((&client).read(&mut [0; 8]));
    assert_eq!((&server).write(b"").unwrap(), 0);
    watch.expect_silence();
    would_block((&client).read(&mut [0; 8]));
    watch.write(&server, b"x");
    assert_eq!(watch.read(&client, 1), b"x");
}

/// The peer makes an empty write with the Windows API.
#[test]
fn a_peer_that_writes_nothing_is_not_gone() {
    let mut watch = Watch::new();
    let (server, mut peer) = watch.with_peer();
    watch.settle();
    assert_eq!(peer.write(b"").unwrap(), 0);
    watch.poll(SHORT);
    would_block((&server).read(&mut [0; 8]));
    peer.write_all(b"x").unwrap();
    assert_eq!(watch.read(&server, 1), b"x");
}

#[test]
fn ends_that_go_one_way_only() {
    let mut watch = Watch::new();
    let name = name();
    let server = ffi::server(&name, ffi::PIPE_ACCESS_OUTBOUND, ffi::BYTES);
    let mut server = NamedPipe::from(server);
    watch.register(&mut server, 0);
    watch.settle();
    would_block(server.connect());
    let mut peer = File::open(&name).unwrap();
    watch.wait_writable(0);
    server.connect().unwrap();
    watch.write(&server, b"hello");
    let mut data = [0; 5];
    peer.read_exact(&mut data).unwrap();
    assert_eq!(&data, b"hello");
    expect_error((&server).read(&mut [0; 8]), ERROR_ACCESS_DENIED);
    watch.settle();

    let name = crate::support::name();
    let server = ffi::server(&name, ffi::PIPE_ACCESS_INBOUND, ffi::BYTES);
    let mut server = NamedPipe::from(server);
    watch.register(&mut server, 1);
    would_block(server.connect());
    let mut peer = File::options().write(true).open(&name).unwrap();
    watch.connect(&server);
    peer.write_all(b"hello").unwrap();
    assert_eq!(watch.read(&server, 5), b"hello");
    expect_error((&server).write(b"hello"), ERROR_ACCESS_DENIED);
}

/// `PIPE_NOWAIT` is not supported: reads do not wait for data. They return an error, and do not
/// cause a busy loop.
#[test]
fn nowait_mode_reads_fail_with_no_data() {
    let mut watch = Watch::new();
    let name = name();
    let server = ffi::server(&name, ffi::PIPE_ACCESS_DUPLEX, ffi::BYTES_NOWAIT);
    let mut server = NamedPipe::from(server);
    let mut peer = peer(&name).unwrap();
    watch.register(&mut server, 0);
    watch.connect(&server);
    watch.settle();
    expect_error((&server).read(&mut [0; 8]), ERROR_NO_DATA);
    watch.settle();
    // Writing works.
    watch.write(&server, b"hello");
    peer.read_exact(&mut [0; 5]).unwrap();
}

/// Another owner of the handle may cancel operations in flight.
#[test]
fn a_read_that_was_cancelled_is_started_again() {
    let mut watch = Watch::new();
    let (server, mut peer) = watch.with_peer();
    watch.settle();
    for _ in 0..3 {
        ffi::cancel_all(&server);
        watch.wait_readable(0);
        would_block((&server).read(&mut [0; 8]));
        peer.write_all(b"hello").unwrap();
        assert_eq!(watch.read(&server, 5), b"hello");
    }
}

#[test]
fn a_write_that_was_cancelled_is_an_error() {
    let mut watch = Watch::new();
    let (server, _peer) = watch.with_peer();
    watch.settle();
    assert_eq!((&server).write(&pattern(MUCH)).unwrap(), MUCH);
    ffi::cancel_all(&server);
    watch.wait_writable(0);
    assert_ne!(
        (&server).write(b"x").unwrap_err().kind(),
        ErrorKind::WouldBlock
    );
}

#[test]
fn reading_and_writing_do_not_allocate() {
    let mut watch = Watch::new();
    let (server, client) = watch.pair();
    let data = pattern(10_000);
    let mut read = vec![0; 10_000];
    let mut turn = |watch: &mut Watch| {
        for (from, to) in [(&server, &client), (&client, &server)] {
            let mut written = 0;
            while written < data.len() {
                let mut from = from;
                let result = watch.finish(|| from.write(&data[written..]));
                written += result.unwrap();
            }
            let mut done = 0;
            while done < data.len() {
                let mut to = to;
                done += watch.finish(|| to.read(&mut read[done..])).unwrap();
            }
            let mut to = to;
            would_block(to.read(&mut [0; 8]));
        }
    };
    turn(&mut watch);
    let before = ffi::allocations();
    for _ in 0..5 {
        turn(&mut watch);
    }
    assert_eq!(ffi::allocations() - before, 0);
}

/// Also if the packet of the connection starts the first read.
#[test]
fn the_first_client_does_not_allocate() {
    let mut watch = Watch::new();
    let name = name();
    let mut server = NamedPipe::new(&name).unwrap();
    watch.register(&mut server, 0);
    would_block(server.connect());
    let mut client = peer(&name).unwrap();
    client.write_all(b"hello").unwrap();
    let before = ffi::allocations();
    watch.connect(&server);
    let mut read = [0; 8];
    assert_eq!(watch.finish(|| (&server).read(&mut read)).unwrap(), 5);
    assert_eq!(ffi::allocations() - before, 0);
}

/// Not a test by itself: [`another_program_is_the_peer`] starts it.
#[test]
fn echo_until_the_end() {
    let Some(name) = std::env::var_os(NAME) else {
        return;
    };
    let mut pipe = peer(name.to_str().unwrap()).unwrap();
    let mut buffer = vec![0; 5_000];
    loop {
        let length = pipe.read(&mut buffer).unwrap();
        if length == 0 {
            return;
        }
        pipe.write_all(&buffer[..length]).unwrap();
    }
}

const NAME: &str = "MIO_TEST_PIPE";

#[test]
fn another_program_is_the_peer() {
    let mut watch = Watch::new();
    let name = name();
    let mut server = NamedPipe::new(&name).unwrap();
    watch.register(&mut server, 0);
    would_block(server.connect());
    let test = format!("{}::echo_until_the_end", module());
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", &test, "--test-threads=1"])
        .env(NAME, &name)
        .stdout(Stdio::null())
        .spawn()
        .unwrap();
    watch.connect(&server);
    let data = pattern(100_000);
    watch.write(&server, &data);
    assert!(watch.read(&server, data.len()) == data);
    drop(server);
    assert!(child.wait().unwrap().success());
}

/// Returns this module's path within the test program.
fn module() -> &'static str {
    let (_, module) = module_path!().split_once("::").unwrap();
    module
}
