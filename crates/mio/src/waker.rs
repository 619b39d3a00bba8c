use std::io;

#[cfg(debug_assertions)]
use crate::poll::WakerGuard;
use crate::{Registry, Token, sys};

/// A handle that wakes a [`Poll::poll`](crate::Poll::poll) in another thread.
///
/// It is created for a [`Registry`] and a token. [`wake`](Waker::wake) makes the poll deliver a
/// readable event with that token. The event needs no read, and the waker needs no deregistration.
/// Share it between threads with an [`Arc`](std::sync::Arc).
///
/// A wake is never lost: if no poll is waiting, the next one delivers it. Wakes are *coalesced*.
/// Several wakes before a poll give at least one event, and possibly only one. Until a poll
/// delivers a wake, further wakes make no system call. If another poll watches this one by its
/// descriptor, it is notified of the first of them; see [The descriptor of a
/// poll](crate::Poll#the-descriptor-of-a-poll).
///
/// Keep the waker as long as wakes must be delivered: no wake is delivered after it was dropped. In
/// a child of `fork` the copy of the waker cannot wake the parent.
///
/// A `Poll` has one waker. To distinguish several reasons, store them in a queue or a flag of your
/// own before the wake, or use a `Notifier` for each.
///
/// It uses the fastest mechanism of the platform: an [eventfd(2)] on Linux and Android, a native
/// user event on macOS, FreeBSD, Solaris and Windows, and a pipe on most others and where a sandbox
/// refuses the eventfd. `PLATFORMS.md` lists them. WASI and the Nintendo 3DS have none of these.
/// There the next poll delivers the wake, and a wake does not end a poll that is already waiting.
///
/// [eventfd(2)]: https://man7.org/linux/man-pages/man2/eventfd.2.html
///
/// # Examples
///
/// ```
/// # #[cfg(feature = "os-poll")]
/// # fn main() -> std::io::Result<()> {
/// use std::sync::Arc;
/// use std::thread;
///
/// use mio::{Events, Poll, Token, Waker};
///
/// const WAKE: Token = Token(10);
///
/// let mut poll = Poll::new()?;
/// let mut events = Events::with_capacity(2);
/// let waker = Arc::new(Waker::new(poll.registry(), WAKE)?);
///
/// let other = Arc::clone(&waker);
/// let thread = thread::spawn(move || other.wake());
///
/// poll.poll(&mut events, None)?;
/// let event = events.iter().next().expect("a wake is an event");
/// assert!(event.token() == WAKE && event.is_readable());
/// # thread.join().unwrap()?;
/// # Ok(())
/// # }
/// # #[cfg(not(feature = "os-poll"))]
/// # fn main() {}
/// ```
#[derive(Debug)]
pub struct Waker {
    inner: sys::Waker,
    #[cfg(debug_assertions)]
    _only: WakerGuard,
}

impl Waker {
    /// Creates a waker of the `Poll` that `registry` belongs to. Its events have this token.
    ///
    /// # Errors
    ///
    /// The OS error if no descriptor is left (`EMFILE`, `ENFILE`).
    ///
    /// # Panics
    ///
    /// In debug builds, if this `Poll` already has a waker. Release builds do not detect a second
    /// waker: then the token of an event may be either of the two, and wakes may be lost.
    ///
    /// # Examples
    ///
    /// ```
    /// # #[cfg(feature = "os-poll")]
    /// # fn main() -> std::io::Result<()> {
    /// use mio::{Poll, Token, Waker};
    ///
    /// let poll = Poll::new()?;
    /// let waker = Waker::new(poll.registry(), Token(0))?;
    /// # drop(waker);
    /// # Ok(())
    /// # }
    /// # #[cfg(not(feature = "os-poll"))]
    /// # fn main() {}
    /// ```
    pub fn new(registry: &Registry, token: Token) -> io::Result<Waker> {
        #[cfg(debug_assertions)]
        let only = registry.guard_waker();
        Ok(Waker {
            inner: sys::Waker::new(registry.selector(), token)?,
            #[cfg(debug_assertions)]
            _only: only,
        })
    }

    /// Wakes the poll, which returns an event with this waker's token.
    ///
    /// Memory that this thread wrote before the call is visible to the polling thread after the
    /// poll. This method never blocks. It may be called from any thread and from a signal handler:
    /// see the [guide](crate::guide#signals).
    ///
    /// # Errors
    ///
    /// The error of a write to the descriptor. None is expected.
    ///
    /// # Examples
    ///
    /// ```
    /// # #[cfg(feature = "os-poll")]
    /// # fn main() -> std::io::Result<()> {
    /// use mio::{Events, Poll, Token, Waker};
    ///
    /// let mut poll = Poll::new()?;
    /// let waker = Waker::new(poll.registry(), Token(0))?;
    /// waker.wake()?;
    /// waker.wake()?;
    ///
    /// let mut events = Events::with_capacity(8);
    /// poll.poll(&mut events, None)?;
    /// assert!(!events.is_empty());
    /// # Ok(())
    /// # }
    /// # #[cfg(not(feature = "os-poll"))]
    /// # fn main() {}
    /// ```
    pub fn wake(&self) -> io::Result<()> {
        self.inner.wake()
    }
}
