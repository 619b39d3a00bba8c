//! A connection makes all the progress that its stream allows, in every mode, and waits only for
//! events that will come.

use std::io;
use std::time::{Duration, Instant};

use mio::Interest;
use mio_util::{Connection, Exchange, Next, ReadBuffer, WriteQueue};
use proptest::prelude::*;

use crate::config;
use crate::transport::{Buffered, Step, Transport, step};

/// Parses frames of a length and that many bytes, and replies to each with its bytes reversed.
fn answer(exchange: &mut Exchange<'_>) {
    while let Some(&length) = exchange.input.data().first() {
        let Some(frame) = exchange.input.data().get(1..1 + usize::from(length)) else {
            break;
        };
        let answer: Vec<u8> = frame.iter().rev().copied().collect();
        exchange.output.push(&answer);
        exchange.input.consume(1 + usize::from(length));
    }
}

fn protocol(exchange: &mut Exchange<'_>) -> io::Result<()> {
    answer(exchange);
    if exchange.has_ended() {
        exchange.close(Instant::now() + Duration::from_secs(3600));
    }
    Ok(())
}

/// Shuts down only its own half when the peer has ended.
fn half_closing(exchange: &mut Exchange<'_>) -> io::Result<()> {
    answer(exchange);
    if exchange.has_ended() {
        exchange.output.close();
    }
    Ok(())
}

/// The events that a stream gets: those that each mode reports.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Reported {
    /// A direction that has returned `WouldBlock`.
    Edge,
    /// A direction that `Next::interest` names, because both are always ready here.
    Level,
}

/// Returns `true` if the connection may be served again within the rules of its mode.
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
        holds in any::<bool>(),
        is_half in any::<bool>(),
    ) {
        let mut data = Vec::new();
        let mut answers = Vec::new();
        for frame in &frames {
            data.push(frame.len() as u8);
            data.extend(frame);
            answers.extend(frame.iter().rev());
        }
        let mut transport = Transport::new(&data, reads, writes);
        transport.holds = holds;
        let protocol = if is_half { half_closing } else { protocol };
        let input = ReadBuffer::new(limit);
        let output = WriteQueue::new(output_limit);
        let mut connection = Connection::with_buffers(transport, input, output);
        connection.set_budget(budget);
        for _ in 0..10_000 {
            let next = connection.ready(protocol).expect("no error in the script");
            // One call of the protocol may push the output over its limit.
            prop_assert!(connection.output().len() <= output_limit + limit);
            let transport = connection.stream();
            if next.is_finished() {
                prop_assert_eq!(&transport.outgoing, &answers);
                prop_assert!(transport.incoming.is_empty());
                prop_assert!(transport.is_shut_down);
                return Ok(());
            }
            prop_assert!(
                next.again()
                    || (connection.output().is_empty() && transport.held.is_empty())
                    || next.interest().is_some_and(Interest::is_writable),
                "nobody will send the rest: {:?} {:?}", next, connection
            );
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
    // There is room now, and no event will come for the input.
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

#[test]
fn half_close_sends_all_and_goes_on_receiving() {
    use crate::transport::Step;
    let steps = vec![Step::WouldBlock, Step::Move(3), Step::WouldBlock];
    let writes = vec![Step::Move(2), Step::WouldBlock];
    let mut connection = Connection::new(Transport::new(b"abcdef", steps, writes), 100);
    connection.output_mut().push(b"request");
    connection.output_mut().close();
    let mut received = Vec::new();
    let mut ready = |connection: &mut Connection<Transport>, consumes| {
        connection
            .ready(|exchange: &mut Exchange<'_>| {
                if consumes {
                    received.extend_from_slice(exchange.input.data());
                    exchange.input.clear();
                }
                io::Result::Ok(())
            })
            .unwrap()
    };
    let next = ready(&mut connection, true);
    assert_eq!(
        next.interest(),
        Some(Interest::READABLE | Interest::WRITABLE)
    );
    assert!(!connection.stream().is_shut_down, "5 bytes are left");
    let next = ready(&mut connection, true);
    assert_eq!(next.interest(), Some(Interest::READABLE));
    assert!(connection.stream().is_shut_down);
    assert_eq!(connection.stream().outgoing, b"request");
    assert!(!next.is_finished(), "the peer goes on");
    // The peer has ended, but its last bytes are not consumed.
    let next = ready(&mut connection, false);
    assert!(!next.is_finished());
    assert!(ready(&mut connection, true).is_finished());
    assert_eq!(received, b"abcdef");
}

#[test]
fn input_before_an_error_reaches_the_protocol() {
    use crate::transport::Step;
    let steps = vec![Step::Move(4), Step::Error];
    let mut connection = Connection::new(Transport::new(b"last words", steps, Vec::new()), 100);
    let mut received = Vec::new();
    let err = connection
        .ready(|exchange: &mut Exchange<'_>| {
            received.extend_from_slice(exchange.input.data());
            exchange.input.clear();
            io::Result::Ok(())
        })
        .unwrap_err();
    assert_eq!(err.kind(), io::ErrorKind::ConnectionReset);
    assert_eq!(received, b"last");
}

