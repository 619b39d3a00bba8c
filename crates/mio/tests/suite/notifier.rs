//! Notifiers: any number of them, from any thread, without a lost notification.

use std::io::ErrorKind;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

use mio::{Interest, Notifier, SelectorKind, Token, Waker};

use crate::allocations::without_allocating;
use crate::support::{LONG, SetAtEnd, Watch};

per_selector! {
    a_notification_is_an_event,
    several_notifications_are_one_event,
    each_notifier_has_its_own_token,
    an_edge_comes_again_after_clear,
    a_level_lasts_until_clear,
    once_is_once_until_reregister,
    notified_before_it_is_registered,
    what_is_cleared_before_a_poll_is_no_event,
    clear_tells_whether_it_was_notified,
    a_handle_may_outlive_its_notifier,
    no_event_after_deregister_or_drop,
    it_may_be_registered_with_another_poll,
    a_notification_goes_along_to_another_poll,
    its_poll_may_go_while_it_is_notified,
    reregister_reports_again,
    only_reading_can_be_asked_for,
    a_waiting_poll_is_ended_by_a_notification,
    none_is_lost_between_threads_with_edges,
    none_is_lost_between_threads_with_levels,
    none_is_lost_between_threads_with_oneshot,
    no_event_of_a_notifier_that_was_dropped,
    notifiers_and_the_waker_do_not_disturb_each_other,
    notifying_does_not_allocate,
}

const EDGE: Interest = Interest::READABLE;
const LEVEL: Interest = Interest::READABLE.level();
const ONESHOT: Interest = Interest::READABLE.oneshot();

fn registered(kind: SelectorKind, interest: Interest) -> (Watch, Notifier) {
    let watch = Watch::new(kind);
    let mut notifier = Notifier::new().unwrap();
    watch.register(&mut notifier, 1, interest);
    (watch, notifier)
}

fn reregister(watch: &Watch, notifier: &mut Notifier, token: usize, interest: Interest) {
    let registry = watch.poll.registry();
    registry
        .reregister(notifier, Token(token), interest)
        .unwrap();
}

fn a_notification_is_an_event(kind: SelectorKind) {
    for interest in [EDGE, LEVEL, ONESHOT] {
        let (mut watch, notifier) = registered(kind, interest);
        watch.expect_silence();
        notifier.notify().unwrap();
        let event = watch.wait_readable(1);
        assert!(!event.is_writable() && !event.is_error() && !event.is_read_closed());
    }
}

fn several_notifications_are_one_event(kind: SelectorKind) {
    let (mut watch, notifier) = registered(kind, EDGE);
    for _ in 0..1000 {
        notifier.notify().unwrap();
    }
    watch.wait_readable(1);
    assert_eq!(watch.events.iter().count(), 1);
    notifier.notify().unwrap();
    watch.expect_silence();
}

fn each_notifier_has_its_own_token(kind: SelectorKind) {
    let mut watch = Watch::new(kind);
    let mut notifiers: Vec<_> = (0..20).map(|_| Notifier::new().unwrap()).collect();
    for (token, notifier) in notifiers.iter_mut().enumerate() {
        watch.register(notifier, token, EDGE);
    }
    for token in [3, 17, 0] {
        notifiers[token].notify().unwrap();
        watch.wait_readable(token);
        assert_eq!(watch.events.iter().count(), 1);
        assert!(notifiers[token].clear().unwrap());
    }
}

fn an_edge_comes_again_after_clear(kind: SelectorKind) {
    let (mut watch, notifier) = registered(kind, EDGE);
    for _ in 0..20 {
        notifier.notify().unwrap();
        watch.wait_readable(1);
        assert!(notifier.clear().unwrap());
    }
    watch.expect_silence();
}

fn a_level_lasts_until_clear(kind: SelectorKind) {
    let (mut watch, notifier) = registered(kind, LEVEL);
    notifier.notify().unwrap();
    for _ in 0..5 {
        watch.wait_readable(1);
    }
    notifier.clear().unwrap();
    watch.expect_silence();
    notifier.notify().unwrap();
    watch.wait_readable(1);
}

fn once_is_once_until_reregister(kind: SelectorKind) {
    let (mut watch, mut notifier) = registered(kind, ONESHOT);
    notifier.notify().unwrap();
    watch.wait_readable(1);
    notifier.clear().unwrap();
    notifier.notify().unwrap();
    watch.expect_silence();
    reregister(&watch, &mut notifier, 2, ONESHOT);
    watch.wait_readable(2);
    watch.expect_silence();
}

