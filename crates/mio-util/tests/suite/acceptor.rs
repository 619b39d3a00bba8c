//! The rules of accepting.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::io::{self, ErrorKind};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use mio::net::TcpListener;
use mio::{Interest, Token};
use mio_util::{Accept, Acceptor};

use crate::support::{any_port, on_each_selector, poll_on, wait};

/// Returns the results of a script, and `WouldBlock` after it.
struct Scripted(RefCell<VecDeque<Result<u32, io::Error>>>);

impl Accept for Scripted {
    type Stream = u32;
    type Address = ();

    fn accept(&self) -> io::Result<(u32, ())> {
        match self.0.borrow_mut().pop_front() {
            None => Err(ErrorKind::WouldBlock.into()),
            Some(result) => result.map(|stream| (stream, ())),
        }
    }
}

fn scripted(script: impl IntoIterator<Item = Result<u32, io::Error>>) -> Scripted {
    Scripted(RefCell::new(script.into_iter().collect()))
}

#[test]
fn errors_of_single_connections_are_passed_by() {
    let listener = scripted([
        Err(ErrorKind::ConnectionAborted.into()),
        Ok(1),
        Err(ErrorKind::Interrupted.into()),
        Err(ErrorKind::NetworkUnreachable.into()),
        #[cfg(unix)]
        Err(io::Error::from_raw_os_error(libc::EPROTO)),
        Ok(2),
    ]);
    let mut acceptor = Acceptor::new();
    let mut streams = Vec::new();
    let now = Instant::now();
    let accepted = acceptor.accept_all(&listener, 100, now, |stream, ()| streams.push(stream));
    assert_eq!(streams, [1, 2]);
    assert_eq!(accepted.count, 2);
    assert!(accepted.error.is_none());
    assert!(!acceptor.is_due(now), "it would block");
}

#[test]
fn budget_that_ends_leaves_the_rest_due() {
    let listener = scripted((0..5).map(Ok));
    let mut acceptor = Acceptor::new();
    let now = Instant::now();
    let first = acceptor.accept_all(&listener, 3, now, |_, ()| {});
    assert_eq!((first.count, acceptor.is_due(now)), (3, true));
    assert_eq!(acceptor.timeout(now, None), Some(Duration::ZERO));
    let second = acceptor.accept_all(&listener, 3, now, |_, ()| {});
    assert_eq!((second.count, acceptor.is_due(now)), (2, false));
    assert_eq!(acceptor.timeout(now, None), None);
}

#[test]
fn lasting_error_pauses_and_goes_on_by_itself() {
    let listener = scripted([Ok(1), Err(ErrorKind::OutOfMemory.into()), Ok(2)]);
    let mut acceptor = Acceptor::new();
    let now = Instant::now();
    let first = acceptor.accept_all(&listener, 10, now, |_, ()| {});
    assert_eq!(first.count, 1);
    assert_eq!(
        first.error.map(|err| err.kind()),
        Some(ErrorKind::OutOfMemory)
    );
    let until = now + Acceptor::PAUSE;
    assert_eq!(acceptor.next_deadline(), Some(until));
    assert_eq!(acceptor.timeout(now, None), Some(Acceptor::PAUSE));
    // An event during the pause does nothing.
    let paused = acceptor.accept_all(&listener, 10, now, |_, ()| {});
    assert_eq!((paused.count, acceptor.is_due(now)), (0, false));
    assert!(acceptor.is_due(until));
    let second = acceptor.accept_all(&listener, 10, until, |_, ()| {});
    assert_eq!((second.count, acceptor.next_deadline()), (1, None));
}

#[test]
fn passing_errors_without_end_pause_too() {
    let aborted = || Err(ErrorKind::ConnectionAborted.into());
    let listener = scripted((0..10).map(|_| aborted()));
    let mut acceptor = Acceptor::new();
    let now = Instant::now();
    let accepted = acceptor.accept_all(&listener, 5, now, |_, ()| {});
    assert!(accepted.error.is_some());
    assert!(!acceptor.is_due(now));
}

#[test]
fn limit_holds_until_a_connection_is_closed() {
    let listener = scripted((0..5).map(Ok));
    let mut acceptor = Acceptor::new();
    acceptor.set_limit(2);
    let now = Instant::now();
    assert_eq!(acceptor.accept_all(&listener, 10, now, |_, ()| {}).count, 2);
    assert!(!acceptor.is_due(now));
    assert_eq!(acceptor.timeout(now, None), None);
    acceptor.closed();
    assert!(acceptor.is_due(now));
    assert_eq!(acceptor.accept_all(&listener, 10, now, |_, ()| {}).count, 1);
}

/// Nothing could be done at the end of the pause, so no poll ends for it.
#[test]
fn pause_over_the_limit_has_no_deadline() {
    let listener = scripted([Ok(1), Err(ErrorKind::OutOfMemory.into())]);
    let mut acceptor = Acceptor::new();
    let now = Instant::now();
    let _ = acceptor.accept_all(&listener, 10, now, |_, ()| {});
    acceptor.set_limit(1);
    assert_eq!(acceptor.timeout(now, None), None);
    acceptor.closed();
    assert_eq!(acceptor.timeout(now, None), Some(Acceptor::PAUSE));
}

