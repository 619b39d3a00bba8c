//! Shared test support.

use std::io::ErrorKind;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use mio::{Events, Poll, SelectorKind};
use mio_util::Mode;

/// Timeout for an event that has to come.
pub(crate) const LONG: Duration = Duration::from_secs(30);

pub(crate) const MODES: [Mode; 3] = [Mode::Edge, Mode::Level, Mode::Oneshot];

/// Runs a test on each selector of this build.
pub(crate) fn on_each_selector(test: impl Fn(SelectorKind)) {
    for kind in SelectorKind::available() {
        eprintln!("on {kind:?}");
        test(kind);
    }
}

pub(crate) fn poll_on(kind: SelectorKind) -> (Poll, Events) {
    let poll = Poll::builder().selector(kind).build().expect("a poll");
    (poll, Events::with_capacity(64))
}

/// Polls once, and again after a signal. Panics after [`LONG`].
pub(crate) fn wait(poll: &mut Poll, events: &mut Events, timeout: Option<Duration>) {
    let deadline = Instant::now() + LONG;
    loop {
        match poll.poll(events, Some(timeout.unwrap_or(LONG))) {
            Err(err) if err.kind() == ErrorKind::Interrupted => {}
            result => break result.expect("poll"),
        }
    }
    assert!(Instant::now() < deadline, "the poll hung");
}

pub(crate) fn any_port() -> SocketAddr {
    "127.0.0.1:0".parse().expect("an address")
}