fn notified_before_it_is_registered(kind: SelectorKind) {
    let mut watch = Watch::new(kind);
    let mut notifier = Notifier::new().unwrap();
    notifier.notify().unwrap();
    watch.register(&mut notifier, 1, EDGE);
    watch.wait_readable(1);
}

fn what_is_cleared_before_a_poll_is_no_event(kind: SelectorKind) {
    for interest in [EDGE, LEVEL, ONESHOT] {
        let (mut watch, notifier) = registered(kind, interest);
        notifier.notify().unwrap();
        assert!(notifier.clear().unwrap());
        watch.expect_silence();
        notifier.notify().unwrap();
        watch.wait_readable(1);
    }
}

fn clear_tells_whether_it_was_notified(kind: SelectorKind) {
    let (_watch, notifier) = registered(kind, EDGE);
    assert!(!notifier.clear().unwrap());
    notifier.handle().notify().unwrap();
    assert!(notifier.clear().unwrap());
    assert!(!notifier.clear().unwrap());
}

fn a_handle_may_outlive_its_notifier(kind: SelectorKind) {
    let (mut watch, notifier) = registered(kind, LEVEL);
    let handle = notifier.handle();
    drop(notifier);
    handle.clone().notify().unwrap();
    watch.expect_silence();
}

fn no_event_after_deregister_or_drop(kind: SelectorKind) {
    for interest in [EDGE, LEVEL, ONESHOT] {
        let (mut watch, mut notifier) = registered(kind, interest);
        notifier.notify().unwrap();
        watch.deregister(&mut notifier);
        watch.expect_silence();
        notifier.notify().unwrap();
        watch.expect_silence();
        watch.register(&mut notifier, 2, interest);
        watch.wait_readable(2);

        notifier.clear().unwrap();
        reregister(&watch, &mut notifier, 3, interest);
        notifier.notify().unwrap();
        drop(notifier);
        watch.expect_silence();
    }
}

fn it_may_be_registered_with_another_poll(kind: SelectorKind) {
    let (mut first, mut notifier) = registered(kind, EDGE);
    let mut second = Watch::new(kind);
    let handle = notifier.handle();
    first.deregister(&mut notifier);
    second.register(&mut notifier, 2, EDGE);
    handle.notify().unwrap();
    second.wait_readable(2);
    first.expect_silence();
    let other = first.poll.registry().deregister(&mut notifier).unwrap_err();
    assert_eq!(other.kind(), ErrorKind::NotFound);
}

/// A pending notification moves to another poll, even if the first poll has received it and is
/// never polled again.
fn a_notification_goes_along_to_another_poll(kind: SelectorKind) {
    for interest in [EDGE, LEVEL, ONESHOT] {
        let (mut first, mut notifier) = registered(kind, interest);
        for token in 2..5 {
            notifier.notify().unwrap();
            first.deregister(&mut notifier);
            let mut second = Watch::new(kind);
            second.register(&mut notifier, token, interest);
            second.wait_readable(token);
            assert!(notifier.clear().unwrap());
            second.expect_silence();
            second.deregister(&mut notifier);
            first.register(&mut notifier, 1, interest);
        }
        first.expect_silence();
        notifier.notify().unwrap();
        first.wait_readable(1);
    }
}

/// Any thread may drop the last reference to the poll, with any events pending.
fn its_poll_may_go_while_it_is_notified(kind: SelectorKind) {
    for round in 0..200 {
        let mut watch = Watch::new(kind);
        let mut notifiers: Vec<_> = (0..4).map(|_| Notifier::new().unwrap()).collect();
        for (token, notifier) in notifiers.iter_mut().enumerate() {
            watch.register(notifier, token, LEVEL);
        }
        thread::scope(|scope| {
            for notifier in &notifiers {
                scope.spawn(|| {
                    for _ in 0..50 {
                        notifier.notify().unwrap();
                        notifier.clear().unwrap();
                    }
                });
            }
            if round % 2 == 0 {
                watch.poll(std::time::Duration::ZERO);
            }
            drop(watch);
        });
    }
}

fn reregister_reports_again(kind: SelectorKind) {
    let (mut watch, mut notifier) = registered(kind, EDGE);
    notifier.notify().unwrap();
    watch.wait_readable(1);
    reregister(&watch, &mut notifier, 2, EDGE);
    watch.wait_readable(2);
    watch.expect_silence();
}

