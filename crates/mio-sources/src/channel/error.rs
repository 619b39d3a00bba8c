//! Why a message was not sent, or not received.

use std::error::Error;
use std::fmt;

/// Why a message was not sent. It is given back.
///
/// # Examples
///
/// ```
/// # fn main() -> std::io::Result<()> {
/// use mio_sources::channel::{self, TrySendError};
///
/// let (sender, receiver) = channel::bounded(1)?;
/// assert_eq!(sender.try_send("first"), Ok(()));
/// assert_eq!(sender.try_send("second"), Err(TrySendError::Full("second")));
///
/// drop(receiver);
/// let err = sender.try_send("third").unwrap_err();
/// assert_eq!(err, TrySendError::Disconnected("third"));
/// assert_eq!(err.into_inner(), "third");
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum TrySendError<T> {
    /// As many messages are on their way as the channel has room for.
    Full(T),
    /// The receiver was dropped, so nothing can ever be sent again.
    Disconnected(T),
}

/// Why there is no message.
///
/// # Examples
///
/// ```
/// # fn main() -> std::io::Result<()> {
/// use mio_sources::channel::{self, TryRecvError};
///
/// let (sender, receiver) = channel::unbounded::<String>()?;
/// assert_eq!(receiver.try_recv(), Err(TryRecvError::Empty));
/// drop(sender);
/// assert_eq!(receiver.try_recv(), Err(TryRecvError::Disconnected));
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TryRecvError {
    /// There is none now. The next one makes an event.
    Empty,
    /// All have been received, and all senders were dropped: there will be no more.
    Disconnected,
}

impl<T> TrySendError<T> {
    /// The message.
    ///
    /// # Examples
    ///
    /// ```
    /// let err = mio_sources::channel::TrySendError::Full(7);
    /// assert_eq!(err.into_inner(), 7);
    /// ```
    pub fn into_inner(self) -> T {
        match self {
            TrySendError::Full(message) | TrySendError::Disconnected(message) => message,
        }
    }
}

/// Without the message, which need not be `Debug`.
impl<T> fmt::Debug for TrySendError<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            TrySendError::Full(_) => "Full(..)",
            TrySendError::Disconnected(_) => "Disconnected(..)",
        })
    }
}

impl<T> fmt::Display for TrySendError<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            TrySendError::Full(_) => "the channel is full; try again when some were received",
            TrySendError::Disconnected(_) => "the receiver of the channel is gone",
        })
    }
}

impl<T> Error for TrySendError<T> {}

impl fmt::Display for TryRecvError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            TryRecvError::Empty => "the channel is empty",
            TryRecvError::Disconnected => "the channel is empty and its senders are gone",
        })
    }
}

impl Error for TryRecvError {}
