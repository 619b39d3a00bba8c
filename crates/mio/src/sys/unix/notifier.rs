//! A notifier made of a descriptor of our own, which is watched like any other.
//!
//! A notification takes no lock, so a signal handler can send one whatever it has interrupted. The
//! handles hold a weak reference to the signal, and a strong one only while they raise it.

use std::io;
use std::os::fd::{AsRawFd, RawFd};
use std::sync::{Arc, Weak};
use std::thread;
use std::time::Duration;

use crate::event::Source;
use crate::io_source::IoSource;
use crate::sys::pending::Pending;
use crate::sys::unix::Signal;
use crate::{Interest, Registry, Token};

#[derive(Debug)]
pub(crate) struct Notifier {
    signal: IoSource<Owner>,
    handle: NotifierHandle,
}

#[derive(Debug, Clone)]
pub(crate) struct NotifierHandle {
    pending: Arc<Pending>,
    /// Dangling once the notifier is gone.
    signal: Weak<Signal>,
}

/// The notifier's own reference. It is `None` only while it is being dropped.
#[derive(Debug)]
struct Owner(Option<Arc<Signal>>);

impl Notifier {
    pub(crate) fn new() -> io::Result<Notifier> {
        if cfg!(signal_flag) {
            let message = "a program has one thread here, so there is nobody to notify it";
            return Err(io::Error::new(io::ErrorKind::Unsupported, message));
        }
        let signal = Arc::new(Signal::new()?);
        let handle = NotifierHandle {
            pending: Arc::default(),
            signal: Arc::downgrade(&signal),
        };
        Ok(Notifier {
            signal: IoSource::new(Owner(Some(signal))),
            handle,
        })
    }

    pub(crate) fn handle(&self) -> NotifierHandle {
        self.handle.clone()
    }

    pub(crate) fn notify(&self) -> io::Result<()> {
        self.handle.notify()
    }

    /// Clears the signal first and the flag second, as [`pending`](crate::sys::pending) requires.
    pub(crate) fn clear(&self) -> io::Result<bool> {
        let mut cleared = Ok(());
        // A `WouldBlock` re-arms at once only after a success.
        let _ = self.signal.read_with(|_| Ok(()));
        // This `WouldBlock` re-arms the source on selectors that need it.
        let _ = self.signal.read_with(|owner| {
            cleared = owner.0.as_ref().map_or(Ok(()), |signal| signal.clear());
            Err::<(), _>(io::ErrorKind::WouldBlock.into())
        });
        // Take it after an error as well, so that the next notification raises the signal again.
        let was_notified = self.handle.pending.take();
        cleared.map(|()| was_notified)
    }

    pub(crate) fn register(
        &mut self,
        registry: &Registry,
        token: Token,
        interests: Interest,
    ) -> io::Result<()> {
        self.signal.register(registry, token, interests)
    }

    pub(crate) fn reregister(
        &mut self,
        registry: &Registry,
        token: Token,
        interests: Interest,
    ) -> io::Result<()> {
        self.signal.reregister(registry, token, interests)
    }

    pub(crate) fn deregister(&mut self, registry: &Registry) -> io::Result<()> {
        self.signal.deregister(registry)
    }
}

impl NotifierHandle {
    pub(crate) fn notify(&self) -> io::Result<()> {
        self.pending.wake(|| match self.signal.upgrade() {
            // A full signal is already raised.
            Some(signal) => signal.raise().map(|_| ()),
            // The notifier is gone.
            None => Ok(()),
        })
    }
}

impl Drop for Owner {
    fn drop(&mut self) {
        /// The number of sleeps of 1 ms before the wait gives up.
        const SLEEPS: u32 = 1_000;
        if let Some(signal) = self.0.take() {
            close(signal, SLEEPS);
        }
    }
}

/// Closes the descriptor, which ends the registration.
///
/// A thread that is raising the signal keeps the descriptor open for the length of a `write`. Wait
/// for that thread, so that a poll that begins after this call has no event. A few yields are
/// enough unless the scheduler has stopped the thread. The wait is bounded, because in a child of
/// `fork` such a thread does not exist.
fn close(mut signal: Arc<Signal>, sleeps: u32) {
    const YIELDS: u32 = 100;
    for round in 0..YIELDS + sleeps {
        match Arc::try_unwrap(signal) {
            Ok(_) => return,
            Err(shared) => signal = shared,
        }
        if round < YIELDS {
            thread::yield_now();
        } else {
            thread::sleep(Duration::from_millis(1));
        }
    }
}

impl AsRawFd for Owner {
    fn as_raw_fd(&self) -> RawFd {
        self.0.as_ref().map_or(-1, |signal| signal.as_raw_fd())
    }
}

#[cfg(all(test, any(signal_eventfd, signal_pipe)))]
mod tests {
    use std::sync::atomic::{AtomicBool, Ordering};

    use super::*;

    #[test]
    fn close_waits_for_a_thread_that_raises_the_signal() {
        // Longer than a slow machine may need.
        const SLEEPS: u32 = 1_000_000;
        let signal = Arc::new(Signal::new().unwrap());
        let raising = Arc::clone(&signal);
        let has_ended = AtomicBool::new(false);
        thread::scope(|scope| {
            scope.spawn(|| {
                // Most likely long enough for the other thread to begin.
                for _ in 0..1_000 {
                    thread::yield_now();
                }
                has_ended.store(true, Ordering::Relaxed);
                drop(raising);
            });
            close(signal, SLEEPS);
            assert!(has_ended.load(Ordering::Relaxed), "it did not wait");
        });
    }

    #[test]
    fn drop_does_not_wait_for_handles() {
        let notifier = Notifier::new().unwrap();
        let handle = notifier.handle();
        drop(notifier);
        assert!(handle.signal.upgrade().is_none());
        handle.notify().unwrap();
    }
}
