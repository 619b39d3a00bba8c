//! The protocol of the channel, apart from its queue and its notifier: the order of operations that
//! loses no message and no disconnect.
//!
//! A sender publishes and then notifies. The receiver checks the queue. If it is empty, the
//! receiver clears the notification and checks again, because the notification of a message that
//! was published before the clear may have been cleared with it. This gives the receiver's
//! invariant: *the notification is set unless the last result was `Empty` or `Disconnected`, and
//! after that each message sets it again.*
//!
//! When the receiver is dropped, it first sets a flag and then empties the queue. A sender first
//! pushes its message and then reads the flag. At least one of the two sees the other's action, so
//! *no message stays in the queue of a dropped receiver.*
//!
//! The tests of this file run it under [loom], which tries every interleaving: `ci/loom`.
//!
//! [loom]: https://docs.rs/loom

#[cfg(all(test, loom))]
use loom::sync::atomic::{AtomicBool, AtomicUsize, Ordering, fence};
use std::io;
#[cfg(not(all(test, loom)))]
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering, fence};

use super::{TryRecvError, TrySendError};

/// Queued messages, first in first out.
pub(super) trait Queue<T> {
    /// Returns the message if there is no room.
    fn push(&self, message: T) -> Result<(), T>;
    fn pop(&self) -> Option<T>;
}

/// The sending side of a notifier.
pub(super) trait Notify {
    /// Happens before the `clear` that takes this notification. After an error the next call
    /// retries.
    fn notify(&self) -> io::Result<()>;
}

/// The receiving side of a notifier.
pub(super) trait Clear: Notify {
    fn clear(&self);
}

/// The state shared by senders and receiver.
#[derive(Debug)]
pub(super) struct Shared<Q, N> {
    queue: Q,
    notify: N,
    senders: AtomicUsize,
    receiver_is_gone: AtomicBool,
}

impl<Q, N: Notify> Shared<Q, N> {
    /// Creates the state for one sender.
    pub(super) fn new(queue: Q, notify: N) -> Shared<Q, N> {
        Shared {
            queue,
            notify,
            senders: AtomicUsize::new(1),
            receiver_is_gone: AtomicBool::new(false),
        }
    }

    pub(super) fn queue(&self) -> &Q {
        &self.queue
    }

    pub(super) fn send<T>(&self, message: T) -> Result<(), TrySendError<T>>
    where
        Q: Queue<T>,
    {
        if self.receiver_is_gone() {
            return Err(TrySendError::Disconnected(message));
        }
        self.queue.push(message).map_err(TrySendError::Full)?;
        // Pairs with the fence of `drop_receiver`: the thread that is second to pass its fence sees
        // what the first did before its own.
        fence(Ordering::SeqCst);
        if self.receiver_is_gone() {
            // The receiver was dropped meanwhile. Draining may remove other messages along with
            // this one, so it can't be returned.
            self.empty();
            return Ok(());
        }
        self.notify.notify().map_err(TrySendError::Unnotified)
    }

    pub(super) fn receive<T>(&self, notifier: &impl Clear) -> Result<T, TryRecvError>
    where
        Q: Queue<T>,
    {
        if let Some(message) = self.queue.pop() {
            return Ok(message);
        }
        notifier.clear();
        // Before the last check: a sender that is gone by now has published before.
        let disconnected = self.senders.load(Ordering::Acquire) == 0;
        if let Some(message) = self.queue.pop() {
            // There may be more messages without a notification, and a caller that stops here needs
            // an event. After an error the next message notifies, and a caller that receives until
            // `Empty` needs none.
            let _ = notifier.notify();
            return Ok(message);
        }
        Err(if disconnected {
            TryRecvError::Disconnected
        } else {
            TryRecvError::Empty
        })
    }

    pub(super) fn add_sender(&self) {
        // The caller is a sender, so the count can't be zero, and nothing needs to be ordered with
        // it.
        self.senders.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn drop_sender(&self) {
        if self.senders.fetch_sub(1, Ordering::AcqRel) == 1 {
            // A drop can't report an error.
            let _ = self.notify.notify();
        }
    }

    pub(super) fn receiver_is_gone(&self) -> bool {
        self.receiver_is_gone.load(Ordering::Acquire)
    }

    /// Drops the unreceived messages.
    pub(super) fn drop_receiver<T>(&self)
    where
        Q: Queue<T>,
    {
        self.receiver_is_gone.store(true, Ordering::Release);
        fence(Ordering::SeqCst);
        self.empty();
    }

    fn empty<T>(&self)
    where
        Q: Queue<T>,
    {
        while self.queue.pop().is_some() {}
    }
}

#[cfg(all(test, loom))]
mod tests {
    use std::collections::VecDeque;

