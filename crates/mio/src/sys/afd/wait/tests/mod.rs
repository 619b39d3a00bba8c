//! Tests of waitable handles. They use the calls of Windows, or those of `ffi` where Windows lacks
//! them.

use std::io::ErrorKind;
use std::os::windows::io::{AsHandle, OwnedHandle};
use std::process::Command;
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use crate::event::Source;
use crate::os::windows::SourceHandle;
use crate::sys::afd::wait::Calls;
use crate::{Events, Interest, Poll, Token};

#[allow(unsafe_code)]
mod ffi;

pub(super) fn calls() -> Calls {
    ffi::calls()
}

const LONG: Duration = Duration::from_secs(30);
const SHORT: Duration = Duration::from_millis(30);

const EDGE: Interest = Interest::READABLE;
const LEVEL: Interest = Interest::READABLE.level();
const ONESHOT: Interest = Interest::READABLE.oneshot();

struct Watch {
    poll: Poll,
    events: Events,
}

impl Watch {
    fn new() -> Watch {
        Watch {
            poll: Poll::new().unwrap(),
            events: Events::with_capacity(64),
        }
    }

    fn register(&self, source: &mut impl Source, token: usize, interests: Interest) {
        let registry = self.poll.registry();
        registry.register(source, Token(token), interests).unwrap();
    }

    fn reregister(&self, source: &mut impl Source, token: usize, interests: Interest) {
        let registry = self.poll.registry();
        registry
            .reregister(source, Token(token), interests)
            .unwrap();
    }

    /// Polls, and expects exactly one event, with this token.
    fn expect(&mut self, token: usize) {
        self.poll.poll(&mut self.events, Some(LONG)).unwrap();
        let events: Vec<_> = self.events.iter().collect();
        assert_eq!(events.len(), 1, "{events:?}");
        assert_eq!(events[0].token(), Token(token));
        assert!(events[0].is_readable() && !events[0].is_writable() && !events[0].is_error());
    }

    fn expect_silence(&mut self) {
        self.poll.poll(&mut self.events, Some(SHORT)).unwrap();
        assert!(self.events.is_empty(), "unexpected {:?}", self.events);
    }
}

fn registered(
    handle: OwnedHandle,
    token: usize,
    interests: Interest,
) -> (Watch, SourceHandle<OwnedHandle>) {
    let mut source = SourceHandle::new(handle);
    let mut watch = Watch::new();
    watch.register(&mut source, token, interests);
    watch.expect_silence();
    (watch, source)
}

#[test]
fn a_level_lasts_until_it_is_reset() {
    let (mut watch, event) = registered(ffi::event(true), 1, LEVEL);
    for _ in 0..3 {
        ffi::set(&event);
        for _ in 0..5 {
            watch.expect(1);
        }
        // The poll checks the event, and nothing checks it before.
        ffi::reset(&event);
        watch.expect_silence();
    }
}

#[test]
fn what_a_wait_resets_is_one_event_for_each_signal() {
    let (mut watch, event) = registered(ffi::event(false), 1, LEVEL);
    for _ in 0..3 {
        ffi::set(&event);
        watch.expect(1);
        watch.expect_silence();
    }
    // Between two polls the event keeps its signal.
    ffi::set(&event);
    watch.expect(1);
    ffi::set(&event);
    watch.expect(1);
    watch.expect_silence();

    let (mut watch, semaphore) = registered(ffi::semaphore(), 2, LEVEL);
    ffi::release(&semaphore, 3);
    for _ in 0..3 {
        watch.expect(2);
    }
    watch.expect_silence();
}

#[test]
fn an_edge_comes_again_after_rearm() {
    let (mut watch, event) = registered(ffi::event(true), 1, EDGE);
    // Before the first signal.
    event.rearm().unwrap();
    ffi::set(&event);
    watch.expect(1);
    watch.expect_silence();
    event.rearm().unwrap();
    event.rearm().unwrap();
    watch.expect(1);
    ffi::reset(&event);
    event.rearm().unwrap();
    watch.expect_silence();
    ffi::set(&event);
    watch.expect(1);
    watch.expect_silence();
}

