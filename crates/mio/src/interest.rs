use std::num::NonZeroU8;
use std::{fmt, ops};

/// What a registration wants to hear about.
///
/// Interests are put together with [`add`](Interest::add) or with `|`, and there is always at least
/// one: a source that should be silent for a while is deregistered.
///
/// Failures and hang-ups are reported whatever the interest is, because every system does so; see
/// the table at [`Event`](crate::event::Event).
///
#[doc = include_str!("modes.md")]
///
/// # Examples
///
/// ```
/// use mio::Interest;
///
/// let both = Interest::READABLE | Interest::WRITABLE;
/// assert!(both.is_readable() && both.is_writable());
/// assert_eq!(both.remove(Interest::WRITABLE), Some(Interest::READABLE));
/// ```
#[derive(Copy, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Interest(NonZeroU8);

// What to hear of.
const READABLE: u8 = 1 << 0;
const WRITABLE: u8 = 1 << 1;
const AIO: u8 = 1 << 2;
const LIO: u8 = 1 << 3;
const PRIORITY: u8 = 1 << 4;
// How.
const LEVEL: u8 = 1 << 5;
const ONESHOT: u8 = 1 << 6;
const EXCLUSIVE: u8 = 1 << 7;
const MODES: u8 = LEVEL | ONESHOT | EXCLUSIVE;

/// When a registration is reported again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Mode {
    /// When a direction becomes ready anew.
    #[default]
    Edge,
    /// Each time, as long as it is ready.
    Level,
    /// Once.
    Oneshot,
}

impl Interest {
    /// Hear when the source can be read: data has arrived, a connection waits to be accepted, or
    /// the peer has stopped sending.
    ///
    /// # Examples
    ///
    /// ```
    /// assert!(mio::Interest::READABLE.is_readable());
    /// ```
    pub const READABLE: Interest = Interest::from_bits(READABLE);

    /// Hear when the source can be written: there is room again, or a connection has been made.
    ///
    /// # Examples
    ///
    /// ```
    /// assert!(mio::Interest::WRITABLE.is_writable());
    /// ```
    pub const WRITABLE: Interest = Interest::from_bits(WRITABLE);

    /// Hear of exceptional conditions, such as out-of-band data on a TCP socket.
    ///
    /// Linux and Android only; [poll(2)] lists the conditions under `POLLPRI`.
    ///
    /// # Examples
    ///
    /// ```
    /// let interest = mio::Interest::READABLE | mio::Interest::PRIORITY;
    /// assert!(interest.is_priority());
    /// ```
    ///
    /// [poll(2)]: https://man7.org/linux/man-pages/man2/poll.2.html
    #[cfg(any(priority, docsrs))]
    #[cfg_attr(docsrs, doc(cfg(any(target_os = "linux", target_os = "android"))))]
    pub const PRIORITY: Interest = Interest::from_bits(PRIORITY);

    /// Hear when an asynchronous file operation has ended.
    ///
    /// FreeBSD, DragonFly BSD, macOS and its relatives only. Such an operation names the kqueue
    /// that hears of its end when it is started, in its `aio_sigevent` (FreeBSD's [aio(4)]). So a
    /// registration for this interest asks the system for nothing; it is for an
    /// [`event::Source`](crate::event::Source) of your own.
    ///
    /// # Examples
    ///
    /// ```
    /// assert!(mio::Interest::AIO.is_aio());
    /// ```
    ///
    /// [aio(4)]: https://man.freebsd.org/cgi/man.cgi?query=aio&sektion=4
    #[cfg(any(aio, docsrs))]
    #[cfg_attr(docsrs, doc(cfg(any(target_os = "freebsd", target_vendor = "apple"))))]
    pub const AIO: Interest = Interest::from_bits(AIO);

    /// Hear when a list of asynchronous file operations has ended.
    ///
    /// FreeBSD only, and as [`AIO`](Interest::AIO) otherwise.
    ///
    /// # Examples
    ///
    /// ```
    /// assert!(mio::Interest::LIO.is_lio());
    /// ```
    #[cfg(any(lio, docsrs))]
    #[cfg_attr(docsrs, doc(cfg(target_os = "freebsd")))]
    pub const LIO: Interest = Interest::from_bits(LIO);

