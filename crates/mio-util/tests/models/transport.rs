//! A transport that follows a script: short counts, `WouldBlock`, `Interrupted`, errors and ends.

use std::collections::VecDeque;
use std::io::{self, ErrorKind, Read, Write};

use mio_util::Stream;
use proptest::prelude::*;

/// The effect of one call.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Step {
    /// Moves at most this many bytes.
    Move(usize),
    WouldBlock,
    Interrupted,
    Error,
}

pub(crate) fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        6 => (1..40usize).prop_map(Step::Move),
        3 => Just(Step::WouldBlock),
        1 => Just(Step::Interrupted),
    ]
}

/// Steps that may also fail.
pub(crate) fn failing_step() -> impl Strategy<Value = Step> {
    prop_oneof![
        9 => step(),
        1 => Just(Step::Error),
    ]
}

/// One end of a stream. After its script it moves as much as it can, like a peer that is awake.
#[derive(Debug, Default)]
pub(crate) struct Transport {
    /// The data that the peer sends before it ends.
    pub(crate) incoming: VecDeque<u8>,
    /// The data that the peer has received.
    pub(crate) outgoing: Vec<u8>,
    pub(crate) reads: VecDeque<Step>,
    pub(crate) writes: VecDeque<Step>,
    pub(crate) is_shut_down: bool,
    /// Set to hold written bytes until they can be sent, as a TLS stream does.
    pub(crate) holds: bool,
    pub(crate) held: Vec<u8>,
    /// Set if the last read, or write, has returned `WouldBlock`: an event will come.
    pub(crate) read_blocked: bool,
    pub(crate) write_blocked: bool,
}

impl Transport {
    pub(crate) fn new(incoming: &[u8], reads: Vec<Step>, writes: Vec<Step>) -> Transport {
        Transport {
            incoming: incoming.iter().copied().collect(),
            reads: reads.into(),
            writes: writes.into(),
            ..Transport::default()
        }
    }
}

/// Returns the maximum that a step allows.
fn most(step: Option<Step>) -> io::Result<usize> {
    match step {
        None => Ok(usize::MAX),
        Some(Step::Move(most)) => Ok(most),
        Some(Step::WouldBlock) => Err(ErrorKind::WouldBlock.into()),
        Some(Step::Interrupted) => Err(ErrorKind::Interrupted.into()),
        Some(Step::Error) => Err(ErrorKind::ConnectionReset.into()),
    }
}

impl Read for Transport {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        assert!(!buffer.is_empty(), "a read of 0 bytes looks like the end");
        let step = self.reads.pop_front();
        self.read_blocked = step == Some(Step::WouldBlock);
        let count = most(step)?.min(buffer.len()).min(self.incoming.len());
        for (byte, from) in buffer.iter_mut().zip(self.incoming.drain(..count)) {
            *byte = from;
        }
        Ok(count)
    }
}

impl Transport {
    fn send(&mut self, data: &[u8]) -> io::Result<usize> {
        let step = self.writes.pop_front();
        self.write_blocked = step == Some(Step::WouldBlock);
        let count = most(step)?.min(data.len());
        self.outgoing.extend(&data[..count]);
        Ok(count)
    }
}

impl Write for Transport {
    fn write(&mut self, data: &[u8]) -> io::Result<usize> {
        assert!(!data.is_empty(), "a write of 0 bytes");
        assert!(!self.is_shut_down, "a write after the end");
        if self.holds {
            self.flush()?;
            self.held.extend(data);
            return Ok(data.len());
        }
        self.send(data)
    }

    fn write_vectored(&mut self, slices: &[io::IoSlice<'_>]) -> io::Result<usize> {
        let all: Vec<u8> = slices.iter().flat_map(|slice| slice.to_vec()).collect();
        self.write(&all)
    }

    fn flush(&mut self) -> io::Result<()> {
        while !self.held.is_empty() {
            let held = std::mem::take(&mut self.held);
            let result = self.send(&held);
            self.held = held[*result.as_ref().unwrap_or(&0)..].to_vec();
            result?;
        }
        Ok(())
    }
}

impl Stream for Transport {
    fn shutdown_write(&mut self) -> io::Result<()> {
        assert!(!self.is_shut_down, "it is shut down already");
        assert!(self.held.is_empty(), "the last bytes are held");
        self.is_shut_down = true;
        Ok(())
    }
}

/// A stream that accepts more than it sends, like a TLS stream: [`flush`](Write::flush) sends the
/// rest.
#[derive(Debug)]
pub(crate) struct Buffered {
    pub(crate) inner: Transport,
    /// Bytes that were accepted but not sent.
    pub(crate) buffer: Vec<u8>,
    limit: usize,
    /// Set if a call has returned `WouldBlock` since this was set to `false`: an event will come.
    pub(crate) is_blocked: bool,
}

impl Buffered {
    pub(crate) fn new(inner: Transport, limit: usize) -> Buffered {
        Buffered {
            inner,
            buffer: Vec::new(),
            limit,
            is_blocked: false,
        }
    }

    /// Remembers `WouldBlock`.
    fn pass<T>(&mut self, result: io::Result<T>) -> io::Result<T> {
        let kind = result.as_ref().err().map(io::Error::kind);
        self.is_blocked |= kind == Some(ErrorKind::WouldBlock);
        result
    }
}

impl Read for Buffered {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let result = self.inner.read(buffer);
        self.pass(result)
    }
}

impl Write for Buffered {
    fn write(&mut self, data: &[u8]) -> io::Result<usize> {
        if self.buffer.len() == self.limit {
            self.flush()?;
        }
        let count = data.len().min(self.limit - self.buffer.len());
        self.buffer.extend(&data[..count]);
        Ok(count)
    }

    fn flush(&mut self) -> io::Result<()> {
        while !self.buffer.is_empty() {
            let result = self.inner.write(&self.buffer);
            let count = self.pass(result)?;
            self.buffer.drain(..count);
        }
        Ok(())
    }
}

impl Stream for Buffered {
    fn shutdown_write(&mut self) -> io::Result<()> {
        self.flush()?;
        self.inner.shutdown_write()
    }
}
