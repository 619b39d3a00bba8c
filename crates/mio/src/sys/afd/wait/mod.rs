//! Waitable handles: events, processes, threads, timers, semaphores.
//!
//! A [wait completion packet] is *associated* with a handle and a port. When the handle is
//! signalled, the kernel puts the packet into the port, once. If the handle is already signalled,
//! it does so at once. Like any other wait, this consumes the signal of an auto-reset object.
//!
//! A packet is associated when a handle is registered. After its event it is associated again
//!
//! * in level mode, by the next poll;
//! * in edge mode, by [`rearm`](Registration::rearm), because nothing shows that the user has
//!   handled the signal;
//! * in oneshot mode, by `reregister`.
//!
//! A change of the registration keeps the association. A packet in the port has consumed a signal,
//! and cancelling the packet would lose it.
//!
//! A packet returns a number, which finds its registration if that still exists. So nothing has to
//! live as long as the packet. The registration owns a duplicate of the user's handle, so that the
//! handle always refers to the same object.
//!
//! [wait completion packet]: https://learn.microsoft.com/en-us/windows/win32/devnotes/ntassociatewaitcompletionpacket

#[allow(unsafe_code)]
mod ffi;
#[cfg(all(test, feature = "os-ext"))]
mod tests;

use std::collections::HashMap;
use std::fmt;
use std::io;
use std::os::windows::io::{AsHandle, OwnedHandle};
use std::sync::atomic::AtomicBool;
use std::sync::atomic::Ordering::Relaxed;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use crate::interest::Mode;
use crate::io_source::mistake;
use crate::sys::afd::event::NativeEvent;
use crate::sys::afd::port::Port;
use crate::sys::afd::selector::Shared;
use crate::sys::{self, Selector};
use crate::{Interest, Registry, SelectorKind, Token};

use self::ffi::Calls;

/// The registration of a source. Dropping it ends the registration.
#[derive(Debug, Default)]
pub(crate) struct Registration {
    registered: Option<(Weak<Shared>, usize)>,
}

/// The waitable handles of a `Poll`.
#[derive(Default)]
pub(super) struct Waits {
    table: Mutex<Table>,
    /// `true` if `again` has elements. Only one thread polls at a time, so this needs no ordering.
    has_again: AtomicBool,
}

#[derive(Default)]
struct Table {
    last_id: usize,
    waits: HashMap<usize, Wait>,
    /// Level-triggered waits whose packet was delivered.
    again: Vec<usize>,
}

struct Wait {
    calls: Calls,
    packet: OwnedHandle,
    target: OwnedHandle,
    token: Token,
    mode: Mode,
    /// The packet is associated, and was not taken from the port since.
    is_associated: bool,
    is_in_again: bool,
}

impl Registration {
    pub(crate) fn register(
        &mut self,
        handle: &impl AsHandle,
        registry: &Registry,
        token: Token,
        interests: Interest,
    ) -> io::Result<()> {
        sys::check_supported(SelectorKind::Afd, interests)?;
        let shared = shared(registry);
        if let Some((weak, _)) = &self.registered {
            return Err(mistake::registered_twice(is_same(weak, shared)));
        }
        let calls = calls()?;
        let wait = Wait {
            calls,
            packet: ffi::create(calls)?,
            target: handle.as_handle().try_clone_to_owned()?,
            token,
            mode: interests.mode(),
            is_associated: false,
            is_in_again: false,
        };
        let id = shared.waits().register(shared.port(), wait)?;
        self.registered = Some((Arc::downgrade(shared), id));
        Ok(())
    }

    pub(crate) fn reregister(
        &mut self,
        registry: &Registry,
        token: Token,
        interests: Interest,
    ) -> io::Result<()> {
        sys::check_supported(SelectorKind::Afd, interests)?;
        let shared = shared(registry);
        let id = self.registered_with(shared)?;
        let mode = interests.mode();
        shared.waits().reregister(shared.port(), id, token, mode)
    }

    pub(crate) fn deregister(&mut self, registry: &Registry) -> io::Result<()> {
        let shared = shared(registry);
        let id = self.registered_with(shared)?;
        shared.waits().deregister(id);
        self.registered = None;
        Ok(())
    }

    /// Re-arms an edge after the user has handled the signal.
    pub(crate) fn rearm(&self) -> io::Result<()> {
        let Some((weak, id)) = &self.registered else {
            return Err(mistake::not_registered(false));
        };
        match weak.upgrade() {
            Some(shared) => shared.waits().rearm(shared.port(), *id),
            // No poll is left to deliver an event.
            None => Ok(()),
        }
    }

    fn registered_with(&self, shared: &Arc<Shared>) -> io::Result<usize> {
        match &self.registered {
            Some((weak, id)) if is_same(weak, shared) => Ok(*id),
            other => Err(mistake::not_registered(other.is_some())),
        }
    }
}

