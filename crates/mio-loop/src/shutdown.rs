//! Ending a loop, also from another thread.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::{fmt, io};

use mio::NotifierHandle;

/// Ends an [`EventLoop`](crate::EventLoop) from any thread. Clone it for another one.
///
/// Comes from [`Context::shutdown_handle`](crate::Context::shutdown_handle), and may outlive the
/// loop.
///
/// # Examples
///
/// ```
/// use std::{io, thread};
///
/// use mio_loop::{EventLoop, Handler};
///
/// struct Idle;
/// impl Handler for Idle {
///     type Timeout = ();
///     type Message = ();
///     type Error = io::Error;
/// }
///
/// # fn main() -> io::Result<()> {
/// let mut event_loop = EventLoop::<Idle>::new()?;
/// let handle = event_loop.shutdown_handle();
/// thread::spawn(move || handle.shutdown());
/// event_loop.run(&mut Idle)?;
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct ShutdownHandle {
    request: Request,
    notifier: NotifierHandle,
}

impl ShutdownHandle {
    pub(crate) fn new(request: Request, notifier: NotifierHandle) -> ShutdownHandle {
        ShutdownHandle { request, notifier }
    }

    /// Ends the run that is in progress, after its iteration, or else the next one at once.
    ///
    /// Several calls before a run has ended for them are one. If a callback fails in that
    /// iteration, the run ends by its error, and the request ends the next run at once: so a
    /// program that runs its loop again after an error ends all the same. If the loop is gone, it
    /// does nothing.
    ///
    /// It takes no lock on Unix, so that a signal handler may call it: see
    /// [`mio::Notifier::notify`].
    ///
    /// # Errors
    ///
    /// Those of [`mio::Notifier::notify`]. None is expected. The request stands, and the loop ends
    /// when something else wakes it.
    ///
    /// # Examples
    ///
    /// ```
    /// # struct Idle;
    /// # impl mio_loop::Handler for Idle {
    /// #     type Timeout = ();
    /// #     type Message = ();
    /// #     type Error = std::io::Error;
    /// # }
    /// # fn main() -> std::io::Result<()> {
    /// let mut event_loop = mio_loop::EventLoop::<Idle>::new()?;
    /// event_loop.shutdown_handle().shutdown()?;
    /// event_loop.run(&mut Idle)?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn shutdown(&self) -> io::Result<()> {
        self.request.make();
        self.notifier.notify()
    }
}

impl fmt::Debug for ShutdownHandle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ShutdownHandle").finish_non_exhaustive()
    }
}

/// Who has told the loop to end.
#[derive(Debug, Default)]
pub(crate) struct Shutdown {
    /// This thread, most likely a callback. It is over when a run ends, for whatever reason.
    pub(crate) own: bool,
    /// Others, who don't know how a run has ended.
    pub(crate) others: Request,
}

impl Shutdown {
    pub(crate) fn is_made(&self) -> bool {
        self.own || self.others.is_made()
    }

    /// Whether any of them has. It is over with this.
    pub(crate) fn take(&mut self) -> bool {
        std::mem::take(&mut self.own) | self.others.take()
    }
}

/// That the loop shall end. It stands until a run has ended for it.
#[derive(Debug, Clone, Default)]
pub(crate) struct Request(Arc<AtomicBool>);

impl Request {
    fn make(&self) {
        self.0.store(true, Ordering::Release);
    }

    fn is_made(&self) -> bool {
        self.0.load(Ordering::Acquire)
    }

    fn take(&self) -> bool {
        self.is_made() && self.0.swap(false, Ordering::AcqRel)
    }
}
