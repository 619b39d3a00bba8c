//! Detects the end by the handle of the process, which is signalled when the process has ended.

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
    /// A duplicate, because std's child keeps its own.
    source: SourceHandle<OwnedHandle>,
}

impl Exit {
    /// Only registering shows whether a handle can be watched: it takes a poll to find out.
    pub(in crate::process) fn check_support() -> io::Result<()> {
        Ok(())
    }

    pub(in crate::process) fn of_started(child: &mut Owned) -> io::Result<Exit> {
        let handle = child.get().as_handle().try_clone_to_owned()?;
        let source = SourceHandle::new(handle);
        Ok(Exit { source })
    }

    /// The handle refers to the child for as long as std's child exists, even after the end.
    pub(in crate::process) fn of_any(child: &mut Owned) -> io::Result<Exit> {
        Exit::of_started(child)
    }

    /// The handle stays signalled after the end, and there is no event before. So an early check
    /// loses no event.
    pub(in crate::process) fn check(
        &mut self,
        child: &mut Owned,
    ) -> io::Result<Option<ExitStatus>> {
        child.try_wait()
    }

    /// Ends the process. Windows can do nothing else to it from outside.
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
