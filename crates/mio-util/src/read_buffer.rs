//! Input that was read but not consumed.

use std::fmt;
use std::io::{self, ErrorKind, Read};

use crate::bytes_queue::BytesQueue;

/// Size of the first read into an empty buffer, and minimum size of a read while there is room.
const FIRST: usize = 4096;

/// Bytes that were read from a source but not consumed.
///
/// [`fill`](Self::fill) reads until the source is drained or a limit is reached, and returns the
/// reason, which is all that edge-triggered readiness requires. The protocol parses
/// [`data`](Self::data), and calls [`consume`](Self::consume) for the parsed part.
///
/// The buffer starts empty, grows as data arrives, and never holds more than its limit. Its memory
/// is at most twice the limit, so that it can reclaim consumed bytes by moving the rest to the
/// front once they outnumber it: on average a byte is moved at most once.
///
/// # Examples
///
/// A protocol of lines:
///
/// ```
/// use mio_util::{Fill, ReadBuffer};
///
/// # fn main() -> std::io::Result<()> {
/// let mut stream = &b"first\nsecond\nrest"[..];
/// let mut buffer = ReadBuffer::new(1024);
/// assert_eq!(buffer.fill(&mut stream, 1024)?, Fill::End);
///
/// let mut lines = Vec::new();
/// while let Some(length) = buffer.data().iter().position(|byte| *byte == b'\n') {
///     lines.push(buffer.data()[..length].to_vec());
///     buffer.consume(length + 1);
/// }
/// assert_eq!(lines, [&b"first"[..], b"second"]);
/// assert_eq!(buffer.data(), b"rest");
/// # Ok(())
/// # }
/// ```
pub struct ReadBuffer {
    queue: BytesQueue,
    limit: usize,
}

/// The reason why [`ReadBuffer::fill`] stopped.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Fill {
    /// The source is drained. The next event reports new data.
    WouldBlock,
    /// The peer has stopped sending: a read returned 0 bytes.
    End,
    /// The buffer is at its limit. More data may be waiting without an event: consume, and fill
    /// again.
    Full,
    /// The budget is reached. More data may be waiting without an event: fill again soon, for
    /// example after the other sources of the batch (see [`ReadyList`](crate::ReadyList)).
    Budget,
}

impl ReadBuffer {
    /// Creates an empty buffer that holds at most `limit` bytes. Allocates nothing yet.
    ///
    /// # Panics
    ///
    /// Panics if `limit` is 0, or if twice the limit is more than `isize::MAX`.
    ///
    /// # Examples
    ///
    /// ```
    /// let buffer = mio_util::ReadBuffer::new(64 * 1024);
    /// assert_eq!(buffer.limit(), 64 * 1024);
    /// assert!(buffer.is_empty());
    /// ```
    pub fn new(limit: usize) -> ReadBuffer {
        assert!(limit > 0, "a buffer of 0 bytes could never be filled");
        assert!(limit <= isize::MAX as usize / 2, "the limit is too large");
        ReadBuffer {
            queue: BytesQueue::new(),
            limit,
        }
    }

    /// Creates an empty buffer like [`new`](Self::new) that allocates all its memory now, and
    /// nothing later.
    ///
    /// # Panics
    ///
    /// Panics as [`new`](Self::new) does.
    ///
    /// # Examples
    ///
    /// ```
    /// let buffer = mio_util::ReadBuffer::preallocated(1024);
    /// assert!(buffer.is_empty());
    /// ```
    pub fn preallocated(limit: usize) -> ReadBuffer {
        let mut buffer = ReadBuffer::new(limit);
        buffer.queue.grow_to(2 * limit);
        buffer
    }

