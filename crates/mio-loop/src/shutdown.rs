//! Ending a loop, also from another thread.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

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

    /// Ends the run that is in progress, after its iteration, or else the next one.
    ///
    /// Several calls before the loop has ended are one. If the loop is gone, it does nothing.
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
    /// event_loop.shutdown_handle().shutdown();
    /// event_loop.run(&mut Idle)?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn shutdown(&self) {
        self.request.make();
        // It fails only if the descriptor is not what it was. The request stands all the same.
        let _ = self.notifier.notify();
    }
}

impl fmt::Debug for ShutdownHandle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ShutdownHandle").finish_non_exhaustive()
    }
}

/// That the loop shall end. It stands until a run has ended for it.
#[derive(Debug, Clone, Default)]
pub(crate) struct Request(Arc<AtomicBool>);

impl Request {
    pub(crate) fn make(&self) {
        self.0.store(true, Ordering::Release);
    }

    pub(crate) fn is_made(&self) -> bool {
        self.0.load(Ordering::Acquire)
    }

    /// Whether it was made. It is over with this.
    pub(crate) fn take(&self) -> bool {
        self.is_made() && self.0.swap(false, Ordering::AcqRel)
    }
}
