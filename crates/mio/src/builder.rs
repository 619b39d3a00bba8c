use std::io::{self, ErrorKind};
use std::time::Duration;

use crate::{Poll, SelectorKind, sys};

/// A builder that configures and creates a [`Poll`]. Created by [`Poll::builder`].
///
/// # Examples
///
/// ```
/// # fn main() -> std::io::Result<()> {
/// use std::io::ErrorKind;
///
/// use mio::{Poll, SelectorKind};
///
/// let poll = match Poll::builder().selector(SelectorKind::Poll).build() {
///     Err(err) if err.kind() == ErrorKind::Unsupported => Poll::new()?,
///     result => result?,
/// };
/// println!("running on {:?}", poll.selector_kind());
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, Default)]
#[must_use = "a builder does nothing until `build` is called"]
pub struct Builder {
    selector: Option<SelectorKind>,
    busy_poll: Duration,
}

impl Builder {
    /// Uses this selector instead of the default of the platform.
    ///
    /// # Examples
    ///
    /// ```
    /// # fn main() -> std::io::Result<()> {
    /// use mio::{Poll, SelectorKind};
    ///
    /// for kind in SelectorKind::available() {
    ///     let poll = Poll::builder().selector(kind).build()?;
    ///     assert_eq!(poll.selector_kind(), kind);
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub fn selector(mut self, kind: SelectorKind) -> Builder {
        self.selector = Some(kind);
        self
    }

    /// Sets how long each poll checks for events without sleeping before it waits.
    ///
    /// The scheduler takes longer to wake a sleeping thread than most messages take to be answered.
    /// A busy poll returns an event as soon as it occurs within the limit, but keeps the processor
    /// busy meanwhile. While it finds nothing, fewer and fewer polls are busy, down to one in 65.
    /// When one finds an event, each poll is busy again.
    ///
    /// Busy polling is off by default and for `Duration::ZERO`. A poll with a timeout of zero
    /// checks only once.
    ///
    /// A signal handler that runs during busy polling does not make the poll return
    /// [`Interrupted`](ErrorKind::Interrupted): each check is a system call that does not wait, and
    /// such a call is not interrupted. The poll continues until its timeout, as if the signal had
    /// arrived just before it. To end the poll, call [`Waker::wake`](crate::Waker::wake) in the
    /// handler.
    ///
    /// # When it pays
    ///
    /// Busy polling pays only if the events come from *another* processor or from the network. If
    /// both threads share a processor, the busy one keeps the other from running.
    ///
    /// A round trip between two threads that wake each other, with a limit of 20 us against none,
    /// was measured on a virtual machine with two cores. With the threads on two cores it was 30
    /// times shorter and took a tenth of the processor time. On one core it was nearly twice as
    /// long and took nearly twice the processor time, although most polls are not busy there. Your
    /// machine will differ: `cargo run --release -p mio-bench -- --works wake` in the repository
    /// measures both.
    ///
    /// # Examples
    ///
    /// ```
    /// # fn main() -> std::io::Result<()> {
    /// use std::time::Duration;
    ///
    /// let limit = Duration::from_micros(20);
    /// let poll = mio::Poll::builder().busy_poll(limit).build()?;
    /// # drop(poll);
    /// # Ok(())
    /// # }
    /// ```
    pub fn busy_poll(mut self, limit: Duration) -> Builder {
        self.busy_poll = limit;
        self
    }

    /// Creates the `Poll`.
    ///
    /// # Errors
    ///
    /// [`Unsupported`](ErrorKind::Unsupported) if this build has no such selector, with the likely
    /// cause in the message; the OS error if no descriptor is left, such as `EMFILE`.
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
    pub fn build(self) -> io::Result<Poll> {
        let Some(kind) = self.selector.or(sys::SELECTORS.first().copied()) else {
            let message = "this crate has no selector for this system yet";
            return Err(io::Error::new(ErrorKind::Unsupported, message));
        };
        match sys::Selector::new(kind) {
            Some(selector) => selector.map(|selector| Poll::build(selector, self.busy_poll)),
            None => Err(unsupported(kind)),
        }
    }
}

fn unsupported(kind: SelectorKind) -> io::Error {
    let cause = if cfg!(feature = "all-selectors") {
        "this system does not have it"
    } else {
        "without the feature `all-selectors` only the system's default is compiled"
    };
    let available: Vec<_> = SelectorKind::available().collect();
    let message = format!("no selector {kind:?} in this build, only {available:?}: {cause}");
    io::Error::new(ErrorKind::Unsupported, message)
}
