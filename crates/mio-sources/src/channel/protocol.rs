//! Who says what when, so that no message and no disconnect is missed: the part of the channel that
//! is neither the queue nor the notifier.
//!
//! A sender publishes and then notifies. The receiver looks; when it finds nothing it clears the
//! notification and looks again, because what was published before the clear may have been notified
//! of before it too. From this follows what the receiver relies on: *the notification stands unless
//! `Empty` or `Disconnected` was the last answer, and after that each message makes a new one.*
//!
//! When the receiver goes, it says so and then empties the queue. A sender puts its message in and
//! then looks whether the receiver is gone. So at least one of the two sees what the other did, and
//! *no message stays in the queue of a receiver that is gone.*
//!
//! The tests of this file run it under [loom], which tries every order: `ci/loom`.
//!
//! [loom]: https://docs.rs/loom

#[cfg(all(test, loom))]
use loom::sync::atomic::{AtomicBool, AtomicUsize, Ordering, fence};
use std::io;
#[cfg(not(all(test, loom)))]
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering, fence};

use super::{TryRecvError, TrySendError};

/// Messages on their way, first in first out.
pub(super) trait Queue<T> {
    /// Gives the message back if there is no room.
    fn push(&self, message: T) -> Result<(), T>;
    fn pop(&self) -> Option<T>;
}

/// The sending side of a notifier.
pub(super) trait Notify {
    /// Happens before the `clear` that takes this notification. After an error the next call tries
    /// again.
    fn notify(&self) -> io::Result<()>;
}

/// The receiving side of a notifier.
pub(super) trait Clear: Notify {
    fn clear(&self);
}

/// What senders and receiver share.
#[derive(Debug)]
pub(super) struct Shared<Q, N> {
    queue: Q,
    notify: N,
    senders: AtomicUsize,
    receiver_is_gone: AtomicBool,
}

impl<Q, N: Notify> Shared<Q, N> {
    /// With one sender.
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
        // This one and that of `drop_receiver` have an order. Who is second sees what the first did
        // before it.
        fence(Ordering::SeqCst);
        if self.receiver_is_gone() {
            // It went meanwhile. Messages of others are taken out with ours, so it can't be told
            // apart, and is not given back.
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
        // Before the last look: who is gone by now has published before.
        let disconnected = self.senders.load(Ordering::Acquire) == 0;
        if let Some(message) = self.queue.pop() {
            // There may be more of which nobody will notify, and who stops here has to hear of it.
            // After an error the next message notifies, and who receives until `Empty` needs none.
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
        // Who adds one is one, so the number can't be zero, and nothing has to be in order with it.
        self.senders.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn drop_sender(&self) {
        if self.senders.fetch_sub(1, Ordering::AcqRel) == 1 {
            // This is a drop, which has nobody to return an error to.
            let _ = self.notify.notify();
        }
    }

    pub(super) fn receiver_is_gone(&self) -> bool {
        self.receiver_is_gone.load(Ordering::Acquire)
    }

    /// Drops what was not received.
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

    /// As mio's: a word that coalesces, and a signal that a poll waits for. The word says whether
    /// the signal is raised, and in its other bits the generation, which goes on with each clear.
    /// To clear takes two steps.
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
                // Not if it was cleared meanwhile.
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
        /// As a poll in edge mode. Waits for ever if nothing comes, which loom reports.
        fn wait_for_edge(&self) {
            let mut signal = self.0.signal.lock().unwrap();
            while !signal.edge {
                signal = self.0.raised.wait(signal).unwrap();
            }
            signal.edge = false;
        }

        /// As a poll in level mode.
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

    /// One event, and then all there is: messages in order, and at last the disconnect.
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

    /// One message for each event is enough in level mode, however many there are.
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

    /// Two senders: the disconnect is told once, after the messages of both.
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

    /// Room for two messages, and no more order between two operations than a queue needs. (A lock
    /// would put all of them in one order, and hide what the fences are for.)
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

    /// What two threads send while the receiver goes is refused or dropped, and stays nowhere.
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

    /// Fails once, as a write to a pipe does for which there is no memory.
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
