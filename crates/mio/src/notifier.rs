use std::io;

use crate::event::Source;
use crate::{Interest, Registry, Token, sys};

/// A source that any thread can make readable.
///
/// A `Poll` has one [`Waker`](crate::Waker) and as many notifiers as wanted, each with a token and
/// a
/// [mode](Interest#modes) of its own: one for a queue, one for a shutdown, one for each worker.
/// Other threads hold a [`NotifierHandle`], or share the notifier itself.
///
/// It is like a socket that something may be read from. [`notify`](Notifier::notify) makes it
/// readable, and it stays so until [`clear`](Notifier::clear). So the thread that polls does this
/// on an event:
///
/// 1. `clear`;
/// 2. look at what the notification is about, such as a queue, until there is nothing more.
///
/// In this order nothing is lost: what comes after the look is notified of again. What a thread
/// wrote before `notify` is seen after `clear`.
///
/// Notifications are *coalesced*. Until one is cleared the others make no system call, and they are
/// one event together: in edge mode there is no further event before `clear`, in level mode each
/// poll has one. If a thread notifies while another clears, there may be an event for what was
/// cleared, and `clear` then answers `false`. The copy that a child of `fork` has can't notify its
/// parent.
///
/// It is an [eventfd(2)] on Linux, Android, illumos, ESP-IDF and Hermit, a packet in the completion
/// port on Windows, and a pipe elsewhere (on kqueue too, so that it can be watched by any
/// selector) and where a sandbox refuses the eventfd. WASI has none, as a program there has one
/// thread.
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

/// Notifies a [`Notifier`] from anywhere. Comes from [`Notifier::handle`].
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
    /// A notifier that is not registered yet. It may be notified before.
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

    /// A handle for another thread. It may outlive the notifier; notifying then does nothing.
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
    /// Never blocks, and makes no system call if it is readable already. It takes no lock and
    /// allocates nothing, so that a signal handler may call it: see the
    /// [guide](crate::guide#signals). On Windows, which has no such handlers, it takes a lock.
    ///
    /// # Errors
    ///
    /// Those of writing to the descriptor. None is expected.
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

    /// Makes the notifier unreadable, and answers whether it had been notified.
    ///
    /// Call it before you look at what the notification is about. The next notification is a new
    /// event.
    ///
    /// # Errors
    ///
    /// Those of reading from the descriptor. None is expected.
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
    /// As [`Notifier::notify`].
    ///
    /// # Errors
    ///
    /// As [`Notifier::notify`].
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

/// It is readable and nothing else: an interest without `READABLE` is
/// [`InvalidInput`](io::ErrorKind::InvalidInput), and what else an interest asks for is left out.
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
