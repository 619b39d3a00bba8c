//! Registering, and its special cases. The guide defines them.

use std::io::{ErrorKind, Write};
use std::time::Duration;

use mio::event::{Event, Source};
use mio::net::{TcpListener, TcpStream, UdpSocket};
use mio::{Events, Interest, Poll, SelectorKind, Token};

use crate::support::{
    BOTH, Watch, any_port, connected, drain, duplicate, listen, pair, process, raw, soon,
};

per_selector!(
    nothing_after_deregister,
    nothing_of_a_pending_event_after_deregister,
    nothing_of_an_old_registration_for_a_reused_number,
    an_event_that_waits_is_not_that_of_the_next_registration,
    an_event_that_waits_gets_the_new_token,
    a_dropped_source_is_silent,
    the_number_of_a_dropped_source_is_nobodys,
    an_interest_left_out_is_silent,
    another_interest_is_reported_at_once,
    a_source_can_move_to_another_poll,
    many_sources_of_several_polls,
    the_same_token_twice,
    a_boxed_source,
    a_cloned_registry,
    a_registry_outlives_its_poll,
    the_poll_is_dropped_while_sources_are_registered,
    deregistering_within_the_batch,
    dropping_within_the_batch,
    a_duplicate_reports_until_deregistered,
    a_duplicate_left_behind,
    turned_into_std_without_deregister,
    registering_again_after_the_poll_was_dropped,
    turning_into_std_ends_it_after_deregister,
    no_capacity_is_an_error,
    #[cfg(descriptors)]
    the_descriptor_of_the_poll,
    large_tokens,
);

fn nothing_after_deregister(kind: SelectorKind) {
    let (mut stream, mut peer) = connected();
    let mut watch = Watch::new(kind);
    watch.register(&mut stream, 1, BOTH);
    watch.wait_writable(1);
    watch.deregister(&mut stream);
    peer.write_all(b"hello").unwrap();
    watch.expect_silence();
    // It can be registered again.
    watch.register(&mut stream, 2, Interest::READABLE);
    watch.wait_readable(2);
}

fn nothing_of_a_pending_event_after_deregister(kind: SelectorKind) {
    let (mut stream, mut peer) = connected();
    let mut watch = Watch::new(kind);
    watch.register(&mut stream, 1, BOTH);
    peer.write_all(b"hello").unwrap();
    watch.deregister(&mut stream);
    watch.expect_silence();
}

fn nothing_of_an_old_registration_for_a_reused_number(kind: SelectorKind) {
    let _no_spawns = process::no_spawns();
    let mut watch = Watch::new(kind);
    for round in 0..50 {
        let (mut stream, mut peer) = pair();
        watch.register(&mut stream, round, Interest::READABLE);
        peer.write_all(b"hello").unwrap();
        watch.wait_readable(round);
        for event in &watch.events {
            assert_eq!(event.token(), Token(round));
        }
        match round % 3 {
            // Deregistered and dropped, only dropped, and dropped with a pending event.
            0 => watch.deregister(&mut stream),
            1 => {}
            _ => {
                drain(&stream);
                peer.write_all(b"more").unwrap();
            }
        }
    }
}

/// The event of the first registration is pending, and no poll has taken it.
fn an_event_that_waits_is_not_that_of_the_next_registration(kind: SelectorKind) {
    let mut watch = Watch::new(kind);
    let (mut stream, mut peer) = pair();
    peer.write_all(b"hello").unwrap();
    for round in 0..20 {
        watch.register(&mut stream, 2 * round, BOTH);
        watch.deregister(&mut stream);
        watch.register(&mut stream, 2 * round + 1, Interest::READABLE);
        watch.wait_readable(2 * round + 1);
        for event in &watch.events {
            assert_eq!(event.token(), Token(2 * round + 1));
        }
        watch.expect_silence();
        watch.deregister(&mut stream);
    }
}

