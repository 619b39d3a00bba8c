//! Output that was queued but not written.

#[cfg(feature = "bytes")]
use std::collections::VecDeque;
use std::fmt;
#[cfg(feature = "bytes")]
use std::io::IoSlice;
use std::io::{self, ErrorKind, Write};

use crate::bytes_queue::BytesQueue;

/// The number of slices in one vectored write. All platforms allow at least 16.
#[cfg(feature = "bytes")]
const SLICES: usize = 16;

/// Bytes to write to a sink, in order.
///
/// [`push`](Self::push) queues bytes, and [`flush`](Self::flush) writes until the queue is empty or
/// the sink would block. Flush after each push, and on each event until the queue is empty: then no
/// message stays behind, and no writable event is lost.
///
/// # Back-pressure
///
/// The queue accepts everything that is pushed, because half a message is useless. Its limit tells
/// the caller when to stop: once more than the limit is queued,
/// [`is_over_limit`](Self::is_over_limit) returns `true`, until no more than the low-water mark is
/// left. Do not read from a peer whose queue is over its limit. [`Connection`](crate::Connection)
/// does this for you.
///
/// # Closing
///
/// After [`close`](Self::close) further pushes are discarded, and
/// [`is_finished`](Self::is_finished) returns `true` once everything that was pushed before is
/// written. Then shut the writing half down, and wait for the peer to end before you drop the
/// stream: closing a socket with unread input sends a reset, which may destroy the last message in
/// transit.
///
/// # Examples
///
/// ```
/// use mio_util::{Flush, WriteQueue};
///
/// # fn main() -> std::io::Result<()> {
/// let mut queue = WriteQueue::new(64 * 1024);
/// queue.push(b"HTTP/1.1 200 OK\r\n");
/// queue.push(b"\r\n");
/// let mut stream = Vec::new();
/// assert_eq!(queue.flush(&mut stream, usize::MAX)?, Flush::Empty);
/// assert_eq!(stream, b"HTTP/1.1 200 OK\r\n\r\n");
/// # Ok(())
/// # }
/// ```
pub struct WriteQueue {
    copied: BytesQueue,
    /// The order of copied and shared bytes. Consecutive copied bytes are one segment.
    #[cfg(feature = "bytes")]
    segments: VecDeque<Segment>,
    len: usize,
    limit: usize,
    low_water: usize,
    is_over_limit: bool,
    is_closed: bool,
}

#[cfg(feature = "bytes")]
enum Segment {
    /// This many bytes of `copied`.
    Copied(usize),
    Shared(bytes::Bytes),
}

/// The reason why [`WriteQueue::flush`] stopped.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Flush {
    /// All bytes are written.
    Empty,
    /// The sink accepts no more for now. The next event reports when it does.
    WouldBlock,
    /// The budget is reached. There may be room for more without an event: flush again soon.
    Budget,
}

impl WriteQueue {
    /// Creates an empty queue that is over its limit from more than `limit` bytes until half of
    /// that is left. Allocates nothing yet.
    ///
    /// # Examples
    ///
    /// ```
    /// let queue = mio_util::WriteQueue::new(64 * 1024);
    /// assert!(queue.is_empty());
    /// ```
    pub fn new(limit: usize) -> WriteQueue {
        WriteQueue::with_low_water(limit, limit / 2)
    }

    /// Creates an empty queue like [`new`](Self::new), with another low-water mark.
    ///
    /// # Panics
    ///
    /// Panics if `low_water` is larger than `limit`.
    ///
    /// # Examples
    ///
    /// ```
    /// let mut queue = mio_util::WriteQueue::with_low_water(10, 0);
    /// queue.push(&[0; 11]);
    /// assert!(queue.is_over_limit());
    /// queue.flush(&mut &mut [0; 8][..], 8).unwrap();
    /// assert!(queue.is_over_limit(), "3 bytes are left");
    /// ```
    pub fn with_low_water(limit: usize, low_water: usize) -> WriteQueue {
        assert!(
            low_water <= limit,
            "the low-water mark {low_water} is larger than the limit {limit}"
        );
        WriteQueue {
            copied: BytesQueue::new(),
            #[cfg(feature = "bytes")]
            segments: VecDeque::new(),
            len: 0,
            limit,
            low_water,
            is_over_limit: false,
            is_closed: false,
        }
    }

