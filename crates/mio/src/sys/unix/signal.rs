//! A descriptor that one thread makes readable for another: an eventfd, or else a pipe.

use std::io::{self, ErrorKind};
use std::os::fd::{AsRawFd, RawFd};

#[cfg(signal_eventfd)]
use crate::sys::unix::eventfd::Eventfd;
#[cfg(all(signal_eventfd, signal_pipe))]
use crate::sys::unix::is_refused;
#[cfg(signal_pipe)]
use crate::sys::unix::pipe::Pipe;

#[derive(Debug)]
pub(crate) enum Signal {
    #[cfg(signal_eventfd)]
    Eventfd(Eventfd),
    #[cfg(signal_pipe)]
    Pipe(Pipe),
}

impl Signal {
    #[cfg(signal_eventfd)]
    pub(crate) fn new() -> io::Result<Signal> {
        let eventfd = Eventfd::new();
        #[cfg(signal_pipe)]
        if eventfd.as_ref().is_err_and(is_refused) {
            return Pipe::new().map(Signal::Pipe);
        }
        eventfd.map(Signal::Eventfd)
    }

    #[cfg(not(signal_eventfd))]
    pub(crate) fn new() -> io::Result<Signal> {
        Pipe::new().map(Signal::Pipe)
    }

    /// Makes the descriptor readable. Returns `false` if it is full, and therefore readable
    /// already.
    pub(crate) fn raise(&self) -> io::Result<bool> {
        let raised = attempt(|| match self {
            #[cfg(signal_eventfd)]
            Signal::Eventfd(eventfd) => eventfd.add(1),
            #[cfg(signal_pipe)]
            Signal::Pipe(pipe) => pipe.put(),
        })?;
        Ok(raised.is_some())
    }

    /// Makes the descriptor unreadable, unless another thread raises it at the same time.
    pub(crate) fn clear(&self) -> io::Result<()> {
        match self {
            #[cfg(signal_eventfd)]
            Signal::Eventfd(eventfd) => attempt(|| eventfd.take()).map(|_| ()),
            #[cfg(signal_pipe)]
            Signal::Pipe(pipe) => {
                while let Some(true) = attempt(|| pipe.take())? {}
                Ok(())
            }
        }
    }

    #[cfg(epoll)]
    pub(crate) fn is_pipe(&self) -> bool {
        match self {
            #[cfg(signal_eventfd)]
            Signal::Eventfd(_) => false,
            #[cfg(signal_pipe)]
            Signal::Pipe(_) => true,
        }
    }

    /// Fills it completely.
    #[cfg(all(test, epoll))]
    pub(crate) fn fill(&self) -> io::Result<()> {
        match self {
            #[cfg(signal_eventfd)]
            Signal::Eventfd(eventfd) => attempt(|| eventfd.add(u64::MAX - 1)).map(|_| ()),
            #[cfg(signal_pipe)]
            Signal::Pipe(_) => {
                while self.raise()? {}
                Ok(())
            }
        }
    }
}

impl AsRawFd for Signal {
    fn as_raw_fd(&self) -> RawFd {
        match self {
            #[cfg(signal_eventfd)]
            Signal::Eventfd(eventfd) => eventfd.as_raw_fd(),
            #[cfg(signal_pipe)]
            Signal::Pipe(pipe) => pipe.as_raw_fd(),
        }
    }
}

/// Repeats a call that a signal handler interrupts. Returns `None` if it would block.
fn attempt<T>(mut call: impl FnMut() -> io::Result<T>) -> io::Result<Option<T>> {
    loop {
        match call() {
            Ok(result) => return Ok(Some(result)),
            Err(err) => match err.kind() {
                ErrorKind::Interrupted => {}
                ErrorKind::WouldBlock => return Ok(None),
                _ => return Err(err),
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Calls `attempt` with an operation that fails with each of these errors in turn and then
    /// succeeds.
    fn attempt_with(kinds: &[ErrorKind]) -> io::Result<Option<()>> {
        let mut kinds = kinds.iter();
        attempt(|| kinds.next().map_or(Ok(()), |kind| Err((*kind).into())))
    }

    #[test]
    fn attempt_repeats_interrupted_calls_only() {
        use ErrorKind::{Interrupted, Other, WouldBlock};
        assert!(matches!(attempt_with(&[]), Ok(Some(()))));
        assert!(matches!(
            attempt_with(&[Interrupted, Interrupted]),
            Ok(Some(()))
        ));
        assert!(matches!(attempt_with(&[Interrupted, WouldBlock]), Ok(None)));
        let err = attempt_with(&[Interrupted, Other]).unwrap_err();
        assert_eq!(err.kind(), Other);
    }
}
