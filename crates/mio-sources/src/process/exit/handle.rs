//! By the handle of the process, which is signalled when it has ended.

use std::io;
use std::os::windows::io::{AsHandle, OwnedHandle};
use std::process::ExitStatus;

use mio::event::Source;
use mio::windows::SourceHandle;

use super::gone;
use crate::process::owned::Owned;
use crate::signal::Signal;

/// Readable when the process has ended.
pub(in crate::process) struct Exit {
    /// A duplicate, as std's child stays where it is.
    source: SourceHandle<OwnedHandle>,
}

impl Exit {
    /// Whether a handle can be watched is known when it is registered: it takes a poll to find out.
    pub(in crate::process) fn check_support() -> io::Result<()> {
        Ok(())
    }

    pub(in crate::process) fn of_started(child: &mut Owned) -> io::Result<Exit> {
        let handle = child.get().as_handle().try_clone_to_owned()?;
        let source = SourceHandle::new(handle);
        Ok(Exit { source })
    }

    /// The handle is the child's own for as long as std's child is there, also when it has ended.
    pub(in crate::process) fn of_any(child: &mut Owned) -> io::Result<Exit> {
        Exit::of_started(child)
    }

    /// It stays signalled when it has ended, and there is no event before. So a look that comes too
    /// early takes nothing away.
    pub(in crate::process) fn check(
        &mut self,
        child: &mut Owned,
    ) -> io::Result<Option<ExitStatus>> {
        child.try_wait()
    }

    /// The one thing that can be done to a process from outside is to end it.
    pub(in crate::process) fn send(&self, child: &mut Owned, signal: Signal) -> io::Result<()> {
        if signal != Signal::SIGKILL {
            let message =
                format!("{signal} can't be sent: this system has no signals; `kill` works");
            return Err(io::Error::new(io::ErrorKind::Unsupported, message));
        }
        match child.try_wait()? {
            Some(_) => Err(gone()),
            None => child.get().kill(),
        }
    }

    pub(in crate::process) fn source(&mut self) -> &mut dyn Source {
        &mut self.source
    }
}
