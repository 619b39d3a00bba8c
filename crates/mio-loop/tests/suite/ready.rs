//! The callbacks that the events of ends and errors cause.

use std::io::{ErrorKind, Write};

use mio::net::UdpSocket;
use mio::unix::pipe;
use mio::{Interest, SelectorKind, Token};

use crate::support::{LONG, Readable, Script, Writable, event_loop, run_until};

over_each_selector!(
    a_writer_hears_that_the_reader_of_a_full_pipe_has_gone,
    a_reader_hears_that_the_writer_of_a_pipe_has_gone,
    a_reader_hears_of_an_error_alone,
    udp_error_while_writable_calls_readable,
);

fn a_writer_hears_that_the_reader_of_a_full_pipe_has_gone(kind: SelectorKind) {
    let mut event_loop = event_loop(kind);
    let (mut writer, reader) = pipe::new().unwrap();
    let full = loop {
        if let Err(err) = writer.write(&[0; 65_536]) {
            break err;
        }
    };
    assert_eq!(full.kind(), ErrorKind::WouldBlock);
    event_loop
        .register(&mut writer, Token(0), Interest::WRITABLE)
        .unwrap();
    drop(reader);
    // NetBSD's kernel wakes the writer before it sets the end, and so reports nothing.
    if !(kind == SelectorKind::Kqueue && kernel() == "netbsd") {
        let mut script = Script::idle();
        event_loop.run_once(&mut script, LONG).unwrap();
        assert!(
            script.calls.contains(&Writable(Token(0))),
            "{:?}",
            script.calls
        );
    }
    let err = writer.write(b"!").unwrap_err();
    assert_eq!(err.kind(), ErrorKind::BrokenPipe);
}

/// Returns the OS, or the one whose kqueue the model of `ci/kqueue` imitates.
fn kernel() -> String {
    let imitated = std::env::var("MIO_KQUEUE_KERNEL");
    imitated.map_or(std::env::consts::OS.to_owned(), |name| name.to_lowercase())
}

fn a_reader_hears_that_the_writer_of_a_pipe_has_gone(kind: SelectorKind) {
    let mut event_loop = event_loop(kind);
    let (writer, mut reader) = pipe::new().unwrap();
    event_loop
        .register(&mut reader, Token(0), Interest::READABLE)
        .unwrap();
    drop(writer);
    let mut script = Script::idle();
    event_loop.run_once(&mut script, LONG).unwrap();
    assert!(
        script.calls.contains(&Readable(Token(0))),
        "{:?}",
        script.calls
    );
}

/// Returns a socket whose datagrams are refused, which the kernel reports after they were sent.
fn refused() -> UdpSocket {
    let nobody = UdpSocket::bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let socket = UdpSocket::bind("127.0.0.1:0".parse().unwrap()).unwrap();
    socket.connect(nobody.local_addr().unwrap()).unwrap();
    socket
}

fn a_reader_hears_of_an_error_alone(kind: SelectorKind) {
    let mut event_loop = event_loop(kind);
    let mut socket = refused();
    event_loop
        .register(&mut socket, Token(0), Interest::READABLE)
        .unwrap();
    socket.send(b"hello").unwrap();
    let mut script = Script::idle();
    run_until(&mut event_loop, &mut script, |calls| {
        calls.contains(&Readable(Token(0)))
    });
    let err = socket.recv(&mut [0; 8]).unwrap_err();
    assert_eq!(err.kind(), ErrorKind::ConnectionRefused);
}

/// The event of the error is writable but not readable.
fn udp_error_while_writable_calls_readable(kind: SelectorKind) {
    let mut event_loop = event_loop(kind);
    let mut socket = refused();
    let both = Interest::READABLE | Interest::WRITABLE;
    event_loop.register(&mut socket, Token(0), both).unwrap();
    let mut script = Script::idle();
    run_until(&mut event_loop, &mut script, |calls| {
        calls.contains(&Writable(Token(0)))
    });
    assert!(!script.calls.contains(&Readable(Token(0))));
    socket.send(b"hello").unwrap();
    script.calls.clear();
    run_until(&mut event_loop, &mut script, |calls| {
        calls.contains(&Readable(Token(0)))
    });
    let err = socket.recv(&mut [0; 8]).unwrap_err();
    assert_eq!(err.kind(), ErrorKind::ConnectionRefused);
}
