use crate::{Interest, sys};

/// An OS mechanism that reports ready sources.
///
/// Each platform has a default selector, which `Poll::new` uses. The feature `all-selectors` also
/// compiles the other selectors of the platform, and `Poll::builder` selects one of them. All
/// variants exist on every platform.
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
    /// [poll(2)](https://man7.org/linux/man-pages/man2/poll.2.html): every Unix, WASI and Hermit.
    /// Each call passes every source to the kernel, so it suits a few hundred sources.
    Poll,
}

impl SelectorKind {
    /// Returns the selectors that are available in this build on this platform, the default first.
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

    /// Returns `true` if this build has this selector and the selector supports this interest.
    ///
    /// Registering for an unsupported interest fails with
    /// [`Unsupported`](std::io::ErrorKind::Unsupported). See [`Interest`](Interest#modes) for the
    /// modes that each selector supports.
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
