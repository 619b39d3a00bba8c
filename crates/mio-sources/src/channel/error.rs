//! Errors of sending and receiving.

use std::error::Error;
use std::{fmt, io};

/// An error of [`Sender::try_send`](super::Sender::try_send).
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
/// assert_eq!(err.into_inner(), Some("third"));
/// # Ok(())
/// # }
/// ```
pub enum TrySendError<T> {
    /// The channel is at its capacity.
    Full(T),
    /// The receiver was dropped, so no message can be sent any more.
    Disconnected(T),
    /// The message was sent, but the OS refused to make the receiver readable, with this error.
    /// [`Receiver::try_recv`](super::Receiver::try_recv) returns the message, and the next
    /// `try_send` notifies again. The OS is out of memory, or other code of the program has closed
    /// the descriptor.
    Unnotified(io::Error),
}

/// An error of [`Receiver::try_recv`](super::Receiver::try_recv).
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
    /// There is no message now. The next one causes an event.
    Empty,
    /// All messages have been received and all senders were dropped: no message will follow.
    Disconnected,
}

impl<T> TrySendError<T> {
    /// Returns the message, unless it was sent.
    ///
    /// # Examples
    ///
    /// ```
    /// let err = mio_sources::channel::TrySendError::Full(7);
    /// assert_eq!(err.into_inner(), Some(7));
    /// ```
    pub fn into_inner(self) -> Option<T> {
        match self {
            TrySendError::Full(message) | TrySendError::Disconnected(message) => Some(message),
            TrySendError::Unnotified(_) => None,
        }
    }
}

/// Formats without the message, which need not be `Debug`.
impl<T> fmt::Debug for TrySendError<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            TrySendError::Full(_) => f.write_str("Full(..)"),
            TrySendError::Disconnected(_) => f.write_str("Disconnected(..)"),
            TrySendError::Unnotified(err) => f.debug_tuple("Unnotified").field(err).finish(),
        }
    }
}

impl<T> fmt::Display for TrySendError<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            TrySendError::Full(_) => "the channel is full; try again when some were received",
            TrySendError::Disconnected(_) => "the receiver of the channel is gone",
            TrySendError::Unnotified(_) => "the message was sent and its receiver not notified",
        })
    }
}

impl<T> Error for TrySendError<T> {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            TrySendError::Unnotified(err) => Some(err),
            TrySendError::Full(_) | TrySendError::Disconnected(_) => None,
        }
    }
}

/// Compares errors of the OS by their kind and code.
impl<T: PartialEq> PartialEq for TrySendError<T> {
    fn eq(&self, other: &Self) -> bool {
        use TrySendError::{Disconnected, Full, Unnotified};

        let what = |err: &io::Error| (err.kind(), err.raw_os_error());
        match (self, other) {
            (Full(one), Full(other)) | (Disconnected(one), Disconnected(other)) => one == other,
            (Unnotified(one), Unnotified(other)) => what(one) == what(other),
            _ => false,
        }
    }
}

impl<T: Eq> Eq for TrySendError<T> {}

impl fmt::Display for TryRecvError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            TryRecvError::Empty => "the channel is empty",
            TryRecvError::Disconnected => "the channel is empty and its senders are gone",
        })
    }
}

impl Error for TryRecvError {}
