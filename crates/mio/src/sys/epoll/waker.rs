use std::io;
use std::os::fd::AsRawFd;
use std::sync::Arc;

use libc::EPOLL_CTL_ADD;

use crate::sys::epoll::event::request;
use crate::sys::epoll::{Selector, ffi};
use crate::sys::pending::Pending;
use crate::sys::selector::{self, Selector as _};
use crate::sys::unix::Signal;
use crate::{Interest, Token};

/// A descriptor that is watched like any other and made readable by [`wake`](Self::wake).
///
/// It is never read while there is room: with `EPOLLET` every write is a new event, so that waking
/// is one system call and being woken none. Only when a write finds no room is it emptied, by the
/// thread that wakes, which then writes again; the event of that write can't be lost. Of several
/// wakes between two polls only the first writes ([`pending`](crate::sys::pending)).
#[derive(Debug)]
pub(crate) struct Waker {
    signal: Signal,
    pending: Arc<Pending>,
}

impl selector::Waker for Waker {
    type Selector = Selector;

    fn new(selector: &Selector, token: Token) -> io::Result<Waker> {
        let signal = Signal::new()?;
        let request = request(token, Interest::READABLE);
        let fd = signal.as_raw_fd();
        ffi::epoll_ctl(selector.as_fd(), EPOLL_CTL_ADD, fd, Some(request))?;
        let pending = Arc::clone(selector.pending());
        Ok(Waker { signal, pending })
    }

    fn wake(&self) -> io::Result<()> {
        self.pending.wake(|| self.raise())
    }
}

impl Waker {
    fn raise(&self) -> io::Result<()> {
        // Where only the step from empty is an edge, it is emptied first. Whoever does that writes
        // after it, so that an event of a wake which was emptied is one of this wake.
        #[cfg(edge_from_empty)]
        self.signal.clear()?;
        // Another thread may fill it again between the two calls, hence the loop.
        while !self.signal.raise()? {
            self.signal.clear()?;
        }
        Ok(())
    }
}

/// Its event is not delivered any more, and the next waker's is to be.
impl Drop for Waker {
    fn drop(&mut self) {
        self.pending.take();
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::event::Events;
    use crate::sys::selector::Waker as _;

    #[test]
    fn a_wake_that_finds_no_room_is_an_event() {
        let selector = Selector::new().unwrap();
        let waker = Waker::new(&selector, Token(7)).unwrap();
        let mut events = Events::with_capacity(8);
        waker.signal.fill().unwrap();
        selector.select(&mut events, Some(Duration::ZERO)).unwrap();
        for _ in 0..3 {
            // The poll has seen it, and it is still full.
            waker.wake().unwrap();
            selector.select(&mut events, Some(Duration::ZERO)).unwrap();
            assert_eq!(
                events.iter().map(|event| event.token()).collect::<Vec<_>>(),
                [Token(7)]
            );
            waker.signal.clear().unwrap();
            waker.signal.fill().unwrap();
            selector.select(&mut events, Some(Duration::ZERO)).unwrap();
        }
    }
}
