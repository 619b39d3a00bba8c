//! By a descriptor that stands for the process: pidfd_open(2).

use std::io;
use std::os::fd::OwnedFd;
use std::process::{Child, ExitStatus};

use mio::IoSource;
use rustix::io::Errno;
use rustix::process::{Pid, PidfdFlags, Signal, pidfd_open, pidfd_send_signal};

use super::waited::gone;

/// Readable when the process has ended.
pub(in crate::process) struct Pidfd {
    source: IoSource<OwnedFd>,
}

impl Pidfd {
    /// `None` if the system has none of these: before Linux 5.3 (`ENOSYS`), or if a sandbox refuses
    /// the call (`EPERM`, which the call itself never gives).
    pub(super) fn of(child: &Child) -> io::Result<Option<Pidfd>> {
        match pidfd_open(Pid::from_child(child), PidfdFlags::empty()) {
            Ok(pidfd) => Ok(Some(Pidfd {
                source: IoSource::new(pidfd),
            })),
            Err(Errno::NOSYS | Errno::PERM) => Ok(None),
            Err(err) => Err(err.into()),
        }
    }

    pub(super) fn check(&self, child: &mut Child) -> io::Result<Option<ExitStatus>> {
        let status = self.source.read_with(|_| match child.try_wait() {
            Ok(None) => Err(io::ErrorKind::WouldBlock.into()),
            result => result,
        });
        match status {
            Err(err) if err.kind() == io::ErrorKind::WouldBlock => Ok(None),
            result => result,
        }
    }

    /// It can't reach another process, whoever has waited for this one.
    pub(super) fn send(&self, signal: Signal) -> io::Result<()> {
        match pidfd_send_signal(&*self.source, signal) {
            Err(Errno::SRCH) => Err(gone()),
            result => Ok(result?),
        }
    }

    pub(super) fn source(&mut self) -> &mut IoSource<OwnedFd> {
        &mut self.source
    }
}
