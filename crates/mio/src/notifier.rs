use std::io;

use crate::event::Source;
use crate::{Interest, Registry, Token, sys};

/// A source that any thread can make readable.
///
/// A `Poll` has one [`Waker`](crate::Waker) and any number of notifiers, each with its own token
/// and [mode](Interest#modes): one for a queue, one for a shutdown, one for each worker. Other
/// threads hold a [`NotifierHandle`] or share the notifier itself.
///
/// It behaves like a socket with data to read. [`notify`](Notifier::notify) makes it readable, and
/// it stays readable until [`clear`](Notifier::clear). On an event, the polling thread does this:
///
/// 1. Call `clear`.
/// 2. Drain the queue, or whatever the notification is about.
///
/// In this order nothing is lost: an item that is added after the queue was drained has its own
/// notification. Memory that a thread wrote before `notify` is visible after `clear`.
///
/// Notifications are *coalesced*. Until the first one is cleared, further ones make no system call
/// and cause no event of their own: in edge mode there is no further event before `clear`, and in
/// level mode each poll delivers one. If one thread notifies while another clears, there may be an
/// event for a notification that is already cleared, and `clear` then returns `false`. In a child
/// of `fork` the copy of the notifier cannot notify the parent.
///
/// A notifier is an [eventfd(2)] on Linux, Android, illumos, ESP-IDF and Hermit, a packet in the
/// completion port on Windows, and a pipe elsewhere and where a sandbox refuses the eventfd. It is
/// a pipe on kqueue too, so that any selector can watch it. WASI has no notifiers, because its
/// programs have one thread.
///
/// [eventfd(2)]: https://man7.org/linux/man-pages/man2/eventfd.2.html
///
/// # Examples
///
/// ```
/// # fn main() -> std::io::Result<()> {
/// use std::sync::mpsc;
/// use std::thread;
///
/// use mio::{Events, Interest, Notifier, Poll, Token};
///
/// const QUEUE: Token = Token(0);
///
/// let mut poll = Poll::new()?;
/// let mut notifier = Notifier::new()?;
/// poll.registry().register(&mut notifier, QUEUE, Interest::READABLE)?;
///
/// let (sender, queue) = mpsc::channel();
/// let handle = notifier.handle();
/// let worker = thread::spawn(move || {
///     for number in 0..100 {
///         sender.send(number).expect("a receiver");
///         handle.notify().expect("a descriptor");
///     }
/// });
///
/// let mut events = Events::with_capacity(8);
/// let mut received = 0;
/// while received < 100 {
///     poll.poll(&mut events, None)?;
///     for event in &events {
///         assert_eq!(event.token(), QUEUE);
///         notifier.clear()?;
///         received += queue.try_iter().count();
///     }
/// }
/// # worker.join().unwrap();
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct Notifier {
    inner: sys::Notifier,
}

/// A handle that notifies a [`Notifier`] from any thread. Created by [`Notifier::handle`].
///
/// # Examples
///
/// ```
/// # fn main() -> std::io::Result<()> {
/// let notifier = mio::Notifier::new()?;
/// let handle = notifier.handle();
/// let other = handle.clone();
/// std::thread::spawn(move || other.notify()).join().unwrap()?;
/// assert!(notifier.clear()?);
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone)]
pub struct NotifierHandle {
    inner: sys::NotifierHandle,
}

impl Notifier {
    /// Creates an unregistered notifier. It may be notified before it is registered.
    ///
    /// # Errors
    ///
    /// The OS error if no descriptor is left (`EMFILE`, `ENFILE`), and
    /// [`Unsupported`](io::ErrorKind::Unsupported) on WASI.
    ///
    /// # Examples
    ///
    /// ```
    /// # fn main() -> std::io::Result<()> {
    /// let notifier = mio::Notifier::new()?;
    /// # drop(notifier);
    /// # Ok(())
    /// # }
    /// ```
    pub fn new() -> io::Result<Notifier> {
        let inner = sys::Notifier::new()?;
        Ok(Notifier { inner })
    }

