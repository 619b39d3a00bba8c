use std::num::NonZeroU8;
use std::{fmt, ops};

/// The events that a registration is interested in.
///
/// Combine interests with [`add`](Interest::add) or `|`. An interest is never empty: to report no
/// events of a source for a while, deregister it.
///
/// Failures and hang-ups are reported for every interest, because every OS does so; see the table
/// at [`Event`](crate::event::Event).
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

// Events.
const READABLE: u8 = 1 << 0;
const WRITABLE: u8 = 1 << 1;
const AIO: u8 = 1 << 2;
const LIO: u8 = 1 << 3;
const PRIORITY: u8 = 1 << 4;
// Modes.
const LEVEL: u8 = 1 << 5;
const ONESHOT: u8 = 1 << 6;
const EXCLUSIVE: u8 = 1 << 7;
const MODES: u8 = LEVEL | ONESHOT | EXCLUSIVE;

/// The trigger mode: when a registration is reported again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Mode {
    /// When a direction becomes ready again.
    #[default]
    Edge,
    /// By each poll, as long as it is ready.
    Level,
    /// Only after `reregister`.
    Oneshot,
}

impl Interest {
    /// Interest in reading: data has arrived, a connection is pending, or the peer has stopped
    /// sending.
    ///
    /// # Examples
    ///
    /// ```
    /// assert!(mio::Interest::READABLE.is_readable());
    /// ```
    pub const READABLE: Interest = Interest::from_bits(READABLE);

    /// Interest in writing: there is room in the send buffer, or a connection is established.
    ///
    /// # Examples
    ///
    /// ```
    /// assert!(mio::Interest::WRITABLE.is_writable());
    /// ```
    pub const WRITABLE: Interest = Interest::from_bits(WRITABLE);

    /// Interest in exceptional conditions, such as out-of-band data on a TCP socket.
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

    /// Interest in the completion of an asynchronous file operation.
    ///
    /// FreeBSD, DragonFly BSD, macOS and its relatives only. The operation itself names the kqueue
    /// to notify in its `aio_sigevent` (FreeBSD's [aio(4)]), so registering for this interest makes
    /// no request to the kernel. It is meant for an [`event::Source`](crate::event::Source) of your
    /// own.
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

    /// Interest in the completion of a list of asynchronous file operations.
    ///
    /// FreeBSD only. Otherwise like [`AIO`](Interest::AIO).
    ///
    /// # Examples
    ///
    /// ```
    /// assert!(mio::Interest::LIO.is_lio());
    /// ```
    #[cfg(any(lio, docsrs))]
    #[cfg_attr(docsrs, doc(cfg(target_os = "freebsd")))]
    pub const LIO: Interest = Interest::from_bits(LIO);

    /// Returns the union of both interests. The same as `a | b`, but also usable in constants.
    ///
    /// # Examples
    ///
    /// ```
    /// use mio::Interest;
    ///
    /// const BOTH: Interest = Interest::READABLE.add(Interest::WRITABLE);
    /// assert_eq!(BOTH, Interest::READABLE | Interest::WRITABLE);
    /// ```
    #[allow(clippy::should_implement_trait)] // `std::ops::Add` is not usable in constants.
    #[must_use = "the sum is returned; `self` stays as it was"]
    pub const fn add(self, other: Interest) -> Interest {
        Interest::from_bits(self.0.get() | other.0.get())
    }

    /// Returns this interest as [level-triggered](Interest#modes): each poll reports the source as
    /// long as it is ready.
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

    /// Returns this interest as [oneshot](Interest#modes): one event disarms all directions of the
    /// registration until [`reregister`](crate::Registry::reregister).
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

    /// Returns this interest as [exclusive](Interest#modes): if several polls watch one source in
    /// this mode, the kernel wakes at least one of them and tries not to wake the others.
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

    /// Returns this interest without the events of `other`, or `None` if no event remains. The
    /// [mode](Interest#modes) is kept.
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

    /// Returns `true` if this contains [`Interest::READABLE`].
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

    /// Returns `true` if this contains [`Interest::WRITABLE`].
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

    /// Returns `true` if this contains `Interest::AIO`, which only kqueue supports.
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

    /// Returns `true` if this contains `Interest::LIO`, which only the kqueue of FreeBSD supports.
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

    /// Returns `true` if this contains `Interest::PRIORITY`.
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

    /// Returns `true` if this is [level-triggered](Interest::level).
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

    /// Returns `true` if this is [oneshot](Interest::oneshot).
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

    /// Returns `true` if this is [exclusive](Interest::exclusive).
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

    /// Returns `READABLE` with the mode of this interest, or `None` if this does not contain
    /// `READABLE`.
    #[cfg(feature = "os-poll")]
    pub(crate) fn only_readable(self) -> Option<Interest> {
        let bits = self.0.get() & (READABLE | MODES);
        self.is_readable().then(|| Interest::from_bits(bits))
    }

    /// Returns the trigger mode. `oneshot` overrides `level`.
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

/// Shows the names joined by ` | `, as in source code.
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
