//! Wakes whose system call is interrupted.

use std::time::Duration;

use mio::{Interest, Notifier, SelectorKind, Token, Waker};

use crate::support::{LONG, Watch};

mod ffi;

per_selector!(
    wake_survives_interruptions,
    notify_survives_interruptions,
    clear_survives_interruptions,
);

/// Runs `call` while its system calls are interrupted, and checks that they were.
fn interrupted<T>(call: impl FnOnce() -> T) -> T {
    ffi::interrupt_next(3);
    let result = call();
    assert_eq!(ffi::interruptions_left(), 0, "nothing was interrupted");
    result
}

fn wake_survives_interruptions(kind: SelectorKind) {
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
