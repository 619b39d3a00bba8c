//! A stream with its buffers, and a function that serves it on any event.

use std::io::{self, ErrorKind};
use std::time::Instant;

use mio::Interest;

use crate::{Fill, Flush, ReadBuffer, Stream, WriteQueue};

/// A stream with its [`ReadBuffer`] and [`WriteQueue`].
///
/// [`ready`](Self::ready) handles any event, in each mode and on each selector: it writes the
/// queued output, reads the available input, calls the protocol, and repeats until nothing changes.
/// Call it on *each* event of the connection, when [`Next::again`] returned `true`, and when the
/// program itself has something to send.
///
/// # Examples
///
/// An echo server's connection:
///
/// ```
/// # #[cfg(all(unix, feature = "net"))]
/// # fn main() -> std::io::Result<()> {
/// use std::io::{self, Read, Write};
/// use std::time::{Duration, Instant};
///
/// use mio::net::UnixStream;
/// use mio_util::{Connection, Exchange};
///
/// fn echo(exchange: &mut Exchange<'_>) -> io::Result<()> {
///     exchange.output.push(exchange.input.data());
///     exchange.input.clear();
///     if exchange.has_ended() {
///         exchange.close(Instant::now() + Duration::from_secs(5));
///     }
///     Ok(())
/// }
///
/// let (stream, mut peer) = UnixStream::pair()?;
/// let mut connection = Connection::new(stream, 64 * 1024);
/// peer.write_all(b"hello")?;
/// peer.shutdown(std::net::Shutdown::Write)?;
/// let next = connection.ready(echo)?;
/// assert!(next.is_finished(), "all is sent, and the peer has ended");
///
/// let mut answer = String::new();
/// peer.read_to_string(&mut answer)?;
/// assert_eq!(answer, "hello");
/// # Ok(())
/// # }
/// # #[cfg(not(all(unix, feature = "net")))]
/// # fn main() {}
/// ```
#[derive(Debug)]
pub struct Connection<S> {
    stream: S,
    input: ReadBuffer,
    output: WriteQueue,
    budget: usize,
    has_ended: bool,
    /// Set while the stream buffers bytes that it could not send.
    is_unflushed: bool,
    /// Set once the writing half is shut down.
    is_shut_down: bool,
    closing: Closing,
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum Closing {
    No,
    /// The output is written first.
    Flushing(Instant),
    /// Waits for the end of the peer, after the writing half was shut down.
    Lingering(Instant),
    Finished,
}

/// The arguments of a protocol: see [`Connection::ready`].
///
/// # Examples
///
/// See [`Connection`].
#[derive(Debug)]
pub struct Exchange<'a> {
    /// The bytes that were received but not consumed.
    pub input: &'a mut ReadBuffer,
    /// The bytes to send.
    pub output: &'a mut WriteQueue,
    has_ended: bool,
    linger_until: Option<Instant>,
}

impl Exchange<'_> {
    /// Returns `true` if the peer has stopped sending: no more input follows. The peer may still
    /// receive.
    ///
    /// # Examples
    ///
    /// ```
    /// # use mio_util::Exchange;
    /// fn protocol(exchange: &mut Exchange<'_>) -> std::io::Result<()> {
    ///     if exchange.has_ended() && !exchange.input.is_empty() {
    ///         return Err(std::io::ErrorKind::UnexpectedEof.into());
    ///     }
    ///     Ok(())
    /// }
    /// ```
    pub fn has_ended(&self) -> bool {
        self.has_ended
    }

    /// Closes the connection once all output is written.
    ///
    /// The protocol is not called again. The writing half is shut down after the last byte. Input
    /// is then read and discarded until the peer ends too, so that no reset destroys data that the
    /// peer has not yet read. At `deadline` the connection ends in any case.
    ///
    /// # Examples
    ///
    /// ```
    /// # use mio_util::Exchange;
    /// use std::time::{Duration, Instant};
    ///
    /// fn protocol(exchange: &mut Exchange<'_>) -> std::io::Result<()> {
    ///     exchange.output.push(b"bye\n");
    ///     exchange.close(Instant::now() + Duration::from_secs(5));
    ///     Ok(())
    /// }
    /// ```
    pub fn close(&mut self, deadline: Instant) {
        self.linger_until = Some(deadline);
        self.output.close();
    }
}

