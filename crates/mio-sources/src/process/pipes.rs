//! The standard streams of a child that are pipes, as sources.

use std::io;
#[cfg(signals)]
use std::process::{ChildStderr, ChildStdin, ChildStdout};

#[cfg(signals)]
use mio::unix::pipe::{Receiver, Sender};

/// Those that the command has piped.
pub(super) struct Pipes {
    #[cfg(signals)]
    pub(super) stdin: Option<Sender>,
    #[cfg(signals)]
    pub(super) stdout: Option<Receiver>,
    #[cfg(signals)]
    pub(super) stderr: Option<Receiver>,
}

#[cfg(signals)]
impl Pipes {
    /// Takes them from the child. Only our ends become non-blocking; the child's are its own.
    pub(super) fn take(child: &mut std::process::Child) -> io::Result<Pipes> {
        let receiver = |receiver: Receiver| receiver.set_nonblocking(true).map(|()| receiver);
        let stdin = child.stdin.take().map(|stdin: ChildStdin| {
            let sender = Sender::from(stdin);
            sender.set_nonblocking(true).map(|()| sender)
        });
        let stdout = child.stdout.take();
        let stdout = stdout.map(|stdout: ChildStdout| receiver(stdout.into()));
        let stderr = child.stderr.take();
        let stderr = stderr.map(|stderr: ChildStderr| receiver(stderr.into()));
        Ok(Pipes {
            stdin: stdin.transpose()?,
            stdout: stdout.transpose()?,
            stderr: stderr.transpose()?,
        })
    }
}

#[cfg(not(signals))]
impl Pipes {
    pub(super) fn take(_: &mut std::process::Child) -> io::Result<Pipes> {
        Ok(Pipes {})
    }
}
