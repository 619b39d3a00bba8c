//! Each mode makes the calls that it needs, and no others.

use std::io;

use mio::event::Source;
use mio::{Interest, Poll, Registry, Token};
use mio_util::{Connection, Mode, Next, ReadBuffer, Registration, WriteQueue};

use crate::transport::{Step, Transport};

#[derive(Debug, PartialEq)]
enum Call {
    Register(Interest),
    Reregister(Interest),
    Deregister,
}

/// Records the calls.
#[derive(Default)]
struct Recorded(Vec<Call>);

impl Source for Recorded {
    fn register(&mut self, _: &Registry, token: Token, interests: Interest) -> io::Result<()> {
        assert_eq!(token, Token(7));
        self.0.push(Call::Register(interests));
        Ok(())
    }

    fn reregister(&mut self, _: &Registry, token: Token, interests: Interest) -> io::Result<()> {
        assert_eq!(token, Token(7));
        self.0.push(Call::Reregister(interests));
        Ok(())
    }

    fn deregister(&mut self, _: &Registry) -> io::Result<()> {
        self.0.push(Call::Deregister);
        Ok(())
    }
}

/// Returns the interest of a connection whose transport blocks, with this input and output.
fn next(input: &[u8], output: &[u8]) -> Next {
    let blocked = || vec![Step::WouldBlock; 2];
    let reads = if input.is_empty() {
        blocked()
    } else {
        Vec::new()
    };
    let transport = Transport::new(input, reads, blocked());
    let buffers = (ReadBuffer::new(4), WriteQueue::new(4));
    let mut connection = Connection::with_buffers(transport, buffers.0, buffers.1);
    connection.output_mut().push(output);
    connection.ready(|_| io::Result::Ok(())).unwrap()
}

/// Returns the calls for readable, readable, writable, neither, neither, readable, and the end.
fn calls(mode: Mode) -> Vec<Call> {
    let poll = Poll::new().unwrap();
    let (readable, writable, neither) = (next(b"", b""), next(b"", b"large"), next(b"full", b""));
    assert_eq!(readable.interest(), Some(Interest::READABLE));
    assert_eq!(writable.interest(), Some(Interest::WRITABLE));
    assert_eq!(neither.interest(), None);

    let mut source = Recorded::default();
    let mut registration = Registration::new(Token(7), mode);
    registration.register(poll.registry(), &mut source).unwrap();
    for next in [readable, readable, writable, neither, neither, readable] {
        registration
            .update(poll.registry(), &mut source, &next)
            .unwrap();
    }
    for _ in 0..2 {
        registration
            .deregister(poll.registry(), &mut source)
            .unwrap();
    }
    source.0
}

#[test]
fn edge_registers_once() {
    let both = Interest::READABLE | Interest::WRITABLE;
    assert_eq!(calls(Mode::Edge), [Call::Register(both), Call::Deregister]);
}

#[test]
fn level_follows_each_change_of_interest() {
    let (readable, writable) = (Interest::READABLE.level(), Interest::WRITABLE.level());
    assert_eq!(
        calls(Mode::Level),
        [
            Call::Register(readable),
            Call::Reregister(writable),
            Call::Deregister,
            Call::Register(readable),
            Call::Deregister,
        ]
    );
}

#[test]
fn oneshot_is_armed_again_for_each_interest() {
    let (readable, writable) = (Interest::READABLE.oneshot(), Interest::WRITABLE.oneshot());
    assert_eq!(
        calls(Mode::Oneshot),
        [
            Call::Register(readable),
            Call::Reregister(readable),
            Call::Reregister(readable),
            Call::Reregister(writable),
            Call::Reregister(readable),
            Call::Deregister,
        ]
    );
}
