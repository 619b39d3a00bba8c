use std::fmt;
use std::io;
use std::ops::{Deref, DerefMut};
use std::os::windows::io::AsHandle;

use crate::event::Source;
use crate::sys::afd::wait::Registration;
use crate::{Interest, Registry, Token};

/// A source over a waitable handle: an event, a process, a thread, a waitable timer or a semaphore.
///
/// It is *readable* when the handle is signalled: when a process or a thread has ended, or a timer
/// has expired. `T` owns the handle or borrows it. A registration holds a duplicate of the handle,
/// which keeps the object open until it is deregistered or dropped, even if `T` closes its own
/// handle.
///
/// # A wait consumes the signal
///
/// The kernel waits as `WaitForSingleObject` does. A wait resets an auto-reset event or a
/// synchronization timer, and decrements a semaphore. The delivered event *is* that wait, and no
/// other wait gets the signal, so in level mode there is one event per signal. A signal that is not
/// delivered yet may be lost when the source is deregistered or the `Poll` is dropped.
///
/// Do not use a mutex: a wait acquires it, and here no thread of the program would be its owner.
///
/// A process, a thread, a manual-reset event and a manual-reset timer stay signalled.
///
/// # Modes
///
/// The use of a handle is not tracked. The mode determines when the handle is waited for again
/// after an event:
///
/// * With [`level`](Interest::level), by the next poll. A handle that is still signalled is an
///   event again.
/// * In edge mode, after [`rearm`](SourceHandle::rearm) or [`reregister`](Registry::reregister).
/// * With [`oneshot`](Interest::oneshot), after `reregister`.
///
/// # Availability
///
/// The required functions are in `ntdll.dll` of Windows 8 and later. Where they are missing, as in
/// Wine up to at least 10.0, registering fails with [`Unsupported`](io::ErrorKind::Unsupported).
///
/// # Examples
///
/// ```
/// # fn main() -> std::io::Result<()> {
/// use std::process::Command;
///
/// use mio::windows::SourceHandle;
/// use mio::{Events, Interest, Poll, Token};
///
/// let mut poll = Poll::new()?;
/// let mut child = SourceHandle::new(Command::new("cmd").args(["/c", "exit 3"]).spawn()?);
/// let registered = poll.registry().register(&mut child, Token(0), Interest::READABLE);
/// # if registered.as_ref().is_err_and(|err| err.kind() == std::io::ErrorKind::Unsupported) {
/// #     return child.wait().map(drop);
/// # }
/// registered?;
///
/// let mut events = Events::with_capacity(4);
/// poll.poll(&mut events, None)?;
/// assert!(events.iter().all(|event| event.token() == Token(0) && event.is_readable()));
/// assert_eq!(child.wait()?.code(), Some(3));
/// # Ok(())
/// # }
/// ```
pub struct SourceHandle<T> {
    /// The first field, so that it is dropped first.
    registration: Registration,
    handle: T,
}

impl<T> SourceHandle<T> {
    /// Creates an unregistered source.
    ///
    /// # Examples
    ///
    /// ```
    /// let thread = std::thread::spawn(|| println!("hello"));
    /// let source = mio::windows::SourceHandle::new(thread);
    /// # source.into_inner().join().unwrap();
    /// ```
    pub fn new(handle: T) -> SourceHandle<T> {
        SourceHandle {
            registration: Registration::default(),
            handle,
        }
    }

    /// Re-arms the source after an event in edge mode. If the handle is still signalled, there is
    /// an event at once.
    ///
    /// Call it when you have handled the signal. It does nothing in the other modes, or if there
    /// was no event.
    ///
    /// # Errors
    ///
    /// [`NotFound`](io::ErrorKind::NotFound) if the source is not registered. The OS error if it is
    /// out of memory.
    ///
    /// # Examples
    ///
    /// ```no_run
    /// # fn main() -> std::io::Result<()> {
    /// # let timer = std::fs::File::open("timer")?;
    /// use mio::windows::SourceHandle;
    /// use mio::{Events, Interest, Poll, Token};
    ///
    /// let mut poll = Poll::new()?;
    /// let mut timer = SourceHandle::new(timer);
    /// poll.registry().register(&mut timer, Token(0), Interest::READABLE)?;
    /// let mut events = Events::with_capacity(4);
    /// loop {
    ///     poll.poll(&mut events, None)?;
    ///     println!("tick");
    ///     timer.rearm()?;
    /// }
    /// # }
    /// ```
    pub fn rearm(&self) -> io::Result<()> {
        self.registration.rearm()
    }

    /// Returns the value. The registration ends.
    ///
    /// # Examples
    ///
    /// ```
    /// let thread = std::thread::spawn(|| 7);
    /// let source = mio::windows::SourceHandle::new(thread);
    /// assert_eq!(source.into_inner().join().unwrap(), 7);
    /// ```
    pub fn into_inner(self) -> T {
        self.handle
    }
}

/// An interest without `READABLE` is [`InvalidInput`](io::ErrorKind::InvalidInput), and other
/// directions are ignored. The handle needs the `SYNCHRONIZE` right; otherwise registering fails
/// with [`PermissionDenied`](io::ErrorKind::PermissionDenied).
impl<T: AsHandle> Source for SourceHandle<T> {
    fn register(
        &mut self,
        registry: &Registry,
        token: Token,
        interests: Interest,
    ) -> io::Result<()> {
        let interests = readable(interests)?;
        self.registration
            .register(&self.handle, registry, token, interests)
    }

    fn reregister(
        &mut self,
        registry: &Registry,
        token: Token,
        interests: Interest,
    ) -> io::Result<()> {
        let interests = readable(interests)?;
        self.registration.reregister(registry, token, interests)
    }

    fn deregister(&mut self, registry: &Registry) -> io::Result<()> {
        self.registration.deregister(registry)
    }
}

fn readable(interests: Interest) -> io::Result<Interest> {
    interests.only_readable().ok_or_else(|| {
        let message = "a handle is registered with `Interest::READABLE`";
        io::Error::new(io::ErrorKind::InvalidInput, message)
    })
}

impl<T> Deref for SourceHandle<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.handle
    }
}

/// A registration keeps watching the handle that was registered, even if the value is replaced.
impl<T> DerefMut for SourceHandle<T> {
    fn deref_mut(&mut self) -> &mut T {
        &mut self.handle
    }
}

impl<T: fmt::Debug> fmt::Debug for SourceHandle<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.handle.fmt(f)
    }
}