/// The next step of a connection, returned by [`Connection::ready`].
///
/// # Examples
///
/// See [`Connection::ready`] and [`Registration`](crate::Registration).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[must_use = "a connection that is not watched as it asks hangs"]
pub struct Next {
    interest: Option<Interest>,
    deadline: Option<Instant>,
    again: bool,
    is_finished: bool,
}

impl Next {
    /// Returns the interest to register for, in level and oneshot mode. `None` means neither
    /// direction. In edge mode a connection is registered once for both, and this is not needed.
    ///
    /// [`Registration`](crate::Registration) makes the calls that follow from it.
    ///
    /// # Examples
    ///
    /// ```
    /// # #[cfg(all(unix, feature = "net"))]
    /// # fn main() -> std::io::Result<()> {
    /// use mio::Interest;
    ///
    /// let (stream, _peer) = mio::net::UnixStream::pair()?;
    /// let mut connection = mio_util::Connection::new(stream, 1024);
    /// let next = connection.ready(|_| std::io::Result::Ok(()))?;
    /// assert_eq!(next.interest(), Some(Interest::READABLE), "there is nothing to write");
    /// # Ok(())
    /// # }
    /// # #[cfg(not(all(unix, feature = "net")))]
    /// # fn main() {}
    /// ```
    pub fn interest(&self) -> Option<Interest> {
        self.interest
    }

    /// Returns the time at which to drop the connection: see [`Exchange::close`].
    ///
    /// # Examples
    ///
    /// See [`Connection::close_after_flush`].
    pub fn deadline(&self) -> Option<Instant> {
        self.deadline
    }

    /// Returns `true` if the budget was reached: call [`Connection::ready`] again after the other
    /// sources of the batch, for example by a [`ReadyList`](crate::ReadyList). No event will come
    /// for the rest.
    ///
    /// # Examples
    ///
    /// ```
    /// # #[cfg(all(unix, feature = "net"))]
    /// # fn main() -> std::io::Result<()> {
    /// use std::io::Write;
    ///
    /// let (stream, mut peer) = mio::net::UnixStream::pair()?;
    /// peer.write_all(b"data")?;
    /// let mut connection = mio_util::Connection::new(stream, 1024);
    /// connection.set_budget(3);
    /// let next = connection.ready(|exchange| {
    ///     exchange.input.clear();
    ///     std::io::Result::Ok(())
    /// })?;
    /// assert!(next.again(), "there is one more byte");
    /// # Ok(())
    /// # }
    /// # #[cfg(not(all(unix, feature = "net")))]
    /// # fn main() {}
    /// ```
    pub fn again(&self) -> bool {
        self.again
    }

    /// Returns `true` if the connection has ended in both directions and can be dropped.
    ///
    /// # Examples
    ///
    /// See [`Connection`].
    pub fn is_finished(&self) -> bool {
        self.is_finished
    }
}

impl<S: Stream> Connection<S> {
    /// The default number of bytes that one call of [`ready`](Self::ready) reads and writes.
    /// [`set_budget`](Self::set_budget) changes it.
    pub const BUDGET: usize = 256 * 1024;

    /// Creates a connection that buffers up to `limit` bytes in each direction.
    ///
    /// # Panics
    ///
    /// Panics as [`ReadBuffer::new`] does.
    ///
    /// # Examples
    ///
    /// See [`Connection`].
    pub fn new(stream: S, limit: usize) -> Connection<S> {
        Connection::with_buffers(stream, ReadBuffer::new(limit), WriteQueue::new(limit))
    }

    /// Creates a connection from a stream and buffers, which may hold data already.
    ///
    /// # Examples
    ///
    /// ```
    /// # #[cfg(all(unix, feature = "net"))]
    /// # fn main() -> std::io::Result<()> {
    /// use mio_util::{Connection, ReadBuffer, WriteQueue};
    ///
    /// let (stream, _peer) = mio::net::UnixStream::pair()?;
    /// let mut greeting = WriteQueue::new(1024);
    /// greeting.push(b"220 ready\r\n");
    /// let connection = Connection::with_buffers(stream, ReadBuffer::new(1024), greeting);
    /// assert_eq!(connection.output().len(), 11);
    /// # Ok(())
    /// # }
    /// # #[cfg(not(all(unix, feature = "net")))]
    /// # fn main() {}
    /// ```
    pub fn with_buffers(stream: S, input: ReadBuffer, output: WriteQueue) -> Connection<S> {
        Connection {
            stream,
            input,
            output,
            budget: Self::BUDGET,
            has_ended: false,
            is_unflushed: false,
            is_shut_down: false,
            closing: Closing::No,
        }
    }

