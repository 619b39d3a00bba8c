//! A separate kqueue as a source: [kqueue(2)]. It has one one-shot filter at a time. Its descriptor
//! is readable, for another kqueue and for poll(2), until the event of the filter is taken.
//!
//! [kqueue(2)]: https://man.freebsd.org/cgi/man.cgi?query=kqueue&sektion=2

use std::io;
use std::os::fd::{AsFd, AsRawFd, RawFd};
use std::sync::Arc;

use mio::IoSource;
use mio::event::Source;
use nix::errno::Errno;
use nix::libc::timespec;
use nix::sys::event::{EvFlags, EventFilter, FilterFlag, KEvent, Kqueue};
use rustix::io::FdFlags;

#[derive(Debug)]
pub(crate) struct Queue(IoSource<Descriptor>);

/// Closes the kqueue, but only in the process that created it: a child of `fork` does not inherit
/// the kqueue, and may have opened another file with its number.
#[derive(Debug)]
struct Descriptor {
    /// Not shared. An `Arc` can be leaked without unsafe code.
    kqueue: Arc<Kqueue>,
    process: u32,
}

impl Queue {
    pub(crate) fn new() -> io::Result<Queue> {
        let queue = Kqueue::new()?;
        rustix::io::fcntl_setfd(queue.as_fd(), FdFlags::CLOEXEC)?;
        Ok(Queue(IoSource::new(Descriptor {
            kqueue: Arc::new(queue),
            process: std::process::id(),
        })))
    }

    /// Adds a filter. `number` is that of a process, or any number for a timer.
    pub(crate) fn add(
        &self,
        filter: EventFilter,
        number: usize,
        what: FilterFlag,
        data: isize,
    ) -> Result<(), Errno> {
        let flags = EvFlags::EV_ADD | EvFlags::EV_ONESHOT;
        self.change(KEvent::new(number, filter, flags, what, data, 0))
    }

    /// Removes a filter. Returns `ENOENT` if there is none, or if it has fired.
    #[cfg(feature = "timer")]
    pub(crate) fn remove(&self, filter: EventFilter, number: usize) -> Result<(), Errno> {
        let (flags, what) = (EvFlags::EV_DELETE, FilterFlag::empty());
        self.change(KEvent::new(number, filter, flags, what, 0, 0))
    }

    fn change(&self, change: KEvent) -> Result<(), Errno> {
        // Without room for events, the call itself returns the error of the change.
        self.0.kqueue.kevent(&[change], &mut [], None).map(drop)
    }

    /// Takes the event of the filter. Returns `false` if there was none. Afterwards the descriptor
    /// is not readable.
    pub(crate) fn take(&self) -> io::Result<bool> {
        let (any, no_flags) = (EventFilter::EVFILT_TIMER, EvFlags::empty());
        let mut events = [KEvent::new(0, any, no_flags, FilterFlag::empty(), 0, 0)];
        let at_once = timespec {
            tv_sec: 0,
            tv_nsec: 0,
        };
        let count = self.0.kqueue.kevent(&[], &mut events, Some(at_once))?;
        // There was one event at most, so the kqueue is drained. Report that to selectors that
        // re-arm on `WouldBlock`, without the system call that would return it. A `WouldBlock`
        // re-arms at once only after a success.
        let _ = self.0.read_with(|_| Ok(()));
        let nothing: io::Result<()> = self
            .0
            .read_with(|_| Err(io::Error::from(io::ErrorKind::WouldBlock)));
        drop(nothing);
        Ok(count > 0)
    }

    pub(crate) fn source(&mut self) -> &mut impl Source {
        &mut self.0
    }
}

impl AsRawFd for Descriptor {
    fn as_raw_fd(&self) -> RawFd {
        self.kqueue.as_fd().as_raw_fd()
    }
}

impl Drop for Descriptor {
    fn drop(&mut self) {
        if self.process != std::process::id() {
            std::mem::forget(Arc::clone(&self.kqueue));
        }
    }
}