fn discard(exchange: &mut Exchange<'_>) -> io::Result<()> {
    exchange.input.clear();
    Ok(())
}

#[test]
fn output_over_its_limit_stops_protocol_and_reading() {
    use crate::transport::Step;
    let reads = vec![Step::Move(10), Step::WouldBlock];
    let blocked = Step::WouldBlock;
    let writes = vec![blocked, blocked, Step::Move(35), blocked];
    let mut connection = Connection::with_buffers(
        Transport::new(&[7; 50], reads, writes),
        ReadBuffer::new(100),
        WriteQueue::with_low_water(30, 10),
    );
    let mut calls = 0;
    let mut ready = |connection: &mut Connection<Transport>| {
        connection
            .ready(|exchange: &mut Exchange<'_>| {
                calls += 1;
                exchange.output.push(&[1; 40]);
                discard(exchange)
            })
            .unwrap()
    };
    for _ in 0..2 {
        assert_eq!(ready(&mut connection).interest(), Some(Interest::WRITABLE));
        assert_eq!(connection.output().len(), 40, "pushed once");
        assert_eq!(connection.stream().incoming.len(), 40, "read once");
    }
    let _next = ready(&mut connection);
    assert!(connection.stream().incoming.is_empty());
    assert!(calls >= 2);
}

#[test]
fn full_input_is_not_waited_for() {
    let transport = Transport::new(&[7; 50], Vec::new(), Vec::new());
    let mut connection = Connection::new(transport, 10);
    let next = connection
        .ready(|_: &mut Exchange<'_>| io::Result::Ok(()))
        .unwrap();
    assert!(connection.input().is_full());
    assert_eq!((next.interest(), next.again()), (None, false));
    let _next = connection.ready(discard).unwrap();
    assert!(connection.stream().incoming.is_empty());
}

#[test]
fn end_after_a_full_input_reaches_the_protocol() {
    let transport = Transport::new(b"data", Vec::new(), Vec::new());
    let mut connection = Connection::new(transport, 4);
    let mut has_ended = false;
    let _next = connection
        .ready(|exchange: &mut Exchange<'_>| {
            has_ended = exchange.has_ended();
            discard(exchange)
        })
        .unwrap();
    assert!(has_ended);
}

#[test]
fn budget_bounds_what_one_call_reads_writes_and_discards() {
    use crate::transport::Step;
    let transport = Transport::new(&[7; 1000], Vec::new(), Vec::new());
    let mut connection = Connection::new(transport, 30);
    connection.set_budget(100);
    assert!(connection.ready(discard).unwrap().again());
    assert_eq!(connection.stream().incoming.len(), 900);

    connection.close_after_flush(Instant::now());
    assert!(connection.ready(discard).unwrap().again());
    assert_eq!(connection.stream().incoming.len(), 800);

    let reads = vec![Step::WouldBlock; 2];
    let transport = Transport::new(&[], reads, vec![Step::Move(10); 100]);
    let mut connection = Connection::new(transport, 2000);
    connection.set_budget(50);
    connection.output_mut().push(&[7; 1000]);
    assert!(connection.ready(discard).unwrap().again());
    assert_eq!(connection.stream().outgoing.len(), 50);
}

#[test]
fn budget_of_nothing_still_makes_progress() {
    let mut connection = Connection::new(Transport::new(b"ab", Vec::new(), Vec::new()), 30);
    connection.set_budget(0);
    assert!(connection.ready(discard).unwrap().again());
    assert_eq!(connection.stream().incoming, b"b");
}

/// A peer whose reset has arrived: input is left, and nothing can be shut down.
struct Gone(&'static [u8]);

impl io::Read for Gone {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.0.read(buffer)
    }
}

impl io::Write for Gone {
    fn write(&mut self, _: &[u8]) -> io::Result<usize> {
        Err(io::ErrorKind::BrokenPipe.into())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl mio_util::Stream for Gone {
    fn shutdown_write(&mut self) -> io::Result<()> {
        Err(io::ErrorKind::NotConnected.into())
    }
}

#[test]
fn half_close_to_a_peer_that_has_gone_still_receives() {
    let mut connection = Connection::new(Gone(b"data"), 100);
    connection.output_mut().close();
    let mut received = Vec::new();
    let next = connection
        .ready(|exchange: &mut Exchange<'_>| {
            received.extend_from_slice(exchange.input.data());
            discard(exchange)
        })
        .unwrap();
    assert!(next.is_finished());
    assert_eq!(received, b"data");
}
