//! Connecting over loopback.

use std::io::{ErrorKind, Write};
use std::net::{SocketAddr, TcpListener};
use std::time::{Duration, Instant};

use mio::net::TcpStream;
use mio::{SelectorKind, Token};
use mio_util::{ConnectError, Connecting, Connector, Registration};

use crate::support::{any_port, on_each_selector, poll_on, wait};

/// Runs a connector to its end.
fn run(
    kind: SelectorKind,
    mut connector: Connector,
) -> Result<(TcpStream, SocketAddr), ConnectError> {
    let (mut poll, mut events) = poll_on(kind);
    loop {
        let now = Instant::now();
        match connector.advance(poll.registry(), now) {
            Connecting::Connected(stream, address) => return Ok((stream, address)),
            Connecting::Failed(err) => return Err(err),
            Connecting::Pending => {}
        }
        let timeout = connector
            .next_deadline()
            .map(|deadline| deadline.saturating_duration_since(now));
        wait(&mut poll, &mut events, timeout);
    }
}

/// Returns an address that refuses connections.
fn refusing() -> SocketAddr {
    let listener = TcpListener::bind(any_port()).unwrap();
    listener.local_addr().unwrap()
}

#[test]
fn first_address_that_answers_wins() {
    on_each_selector(|kind| {
        let listener = TcpListener::bind(any_port()).unwrap();
        let address = listener.local_addr().unwrap();
        let connector = Connector::new([refusing(), refusing(), address], Token(1));
        let (stream, connected) = run(kind, connector).unwrap();
        assert_eq!(connected, address);
        assert_eq!(stream.peer_addr().unwrap(), address);
        listener.accept().unwrap();
    });
}

#[test]
fn connected_stream_is_registered_and_can_be_deregistered() {
    on_each_selector(|kind| {
        let (mut poll, mut events) = poll_on(kind);
        let listener = TcpListener::bind(any_port()).unwrap();
        let address = listener.local_addr().unwrap();
        let mut connector = Connector::new([address], Token(1));
        let mut stream = loop {
            match connector.advance(poll.registry(), Instant::now()) {
                Connecting::Connected(stream, _) => break stream,
                Connecting::Failed(err) => panic!("{err}"),
                Connecting::Pending => wait(&mut poll, &mut events, None),
            }
        };
        let mut registration = Registration::of_registered(Token(1));
        registration
            .deregister(poll.registry(), &mut stream)
            .unwrap();
        registration.register(poll.registry(), &mut stream).unwrap();
        let (mut peer, _) = listener.accept().unwrap();
        peer.write_all(b"hello").unwrap();
        while !events.iter().any(|event| event.is_readable()) {
            wait(&mut poll, &mut events, None);
        }
    });
}

#[test]
fn all_refused_tells_each_error() {
    on_each_selector(|kind| {
        let addresses = [refusing(), refusing()];
        let err = run(kind, Connector::new(addresses, Token(1))).unwrap_err();
        let failed: Vec<_> = err.errors().iter().map(|(address, _)| *address).collect();
        assert_eq!(failed, addresses);
        assert!(err.to_string().contains(&addresses[0].to_string()), "{err}");
        let err = std::io::Error::from(err);
        assert_eq!(err.kind(), ErrorKind::ConnectionRefused);
    });
}

#[test]
fn no_address_is_an_error() {
    on_each_selector(|kind| {
        let err = run(kind, Connector::new([], Token(1))).unwrap_err();
        assert_eq!(err.to_string(), "no address to connect to");
    });
}

/// Returns a listener whose backlog is full, so that the OS leaves further peers waiting.
#[cfg(unix)]
fn silent() -> (socket2::Socket, SocketAddr, Vec<TcpStream>) {
    let socket = socket2::Socket::new(socket2::Domain::IPV4, socket2::Type::STREAM, None).unwrap();
    socket.bind(&any_port().into()).unwrap();
    socket.listen(0).unwrap();
    let address = socket.local_addr().unwrap().as_socket().unwrap();
    let fillers = (0..8).map(|_| TcpStream::connect(address).unwrap());
    let fillers = fillers.collect();
    (socket, address, fillers)
}

