use std::io;

#[cfg(debug_assertions)]
use crate::poll::WakerGuard;
use crate::{Registry, Token, sys};

/// Makes a [`Poll::poll`](crate::Poll::poll) in another thread return.
///
/// It is made for a [`Registry`] and a token. [`wake`](Waker::wake) makes the poll deliver an event
/// with that token that is readable; nothing has to be read, and there is nothing to deregister.
/// Share it between threads with an [`Arc`](std::sync::Arc).
///
/// Several wakes before a poll are at least one event and may be one only. A wake is never lost: if
/// no poll is waiting, the next one delivers it. While one is on its way to a poll, further wakes
/// make no system call. If another poll watches this one by its descriptor, it hears of the first;
/// see [The descriptor of a poll](crate::Poll#the-descriptor-of-a-poll). Keep the waker as long as
/// wakes are to be delivered; after it was dropped none is. The copy that a child of `fork` has
/// can't wake its parent.
///
/// There is one waker per `Poll`. To tell several reasons apart, put them in a queue or a flag of
/// your own before you wake, or use a `Notifier` for each.
///
/// It is made of what the system does best: an [eventfd(2)] on Linux and Android, an event of its
/// own on macOS, FreeBSD, Solaris and Windows, a pipe on most others and where a sandbox refuses
/// the eventfd. `PLATFORMS.md` lists them. On WASI and on the Nintendo 3DS there is none of these: a
/// wake is delivered by the next poll, and does not end one that waits.
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
    /// A waker of the `Poll` that `registry` belongs to; its events have this token.
    ///
    /// # Errors
    ///
    /// The OS error if no descriptor is left (`EMFILE`, `ENFILE`).
    ///
    /// # Panics
    ///
    /// In debug builds, if this `Poll` has a waker already. In release builds a second waker is not
    /// noticed; which of the two tokens an event has is then not defined, and wakes may be lost.
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

    /// Makes the poll return with an event of this waker's token.
    ///
    /// What this thread wrote before the call is seen by the polling thread after the poll.
    /// It never blocks, and it may be called from any thread and from a signal handler: see the
    /// [guide](crate::guide#signals).
    ///
    /// # Errors
    ///
    /// Those of writing to the descriptor. None is expected.
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