    use loom::sync::{Arc, Condvar, Mutex};
    use loom::thread;

    use super::*;

    #[derive(Default)]
    struct Messages(Mutex<VecDeque<u32>>);

    impl Queue<u32> for Messages {
        fn push(&self, message: u32) -> Result<(), u32> {
            self.0.lock().unwrap().push_back(message);
            Ok(())
        }

        fn pop(&self) -> Option<u32> {
            self.0.lock().unwrap().pop_front()
        }
    }

    /// A model of mio's notifier: a word that coalesces, and a signal that a poll waits for. One
    /// bit of the word is set while the signal is; the other bits are the generation, which each
    /// clear increases. Clearing takes two steps.
    #[derive(Clone, Default)]
    struct Notifier(Arc<State>);

    #[derive(Default)]
    struct State {
        word: AtomicUsize,
        signal: Mutex<Signal>,
        raised: Condvar,
    }

    #[derive(Default)]
    struct Signal {
        level: bool,
        edge: bool,
    }

    impl Notify for Notifier {
        fn notify(&self) -> io::Result<()> {
            let word = &self.0.word;
            let before = word.fetch_add(0, Ordering::AcqRel);
            if before & 1 == 0 {
                let mut signal = self.0.signal.lock().unwrap();
                *signal = Signal {
                    level: true,
                    edge: true,
                };
                self.0.raised.notify_one();
                drop(signal);
                // Skipped if it was cleared meanwhile.
                let (success, failure) = (Ordering::AcqRel, Ordering::Relaxed);
                let _ = word.compare_exchange(before, before | 1, success, failure);
            }
            Ok(())
        }
    }

    impl Clear for Notifier {
        fn clear(&self) {
            self.0.signal.lock().unwrap().level = false;
            let next = |word: usize| Some((word & !1) + 2);
            let (success, failure) = (Ordering::AcqRel, Ordering::Relaxed);
            let _ = self.0.word.fetch_update(success, failure, next);
        }
    }

    impl Notifier {
        /// Waits like a poll in edge mode. Without an edge it waits without end, which loom
        /// reports.
        fn wait_for_edge(&self) {
            let mut signal = self.0.signal.lock().unwrap();
            while !signal.edge {
                signal = self.0.raised.wait(signal).unwrap();
            }
            signal.edge = false;
        }

        /// Waits like a poll in level mode.
        fn wait_for_level(&self) {
            let mut signal = self.0.signal.lock().unwrap();
            while !signal.level {
                signal = self.0.raised.wait(signal).unwrap();
            }
        }
    }

    type Channel = Arc<Shared<Messages, Notifier>>;

    fn channel() -> (Channel, Notifier) {
        let notifier = Notifier::default();
        let shared = Shared::new(Messages::default(), notifier.clone());
        (Arc::new(shared), notifier)
    }

    fn send_and_drop(channel: &Channel, messages: std::ops::Range<u32>) -> thread::JoinHandle<()> {
        let channel = Arc::clone(channel);
        thread::spawn(move || {
            for message in messages {
                channel.send(message).unwrap();
            }
            channel.drop_sender();
        })
    }

    /// One event, and then all messages in order, and at last the disconnect.
    #[test]
    fn who_empties_the_queue_after_each_edge_misses_nothing() {
        loom::model(|| {
            let (channel, notifier) = channel();
            let sender = send_and_drop(&channel, 0..2);
            let mut expected = 0;
            'wait: loop {
                notifier.wait_for_edge();
                loop {
                    match channel.receive(&notifier) {
                        Ok(message) => {
                            assert_eq!(message, expected);
                            expected += 1;
                        }
                        Err(TryRecvError::Empty) => break,
                        Err(TryRecvError::Disconnected) => break 'wait,
                    }
                }
            }
            assert_eq!(expected, 2);
            sender.join().unwrap();
        });
    }