fn an_event_that_waits_gets_the_new_token(kind: SelectorKind) {
    let mut watch = Watch::new(kind);
    let (mut stream, mut peer) = pair();
    watch.register(&mut stream, 0, Interest::READABLE);
    for token in 1..20 {
        peer.write_all(b"hello").unwrap();
        watch
            .poll
            .registry()
            .reregister(&mut stream, Token(token), Interest::READABLE)
            .unwrap();
        watch.wait_readable(token);
        for event in &watch.events {
            assert_eq!(event.token(), Token(token));
        }
        watch.expect_silence();
        drain(&stream);
    }
}

fn a_dropped_source_is_silent(kind: SelectorKind) {
    let _no_spawns = process::no_spawns();
    let (mut one, mut two) = pair();
    let mut watch = Watch::new(kind);
    watch.register(&mut one, 1, Interest::READABLE);
    two.write_all(b"hello").unwrap();
    drop(one);
    watch.expect_silence();
}

/// An unregistered socket gets the descriptor of a registered one that was dropped.
fn the_number_of_a_dropped_source_is_nobodys(kind: SelectorKind) {
    let test = process::test_path!(kind, "the_number_of_a_dropped_source_is_nobodys");
    process::alone(&test, || {
        let mut watch = Watch::new(kind);
        let (mut one, _two) = pair();
        watch.register(&mut one, 1, BOTH);
        let number = raw(&one);
        drop(one);
        let (other, mut peer) = pair();
        // Windows may use the number for another handle.
        assert!(raw(&other) == number || cfg!(windows));
        peer.write_all(b"hello").unwrap();
        watch.expect_silence();
    });
}

fn an_interest_left_out_is_silent(kind: SelectorKind) {
    let (mut stream, mut peer) = connected();
    let mut watch = Watch::new(kind);
    watch.register(&mut stream, 1, Interest::READABLE);
    watch.expect_silence();
    watch
        .poll
        .registry()
        .reregister(&mut stream, Token(1), Interest::WRITABLE)
        .unwrap();
    watch.wait_writable(1);
    peer.write_all(b"hello").unwrap();
    watch.poll(crate::support::SHORT);
    assert!(watch.events.iter().all(|event| !event.is_readable()));
}

/// Also by a poll that does not wait, after the kernel was watching the other direction.
fn another_interest_is_reported_at_once(kind: SelectorKind) {
    let (mut stream, mut peer) = connected();
    let mut watch = Watch::new(kind);
    watch.register(&mut stream, 1, Interest::READABLE);
    watch.expect_silence();
    peer.write_all(b"hello").unwrap();
    let directions = [
        (Interest::WRITABLE, Event::is_writable as fn(&Event) -> bool),
        (Interest::READABLE, Event::is_readable),
    ];
    for round in 0..20 {
        for (token, (interest, is_ready)) in directions.into_iter().enumerate() {
            soon(|| stream.peek(&mut [0; 8])).unwrap();
            let registry = watch.poll.registry();
            registry
                .reregister(&mut stream, Token(token), interest)
                .unwrap();
            watch.poll(Duration::ZERO);
            let mut events = watch.events.iter();
            let is_told = events.any(|event| event.token() == Token(token) && is_ready(event));
            assert!(is_told, "round {round}, {interest:?}: {:?}", watch.events);
        }
    }
}

fn a_source_can_move_to_another_poll(kind: SelectorKind) {
    let (mut stream, _peer) = connected();
    let (mut one, mut two) = (Watch::new(kind), Watch::new(kind));
    one.register(&mut stream, 1, BOTH);
    one.wait_writable(1);
    one.deregister(&mut stream);
    two.register(&mut stream, 2, BOTH);
    two.wait_writable(2);
    one.expect_silence();
}

