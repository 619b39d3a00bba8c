//! Edge, level, oneshot and exclusive: a test for each cell of the table at `Interest`.

use std::io::{ErrorKind, Read, Write};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use mio::event::Event;
use mio::net::{TcpListener, TcpStream, UdpSocket};
use mio::{Interest, SelectorKind, Token};

use crate::allocations::without_allocating;
use crate::support::{
    BOTH, LONG, SetAtEnd, Watch, any_port, connected, drain, duplicate, ffi, listen, reports_end,
    soon, would_block,
};

per_selector! {
    a_level_is_reported_by_each_poll_until_it_is_drained,
    a_level_of_writing_is_reported_as_long_as_there_is_room,
    a_level_reports_an_end_by_each_poll,
    a_level_reports_a_reset_by_each_poll,
    a_level_is_used_up_and_comes_again,
    a_level_of_a_listener_lasts_until_all_are_accepted,
    an_edge_is_not_a_level,
    once_is_one_event_for_both_directions,
    once_says_nothing_of_failures_either,
    once_is_armed_again_by_reregister,
    once_reports_at_once_what_is_ready_when_it_is_reregistered,
    once_and_level_is_once,
    the_mode_is_replaced_by_reregister,
    a_mode_belongs_to_its_registration_alone,
    a_partial_read_of_a_level_keeps_it,
    once_is_served_by_one_of_many_threads,
    what_a_selector_can_not_do_is_unsupported,
    exclusive_loses_no_connection,
    modes_allocate_nothing_after_set_up,
}

#[test]
fn an_interest_keeps_its_mode() {
    let both = BOTH.level() | Interest::READABLE.oneshot();
    assert!(both.is_level() && both.is_oneshot() && !both.is_exclusive());
    let rest = both.remove(Interest::READABLE).unwrap();
    assert_eq!(rest, Interest::WRITABLE.level().oneshot());
    assert_eq!(both.remove(BOTH), None, "a mode alone is no interest");
    let level = Interest::READABLE.level();
    assert_eq!(
        BOTH.level().remove(level),
        Some(Interest::WRITABLE.level()),
        "what is taken away is what to hear of"
    );
    assert_eq!(
        format!("{:?}", level.exclusive()),
        "READABLE | LEVEL | EXCLUSIVE"
    );
    assert_eq!(
        format!("{:?}", Interest::WRITABLE.oneshot()),
        "WRITABLE | ONESHOT"
    );
}

fn registered(kind: SelectorKind, interest: Interest) -> (Watch, TcpStream, std::net::TcpStream) {
    let watch = Watch::new(kind);
    let (mut stream, peer) = connected();
    watch.register(&mut stream, 1, interest);
    (watch, stream, peer)
}

fn reregister(watch: &Watch, stream: &mut TcpStream, token: usize, interest: Interest) {
    let registry = watch.poll.registry();
    registry
        .reregister(stream, Token(token), interest)
        .expect("reregister");
}

fn a_level_is_reported_by_each_poll_until_it_is_drained(kind: SelectorKind) {
    let (mut watch, stream, mut peer) = registered(kind, Interest::READABLE.level());
    watch.expect_silence();
    peer.write_all(b"hello").unwrap();
    for _ in 0..5 {
        watch.wait_readable(1);
        assert_eq!(watch.events.iter().count(), 1);
    }
    assert_eq!(drain(&stream), 5);
    watch.expect_silence();
}

fn a_level_of_writing_is_reported_as_long_as_there_is_room(kind: SelectorKind) {
    let (mut watch, mut stream, _peer) = registered(kind, Interest::WRITABLE.level());
    for _ in 0..5 {
        watch.wait_writable(1);
    }
    watch.fill(&mut stream);
}

fn a_level_reports_an_end_by_each_poll(kind: SelectorKind) {
    let (mut watch, mut stream, peer) = registered(kind, Interest::READABLE.level());
    drop(peer);
    for _ in 0..3 {
        watch.wait(1, |event| event.is_read_closed() || !reports_end(kind));
        assert_eq!(stream.read(&mut [0; 4]).unwrap(), 0);
    }
}

