//! Messages from other threads as events: any number of senders, and one receiver that is a source.
//!
//! ```
//! # fn main() -> std::io::Result<()> {
//! use std::thread;
//!
//! use mio::{Events, Interest, Poll, Token};
//! use mio_sources::channel::{self, TryRecvError};
//!
//! let mut poll = Poll::new()?;
//! let (sender, mut receiver) = channel::bounded(128)?;
//! poll.registry().register(&mut receiver, Token(0), Interest::READABLE)?;
//!
//! let other = sender.clone();
//! thread::spawn(move || other.try_send("from a thread"));
//! thread::spawn(move || sender.try_send("from another one"));
//!
//! let mut events = Events::with_capacity(16);
//! let mut messages = Vec::new();
//! 'wait: loop {
//!     poll.poll(&mut events, None)?;
//!     loop {
//!         match receiver.try_recv() {
//!             Ok(message) => messages.push(message),
//!             Err(TryRecvError::Empty) => break,
//!             // Both threads have ended.
//!             Err(TryRecvError::Disconnected) => break 'wait,
//!         }
//!     }
//! }
//! assert_eq!(messages.len(), 2);
//! # Ok(())
//! # }
//! ```
//!
//! # Receiving until `Empty`
//!
//! The receiver is readable from the first message, or from the disconnect, until
//! [`try_recv`](Receiver::try_recv) returns `Empty` or `Disconnected`. Messages that arrive
//! meanwhile make no system call: a burst is one event.
//!
//! In edge mode there is no further event before `Empty`, so receive until then. To take only a few
//! messages per iteration, register the receiver with [`Interest::level`](mio::Interest::level):
//! then each poll has an event while there are messages.
//!
//! # Implementation
//!
//! A queue of crossbeam and a [`mio::Notifier`]. The notifier is one eventfd on Linux, and one pipe
//! where there are no eventfds or a sandbox refuses them. There is no thread.
//!
//! Needs the feature `channel`.

mod error;
mod protocol;
mod queue;

use std::sync::Arc;
use std::{fmt, io};

use mio::event::Source;
use mio::{Interest, Notifier, NotifierHandle, Registry, Token};

pub use self::error::{TryRecvError, TrySendError};
use self::protocol::{Clear, Notify, Shared};
use self::queue::Messages;

/// The sending half of a channel, for any thread. It can be cloned.
///
/// When the last sender is dropped, the receiver gets an event, and returns
/// [`TryRecvError::Disconnected`] after the last message.
///
/// # Examples
///
/// ```
/// # fn main() -> std::io::Result<()> {
/// let (sender, receiver) = mio_sources::channel::unbounded()?;
/// let other = sender.clone();
/// std::thread::spawn(move || other.try_send(1)).join().unwrap().unwrap();
/// sender.try_send(2).unwrap();
/// assert_eq!(receiver.try_iter().collect::<Vec<_>>(), [1, 2]);
/// # Ok(())
/// # }
/// ```
pub struct Sender<T> {
    shared: Arc<Shared<Messages<T>, NotifierHandle>>,
}

/// The receiving half of a channel, as a source that is readable while there are messages.
///
/// Register it for [`Interest::READABLE`]; see the [module](self) for how to receive. Dropping it
/// drops the unreceived messages, and senders then get back what they try to send. A message that
/// is sent at the moment of the drop may be dropped although [`try_send`](Sender::try_send) returns
/// `Ok`, as one that was sent just before.
///
/// # Examples
///
/// ```
/// # fn main() -> std::io::Result<()> {
/// use mio::{Events, Interest, Poll, Token};
///
/// let mut poll = Poll::new()?;
/// let (sender, mut receiver) = mio_sources::channel::unbounded()?;
/// poll.registry().register(&mut receiver, Token(7), Interest::READABLE)?;
/// sender.try_send("hello").unwrap();
///
/// let mut events = Events::with_capacity(4);
/// poll.poll(&mut events, None)?;
/// assert_eq!(events.iter().next().map(|event| event.token()), Some(Token(7)));
/// assert_eq!(receiver.try_recv(), Ok("hello"));
/// # Ok(())
/// # }
/// ```
pub struct Receiver<T> {
    /// First, because it is dropped first: no more notifications are needed.
    notifier: Notifier,
    shared: Arc<Shared<Messages<T>, NotifierHandle>>,
}