/// More sources than a poll groups together on any platform, in more than one poll.
fn many_sources_of_several_polls(kind: SelectorKind) {
    const POLLS: usize = 3;
    let mut polls: Vec<_> = (0..POLLS).map(|_| Watch::new(kind)).collect();
    let mut pairs: Vec<_> = (0..120).map(|_| pair()).collect();
    for (token, (one, _)) in pairs.iter_mut().enumerate() {
        polls[token % POLLS].register(one, token, Interest::READABLE);
    }
    for round in 0..3 {
        for (_, two) in &mut pairs {
            two.write_all(b"hello").unwrap();
        }
        let mut seen = vec![false; pairs.len()];
        for (index, watch) in polls.iter_mut().enumerate() {
            let mut left = pairs.len() / POLLS;
            while left > 0 {
                watch.poll(crate::support::LONG);
                assert!(!watch.events.is_empty(), "{left} left in round {round}");
                for event in &watch.events {
                    let token = event.token().0;
                    assert_eq!(token % POLLS, index, "an event of another poll");
                    assert!(!seen[token], "reported twice");
                    assert_eq!(drain(&pairs[token].0), 5);
                    seen[token] = true;
                    left -= 1;
                }
            }
        }
        // Some sources leave, and others take their place.
        for (token, (one, _)) in pairs
            .iter_mut()
            .enumerate()
            .filter(|(token, _)| token % 2 == 0)
        {
            polls[token % POLLS].deregister(one);
        }
        for (token, (one, _)) in pairs
            .iter_mut()
            .enumerate()
            .filter(|(token, _)| token % 2 == 0)
        {
            polls[token % POLLS].register(one, token, Interest::READABLE);
        }
    }
    for watch in &mut polls {
        watch.expect_silence();
    }
}

fn the_same_token_twice(kind: SelectorKind) {
    let mut watch = Watch::new(kind);
    let (mut one, mut two) = pair();
    watch.register(&mut one, 1, BOTH);
    watch.register(&mut two, 1, BOTH);
    watch.wait_writable(1);
    // One poll may report both, or two.
    let first = watch.events.iter().count();
    if first == 1 {
        watch.wait_writable(1);
    }
    watch.deregister(&mut one);
    watch
        .poll
        .registry()
        .reregister(&mut two, Token(1), BOTH)
        .unwrap();
    watch.wait_writable(1);
}

fn a_boxed_source(kind: SelectorKind) {
    let (stream, _peer) = connected();
    let mut boxed: Box<dyn Source> = Box::new(stream);
    let mut watch = Watch::new(kind);
    watch.register(&mut boxed, 1, BOTH);
    watch.wait_writable(1);
    watch
        .poll
        .registry()
        .reregister(&mut *boxed, Token(2), BOTH)
        .unwrap();
    watch.wait_writable(2);
    watch.deregister(&mut boxed);
}

fn a_cloned_registry(kind: SelectorKind) {
    let mut watch = Watch::new(kind);
    let registry = watch
        .poll
        .registry()
        .try_clone()
        .unwrap()
        .try_clone()
        .unwrap();
    let (mut stream, _peer) = connected();
    registry.register(&mut stream, Token(1), BOTH).unwrap();
    watch.wait_writable(1);
    // They share one registration, so either can end it.
    watch.deregister(&mut stream);
    assert_eq!(
        registry.deregister(&mut stream).unwrap_err().kind(),
        ErrorKind::NotFound
    );
}

fn a_registry_outlives_its_poll(kind: SelectorKind) {
    let watch = Watch::new(kind);
    let registry = watch.poll.registry().try_clone().unwrap();
    let (mut stream, _peer) = connected();
    watch.register(&mut stream, 1, BOTH);
    drop(watch);
    registry.reregister(&mut stream, Token(2), BOTH).unwrap();
    registry.deregister(&mut stream).unwrap();
}

fn the_poll_is_dropped_while_sources_are_registered(kind: SelectorKind) {
    let mut watch = Watch::new(kind);
    let (mut stream, mut peer) = connected();
    watch.register(&mut stream, 1, BOTH);
    watch.wait_writable(1);
    peer.write_all(b"hello").unwrap();
    drop(watch);
    // The source still works, without a poll.
    let mut waiting = Watch::new(kind);
    while drain(&stream) == 0 {
        waiting.poll(std::time::Duration::from_millis(1));
    }
    crate::support::would_block(std::io::Read::read(&mut stream, &mut [0; 8]));
}

