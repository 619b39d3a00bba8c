//! The user's side of a pipe.

use std::ffi::OsStr;
use std::io::{self, IoSlice, IoSliceMut};
use std::os::windows::io::{AsHandle, BorrowedHandle, OwnedHandle};
use std::sync::Arc;

use windows_sys::Win32::Foundation::ERROR_INVALID_PARAMETER;

use crate::io_source::mistake;
use crate::sys::afd::selector::Shared;
use crate::sys::afd::users::Key;
use crate::sys::windows::named_pipe::background::{Background, System};
use crate::sys::windows::named_pipe::ffi;
use crate::sys::{Selector, check_supported};
use crate::{Interest, Registry, SelectorKind, Token};

/// One end of a named pipe.
// Drop order: closing the handle ends the operations in flight. Then the port, if this was the last
// reference to it, takes their packets.
#[derive(Debug)]
pub(crate) struct Pipe {
    handle: Arc<OwnedHandle>,
    /// The owner of the port that the handle is attached to, and the completion key.
    attached: Option<(Arc<Shared>, Key)>,
    background: Arc<Background>,
}

impl Pipe {
    pub(crate) fn create(name: &OsStr) -> io::Result<Pipe> {
        ffi::create(name).map(Pipe::from)
    }

    pub(crate) fn connect(&self) -> io::Result<()> {
        self.background.connect(self.system())
    }

    pub(crate) fn disconnect(&self) -> io::Result<()> {
        self.background.disconnect(self.as_handle())
    }

    pub(crate) fn take_error(&self) -> Option<io::Error> {
        self.background.take_error()
    }

    pub(crate) fn read(&self, bufs: &mut [IoSliceMut<'_>]) -> io::Result<usize> {
        self.background.read(self.system(), bufs)
    }

    pub(crate) fn write(&self, bufs: &[IoSlice<'_>]) -> io::Result<usize> {
        self.background.write(self.system(), bufs)
    }

    pub(crate) fn register(
        &mut self,
        registry: &Registry,
        token: Token,
        interests: Interest,
    ) -> io::Result<()> {
        check_supported(SelectorKind::Afd, interests)?;
        let shared = shared(registry);
        let attached = self.attached.as_ref().map(|(attached, _)| attached);
        let is_same = attached.is_some_and(|attached| Arc::ptr_eq(attached, shared));
        if self.background.is_registered() {
            return Err(mistake::registered_twice(is_same));
        }
        match attached {
            Some(_) if is_same => {}
            Some(_) => return Err(attached_elsewhere()),
            None => self.attach(shared)?,
        }
        self.watch(token, interests)
    }

    pub(crate) fn reregister(
        &mut self,
        registry: &Registry,
        token: Token,
        interests: Interest,
    ) -> io::Result<()> {
        check_supported(SelectorKind::Afd, interests)?;
        self.check_registered(registry)?;
        self.watch(token, interests)
    }

    pub(crate) fn deregister(&mut self, registry: &Registry) -> io::Result<()> {
        self.check_registered(registry)?;
        self.background.deregister();
        Ok(())
    }

    /// Closes the pipe. Call this when it is dropped.
    pub(crate) fn close(&mut self) {
        let shared = self.attached.as_ref().map(|(shared, _)| shared);
        self.background.close(&self.handle, shared);
    }

    fn attach(&mut self, shared: &Arc<Shared>) -> io::Result<()> {
        let key = shared.port().attach_user(self.as_handle());
        let key = key.map_err(|err| {
            if err.raw_os_error() == Some(ERROR_INVALID_PARAMETER as i32) {
                not_attachable()
            } else {
                err
            }
        })?;
        self.background.attached(self.as_handle(), shared, key);
        self.attached = Some((Arc::clone(shared), key));
        Ok(())
    }

    fn watch(&self, token: Token, interests: Interest) -> io::Result<()> {
        match self.system() {
            Some(system) => self.background.register(system, token, interests),
            None => Err(mistake::not_registered(false)),
        }
    }

    fn check_registered(&self, registry: &Registry) -> io::Result<()> {
        let attached = self.attached.as_ref().map(|(attached, _)| attached);
        let is_here = attached.is_some_and(|attached| Arc::ptr_eq(attached, shared(registry)));
        match self.background.is_registered() {
            true if is_here => Ok(()),
            true => Err(mistake::registered_twice(false)),
            false if is_here || attached.is_none() => Err(mistake::not_registered(false)),
            false => Err(attached_elsewhere()),
        }
    }

    fn system(&self) -> Option<System<'_>> {
        self.attached.as_ref().map(|(shared, key)| System {
            port: shared.port(),
            key: *key,
            handle: self.as_handle(),
        })
    }
}

impl From<OwnedHandle> for Pipe {
    fn from(handle: OwnedHandle) -> Pipe {
        let handle = Arc::new(handle);
        Pipe {
            background: Background::new(&handle),
            attached: None,
            handle,
        }
    }
}

impl AsHandle for Pipe {
    fn as_handle(&self) -> BorrowedHandle<'_> {
        (*self.handle).as_handle()
    }
}

fn shared(registry: &Registry) -> &Arc<Shared> {
    let Selector::Afd(selector) = registry.selector();
    selector.shared()
}

fn attached_elsewhere() -> io::Error {
    io::Error::new(
        io::ErrorKind::AlreadyExists,
        "a named pipe stays with the `Poll` that it was registered with first: Windows attaches a \
         handle to one completion port for good",
    )
}

fn not_attachable() -> io::Error {
    io::Error::new(
        io::ErrorKind::InvalidInput,
        "this handle can't be registered: it was opened without `FILE_FLAG_OVERLAPPED`, or it is \
         attached to another completion port",
    )
}

#[cfg(test)]
mod tests {
    use std::sync::Weak;

    use super::*;
    use crate::{Events, Poll};

    /// Idle operations have no reference to the pipe, and the packets of the others were taken.
    #[test]
    fn a_pipe_that_was_dropped_leaves_nothing_behind() {
        let name = format!(r"\\.\pipe\mio-unit-test-{}", std::process::id());
        let mut poll = Poll::new().unwrap();
        let mut pipe = Pipe::create(OsStr::new(&name)).unwrap();
        let (background, handle) = (
            Arc::downgrade(&pipe.background),
            Arc::downgrade(&pipe.handle),
        );
        pipe.register(poll.registry(), Token(0), Interest::READABLE)
            .unwrap();
        // A read that starts, a write that is refused, and a connect in flight.
        pipe.read(&mut [IoSliceMut::new(&mut [0; 8])]).unwrap_err();
        pipe.write(&[IoSlice::new(b"hello")]).unwrap_err();
        pipe.connect().unwrap_err();
        pipe.reregister(poll.registry(), Token(1), Interest::READABLE)
            .unwrap();
        pipe.close();
        drop(pipe);
        assert!(handle.upgrade().is_none());
        let mut events = Events::with_capacity(8);
        poll.poll(&mut events, Some(std::time::Duration::ZERO))
            .unwrap();
        assert!(events.is_empty());
        assert!(Weak::upgrade(&background).is_none());
    }
}
