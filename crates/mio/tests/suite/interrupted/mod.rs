//! Wakes whose system call is interrupted, or fails.

use std::time::Duration;

use mio::{Interest, Notifier, SelectorKind, Token, Waker};

use crate::support::{LONG, Watch};

mod ffi;

per_selector!(
    wake_survives_interruptions,
    notify_survives_interruptions,
    clear_survives_interruptions,
    failed_wake_is_returned_and_the_next_one_is_an_event,
    failed_clear_is_returned_and_the_next_notification_is_an_event,
);

/// Runs `call` while its system calls are interrupted, and checks that they were.
fn interrupted<T>(call: impl FnOnce() -> T) -> T {
    failing(3, libc::EINTR, call)
}

fn failing<T>(calls: usize, errno: libc::c_int, call: impl FnOnce() -> T) -> T {
    ffi::fail_next(calls, errno);
    let result = call();
    assert_eq!(ffi::failures_left(), 0, "no system call was made");
    result
}

/// Returns `true` if the waker makes a call that fails here.
fn writes(kind: SelectorKind) -> bool {
    kind != SelectorKind::EventPorts
}

fn wake_survives_interruptions(kind: SelectorKind) {
    if !writes(kind) {
        return;
    }
    let mut watch = Watch::new(kind);
    let waker = Waker::new(watch.poll.registry(), Token(1)).unwrap();
    for _ in 0..3 {
        interrupted(|| waker.wake()).unwrap();
        watch.poll(LONG);
        assert_eq!(watch.events.iter().count(), 1);
        watch.poll(Duration::ZERO);
        assert!(watch.events.is_empty());
    }
}

fn notify_survives_interruptions(kind: SelectorKind) {
    let mut watch = Watch::new(kind);
    let mut notifier = Notifier::new().unwrap();
    watch.register(&mut notifier, 1, Interest::READABLE);
    for _ in 0..3 {
        interrupted(|| notifier.notify()).unwrap();
        watch.wait_readable(1);
        assert!(notifier.clear().unwrap());
    }
}

fn clear_survives_interruptions(kind: SelectorKind) {
    let mut watch = Watch::new(kind);
    let mut notifier = Notifier::new().unwrap();
    watch.register(&mut notifier, 1, Interest::READABLE.level());
    for _ in 0..3 {
        notifier.notify().unwrap();
        watch.wait_readable(1);
        assert!(interrupted(|| notifier.clear()).unwrap());
        watch.expect_silence();
    }
}

fn failed_wake_is_returned_and_the_next_one_is_an_event(kind: SelectorKind) {
    let mut watch = Watch::new(kind);
    let waker = Waker::new(watch.poll.registry(), Token(1)).unwrap();
    let mut notifier = Notifier::new().unwrap();
    watch.register(&mut notifier, 2, Interest::READABLE);
    for _ in 0..3 {
        if writes(kind) {
            let err = failing(1, libc::ENOMEM, || waker.wake()).unwrap_err();
            assert_eq!(err.raw_os_error(), Some(libc::ENOMEM));
        }
        let err = failing(1, libc::ENOMEM, || notifier.notify()).unwrap_err();
        assert_eq!(err.raw_os_error(), Some(libc::ENOMEM));
        waker.wake().unwrap();
        watch.wait_readable(1);
        notifier.notify().unwrap();
        watch.wait_readable(2);
        assert!(notifier.clear().unwrap());
    }
}

fn failed_clear_is_returned_and_the_next_notification_is_an_event(kind: SelectorKind) {
    let mut watch = Watch::new(kind);
    let mut notifier = Notifier::new().unwrap();
    watch.register(&mut notifier, 1, Interest::READABLE);
    notifier.notify().unwrap();
    watch.wait_readable(1);
    for _ in 0..3 {
        let err = failing(1, libc::EIO, || notifier.clear()).unwrap_err();
        assert_eq!(err.raw_os_error(), Some(libc::EIO));
        notifier.notify().unwrap();
        watch.wait_readable(1);
    }
    assert!(notifier.clear().unwrap());
    watch.expect_silence();
}