fn a_level_reports_a_reset_by_each_poll(kind: SelectorKind) {
    let (mut watch, stream, peer) = registered(kind, Interest::READABLE.level());
    ffi::reset(peer);
    for _ in 0..3 {
        watch.wait(1, Event::is_readable);
    }
    // The reset, or the end at once: Wine reports a reset only once, and an earlier operation may
    // have taken it.
    match (&stream).read(&mut [0; 4]) {
        Ok(length) => assert_eq!(length, 0),
        Err(err) => assert_ne!(err.kind(), ErrorKind::WouldBlock),
    }
}

fn a_level_is_used_up_and_comes_again(kind: SelectorKind) {
    let (mut watch, stream, mut peer) = registered(kind, BOTH.level());
    for _ in 0..20 {
        watch.wait_writable(1);
        peer.write_all(b"hello").unwrap();
        watch.wait_readable(1);
        // Without the operation that would block, which level mode does not need.
        assert_eq!((&stream).read(&mut [0; 16]).unwrap(), 5);
    }
    watch.wait_writable(1);
    assert!(watch.events.iter().all(|event| !event.is_readable()));
}

fn a_level_of_a_listener_lasts_until_all_are_accepted(kind: SelectorKind) {
    let mut watch = Watch::new(kind);
    let (mut listener, address) = listen();
    watch.register(&mut listener, 1, Interest::READABLE.level());
    let peers = [0; 3].map(|_| std::net::TcpStream::connect(address).unwrap());
    for _ in &peers {
        watch.wait_readable(1);
        listener.accept().unwrap();
    }
    would_block(listener.accept());
    watch.expect_silence();
}

fn an_edge_is_not_a_level(kind: SelectorKind) {
    let (mut watch, _stream, mut peer) = registered(kind, Interest::READABLE);
    peer.write_all(b"hello").unwrap();
    watch.wait_readable(1);
    watch.expect_silence();
}

fn once_is_one_event_for_both_directions(kind: SelectorKind) {
    let (mut watch, stream, mut peer) = registered(kind, BOTH.oneshot());
    watch.wait_writable(1);
    peer.write_all(b"hello").unwrap();
    watch.expect_silence();
    assert_eq!(soon(|| (&stream).read(&mut [0; 16])).unwrap(), 5);
    would_block((&stream).read(&mut [0; 16]));
    peer.write_all(b"again").unwrap();
    // `WouldBlock` does not re-arm it.
    watch.expect_silence();
}

fn once_says_nothing_of_failures_either(kind: SelectorKind) {
    let (mut watch, stream, mut peer) = registered(kind, Interest::READABLE.oneshot());
    peer.write_all(b"hello").unwrap();
    watch.wait_readable(1);
    assert_eq!(drain(&stream), 5);
    ffi::reset(peer);
    watch.expect_silence();
}

fn once_is_armed_again_by_reregister(kind: SelectorKind) {
    let once = Interest::READABLE.oneshot();
    let (mut watch, mut stream, mut peer) = registered(kind, once);
    for round in 1..20 {
        watch.poll(Duration::ZERO);
        assert!(watch.events.is_empty());
        peer.write_all(b"hello").unwrap();
        watch.wait_readable(round);
        assert_eq!(drain(&stream), 5);
        reregister(&watch, &mut stream, round + 1, once);
    }
}

fn once_reports_at_once_what_is_ready_when_it_is_reregistered(kind: SelectorKind) {
    let once = Interest::READABLE.oneshot();
    let (mut watch, mut stream, mut peer) = registered(kind, once);
    peer.write_all(b"hello").unwrap();
    watch.wait_readable(1);
    reregister(&watch, &mut stream, 2, once);
    watch.wait_readable(2);
    watch.expect_silence();
}

fn once_and_level_is_once(kind: SelectorKind) {
    let (mut watch, _stream, mut peer) = registered(kind, Interest::READABLE.level().oneshot());
    peer.write_all(b"hello").unwrap();
    watch.wait_readable(1);
    watch.expect_silence();
}

