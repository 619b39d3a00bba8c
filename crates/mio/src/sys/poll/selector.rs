use std::os::fd::{AsRawFd, BorrowedFd};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use std::{fmt, io};

use crate::event::{Event, Events};
use crate::sys::RawSource;
use crate::sys::deadline::Deadline;
use crate::sys::pending::Pending;
use crate::sys::poll::array::{Array, Spare};
use crate::sys::poll::event::event;
use crate::sys::selector::{self, Direction, SourceIo};
use crate::sys::unix::Signal;
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
    table: Mutex<Table>,
    /// Locked by the polling thread only, and before `table`.
    calls: Mutex<Calls>,
    /// The descriptor of the first entry of the array.
    signal: Signal,
    pending: Pending,
    waker_token: AtomicUsize,
}

#[derive(Default)]
struct Table {
    registrations: Registrations,
    spare: Spare,
    /// A thread is in poll(2), or about to call it, with an array that matches this table.
    is_polling: bool,
    /// That thread has been interrupted and will lock the table.
    is_interrupted: bool,
}

/// The state that one call leaves for the next.
struct Calls {
    array: Array,
    /// There was no room for the waker's event, so the next call delivers it first.
    owes_wake: bool,
}

impl selector::Selector for Selector {
    const KIND: SelectorKind = SelectorKind::Poll;

    type State = SourceState;

    fn new() -> io::Result<Selector> {
        let signal = Signal::new()?;
        let array = Array::new(signal.as_raw_fd());
        Ok(Selector {
            shared: Arc::new(Shared {
                table: Mutex::default(),
                calls: Mutex::new(Calls {
                    array,
                    owes_wake: false,
                }),
                signal,
                pending: Pending::default(),
                waker_token: AtomicUsize::new(0),
            }),
        })
    }

    fn try_clone(&self) -> io::Result<Selector> {
        Ok(Selector {
            shared: Arc::clone(&self.shared),
        })
    }

    fn as_fd(&self) -> BorrowedFd<'_> {
        panic!(
            "a `Poll` that runs on poll(2) has no descriptor of its own; \
             `Poll::selector_kind` tells what it runs on"
        );
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
        let mut table = self.shared.interrupted_table()?;
        match io {
            SourceIo::Seen(state) => {
                let key = table.insert(source, true, token, interests)?;
                state.registration = Some((Arc::clone(&self.shared), key));
                Ok(())
            }
            SourceIo::Unseen => table.insert(source, false, token, interests).map(|_| ()),
        }
    }

    fn reregister(
        &self,
        source: RawSource,
        io: SourceIo<'_, SourceState>,
        token: Token,
        interests: Interest,
    ) -> io::Result<()> {
        let mut table = self.shared.interrupted_table()?;
        let slot = self.find(&mut table.registrations, source, &io)?;
        table.registrations.update(slot, token, interests);
        Ok(())
    }

    fn deregister(&self, source: RawSource, io: SourceIo<'_, SourceState>) -> io::Result<()> {
        let mut table = self.shared.interrupted_table()?;
        let slot = self.find(&mut table.registrations, source, &io)?;
        table.registrations.remove(slot);
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
        registrations: &mut Registrations,
        source: RawSource,
        io: &SourceIo<'_, SourceState>,
    ) -> io::Result<usize> {
        match io {
            SourceIo::Unseen => registrations.find_fd(source),
            SourceIo::Seen(SourceState {
                registration: Some((shared, key)),
                ..
            }) if Arc::ptr_eq(shared, &self.shared) => registrations.find(*key),
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
            // If this fails, the next interruption makes the change take effect.
            let _ = shared.interrupt(&mut table);
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
            table.registrations.remove(slot);
            let _ = shared.interrupt(&mut table);
        }
    }
}

impl Shared {
    pub(super) fn set_waker(&self, token: Token) {
        self.waker_token.store(token.0, Ordering::Relaxed);
    }

    /// Only the first of several wakes that no poll has delivered yet makes a system call:
    /// [`pending`](crate::sys::pending). The poll drains the signal before it takes the flag.
    pub(super) fn wake(&self) -> io::Result<()> {
        // A full signal is already raised.
        self.pending.wake(|| self.signal.raise().map(|_| ()))
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
        let calls = &mut *lock(&self.calls);
        let mut probe = true;
        loop {
            let probing = self.select_once(events, calls, &deadline, probe)?;
            if !events.is_empty() || deadline.is_over() {
                return Ok(());
            }
            // A probe returns at once. A wait without events was ended by a change of the table, or
            // because the next probe is due.
            probe = !probing;
        }
    }

    /// Calls poll(2) once. Returns whether the call was a probe. It is one if `probe` is set and
    /// there is something to probe.
    fn select_once(
        &self,
        events: &mut Vec<Event>,
        calls: &mut Calls,
        deadline: &Deadline,
        probe: bool,
    ) -> io::Result<bool> {
        let Calls { array, owes_wake } = calls;
        let mut table = self.table();
        table.sync(array);
        let probing = probe && array.begin_probe(&mut table.registrations);
        // Without a descriptor to interrupt the wait, only the flag shows a wake.
        let looks_at_flag = *owes_wake || cfg!(signal_flag);
        let timeout = if probing || (looks_at_flag && self.pending.is_set()) {
            Some(Duration::ZERO)
        } else {
            deadline.left_until(table.registrations.next_renewal())
        };
        table.is_polling = true;
        drop(table);

        let polled = array.poll(timeout);

        let mut table = self.table();
        table.is_polling = false;
        table.is_interrupted = false;
        let result = polled.and_then(|()| {
            if array.is_signalled() {
                self.signal.clear()?;
            }
            let had_its_turn = std::mem::take(owes_wake);
            if had_its_turn {
                self.take_wake(events);
            }
            array.collect(&mut table.registrations, probing, events);
            if events.len() < events.capacity() {
                self.take_wake(events);
            } else {
                *owes_wake = !had_its_turn;
            }
            Ok(probing)
        });
        if probing {
            table.registrations.end_probe();
        }
        result
    }

    fn take_wake(&self, events: &mut Vec<Event>) {
        if self.pending.take() {
            let token = Token(self.waker_token.load(Ordering::Relaxed));
            events.push(event(token, IN));
        }
    }

    /// Locks the table for a change that must take effect at once.
    fn interrupted_table(&self) -> io::Result<MutexGuard<'_, Table>> {
        let mut table = self.table();
        self.interrupt(&mut table)?;
        Ok(table)
    }

    fn interrupt(&self, table: &mut Table) -> io::Result<()> {
        if table.is_polling && !table.is_interrupted {
            self.signal.raise()?;
            table.is_interrupted = true;
        }
        Ok(())
    }

    fn table(&self) -> MutexGuard<'_, Table> {
        lock(&self.table)
    }
}

impl Table {
    fn insert(
        &mut self,
        source: RawSource,
        told: bool,
        token: Token,
        interests: Interest,
    ) -> io::Result<Key> {
        let key = self.registrations.insert(source, told, token, interests)?;
        self.spare.reserve(&self.registrations);
        Ok(key)
    }

    fn sync(&mut self, array: &mut Array) {
        array.sync(&mut self.registrations, &mut self.spare);
    }
}

/// Ignores poisoning: a thread that panicked left no inconsistent state here.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl fmt::Debug for Shared {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Shared")
            .field("signal", &self.signal)
            .finish_non_exhaustive()
    }
}