/// The test sets the time, so nothing waits.
#[cfg(unix)]
#[test]
fn attempts_start_by_the_delay_and_end_at_the_deadline() {
    on_each_selector(|kind| {
        let (poll, _events) = poll_on(kind);
        let registry = poll.registry();
        let second = Duration::from_secs(1);
        let (first, second_listener) = (silent(), silent());
        let mut connector = Connector::new([first.1, second_listener.1], Token(1))
            .attempt_delay(second)
            .attempt_timeout(3 * second)
            .timeout(10 * second);
        let begin = Instant::now();
        let advance = |connector: &mut Connector, seconds| {
            connector.advance(registry, begin + seconds * second)
        };
        assert!(matches!(advance(&mut connector, 0), Connecting::Pending));
        assert_eq!(connector.next_deadline(), Some(begin + second));
        assert!(matches!(advance(&mut connector, 1), Connecting::Pending));
        // The first attempt may take until 3, the second one until 4.
        assert_eq!(connector.next_deadline(), Some(begin + 3 * second));
        assert!(matches!(advance(&mut connector, 3), Connecting::Pending));
        assert_eq!(connector.next_deadline(), Some(begin + 4 * second));
        let Connecting::Failed(err) = advance(&mut connector, 4) else {
            panic!("it goes on after all have failed");
        };
        let kinds: Vec<_> = err.errors().iter().map(|(_, err)| err.kind()).collect();
        assert_eq!(kinds, [ErrorKind::TimedOut; 2]);
    });
}

#[cfg(unix)]
#[test]
fn timeout_of_all_ends_what_is_under_way() {
    on_each_selector(|kind| {
        let (poll, _events) = poll_on(kind);
        let (_socket, address, _fillers) = silent();
        let timeout = Duration::from_secs(2);
        let mut connector = Connector::new([address], Token(1)).timeout(timeout);
        let begin = Instant::now();
        assert!(matches!(
            connector.advance(poll.registry(), begin),
            Connecting::Pending
        ));
        assert_eq!(connector.next_deadline(), Some(begin + timeout));
        let Connecting::Failed(err) = connector.advance(poll.registry(), begin + timeout) else {
            panic!("it goes on after its deadline");
        };
        assert_eq!(err.errors()[0].1.kind(), ErrorKind::TimedOut);
    });
}

#[cfg(unix)]
#[test]
fn second_address_wins_while_the_first_is_silent() {
    on_each_selector(|kind| {
        let (_socket, silent, _fillers) = silent();
        let listener = TcpListener::bind(any_port()).unwrap();
        let address = listener.local_addr().unwrap();
        let connector =
            Connector::new([silent, address], Token(1)).attempt_delay(Duration::from_millis(1));
        let (_stream, connected) = run(kind, connector).unwrap();
        assert_eq!(connected, address);
    });
}

/// With an infinite delay the addresses are tried one after the other, within the time for all.
#[cfg(unix)]
#[test]
fn endless_delay_keeps_the_deadline_and_the_order() {
    on_each_selector(|kind| {
        let (poll, _events) = poll_on(kind);
        let (first, second_listener) = (silent(), silent());
        let second = Duration::from_secs(1);
        let mut connector = Connector::new([first.1, second_listener.1], Token(1))
            .attempt_delay(Duration::MAX)
            .timeout(3 * second);
        let begin = Instant::now();
        for passed in 0..3 {
            let state = connector.advance(poll.registry(), begin + passed * second);
            assert!(matches!(state, Connecting::Pending));
            assert_eq!(connector.next_deadline(), Some(begin + 3 * second));
        }
        let Connecting::Failed(err) = connector.advance(poll.registry(), begin + 3 * second) else {
            panic!("it goes on after its deadline");
        };
        let failed: Vec<_> = err.errors().iter().map(|(address, _)| *address).collect();
        assert_eq!(failed, [first.1, second_listener.1]);
        let timed_out = |(_, err): &(_, std::io::Error)| err.kind() == ErrorKind::TimedOut;
        assert!(err.errors().iter().all(timed_out));
        assert_eq!(connector.next_deadline(), None, "it has ended");
        let state = connector.advance(poll.registry(), begin + 4 * second);
        assert!(matches!(state, Connecting::Failed(err) if err.errors().is_empty()));
    });
}

#[cfg(unix)]
#[test]
fn failed_attempt_starts_the_next_and_the_winner_ends_all() {
    on_each_selector(|kind| {
        let (mut poll, mut events) = poll_on(kind);
        let (_socket, silent, _fillers) = silent();
        let listener = TcpListener::bind(any_port()).unwrap();
        let address = listener.local_addr().unwrap();
        let second = Duration::from_secs(1);
        let mut connector = Connector::new([silent, refusing(), address], Token(1))
            .attempt_delay(second)
            .timeout(60 * second);
        // The clock stops when the second attempt begins, so only its failure can start the third.
        let begin = Instant::now();
        let state = connector.advance(poll.registry(), begin);
        assert!(matches!(state, Connecting::Pending));
        let connected = loop {
            match connector.advance(poll.registry(), begin + second) {
                Connecting::Connected(_, address) => break address,
                Connecting::Failed(err) => panic!("{err}"),
                Connecting::Pending => wait(&mut poll, &mut events, None),
            }
        };
        assert_eq!(connected, address);
        assert_eq!(connector.next_deadline(), None);
        let state = connector.advance(poll.registry(), begin + second);
        assert!(matches!(state, Connecting::Failed(err) if err.errors().is_empty()));
    });
}