fn the_mode_is_replaced_by_reregister(kind: SelectorKind) {
    let (mut watch, mut stream, mut peer) = registered(kind, Interest::READABLE.oneshot());
    peer.write_all(b"hello").unwrap();
    watch.wait_readable(1);
    reregister(&watch, &mut stream, 2, Interest::READABLE.level());
    for _ in 0..3 {
        watch.wait_readable(2);
    }
    reregister(&watch, &mut stream, 3, Interest::READABLE);
    watch.wait_readable(3);
    watch.expect_silence();
    reregister(&watch, &mut stream, 4, Interest::READABLE.oneshot());
    watch.wait_readable(4);
    assert_eq!(drain(&stream), 5);
    peer.write_all(b"hello").unwrap();
    watch.expect_silence();
}

fn a_mode_belongs_to_its_registration_alone(kind: SelectorKind) {
    let mut watch = Watch::new(kind);
    let sources = [
        Interest::READABLE.level(),
        Interest::READABLE,
        Interest::READABLE.oneshot(),
    ];
    let mut connections: Vec<_> = sources.iter().map(|_| connected()).collect();
    for (token, (stream, peer)) in connections.iter_mut().enumerate() {
        watch.register(stream, token, sources[token]);
        peer.write_all(b"hello").unwrap();
    }
    let mut seen = Vec::new();
    while !(0..3).all(|token| seen.contains(&token)) {
        watch.poll(LONG);
        seen.extend(watch.events.iter().map(|event| event.token().0));
    }
    for _ in 0..5 {
        watch.poll(LONG);
        let tokens: Vec<_> = watch.events.iter().map(|event| event.token().0).collect();
        assert_eq!(tokens, [0]);
    }
}

fn a_partial_read_of_a_level_keeps_it(kind: SelectorKind) {
    let mut watch = Watch::new(kind);
    let mut receiver = UdpSocket::bind(any_port()).unwrap();
    let address = receiver.local_addr().unwrap();
    watch.register(&mut receiver, 1, Interest::READABLE.level());
    let sender = std::net::UdpSocket::bind(any_port()).unwrap();
    for _ in 0..3 {
        sender.send_to(b"hello", address).unwrap();
    }
    for _ in 0..3 {
        watch.wait_readable(1);
        assert_eq!(receiver.recv(&mut [0; 16]).unwrap(), 5);
    }
    watch.expect_silence();
}

/// The purpose of oneshot: the polling thread passes a source to a worker, and the source has no
/// event until that worker is done.
fn once_is_served_by_one_of_many_threads(kind: SelectorKind) {
    const ROUNDS: usize = 300;
    const WORKERS: usize = 4;
    let mut watch = Watch::new(kind);
    let registry = watch.poll.registry().try_clone().unwrap();
    let (mut stream, mut peer) = connected();
    watch.register(&mut stream, 1, Interest::READABLE.oneshot());
    let stream = std::sync::Mutex::new(stream);
    let (busy, received) = (AtomicUsize::new(0), AtomicUsize::new(0));
    let (send, work) = std::sync::mpsc::channel::<()>();
    let work = std::sync::Mutex::new(work);
    std::thread::scope(|scope| {
        for _ in 0..WORKERS {
            scope.spawn(|| {
                let next = || work.lock().unwrap().recv();
                while next().is_ok() {
                    assert_eq!(busy.fetch_add(1, Ordering::SeqCst), 0, "two at once");
                    let mut stream = stream.lock().unwrap();
                    received.fetch_add(drain(&*stream), Ordering::SeqCst);
                    busy.fetch_sub(1, Ordering::SeqCst);
                    let once = Interest::READABLE.oneshot();
                    registry.reregister(&mut *stream, Token(1), once).unwrap();
                }
            });
        }
        scope.spawn(move || {
            for _ in 0..ROUNDS {
                peer.write_all(b"x").unwrap();
                std::thread::yield_now();
            }
            peer
        });
        // A read may return several bytes, so the number of events is not fixed.
        let deadline = Instant::now() + LONG;
        while received.load(Ordering::SeqCst) < ROUNDS && Instant::now() < deadline {
            watch.poll(Duration::from_millis(100));
            for event in &watch.events {
                if event.is_readable() {
                    send.send(()).unwrap();
                }
            }
        }
        drop(send);
    });
    assert_eq!(received.into_inner(), ROUNDS);
}