#[test]
fn an_edge_of_what_a_wait_resets() {
    let (mut watch, semaphore) = registered(ffi::semaphore(), 1, EDGE);
    ffi::release(&semaphore, 2);
    watch.expect(1);
    watch.expect_silence();
    semaphore.rearm().unwrap();
    watch.expect(1);
    semaphore.rearm().unwrap();
    watch.expect_silence();
}

#[test]
fn once_comes_again_after_reregister_only() {
    let (mut watch, mut event) = registered(ffi::event(true), 1, ONESHOT);
    ffi::set(&event);
    watch.expect(1);
    event.rearm().unwrap();
    watch.expect_silence();
    watch.reregister(&mut event, 2, ONESHOT);
    watch.expect(2);
    watch.expect_silence();
}

#[test]
fn what_was_signalled_before_is_an_event() {
    for interests in [EDGE, LEVEL, ONESHOT] {
        let event = ffi::event(false);
        ffi::set(&event);
        let mut watch = Watch::new();
        let mut source = SourceHandle::new(event);
        watch.register(&mut source, 1, interests);
        watch.expect(1);
        watch.expect_silence();
    }
}

#[test]
fn the_mode_and_the_token_are_replaced_by_reregister() {
    let (mut watch, mut event) = registered(ffi::event(true), 1, LEVEL);
    ffi::set(&event);
    watch.expect(1);
    watch.reregister(&mut event, 2, EDGE);
    watch.expect(2);
    watch.expect_silence();
    watch.reregister(&mut event, 3, LEVEL);
    for _ in 0..3 {
        watch.expect(3);
    }
    watch.reregister(&mut event, 4, LEVEL.oneshot());
    watch.expect(4);
    watch.expect_silence();
}

/// A packet in the port has consumed a signal, which must not be lost.
#[test]
fn a_signal_that_was_taken_is_told_though_the_registration_changes() {
    let (mut watch, mut event) = registered(ffi::event(false), 1, EDGE);
    ffi::set(&event);
    watch.reregister(&mut event, 2, ONESHOT);
    watch.expect(2);
    watch.expect_silence();
}

#[test]
fn nothing_is_told_after_deregister_or_drop() {
    for interests in [EDGE, LEVEL, ONESHOT] {
        let (mut watch, mut event) = registered(ffi::event(true), 1, interests);
        ffi::set(&event);
        watch.poll.registry().deregister(&mut event).unwrap();
        watch.expect_silence();
        watch.register(&mut event, 2, interests);
        watch.expect(2);
        watch.poll.registry().deregister(&mut event).unwrap();
        watch.expect_silence();
        watch.register(&mut event, 3, interests);
        drop(event);
        watch.expect_silence();
    }
}

#[test]
fn mistakes_are_errors() {
    let watch = Watch::new();
    let other = Watch::new();
    let (registry, elsewhere) = (watch.poll.registry(), other.poll.registry());
    let mut event = SourceHandle::new(ffi::event(true));
    let kind = |result: std::io::Result<()>| result.unwrap_err().kind();
    assert_eq!(kind(event.rearm()), ErrorKind::NotFound);
    assert_eq!(kind(registry.deregister(&mut event)), ErrorKind::NotFound);
    let result = registry.reregister(&mut event, Token(1), EDGE);
    assert_eq!(kind(result), ErrorKind::NotFound);
    for (interests, error) in [
        (Interest::WRITABLE, ErrorKind::InvalidInput),
        (EDGE.exclusive(), ErrorKind::Unsupported),
    ] {
        let result = registry.register(&mut event, Token(1), interests);
        assert_eq!(kind(result), error);
    }
    watch.register(&mut event, 1, EDGE);
    for registry in [registry, elsewhere] {
        let result = registry.register(&mut event, Token(2), EDGE);
        assert_eq!(kind(result), ErrorKind::AlreadyExists);
    }
    let result = elsewhere.reregister(&mut event, Token(2), EDGE);
    assert_eq!(kind(result), ErrorKind::NotFound);
    assert_eq!(kind(elsewhere.deregister(&mut event)), ErrorKind::NotFound);
    // The registration is unchanged.
    let mut watch = watch;
    ffi::set(&event);
    watch.expect(1);
}