/// An iterator over the available messages, created by [`Receiver::try_iter`].
///
/// # Examples
///
/// ```
/// # fn main() -> std::io::Result<()> {
/// use mio_sources::channel::{self, TryIter};
///
/// /// Takes a few messages per iteration, for a receiver in level mode.
/// fn turn(messages: TryIter<'_, u32>) -> u32 {
///     messages.take(2).sum()
/// }
///
/// let (sender, receiver) = channel::unbounded()?;
/// for number in [1, 2, 3] {
///     sender.try_send(number).unwrap();
/// }
/// assert_eq!(turn(receiver.try_iter()), 3);
/// assert_eq!(turn(receiver.try_iter()), 3);
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct TryIter<'a, T> {
    receiver: &'a Receiver<T>,
}

/// Creates a channel with room for `capacity` messages. It allocates now and never again.
///
/// # Errors
///
/// Returns [`InvalidInput`](io::ErrorKind::InvalidInput) if the capacity is zero, and the errors of
/// [`Notifier::new`]: that of the OS if no descriptor is left (`EMFILE`, `ENFILE`), and
/// [`Unsupported`](io::ErrorKind::Unsupported) on WASI.
///
/// # Panics
///
/// Panics if there is not enough memory for the capacity.
///
/// # Examples
///
/// ```
/// # fn main() -> std::io::Result<()> {
/// let (sender, receiver) = mio_sources::channel::bounded(16)?;
/// sender.try_send("hello").unwrap();
/// assert_eq!(receiver.try_recv(), Ok("hello"));
/// # Ok(())
/// # }
/// ```
pub fn bounded<T>(capacity: usize) -> io::Result<(Sender<T>, Receiver<T>)> {
    if capacity == 0 {
        return Err(io::Error::new(
            io::ErrorKind::InvalidInput,
            "a channel without room would always be full; its capacity is one or more",
        ));
    }
    channel(Messages::bounded(capacity))
}

/// Creates a channel that is never full. It grows while messages are sent faster than they are
/// received.
///
/// # Errors
///
/// Returns the errors of [`Notifier::new`]: that of the OS if no descriptor is left (`EMFILE`,
/// `ENFILE`), and [`Unsupported`](io::ErrorKind::Unsupported) on WASI.
///
/// # Examples
///
/// ```
/// # fn main() -> std::io::Result<()> {
/// let (sender, receiver) = mio_sources::channel::unbounded()?;
/// for number in 0..1000 {
///     sender.try_send(number).unwrap();
/// }
/// assert!(receiver.try_iter().eq(0..1000));
/// # Ok(())
/// # }
/// ```
pub fn unbounded<T>() -> io::Result<(Sender<T>, Receiver<T>)> {
    channel(Messages::unbounded())
}

impl<T> Sender<T> {
    /// Sends a message, and makes the receiver readable if it is not. Never waits for room.
    ///
    /// Messages of one sender are received in the order in which it sent them.
    ///
    /// Do not call it in a signal handler. It may allocate, and it may wait for another send to
    /// complete, which never happens if the handler has interrupted that send. In a handler set a
    /// flag and call [`mio::NotifierHandle::notify`].
    ///
    /// # Errors
    ///
    /// The first two errors return the message.
    ///
    /// * [`Full`](TrySendError::Full): a bounded channel has no room left.
    /// * [`Disconnected`](TrySendError::Disconnected): the receiver was dropped.
    /// * [`Unnotified`](TrySendError::Unnotified): the message was sent, but the receiver could not
    ///   be made readable. This is not expected.
    ///
    /// # Examples
    ///
    /// ```
    /// # fn main() -> std::io::Result<()> {
    /// use mio_sources::channel::{self, TrySendError};
    ///
    /// let (sender, receiver) = channel::bounded(1)?;
    /// sender.try_send(1).unwrap();
    /// match sender.try_send(2) {
    ///     Err(TrySendError::Full(message)) => assert_eq!(message, 2),
    ///     other => panic!("{other:?}"),
    /// }
    /// # drop(receiver);
    /// # Ok(())
    /// # }
    /// ```
    pub fn try_send(&self, message: T) -> Result<(), TrySendError<T>> {
        self.shared.send(message)
    }

    /// Returns `true` if the receiver was dropped. Every [`try_send`](Self::try_send) then fails.
    ///
    /// # Examples
    ///
    /// ```
    /// # fn main() -> std::io::Result<()> {
    /// let (sender, receiver) = mio_sources::channel::unbounded::<()>()?;
    /// assert!(!sender.is_disconnected());
    /// drop(receiver);
    /// assert!(sender.is_disconnected());
    /// # Ok(())
    /// # }
    /// ```
    pub fn is_disconnected(&self) -> bool {
        self.shared.receiver_is_gone()
    }

