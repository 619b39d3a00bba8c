#[cfg(debug_assertions)]
use std::num::NonZeroUsize;
#[cfg(descriptors)]
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, RawFd};
#[cfg(debug_assertions)]
use std::sync::{
    Arc,
    atomic::{AtomicBool, AtomicUsize, Ordering},
};
use std::time::{Duration, Instant};
use std::{fmt, io};

#[cfg(feature = "os-poll")]
use crate::Builder;
use crate::busy_poll::BusyPoll;
use crate::event::Source;
use crate::{Events, Interest, SelectorKind, Token, sys};

/// Waits for many sources at once.
///
/// A source is registered with the [`Registry`] of the poll, under a [`Token`] and for an
/// [`Interest`]. [`poll`](Poll::poll) then waits until at least one of them is ready and fills
/// [`Events`] with what the system says. The [guide](crate::guide) goes from here to a whole
/// server.
///
#[doc = include_str!("portability.md")]
pub struct Poll {
    registry: Registry,
    /// `None` waits at once.
    busy_poll: Option<BusyPoll>,
}

/// Where sources are registered. Belongs to one [`Poll`].
///
/// All methods may be called from any thread, also while another thread is inside
/// [`Poll::poll`], and take effect at once. [`try_clone`](Registry::try_clone) gives other threads
/// one of their own.
///
/// # Examples
///
/// ```
/// # #[cfg(all(feature = "os-poll", feature = "net"))]
/// # fn main() -> std::io::Result<()> {
/// use mio::net::UdpSocket;
/// use mio::{Interest, Poll, Token};
///
/// let poll = Poll::new()?;
/// let mut socket = UdpSocket::bind("127.0.0.1:0".parse().unwrap())?;
/// let registry = poll.registry();
/// registry.register(&mut socket, Token(7), Interest::READABLE)?;
/// registry.reregister(&mut socket, Token(7), Interest::READABLE | Interest::WRITABLE)?;
/// registry.deregister(&mut socket)?;
/// # Ok(())
/// # }
/// # #[cfg(not(all(feature = "os-poll", feature = "net")))]
/// # fn main() {}
/// ```
pub struct Registry {
    selector: sys::Selector,
    /// Tells this `Poll` from every other of the program.
    #[cfg(debug_assertions)]
    id: NonZeroUsize,
    #[cfg(debug_assertions)]
    has_waker: Arc<AtomicBool>,
}

impl Poll {
    /// A poll on the system's best selector.
    ///
    /// Needs the feature `os-poll`.
    ///
    /// # Errors
    ///
    /// The OS error if no descriptor is left (`EMFILE`, `ENFILE`).
    ///
    /// # Examples
    ///
    /// ```
    /// # fn main() -> std::io::Result<()> {
    /// use std::time::Duration;
    ///
    /// use mio::{Events, Poll};
    ///
    /// let mut poll = Poll::new()?;
    /// let mut events = Events::with_capacity(128);
    /// poll.poll(&mut events, Some(Duration::from_millis(1)))?;
    /// assert!(events.is_empty(), "nothing is registered");
    /// # Ok(())
    /// # }
    /// ```
    #[cfg(feature = "os-poll")]
    #[cfg_attr(docsrs, doc(cfg(feature = "os-poll")))]
    pub fn new() -> io::Result<Poll> {
        Poll::builder().build()
    }

    /// A poll that is not the usual one: see [`Builder`].
    ///
    /// Needs the feature `os-poll`.
    ///
    /// # Examples
    ///
    /// ```
    /// # fn main() -> std::io::Result<()> {
    /// let poll = mio::Poll::builder().build()?;
    /// # drop(poll);
    /// # Ok(())
    /// # }
    /// ```
    #[cfg(feature = "os-poll")]
    #[cfg_attr(docsrs, doc(cfg(feature = "os-poll")))]
    pub fn builder() -> Builder {
        Builder::default()
    }

