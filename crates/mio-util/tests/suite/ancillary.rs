//! Descriptors over Unix sockets: they arrive once, and none is left open.

use std::io::{ErrorKind, Read, Write};
use std::os::fd::{AsFd, OwnedFd};

use mio::net::UnixStream;
use mio::{Interest, Token};
use mio_util::{MAX_FDS, receive_with_fds, send_with_fds};

use crate::support::{on_each_selector, poll_on, wait};

#[test]
fn descriptors_arrive_with_the_first_byte_and_work() {
    on_each_selector(|kind| {
        let (mut poll, mut events) = poll_on(kind);
        let (ours, mut theirs) = UnixStream::pair().unwrap();
        let registry = poll.registry();
        registry
            .register(&mut theirs, Token(0), Interest::READABLE)
            .unwrap();
        let mut fds = Vec::new();
        let mut buffer = [0; 16];
        let err = receive_with_fds(&theirs, &mut buffer, &mut fds).unwrap_err();
        assert_eq!(err.kind(), ErrorKind::WouldBlock);

        for round in 0..3u8 {
            let (reader, mut writer) = std::io::pipe().unwrap();
            send_with_fds(&ours, &[round, 7], &[reader.as_fd()]).unwrap();
            drop(reader);
            let count = loop {
                wait(&mut poll, &mut events, None);
                match receive_with_fds(&theirs, &mut buffer, &mut fds) {
                    Err(err) if err.kind() == ErrorKind::WouldBlock => {}
                    result => break result.unwrap(),
                }
            };
            assert_eq!(&buffer[..count], [round, 7]);
            let received: OwnedFd = fds.pop().expect("a descriptor");
            assert!(fds.is_empty());
            let flags = rustix::io::fcntl_getfd(&received).unwrap();
            assert!(flags.contains(rustix::io::FdFlags::CLOEXEC));
            writer.write_all(b"through the pipe").unwrap();
            drop(writer);
            let mut text = String::new();
            std::io::PipeReader::from(received)
                .read_to_string(&mut text)
                .unwrap();
            assert_eq!(text, "through the pipe");
            // `WouldBlock` re-arms the direction: the next message is reported.
            let err = receive_with_fds(&theirs, &mut buffer, &mut fds).unwrap_err();
            assert_eq!(err.kind(), ErrorKind::WouldBlock);
        }
    });
}

#[test]
fn mistakes_are_errors_and_send_nothing() {
    let (ours, theirs) = UnixStream::pair().unwrap();
    let many = vec![ours.as_fd(); MAX_FDS + 1];
    for (data, fds) in [(&b""[..], &many[..1]), (b"x", &many)] {
        let err = send_with_fds(&ours, data, fds).unwrap_err();
        assert_eq!(err.kind(), ErrorKind::InvalidInput);
    }
    // 0 bytes would look like the end.
    let err = receive_with_fds(&theirs, &mut [], &mut Vec::new()).unwrap_err();
    assert_eq!(err.kind(), ErrorKind::InvalidInput);
    let err = receive_with_fds(&theirs, &mut [0; 4], &mut Vec::new()).unwrap_err();
    assert_eq!(err.kind(), ErrorKind::WouldBlock);
}

/// A pipe reaches its end only when all descriptors of its writer are closed.
#[test]
fn descriptors_that_do_not_fit_are_closed() {
    let (ours, theirs) = UnixStream::pair().unwrap();
    let (mut reader, writer) = std::io::pipe().unwrap();
    // More than one of our messages can carry, sent by hand.
    let fds = vec![writer.as_fd(); MAX_FDS + 10];
    let mut space =
        vec![std::mem::MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(MAX_FDS + 10))];
    let mut control = rustix::net::SendAncillaryBuffer::new(&mut space);
    assert!(control.push(rustix::net::SendAncillaryMessage::ScmRights(&fds)));
    let data = [std::io::IoSlice::new(b"x")];
    rustix::net::sendmsg(&ours, &data, &mut control, rustix::net::SendFlags::empty()).unwrap();
    drop(fds);
    drop(writer);
    let mut received = Vec::new();
    let err = receive_with_fds(&theirs, &mut [0; 4], &mut received).unwrap_err();
    assert_eq!(err.kind(), ErrorKind::InvalidData);
    assert!(received.is_empty());
    assert_eq!(reader.read(&mut [0; 4]).unwrap(), 0);
}

#[test]
fn peer_that_has_gone_is_an_error() {
    let (ours, theirs) = UnixStream::pair().unwrap();
    drop(theirs);
    let err = send_with_fds(&ours, b"x", &[ours.as_fd()]).unwrap_err();
    assert_eq!(err.kind(), ErrorKind::BrokenPipe);
}

#[test]
fn room_after_a_blocked_send_is_reported() {
    on_each_selector(|kind| {
        let (mut poll, mut events) = poll_on(kind);
        let (mut ours, theirs) = UnixStream::pair().unwrap();
        let registry = poll.registry();
        registry
            .register(&mut ours, Token(0), Interest::WRITABLE)
            .unwrap();
        wait(&mut poll, &mut events, None);
        let err = loop {
            if let Err(err) = send_with_fds(&ours, &[7; 4096], &[]) {
                break err;
            }
        };
        assert_eq!(err.kind(), ErrorKind::WouldBlock);
        let (mut buffer, mut fds) = (vec![0; 1 << 16], Vec::new());
        while receive_with_fds(&theirs, &mut buffer, &mut fds).is_ok() {}
        wait(&mut poll, &mut events, None);
        assert!(events.iter().any(|event| event.is_writable()));
    });
}