    /// Returns a handle for another thread. It may outlive the notifier; `notify` then does
    /// nothing.
    ///
    /// # Examples
    ///
    /// ```
    /// # fn main() -> std::io::Result<()> {
    /// let notifier = mio::Notifier::new()?;
    /// let handle = notifier.handle();
    /// drop(notifier);
    /// handle.notify()?;
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn handle(&self) -> NotifierHandle {
        NotifierHandle {
            inner: self.inner.handle(),
        }
    }

    /// Makes the notifier readable.
    ///
    /// Never blocks, and makes no system call if the notifier is already readable. It takes no lock
    /// and allocates nothing, so a signal handler may call it: see the
    /// [guide](crate::guide#signals). On Windows, which has no such handlers, it takes a lock.
    ///
    /// # Errors
    ///
    /// The error of a write to the descriptor. None is expected.
    ///
    /// # Examples
    ///
    /// ```
    /// # fn main() -> std::io::Result<()> {
    /// use mio::{Events, Interest, Notifier, Poll, Token};
    ///
    /// let mut poll = Poll::new()?;
    /// let mut notifier = Notifier::new()?;
    /// poll.registry().register(&mut notifier, Token(3), Interest::READABLE.level())?;
    /// notifier.notify()?;
    ///
    /// let mut events = Events::with_capacity(8);
    /// poll.poll(&mut events, None)?;
    /// assert!(events.iter().any(|event| event.token() == Token(3) && event.is_readable()));
    /// # Ok(())
    /// # }
    /// ```
    pub fn notify(&self) -> io::Result<()> {
        self.inner.notify()
    }

    /// Makes the notifier unreadable. Returns `true` if it had been notified.
    ///
    /// Call it before you handle the notification. The next notification is a new event.
    ///
    /// # Errors
    ///
    /// The error of a read from the descriptor. None is expected.
    ///
    /// # Examples
    ///
    /// ```
    /// # fn main() -> std::io::Result<()> {
    /// let notifier = mio::Notifier::new()?;
    /// notifier.notify()?;
    /// notifier.notify()?;
    /// assert!(notifier.clear()?);
    /// assert!(!notifier.clear()?);
    /// # Ok(())
    /// # }
    /// ```
    pub fn clear(&self) -> io::Result<bool> {
        self.inner.clear()
    }
}

impl NotifierHandle {
    /// Makes the notifier readable: see [`Notifier::notify`].
    ///
    /// # Errors
    ///
    /// Those of [`Notifier::notify`].
    ///
    /// # Examples
    ///
    /// ```
    /// # fn main() -> std::io::Result<()> {
    /// let notifier = mio::Notifier::new()?;
    /// notifier.handle().notify()?;
    /// assert!(notifier.clear()?);
    /// # Ok(())
    /// # }
    /// ```
    pub fn notify(&self) -> io::Result<()> {
        self.inner.notify()
    }
}

/// A notifier is only ever readable. An interest without `READABLE` is
/// [`InvalidInput`](io::ErrorKind::InvalidInput), and other directions are ignored.
impl Source for Notifier {
    fn register(
        &mut self,
        registry: &Registry,
        token: Token,
        interests: Interest,
    ) -> io::Result<()> {
        self.inner.register(registry, token, readable(interests)?)
    }

    fn reregister(
        &mut self,
        registry: &Registry,
        token: Token,
        interests: Interest,
    ) -> io::Result<()> {
        self.inner.reregister(registry, token, readable(interests)?)
    }

    fn deregister(&mut self, registry: &Registry) -> io::Result<()> {
        self.inner.deregister(registry)
    }
}

fn readable(interests: Interest) -> io::Result<Interest> {
    interests.only_readable().ok_or_else(|| {
        let message = "a notifier is registered with `Interest::READABLE`";
        io::Error::new(io::ErrorKind::InvalidInput, message)
    })
}