    /// Queues a copy of `data`. Discards it if the queue is closed.
    ///
    /// # Examples
    ///
    /// ```
    /// let mut queue = mio_util::WriteQueue::new(1024);
    /// queue.push(b"data");
    /// assert_eq!(queue.len(), 4);
    /// ```
    pub fn push(&mut self, data: &[u8]) {
        if self.is_closed || data.is_empty() {
            return;
        }
        let spare = self.copied.spare(data.len(), usize::MAX);
        spare[..data.len()].copy_from_slice(data);
        self.copied.extend_by(data.len());
        #[cfg(feature = "bytes")]
        match self.segments.back_mut() {
            Some(Segment::Copied(length)) => *length += data.len(),
            _ => self.segments.push_back(Segment::Copied(data.len())),
        }
        self.added(data.len());
    }

    /// Queues `data` without copying it. Discards it if the queue is closed.
    ///
    /// # Examples
    ///
    /// ```
    /// let mut queue = mio_util::WriteQueue::new(1024);
    /// queue.push(b"head ");
    /// queue.push_bytes("body".into());
    /// let mut stream = Vec::new();
    /// queue.flush(&mut stream, usize::MAX).unwrap();
    /// assert_eq!(stream, b"head body");
    /// ```
    #[cfg(feature = "bytes")]
    #[cfg_attr(docsrs, doc(cfg(feature = "bytes")))]
    pub fn push_bytes(&mut self, data: bytes::Bytes) {
        if self.is_closed || data.is_empty() {
            return;
        }
        let length = data.len();
        self.segments.push_back(Segment::Shared(data));
        self.added(length);
    }

    fn added(&mut self, count: usize) {
        self.len += count;
        self.is_over_limit |= self.len > self.limit;
    }

    /// Writes until the queue is empty, the sink would block, or at least `budget` bytes were
    /// written by this call.
    ///
    /// [`Interrupted`](ErrorKind::Interrupted) is retried. With a budget of 0 nothing is written.
    /// This does not call [`Write::flush`]: the caller flushes a sink that buffers, such as a TLS
    /// stream.
    ///
    /// # Errors
    ///
    /// Returns the error of a write other than `WouldBlock` and `Interrupted`, or
    /// [`WriteZero`](ErrorKind::WriteZero) if the sink accepts 0 bytes. Unwritten bytes are still
    /// queued.
    ///
    /// # Examples
    ///
    /// ```
    /// use mio_util::{Flush, WriteQueue};
    ///
    /// let mut queue = WriteQueue::new(1024);
    /// queue.push(b"data");
    /// assert_eq!(queue.flush(&mut Vec::new(), usize::MAX).unwrap(), Flush::Empty);
    /// ```
    pub fn flush(&mut self, sink: &mut impl Write, budget: usize) -> io::Result<Flush> {
        let mut left = budget;
        while self.len > 0 {
            if left == 0 {
                return Ok(Flush::Budget);
            }
            match self.write(sink) {
                Ok(0) => return Err(ErrorKind::WriteZero.into()),
                Ok(written) => {
                    self.consume(written.min(self.len));
                    left = left.saturating_sub(written);
                }
                Err(err) if err.kind() == ErrorKind::WouldBlock => return Ok(Flush::WouldBlock),
                Err(err) if err.kind() == ErrorKind::Interrupted => {}
                Err(err) => return Err(err),
            }
        }
        Ok(Flush::Empty)
    }

    #[cfg(not(feature = "bytes"))]
    fn write(&self, sink: &mut impl Write) -> io::Result<usize> {
        sink.write(self.copied.data())
    }

    #[cfg(feature = "bytes")]
    fn write(&self, sink: &mut impl Write) -> io::Result<usize> {
        let mut slices = [IoSlice::new(&[]); SLICES];
        let mut copied = self.copied.data();
        let mut count = 0;
        for (slice, segment) in slices.iter_mut().zip(&self.segments) {
            *slice = IoSlice::new(match segment {
                Segment::Copied(length) => {
                    let (data, rest) = copied.split_at(*length);
                    copied = rest;
                    data
                }
                Segment::Shared(data) => data,
            });
            count += 1;
        }
        match &slices[..count] {
            [data] => sink.write(data),
            slices => sink.write_vectored(slices),
        }
    }

