//! Additions to the API of mio 1.2.

use std::fmt::Debug;
use std::io;
use std::ops::Deref;
use std::time::{Duration, Instant};

use mio::event::Source;
use mio::{Builder, Events, Interest, IoSource, Notifier, NotifierHandle, Poll, SelectorKind};

use super::Auto;

#[test]
fn interest_has_its_modes() {
    const LEVEL: Interest = Interest::READABLE.level().oneshot().exclusive();
    assert!(LEVEL.is_level() && LEVEL.is_oneshot() && LEVEL.is_exclusive());
    let _: fn(SelectorKind, Interest) -> bool = SelectorKind::supports;
}

#[test]
fn poll_has_its_additions() {
    let _: fn() -> Builder = Poll::builder;
    let _: fn(&Poll) -> SelectorKind = Poll::selector_kind;
    let _: fn(&mut Poll, &mut Events, Option<Instant>) -> io::Result<()> = Poll::poll_until;
    let _: fn(Builder, SelectorKind) -> Builder = Builder::selector;
    let _: fn(Builder, Duration) -> Builder = Builder::busy_poll;
    let _: fn(Builder) -> io::Result<Poll> = Builder::build;
    assert_impl!(Builder: Auto + Clone + Debug + Default);
}

#[test]
fn notifier_has_its_methods_and_traits() {
    let _: fn() -> io::Result<Notifier> = Notifier::new;
    let _: fn(&Notifier) -> io::Result<()> = Notifier::notify;
    let _: fn(&Notifier) -> io::Result<bool> = Notifier::clear;
    let _: fn(&Notifier) -> NotifierHandle = Notifier::handle;
    let _: fn(&NotifierHandle) -> io::Result<()> = NotifierHandle::notify;
    assert_impl!(Notifier: Auto + Debug + Source);
    assert_impl!(NotifierHandle: Auto + Clone + Debug);
}

#[test]
fn any_type_with_a_socket_becomes_a_source() {
    type Inner = std::net::UdpSocket;
    let _: fn(Inner) -> IoSource<Inner> = IoSource::new;
    let _: fn(IoSource<Inner>) -> Inner = IoSource::into_inner;
    assert_impl!(IoSource<Inner>: Auto + Debug + Deref + Source);
}
