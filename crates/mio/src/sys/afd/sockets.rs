//! The registered sockets of a `Poll`: by base handle, and those registered by number.

use std::collections::hash_map::Entry;
use std::collections::{HashMap, VecDeque};
use std::io;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::Ordering::Relaxed;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::interest::Mode;
use crate::sys::afd::changes::Changes;
use crate::sys::afd::device::{Device, SocketHandle};
use crate::sys::afd::event::NativeEvent;
use crate::sys::afd::group::Groups;
use crate::sys::afd::socket::{Registration, Socket};
use crate::{Interest, Token};

/// Lock order: `raw`, `bases`, the lock of a socket, then any other.
pub(super) struct Sockets<D: Device> {
    groups: Arc<Groups<D>>,
    changes: Changes<D>,
    /// The socket of each registered handle. A handle and its duplicates share one socket.
    bases: Mutex<HashMap<SocketHandle, Arc<Socket<D>>>>,
    /// The registrations that no `IoSource` holds.
    raw: Mutex<HashMap<SocketHandle, Registration<D>>>,
    /// The sockets with events that did not fit into the buffer.
    undelivered: Mutex<VecDeque<Arc<Socket<D>>>>,
    /// `true` while `undelivered` has sockets. Only the polling thread changes this, so it needs no
    /// ordering.
    has_undelivered: AtomicBool,
}

impl<D: Device> Sockets<D> {
    pub(super) fn new() -> Arc<Sockets<D>> {
        Arc::new(Sockets {
            groups: Arc::default(),
            changes: Changes::default(),
            bases: Mutex::default(),
            raw: Mutex::default(),
            undelivered: Mutex::default(),
            has_undelivered: AtomicBool::new(false),
        })
    }

    pub(super) fn changes(&self) -> &Changes<D> {
        &self.changes
    }

    pub(super) fn register(
        self: &Arc<Self>,
        device: &D,
        socket: SocketHandle,
        token: Token,
        interests: Interest,
    ) -> io::Result<Registration<D>> {
        self.join(device, socket, token, interests, false)
    }

    /// Registers a socket by its number.
    pub(super) fn register_raw(
        self: &Arc<Self>,
        device: &D,
        socket: SocketHandle,
        token: Token,
        interests: Interest,
    ) -> io::Result<()> {
        check_mode(interests)?;
        let join = || self.join(device, socket, token, interests, true);
        let mut raw = self.lock_raw();
        match raw.entry(socket) {
            Entry::Vacant(entry) => {
                entry.insert(join()?);
            }
            Entry::Occupied(mut entry) => {
                let old = entry.get();
                if !old.is_over() && old.socket().is_surely_open(device) {
                    return Err(io::ErrorKind::AlreadyExists.into());
                }
                // The number may have been reused.
                let old = entry.insert(join()?);
                drop(raw);
                self.deregister(device, &old);
            }
        }
        Ok(())
    }

    pub(super) fn find_raw(&self, socket: SocketHandle) -> Option<Registration<D>> {
        self.lock_raw().get(&socket).cloned()
    }

    /// Removes a registration, unless the number has another one by now.
    pub(super) fn remove_raw(&self, socket: SocketHandle, registration: &Registration<D>) {
        if let Entry::Occupied(entry) = self.lock_raw().entry(socket) {
            if entry.get().is_same(registration) {
                entry.remove();
            }
        }
    }

    pub(super) fn deregister(&self, device: &D, registration: &Registration<D>) {
        let socket = registration.socket();
        let mut bases = self.lock_bases();
        let mut state = socket.lock();
        match socket.leave(device, &mut state, registration.id()) {
            Some(left) if !left.is_named => forget(&mut bases, left.base, socket),
            _ => {}
        }
    }

    /// Removes a socket without registrations, whose request has completed.
    pub(super) fn forget_unused(&self, base: SocketHandle, socket: &Arc<Socket<D>>) {
        let mut bases = self.lock_bases();
        let state = socket.lock();
        if state.is_unused() {
            forget(&mut bases, base, socket);
        }
    }

    /// Removes a handle whose registration failed, unless it has another registration.
    fn forget_unnamed(&self, base: SocketHandle, socket: &Arc<Socket<D>>) {
        let mut bases = self.lock_bases();
        let state = socket.lock();
        if !state.is_named(base) {
            forget(&mut bases, base, socket);
        }
    }