    /// Where sources are registered.
    ///
    /// # Examples
    ///
    /// ```
    /// # #[cfg(feature = "os-poll")]
    /// # fn main() -> std::io::Result<()> {
    /// let poll = mio::Poll::new()?;
    /// let registry = poll.registry().try_clone()?;
    /// std::thread::spawn(move || drop(registry)).join().unwrap();
    /// # Ok(())
    /// # }
    /// # #[cfg(not(feature = "os-poll"))]
    /// # fn main() {}
    /// ```
    pub fn registry(&self) -> &Registry {
        &self.registry
    }

    /// What this poll runs on.
    ///
    /// # Examples
    ///
    /// ```
    /// # #[cfg(feature = "os-poll")]
    /// # fn main() -> std::io::Result<()> {
    /// use mio::{Poll, SelectorKind};
    ///
    /// let poll = Poll::new()?;
    /// assert_eq!(Some(poll.selector_kind()), SelectorKind::available().next());
    /// # Ok(())
    /// # }
    /// # #[cfg(not(feature = "os-poll"))]
    /// # fn main() {}
    /// ```
    pub fn selector_kind(&self) -> SelectorKind {
        self.registry.selector.kind()
    }

    /// Waits until at least one source is ready, or the timeout is over.
    ///
    /// `events` is emptied first, and holds what is ready when this returns: nothing after a
    /// timeout, at most [`capacity`](Events::capacity) events otherwise. What does not fit comes
    /// with the next call.
    ///
    /// With `None` it waits for ever, with [`Duration::ZERO`] not at all. Any other timeout is kept
    /// as exactly as the system can, never ends early, and may be of any length. On Linux the
    /// system is told it to the nanosecond; before Linux 5.11 it is rounded up to a millisecond.
    ///
    /// Unless a [mode](Interest#modes) was asked for, an event says that something has *changed*
    /// since the last one: read, write or accept until the operation returns
    /// [`WouldBlock`](io::ErrorKind::WouldBlock), or the source may stay silent. An event
    /// may also be spurious, so that the first operation would block.
    ///
    /// # Errors
    ///
    /// [`Interrupted`](io::ErrorKind::Interrupted) when a signal handler ran in this thread, and
    /// for reasons of the system's own, such as another thread starting a program on Linux: there
    /// are no events, nothing is lost, and most programs just call again.
    /// [`InvalidInput`](io::ErrorKind::InvalidInput) if `events` has no capacity. No other is
    /// expected.
    ///
    /// # Examples
    ///
    /// ```
    /// # #[cfg(feature = "os-poll")]
    /// # fn main() -> std::io::Result<()> {
    /// use std::io::ErrorKind;
    /// use std::time::Duration;
    ///
    /// use mio::{Events, Poll};
    ///
    /// let mut poll = Poll::new()?;
    /// let mut events = Events::with_capacity(1024);
    /// # let mut turns = 0;
    /// loop {
    ///     match poll.poll(&mut events, Some(Duration::from_millis(10))) {
    ///         Err(err) if err.kind() == ErrorKind::Interrupted => continue,
    ///         result => result?,
    ///     }
    ///     for event in &events {
    ///         println!("{event:?}");
    ///     }
    ///     # turns += 1;
    ///     # if turns == 2 { break }
    /// }
    /// # Ok(())
    /// # }
    /// # #[cfg(not(feature = "os-poll"))]
    /// # fn main() {}
    /// ```
    #[inline]
    pub fn poll(&mut self, events: &mut Events, timeout: Option<Duration>) -> io::Result<()> {
        match self.busy_poll {
            None => self.registry.selector.select(events, timeout),
            Some(_) => self.look_and_poll(events, timeout),
        }
    }

    /// Apart, so that a poll that does not look has no more instructions for it than one test.
    #[cold]
    #[inline(never)]
    fn look_and_poll(&mut self, events: &mut Events, timeout: Option<Duration>) -> io::Result<()> {
        let selector = &self.registry.selector;
        let Some(busy_poll) = &mut self.busy_poll else {
            return selector.select(events, timeout);
        };
        busy_poll.poll(timeout, Instant::now, |timeout| {
            selector.select(events, timeout)?;
            Ok(!events.is_empty())
        })
    }