/// A batch has two sources; handling the first one deregisters the second one.
fn deregistering_within_the_batch(kind: SelectorKind) {
    let mut watch = Watch::new(kind);
    let (mut one, mut two) = pair();
    watch.register(&mut one, 1, BOTH);
    watch.register(&mut two, 2, BOTH);
    watch.poll(crate::support::LONG);
    let batch: Vec<_> = watch.events.iter().map(mio::event::Event::token).collect();
    watch.deregister(&mut two);
    // The user owns the batch, and it does not change.
    let after: Vec<_> = watch.events.iter().map(mio::event::Event::token).collect();
    assert_eq!(batch, after);
    one.write_all(b"hello").unwrap();
    watch.expect_silence();
}

fn dropping_within_the_batch(kind: SelectorKind) {
    let _no_spawns = process::no_spawns();
    let mut watch = Watch::new(kind);
    let mut pairs: Vec<_> = (0..5).map(|_| pair()).map(Some).collect();
    for (token, pair) in pairs.iter_mut().enumerate() {
        let (one, two) = pair.as_mut().unwrap();
        watch.register(one, token, Interest::READABLE);
        two.write_all(b"!").unwrap();
    }
    // One poll may report all of them, or some now and some later.
    while pairs.iter().any(Option::is_some) {
        watch.poll(crate::support::LONG);
        for event in &watch.events {
            pairs[event.token().0] = None;
        }
    }
    watch.expect_silence();
}

fn a_duplicate_reports_until_deregistered(kind: SelectorKind) {
    let mut watch = Watch::new(kind);
    let (mut stream, mut peer) = connected();
    watch.register(&mut stream, 1, Interest::READABLE);
    let duplicate = duplicate(&stream).unwrap();
    watch.deregister(&mut stream);
    drop(stream);
    peer.write_all(b"hello").unwrap();
    watch.expect_silence();
    // The other handle is a source of its own.
    let mut duplicate = TcpStream::from(duplicate);
    watch.register(&mut duplicate, 2, Interest::READABLE);
    watch.wait_readable(2);
}

/// Closed without `deregister`, while a duplicate is open.
fn a_duplicate_left_behind(kind: SelectorKind) {
    let mut watch = Watch::new(kind);
    let (mut stream, mut peer) = connected();
    watch.register(&mut stream, 1, Interest::READABLE);
    let duplicate = duplicate(&stream).unwrap();
    drop(stream);
    peer.write_all(b"hello").unwrap();
    if kind == SelectorKind::Epoll {
        watch.wait_readable(1);
    } else {
        watch.expect_silence();
    }
    drop(duplicate);
}

fn turned_into_std_without_deregister(kind: SelectorKind) {
    let mut watch = Watch::new(kind);
    let (mut stream, mut peer) = connected();
    watch.register(&mut stream, 1, Interest::READABLE);
    let stream = std::net::TcpStream::from(stream);
    peer.write_all(b"hello").unwrap();
    if matches!(kind, SelectorKind::Epoll | SelectorKind::Kqueue) {
        watch.wait_readable(1);
    } else {
        watch.expect_silence();
    }
    drop(stream);
}

fn registering_again_after_the_poll_was_dropped(kind: SelectorKind) {
    let (mut stream, _peer) = connected();
    let first = Watch::new(kind);
    let registry = first.poll.registry().try_clone().unwrap();
    first.register(&mut stream, 1, BOTH);
    drop(first);
    let mut second = Watch::new(kind);
    let result = second.poll.registry().register(&mut stream, Token(2), BOTH);
    if cfg!(debug_assertions) || !matches!(kind, SelectorKind::Epoll | SelectorKind::Kqueue) {
        assert_eq!(result.unwrap_err().kind(), ErrorKind::AlreadyExists);
        // A clone of the registry is the solution.
        registry.deregister(&mut stream).unwrap();
        second.register(&mut stream, 2, BOTH);
    }
    second.wait_writable(2);
}