    /// Reads until the source would block or ends, the buffer is full, or `budget` bytes were read
    /// by this call.
    ///
    /// [`Interrupted`](ErrorKind::Interrupted) is retried. With a budget of 0 nothing is read.
    ///
    /// # Errors
    ///
    /// Returns the error of a read other than `WouldBlock` and `Interrupted`. Bytes that were read
    /// before it are in the buffer.
    ///
    /// # Examples
    ///
    /// ```
    /// use mio_util::{Fill, ReadBuffer};
    ///
    /// # fn main() -> std::io::Result<()> {
    /// let mut buffer = ReadBuffer::new(4);
    /// let mut stream = &b"longer"[..];
    /// assert_eq!(buffer.fill(&mut stream, 3)?, Fill::Budget);
    /// assert_eq!(buffer.fill(&mut stream, 3)?, Fill::Full);
    /// buffer.consume(4);
    /// assert_eq!(buffer.fill(&mut stream, 3)?, Fill::End);
    /// assert_eq!(buffer.data(), b"er");
    /// # Ok(())
    /// # }
    /// ```
    pub fn fill(&mut self, source: &mut impl Read, budget: usize) -> io::Result<Fill> {
        self.fill_while(source, budget, |_, _| true)
    }

    /// Reads like [`fill`](Self::fill), but treats a short read as the last one: it returns
    /// [`Fill::WouldBlock`] without the system call that would return `WouldBlock`.
    ///
    /// This is correct in two cases only:
    ///
    /// * the source is registered with [`level`](mio::Interest::level), on any selector, and is a
    ///   stream or a datagram socket;
    /// * the source is a stream in edge mode on epoll, and the event that led here is not
    ///   [`is_read_closed`](mio::event::Event::is_read_closed).
    ///
    /// In other cases the connection would hang: see "Saving the last read" in the guide of `mio`.
    /// A stream in between, such as a TLS stream, needs `fill`.
    ///
    /// # Errors
    ///
    /// Returns the errors of [`fill`](Self::fill).
    ///
    /// # Examples
    ///
    /// ```
    /// use mio_util::{Fill, ReadBuffer};
    ///
    /// # fn main() -> std::io::Result<()> {
    /// let mut buffer = ReadBuffer::new(1024);
    /// assert_eq!(buffer.fill_until_short(&mut &b"short"[..], 1024)?, Fill::WouldBlock);
    /// # Ok(())
    /// # }
    /// ```
    pub fn fill_until_short(&mut self, source: &mut impl Read, budget: usize) -> io::Result<Fill> {
        self.fill_while(source, budget, |read, room| read == room)
    }

    fn fill_while(
        &mut self,
        source: &mut impl Read,
        budget: usize,
        goes_on: impl Fn(usize, usize) -> bool,
    ) -> io::Result<Fill> {
        let mut left = budget;
        loop {
            let room = self.limit - self.queue.len();
            if room == 0 {
                return Ok(Fill::Full);
            }
            if left == 0 {
                return Ok(Fill::Budget);
            }
            let spare = self.queue.spare(FIRST.min(room), 2 * self.limit);
            let length = spare.len().min(room).min(left);
            match source.read(&mut spare[..length]) {
                Ok(0) => return Ok(Fill::End),
                Ok(read) => {
                    // A reader that claims more than there was room for is wrong, so ignore the
                    // excess.
                    let read = read.min(length);
                    self.queue.extend_by(read);
                    left -= read;
                    if !goes_on(read, length) {
                        return Ok(Fill::WouldBlock);
                    }
                }
                Err(err) if err.kind() == ErrorKind::WouldBlock => return Ok(Fill::WouldBlock),
                Err(err) if err.kind() == ErrorKind::Interrupted => {}
                Err(err) => return Err(err),
            }
        }
    }

    /// Returns the unconsumed bytes, the oldest first.
    ///
    /// # Examples
    ///
    /// ```
    /// # fn main() -> std::io::Result<()> {
    /// let mut buffer = mio_util::ReadBuffer::new(16);
    /// buffer.fill(&mut &b"data"[..], 16)?;
    /// assert_eq!(buffer.data(), b"data");
    /// # Ok(())
    /// # }
    /// ```
    pub fn data(&self) -> &[u8] {
        self.queue.data()
    }