    /// Both interests together. `a | b` is the same, and this one works in a constant.
    ///
    /// # Examples
    ///
    /// ```
    /// use mio::Interest;
    ///
    /// const BOTH: Interest = Interest::READABLE.add(Interest::WRITABLE);
    /// assert_eq!(BOTH, Interest::READABLE | Interest::WRITABLE);
    /// ```
    #[allow(clippy::should_implement_trait)] // `std::ops::Add` can't be used in a constant.
    #[must_use = "the sum is returned; `self` stays as it was"]
    pub const fn add(self, other: Interest) -> Interest {
        Interest::from_bits(self.0.get() | other.0.get())
    }

    /// This interest, [level-triggered](Interest#modes): reported by each poll as long as the
    /// source is ready.
    ///
    /// # Examples
    ///
    /// ```
    /// use mio::Interest;
    ///
    /// const LEVEL: Interest = Interest::READABLE.level();
    /// assert!(LEVEL.is_level() && LEVEL.is_readable());
    /// ```
    #[must_use = "the new interest is returned; `self` stays as it was"]
    pub const fn level(self) -> Interest {
        Interest::from_bits(self.0.get() | LEVEL)
    }

    /// This interest, [once](Interest#modes): after one event the registration is silent, in all
    /// its directions, until [`reregister`](crate::Registry::reregister).
    ///
    /// # Examples
    ///
    /// ```
    /// let once = mio::Interest::READABLE.oneshot();
    /// assert!(once.is_oneshot());
    /// ```
    #[must_use = "the new interest is returned; `self` stays as it was"]
    pub const fn oneshot(self) -> Interest {
        Interest::from_bits(self.0.get() | ONESHOT)
    }

    /// This interest, [exclusively](Interest#modes): of several polls that watch one source with
    /// this, the system wakes at least one, and tries not to wake the others.
    ///
    /// # Examples
    ///
    /// ```
    /// # #[cfg(all(feature = "os-poll", feature = "net"))]
    /// # fn main() -> std::io::Result<()> {
    /// use mio::net::TcpListener;
    /// use mio::{Interest, Poll, Token};
    ///
    /// let poll = Poll::new()?;
    /// let mut listener = TcpListener::bind("127.0.0.1:0".parse().unwrap())?;
    /// let mut interest = Interest::READABLE;
    /// if poll.selector_kind().supports(interest.exclusive()) {
    ///     interest = interest.exclusive();
    /// }
    /// poll.registry().register(&mut listener, Token(0), interest)?;
    /// # Ok(())
    /// # }
    /// # #[cfg(not(all(feature = "os-poll", feature = "net")))]
    /// # fn main() {}
    /// ```
    #[must_use = "the new interest is returned; `self` stays as it was"]
    pub const fn exclusive(self) -> Interest {
        Interest::from_bits(self.0.get() | EXCLUSIVE)
    }

    /// What is left of this interest without what `other` is to hear of, or `None` where nothing is
    /// left. The [mode](Interest#modes) stays.
    ///
    /// # Examples
    ///
    /// ```
    /// use mio::Interest;
    ///
    /// let both = Interest::READABLE.add(Interest::WRITABLE);
    /// assert_eq!(both.remove(Interest::READABLE), Some(Interest::WRITABLE));
    /// assert_eq!(both.remove(both), None);
    ///
    /// let level = both.level().remove(Interest::READABLE);
    /// assert_eq!(level, Some(Interest::WRITABLE.level()));
    /// ```
    #[must_use = "the rest is returned; `self` stays as it was"]
    pub fn remove(self, other: Interest) -> Option<Interest> {
        let rest = self.0.get() & !(other.0.get() & !MODES);
        (rest & !MODES != 0).then(|| Interest::from_bits(rest))
    }

    /// Whether this contains [`Interest::READABLE`].
    ///
    /// # Examples
    ///
    /// ```
    /// assert!(!mio::Interest::WRITABLE.is_readable());
    /// ```
    #[must_use]
    pub const fn is_readable(self) -> bool {
        self.contains(READABLE)
    }