#[cfg(unix)]
#[test]
fn reserve_refuses_those_that_no_descriptor_is_left_for() {
    let emfile = || Err(io::Error::from_raw_os_error(libc::EMFILE));
    // After each `EMFILE` comes the result of accepting with the reserve closed.
    let listener = scripted([emfile(), Ok(1), emfile(), Ok(2), Ok(3)]);
    let mut acceptor = Acceptor::new();
    acceptor.keep_reserve().unwrap();
    let mut streams = Vec::new();
    let now = Instant::now();
    let accepted = acceptor.accept_all(&listener, 10, now, |stream, ()| streams.push(stream));
    assert_eq!((accepted.refused, accepted.count), (2, 1));
    assert_eq!(streams, [3]);
    assert_eq!(acceptor.refused(), 2);
    // Without a reserve it pauses.
    let listener = scripted([emfile(), Ok(1)]);
    let accepted = Acceptor::new().accept_all(&listener, 10, now, |_, ()| {});
    assert_eq!((accepted.count, accepted.error.is_some()), (0, true));
}

/// When the reserve is closed, the waiting peer is gone, or another thread was faster.
#[cfg(unix)]
#[test]
fn reserve_that_did_not_help_pauses_and_serves_again() {
    let emfile = || Err(io::Error::from_raw_os_error(libc::EMFILE));
    let listener = scripted([emfile(), emfile(), emfile(), Ok(1), Ok(2)]);
    let mut acceptor = Acceptor::new();
    acceptor.keep_reserve().unwrap();
    acceptor.set_pause(Duration::MAX);
    let now = Instant::now();
    let accepted = acceptor.accept_all(&listener, 10, now, |_, ()| {});
    assert_eq!((accepted.count, accepted.refused), (0, 0));
    assert!(accepted.error.is_some());
    let until = acceptor.next_deadline().expect("a pause that ends");
    let accepted = acceptor.accept_all(&listener, 10, until, |_, ()| {});
    assert_eq!((accepted.count, accepted.refused), (1, 1));
}

#[test]
fn waiting_connections_are_accepted_over_several_budgets() {
    on_each_selector(|kind| {
        let (mut poll, mut events) = poll_on(kind);
        let mut listener = TcpListener::bind(any_port()).unwrap();
        let address = listener.local_addr().unwrap();
        let registry = poll.registry();
        registry
            .register(&mut listener, Token(0), Interest::READABLE)
            .unwrap();
        let clients: Vec<_> = (0..20)
            .map(|_| TcpStream::connect(address).unwrap())
            .collect();
        let mut acceptor = Acceptor::new();
        let mut streams = Vec::new();
        while streams.len() < clients.len() {
            wait(
                &mut poll,
                &mut events,
                acceptor.timeout(Instant::now(), None),
            );
            let accepted = acceptor.accept_all(&listener, 3, Instant::now(), |stream, peer| {
                streams.push((stream, peer));
            });
            assert!(accepted.count <= 3);
        }
    });
}

#[cfg(feature = "os-ext")]
mod in_an_io_source {
    use std::io::{ErrorKind, Read, Write};
    use std::time::Instant;

    use mio::event::Source;
    use mio::{Interest, IoSource, SelectorKind, Token};
    use mio_util::{Accept, Acceptor};

    use crate::support::{on_each_selector, poll_on, wait};

    /// Accepts in two rounds. The second one needs an event. A selector that re-arms reports it
    /// only if the `WouldBlock` at the end of the first has re-armed it.
    fn accepted_in_rounds<L, C>(kind: SelectorKind, listener: L, connect: impl Fn(&L) -> C)
    where
        L: Accept,
        L::Stream: Read,
        C: Write,
        IoSource<L>: Source,
    {
        let (mut poll, mut events) = poll_on(kind);
        let mut listener = IoSource::new(listener);
        poll.registry()
            .register(&mut listener, Token(5), Interest::READABLE)
            .unwrap();
        let mut acceptor = Acceptor::new();
        let mut streams = Vec::new();
        let mut clients = Vec::new();
        for round in 1..=3 {
            clients.extend((0..4).map(|_| connect(&listener)));
            while streams.len() < 4 * round {
                let now = Instant::now();
                wait(&mut poll, &mut events, acceptor.timeout(now, None));
                let accepted = acceptor.accept_all(&listener, 3, now, |stream, _| {
                    streams.push(stream);
                });
                assert!(accepted.error.is_none(), "{accepted:?}");
            }
            // Drains the listener, so that the next round has to be reported.
            while acceptor.is_due(Instant::now()) {
                let now = Instant::now();
                let rest = acceptor.accept_all(&listener, 3, now, |_, _| panic!("no one is left"));
                assert!(rest.error.is_none(), "{rest:?}");
            }
        }
        for stream in &mut streams {
            let err = stream.read(&mut [0]).unwrap_err();
            assert_eq!(err.kind(), ErrorKind::WouldBlock, "non-blocking mode");
        }
        drop(clients);
    }

    #[test]
    fn listener_of_std_in_an_io_source_is_accepted_from() {
        on_each_selector(|kind| {
            let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
            listener.set_nonblocking(true).unwrap();
            accepted_in_rounds(kind, listener, |listener| {
                std::net::TcpStream::connect(listener.local_addr().unwrap()).unwrap()
            });
        });
    }

    #[cfg(unix)]
    #[test]
    fn unix_listener_of_std_in_an_io_source_is_accepted_from() {
        use std::os::unix::net::{UnixListener, UnixStream};

        on_each_selector(|kind| {
            let folder = tempfile::tempdir().unwrap();
            let path = folder.path().join("socket");
            let listener = UnixListener::bind(&path).unwrap();
            listener.set_nonblocking(true).unwrap();
            accepted_in_rounds(kind, listener, |_| UnixStream::connect(&path).unwrap());
        });
    }
}