fn only_reading_can_be_asked_for(kind: SelectorKind) {
    let watch = Watch::new(kind);
    let mut notifier = Notifier::new().unwrap();
    let registry = watch.poll.registry();
    let result = registry.register(&mut notifier, Token(1), Interest::WRITABLE);
    assert_eq!(result.unwrap_err().kind(), ErrorKind::InvalidInput);
    let mut watch = watch;
    watch.register(&mut notifier, 1, Interest::READABLE | Interest::WRITABLE);
    watch.expect_silence();
}

fn a_waiting_poll_is_ended_by_a_notification(kind: SelectorKind) {
    let (mut watch, notifier) = registered(kind, EDGE);
    let handle = notifier.handle();
    let thread = thread::spawn(move || {
        thread::yield_now();
        handle.notify().unwrap();
    });
    watch.wait_readable(1);
    thread.join().unwrap();
}

fn none_is_lost_between_threads_with_edges(kind: SelectorKind) {
    none_is_lost_between_threads(kind, EDGE);
}

fn none_is_lost_between_threads_with_levels(kind: SelectorKind) {
    none_is_lost_between_threads(kind, LEVEL);
}

fn none_is_lost_between_threads_with_oneshot(kind: SelectorKind) {
    none_is_lost_between_threads(kind, ONESHOT);
}

/// Threads increment a counter and notify; the poll waits without a timeout until it has seen all
/// increments. A lost notification would make it hang.
fn none_is_lost_between_threads(kind: SelectorKind, interest: Interest) {
    const THREADS: usize = 3;
    const EACH: usize = 20_000;
    let (mut watch, mut notifier) = registered(kind, interest);
    let count = AtomicUsize::new(0);
    thread::scope(|scope| {
        for _ in 0..THREADS {
            let (handle, count) = (notifier.handle(), &count);
            scope.spawn(move || {
                for number in 0..EACH {
                    count.fetch_add(1, Ordering::Relaxed);
                    handle.notify().unwrap();
                    if number % 64 == 0 {
                        thread::yield_now();
                    }
                }
            });
        }
        let mut seen = 0;
        while seen < THREADS * EACH {
            watch.wait_readable(1);
            notifier.clear().unwrap();
            seen = count.load(Ordering::Relaxed);
            if interest.is_oneshot() {
                reregister(&watch, &mut notifier, 1, interest);
            }
        }
    });
}

/// Also if another thread notifies at that moment.
fn no_event_of_a_notifier_that_was_dropped(kind: SelectorKind) {
    let mut watch = Watch::new(kind);
    let (hand_over, handles) = std::sync::mpsc::channel::<mio::NotifierHandle>();
    thread::scope(|scope| {
        scope.spawn(move || {
            for handle in handles {
                for _ in 0..20 {
                    handle.notify().unwrap();
                }
            }
        });
        for token in 0..2_000 {
            let mut notifier = Notifier::new().unwrap();
            watch.register(&mut notifier, token, LEVEL);
            hand_over.send(notifier.handle()).unwrap();
            watch.wait_readable(token);
            notifier.clear().unwrap();
            drop(notifier);
            watch.poll(Duration::ZERO);
            assert!(watch.events.is_empty(), "{:?}", watch.events);
        }
        drop(hand_over);
    });
}

fn notifiers_and_the_waker_do_not_disturb_each_other(kind: SelectorKind) {
    let (mut watch, notifier) = registered(kind, EDGE);
    let waker = Waker::new(watch.poll.registry(), Token(9)).unwrap();
    let done = AtomicBool::new(false);
    thread::scope(|scope| {
        scope.spawn(|| {
            while !done.load(Ordering::Relaxed) {
                waker.wake().unwrap();
            }
        });
        let _end = SetAtEnd(&done);
        for _ in 0..500 {
            notifier.notify().unwrap();
            watch.wait_readable(1);
            notifier.clear().unwrap();
        }
    });
    waker.wake().unwrap();
    watch.wait_readable(9);
}

fn notifying_does_not_allocate(kind: SelectorKind) {
    for interest in [EDGE, LEVEL] {
        let (mut watch, notifier) = registered(kind, interest);
        let handle = notifier.handle();
        without_allocating("notifying", || {
            for _ in 0..10 {
                handle.notify().unwrap();
                handle.notify().unwrap();
                watch.poll(LONG);
                assert!(notifier.clear().unwrap());
            }
        });
    }
}
