//! Detects the end by a descriptor that refers to the process: pidfd_open(2).

use std::io;
use std::os::fd::OwnedFd;
use std::process::ExitStatus;

use mio::IoSource;
use rustix::io::Errno;
use rustix::process::{PidfdFlags, Signal, pidfd_open, pidfd_send_signal};

use super::{gone, sigchld};
use crate::process::owned::Owned;

/// Readable when the process has ended.
pub(in crate::process) struct Pidfd {
    source: IoSource<OwnedFd>,
}

impl Pidfd {
    /// Returns `None` if the call is refused, or if there is no such process. In the latter case
    /// the kernel has waited for the child already, because the program ignores `SIGCHLD`, and the
    /// child is lost.
    pub(super) fn of(child: &mut Owned) -> io::Result<Option<Pidfd>> {
        match pidfd_open(child.pid(), PidfdFlags::empty()) {
            Ok(pidfd) => Ok(Some(Pidfd {
                source: IoSource::new(pidfd),
            })),
            Err(Errno::SRCH) => {
                // This records that the child is lost.
                let _ = child.try_wait();
                Ok(None)
            }
            Err(err) if is_refused(err) => Ok(None),
            Err(err) => Err(err.into()),
        }
    }

    pub(super) fn check(&self, child: &mut Owned) -> io::Result<Option<ExitStatus>> {
        let status = self.source.read_with(|_| match child.try_wait() {
            Ok(None) => Err(io::ErrorKind::WouldBlock.into()),
            result => result,
        });
        match status {
            Err(err) if err.kind() == io::ErrorKind::WouldBlock => Ok(None),
            result => result,
        }
    }

    /// Sends a signal. It can't reach another process, no matter who has waited for this one. If
    /// the call is refused, this uses the id instead. If `EPERM` comes from the kernel itself, the
    /// other call returns it too.
    pub(super) fn send(&self, child: &mut Owned, signal: Signal) -> io::Result<()> {
        match pidfd_send_signal(&*self.source, signal) {
            Err(Errno::SRCH) => Err(gone()),
            Err(err) if is_refused(err) => sigchld::send(child, signal),
            result => Ok(result?),
        }
    }

    pub(super) fn source(&mut self) -> &mut IoSource<OwnedFd> {
        &mut self.source
    }
}

/// Returns `true` if the kernel lacks a call (`ENOSYS`: Linux before 5.3), or a sandbox refuses it.
/// The sandbox chooses the error: usually `EPERM`, sometimes `EACCES`.
fn is_refused(err: Errno) -> bool {
    matches!(err, Errno::NOSYS | Errno::PERM | Errno::ACCESS)
}
