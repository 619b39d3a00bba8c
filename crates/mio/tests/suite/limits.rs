//! Limits of the process that are lowered while sources are registered.

use std::io::{Read, Write};
use std::time::Duration;

use mio::net::UnixStream;
use mio::{SelectorKind, Token, Waker};

use crate::support::process::{alone, test_path};
use crate::support::{BOTH, LONG, Watch, drain, ffi};

per_selector!(
    more_sources_than_descriptors_allowed,
    a_wait_over_the_limit_is_ended_by_another_thread,
);

const SOURCES: usize = 100;

/// Returns `true` if the limit bounds the number of sources. kqueue has a list of its own, which no
/// limit bounds. (These tests run on Linux, where kqueue is a model.)
fn is_bound(kind: SelectorKind) -> bool {
    kind != SelectorKind::Kqueue
}

fn over_the_limit(kind: SelectorKind) -> (Watch, Vec<(UnixStream, UnixStream)>) {
    let watch = Watch::new(kind);
    let mut pairs: Vec<_> = (0..SOURCES).map(|_| UnixStream::pair().unwrap()).collect();
    for (token, (one, _)) in pairs.iter_mut().enumerate() {
        watch.register(one, token, BOTH);
    }
    ffi::limit_descriptors(20);
    (watch, pairs)
}

/// poll(2) refuses more entries than the process may have descriptors.
fn more_sources_than_descriptors_allowed(kind: SelectorKind) {
    let test = test_path!(kind, "more_sources_than_descriptors_allowed");
    alone(&test, || {
        if !is_bound(kind) {
            return;
        }
        let (mut watch, mut pairs) = over_the_limit(kind);
        let mut writable = [false; SOURCES];
        while writable != [true; SOURCES] {
            watch.poll(LONG);
            for event in &watch.events {
                writable[event.token().0] |= event.is_writable();
            }
        }
        watch.expect_silence();
        for token in (0..SOURCES).rev() {
            pairs[token].1.write_all(b"hello").unwrap();
            watch.wait_readable(token);
            assert_eq!(drain(&pairs[token].0), 5);
            assert!(pairs[token].0.read(&mut [0; 8]).is_err());
        }
        watch.poll(Duration::ZERO);
        assert!(watch.events.is_empty());
        let count = crate::readiness::count_events(&mut watch, Duration::from_millis(50));
        assert_eq!(count, 0);
    });
}

fn a_wait_over_the_limit_is_ended_by_another_thread(kind: SelectorKind) {
    let test = test_path!(kind, "a_wait_over_the_limit_is_ended_by_another_thread");
    alone(&test, || {
        if !is_bound(kind) {
            return;
        }
        let mut watch = Watch::new(kind);
        let waker = Waker::new(watch.poll.registry(), Token(SOURCES)).unwrap();
        let mut pairs: Vec<_> = (0..SOURCES).map(|_| UnixStream::pair().unwrap()).collect();
        for (token, (one, _)) in pairs.iter_mut().enumerate() {
            watch.register(one, token, mio::Interest::READABLE);
        }
        ffi::limit_descriptors(20);
        std::thread::scope(|scope| {
            scope.spawn(|| waker.wake().unwrap());
            watch.wait_readable(SOURCES);
        });
        std::thread::scope(|scope| {
            let peer = &mut pairs[SOURCES - 1].1;
            scope.spawn(move || peer.write_all(b"hello").unwrap());
            watch.wait_readable(SOURCES - 1);
        });
    });
}
