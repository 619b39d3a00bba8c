//! Ends a loop, from its own thread or another one.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::{fmt, io};

use mio::NotifierHandle;

/// A handle that ends an [`EventLoop`](crate::EventLoop) from any thread. It can be cloned.
///
/// Returned by [`Context::shutdown_handle`](crate::Context::shutdown_handle). It may outlive the
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

    /// Ends the current run after its iteration, or else the next run at once.
    ///
    /// Several calls before a run has ended for them count as one. If a callback fails in that
    /// iteration, the run ends with its error and the request ends the next run at once, so a
    /// program that runs its loop again after an error still ends. If the loop is gone, this does
    /// nothing.
    ///
    /// It takes no lock on Unix, so a signal handler may call it: see [`mio::Notifier::notify`].
    ///
    /// # Errors
    ///
    /// Returns the errors of [`mio::Notifier::notify`]. None is expected. After an error the
    /// request stands, and the loop ends when something else wakes it.
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

/// The pending shutdown requests.
#[derive(Debug, Default)]
pub(crate) struct Shutdown {
    /// A request of this thread, usually of a callback. The end of a run clears it, for whatever
    /// reason it ends.
    pub(crate) own: bool,
    /// Requests of other threads, which do not know how a run has ended.
    pub(crate) others: Request,
}

impl Shutdown {
    pub(crate) fn is_made(&self) -> bool {
        self.own || self.others.is_made()
    }

    /// Takes all requests. Returns whether there was one.
    pub(crate) fn take(&mut self) -> bool {
        std::mem::take(&mut self.own) | self.others.take()
    }
}

/// A request to end the loop. It stands until a run has ended for it.
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
