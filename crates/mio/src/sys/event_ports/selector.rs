use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use std::{fmt, io};

use libc::c_short;

use crate::event::{Event, Events};
use crate::sys::RawSource;
use crate::sys::deadline::Deadline;
use crate::sys::event_ports::event::{NativeEvent, from_poll_bits};
use crate::sys::event_ports::ffi;
use crate::sys::event_ports::table::Table;
use crate::sys::pending::Pending;
use crate::sys::selector::{self, Direction, SourceIo};
use crate::sys::unix::poll_bits::IN;
use crate::sys::unix::progress::Progress;
use crate::sys::unix::registrations::{Key, Registrations};
use crate::{Interest, SelectorKind, Token};

/// A handle to the state that all handles, sources and the waker share.
#[derive(Debug)]
pub(crate) struct Selector {
    shared: Arc<Shared>,
}

/// The registration of a source with tracked I/O. Dropping it ends the registration.
#[derive(Debug, Default)]
pub(crate) struct SourceState {
    registration: Option<(Arc<Shared>, Key)>,
    progress: Progress,
}

pub(super) struct Shared {
    port: OwnedFd,
    table: Mutex<Table>,
    pending: Pending,
    waker_token: AtomicUsize,
    /// The probes of the last poll left no room for events of the port, so the next poll begins
    /// with the port.
    owes_port: AtomicBool,
}

impl selector::Selector for Selector {
    const KIND: SelectorKind = SelectorKind::EventPorts;

    type State = SourceState;

    fn new() -> io::Result<Selector> {
        let port = ffi::port_create()?;
        crate::sys::unix::set_cloexec(port.as_fd())?;
        Ok(Selector {
            shared: Arc::new(Shared {
                port,
                table: Mutex::default(),
                pending: Pending::default(),
                waker_token: AtomicUsize::new(0),
                owes_port: AtomicBool::new(false),
            }),
        })
    }

    fn try_clone(&self) -> io::Result<Selector> {
        Ok(Selector {
            shared: Arc::clone(&self.shared),
        })
    }

    fn as_fd(&self) -> BorrowedFd<'_> {
        let port = self.shared.port();
        let mut table = self.shared.table();
        table.is_watched = true;
        table.settle(port);
        port
    }

    fn select(&self, events: &mut Events, timeout: Option<Duration>) -> io::Result<()> {
        self.shared.select(events.buffer(), timeout)
    }

    fn register(
        &self,
        source: RawSource,
        io: SourceIo<'_, SourceState>,
        token: Token,
        interests: Interest,
    ) -> io::Result<()> {
        if matches!(&io, SourceIo::Seen(state) if state.is_registered()) {
            return Err(io::Error::from_raw_os_error(libc::EEXIST));
        }
        let port = self.shared.port();
        let mut table = self.shared.table();
        match io {
            SourceIo::Seen(state) => {
                let key = table.insert(port, source, true, token, interests)?;
                state.registration = Some((Arc::clone(&self.shared), key));
                Ok(())
            }
            SourceIo::Unseen => table
                .insert(port, source, false, token, interests)
                .map(|_| ()),
        }
    }

    fn reregister(
        &self,
        source: RawSource,
        io: SourceIo<'_, SourceState>,
        token: Token,
        interests: Interest,
    ) -> io::Result<()> {
        let mut table = self.shared.table();
        let slot = self.find(&mut table, source, &io)?;
        table.update(self.shared.port(), slot, source, token, interests)
    }

    fn deregister(&self, source: RawSource, io: SourceIo<'_, SourceState>) -> io::Result<()> {
        let mut table = self.shared.table();
        let slot = self.find(&mut table, source, &io)?;
        table.remove(self.shared.port(), slot);
        drop(table);
        if let SourceIo::Seen(state) = io {
            state.registration = None;
        }
        Ok(())
    }
}

impl Selector {
    pub(super) fn shared(&self) -> &Arc<Shared> {
        &self.shared
    }

    /// Returns the slot of a source that is registered here.
    fn find(
        &self,
        table: &mut Table,
        source: RawSource,
        io: &SourceIo<'_, SourceState>,
    ) -> io::Result<usize> {
        match io {
            SourceIo::Unseen => table.registrations.find_fd(source),
            SourceIo::Seen(SourceState {
                registration: Some((shared, key)),
                ..
            }) if Arc::ptr_eq(shared, &self.shared) => table.registrations.find(*key),
            SourceIo::Seen(_) => Err(io::Error::from_raw_os_error(libc::ENOENT)),
        }
    }
}

impl SourceState {
    /// Returns whether the table still has the registration. It is gone if the descriptor was
    /// closed or replaced, or deregistered by its number.
    fn is_registered(&self) -> bool {
        let registration = self.registration.as_ref();
        registration.is_some_and(|(shared, key)| shared.table().registrations.find(*key).is_ok())
    }
}

