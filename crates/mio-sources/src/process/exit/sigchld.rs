//! By `SIGCHLD`, which tells that some child has changed.

use std::io::{self, Write};
use std::os::unix::net::UnixStream;
use std::process::{Child, ExitStatus};

use mio::IoSource;
use rustix::io::Errno;
use rustix::process::{Pid, Signal, kill_process};
use signal_hook::SigId;
use signal_hook::consts::SIGCHLD;
use signal_hook::low_level::{pipe, unregister};

use super::waited::gone;
use crate::signal::self_pipe::Bytes;

/// Readable after each `SIGCHLD`, until the child is known to have ended.
pub(in crate::process) struct Sigchld {
    bytes: Bytes,
    /// The handler, which writes a byte.
    handler: Option<SigId>,
}

impl Sigchld {
    pub(super) fn new() -> io::Result<Sigchld> {
        let (bytes, mut writer) = Bytes::pair()?;
        // The child may have ended before there is a handler. So one byte is here from the start,
        // and the first event makes the program look.
        writer.write_all(&[0])?;
        let handler = Some(pipe::register(SIGCHLD, writer)?);
        Ok(Sigchld { bytes, handler })
    }

    /// For a child that was waited for: readable, as the other end of the socket is closed.
    pub(super) fn ended() -> io::Result<Sigchld> {
        let (bytes, _) = Bytes::pair()?;
        let handler = None;
        Ok(Sigchld { bytes, handler })
    }

    /// The bytes go first: a child that ends after we have looked writes another one.
    pub(super) fn check(&mut self, child: &mut Child) -> io::Result<Option<ExitStatus>> {
        self.bytes.take();
        let status = child.try_wait()?;
        if status.is_some() {
            self.end();
        }
        Ok(status)
    }

    pub(super) fn source(&mut self) -> &mut IoSource<UnixStream> {
        self.bytes.source()
    }

    /// No more bytes. They would tell of other children only.
    fn end(&mut self) {
        if let Some(handler) = self.handler.take() {
            unregister(handler);
        }
    }
}

impl Drop for Sigchld {
    fn drop(&mut self) {
        self.end();
    }
}

/// By its id, which is still the child's if std has not waited for it and finds it to be a child.
pub(super) fn send(child: &mut Child, signal: Signal) -> io::Result<()> {
    match child.try_wait() {
        Ok(None) => {}
        Ok(Some(_)) => return Err(gone()),
        Err(err) if Errno::from_io_error(&err) == Some(Errno::CHILD) => return Err(gone()),
        Err(err) => return Err(err),
    }
    match kill_process(Pid::from_child(child), signal) {
        Err(Errno::SRCH) => Err(gone()),
        result => Ok(result?),
    }
}