    /// Returns the maximum number of queued messages, or `None` if the channel is unbounded.
    ///
    /// # Examples
    ///
    /// ```
    /// # fn main() -> std::io::Result<()> {
    /// let (sender, _receiver) = mio_sources::channel::bounded::<()>(5)?;
    /// assert_eq!(sender.capacity(), Some(5));
    /// # Ok(())
    /// # }
    /// ```
    pub fn capacity(&self) -> Option<usize> {
        self.shared.queue().capacity()
    }
}

impl<T> Receiver<T> {
    /// Receives the next message, if there is one. Never waits for a message. (If a sender is just
    /// putting one into the queue, it yields until that is done, which takes a few instructions.)
    ///
    /// Returning `Empty` takes a system call. Receiving a message takes none, unless it arrived
    /// during that call.
    ///
    /// # Errors
    ///
    /// * [`Empty`](TryRecvError::Empty): there is no message now, and the next one causes an event.
    /// * [`Disconnected`](TryRecvError::Disconnected): no message will follow.
    ///
    /// # Examples
    ///
    /// ```
    /// # fn main() -> std::io::Result<()> {
    /// use mio_sources::channel::{self, TryRecvError};
    ///
    /// let (sender, receiver) = channel::unbounded()?;
    /// sender.try_send("last").unwrap();
    /// drop(sender);
    /// assert_eq!(receiver.try_recv(), Ok("last"));
    /// assert_eq!(receiver.try_recv(), Err(TryRecvError::Disconnected));
    /// # Ok(())
    /// # }
    /// ```
    pub fn try_recv(&self) -> Result<T, TryRecvError> {
        self.shared.receive(&self.notifier)
    }

    /// Returns an iterator over the messages, until [`try_recv`](Self::try_recv) returns `Empty` or
    /// `Disconnected`. To distinguish the two, call it once more.
    ///
    /// The iterator does not end while messages arrive faster than it takes them.
    ///
    /// # Examples
    ///
    /// ```
    /// # fn main() -> std::io::Result<()> {
    /// let (sender, receiver) = mio_sources::channel::unbounded()?;
    /// sender.try_send('a').unwrap();
    /// sender.try_send('b').unwrap();
    /// assert_eq!(receiver.try_iter().collect::<String>(), "ab");
    /// # Ok(())
    /// # }
    /// ```
    pub fn try_iter(&self) -> TryIter<'_, T> {
        TryIter { receiver: self }
    }
}

fn channel<T>(messages: Messages<T>) -> io::Result<(Sender<T>, Receiver<T>)> {
    let notifier = Notifier::new()?;
    let shared = Arc::new(Shared::new(messages, notifier.handle()));
    let sender = Sender {
        shared: Arc::clone(&shared),
    };
    Ok((sender, Receiver { notifier, shared }))
}

impl Notify for NotifierHandle {
    fn notify(&self) -> io::Result<()> {
        NotifierHandle::notify(self)
    }
}

impl Notify for Notifier {
    fn notify(&self) -> io::Result<()> {
        Notifier::notify(self)
    }
}

impl Clear for Notifier {
    fn clear(&self) {
        // A notifier that can't be cleared may stay readable, which causes a spurious event. The
        // next notification still causes an event.
        let _ = Notifier::clear(self);
    }
}

impl<T> Clone for Sender<T> {
    fn clone(&self) -> Self {
        self.shared.add_sender();
        Sender {
            shared: Arc::clone(&self.shared),
        }
    }
}

impl<T> Drop for Sender<T> {
    fn drop(&mut self) {
        self.shared.drop_sender();
    }
}

impl<T> Drop for Receiver<T> {
    fn drop(&mut self) {
        self.shared.drop_receiver();
    }
}

/// Registers for reading, in any mode. An interest without `READABLE` is
/// [`InvalidInput`](io::ErrorKind::InvalidInput); other interests are ignored.
impl<T> Source for Receiver<T> {
    fn register(&mut self, registry: &Registry, token: Token, wanted: Interest) -> io::Result<()> {
        self.notifier.register(registry, token, wanted)
    }

    fn reregister(
        &mut self,
        registry: &Registry,
        token: Token,
        wanted: Interest,
    ) -> io::Result<()> {
        self.notifier.reregister(registry, token, wanted)
    }

    fn deregister(&mut self, registry: &Registry) -> io::Result<()> {
        self.notifier.deregister(registry)
    }
}

impl<T> Iterator for TryIter<'_, T> {
    type Item = T;

    fn next(&mut self) -> Option<T> {
        self.receiver.try_recv().ok()
    }
}

impl<T> fmt::Debug for Sender<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sender").finish_non_exhaustive()
    }
}

impl<T> fmt::Debug for Receiver<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Receiver").finish_non_exhaustive()
    }
}