    /// Returns the unconsumed bytes, for protocols that change them in place, to unmask or decrypt.
    ///
    /// # Examples
    ///
    /// ```
    /// # fn main() -> std::io::Result<()> {
    /// let mut buffer = mio_util::ReadBuffer::new(16);
    /// buffer.fill(&mut &b"data"[..], 16)?;
    /// buffer.data_mut().make_ascii_uppercase();
    /// assert_eq!(buffer.data(), b"DATA");
    /// # Ok(())
    /// # }
    /// ```
    pub fn data_mut(&mut self) -> &mut [u8] {
        self.queue.data_mut()
    }

    /// Removes the oldest `count` bytes.
    ///
    /// # Panics
    ///
    /// Panics if there are fewer.
    ///
    /// # Examples
    ///
    /// ```
    /// # fn main() -> std::io::Result<()> {
    /// let mut buffer = mio_util::ReadBuffer::new(16);
    /// buffer.fill(&mut &b"data"[..], 16)?;
    /// buffer.consume(2);
    /// assert_eq!(buffer.data(), b"ta");
    /// # Ok(())
    /// # }
    /// ```
    pub fn consume(&mut self, count: usize) {
        self.queue.consume(count);
    }

    /// Removes all bytes.
    ///
    /// # Examples
    ///
    /// ```
    /// # fn main() -> std::io::Result<()> {
    /// let mut buffer = mio_util::ReadBuffer::new(16);
    /// buffer.fill(&mut &b"data"[..], 16)?;
    /// buffer.clear();
    /// assert!(buffer.is_empty());
    /// # Ok(())
    /// # }
    /// ```
    pub fn clear(&mut self) {
        self.queue.consume(self.queue.len());
    }

    /// Returns the number of unconsumed bytes.
    ///
    /// # Examples
    ///
    /// ```
    /// # fn main() -> std::io::Result<()> {
    /// let mut buffer = mio_util::ReadBuffer::new(16);
    /// buffer.fill(&mut &b"data"[..], 16)?;
    /// assert_eq!(buffer.len(), 4);
    /// # Ok(())
    /// # }
    /// ```
    pub fn len(&self) -> usize {
        self.queue.len()
    }

    /// Returns `true` if all bytes are consumed.
    ///
    /// # Examples
    ///
    /// ```
    /// assert!(mio_util::ReadBuffer::new(16).is_empty());
    /// ```
    pub fn is_empty(&self) -> bool {
        self.queue.len() == 0
    }

    /// Returns `true` if the buffer is at its limit.
    ///
    /// # Examples
    ///
    /// ```
    /// # fn main() -> std::io::Result<()> {
    /// let mut buffer = mio_util::ReadBuffer::new(4);
    /// buffer.fill(&mut &b"longer"[..], 16)?;
    /// assert!(buffer.is_full());
    /// # Ok(())
    /// # }
    /// ```
    pub fn is_full(&self) -> bool {
        self.queue.len() == self.limit
    }

    /// Returns the maximum number of bytes that the buffer holds.
    ///
    /// # Examples
    ///
    /// ```
    /// assert_eq!(mio_util::ReadBuffer::new(16).limit(), 16);
    /// ```
    pub fn limit(&self) -> usize {
        self.limit
    }

    /// Frees the memory of an empty buffer, for connections that are idle for long. Does nothing to
    /// a buffer with data.
    ///
    /// # Examples
    ///
    /// ```
    /// # fn main() -> std::io::Result<()> {
    /// let mut buffer = mio_util::ReadBuffer::new(16);
    /// buffer.fill(&mut &b"data"[..], 16)?;
    /// buffer.consume(4);
    /// buffer.release();
    /// # Ok(())
    /// # }
    /// ```
    pub fn release(&mut self) {
        if self.is_empty() {
            self.queue = BytesQueue::new();
        }
    }
}

impl fmt::Debug for ReadBuffer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ReadBuffer")
            .field("len", &self.len())
            .field("limit", &self.limit)
            .finish()
    }
}
