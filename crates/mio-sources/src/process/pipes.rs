//! The piped standard streams of a child: as sources where Mio has such pipes, and else as std's
//! types.

use std::io;

#[cfg(any(signals, process_handle))]
use super::pipe::{Receiver, Sender};

#[cfg(any(signals, process_handle))]
pub(super) type Stdin = Sender;
#[cfg(any(signals, process_handle))]
pub(super) type Stdout = Receiver;
#[cfg(any(signals, process_handle))]
pub(super) type Stderr = Receiver;

#[cfg(not(any(signals, process_handle)))]
pub(super) use std::process::{ChildStderr as Stderr, ChildStdin as Stdin, ChildStdout as Stdout};

/// The streams that the command has piped.
pub(super) struct Pipes {
    pub(super) stdin: Option<Stdin>,
    pub(super) stdout: Option<Stdout>,
    pub(super) stderr: Option<Stderr>,
}

impl Pipes {
    /// Takes the streams from the child. Only this side becomes non-blocking, not the child's.
    #[cfg(signals)]
    pub(super) fn take(child: &mut std::process::Child) -> io::Result<Pipes> {
        let sender = |sender: Sender| sender.set_nonblocking(true).map(|()| sender);
        let receiver = |receiver: Receiver| receiver.set_nonblocking(true).map(|()| receiver);
        let stdin = child.stdin.take().map(|stdin| sender(stdin.into()));
        let stdout = child.stdout.take().map(|stdout| receiver(stdout.into()));
        let stderr = child.stderr.take().map(|stderr| receiver(stderr.into()));
        Ok(Pipes {
            stdin: stdin.transpose()?,
            stdout: stdout.transpose()?,
            stderr: stderr.transpose()?,
        })
    }

    /// Takes the streams from the child, as they are.
    #[cfg(not(signals))]
    #[cfg_attr(not(process_handle), allow(clippy::useless_conversion))]
    pub(super) fn take(child: &mut std::process::Child) -> io::Result<Pipes> {
        Ok(Pipes {
            stdin: child.stdin.take().map(Stdin::from),
            stdout: child.stdout.take().map(Stdout::from),
            stderr: child.stderr.take().map(Stderr::from),
        })
    }
}
