use std::fmt;
use std::io;
use std::ops::{Deref, DerefMut};
use std::os::windows::io::AsHandle;

use crate::event::Source;
use crate::sys::afd::wait::Registration;
use crate::{Interest, Registry, Token};

/// A handle that can be waited for, as a source: an event, a process, a thread, a waitable timer, a
/// semaphore.
///
/// It is *readable* when the handle is signalled: when a process or a thread has ended, when a
/// timer has expired. `T` owns the handle or borrows it. A registration has a duplicate of the
/// handle, so that what it stands for is kept until it is deregistered or dropped, even if `T`
/// closes it.
///
/// # Waiting takes the signal
///
/// The system does here what `WaitForSingleObject` does. An event with automatic reset, a timer
/// that synchronizes and a semaphore are reset by a wait, or counted down: the event that comes
/// *is* what was waited for, and no other wait gets it. So in level mode there is one event for
/// each signal. What was signalled and not delivered when the source is deregistered, or the `Poll`
/// is dropped, may be lost. A mutex is not for this: who waits for it owns it, and here that is no
/// thread of the program's.
///
/// A process, a thread, an event with manual reset and a timer with manual reset stay signalled.
///
/// # Modes
///
/// Nobody sees what is done with a handle. So after an event
///
/// * with [`level`](Interest::level) it is waited for again by the next poll, and what is still
///   signalled is an event again;
/// * in edge mode it is waited for again after [`rearm`](SourceHandle::rearm) or
///   [`reregister`](Registry::reregister);
/// * with [`oneshot`](Interest::oneshot) after `reregister`.
///
/// # Where there is none
///
/// Windows 8 and later have what this needs, in `ntdll.dll`. Where it is missing, as in Wine up to
/// 10.0 at least, registering is [`Unsupported`](io::ErrorKind::Unsupported).
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
    /// First, because it is dropped first.
    registration: Registration,
    handle: T,
}

impl<T> SourceHandle<T> {
    /// A source that is not registered yet.
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

    /// In edge mode, waits for the handle again, after an event. If it is signalled still, that is
    /// an event at once.
    ///
    /// Call it when you have seen to what was signalled. It does nothing in the other modes, or if
    /// there was no event.
    ///
    /// # Errors
    ///
    /// [`NotFound`](io::ErrorKind::NotFound) if this is not registered. The system's, if it has no
    /// memory.
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

    /// Gives the value back. The registration ends.
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

/// The interest contains `READABLE`; what else it asks for is left out, and without it is
/// [`InvalidInput`](io::ErrorKind::InvalidInput). The handle needs the right to be waited for
/// (`SYNCHRONIZE`), or registering is [`PermissionDenied`](io::ErrorKind::PermissionDenied).
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

/// What is watched stays the handle that was registered.
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
