//! Detects the end by `SIGCHLD`, which reports that some child has changed.

use std::io::{self, Write};
use std::os::unix::net::UnixStream;
use std::process::ExitStatus;

use mio::IoSource;
use rustix::io::Errno;
use rustix::process::{Signal, kill_process};
use signal_hook::SigId;
use signal_hook::consts::SIGCHLD;
use signal_hook::low_level::{pipe, unregister};

use super::gone;
use crate::process::owned::Owned;
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
        // The child may have ended before the handler was installed. So the socket holds one byte
        // from the start, and the first event makes the program check.
        writer.write_all(&[0])?;
        let handler = Some(pipe::register(SIGCHLD, writer)?);
        Ok(Sigchld { bytes, handler })
    }

    /// Creates the source of a child that has ended already: readable, because the other end of the
    /// socket is closed.
    pub(super) fn ended() -> io::Result<Sigchld> {
        let (bytes, _) = Bytes::pair()?;
        let handler = None;
        Ok(Sigchld { bytes, handler })
    }

    pub(super) fn check(&mut self, child: &mut Owned) -> io::Result<Option<ExitStatus>> {
        self.check_by(|| child.try_wait())
    }

    /// Takes the bytes before it checks: a child that ends after the check writes another one.
    fn check_by(
        &mut self,
        look: impl FnOnce() -> io::Result<Option<ExitStatus>>,
    ) -> io::Result<Option<ExitStatus>> {
        self.bytes.take();
        let status = look()?;
        if status.is_some() {
            self.end();
        }
        Ok(status)
    }

    pub(super) fn source(&mut self) -> &mut IoSource<UnixStream> {
        self.bytes.source()
    }

    /// Removes the handler. Further bytes would be for other children only.
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

/// Sends a signal by the id, which is still the child's if nothing has waited for it yet.
pub(super) fn send(child: &mut Owned, signal: Signal) -> io::Result<()> {
    match child.try_wait() {
        Ok(None) => {}
        Ok(Some(_)) => return Err(gone()),
        Err(_) if child.is_lost() => return Err(gone()),
        Err(err) => return Err(err),
    }
    match kill_process(child.pid(), signal) {
        Err(Errno::SRCH) => Err(gone()),
        result => Ok(result?),
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use mio::{Events, Interest, Poll, SelectorKind, Token};

    use super::*;

    /// Taking the bytes after the check would lose the byte of that end.
    #[test]
    fn an_end_just_after_the_look_is_an_event() {
        let mut events = Events::with_capacity(4);
        for kind in SelectorKind::available() {
            let mut poll = Poll::builder().selector(kind).build().expect("a poll");
            let mut sigchld = Sigchld::new().expect("a handler");
            let registry = poll.registry();
            registry
                .register(sigchld.source(), Token(0), Interest::READABLE)
                .expect("register");
            for round in 0..3 {
                // The first byte is there from the start.
                poll.poll(&mut events, Some(Duration::from_secs(30)))
                    .expect("poll");
                assert!(!events.is_empty(), "no event in round {round} on {kind:?}");
                let status = sigchld.check_by(|| {
                    crate::signal::Signal::SIGCHLD.raise()?;
                    Ok(None)
                });
                assert_eq!(status.expect("no error"), None);
            }
        }
    }
}
