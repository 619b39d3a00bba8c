//! No event after `deregister`: in every mode, and even if descriptors are reused at once.

use std::io::Write;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use mio::net::UdpSocket;
use mio::{Interest, Registry, SelectorKind, Token, Waker};

use crate::support::{BOTH, LONG, SetAtEnd, Watch, any_port, connected, has_arrived, pair};

per_selector! {
    a_ready_source_is_silent_after_deregister_in_every_mode,
    a_dropped_source_is_silent_in_every_mode,
    a_new_source_with_the_number_of_an_old_one_is_itself,
    a_deregistered_and_registered_source_has_its_new_token_alone,
    threads_that_come_and_go_leave_no_event_behind,
}

const MODES: [Interest; 3] = [BOTH, BOTH.level(), BOTH.oneshot()];

fn a_ready_source_is_silent_after_deregister_in_every_mode(kind: SelectorKind) {
    for interest in MODES {
        let mut watch = Watch::new(kind);
        let (mut stream, mut peer) = connected();
        peer.write_all(b"hello").unwrap();
        has_arrived(&stream);
        watch.register(&mut stream, 1, interest);
        watch.deregister(&mut stream);
        watch.expect_silence();

        watch.register(&mut stream, 2, interest);
        watch.wait_readable(2);
        watch.deregister(&mut stream);
        watch.expect_silence();
    }
}

fn a_dropped_source_is_silent_in_every_mode(kind: SelectorKind) {
    for interest in MODES {
        let mut watch = Watch::new(kind);
        let (mut stream, mut peer) = connected();
        peer.write_all(b"hello").unwrap();
        has_arrived(&stream);
        watch.register(&mut stream, 1, interest);
        watch.wait_readable(1);
        drop(stream);
        watch.expect_silence();
    }
}

fn a_new_source_with_the_number_of_an_old_one_is_itself(kind: SelectorKind) {
    for interest in MODES {
        let mut watch = Watch::new(kind);
        for token in 1..50 {
            let (mut one, mut two) = pair();
            watch.register(&mut one, token, interest);
            two.write_all(b"hello").unwrap();
            if token % 3 == 0 {
                // Writability may have fired the oneshot before the data arrived.
                watch.wait(token, |_| true);
            }
            if token % 2 == 0 {
                watch.deregister(&mut one);
            }
            drop((one, two));
            watch.poll(Duration::ZERO);
            assert!(watch.events.is_empty(), "{:?}", watch.events);
        }
    }
}

fn a_deregistered_and_registered_source_has_its_new_token_alone(kind: SelectorKind) {
    for interest in MODES {
        let mut watch = Watch::new(kind);
        let (mut stream, mut peer) = connected();
        peer.write_all(b"hello").unwrap();
        has_arrived(&stream);
        for token in 1..20 {
            watch.register(&mut stream, token, interest);
            watch.wait_readable(token);
            assert!(
                watch
                    .events
                    .iter()
                    .all(|event| event.token() == Token(token))
            );
            watch.deregister(&mut stream);
        }
    }
}

/// Threads create sources, register them with another thread's poll, use them, and deregister or
/// drop them, again and again. So descriptors move between the threads. The token of each
/// registration is unique.
///
/// A thread stores its progress in `over` *after* a `deregister` has returned. A poll that begins
/// later must not report an earlier token.
fn threads_that_come_and_go_leave_no_event_behind(kind: SelectorKind) {
    const THREADS: usize = 3;
    const TIME: Duration = Duration::from_millis(400);
    let mut watch = Watch::new(kind);
    let waker = Waker::new(watch.poll.registry(), Token(usize::MAX)).unwrap();
    let over = [const { AtomicUsize::new(0) }; THREADS];
    let done = AtomicBool::new(false);
    thread::scope(|scope| {
        for (thread, over) in over.iter().enumerate() {
            let registry = watch.poll.registry().try_clone().unwrap();
            let (done, waker) = (&done, &waker);
            scope.spawn(move || {
                let mut round = 0;
                while !done.load(Ordering::Relaxed) {
                    let mut socket = UdpSocket::bind(any_port()).unwrap();
                    let address = socket.local_addr().unwrap();
                    socket.send_to(b"hello", address).unwrap();
                    // The same socket twice, and then another one with its descriptor.
                    for _ in 0..2 {
                        round += 1;
                        let token = Token(round * THREADS + thread);
                        come_and_go(&registry, &mut socket, token, MODES[round % 3]);
                        over.store(round, Ordering::SeqCst);
                    }
                    if round % 16 == 0 {
                        waker.wake().unwrap();
                    }
                }
            });
        }
        let _end = SetAtEnd(&done);
        let start = Instant::now();
        let (mut seen, mut polls) = (0, 0);
        while start.elapsed() < TIME || (seen < 100 && start.elapsed() < LONG) {
            let before: Vec<_> = over
                .iter()
                .map(|over| over.load(Ordering::SeqCst))
                .collect();
            watch.poll(Duration::from_millis(10));
            polls += 1;
            for event in watch
                .events
                .iter()
                .filter(|event| event.token().0 != usize::MAX)
            {
                let (thread, round) = (event.token().0 % THREADS, event.token().0 / THREADS);
                assert!(
                    round > before[thread],
                    "an event of round {round} though round {} was over before the poll",
                    before[thread]
                );
                seen += 1;
            }
        }
        assert!(seen >= 100, "{seen} events in {polls} polls show nothing");
    });
}

/// Registers a source that is ready from the beginning, and deregisters it.
fn come_and_go(registry: &Registry, socket: &mut UdpSocket, token: Token, interest: Interest) {
    registry.register(socket, token, interest).unwrap();
    thread::yield_now();
    registry.deregister(socket).unwrap();
}
