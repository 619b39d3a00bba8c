//! The descriptor of a kqueue, which a child of `fork` does not have.

use std::io;
use std::mem;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::process;
use std::sync::Arc;

use crate::sys::kqueue::ffi;

/// Closes the kqueue on drop, but only in the process that created it.
///
/// No kernel passes a kqueue on to a child of `fork`. The child's copy of this value holds the
/// number of no descriptor, or of a file that the child has opened since. Closing it there would
/// close that file.
#[derive(Debug)]
pub(super) struct Handle {
    /// The only reference, so that `drop` can leak it without unsafe code.
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

    /// Returns whether this process has the kqueue.
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
