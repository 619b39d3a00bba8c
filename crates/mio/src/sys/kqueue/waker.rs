#[cfg(not(waker_user_event))]
pub(crate) use self::descriptor::Waker;
#[cfg(waker_user_event)]
pub(crate) use self::user_event::Waker;

#[cfg(waker_user_event)]
mod user_event {
    use std::io;

    use libc::{EV_ADD, EV_CLEAR, EV_DELETE, EVFILT_USER, NOTE_TRIGGER};

    use crate::Token;
    use crate::sys::kqueue::{Selector, event, ffi};
    use crate::sys::selector::{self, Selector as _};

    /// Not a descriptor, and an unlikely choice for a program that adds its own user events to this
    /// kqueue.
    const IDENT: usize = usize::MAX;

    /// A user event. With `EV_CLEAR` it is reset when it is taken, so a wake is one system call and
    /// its delivery needs none. Of several wakes between two polls only the first makes that call
    /// ([`pending`](crate::sys::pending)).
    #[derive(Debug)]
    pub(crate) struct Waker {
        selector: Selector,
        token: Token,
    }

    impl selector::Waker for Waker {
        type Selector = Selector;

        fn new(selector: &Selector, token: Token) -> io::Result<Waker> {
            let selector = selector.try_clone()?;
            change(&selector, token, EV_ADD | EV_CLEAR, 0)?;
            Ok(Waker { selector, token })
        }

        fn wake(&self) -> io::Result<()> {
            // With the token, because each change replaces it.
            let raise = || change(&self.selector, self.token, 0, NOTE_TRIGGER);
            self.selector.pending().wake(raise)
        }
    }

    impl Drop for Waker {
        fn drop(&mut self) {
            // In a child of `fork` the number may be that of the child's own kqueue.
            if self.selector.is_here() {
                // It does not matter if the filter no longer exists.
                let _ = change(&self.selector, self.token, EV_DELETE, 0);
            }
            self.selector.pending().take();
        }
    }

    fn change(selector: &Selector, token: Token, flags: u16, fflags: u32) -> io::Result<()> {
        let request = event::record(IDENT, EVFILT_USER.into(), flags.into(), fflags, token);
        ffi::change(selector.as_fd(), &[request], &mut [])
    }
}

#[cfg(not(waker_user_event))]
mod descriptor {
    use std::io;
    use std::os::fd::AsRawFd;
    use std::sync::Arc;

    use crate::sys::kqueue::Selector;
    use crate::sys::pending::Pending;
    use crate::sys::selector::{self, Selector as _, SourceIo};
    use crate::sys::unix::Signal;
    use crate::{Interest, Token};

    /// A descriptor that is watched like any other and made readable by
    /// [`wake`](selector::Waker::wake).
    ///
    /// It is not read while it has room: with `EV_CLEAR` every write is a new event, so a wake is
    /// one system call and its delivery needs none. When a write finds no room, the waking thread
    /// drains the descriptor and writes again, so the event of that write can't be lost. Of several
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
            let fd = signal.as_raw_fd();
            selector.register(fd, SourceIo::Unseen, token, Interest::READABLE)?;
            let pending = Arc::clone(selector.pending());
            Ok(Waker { signal, pending })
        }

        fn wake(&self) -> io::Result<()> {
            self.pending.wake(|| self.raise())
        }
    }

    impl Waker {
        fn raise(&self) -> io::Result<()> {
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
}