    /// In level mode one message per event is enough, whatever their number.
    #[test]
    fn who_takes_one_message_per_level_misses_nothing() {
        loom::model(|| {
            let (channel, notifier) = channel();
            let sender = send_and_drop(&channel, 0..2);
            let mut expected = 0;
            loop {
                notifier.wait_for_level();
                match channel.receive(&notifier) {
                    Ok(message) => {
                        assert_eq!(message, expected);
                        expected += 1;
                    }
                    Err(TryRecvError::Empty) => {}
                    Err(TryRecvError::Disconnected) => break,
                }
            }
            assert_eq!(expected, 2);
            sender.join().unwrap();
        });
    }

    /// Two senders: one disconnect, after the messages of both.
    #[test]
    fn the_disconnect_comes_after_all_messages() {
        loom::model(|| {
            let (channel, notifier) = channel();
            channel.add_sender();
            let senders = [0..1, 1..2].map(|messages| send_and_drop(&channel, messages));
            let mut seen = Vec::new();
            'wait: loop {
                notifier.wait_for_edge();
                loop {
                    match channel.receive(&notifier) {
                        Ok(message) => seen.push(message),
                        Err(TryRecvError::Empty) => break,
                        Err(TryRecvError::Disconnected) => break 'wait,
                    }
                }
            }
            seen.sort();
            assert_eq!(seen, [0, 1]);
            for sender in senders {
                sender.join().unwrap();
            }
        });
    }

    /// Room for two messages, with no more ordering between operations than a queue needs. (A lock
    /// would order all operations, and hide the purpose of the fences.)
    #[derive(Default)]
    struct Slots([AtomicUsize; 2]);

    impl Queue<u32> for Slots {
        fn push(&self, message: u32) -> Result<(), u32> {
            self.0[message as usize].store(1, Ordering::Release);
            Ok(())
        }

        fn pop(&self) -> Option<u32> {
            (0..2).find(|message| {
                let slot = &self.0[*message as usize];
                slot.load(Ordering::Acquire) == 1 && slot.swap(0, Ordering::AcqRel) == 1
            })
        }
    }

    /// Messages that two threads send while the receiver is dropped are refused or dropped; none
    /// stays.
    #[test]
    fn no_message_stays_when_the_receiver_is_gone() {
        loom::model(|| {
            let channel = Arc::new(Shared::new(Slots::default(), Notifier::default()));
            let senders = [0, 1].map(|message| {
                let channel = Arc::clone(&channel);
                thread::spawn(move || match channel.send(message) {
                    Ok(()) => {}
                    Err(err) => assert_eq!(err, TrySendError::Disconnected(message)),
                })
            });
            channel.drop_receiver();
            for sender in senders {
                sender.join().unwrap();
            }
            assert_eq!(channel.queue.pop(), None);
        });
    }
}

#[cfg(all(test, not(loom)))]
mod error_tests {
    use std::cell::Cell;

    use super::*;
    use crate::channel::queue::Messages;

    /// Fails once, as a write to a pipe fails for lack of memory.
    #[derive(Default)]
    struct FailsOnce(Cell<usize>);

    impl Notify for FailsOnce {
        fn notify(&self) -> io::Result<()> {
            match self.0.replace(self.0.get() + 1) {
                0 => Err(io::ErrorKind::OutOfMemory.into()),
                _ => Ok(()),
            }
        }
    }

    impl Clear for FailsOnce {
        fn clear(&self) {}
    }

    #[test]
    fn send_returns_the_error_of_notify_and_keeps_the_message() {
        let channel = Shared::new(Messages::bounded(2), FailsOnce::default());
        let err = channel.send("first").unwrap_err();
        let expected = TrySendError::Unnotified(io::ErrorKind::OutOfMemory.into());
        assert_eq!(err, expected);
        assert_eq!(err.into_inner(), None);
        assert_eq!(channel.send("second"), Ok(()));
        let receiver = FailsOnce::default();
        assert_eq!(channel.receive(&receiver), Ok("first"));
        assert_eq!(channel.receive(&receiver), Ok("second"));
        assert_eq!(channel.receive(&receiver), Err(TryRecvError::Empty));
    }
}
