//! Data that was read ahead.

use std::io::{self, IoSliceMut};
use std::ops::Range;

use windows_sys::Win32::Foundation::ERROR_BROKEN_PIPE;

/// The length of reads before the user's first read.
pub(super) const FIRST: usize = 16 * 1024;

/// The maximum length of a read.
pub(super) const LONGEST: usize = 64 * 1024;

/// The result of the last read, until the user has taken it.
#[derive(Debug, Default)]
pub(super) struct Incoming {
    /// Empty before the first read, and while the kernel owns it.
    buffer: Vec<u8>,
    content: Content,
}

#[derive(Debug, Default)]
enum Content {
    #[default]
    Nothing,
    /// The unread part of the buffer. An empty range is an empty message.
    Data(Range<usize>),
    /// The peer is gone. This state persists.
    End,
    Error(io::Error),
}

impl Incoming {
    pub(super) fn is_empty(&self) -> bool {
        matches!(self.content, Content::Nothing)
    }

    /// Copies the content to the buffers, in turn. Returns `None` if there is no content.
    pub(super) fn take(&mut self, bufs: &mut [IoSliceMut<'_>]) -> Option<io::Result<usize>> {
        match std::mem::take(&mut self.content) {
            Content::Nothing => None,
            Content::Data(unread) => {
                let mut start = unread.start;
                for buf in bufs {
                    let length = buf.len().min(unread.end - start);
                    buf[..length].copy_from_slice(&self.buffer[start..start + length]);
                    start += length;
                }
                if start < unread.end {
                    self.content = Content::Data(start..unread.end);
                }
                Some(Ok(start - unread.start))
            }
            Content::End => {
                self.content = Content::End;
                Some(Ok(0))
            }
            Content::Error(err) => Some(Err(err)),
        }
    }

    /// Allocates the buffer, unless it is allocated already.
    pub(super) fn make_room(&mut self) {
        self.buffer
            .reserve_exact(FIRST.saturating_sub(self.buffer.len()));
    }

    /// Returns the buffer for a read of this length. All content must have been taken.
    pub(super) fn lend(&mut self, length: usize) -> Vec<u8> {
        let mut buffer = std::mem::take(&mut self.buffer);
        if buffer.len() < length {
            buffer.resize(length, 0);
        }
        buffer
    }

    /// Stores the buffer of a read again, regardless of the result.
    pub(super) fn give_back(&mut self, buffer: Vec<u8>) {
        self.buffer = buffer;
    }

    /// Records a read that has filled the first `length` bytes of the buffer.
    pub(super) fn arrived(&mut self, length: usize) {
        self.content = Content::Data(0..length.min(self.buffer.len()));
    }

    /// Records a read that has failed, or could not be started.
    pub(super) fn failed(&mut self, err: io::Error) {
        self.content = if err.raw_os_error() == Some(ERROR_BROKEN_PIPE as i32) {
            Content::End
        } else {
            Content::Error(err)
        };
    }

    /// Discards the content.
    pub(super) fn forget(&mut self) {
        self.content = Content::Nothing;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use windows_sys::Win32::Foundation::{ERROR_NO_SYSTEM_RESOURCES, ERROR_PIPE_NOT_CONNECTED};

    fn filled(data: &[u8]) -> Incoming {
        let mut incoming = Incoming::default();
        let mut buffer = incoming.lend(FIRST);
        buffer[..data.len()].copy_from_slice(data);
        incoming.give_back(buffer);
        incoming.arrived(data.len());
        incoming
    }

    fn take(incoming: &mut Incoming, buf: &mut [u8]) -> Option<io::Result<usize>> {
        incoming.take(&mut [IoSliceMut::new(buf)])
    }

    fn error(code: u32) -> io::Error {
        io::Error::from_raw_os_error(code as i32)
    }

    #[test]
    fn is_taken_piece_by_piece() {
        let mut incoming = filled(b"hello");
        let mut buf = [0; 3];
        assert_eq!(take(&mut incoming, &mut buf).unwrap().unwrap(), 3);
        assert_eq!(&buf, b"hel");
        assert!(!incoming.is_empty());
        assert_eq!(take(&mut incoming, &mut buf).unwrap().unwrap(), 2);
        assert_eq!(&buf[..2], b"lo");
        assert!(incoming.is_empty() && take(&mut incoming, &mut buf).is_none());
    }

    #[test]
    fn several_buffers_are_filled_in_turn() {
        let mut incoming = filled(b"hello");
        let (mut one, mut none, mut two) = ([0; 2], [0; 0], [0; 2]);
        let mut bufs = [&mut one[..], &mut none, &mut two].map(IoSliceMut::new);
        assert_eq!(incoming.take(&mut bufs).unwrap().unwrap(), 4);
        assert_eq!((&one, &two), (b"he", b"ll"));
        let mut bufs = [&mut one[..], &mut two].map(IoSliceMut::new);
        assert_eq!(incoming.take(&mut bufs).unwrap().unwrap(), 1);
        assert_eq!((&one, &two), (b"oe", b"ll"));
        assert!(incoming.is_empty());
    }

    #[test]
    fn an_empty_message_is_told_once() {
        let mut incoming = filled(b"");
        assert!(!incoming.is_empty());
        assert_eq!(take(&mut incoming, &mut [0; 3]).unwrap().unwrap(), 0);
        assert!(incoming.is_empty());
    }

    #[test]
    fn the_end_lasts_until_it_is_forgotten() {
        let mut incoming = filled(b"");
        incoming.failed(error(ERROR_BROKEN_PIPE));
        for _ in 0..3 {
            assert_eq!(take(&mut incoming, &mut [0; 3]).unwrap().unwrap(), 0);
        }
        incoming.forget();
        assert!(incoming.is_empty());
    }

    #[test]
    fn a_failure_is_told_once() {
        for code in [ERROR_NO_SYSTEM_RESOURCES, ERROR_PIPE_NOT_CONNECTED] {
            let mut incoming = Incoming::default();
            incoming.failed(error(code));
            let err = take(&mut incoming, &mut [0; 3]).unwrap().unwrap_err();
            assert_eq!(err.raw_os_error(), Some(code as i32));
            assert!(incoming.is_empty());
        }
    }

    #[test]
    fn the_memory_is_used_again() {
        let mut incoming = Incoming::default();
        incoming.make_room();
        let place = incoming.buffer.as_ptr();
        let buffer = incoming.lend(FIRST);
        assert_eq!(buffer.as_ptr(), place);
        incoming.give_back(buffer);
        incoming.make_room();
        assert_eq!(incoming.buffer.as_ptr(), place);
        let mut incoming = filled(b"hello");
        incoming.forget();
        let buffer = incoming.lend(FIRST);
        let place = buffer.as_ptr();
        assert_eq!(buffer.len(), FIRST);
        incoming.give_back(buffer);
        let again = incoming.lend(1);
        assert_eq!(again.as_ptr(), place);
    }
}
