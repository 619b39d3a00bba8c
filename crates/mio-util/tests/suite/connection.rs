//! One echo server that uses all parts, and peers of every kind.

use std::io::{self, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use mio::event::Source;
use mio::net::TcpListener;
use mio::{Interest, SelectorKind, Token};
use mio_util::{Acceptor, Connection, Exchange, Mode, ReadyList, Registration, Sources, Stream};

use crate::support::{LONG, MODES, any_port, on_each_selector, poll_on, wait};

const LISTENER: Token = Token(0);

struct Client<S> {
    connection: Connection<S>,
    registration: Registration,
    deadline: Option<Instant>,
}

/// Echoes over streams that `open` creates, until `ends` is set and all connections have ended.
/// Returns the errors that have ended connections.
fn serve<S: Stream + Source>(
    kind: SelectorKind,
    mode: Mode,
    mut listener: TcpListener,
    open: impl Fn(mio::net::TcpStream) -> S,
    ends: &AtomicBool,
) -> Vec<io::Error> {
    let (mut poll, mut events) = poll_on(kind);
    let mut acceptor = Acceptor::new();
    let mut clients = Sources::<Client<S>>::new();
    let mut errors = Vec::new();
    let mut ready = ReadyList::new();
    poll.registry()
        .register(&mut listener, LISTENER, Interest::READABLE)
        .unwrap();
    // It runs until each connection has ended, and checks `ends` periodically.
    let deadline = Instant::now() + 2 * LONG;
    while !(ends.load(Ordering::Relaxed) && clients.is_empty() && acceptor.open() > 0) {
        assert!(
            Instant::now() < deadline,
            "{} connections are left",
            clients.len()
        );
        let most = Some(Duration::from_millis(20));
        let timeout = ready.timeout(acceptor.timeout(Instant::now(), most));
        wait(&mut poll, &mut events, timeout);
        for event in &events {
            ready.insert(event.token());
        }
        if acceptor.is_due(Instant::now()) {
            ready.insert(LISTENER);
        }
        ready.visit(|token, ready| {
            if token == LISTENER {
                let accepted = acceptor.accept_all(&listener, 4, Instant::now(), |stream, _| {
                    clients.insert_with(|token| {
                        let mut connection = Connection::new(open(stream), 64 * 1024);
                        connection.set_budget(10_000);
                        let mut registration = Registration::new(token, mode);
                        let stream = connection.stream_mut();
                        registration.register(poll.registry(), stream).unwrap();
                        Client {
                            connection,
                            registration,
                            deadline: None,
                        }
                    });
                });
                assert!(accepted.error.is_none());
                return;
            }
            let Some(client) = clients.get_mut(token) else {
                return;
            };
            match client.connection.ready(echo) {
                Ok(next) if !next.is_finished() => {
                    client.deadline = next.deadline();
                    if next.again() {
                        ready.insert(token);
                    }
                    let stream = client.connection.stream_mut();
                    client
                        .registration
                        .update(poll.registry(), stream, &next)
                        .unwrap();
                }
                result => {
                    errors.extend(result.err());
                    clients.remove(token);
                }
            }
        });
        let now = Instant::now();
        clients.retain(|_, client| client.deadline.is_none_or(|deadline| now < deadline));
    }
    errors
}

/// The message after which the server closes, and waits only briefly for the peer to close too.
const GOODBYE: &[u8] = b"goodbye\n";

fn echo(exchange: &mut Exchange<'_>) -> io::Result<()> {
    exchange.output.push(exchange.input.data());
    if exchange.input.data() == GOODBYE {
        exchange.close(Instant::now() + Duration::from_millis(50));
    }
    exchange.input.clear();
    if exchange.has_ended() && !exchange.output.is_closed() {
        exchange.close(Instant::now() + LONG);
    }
    Ok(())
}

/// Runs `clients` against a server on each selector and in each mode.
fn with_server(clients: impl Fn(SocketAddr) + Sync) {
    with_server_of(|stream| stream, clients, |_| {});
}

/// Like [`with_server`], over streams that `open` creates. `check` receives the errors of each
/// server.
pub(crate) fn with_server_of<S: Stream + Source>(
    open: impl Fn(mio::net::TcpStream) -> S + Sync,
    clients: impl Fn(SocketAddr) + Sync,
    check: impl Fn(&[io::Error]),
) {
    on_each_selector(|kind| {
        for mode in MODES {
            let listener = TcpListener::bind(any_port()).unwrap();
            let address = listener.local_addr().unwrap();
            let ends = AtomicBool::new(false);
            thread::scope(|scope| {
                let server = scope.spawn(|| serve(kind, mode, listener, &open, &ends));
                let result = scope.spawn(|| clients(address)).join();
                // Even when a client has failed, or the test would hang.
                ends.store(true, Ordering::Relaxed);
                let errors = server.join().expect("the server");
                result.expect("the clients");
                check(&errors);
            });
        }
    });
}

pub(crate) fn connect(address: SocketAddr) -> TcpStream {
    let stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(LONG)).unwrap();
    stream.set_write_timeout(Some(LONG)).unwrap();
    stream
}