    fn consume(&mut self, count: usize) {
        self.len -= count;
        self.is_over_limit &= self.len > self.low_water;
        #[cfg(not(feature = "bytes"))]
        self.copied.consume(count);
        #[cfg(feature = "bytes")]
        self.consume_segments(count);
    }

    #[cfg(feature = "bytes")]
    fn consume_segments(&mut self, mut count: usize) {
        while count > 0 {
            let Some(segment) = self.segments.front_mut() else {
                return;
            };
            let (taken, is_used_up) = match segment {
                Segment::Copied(length) => {
                    let taken = count.min(*length);
                    self.copied.consume(taken);
                    *length -= taken;
                    (taken, *length == 0)
                }
                Segment::Shared(data) => {
                    let taken = count.min(data.len());
                    bytes::Buf::advance(data, taken);
                    (taken, data.is_empty())
                }
            };
            count -= taken;
            if is_used_up {
                self.segments.pop_front();
            }
        }
    }

    /// Returns the number of bytes that are queued.
    ///
    /// # Examples
    ///
    /// ```
    /// assert_eq!(mio_util::WriteQueue::new(1024).len(), 0);
    /// ```
    pub fn len(&self) -> usize {
        self.len
    }

    /// Returns `true` if nothing is queued.
    ///
    /// # Examples
    ///
    /// ```
    /// assert!(mio_util::WriteQueue::new(1024).is_empty());
    /// ```
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Returns `true` from the moment when more than the limit is queued until no more than the
    /// low-water mark is left.
    ///
    /// # Examples
    ///
    /// ```
    /// let mut queue = mio_util::WriteQueue::new(4);
    /// queue.push(b"data");
    /// assert!(!queue.is_over_limit());
    /// queue.push(b"s");
    /// assert!(queue.is_over_limit());
    /// ```
    pub fn is_over_limit(&self) -> bool {
        self.is_over_limit
    }

    /// Closes the queue: further pushes are discarded. Queued bytes are still written.
    ///
    /// # Examples
    ///
    /// ```
    /// let mut queue = mio_util::WriteQueue::new(1024);
    /// queue.push(b"bye");
    /// queue.close();
    /// queue.push(b"too late");
    /// assert_eq!(queue.len(), 3);
    /// ```
    pub fn close(&mut self) {
        self.is_closed = true;
    }

    /// Returns `true` once the queue is closed.
    ///
    /// # Examples
    ///
    /// ```
    /// let mut queue = mio_util::WriteQueue::new(1024);
    /// queue.close();
    /// assert!(queue.is_closed());
    /// ```
    pub fn is_closed(&self) -> bool {
        self.is_closed
    }

    /// Returns `true` once the queue is closed and all of it is written.
    ///
    /// # Examples
    ///
    /// ```
    /// let mut queue = mio_util::WriteQueue::new(1024);
    /// queue.push(b"bye");
    /// queue.close();
    /// assert!(!queue.is_finished());
    /// queue.flush(&mut Vec::new(), usize::MAX).unwrap();
    /// assert!(queue.is_finished());
    /// ```
    pub fn is_finished(&self) -> bool {
        self.is_closed && self.len == 0
    }

    /// Frees the memory of an empty queue, for connections that are idle for long. Does nothing to
    /// a queue with bytes.
    ///
    /// # Examples
    ///
    /// ```
    /// let mut queue = mio_util::WriteQueue::new(1024);
    /// queue.release();
    /// ```
    pub fn release(&mut self) {
        if self.is_empty() {
            self.copied = BytesQueue::new();
            #[cfg(feature = "bytes")]
            {
                self.segments = VecDeque::new();
            }
        }
    }
}

impl fmt::Debug for WriteQueue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WriteQueue")
            .field("len", &self.len)
            .field("limit", &self.limit)
            .field("low_water", &self.low_water)
            .field("is_over_limit", &self.is_over_limit)
            .field("is_closed", &self.is_closed)
            .finish()
    }
}