impl selector::SourceState for SourceState {
    const REARMS: bool = true;

    fn would_block(&self, direction: Direction) {
        self.change(|registrations, key| {
            registrations.would_block(key, direction, self.progress.take(direction))
        });
    }

    fn succeeded(&self, direction: Direction) {
        self.progress.set(direction);
    }

    fn failed(&self, direction: Option<Direction>) {
        self.change(|registrations, key| registrations.failed(key, direction));
    }
}

impl SourceState {
    /// Changes the registration, if there is one. `change` returns whether the request to the
    /// kernel has changed.
    fn change(&self, change: impl FnOnce(&mut Registrations, Key) -> bool) {
        let Some((shared, key)) = &self.registration else {
            return;
        };
        let mut table = shared.table();
        if change(&mut table.registrations, *key) {
            table.settle(shared.port());
            if table.registrations.next_renewal().is_some() {
                // The renewal may be due before the waiting thread would probe.
                shared.interrupt(&mut table);
            }
        }
    }
}

impl Drop for SourceState {
    fn drop(&mut self) {
        let Some((shared, key)) = self.registration.take() else {
            return;
        };
        let mut table = shared.table();
        if let Ok(slot) = table.registrations.find(key) {
            table.remove(shared.port(), slot);
        }
    }
}

impl Shared {
    fn port(&self) -> BorrowedFd<'_> {
        self.port.as_fd()
    }

    pub(super) fn set_waker(&self, token: Token) {
        self.waker_token.store(token.0, Ordering::Relaxed);
    }

    /// Only the first of several wakes that no poll has delivered yet makes a system call:
    /// [`pending`](crate::sys::pending). The poll takes the event before it takes the flag.
    pub(super) fn wake(&self) -> io::Result<()> {
        self.pending.wake(|| ffi::port_send(self.port()))
    }

    /// Discards a wake that was not delivered.
    pub(super) fn unwake(&self) {
        self.pending.take();
    }

    fn select(&self, events: &mut Vec<Event>, timeout: Option<Duration>) -> io::Result<()> {
        events.clear();
        if events.capacity() == 0 {
            return Err(io::Error::from_raw_os_error(libc::EINVAL));
        }
        let deadline = Deadline::after(timeout);
        loop {
            let has_probed = self.select_once(events, &deadline)?;
            if !events.is_empty() || (has_probed && deadline.is_over()) {
                return Ok(());
            }
        }
    }

    /// Calls `port_getn` once, after probes unless the port goes first. Returns whether it probed.
    fn select_once(&self, events: &mut Vec<Event>, deadline: &Deadline) -> io::Result<bool> {
        let probes = !self.owes_port.swap(false, Ordering::Relaxed);
        let mut table = self.table();
        table.sync(self.port())?;
        if probes {
            table.probe(events)?;
            if events.is_empty() {
                table.sync(self.port())?;
            }
        }
        if events.len() == events.capacity() {
            self.owes_port.store(true, Ordering::Relaxed);
            return Ok(true);
        }
        let timeout = if probes && events.is_empty() {
            deadline.left_until(table.registrations.next_renewal())
        } else {
            Some(Duration::ZERO)
        };
        table.is_polling = true;
        drop(table);

        let probed = events.len();
        let result = ffi::port_getn(self.port(), events, timeout);

        let mut table = self.table();
        table.is_polling = false;
        table.is_interrupted = false;
        self.translate(&mut table, events, probed);
        table.settle(self.port());
        match result {
            // If the error persists, the next poll returns it.
            Err(_) if !events.is_empty() => Ok(probes),
            result => result.map(|()| probes),
        }
    }

    /// Translates the port's native events from index `first` on into events, in place.
    fn translate(&self, table: &mut Table, events: &mut Vec<Event>, first: usize) {
        let mut end = first;
        for index in first..events.len() {
            let record = *events[index].native();
            if let Some((token, bits)) = self.take(table, &record) {
                events[end] = Event::from_native(from_poll_bits(token, bits));
                end += 1;
            }
        }
        events.truncate(end);
    }

    fn take(&self, table: &mut Table, record: &NativeEvent) -> Option<(Token, c_short)> {
        if !record.is_sent() {
            return table.take(record);
        }
        let woken = self.pending.take();
        let token = Token(self.waker_token.load(Ordering::Relaxed));
        woken.then_some((token, IN))
    }

    fn interrupt(&self, table: &mut Table) {
        if table.is_polling && !table.is_interrupted {
            // If the queue is full it has events, for which the thread returns anyway.
            table.is_interrupted = ffi::port_send(self.port()).is_ok();
        }
    }

    fn table(&self) -> MutexGuard<'_, Table> {
        // Ignore poisoning: a thread that panicked left no inconsistent state here.
        self.table.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Shared {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Shared")
            .field("port", &self.port)
            .finish_non_exhaustive()
    }
}