fn turning_into_std_ends_it_after_deregister(kind: SelectorKind) {
    let mut watch = Watch::new(kind);
    let (mut stream, mut peer) = connected();
    watch.register(&mut stream, 1, Interest::READABLE);
    watch.deregister(&mut stream);
    let stream = std::net::TcpStream::from(stream);
    peer.write_all(b"hello").unwrap();
    watch.expect_silence();
    let mut stream = TcpStream::from_std(stream);
    watch.register(&mut stream, 2, Interest::READABLE);
    watch.wait_readable(2);
}

fn no_capacity_is_an_error(kind: SelectorKind) {
    let mut watch = Watch::new(kind);
    let mut none = Events::with_capacity(0);
    let err = watch.poll.poll(&mut none, None).unwrap_err();
    assert_eq!(err.kind(), ErrorKind::InvalidInput);
    watch.expect_silence();
}

#[cfg(descriptors)]
fn the_descriptor_of_the_poll(kind: SelectorKind) {
    use std::os::fd::{AsFd, AsRawFd};
    use std::panic::{AssertUnwindSafe, catch_unwind};

    use mio::unix::SourceFd;

    let mut inner = Watch::new(kind);
    assert_eq!(inner.poll.selector_kind(), kind);
    if kind == SelectorKind::Poll {
        let result = catch_unwind(AssertUnwindSafe(|| inner.poll.as_raw_fd()));
        assert!(result.is_err(), "poll(2) has no descriptor");
        return;
    }
    assert_eq!(inner.poll.as_raw_fd(), inner.poll.as_fd().as_raw_fd());
    assert_eq!(
        inner.poll.registry().as_raw_fd(),
        inner.poll.registry().as_fd().as_raw_fd()
    );

    // One poll can watch another.
    let mut outer = Watch::new(kind);
    let fd = inner.poll.as_raw_fd();
    outer.register(&mut SourceFd(&fd), 1, Interest::READABLE);
    outer.expect_silence();
    let (mut listener, address) = listen();
    inner.register(&mut listener, 2, Interest::READABLE);
    let _peer = TcpStream::connect(address).unwrap();
    outer.wait_readable(1);
    inner.wait_readable(2);
}

fn large_tokens(kind: SelectorKind) {
    let mut watch = Watch::new(kind);
    for token in [0, usize::MAX, usize::MAX / 2 + 1] {
        let mut socket = UdpSocket::bind(any_port()).unwrap();
        watch.register(&mut socket, token, Interest::WRITABLE);
        watch.wait_writable(token);
    }
}

#[test]
fn the_default_is_the_first_available() {
    let kinds: Vec<_> = SelectorKind::available().collect();
    assert_eq!(Poll::new().unwrap().selector_kind(), kinds[0]);
    #[cfg(all(epoll, poll))]
    assert!(kinds.contains(&SelectorKind::Epoll) && kinds.contains(&SelectorKind::Poll));
}

#[test]
fn a_selector_that_was_not_compiled_is_unsupported() {
    let kinds = [
        SelectorKind::Afd,
        SelectorKind::Epoll,
        SelectorKind::EventPorts,
        SelectorKind::Kqueue,
        SelectorKind::Poll,
    ];
    // If every selector of the platform is compiled in, the hint names no feature.
    let hint = if cfg!(feature = "all-selectors") {
        "this system"
    } else {
        "all-selectors"
    };
    let available: Vec<_> = SelectorKind::available().collect();
    for kind in kinds.into_iter().filter(|kind| !available.contains(kind)) {
        let err = Poll::builder().selector(kind).build().unwrap_err();
        assert_eq!(err.kind(), ErrorKind::Unsupported);
        assert!(err.to_string().contains(hint), "{err}");
    }
}

/// A listener that was converted from std works as one of mio's.
#[test]
fn listeners_convert() {
    let (listener, address) = listen();
    let listener = TcpListener::from_std(std::net::TcpListener::from(listener));
    assert_eq!(listener.local_addr().unwrap(), address);
}
