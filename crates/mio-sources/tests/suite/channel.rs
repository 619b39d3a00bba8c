//! Messages from other threads.

use std::cell::Cell;
use std::io::ErrorKind;
use std::sync::Arc;
use std::thread;

use allocation_counter::measure;
use mio::{Interest, SelectorKind};
use mio_sources::channel::{self, Receiver, Sender, TryRecvError, TrySendError};

use crate::support::{Watch, interests_have_one_rule};

const READABLE: Interest = Interest::READABLE;

over_each_selector!(
    a_burst_is_one_event,
    a_message_after_empty_is_a_new_event,
    what_was_sent_before_registering_is_told,
    a_few_per_poll_are_enough_in_level_mode,
    a_few_per_poll_and_reregistering_are_enough_in_edge_mode,
    the_disconnect_is_an_event,
    the_disconnect_comes_after_the_messages,
    only_the_last_sender_disconnects,
    a_dropped_receiver_is_silent,
    a_full_channel_has_room_again_after_a_receive,
    two_channels_are_told_apart,
    reading_is_what_can_be_asked_for,
    oneshot_tells_once,
    a_million_messages_from_eight_threads_through_a_small_channel,
    a_million_messages_from_eight_threads_through_an_unbounded_channel,
);

fn registered<T>(
    kind: SelectorKind,
    (sender, mut receiver): (Sender<T>, Receiver<T>),
) -> (Watch, Sender<T>, Receiver<T>) {
    let watch = Watch::new(kind);
    watch.register(&mut receiver, 0, READABLE);
    (watch, sender, receiver)
}

fn unbounded<T>() -> (Sender<T>, Receiver<T>) {
    channel::unbounded().expect("a channel")
}

fn bounded<T>(capacity: usize) -> (Sender<T>, Receiver<T>) {
    channel::bounded(capacity).expect("a channel")
}

fn a_burst_is_one_event(kind: SelectorKind) {
    let (mut watch, sender, receiver) = registered(kind, unbounded());
    for number in 0..1000 {
        sender.try_send(number).expect("a receiver");
    }
    watch.wait_readable(0);
    assert_eq!(watch.events.iter().count(), 1);
    for number in 1000..2000 {
        sender.try_send(number).expect("a receiver");
    }
    watch.expect_silence();
    assert!(receiver.try_iter().eq(0..2000));
    watch.expect_silence();
}

fn a_message_after_empty_is_a_new_event(kind: SelectorKind) {
    let (mut watch, sender, receiver) = registered(kind, bounded(1));
    for number in 0..100 {
        sender.try_send(number).expect("room");
        watch.wait_readable(0);
        assert_eq!(receiver.try_recv(), Ok(number));
        assert_eq!(receiver.try_recv(), Err(TryRecvError::Empty));
    }
}

fn what_was_sent_before_registering_is_told(kind: SelectorKind) {
    let (sender, mut receiver) = unbounded();
    sender.try_send("early").expect("a receiver");
    let mut watch = Watch::new(kind);
    watch.register(&mut receiver, 0, READABLE);
    watch.wait_readable(0);
    assert_eq!(receiver.try_recv(), Ok("early"));
}

fn a_few_per_poll_are_enough_in_level_mode(kind: SelectorKind) {
    let mut watch = Watch::new(kind);
    let (sender, mut receiver) = unbounded();
    watch.register(&mut receiver, 0, READABLE.level());
    let thread = thread::spawn(move || (0..1000).try_for_each(|number| sender.try_send(number)));
    let mut received = 0;
    loop {
        watch.wait_readable(0);
        match receiver.try_recv() {
            Ok(number) => assert_eq!(number, received),
            Err(TryRecvError::Empty) => continue,
            Err(TryRecvError::Disconnected) => break,
        }
        received += 1;
    }
    assert_eq!(received, 1000);
    assert_eq!(thread.join().expect("a thread"), Ok(()));
}

fn a_few_per_poll_and_reregistering_are_enough_in_edge_mode(kind: SelectorKind) {
    let (mut watch, sender, mut receiver) = registered(kind, unbounded());
    (0..10).for_each(|number| sender.try_send(number).expect("a receiver"));
    for number in 0..10 {
        watch.wait_readable(0);
        assert_eq!(receiver.try_recv(), Ok(number));
        let registry = watch.poll.registry();
        registry
            .reregister(&mut receiver, mio::Token(0), READABLE)
            .expect("reregister");
    }
}

fn the_disconnect_is_an_event(kind: SelectorKind) {
    let (mut watch, sender, receiver) = registered(kind, unbounded::<()>());
    assert_eq!(receiver.try_recv(), Err(TryRecvError::Empty));
    let thread = thread::spawn(move || drop(sender));
    watch.wait_readable(0);
    for _ in 0..3 {
        assert_eq!(receiver.try_recv(), Err(TryRecvError::Disconnected));
    }
    thread.join().expect("a thread");
    watch.expect_silence();
}

fn the_disconnect_comes_after_the_messages(kind: SelectorKind) {
    let (mut watch, sender, receiver) = registered(kind, bounded(2));
    sender.try_send(1).expect("room");
    sender.try_send(2).expect("room");
    drop(sender);
    watch.wait_readable(0);
    assert_eq!(receiver.try_recv(), Ok(1));
    assert_eq!(receiver.try_recv(), Ok(2));
    assert_eq!(receiver.try_recv(), Err(TryRecvError::Disconnected));
}

fn only_the_last_sender_disconnects(kind: SelectorKind) {
    let (mut watch, sender, receiver) = registered(kind, unbounded::<()>());
    let other = sender.clone();
    drop(sender);
    watch.expect_silence();
    assert_eq!(receiver.try_recv(), Err(TryRecvError::Empty));
    drop(other);
    watch.wait_readable(0);
    assert_eq!(receiver.try_recv(), Err(TryRecvError::Disconnected));
}

