use std::io::{self, ErrorKind};

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
            Some(selector) => selector.map(Poll::from_selector),
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