    /// As [`poll`](Poll::poll), and waits until a moment instead of for some time.
    ///
    /// With `None` it waits for ever, and with a moment that has passed not at all. It never
    /// returns empty before that moment: it looks at the clock itself, whatever the system says
    /// about the end of the timeout. How exactly the system keeps the moment is in the table at
    /// [Timeouts](Poll#timeouts).
    ///
    /// # Errors
    ///
    /// As [`poll`](Poll::poll). After [`Interrupted`](io::ErrorKind::Interrupted) the same call
    /// goes on, with nothing to be counted.
    ///
    /// # Examples
    ///
    /// ```
    /// # #[cfg(feature = "os-poll")]
    /// # fn main() -> std::io::Result<()> {
    /// use std::io::ErrorKind;
    /// use std::time::{Duration, Instant};
    ///
    /// use mio::{Events, Poll};
    ///
    /// let mut poll = Poll::new()?;
    /// let mut events = Events::with_capacity(8);
    /// let deadline = Instant::now() + Duration::from_micros(1500);
    /// loop {
    ///     match poll.poll_until(&mut events, Some(deadline)) {
    ///         Err(err) if err.kind() == ErrorKind::Interrupted => continue,
    ///         result => result?,
    ///     }
    ///     break;
    /// }
    /// assert!(!events.is_empty() || Instant::now() >= deadline);
    /// # Ok(())
    /// # }
    /// # #[cfg(not(feature = "os-poll"))]
    /// # fn main() {}
    /// ```
    pub fn poll_until(&mut self, events: &mut Events, deadline: Option<Instant>) -> io::Result<()> {
        let Some(deadline) = deadline else {
            return self.poll(events, None);
        };
        loop {
            let left = deadline.saturating_duration_since(Instant::now());
            self.poll(events, Some(left))?;
            if !events.is_empty() || left.is_zero() || Instant::now() >= deadline {
                return Ok(());
            }
        }
    }

    #[cfg(feature = "os-poll")]
    pub(crate) fn build(selector: sys::Selector, busy_poll: Duration) -> Poll {
        Poll {
            busy_poll: BusyPoll::new(busy_poll),
            registry: Registry {
                selector,
                #[cfg(debug_assertions)]
                id: next_id(),
                #[cfg(debug_assertions)]
                has_waker: Arc::default(),
            },
        }
    }
}

impl Registry {
    /// Starts watching `source`: its events have this token, and are of these interests.
    ///
    /// If the source is ready already, the next poll says so.
    ///
    /// Several sources may have the same token. A source is registered with one `Poll` at a time.
    ///
    /// # Errors
    ///
    /// The source stays unregistered, or registered as it was.
    ///
    /// * [`AlreadyExists`](io::ErrorKind::AlreadyExists): it is registered already, here or, in
    ///   debug builds and on poll(2), with another `Poll`. kqueue notices neither by itself.
    /// * `EBADF`: its descriptor is closed.
    /// * `EPERM`: epoll can't watch it, because it is a regular file, a directory or a device that
    ///   can't be waited for, such as `/dev/null`. poll(2) can, and says that it is always ready.
    /// * `EINVAL`, `ELOOP`: on epoll, it is the descriptor of this poll itself, or of another one,
    ///   and polls would watch each other in a circle, or in a row of more than five.
    /// * `ENOSPC`, `ENOMEM`: a limit of the system,
    ///   [epoll_ctl(2)](https://man7.org/linux/man-pages/man2/epoll_ctl.2.html#ERRORS).
    ///
    /// # Examples
    ///
    /// ```
    /// # #[cfg(all(feature = "os-poll", feature = "net"))]
    /// # fn main() -> std::io::Result<()> {
    /// use mio::net::TcpListener;
    /// use mio::{Interest, Poll, Token};
    ///
    /// const LISTENER: Token = Token(0);
    ///
    /// let poll = Poll::new()?;
    /// let mut listener = TcpListener::bind("127.0.0.1:0".parse().unwrap())?;
    /// poll.registry().register(&mut listener, LISTENER, Interest::READABLE)?;
    /// # Ok(())
    /// # }
    /// # #[cfg(not(all(feature = "os-poll", feature = "net")))]
    /// # fn main() {}
    /// ```
    pub fn register<S>(&self, source: &mut S, token: Token, interests: Interest) -> io::Result<()>
    where
        S: Source + ?Sized,
    {
        trace!("register {token:?} for {interests:?}");
        source.register(self, token, interests)
    }