pub(crate) fn pattern(length: usize) -> Vec<u8> {
    (0..length).map(|index| (index % 251) as u8).collect()
}

/// Sends all data in one thread and reads it in another, and then reads the end.
fn exchange(stream: &TcpStream, data: &[u8]) {
    thread::scope(|scope| {
        scope.spawn(|| {
            (&*stream).write_all(data).unwrap();
            stream.shutdown(Shutdown::Write).unwrap();
        });
        let mut received = Vec::new();
        (&*stream).read_to_end(&mut received).unwrap();
        assert!(received == data, "{} of {}", received.len(), data.len());
    });
}

#[test]
fn many_peers_get_all_their_data_back() {
    with_server(|address| {
        thread::scope(|scope| {
            for _ in 0..8 {
                scope.spawn(|| exchange(&connect(address), &pattern(1_000_000)));
            }
        });
    });
}

#[test]
fn peer_that_reads_late_gets_all_of_it() {
    with_server(|address| {
        let mut stream = connect(address);
        let data = pattern(3_000_000);
        let mut writer = stream.try_clone().unwrap();
        thread::scope(|scope| {
            let sent = scope.spawn(|| {
                writer.write_all(&data).unwrap();
                writer.shutdown(Shutdown::Write).unwrap();
            });
            // Another peer is served while this one does not read.
            exchange(&connect(address), &pattern(100_000));
            let mut received = Vec::new();
            stream.read_to_end(&mut received).unwrap();
            sent.join().unwrap();
            assert!(received == data);
        });
    });
}

#[test]
fn trickle_of_single_bytes_comes_back() {
    with_server(|address| {
        let mut stream = connect(address);
        stream.set_nodelay(true).unwrap();
        for byte in 0..200u8 {
            stream.write_all(&[byte]).unwrap();
            let mut answer = [0];
            stream.read_exact(&mut answer).unwrap();
            assert_eq!(answer, [byte]);
        }
        stream.shutdown(Shutdown::Write).unwrap();
        assert_eq!(stream.read(&mut [0]).unwrap(), 0);
    });
}

#[test]
fn peer_that_resets_ends_its_own_connection_only() {
    with_server(|address| {
        let mut stream = connect(address);
        stream.write_all(&pattern(200_000)).unwrap();
        // Dropped with unread input, so that the OS sends a reset.
        drop(stream);
        exchange(&connect(address), &pattern(10_000));
    });
}

#[test]
fn peer_that_never_reads_is_no_longer_read_from() {
    with_server(|address| {
        let mut stream = connect(address);
        stream
            .set_write_timeout(Some(Duration::from_millis(300)))
            .unwrap();
        let data = pattern(1 << 20);
        let mut sent = 0;
        while let Ok(written) = stream.write(&data) {
            sent += written;
            // The capacity of both sockets' buffers, and far less than would be sent otherwise.
            assert!(sent < 256 << 20, "the server buffers without bound");
        }
        exchange(&connect(address), &pattern(10_000));
    });
}

#[test]
fn peer_that_never_closes_is_dropped_at_the_linger_deadline() {
    // The server ends only when it has dropped all connections.
    let held = Mutex::new(Vec::new());
    with_server(|address| {
        let mut stream = connect(address);
        stream.write_all(GOODBYE).unwrap();
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).unwrap();
        assert_eq!(answer, GOODBYE);
        held.lock().unwrap().push(stream);
    });
}
