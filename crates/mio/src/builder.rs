use std::io::{self, ErrorKind};
use std::time::Duration;

use crate::{Poll, SelectorKind, sys};

/// Makes a [`Poll`] that is not the usual one. Comes from [`Poll::builder`].
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
    /// Uses this selector instead of the system's default.
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

    /// Lets each poll look for events without sleeping, for up to this long, before it waits.
    ///
    /// A thread that sleeps is woken by the scheduler, and that takes longer than most messages
    /// take to be answered. A poll that looks instead finds what comes within that time at once,
    /// and keeps the processor busy meanwhile. While looking is in vain it is done ever less often,
    /// down to one poll in 65; when it has found something, by each poll again.
    ///
    /// It is off by default, and `Duration::ZERO` is off. A poll with a timeout of zero never looks
    /// twice.
    ///
    /// A signal whose handler runs while the poll looks does not make it return
    /// [`Interrupted`](ErrorKind::Interrupted): a look is a system call that does not wait, and
    /// such a call is not interrupted. The poll goes on to its timeout, as if the signal had come
    /// just before it. Let the handler call [`Waker::wake`](crate::Waker::wake), which ends it.
    ///
    /// # When it pays
    ///
    /// Only if what the thread waits for is made on *another* processor, or comes from the network.
    /// With both threads on one processor the one that looks keeps the other from running. A round
    /// trip between two threads that wake each other, measured on a virtual machine with two cores,
    /// with 20 us of looking as against none: on two cores 30 times shorter, and a tenth of the
    /// processor time; on one core nearly twice as long, and as much more processor time, though
    /// most polls do not look there. Your machine will differ:
    /// `cargo run --release -p mio-bench -- --works wake` in the repository measures both.
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

    /// Makes the `Poll`.
    ///
    /// # Errors
    ///
    /// [`Unsupported`](ErrorKind::Unsupported) if this build has no such selector, with the likely
    /// cause in the message; the system's error if it has no descriptor left, such as `EMFILE`.
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