    /// Whether this contains [`Interest::WRITABLE`].
    ///
    /// # Examples
    ///
    /// ```
    /// assert!(!mio::Interest::READABLE.is_writable());
    /// ```
    #[must_use]
    pub const fn is_writable(self) -> bool {
        self.contains(WRITABLE)
    }

    /// Whether this contains the interest in asynchronous file I/O that kqueue has.
    ///
    /// # Examples
    ///
    /// ```
    /// assert!(!mio::Interest::READABLE.is_aio());
    /// ```
    #[must_use]
    pub const fn is_aio(self) -> bool {
        self.contains(AIO)
    }

    /// Whether this contains the interest in lists of file I/O that FreeBSD's kqueue has.
    ///
    /// # Examples
    ///
    /// ```
    /// assert!(!mio::Interest::READABLE.is_lio());
    /// ```
    #[must_use]
    pub const fn is_lio(self) -> bool {
        self.contains(LIO)
    }

    /// Whether this contains `Interest::PRIORITY`.
    ///
    /// # Examples
    ///
    /// ```
    /// assert!(!mio::Interest::READABLE.is_priority());
    /// ```
    #[must_use]
    pub const fn is_priority(self) -> bool {
        self.contains(PRIORITY)
    }

    /// Whether this is [level-triggered](Interest::level).
    ///
    /// # Examples
    ///
    /// ```
    /// assert!(!mio::Interest::READABLE.is_level());
    /// ```
    #[must_use]
    pub const fn is_level(self) -> bool {
        self.contains(LEVEL)
    }

    /// Whether this is for [one event](Interest::oneshot).
    ///
    /// # Examples
    ///
    /// ```
    /// assert!(!mio::Interest::READABLE.is_oneshot());
    /// ```
    #[must_use]
    pub const fn is_oneshot(self) -> bool {
        self.contains(ONESHOT)
    }

    /// Whether this is [exclusive](Interest::exclusive).
    ///
    /// # Examples
    ///
    /// ```
    /// assert!(!mio::Interest::READABLE.is_exclusive());
    /// ```
    #[must_use]
    pub const fn is_exclusive(self) -> bool {
        self.contains(EXCLUSIVE)
    }

    /// Reading alone, with the mode; `None` if this is not for reading.
    #[cfg(feature = "os-poll")]
    pub(crate) fn only_readable(self) -> Option<Interest> {
        let bits = self.0.get() & (READABLE | MODES);
        self.is_readable().then(|| Interest::from_bits(bits))
    }

    /// Once is once, so a level makes no difference to it.
    pub(crate) fn mode(self) -> Mode {
        match (self.is_oneshot(), self.is_level()) {
            (true, _) => Mode::Oneshot,
            (false, true) => Mode::Level,
            (false, false) => Mode::Edge,
        }
    }

    const fn contains(self, bits: u8) -> bool {
        self.0.get() & bits != 0
    }

    const fn from_bits(bits: u8) -> Interest {
        match NonZeroU8::new(bits) {
            Some(bits) => Interest(bits),
            None => panic!("an interest has at least one bit"),
        }
    }
}

impl ops::BitOr for Interest {
    type Output = Self;

    fn bitor(self, other: Self) -> Self {
        self.add(other)
    }
}

impl ops::BitOrAssign for Interest {
    fn bitor_assign(&mut self, other: Self) {
        *self = self.add(other);
    }
}

/// Shows the names joined by ` | `, as one would write the interest.
impl fmt::Debug for Interest {
    fn fmt(&self, fmt: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names = [
            (self.is_readable(), "READABLE"),
            (self.is_writable(), "WRITABLE"),
            (self.is_priority(), "PRIORITY"),
            (self.is_aio(), "AIO"),
            (self.is_lio(), "LIO"),
            (self.is_level(), "LEVEL"),
            (self.is_oneshot(), "ONESHOT"),
            (self.is_exclusive(), "EXCLUSIVE"),
        ];
        let mut separator = "";
        for (_, name) in names.iter().filter(|(set, _)| *set) {
            write!(fmt, "{separator}{name}")?;
            separator = " | ";
        }
        Ok(())
    }
}
