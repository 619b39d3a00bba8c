//! The memory of operations in flight.

use std::io::{self, IoSlice};
use std::sync::Arc;

use windows_sys::Win32::Foundation::ERROR_MORE_DATA;

use crate::sys::afd::check_nt;
use crate::sys::afd::event::NativeEvent;
use crate::sys::afd::operation::{Complete, Operation};
use crate::sys::windows::named_pipe::background::Background;

/// The maximum capacity of a write's buffer that is kept for the next write.
const KEPT: usize = 1024 * 1024;

/// A kind of operation.
pub(super) trait Work: Send + Sized + 'static {
    /// Handles the packet of the operation.
    fn ended(background: &Arc<Background>, job: Job<Self>) -> Option<NativeEvent>;
}

/// The memory of an operation of this kind.
pub(super) type Job<T> = Box<Operation<Owned<T>>>;

#[derive(Debug)]
pub(super) struct Owned<T> {
    /// The owner; `None` while the operation is idle.
    pub(super) owner: Option<Arc<Background>>,
    pub(super) work: T,
}

#[derive(Debug)]
pub(super) struct Connect;

#[derive(Debug, Default)]
pub(super) struct Read {
    pub(super) buffer: Vec<u8>,
    /// The part of the buffer to fill.
    pub(super) length: usize,
}

#[derive(Debug, Default)]
pub(super) struct Write {
    data: Vec<u8>,
    /// The part that the kernel has accepted.
    written: usize,
}

/// A posted packet.
#[derive(Debug)]
pub(super) struct Notice;

impl Write {
    /// Copies the buffers, up to the maximum length of one write, and returns the number of bytes
    /// copied.
    pub(super) fn fill(&mut self, bufs: &[IoSlice<'_>]) -> usize {
        const LONGEST: usize = u32::MAX as usize;
        for buf in bufs {
            let length = buf.len().min(LONGEST - self.data.len());
            self.data.extend_from_slice(&buf[..length]);
        }
        self.data.len()
    }

    pub(super) fn unwritten(&self) -> &[u8] {
        &self.data[self.written..]
    }

    /// Records that the kernel has accepted `length` more bytes. Returns `true` if none are left.
    pub(super) fn wrote(&mut self, length: usize) -> io::Result<bool> {
        let left = self.data.len() - self.written;
        if length == 0 && left > 0 {
            return Err(io::ErrorKind::WriteZero.into());
        }
        self.written += length.min(left);
        Ok(length >= left)
    }

    pub(super) fn empty(&mut self) {
        self.data.clear();
        self.data.shrink_to(KEPT);
        self.written = 0;
    }
}

/// Returns the number of bytes that an operation has transferred. A partial message is not an
/// error: the next read returns the remainder.
pub(super) fn outcome<T: Work>(job: &Job<T>) -> io::Result<usize> {
    match check_nt(job.status()) {
        Err(err) if err.raw_os_error() != Some(ERROR_MORE_DATA as i32) => Err(err),
        _ => Ok(job.transferred()),
    }
}

impl<T: Work> Complete for Owned<T> {
    fn complete(mut job: Job<T>) -> Option<NativeEvent> {
        let background = job.data.owner.take()?;
        T::ended(&background, job)
    }
}

impl Work for Connect {
    fn ended(background: &Arc<Background>, job: Job<Connect>) -> Option<NativeEvent> {
        background.connect_ended(job)
    }
}

impl Work for Read {
    fn ended(background: &Arc<Background>, job: Job<Read>) -> Option<NativeEvent> {
        background.read_ended(job)
    }
}

impl Work for Write {
    fn ended(background: &Arc<Background>, job: Job<Write>) -> Option<NativeEvent> {
        background.write_ended(job)
    }
}

impl Work for Notice {
    fn ended(background: &Arc<Background>, job: Job<Notice>) -> Option<NativeEvent> {
        background.notice_ended(job)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_system_left_is_written_next() {
        let mut write = Write::default();
        write.fill(&[IoSlice::new(b"hello")]);
        assert!(!write.wrote(2).unwrap());
        assert_eq!(write.unwritten(), b"llo");
        assert!(write.wrote(0).is_err(), "it would be tried for ever");
        assert!(write.wrote(3).unwrap());
        write.empty();
        write.fill(&[IoSlice::new(b"again")]);
        assert_eq!(write.unwritten(), b"again");
    }

    #[test]
    fn nothing_is_written_as_a_whole() {
        assert!(Write::default().wrote(0).unwrap());
    }

    #[test]
    fn buffers_are_gathered() {
        let mut write = Write::default();
        let bufs = [&b"on"[..], b"", b"e"].map(IoSlice::new);
        assert_eq!(write.fill(&bufs), 3);
        assert_eq!(write.unwritten(), b"one");
    }

    #[test]
    fn memory_is_kept_up_to_a_limit() {
        let mut write = Write::default();
        write.fill(&[IoSlice::new(&[0; 100_000])]);
        write.empty();
        assert!(write.data.capacity() >= 100_000);
        write.fill(&[IoSlice::new(&vec![0; KEPT * 2])]);
        write.empty();
        assert!(write.data.capacity() <= KEPT);
    }
}
