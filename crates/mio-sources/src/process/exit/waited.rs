//! Platforms where a parent waits for its children with waitpid(2), and may send them signals.

use std::io;
use std::process::ExitStatus;

use mio::event::Source;

#[cfg(pidfd)]
use super::pidfd::Pidfd;
#[cfg(evfilt_proc)]
use super::proc_filter::ProcFilter;
use super::sigchld::{self, Sigchld};
use crate::process::owned::Owned;
use crate::signal::Signal;

/// The mechanism that detects the end.
pub(in crate::process) enum Exit {
    #[cfg(pidfd)]
    Pidfd(Pidfd),
    #[cfg(evfilt_proc)]
    ProcFilter(ProcFilter),
    Sigchld(Sigchld),
}

impl Exit {
    /// Returns an error if the end of a child can't be watched. Then none is started.
    pub(in crate::process) fn check_support() -> io::Result<()> {
        Ok(())
    }

    /// Watches a child that nothing can have waited for yet, so that its id is its own.
    pub(in crate::process) fn of_started(child: &mut Owned) -> io::Result<Exit> {
        #[cfg(pidfd)]
        if let Some(pidfd) = Pidfd::of(child)? {
            return Ok(Exit::Pidfd(pidfd));
        }
        #[cfg(evfilt_proc)]
        if let Some(filter) = ProcFilter::of(child)? {
            return Ok(Exit::ProcFilter(filter));
        }
        Exit::by_sigchld(child)
    }

    /// Watches a child that may have been waited for. Another process may have its id, which is not
    /// used.
    pub(in crate::process) fn of_any(child: &mut Owned) -> io::Result<Exit> {
        match child.try_wait() {
            Ok(None) => Exit::of_started(child),
            Err(err) if !child.is_lost() => Err(err),
            _ => Exit::by_sigchld(child),
        }
    }

    /// A child that is known to have ended needs no handler, and there would be no signal.
    fn by_sigchld(child: &Owned) -> io::Result<Exit> {
        let sigchld = if child.has_status() || child.is_lost() {
            Sigchld::ended()
        } else {
            Sigchld::new()
        };
        sigchld.map(Exit::Sigchld)
    }

    /// Returns the status, if the child has ended. If not, re-arms the source.
    pub(in crate::process) fn check(
        &mut self,
        child: &mut Owned,
    ) -> io::Result<Option<ExitStatus>> {
        match self {
            #[cfg(pidfd)]
            Exit::Pidfd(pidfd) => pidfd.check(child),
            #[cfg(evfilt_proc)]
            Exit::ProcFilter(filter) => filter.check(child),
            Exit::Sigchld(sigchld) => sigchld.check(child),
        }
    }

    /// Returns `NotFound` if the child was waited for.
    pub(in crate::process) fn send(&self, child: &mut Owned, signal: Signal) -> io::Result<()> {
        let raw = named(signal)?;
        match self {
            #[cfg(pidfd)]
            Exit::Pidfd(pidfd) => pidfd.send(child, raw),
            #[cfg(evfilt_proc)]
            Exit::ProcFilter(_) => sigchld::send(child, raw),
            Exit::Sigchld(_) => sigchld::send(child, raw),
        }
    }

    pub(in crate::process) fn source(&mut self) -> &mut dyn Source {
        match self {
            #[cfg(pidfd)]
            Exit::Pidfd(pidfd) => pidfd.source(),
            #[cfg(evfilt_proc)]
            Exit::ProcFilter(filter) => filter.source(),
            Exit::Sigchld(sigchld) => sigchld.source(),
        }
    }
}

/// Converts to rustix's type, which has the signals with names.
pub(in crate::process) fn named(signal: Signal) -> io::Result<rustix::process::Signal> {
    rustix::process::Signal::from_named_raw(signal.as_raw()).ok_or_else(|| {
        let message = format!("{signal} can't be sent: only signals that have a name can");
        io::Error::new(io::ErrorKind::InvalidInput, message)
    })
}