    /// Sets the number of bytes, at least 1, that one call of [`ready`](Self::ready) reads and
    /// writes before it lets other sources take their turn.
    ///
    /// # Examples
    ///
    /// ```
    /// # #[cfg(all(unix, feature = "net"))]
    /// # fn main() -> std::io::Result<()> {
    /// let (stream, _peer) = mio::net::UnixStream::pair()?;
    /// let mut connection = mio_util::Connection::new(stream, 1024);
    /// connection.set_budget(16 * 1024);
    /// # Ok(())
    /// # }
    /// # #[cfg(not(all(unix, feature = "net")))]
    /// # fn main() {}
    /// ```
    pub fn set_budget(&mut self, budget: usize) {
        self.budget = budget.max(1);
    }

    /// Writes, reads and calls the protocol until nothing changes or the budget is reached.
    ///
    /// The protocol is called once, and again each time that there is new input, the end of the
    /// input, or room in the output. It consumes the part of `input` that it can parse, and pushes
    /// to `output`. While the output is over its limit nothing is read and the protocol is not
    /// called, so a peer that does not read can't make the program buffer without bound.
    ///
    /// A protocol that waits for something other than its input may leave the input unconsumed, for
    /// example a proxy that waits for its other side. Call `ready` again when it can continue. A
    /// protocol that can't continue with a [full](ReadBuffer::is_full) input should return an
    /// error, because nothing is read until it consumes.
    ///
    /// A protocol that has sent everything but still receives closes only `output`, by
    /// [`WriteQueue::close`]: the writing half is shut down after the last byte, and input
    /// continues. The connection is finished once the peer has ended too and all input is consumed.
    ///
    /// A stream that buffers, such as a TLS stream, is flushed here.
    ///
    /// # Errors
    ///
    /// Returns the error of the protocol, and any error of the stream but `WouldBlock` and
    /// `Interrupted`. The protocol first receives the input that came before the error. The
    /// connection can't be used after that. While the connection closes, an error of the stream
    /// counts as its end.
    ///
    /// # Examples
    ///
    /// See [`Connection`].
    pub fn ready<E: From<io::Error>>(
        &mut self,
        mut protocol: impl FnMut(&mut Exchange<'_>) -> Result<(), E>,
    ) -> Result<Next, E> {
        let mut left = self.budget;
        let mut is_first = true;
        // After `WouldBlock` there is an event as soon as retrying is worth a system call.
        let (mut can_read, mut can_write) = (true, true);
        loop {
            if self.closing != Closing::No {
                return Ok(self.close(left, can_read));
            }
            let before = (self.input.len(), self.output.len(), self.has_ended);
            if can_write {
                can_write = self.output.flush(&mut self.stream, left)? != Flush::WouldBlock;
            }
            let written = before.1 - self.output.len();
            left = left.saturating_sub(written);
            if can_read && !self.has_ended && !self.output.is_over_limit() {
                let fill = match self.input.fill(&mut self.stream, left) {
                    Ok(fill) => fill,
                    Err(err) => {
                        // A peer that resets may have sent its last message before.
                        if self.input.len() > before.0 {
                            self.call(&mut protocol)?;
                        }
                        return Err(err.into());
                    }
                };
                can_read = fill != Fill::WouldBlock;
                self.has_ended = fill == Fill::End;
            }
            // Reading may make a TLS stream write, so this comes after both.
            can_write = can_write && self.flush_stream()?;
            if can_write && self.output.is_finished() {
                can_write = self.shut_down()?;
            }
            let read = self.input.len() - before.0;
            left -= read;
            let mut has_moved = written > 0 || read > 0 || self.has_ended != before.2;
            if (is_first || has_moved) && !self.output.is_over_limit() {
                has_moved |= self.call(&mut protocol)?;
            }
            is_first = false;
            if !has_moved || (left == 0 && self.closing == Closing::No) {
                return Ok(self.next(has_moved));
            }
        }
    }

    /// Calls the protocol. Returns `true` if it has consumed, queued or closed.
    fn call<E>(
        &mut self,
        protocol: &mut impl FnMut(&mut Exchange<'_>) -> Result<(), E>,
    ) -> Result<bool, E> {
        let before = self.progress();
        let mut exchange = Exchange {
            input: &mut self.input,
            output: &mut self.output,
            has_ended: self.has_ended,
            linger_until: None,
        };
        protocol(&mut exchange)?;
        if let Some(deadline) = exchange.linger_until {
            self.closing = Closing::Flushing(deadline);
        }
        Ok(before != self.progress() || self.closing != Closing::No)
    }

    /// Returns values that differ after each call in which a protocol makes progress.
    fn progress(&self) -> (usize, usize, bool) {
        let is_closed = self.output.is_closed();
        (self.input.len(), self.output.len(), is_closed)
    }

    /// Flushes the stream. Returns `false` if it would block.
    fn flush_stream(&mut self) -> io::Result<bool> {
        let result = loop {
            match self.stream.flush() {
                Err(err) if err.kind() == ErrorKind::Interrupted => {}
                result => break result,
            }
        };
        self.is_unflushed = match result {
            Err(err) if err.kind() == ErrorKind::WouldBlock => true,
            result => result.map(|()| false)?,
        };
        Ok(!self.is_unflushed)
    }

    /// Shuts the writing half down, once. Returns `false` if the stream would block.
    fn shut_down(&mut self) -> io::Result<bool> {
        if !self.is_shut_down {
            match self.stream.shutdown_write() {
                // A TLS stream may have to write for it; the next event continues.
                Err(err) if err.kind() == ErrorKind::WouldBlock => return Ok(false),
                // The peer has gone, which the next read reports.
                Err(err) if err.kind() == ErrorKind::NotConnected => {}
                result => result?,
            }
            self.is_shut_down = true;
        }
        Ok(true)
    }

    /// Continues closing. An error means that the peer has gone, which is the end as well.
    fn close(&mut self, budget: usize, can_read: bool) -> Next {
        match self.try_close(budget, can_read) {
            Ok(again) => self.next(again),
            Err(_) => {
                self.closing = Closing::Finished;
                self.next(false)
            }
        }
    }

    /// Continues closing. Returns `true` if the budget was reached.
    fn try_close(&mut self, budget: usize, can_read: bool) -> io::Result<bool> {
        let mut left = budget;
        if let Closing::Flushing(deadline) = self.closing {
            let before = self.output.len();
            self.output.flush(&mut self.stream, left)?;
            left = left.saturating_sub(before - self.output.len());
            if self.output.is_empty() && self.flush_stream()? && self.shut_down()? {
                self.closing = Closing::Lingering(deadline);
            }
        }
        // Unread input would make the OS send a reset when the stream is dropped.
        while can_read && !self.has_ended {
            self.input.clear();
            let fill = self.input.fill(&mut self.stream, left)?;
            left -= self.input.len();
            match fill {
                Fill::End => self.has_ended = true,
                Fill::Full => {}
                Fill::WouldBlock => break,
                Fill::Budget => return Ok(true),
            }
        }
        self.input.clear();
        if self.has_ended && matches!(self.closing, Closing::Lingering(_)) {
            self.closing = Closing::Finished;
        }
        Ok(left == 0 && !self.output.is_empty())
    }

    fn next(&self, again: bool) -> Next {
        let is_closing = self.closing != Closing::No;
        let reads = !self.has_ended
            && (is_closing || !(self.input.is_full() || self.output.is_over_limit()));
        let writes = !self.output.is_empty()
            || self.is_unflushed
            || (self.output.is_closed() && !self.is_shut_down);
        let (deadline, is_finished) = match self.closing {
            Closing::No => {
                let is_over = self.has_ended && self.is_shut_down && self.input.is_empty();
                (None, is_over)
            }
            Closing::Flushing(deadline) | Closing::Lingering(deadline) => (Some(deadline), false),
            Closing::Finished => (None, true),
        };
        Next {
            interest: match (reads && !is_finished, writes && !is_finished) {
                (true, true) => Some(Interest::READABLE | Interest::WRITABLE),
                (true, false) => Some(Interest::READABLE),
                (false, true) => Some(Interest::WRITABLE),
                (false, false) => None,
            },
            deadline,
            again: again && !is_finished,
            is_finished,
        }
    }

    /// Closes the connection from outside the protocol once all output is written, as
    /// [`Exchange::close`] does. Use it when a server shuts down. Call [`ready`](Self::ready) next.
    ///
    /// # Examples
    ///
    /// ```
    /// # #[cfg(all(unix, feature = "net"))]
    /// # fn main() -> std::io::Result<()> {
    /// use std::time::{Duration, Instant};
    ///
    /// let (stream, _peer) = mio::net::UnixStream::pair()?;
    /// let mut connection = mio_util::Connection::new(stream, 1024);
    /// let deadline = Instant::now() + Duration::from_secs(5);
    /// connection.close_after_flush(deadline);
    /// let next = connection.ready(|_| std::io::Result::Ok(()))?;
    /// assert!(!next.is_finished(), "the peer has not ended");
    /// assert_eq!(next.deadline(), Some(deadline));
    /// # Ok(())
    /// # }
    /// # #[cfg(not(all(unix, feature = "net")))]
    /// # fn main() {}
    /// ```
    pub fn close_after_flush(&mut self, deadline: Instant) {
        self.output.close();
        if self.closing == Closing::No {
            self.closing = Closing::Flushing(deadline);
        }
    }

    /// Returns the stream.
    ///
    /// # Examples
    ///
    /// ```
    /// # #[cfg(all(unix, feature = "net"))]
    /// # fn main() -> std::io::Result<()> {
    /// let (stream, _peer) = mio::net::UnixStream::pair()?;
    /// let connection = mio_util::Connection::new(stream, 1024);
    /// assert!(connection.stream().peer_addr().is_ok());
    /// # Ok(())
    /// # }
    /// # #[cfg(not(all(unix, feature = "net")))]
    /// # fn main() {}
    /// ```
    pub fn stream(&self) -> &S {
        &self.stream
    }

    /// Returns the stream, for registering or configuring it. Direct reads and writes bypass the
    /// buffers.
    ///
    /// # Examples
    ///
    /// See [`Registration`](crate::Registration).
    pub fn stream_mut(&mut self) -> &mut S {
        &mut self.stream
    }

    /// Returns the bytes that were received but not consumed.
    ///
    /// # Examples
    ///
    /// ```
    /// # #[cfg(all(unix, feature = "net"))]
    /// # fn main() -> std::io::Result<()> {
    /// let (stream, _peer) = mio::net::UnixStream::pair()?;
    /// let connection = mio_util::Connection::new(stream, 1024);
    /// assert!(connection.input().is_empty());
    /// # Ok(())
    /// # }
    /// # #[cfg(not(all(unix, feature = "net")))]
    /// # fn main() {}
    /// ```
    pub fn input(&self) -> &ReadBuffer {
        &self.input
    }

    /// Returns the queue of bytes to send.
    ///
    /// # Examples
    ///
    /// See [`with_buffers`](Self::with_buffers).
    pub fn output(&self) -> &WriteQueue {
        &self.output
    }

    /// Returns the queue of bytes to send, for pushing from outside the protocol. Call
    /// [`ready`](Self::ready) afterwards.
    ///
    /// # Examples
    ///
    /// ```
    /// # #[cfg(all(unix, feature = "net"))]
    /// # fn main() -> std::io::Result<()> {
    /// use std::io::Read;
    ///
    /// let (stream, mut peer) = mio::net::UnixStream::pair()?;
    /// let mut connection = mio_util::Connection::new(stream, 1024);
    /// connection.output_mut().push(b"news");
    /// let _next = connection.ready(|_| std::io::Result::Ok(()))?;
    /// let mut received = [0; 4];
    /// peer.read_exact(&mut received)?;
    /// assert_eq!(&received, b"news");
    /// # Ok(())
    /// # }
    /// # #[cfg(not(all(unix, feature = "net")))]
    /// # fn main() {}
    /// ```
    pub fn output_mut(&mut self) -> &mut WriteQueue {
        &mut self.output
    }

    /// Returns the stream. Drops the buffers and their contents.
    ///
    /// # Examples
    ///
    /// ```
    /// # #[cfg(all(unix, feature = "net"))]
    /// # fn main() -> std::io::Result<()> {
    /// let (stream, _peer) = mio::net::UnixStream::pair()?;
    /// let connection = mio_util::Connection::new(stream, 1024);
    /// drop(connection.into_stream());
    /// # Ok(())
    /// # }
    /// # #[cfg(not(all(unix, feature = "net")))]
    /// # fn main() {}
    /// ```
    pub fn into_stream(self) -> S {
        self.stream
    }
}