impl Drop for Registration {
    fn drop(&mut self) {
        if let Some((weak, id)) = &self.registered {
            if let Some(shared) = weak.upgrade() {
                shared.waits().deregister(*id);
            }
        }
    }
}

impl Waits {
    /// Associates level-triggered waits again after their event was delivered.
    pub(super) fn begin_poll(&self, port: &Port) -> io::Result<()> {
        if !self.has_again.load(Relaxed) {
            return Ok(());
        }
        let mut table = self.lock();
        let Table { waits, again, .. } = &mut *table;
        let mut result = Ok(());
        again.retain(|id| {
            let Some(wait) = waits.get_mut(id) else {
                return false;
            };
            let associated = match wait.mode {
                Mode::Level => wait.associate(port, *id),
                // The mode was changed from level.
                Mode::Edge | Mode::Oneshot => Ok(()),
            };
            // The next poll tries again.
            wait.is_in_again = associated.is_err();
            if let (Err(err), true) = (associated, result.is_ok()) {
                result = Err(err);
            }
            wait.is_in_again
        });
        self.has_again.store(!again.is_empty(), Relaxed);
        result
    }

    /// Handles the packet with this number, after it was taken from the port.
    pub(super) fn take(&self, id: usize) -> Option<NativeEvent> {
        let mut table = self.lock();
        let Table { waits, again, .. } = &mut *table;
        let wait = waits.get_mut(&id)?;
        wait.is_associated = false;
        if wait.mode == Mode::Level && !wait.is_in_again {
            wait.is_in_again = true;
            again.push(id);
            self.has_again.store(true, Relaxed);
        }
        Some(NativeEvent::readable(wait.token))
    }

    /// Ends all registrations.
    pub(super) fn clear(&self) {
        let mut table = self.lock();
        table.waits.clear();
        table.again.clear();
    }

    fn register(&self, port: &Port, mut wait: Wait) -> io::Result<usize> {
        let mut table = self.lock();
        let mut id = table.last_id.wrapping_add(1);
        while table.waits.contains_key(&id) {
            id = id.wrapping_add(1);
        }
        table.last_id = id;
        // Reserve here, so that nothing else allocates. Each wait is in the list at most once.
        let room = table.waits.len() + 1 - table.again.len();
        table.again.reserve(room);
        // Under the lock, so that the packet can't be taken before the table has its wait.
        wait.associate(port, id)?;
        table.waits.insert(id, wait);
        Ok(id)
    }

    fn reregister(&self, port: &Port, id: usize, token: Token, mode: Mode) -> io::Result<()> {
        self.with(id, |wait| {
            wait.associate(port, id)?;
            (wait.token, wait.mode) = (token, mode);
            Ok(())
        })
    }

    fn rearm(&self, port: &Port, id: usize) -> io::Result<()> {
        self.with(id, |wait| match wait.mode {
            Mode::Edge => wait.associate(port, id),
            Mode::Level | Mode::Oneshot => Ok(()),
        })
    }

    fn deregister(&self, id: usize) {
        let mut table = self.lock();
        table.waits.remove(&id);
        table.again.retain(|other| *other != id);
    }

    fn with(&self, id: usize, f: impl FnOnce(&mut Wait) -> io::Result<()>) -> io::Result<()> {
        match self.lock().waits.get_mut(&id) {
            Some(wait) => f(wait),
            // The `Poll` is being dropped.
            None => Ok(()),
        }
    }

    fn lock(&self) -> MutexGuard<'_, Table> {
        self.table.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Wait {
    fn associate(&mut self, port: &Port, id: usize) -> io::Result<()> {
        if !self.is_associated {
            let port = port.as_handle();
            ffi::associate(self.calls, &self.packet, port, &self.target, id)?;
            self.is_associated = true;
        }
        Ok(())
    }
}

/// Removes the packet from the port.
impl Drop for Wait {
    fn drop(&mut self) {
        ffi::cancel(self.calls, &self.packet);
    }
}

impl fmt::Debug for Waits {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Waits").finish_non_exhaustive()
    }
}

fn calls() -> io::Result<Calls> {
    let calls = Calls::of_system();
    // Where Windows lacks the calls, the tests use their own.
    #[cfg(all(test, feature = "os-ext"))]
    let calls = Some(calls.unwrap_or_else(tests::calls));
    calls.ok_or_else(|| {
        let message = "handles are watched by `NtAssociateWaitCompletionPacket`, which this system \
                       lacks; Windows has it since version 8";
        io::Error::new(io::ErrorKind::Unsupported, message)
    })
}

fn is_same(weak: &Weak<Shared>, shared: &Arc<Shared>) -> bool {
    std::ptr::eq(weak.as_ptr(), Arc::as_ptr(shared))
}

fn shared(registry: &Registry) -> &Arc<Shared> {
    let Selector::Afd(selector) = registry.selector();
    selector.shared()
}
