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

/// A poll, which waits for events of many sources at once.
///
/// Register each source with the [`Registry`] of the poll, under a [`Token`] and for an
/// [`Interest`]. [`poll`](Poll::poll) then waits until at least one source is ready and fills
/// [`Events`] with the events that the OS reports. The [guide](crate::guide) leads from here to a
/// complete server.
///
#[doc = include_str!("portability.md")]
pub struct Poll {
    registry: Registry,
    /// `None` if busy polling is off.
    busy_poll: Option<BusyPoll>,
}

/// The registrations of one [`Poll`].
///
/// All methods may be called from any thread, also while another thread is inside [`Poll::poll`],
/// and take effect at once. [`try_clone`](Registry::try_clone) creates a registry for another
/// thread.
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
    /// Distinguishes this `Poll` from every other one in the program.
    #[cfg(debug_assertions)]
    id: NonZeroUsize,
    #[cfg(debug_assertions)]
    has_waker: Arc<AtomicBool>,
}

impl Poll {
    /// Creates a poll on the default selector of the platform.
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

    /// Returns a [`Builder`], which configures and creates a `Poll`.
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

    /// Returns the registry of this poll.
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

    /// Returns the selector that this poll uses.
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

    /// Waits until at least one source is ready or the timeout expires.
    ///
    /// Clears `events` first, then fills it with at most [`capacity`](Events::capacity) events.
    /// After a timeout it is empty. Events that do not fit are delivered by the next call.
    ///
    /// With `None` there is no timeout. With [`Duration::ZERO`] the call does not wait. Any other
    /// timeout may be of any length, never expires early, and is as exact as the OS allows. On
    /// Linux it has a resolution of one nanosecond; before Linux 5.11 it is rounded up to a
    /// millisecond.
    ///
    /// Events are edge-triggered unless the interest has another [mode](Interest#modes): an event
    /// reports a *change* since the last one. So read, write or accept until the operation returns
    /// [`WouldBlock`](io::ErrorKind::WouldBlock); otherwise there may be no further event. An event
    /// may be spurious, so that the first operation returns `WouldBlock`.
    ///
    /// # Errors
    ///
    /// * [`Interrupted`](io::ErrorKind::Interrupted): a signal handler ran in this thread, or the
    ///   OS ended the wait for another reason, as Linux may when another thread starts a program.
    ///   `events` is empty and no event is lost. Most programs call again.
    /// * [`InvalidInput`](io::ErrorKind::InvalidInput): `events` has no capacity.
    ///
    /// No other error is expected.
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

    /// Out of line, so that a poll without busy polling pays only for one test.
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

    /// Waits like [`poll`](Poll::poll), but until a deadline.
    ///
    /// With `None` there is no deadline. With a deadline in the past the call does not wait. It
    /// never returns without events before the deadline, because it checks the clock itself after
    /// each timeout of the OS. See [Timeouts](Poll#timeouts) for the accuracy on each platform.
    ///
    /// # Errors
    ///
    /// Those of [`poll`](Poll::poll). After [`Interrupted`](io::ErrorKind::Interrupted), call again
    /// with the same deadline.
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
    /// Registers `source` for these interests. Its events carry this token.
    ///
    /// If the source is already ready, the next poll reports it.
    ///
    /// Several sources may have the same token. A source is registered with one `Poll` at a time.
    ///
    /// # Errors
    ///
    /// After an error the source is unregistered, or registered as before.
    ///
    /// * [`AlreadyExists`](io::ErrorKind::AlreadyExists): the source is already registered with
    ///   this `Poll`. Debug builds and poll(2) also detect a registration with another `Poll`.
    ///   kqueue itself detects neither.
    /// * `EBADF`: its descriptor is closed.
    /// * `EPERM`: on epoll, the source is a regular file, a directory or a device without
    ///   readiness, such as `/dev/null`. poll(2) accepts it and reports it as always ready.
    /// * `EINVAL`, `ELOOP`: on epoll, the source is the descriptor of this poll, or of another poll
    ///   such that polls would watch each other in a cycle, or in a chain of more than five.
    /// * `ENOSPC`, `ENOMEM`: a limit of the OS, see
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

    /// Replaces the token and the interests of a registered source, and re-arms it.
    ///
    /// Readiness at that moment is reported, even if it was reported before.
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
    /// // A write has returned `WouldBlock`: wait for both directions.
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

    /// Deregisters `source`. No poll that starts after this has returned delivers an event of it.
    ///
    /// Events that are already in the buffer stay there. If you deregister a source while you
    /// handle a batch, later events of the same batch may still carry its token. The reason is that
    /// the kernel wrote the batch into your buffer, and this crate does not search it.
    ///
    /// # Errors
    ///
    /// [`NotFound`](io::ErrorKind::NotFound) if the source is not registered here, or if the kernel
    /// removed the registration because the descriptor was closed or replaced. The source can then
    /// be registered again.
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

    /// Creates another registry of the same `Poll`, for another thread.
    ///
    /// It may outlive the `Poll`. Sources that are registered after that are never reported.
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
    /// If the `Poll` already has a waker.
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

/// A guard held by the waker of a `Poll`, which detects a second waker.
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
    // No program creates that many, and a wrong check in a debug build does not justify a panic.
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

/// Returns the descriptor of the selector, to watch this poll with another one. It becomes readable
/// when there are events.
///
/// # Panics
///
/// On poll(2), which has no descriptor: check [`Poll::selector_kind`].
#[cfg(descriptors)]
impl AsRawFd for Poll {
    fn as_raw_fd(&self) -> RawFd {
        self.as_fd().as_raw_fd()
    }
}

/// Like [`AsRawFd`](#impl-AsRawFd-for-Poll).
#[cfg(descriptors)]
impl AsFd for Poll {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.registry.as_fd()
    }
}

/// Returns the descriptor of the selector.
///
/// # Panics
///
/// On poll(2), which has no descriptor: check [`Poll::selector_kind`].
#[cfg(descriptors)]
impl AsRawFd for Registry {
    fn as_raw_fd(&self) -> RawFd {
        self.as_fd().as_raw_fd()
    }
}

/// Like [`AsRawFd`](#impl-AsRawFd-for-Registry).
#[cfg(descriptors)]
impl AsFd for Registry {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.selector.as_fd()
    }
}