#[test]
fn threads_processes_and_timers() {
    let mut watch = Watch::new();
    let (end, wait) = mpsc::channel::<()>();
    let mut thread = SourceHandle::new(thread::spawn(move || wait.recv().is_err()));
    watch.register(&mut thread, 1, EDGE);
    watch.expect_silence();
    drop(end);
    watch.expect(1);
    assert!(thread.into_inner().join().unwrap());

    let program = std::env::current_exe().unwrap();
    let output = std::process::Stdio::null();
    let child = Command::new(program).arg("--list").stdout(output).spawn();
    let mut child = SourceHandle::new(child.unwrap());
    watch.register(&mut child, 2, LEVEL);
    for _ in 0..3 {
        watch.expect(2);
    }
    assert!(child.wait().unwrap().success());
    drop(child);

    let timer = ffi::timer();
    let mut source = SourceHandle::new(&timer);
    watch.register(&mut source, 3, LEVEL);
    for _ in 0..3 {
        watch.expect_silence();
        ffi::start(&timer, 5);
        watch.expect(3);
    }
}

/// The registration keeps the object, even if the user closes the handle.
#[test]
fn the_handle_may_be_closed() {
    let event = ffi::event(true);
    let other = event.as_handle().try_clone_to_owned().unwrap();
    let (mut watch, mut source) = registered(event, 1, LEVEL);
    *source = ffi::event(true);
    ffi::set(&source);
    watch.expect_silence();
    ffi::set(&other);
    for _ in 0..3 {
        watch.expect(1);
    }
}

#[test]
fn the_poll_may_go_before_its_handles() {
    let (watch, mut event) = registered(ffi::event(true), 1, EDGE);
    ffi::set(&event);
    drop(watch);
    event.rearm().unwrap();
    let watch = Watch::new();
    let result = watch.poll.registry().register(&mut event, Token(1), EDGE);
    assert_eq!(result.unwrap_err().kind(), ErrorKind::AlreadyExists);
}

#[test]
fn a_waiting_poll_hears_of_what_is_done_meanwhile() {
    let mut watch = Watch::new();
    let registry = watch.poll.registry().try_clone().unwrap();
    let (next, turns) = mpsc::channel();
    let thread = thread::spawn(move || {
        let mut event = SourceHandle::new(ffi::event(false));
        registry.register(&mut event, Token(0), ONESHOT).unwrap();
        for turn in turns {
            ffi::set(&event);
            registry
                .reregister(&mut event, Token(turn), ONESHOT)
                .unwrap();
        }
    });
    for turn in 0..50 {
        next.send(turn).unwrap();
        watch.poll.poll(&mut watch.events, Some(LONG)).unwrap();
        assert_eq!(watch.events.iter().count(), 1);
    }
    drop(next);
    thread.join().unwrap();
}

/// More handles than `WaitForMultipleObjects` supports.
#[test]
fn there_may_be_many() {
    let mut watch = Watch::new();
    let mut events: Vec<_> = (0..200)
        .map(|_| SourceHandle::new(ffi::event(false)))
        .collect();
    for (token, event) in events.iter_mut().enumerate() {
        watch.register(event, token, LEVEL);
    }
    for token in [0, 63, 64, 65, 127, 199] {
        ffi::set(&events[token]);
        watch.expect(token);
    }
    watch.expect_silence();
}
