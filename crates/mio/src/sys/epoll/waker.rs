use std::io;
use std::os::fd::{AsFd, AsRawFd, OwnedFd};
use std::sync::Arc;

use libc::{EPOLL_CTL_ADD, EPOLL_CTL_MOD, EPOLLONESHOT};

use crate::sys::epoll::event::request;
use crate::sys::epoll::{Selector, ffi};
use crate::sys::pending::Pending;
use crate::sys::selector::{self, Selector as _};
use crate::sys::unix::Signal;
use crate::{Interest, Token};

/// A descriptor that is watched like any other and made readable by
/// [`wake`](selector::Waker::wake).
///
/// It is not read while it has room: with `EPOLLET` every write is a new event, so a wake is one
/// system call and its delivery needs none. When a write finds no room, the waking thread drains
/// the descriptor and writes again, so the event of that write can't be lost. Of several wakes
/// between two polls only the first writes ([`pending`](crate::sys::pending)).
///
/// If eventfd is refused, a pipe takes its place, and wakes do not write to it: Linux 5.5 to 5.13
/// report a write as an edge only [if the pipe was empty][pipe]. The pipe holds one byte and is
/// registered as a oneshot, and each wake re-arms it.
///
/// [pipe]: https://git.kernel.org/linus/3a34b13a88ca
#[derive(Debug)]
pub(crate) struct Waker {
    signal: Signal,
    oneshot: Option<Oneshot>,
    pending: Arc<Pending>,
}

/// The registration of a pipe that is always readable.
#[derive(Debug)]
struct Oneshot {
    epoll: OwnedFd,
    token: Token,
}

/// `true` if a pipe may take the place of an eventfd.
const MAY_REARM: bool = cfg!(all(signal_eventfd, signal_pipe, not(edge_from_empty)));

impl selector::Waker for Waker {
    type Selector = Selector;

    fn new(selector: &Selector, token: Token) -> io::Result<Waker> {
        Waker::of(Signal::new()?, selector, token)
    }

    fn wake(&self) -> io::Result<()> {
        self.pending.wake(|| self.raise())
    }
}

impl Waker {
    fn of(signal: Signal, selector: &Selector, token: Token) -> io::Result<Waker> {
        let mut request = request(token, Interest::READABLE);
        let oneshot = if MAY_REARM && signal.is_pipe() {
            signal.raise()?;
            // Disarmed until the first wake.
            request.events = EPOLLONESHOT as u32;
            let epoll = selector.as_fd().try_clone_to_owned()?;
            Some(Oneshot { epoll, token })
        } else {
            None
        };
        let fd = signal.as_raw_fd();
        ffi::epoll_ctl(selector.as_fd(), EPOLL_CTL_ADD, fd, Some(request))?;
        Ok(Waker {
            signal,
            oneshot,
            pending: Arc::clone(selector.pending()),
        })
    }

    fn raise(&self) -> io::Result<()> {
        if let Some(Oneshot { epoll, token }) = &self.oneshot {
            let request = request(*token, Interest::READABLE.oneshot());
            let fd = self.signal.as_raw_fd();
            return ffi::epoll_ctl(epoll.as_fd(), EPOLL_CTL_MOD, fd, Some(request));
        }
        // Where only the first write to an empty descriptor is an edge, drain it first. The thread
        // that drains it writes afterwards, and that event also stands for the wakes that were
        // drained.
        #[cfg(edge_from_empty)]
        self.signal.clear()?;
        // Another thread may fill it between the two calls, hence the loop.
        while !self.signal.raise()? {
            self.signal.clear()?;
        }
        Ok(())
    }
}

/// Discards an event that no poll has taken, so that the next waker's first wake is delivered.
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

    /// Some kernels report the first write only.
    #[cfg(all(signal_eventfd, signal_pipe, not(edge_from_empty)))]
    #[test]
    fn a_pipe_needs_no_write_for_a_wake() {
        use std::fs::OpenOptions;
        use std::io::Read;
        use std::os::unix::fs::OpenOptionsExt;

        use crate::sys::unix::pipe::Pipe;

        let selector = Selector::new().unwrap();
        let signal = Signal::Pipe(Pipe::new().unwrap());
        let waker = Waker::of(signal, &selector, Token(7)).unwrap();
        let mut events = Events::with_capacity(8);
        let mut tokens = || {
            selector.select(&mut events, Some(Duration::ZERO)).unwrap();
            events.iter().map(|event| event.token()).collect::<Vec<_>>()
        };
        assert_eq!(tokens(), []);
        for _ in 0..3 {
            waker.wake().unwrap();
            assert_eq!(tokens(), [Token(7)]);
            assert_eq!(tokens(), []);
        }
        let path = format!("/proc/self/fd/{}", waker.signal.as_raw_fd());
        let mut options = OpenOptions::new();
        let options = options.read(true).custom_flags(libc::O_NONBLOCK);
        let mut pipe = options.open(path).unwrap();
        assert_eq!(pipe.read(&mut [0; 8]).unwrap(), 1);
    }

    #[test]
    fn a_wake_that_finds_no_room_is_an_event() {
        let selector = Selector::new().unwrap();
        let waker = Waker::new(&selector, Token(7)).unwrap();
        let mut events = Events::with_capacity(8);
        waker.signal.fill().unwrap();
        selector.select(&mut events, Some(Duration::ZERO)).unwrap();
        for _ in 0..3 {
            // The poll has reported the event, and the descriptor is still full.
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
