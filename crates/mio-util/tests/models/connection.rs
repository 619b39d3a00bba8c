//! A connection makes all the progress that its stream allows, in every mode, and waits only for
//! what will come.

use std::io;
use std::time::{Duration, Instant};

use mio::Interest;
use mio_util::{Connection, Exchange, Next, ReadBuffer, WriteQueue};
use proptest::prelude::*;

use crate::config;
use crate::transport::{Buffered, Step, Transport, step};

/// Frames of a length and so many bytes; answers each with its bytes reversed.
fn protocol(exchange: &mut Exchange<'_>) -> io::Result<()> {
    while let Some(&length) = exchange.input.data().first() {
        let Some(frame) = exchange.input.data().get(1..1 + usize::from(length)) else {
            break;
        };
        let answer: Vec<u8> = frame.iter().rev().copied().collect();
        exchange.output.push(&answer);
        exchange.input.consume(1 + usize::from(length));
    }
    if exchange.has_ended() {
        exchange.close(Instant::now() + Duration::from_secs(3600));
    }
    Ok(())
}

/// Which events a stream gets: what each mode of registration reports.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Reported {
    /// A direction after it has returned `WouldBlock`.
    Edge,
    /// A direction that `Next::interest` names, as both are ready all the time here.
    Level,
}

/// `true` if the connection may be served again without breaking the rules of its mode.
fn is_reported(reported: Reported, next: &Next, transport: &Transport) -> bool {
    match reported {
        Reported::Edge => transport.read_blocked || transport.write_blocked,
        Reported::Level => next.interest().is_some(),
    }
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn all_frames_are_answered_and_both_ends_close(
        frames in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..30), 0..40),
        reads in prop::collection::vec(step(), 0..120),
        writes in prop::collection::vec(step(), 0..120),
        limit in 31..80usize,
        output_limit in 0..60usize,
        budget in 1..200usize,
        reported in prop_oneof![Just(Reported::Edge), Just(Reported::Level)],
    ) {
        let mut data = Vec::new();
        let mut answers = Vec::new();
        for frame in &frames {
            data.push(frame.len() as u8);
            data.extend(frame);
            answers.extend(frame.iter().rev());
        }
        let transport = Transport::new(&data, reads, writes);
        let input = ReadBuffer::new(limit);
        let output = WriteQueue::new(output_limit);
        let mut connection = Connection::with_buffers(transport, input, output);
        connection.set_budget(budget);
        for _ in 0..10_000 {
            let next = connection.ready(protocol).expect("no error in the script");
            // The output may be over its limit by what one call of the protocol pushes.
            prop_assert!(connection.output().len() <= output_limit + limit);
            let transport = connection.stream();
            if next.is_finished() {
                prop_assert_eq!(&transport.outgoing, &answers);
                prop_assert!(transport.incoming.is_empty());
                prop_assert!(transport.is_shut_down);
                return Ok(());
            }
            prop_assert!(
                next.again() || is_reported(reported, &next, transport),
                "nothing will happen any more: {:?} {:?}", next, connection
            );
        }
        prop_assert!(false, "it never ends: {:?}", connection);
    }

    #[test]
    fn stream_that_buffers_is_flushed(
        frames in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..30), 0..40),
        reads in prop::collection::vec(step(), 0..120),
        writes in prop::collection::vec(step(), 0..120),
        stream_limit in 1..100usize,
        output_limit in 0..60usize,
        budget in 1..200usize,
    ) {
        let mut data = Vec::new();
        let mut answers = Vec::new();
        for frame in &frames {
            data.push(frame.len() as u8);
            data.extend(frame);
            answers.extend(frame.iter().rev());
        }
        let stream = Buffered::new(Transport::new(&data, reads, writes), stream_limit);
        let output = WriteQueue::new(output_limit);
        let mut connection = Connection::with_buffers(stream, ReadBuffer::new(64), output);
        connection.set_budget(budget);
        for _ in 0..10_000 {
            connection.stream_mut().is_blocked = false;
            let next = connection.ready(protocol).expect("no error in the script");
            let stream = connection.stream();
            if next.is_finished() {
                prop_assert!(stream.buffer.is_empty());
                prop_assert_eq!(&stream.inner.outgoing, &answers);
                prop_assert!(stream.inner.is_shut_down);
                return Ok(());
            }
            prop_assert!(next.again() || stream.is_blocked, "no event will come: {:?}", connection);
            let writes = next.interest().is_some_and(Interest::is_writable);
            prop_assert!(
                next.again() || writes || stream.buffer.is_empty(),
                "nobody waits to send the rest: {:?} {:?}", next, connection
            );
        }
        prop_assert!(false, "it never ends: {:?}", connection);
    }
}

#[test]
fn bytes_that_the_stream_buffers_are_waited_for() {
    let reads = vec![Step::Move(4), Step::WouldBlock];
    let transport = Transport::new(&[3, 1, 2, 3], reads, vec![Step::Move(1), Step::WouldBlock]);
    let mut connection = Connection::new(Buffered::new(transport, 100), 100);
    let next = connection.ready(protocol).unwrap();
    assert!(connection.output().is_empty(), "the stream has taken all");
    assert_eq!(
        next.interest(),
        Some(Interest::READABLE | Interest::WRITABLE)
    );
    let _ = connection.ready(protocol).unwrap();
    assert_eq!(connection.stream().inner.outgoing, [3, 2, 1]);
}

#[test]
fn reading_pauses_while_the_output_is_over_its_limit() {
    let frame: Vec<u8> = std::iter::once(20).chain(0..20).collect();
    let data = frame.repeat(50);
    let blocked = vec![Step::WouldBlock; 1];
    let transport = Transport::new(&data, Vec::new(), blocked);
    let mut connection =
        Connection::with_buffers(transport, ReadBuffer::new(21), WriteQueue::new(30));
    let next = connection.ready(protocol).unwrap();
    assert_eq!(next.interest(), Some(Interest::WRITABLE));
    assert!(connection.output().is_over_limit());
    assert!(
        connection.stream().incoming.len() > 21 * 40,
        "it goes on reading"
    );
    // There is room now, and nobody will say that there is input.
    while !connection.ready(protocol).unwrap().is_finished() {}
    assert_eq!(connection.stream().outgoing.len(), 50 * 20);
}

#[test]
fn peer_that_never_ends_leaves_the_linger_deadline() {
    let transport = Transport::new(b"xyz", vec![Step::Move(3), Step::WouldBlock], Vec::new());
    let mut connection = Connection::new(transport, 100);
    let deadline = Instant::now() + Duration::from_secs(1);
    let next = connection
        .ready(|exchange: &mut Exchange<'_>| {
            exchange.output.push(b"bye");
            exchange.close(deadline);
            io::Result::Ok(())
        })
        .unwrap();
    assert!(!next.is_finished());
    assert_eq!(next.deadline(), Some(deadline));
    assert_eq!(next.interest(), Some(Interest::READABLE));
    assert_eq!(connection.stream().outgoing, b"bye");
    assert!(connection.stream().is_shut_down);
}

#[test]
fn error_while_closing_is_the_end() {
    let transport = Transport::new(b"", vec![Step::Error], Vec::new());
    let mut connection = Connection::new(transport, 100);
    connection.close_after_flush(Instant::now());
    let next = connection
        .ready(|_: &mut Exchange<'_>| io::Result::Ok(()))
        .unwrap();
    assert!(next.is_finished());
}