fn what_a_selector_can_not_do_is_unsupported(kind: SelectorKind) {
    let watch = Watch::new(kind);
    let (mut listener, _) = listen();
    let registry = watch.poll.registry();
    let exclusive = Interest::READABLE.exclusive();
    let all = [
        exclusive,
        exclusive.level(),
        exclusive.oneshot(),
        Interest::READABLE.level(),
        Interest::READABLE.oneshot(),
    ];
    for interest in all {
        let result = registry.register(&mut listener, Token(1), interest);
        if kind.supports(interest) {
            result.unwrap();
            registry.deregister(&mut listener).unwrap();
        } else {
            let err = result.unwrap_err();
            assert_eq!(err.kind(), ErrorKind::Unsupported, "{interest:?}: {err}");
            assert!(err.to_string().contains("supports"), "{err}");
            // The failed call changed nothing.
            let err = registry.deregister(&mut listener).unwrap_err();
            assert_eq!(err.kind(), ErrorKind::NotFound);
        }
    }
    if kind.supports(exclusive) {
        watch.register(&mut listener, 1, exclusive);
        let err = registry
            .reregister(&mut listener, Token(2), Interest::READABLE)
            .unwrap_err();
        assert_eq!(err.kind(), ErrorKind::Unsupported);
        registry.deregister(&mut listener).unwrap();
    }
    watch.register(&mut listener, 1, Interest::READABLE);
    let err = registry
        .reregister(&mut listener, Token(2), exclusive)
        .unwrap_err();
    assert_eq!(err.kind(), ErrorKind::Unsupported);
    // The registration that could not be changed is as before.
    let mut watch = watch;
    let _peer = std::net::TcpStream::connect(listener.local_addr().unwrap()).unwrap();
    watch.wait_readable(1);
}

/// Two polls watch one listener, with a descriptor each. No connection waits without end.
fn exclusive_loses_no_connection(kind: SelectorKind) {
    let exclusive = Interest::READABLE.exclusive();
    if !kind.supports(exclusive) {
        // `what_a_selector_can_not_do_is_unsupported` tests this case.
        return;
    }
    for interest in [exclusive, exclusive.level()] {
        let (listener, address) = listen();
        let copy = TcpListener::from_std(duplicate(&listener).unwrap().into());
        let accepted = AtomicUsize::new(0);
        let (accepted, done) = (&accepted, &AtomicBool::new(false));
        std::thread::scope(|scope| {
            for mut listener in [listener, copy] {
                let mut watch = Watch::new(kind);
                watch.register(&mut listener, 1, interest);
                scope.spawn(move || {
                    while !done.load(Ordering::Relaxed) {
                        watch.poll(Duration::from_millis(20));
                        while !watch.events.is_empty() && listener.accept().is_ok() {
                            accepted.fetch_add(1, Ordering::SeqCst);
                        }
                    }
                });
            }
            let _end = SetAtEnd(done);
            let deadline = Instant::now() + LONG;
            for count in 1..=50 {
                let _peer = std::net::TcpStream::connect(address).unwrap();
                while accepted.load(Ordering::SeqCst) < count {
                    assert!(Instant::now() < deadline, "a connection waits");
                    std::thread::yield_now();
                }
            }
        });
        assert_eq!(accepted.load(Ordering::SeqCst), 50);
    }
}

fn modes_allocate_nothing_after_set_up(kind: SelectorKind) {
    let (mut watch, mut stream, mut peer) = registered(kind, Interest::READABLE.oneshot());
    peer.write_all(b"hello").unwrap();
    watch.wait_readable(1);
    reregister(&watch, &mut stream, 1, BOTH.oneshot());
    watch.wait_readable(1);
    without_allocating("changing the mode", || {
        for mode in [BOTH.level(), BOTH.oneshot(), BOTH] {
            for _ in 0..10 {
                reregister(&watch, &mut stream, 1, mode);
                watch.poll(LONG);
                watch.poll(Duration::ZERO);
            }
        }
    });
}