fn a_dropped_receiver_is_silent(kind: SelectorKind) {
    let (mut watch, sender, receiver) = registered(kind, unbounded());
    drop(receiver);
    assert!(sender.is_disconnected());
    let back = sender.try_send(String::from("back"));
    assert_eq!(back, Err(TrySendError::Disconnected(String::from("back"))));
    drop(sender);
    watch.expect_silence();
}

fn a_full_channel_has_room_again_after_a_receive(kind: SelectorKind) {
    let (mut watch, sender, receiver) = registered(kind, bounded(3));
    assert_eq!(sender.capacity(), Some(3));
    for number in 0..3 {
        sender.try_send(number).expect("room");
    }
    assert_eq!(sender.try_send(3), Err(TrySendError::Full(3)));
    watch.wait_readable(0);
    assert_eq!(receiver.try_recv(), Ok(0));
    sender.try_send(3).expect("room");
    assert_eq!(sender.try_send(4), Err(TrySendError::Full(4)));
    assert!(receiver.try_iter().eq(1..4));
}

fn two_channels_are_told_apart(kind: SelectorKind) {
    let (mut watch, _sender, receiver) = registered(kind, unbounded::<u8>());
    let (other_sender, mut other) = unbounded();
    watch.register(&mut other, 1, READABLE);
    other_sender.try_send(7).expect("a receiver");
    watch.wait_readable(1);
    assert_eq!(other.try_recv(), Ok(7));
    assert_eq!(receiver.try_recv(), Err(TryRecvError::Empty));
}

fn reading_is_what_can_be_asked_for(kind: SelectorKind) {
    let (_sender, mut receiver) = unbounded::<()>();
    interests_have_one_rule(kind, &mut receiver);
}

fn oneshot_tells_once(kind: SelectorKind) {
    let mut watch = Watch::new(kind);
    let (sender, mut receiver) = unbounded();
    watch.register(&mut receiver, 0, READABLE.oneshot());
    for number in 0..3 {
        sender.try_send(number).expect("a receiver");
        watch.wait_readable(0);
        assert_eq!(receiver.try_recv(), Ok(number));
        assert_eq!(receiver.try_recv(), Err(TryRecvError::Empty));
        sender.try_send(7).expect("a receiver");
        watch.expect_silence();
        assert_eq!(receiver.try_recv(), Ok(7));
        let registry = watch.poll.registry();
        registry
            .reregister(&mut receiver, mio::Token(0), READABLE.oneshot())
            .expect("reregister");
    }
}

fn a_million_messages_from_eight_threads_through_a_small_channel(kind: SelectorKind) {
    a_million_messages(kind, bounded(1000));
}

fn a_million_messages_from_eight_threads_through_an_unbounded_channel(kind: SelectorKind) {
    a_million_messages(kind, unbounded());
}

/// A thread, and the number of its message.
type Numbered = (usize, u32);

/// No poll has a timeout that could help: a lost message fails the test.
fn a_million_messages(kind: SelectorKind, channel: (Sender<Numbered>, Receiver<Numbered>)) {
    const THREADS: usize = 8;
    const EACH: u32 = 125_000;
    let (mut watch, sender, receiver) = registered(kind, channel);
    let threads: Vec<_> = (0..THREADS)
        .map(|thread| {
            let sender = sender.clone();
            thread::spawn(move || {
                for number in 0..EACH {
                    let mut message = (thread, number);
                    while let Err(TrySendError::Full(back)) = sender.try_send(message) {
                        message = back;
                        thread::yield_now();
                    }
                }
            })
        })
        .collect();
    drop(sender);
    let mut next = [0; THREADS];
    'wait: loop {
        watch.wait_readable(0);
        loop {
            match receiver.try_recv() {
                Ok((thread, number)) => {
                    assert_eq!(number, next[thread], "the order of a sender");
                    next[thread] += 1;
                }
                Err(TryRecvError::Empty) => break,
                Err(TryRecvError::Disconnected) => break 'wait,
            }
        }
    }
    assert_eq!(next, [EACH; THREADS]);
    for thread in threads {
        thread.join().expect("a thread");
    }
}

#[test]
fn a_channel_without_room_is_a_mistake() {
    let err = channel::bounded::<()>(0).expect_err("zero");
    assert_eq!(err.kind(), ErrorKind::InvalidInput);
    assert!(err.to_string().contains("capacity"), "{err}");
}

#[test]
fn a_bounded_channel_does_not_allocate() {
    let (sender, receiver) = bounded(100);
    let allocations = measure(|| {
        for round in 0..10 {
            while sender.try_send(round).is_ok() {}
            assert_eq!(receiver.try_iter().count(), 100);
        }
    });
    assert_eq!(allocations.count_total, 0);
}

#[test]
fn each_message_is_dropped_once() {
    let count = Arc::new(());
    for (sender, receiver) in [bounded(10), unbounded()] {
        for _ in 0..10 {
            sender.try_send(Arc::clone(&count)).expect("room");
        }
        drop(receiver.try_recv());
        assert_eq!(Arc::strong_count(&count), 10);
        drop(receiver);
        assert_eq!(Arc::strong_count(&count), 1);
        drop(sender.try_send(Arc::clone(&count)));
        assert_eq!(Arc::strong_count(&count), 1);
    }
}

#[test]
fn a_sender_may_be_shared_whatever_it_sends() {
    fn is_send_and_sync<T: Send + Sync>() {}
    is_send_and_sync::<Sender<Cell<u8>>>();
    is_send_and_sync::<Receiver<Cell<u8>>>();
}
