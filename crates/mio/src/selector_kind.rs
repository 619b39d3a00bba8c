use crate::{Interest, sys};

/// A mechanism of the operating system that tells which sources are ready.
///
/// Each system has one that is best, and `Poll::new` takes it. With the feature `all-selectors` the
/// others that the system has are compiled too, and `Poll::builder` can be asked for one. All can
/// be named everywhere.
///
/// # Examples
///
/// ```
/// use mio::SelectorKind;
///
/// let kinds: Vec<SelectorKind> = SelectorKind::available().collect();
/// println!("{kinds:?}, the first of which is what `Poll::new` takes");
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum SelectorKind {
    /// The AFD device behind an I/O completion port: Windows.
    Afd,
    /// [epoll(7)](https://man7.org/linux/man-pages/man7/epoll.7.html): the default on Linux,
    /// Android, illumos and Redox.
    Epoll,
    /// [Event ports](https://docs.oracle.com/cd/E88353_01/html/E37843/port-create-3c.html): the
    /// default on Solaris.
    EventPorts,
    /// [kqueue(2)](https://man.freebsd.org/cgi/man.cgi?query=kqueue&sektion=2): the default on
    /// macOS and its relatives, and on the BSDs.
    Kqueue,
    /// [poll(2)](https://man7.org/linux/man-pages/man2/poll.2.html): every Unix, WASI
    /// and Hermit. It asks about
    /// every source on each call, so it suits some hundreds of them.
    Poll,
}

impl SelectorKind {
    /// The selectors that this build can use here, the default first.
    ///
    /// # Examples
    ///
    /// ```
    /// use mio::SelectorKind;
    ///
    /// if !SelectorKind::available().any(|kind| kind == SelectorKind::Epoll) {
    ///     println!("not on Linux, or built without `os-poll`");
    /// }
    /// ```
    pub fn available() -> impl Iterator<Item = SelectorKind> {
        sys::SELECTORS.iter().copied()
    }

    /// Whether this build has this selector and the selector can do what this interest asks for.
    ///
    /// What it can't is an error at registration, [`Unsupported`](std::io::ErrorKind::Unsupported).
    /// The table at [`Interest`](Interest#modes) says which can what.
    ///
    /// # Examples
    ///
    /// ```
    /// use mio::{Interest, SelectorKind};
    ///
    /// for kind in SelectorKind::available() {
    ///     assert!(kind.supports(Interest::READABLE.level()));
    /// }
    /// ```
    #[must_use]
    pub fn supports(self, interests: Interest) -> bool {
        sys::supports(self, interests)
    }
}