    /// Changes the token and the interests of a registered source. Both are replaced, not added.
    ///
    /// What is ready at that moment is reported again, whether or not it was before.
    ///
    /// # Errors
    ///
    /// [`NotFound`](io::ErrorKind::NotFound) if the source is not registered here. In debug builds
    /// [`AlreadyExists`](io::ErrorKind::AlreadyExists) if it is a socket or a pipe of this crate
    /// that is registered with another `Poll`. The registration stays as it was.
    ///
    /// # Examples
    ///
    /// ```
    /// # #[cfg(all(feature = "os-poll", feature = "net"))]
    /// # fn main() -> std::io::Result<()> {
    /// # use mio::net::{TcpListener, TcpStream};
    /// # use mio::{Interest, Poll, Token};
    /// # let poll = Poll::new()?;
    /// # let listener = TcpListener::bind("127.0.0.1:0".parse().unwrap())?;
    /// # let mut stream = TcpStream::connect(listener.local_addr()?)?;
    /// # poll.registry().register(&mut stream, Token(1), Interest::READABLE)?;
    /// // There is something to write now, and no room for it: hear of both directions.
    /// let both = Interest::READABLE | Interest::WRITABLE;
    /// poll.registry().reregister(&mut stream, Token(1), both)?;
    /// # Ok(())
    /// # }
    /// # #[cfg(not(all(feature = "os-poll", feature = "net")))]
    /// # fn main() {}
    /// ```
    pub fn reregister<S>(&self, source: &mut S, token: Token, interests: Interest) -> io::Result<()>
    where
        S: Source + ?Sized,
    {
        trace!("reregister {token:?} for {interests:?}");
        source.reregister(self, token, interests)
    }

    /// Stops watching `source`. No poll that begins after this has returned delivers an event of
    /// it.
    ///
    /// Events that are in the buffer already stay there: who deregisters a source while handling a
    /// batch may still meet its token further on in the same batch. The batch is the memory that
    /// the system wrote, and nobody goes through it but you.
    ///
    /// # Errors
    ///
    /// [`NotFound`](io::ErrorKind::NotFound) if the source is not registered here, also if the
    /// kernel has forgotten it because its descriptor was closed or replaced. It can be registered
    /// again then.
    ///
    /// # Examples
    ///
    /// ```
    /// # #[cfg(all(feature = "os-poll", feature = "net"))]
    /// # fn main() -> std::io::Result<()> {
    /// # use mio::net::UdpSocket;
    /// # use mio::{Interest, Poll, Token};
    /// # let poll = Poll::new()?;
    /// # let mut socket = UdpSocket::bind("127.0.0.1:0".parse().unwrap())?;
    /// poll.registry().register(&mut socket, Token(1), Interest::READABLE)?;
    /// poll.registry().deregister(&mut socket)?;
    /// # Ok(())
    /// # }
    /// # #[cfg(not(all(feature = "os-poll", feature = "net")))]
    /// # fn main() {}
    /// ```
    pub fn deregister<S>(&self, source: &mut S) -> io::Result<()>
    where
        S: Source + ?Sized,
    {
        trace!("deregister");
        source.deregister(self)
    }