    pub(super) fn push_undelivered(&self, socket: &Arc<Socket<D>>) {
        self.lock_undelivered().push_back(Arc::clone(socket));
        self.has_undelivered.store(true, Relaxed);
    }

    /// Passes undelivered events to `push`, up to `room`.
    pub(super) fn deliver(&self, mut room: usize, mut push: impl FnMut(NativeEvent)) {
        if !self.has_undelivered.load(Relaxed) {
            return;
        }
        loop {
            let socket = self.lock_undelivered().front().cloned();
            match socket {
                Some(socket) if !socket.deliver(&mut room, &mut push) => return,
                Some(_) => drop(self.lock_undelivered().pop_front()),
                None => break,
            }
        }
        self.has_undelivered.store(false, Relaxed);
    }

    /// Ends all registrations by number, and drops every socket.
    pub(super) fn clear(&self, device: &D) {
        let raw: Vec<_> = self.lock_raw().drain().collect();
        for (_, registration) in raw {
            self.deregister(device, &registration);
        }
        self.changes.clear();
        let undelivered = std::mem::take(&mut *self.lock_undelivered());
        let bases = std::mem::take(&mut *self.lock_bases());
        drop((undelivered, bases));
    }

    fn join(
        self: &Arc<Self>,
        device: &D,
        socket: SocketHandle,
        token: Token,
        interests: Interest,
        is_guarded: bool,
    ) -> io::Result<Registration<D>> {
        let base = device.base(socket)?;
        let mut bases = self.lock_bases();
        let duplicate = |bases: &HashMap<_, Arc<_>>| {
            let mut others = bases.iter();
            let same = others.find(|(other, _)| device.is_same(base, **other));
            same.map(|(_, socket)| Arc::clone(socket))
        };
        let known = match bases.get(&base) {
            Some(socket) => Some(Arc::clone(socket)),
            // Under the lock, so that of two handles that are registered concurrently, one finds
            // the other.
            None if device.has_duplicates(base) => duplicate(&bases),
            None => None,
        };
        let socket = match known {
            Some(socket) => socket,
            None => Socket::new(self.groups.place(device)?, Arc::clone(self)),
        };
        bases.insert(base, Arc::clone(&socket));
        self.make_room(bases.len());
        let mut state = socket.lock();
        if let Some(last) = state.last_base().filter(|last| *last != base) {
            // The handle was kept for the packet of a cancelled request, and may be closed.
            forget(&mut bases, last, &socket);
        }
        // The state is locked, so nobody can remove the socket in between.
        drop(bases);
        let joined = socket.join(device, &mut state, base, token, interests, is_guarded);
        drop(state);
        joined.inspect_err(|_| self.forget_unnamed(base, &socket))
    }

    /// Reserves memory, so that nothing else here allocates. Each socket is in the list at most
    /// once.
    fn make_room(&self, sockets: usize) {
        self.lock_undelivered().reserve(sockets);
    }

    fn lock_bases(&self) -> MutexGuard<'_, HashMap<SocketHandle, Arc<Socket<D>>>> {
        self.bases.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn lock_raw(&self) -> MutexGuard<'_, HashMap<SocketHandle, Registration<D>>> {
        self.raw.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn lock_undelivered(&self) -> MutexGuard<'_, VecDeque<Arc<Socket<D>>>> {
        let undelivered = self.undelivered.lock();
        undelivered.unwrap_or_else(PoisonError::into_inner)
    }
}

/// Returns an error for edge mode, where an edge is re-armed on `WouldBlock`. With raw I/O nothing
/// reports `WouldBlock`.
pub(super) fn check_mode(interests: Interest) -> io::Result<()> {
    if interests.mode() != Mode::Edge {
        return Ok(());
    }
    let message = "a `SourceSocket` is registered with `level` or `oneshot`: for an edge somebody \
                   has to see what would have blocked, as `IoSource` does";
    Err(io::Error::new(io::ErrorKind::Unsupported, message))
}

fn forget<D: Device>(
    bases: &mut HashMap<SocketHandle, Arc<Socket<D>>>,
    base: SocketHandle,
    socket: &Arc<Socket<D>>,
) {
    if let Entry::Occupied(entry) = bases.entry(base) {
        if Arc::ptr_eq(entry.get(), socket) {
            entry.remove();
        }
    }
}

#[cfg(test)]
impl<D: Device> Sockets<D> {
    /// Returns the number of known handles.
    pub(super) fn known(&self) -> usize {
        self.lock_bases().len()
    }
}
