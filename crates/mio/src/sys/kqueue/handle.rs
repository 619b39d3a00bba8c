//! The descriptor of a kqueue, which a child of `fork` does not have.

use std::io;
use std::mem;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::process;
use std::sync::Arc;

use crate::sys::kqueue::ffi;

/// Closes the kqueue when it is dropped, but only in the process that made it.
///
/// No kernel gives a kqueue to a child of `fork`. The copy of this value that the child has holds a
/// number that names nothing, or a file that the child has opened since. To close it there would
/// close that file.
#[derive(Debug)]
pub(super) struct Handle {
    /// Shared with nobody, so that it can be leaked without unsafe code.
    kqueue: Arc<OwnedFd>,
    process: u32,
}

impl Handle {
    pub(super) fn new() -> io::Result<Handle> {
        let kqueue = ffi::kqueue()?;
        #[cfg(not(kqueue1))]
        crate::sys::unix::set_cloexec(kqueue.as_fd())?;
        Ok(Handle::of(kqueue))
    }

    pub(super) fn try_clone(&self) -> io::Result<Handle> {
        self.kqueue.try_clone().map(Handle::of)
    }

    /// Whether this process has the kqueue.
    pub(super) fn is_here(&self) -> bool {
        self.process == process::id()
    }

    fn of(kqueue: OwnedFd) -> Handle {
        Handle {
            kqueue: Arc::new(kqueue),
            process: process::id(),
        }
    }
}

impl AsFd for Handle {
    fn as_fd(&self) -> BorrowedFd<'_> {
        (*self.kqueue).as_fd()
    }
}

impl Drop for Handle {
    fn drop(&mut self) {
        if !self.is_here() {
            mem::forget(Arc::clone(&self.kqueue));
        }
    }
}
