use std::io;
use std::os::fd::{AsFd, AsRawFd};

use libc::EPOLL_CTL_ADD;

use crate::sys::epoll::event::request;
use crate::sys::epoll::{Selector, ffi};
use crate::sys::selector::{self, Selector as _};
use crate::sys::unix::Signal;
use crate::{Interest, Token};

/// A descriptor that is watched like any other and made readable by [`wake`](Self::wake).
///
/// It is never read while there is room: with `EPOLLET` every write is a new event, so that waking
/// is one system call and being woken none. Only when a write finds no room is it emptied, by the
/// thread that wakes, which then writes again; the event of that write can't be lost.
#[derive(Debug)]
pub(crate) struct Waker {
    signal: Signal,
}

impl selector::Waker for Waker {
    type Selector = Selector;

    fn new(selector: &Selector, token: Token) -> io::Result<Waker> {
        let signal = Signal::new()?;
        let request = request(token, Interest::READABLE);
        let fd = signal.as_fd().as_raw_fd();
        ffi::epoll_ctl(selector.as_fd(), EPOLL_CTL_ADD, fd, Some(request))?;
        Ok(Waker { signal })
    }

    fn wake(&self) -> io::Result<()> {
        // Another thread may fill it again between the two calls, hence the loop.
        while !self.signal.raise()? {
            self.signal.clear()?;
        }
        Ok(())
    }
}
