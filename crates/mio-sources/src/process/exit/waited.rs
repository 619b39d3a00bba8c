//! Systems where a parent waits for its children, by waitpid(2), and may send them signals.

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

/// By which means the end is seen.
pub(in crate::process) enum Exit {
    #[cfg(pidfd)]
    Pidfd(Pidfd),
    #[cfg(evfilt_proc)]
    ProcFilter(ProcFilter),
    Sigchld(Sigchld),
}

impl Exit {
    /// Whether the end of a child can be watched. If not, none is started.
    pub(in crate::process) fn check_support() -> io::Result<()> {
        Ok(())
    }

    /// For a child that nobody can have waited for yet, so that its id is its own.
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

    /// For a child that may have been waited for: then its id may be another's, and is not used.
    pub(in crate::process) fn of_any(child: &mut Owned) -> io::Result<Exit> {
        match child.try_wait() {
            Ok(None) => Exit::of_started(child),
            Err(err) if !child.is_lost() => Err(err),
            _ => Exit::by_sigchld(child),
        }
    }

    /// One that is known to have ended needs no handler, and there would be no signal.
    fn by_sigchld(child: &Owned) -> io::Result<Exit> {
        let sigchld = if child.has_status() || child.is_lost() {
            Sigchld::ended()
        } else {
            Sigchld::new()
        };
        sigchld.map(Exit::Sigchld)
    }

    /// How it has ended, if it has. If not, the selector is told that there is nothing more to see.
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

    /// `NotFound` if the child was waited for.
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

/// As rustix has it, which knows those that have a name.
pub(in crate::process) fn named(signal: Signal) -> io::Result<rustix::process::Signal> {
    rustix::process::Signal::from_named_raw(signal.as_raw()).ok_or_else(|| {
        let message = format!("{signal} can't be sent: only signals that have a name can");
        io::Error::new(io::ErrorKind::InvalidInput, message)
    })
}