    /// Another registry of the same `Poll`, for another thread.
    ///
    /// It may outlive the `Poll`; what is then registered is never reported.
    ///
    /// # Errors
    ///
    /// The OS error if no descriptor is left (`EMFILE`, `ENFILE`).
    ///
    /// # Examples
    ///
    /// ```
    /// # #[cfg(all(feature = "os-poll", feature = "net"))]
    /// # fn main() -> std::io::Result<()> {
    /// # use mio::net::UdpSocket;
    /// # use mio::{Interest, Poll, Token};
    /// let poll = Poll::new()?;
    /// let registry = poll.registry().try_clone()?;
    /// let thread = std::thread::spawn(move || -> std::io::Result<UdpSocket> {
    ///     let mut socket = UdpSocket::bind("127.0.0.1:0".parse().unwrap())?;
    ///     registry.register(&mut socket, Token(1), Interest::READABLE)?;
    ///     Ok(socket)
    /// });
    /// # thread.join().unwrap()?;
    /// # Ok(())
    /// # }
    /// # #[cfg(not(all(feature = "os-poll", feature = "net")))]
    /// # fn main() {}
    /// ```
    pub fn try_clone(&self) -> io::Result<Registry> {
        Ok(Registry {
            selector: self.selector.try_clone()?,
            #[cfg(debug_assertions)]
            id: self.id,
            #[cfg(debug_assertions)]
            has_waker: Arc::clone(&self.has_waker),
        })
    }

    pub(crate) fn selector(&self) -> &sys::Selector {
        &self.selector
    }

    #[cfg(debug_assertions)]
    pub(crate) fn id(&self) -> NonZeroUsize {
        self.id
    }

    /// # Panics
    ///
    /// If there is a waker already.
    #[cfg(debug_assertions)]
    pub(crate) fn guard_waker(&self) -> WakerGuard {
        let had_waker = self.has_waker.swap(true, Ordering::AcqRel);
        assert!(
            !had_waker,
            "Only a single `Waker` can be active per `Poll` instance"
        );
        WakerGuard {
            has_waker: Arc::clone(&self.has_waker),
        }
    }
}

/// Kept by the waker that a `Poll` has, so that a second one is noticed.
#[cfg(debug_assertions)]
#[derive(Debug)]
pub(crate) struct WakerGuard {
    has_waker: Arc<AtomicBool>,
}

#[cfg(debug_assertions)]
impl Drop for WakerGuard {
    fn drop(&mut self) {
        self.has_waker.store(false, Ordering::Release);
    }
}

#[cfg(all(debug_assertions, feature = "os-poll"))]
fn next_id() -> NonZeroUsize {
    static NEXT: AtomicUsize = AtomicUsize::new(1);
    // Nobody makes that many, and a wrong check in a debug build is no reason to panic.
    NonZeroUsize::new(NEXT.fetch_add(1, Ordering::Relaxed)).unwrap_or(NonZeroUsize::MAX)
}

impl fmt::Debug for Poll {
    fn fmt(&self, fmt: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt.debug_struct("Poll")
            .field("selector", &self.registry.selector)
            .finish()
    }
}

impl fmt::Debug for Registry {
    fn fmt(&self, fmt: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt.debug_struct("Registry")
            .field("selector", &self.selector)
            .finish()
    }
}

/// The selector's own descriptor, for watching this poll with another one. It becomes readable when
/// there are events.
///
/// # Panics
///
/// On poll(2), which has no descriptor; [`Poll::selector_kind`] tells.
#[cfg(descriptors)]
impl AsRawFd for Poll {
    fn as_raw_fd(&self) -> RawFd {
        self.as_fd().as_raw_fd()
    }
}

/// As [`AsRawFd`](#impl-AsRawFd-for-Poll).
#[cfg(descriptors)]
impl AsFd for Poll {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.registry.as_fd()
    }
}

/// The selector's own descriptor.
///
/// # Panics
///
/// On poll(2), which has no descriptor; [`Poll::selector_kind`] tells.
#[cfg(descriptors)]
impl AsRawFd for Registry {
    fn as_raw_fd(&self) -> RawFd {
        self.as_fd().as_raw_fd()
    }
}

/// As [`AsRawFd`](#impl-AsRawFd-for-Registry).
#[cfg(descriptors)]
impl AsFd for Registry {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.selector.as_fd()
    }
}
