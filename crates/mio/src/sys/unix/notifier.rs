//! A notifier made of a descriptor of ours, which is watched like any other.

use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::event::Source;
use crate::io_source::IoSource;
use crate::sys::pending::Pending;
use crate::sys::unix::Signal;
use crate::{Interest, Registry, Token};

#[derive(Debug)]
pub(crate) struct Notifier {
    signal: IoSource<Arc<Signal>>,
    handle: NotifierHandle,
}

#[derive(Debug, Clone)]
pub(crate) struct NotifierHandle {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    pending: Pending,
    /// `None` once the notifier is gone: its descriptor is closed with it, so that its registration
    /// ends. The lock keeps it open for a thread that is raising it.
    signal: Mutex<Option<Arc<Signal>>>,
}

impl Notifier {
    pub(crate) fn new() -> io::Result<Notifier> {
        if cfg!(signal_flag) {
            let message = "a program has one thread here, so there is nobody to notify it";
            return Err(io::Error::new(io::ErrorKind::Unsupported, message));
        }
        let signal = Arc::new(Signal::new()?);
        let shared = Arc::new(Shared {
            pending: Pending::default(),
            signal: Mutex::new(Some(Arc::clone(&signal))),
        });
        Ok(Notifier {
            signal: IoSource::new(signal),
            handle: NotifierHandle { shared },
        })
    }

    pub(crate) fn handle(&self) -> NotifierHandle {
        self.handle.clone()
    }

    pub(crate) fn notify(&self) -> io::Result<()> {
        self.handle.notify()
    }

    /// In the order that [`pending`](crate::sys::pending) asks for: first the signal, then the
    /// flag.
    pub(crate) fn clear(&self) -> io::Result<bool> {
        // A `WouldBlock` re-arms at once only after a success.
        let _ = self.signal.read_with(|_| Ok(()));
        let cleared = self.signal.read_with(|signal| {
            signal.clear()?;
            // It is used up, which selectors that have to be told are told by this.
            Err::<(), _>(io::ErrorKind::WouldBlock.into())
        });
        match cleared {
            Err(err) if err.kind() != io::ErrorKind::WouldBlock => Err(err),
            _ => Ok(self.handle.shared.pending.take()),
        }
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

/// Before the descriptor of its own goes, so that this was the last one.
impl Drop for Notifier {
    fn drop(&mut self) {
        *self.handle.shared.lock() = None;
    }
}

impl NotifierHandle {
    pub(crate) fn notify(&self) -> io::Result<()> {
        self.shared.pending.wake(|| match &*self.shared.lock() {
            // One that can't be raised any higher is raised.
            Some(signal) => signal.raise().map(|_| ()),
            // Nobody would hear of it.
            None => Ok(()),
        })
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, Option<Arc<Signal>>> {
        self.signal.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
