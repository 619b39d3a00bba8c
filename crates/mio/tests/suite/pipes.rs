//! Pipes, and the pipes of child processes.

use std::io::{ErrorKind, IoSlice, IoSliceMut, Read, Write};
use std::os::fd::{AsFd, AsRawFd, IntoRawFd, OwnedFd};
use std::process::{Command, Stdio};

use mio::unix::pipe::{self, Receiver, Sender};
use mio::{Interest, SelectorKind, Token};

use crate::support::{LONG, Watch, drain, ffi, fill, process, would_block};

per_selector!(
    data_and_its_end,
    a_child_process,
    a_broken_pipe,
    a_pipe_without_readers_is_registered_in_every_mode,
    a_fifo_has_a_second_writer,
    each_refill_is_reported,
);

fn data_and_its_end(kind: SelectorKind) {
    let (mut sender, mut receiver) = pipe::new().unwrap();
    let mut watch = Watch::new(kind);
    watch.register(&mut sender, 1, Interest::WRITABLE);
    watch.register(&mut receiver, 2, Interest::READABLE);
    watch.wait_writable(1);
    would_block(receiver.read(&mut [0; 8]));
    let sent = sender
        .write_vectored(&[IoSlice::new(b"he"), IoSlice::new(b"llo")])
        .unwrap();
    sender.flush().unwrap();
    watch.wait_readable(2);
    let mut buffer = [0; 8];
    let read = receiver
        .read_vectored(&mut [IoSliceMut::new(&mut buffer)])
        .unwrap();
    assert_eq!((sent, &buffer[..read]), (5, &b"hello"[..]));
    would_block(receiver.try_io(|| (&receiver).read(&mut [0; 8])));
    drop(sender);
    watch.wait(2, mio::event::Event::is_read_closed);
    assert_eq!(receiver.read(&mut buffer).unwrap(), 0);
}

fn a_child_process(kind: SelectorKind) {
    let mut command = Command::new("sh");
    command.args(["-c", "cat; echo problem >&2"]);
    command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    let mut child = process::spawn(&mut command).unwrap();
    let mut stdin = Sender::from(child.stdin.take().unwrap());
    let mut stdout = Receiver::from(child.stdout.take().unwrap());
    let mut stderr = Receiver::from(child.stderr.take().unwrap());
    stdin.set_nonblocking(true).unwrap();
    stdout.set_nonblocking(true).unwrap();
    stderr.set_nonblocking(true).unwrap();
    let mut watch = Watch::new(kind);
    watch.register(&mut stdin, 0, Interest::WRITABLE);
    watch.register(&mut stdout, 1, Interest::READABLE);
    watch.register(&mut stderr, 2, Interest::READABLE);

    watch.wait_writable(0);
    stdin.write_all(b"hello").unwrap();
    watch.wait_readable(1);
    let mut buffer = [0; 16];
    assert_eq!(stdout.read(&mut buffer).unwrap(), 5);
    would_block(stdout.read(&mut buffer));

    drop(stdin);
    // The two ends arrive in either order, or together.
    let (mut problem, mut end) = (Vec::new(), false);
    while problem != b"problem\n" || !end {
        watch.poll(LONG);
        assert!(!watch.events.is_empty(), "{problem:?}, {end}");
        for event in &watch.events {
            if event.token() == Token(1) {
                end |= event.is_read_closed();
            } else if let Ok(read) = stderr.read(&mut buffer) {
                problem.extend_from_slice(&buffer[..read]);
            }
        }
    }
    assert_eq!(stdout.read(&mut buffer).unwrap(), 0);
    assert!(child.wait().unwrap().success());
}

fn a_broken_pipe(kind: SelectorKind) {
    let (mut sender, receiver) = pipe::new().unwrap();
    let mut watch = Watch::new(kind);
    watch.register(&mut sender, 1, Interest::WRITABLE);
    watch.wait_writable(1);
    drop(receiver);
    watch.wait(1, mio::event::Event::is_write_closed);
    assert_eq!(
        sender.write(b"hello").unwrap_err().kind(),
        ErrorKind::BrokenPipe
    );
}

fn a_pipe_without_readers_is_registered_in_every_mode(kind: SelectorKind) {
    let writable = Interest::WRITABLE;
    let modes = [writable, writable.level(), writable.oneshot()];
    for (first, second) in [(0, 1), (1, 2), (2, 0), (0, 2), (1, 0)] {
        let mut watch = Watch::new(kind);
        let (mut sender, receiver) = pipe::new().unwrap();
        // The receiver is dropped before the pipe is registered, or afterwards.
        let mut receiver = Some(receiver).filter(|_| first == 0);
        watch.register(&mut sender, 1, modes[first]);
        watch.wait(1, |_| true);
        receiver.take();
        let registry = watch.poll.registry();
        registry
            .reregister(&mut sender, Token(2), modes[second])
            .unwrap();
        watch.wait(2, |_| true);
        let err = sender.write(b"!").unwrap_err();
        assert_eq!(err.kind(), ErrorKind::BrokenPipe);
        watch.deregister(&mut sender);
        watch.expect_silence();
        let err = watch.poll.registry().deregister(&mut sender).unwrap_err();
        assert_eq!(err.kind(), ErrorKind::NotFound);
    }
}

/// A named pipe: after the last writer has closed it, another one may open it.
fn a_fifo_has_a_second_writer(kind: SelectorKind) {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("fifo");
    let mut fifo = ffi::fifo(&path);
    let mut watch = Watch::new(kind);
    watch.register(&mut fifo, 1, Interest::READABLE);
    for _ in 0..3 {
        let mut writer = std::fs::OpenOptions::new().write(true).open(&path).unwrap();
        writer.write_all(b"hello").unwrap();
        drop(writer);
        let mut read = 0;
        while read < 5 {
            watch.wait(1, |_| true);
            // Up to the end of the stream, which is not `WouldBlock`.
            read += drain(&fifo);
        }
    }
}

fn each_refill_is_reported(kind: SelectorKind) {
    let (mut sender, mut receiver) = pipe::new().unwrap();
    let mut watch = Watch::new(kind);
    watch.register(&mut sender, 1, Interest::WRITABLE);
    watch.register(&mut receiver, 2, Interest::READABLE);
    watch.wait_writable(1);
    for _ in 0..5 {
        let written = fill(&sender);
        watch.wait_readable(2);
        assert_eq!(drain(&receiver), written);
        watch.wait_writable(1);
    }
}

#[test]
fn blocking_mode_can_be_switched() {
    let (sender, receiver) = pipe::new().unwrap();
    assert_eq!(ffi::flags(sender.as_fd()), (true, true));
    assert_eq!(ffi::flags(receiver.as_fd()), (true, true));
    sender.set_nonblocking(false).unwrap();
    receiver.set_nonblocking(false).unwrap();
    assert_eq!(ffi::flags(sender.as_fd()), (true, false));
    assert_eq!(ffi::flags(receiver.as_fd()), (true, false));
}

#[test]
fn conversions_keep_the_descriptor() {
    let (sender, receiver) = pipe::new().unwrap();
    let fds = (sender.as_raw_fd(), receiver.as_raw_fd());
    let (sender, receiver) = (
        Sender::from(OwnedFd::from(sender)),
        Receiver::from(OwnedFd::from(receiver)),
    );
    let sender: Sender = ffi::from_raw(sender.into_raw_fd());
    let receiver: Receiver = ffi::from_raw(receiver.into_raw_fd());
    assert_eq!((sender.as_raw_fd(), receiver.as_raw_fd()), fds);
}
