//! The table of registrations and of the requests to make for them, for selectors that have no
//! edges or report a source only once per request.
//!
//! During a wait the kernel watches each slot as its [`Question`] requests. The flags that the
//! kernel returns go through [`Registrations::take`]. *Probes* are additional requests, made by a
//! call of poll(2) that does not wait. They find out whether delivered readiness has ended.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap};
use std::io;
use std::os::fd::RawFd;
use std::time::Instant;

use libc::c_short;

use crate::sys::selector::Direction;
use crate::sys::unix::identity::Identity;
use crate::sys::unix::poll_bits::{NVAL, READ, WRITE};
pub(crate) use crate::sys::unix::slot::Question;
use crate::sys::unix::slot::Slot;
use crate::{Interest, Token};

/// The table of registrations.
#[derive(Default)]
pub(crate) struct Registrations {
    slots: Vec<Slot>,
    /// All slots from this index on are free.
    used: usize,
    /// The free slots. The lowest one is reused first, which keeps the table short.
    free: BinaryHeap<Reverse<usize>>,
    by_fd: HashMap<RawFd, usize>,
    /// Slots whose request differs from the last one that was made.
    changed: Vec<usize>,
    /// Slots that are awaiting a probe, because only the kernel can report the end of their
    /// readiness.
    quiet: Vec<usize>,
}

/// Identifies one registration: a slot may be reused, but with another generation.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Key {
    pub(crate) slot: u32,
    pub(crate) generation: u32,
}

impl Registrations {
    /// Inserts a registration. `told` is set if the source's I/O is tracked.
    pub(crate) fn insert(
        &mut self,
        fd: RawFd,
        told: bool,
        token: Token,
        interests: Interest,
    ) -> io::Result<Key> {
        let identity = Identity::of(fd)?;
        self.insert_as(fd, identity, told, token, interests)
    }

    fn insert_as(
        &mut self,
        fd: RawFd,
        identity: Option<Identity>,
        told: bool,
        token: Token,
        interests: Interest,
    ) -> io::Result<Key> {
        if let Some(&slot) = self.by_fd.get(&fd) {
            if self.slots[slot].is_same_file(identity) {
                return Err(io::Error::from_raw_os_error(libc::EEXIST));
            }
            // The old descriptor may have been closed without `deregister`, and its number reused.
            self.remove(slot);
        }
        let slot = self.allocate(fd, identity);
        self.used = self.used.max(slot + 1);
        self.by_fd.insert(fd, slot);
        // The operation that reads urgent data is never tracked.
        self.slots[slot].told = if told { READ | WRITE } else { 0 };
        self.update(slot, token, interests);
        Ok(self.key(slot))
    }

    pub(crate) fn key(&self, slot: usize) -> Key {
        Key {
            slot: slot as u32,
            generation: self.slots[slot].generation,
        }
    }

    /// Returns the slot of a source that keeps the key of its registration.
    pub(crate) fn find(&self, key: Key) -> io::Result<usize> {
        let slot = key.slot as usize;
        match self.slots.get(slot) {
            Some(entry) if entry.fd.is_some() && entry.generation == key.generation => Ok(slot),
            _ => Err(io::Error::from_raw_os_error(libc::ENOENT)),
        }
    }

    /// Returns the slot of a source that is known only by its descriptor.
    pub(crate) fn find_fd(&mut self, fd: RawFd) -> io::Result<usize> {
        let identity = Identity::of(fd)?;
        match self.by_fd.get(&fd) {
            Some(&slot) if self.slots[slot].identity == identity => return Ok(slot),
            Some(&slot) => self.remove(slot),
            None => {}
        }
        Err(io::Error::from_raw_os_error(libc::ENOENT))
    }

    pub(crate) fn update(&mut self, slot: usize, token: Token, interests: Interest) {
        self.slots[slot].update(token, interests);
        self.mark_changed(slot);
    }

    pub(crate) fn remove(&mut self, slot: usize) {
        let Some(fd) = self.slots[slot].end() else {
            return;
        };
        self.by_fd.remove(&fd);
        self.free.push(Reverse(slot));
        self.mark_changed(slot);
        while self.used > 0 && self.slots[self.used - 1].fd.is_none() {
            self.used -= 1;
        }
    }

    /// Handles an operation that returned `WouldBlock`. Returns whether the request to the kernel
    /// has changed.
    ///
    /// The direction is `drained` if another operation succeeded before. If none did, the kernel
    /// reported the direction as ready although it was not, and may do so again at once.
    pub(crate) fn would_block(&mut self, key: Key, direction: Direction, drained: bool) -> bool {
        self.rearm(key, flags(direction), drained)
    }

    /// Handles a failed operation or, without a direction, that the pending error was taken from
    /// the socket. Returns whether the request to the kernel has changed.
    ///
    /// The failure that was delivered may have been replaced by the next one, and the direction may
    /// still be ready. An error that lasts must not cause a busy loop.
    pub(crate) fn failed(&mut self, key: Key, direction: Option<Direction>) -> bool {
        self.rearm(key, direction.map_or(0, flags), false)
    }

    fn rearm(&mut self, key: Key, directions: c_short, drained: bool) -> bool {
        let Ok(slot) = self.find(key) else {
            return false;
        };
        let changed = self.slots[slot].rearm(directions, drained);
        if changed {
            self.mark_quiet(slot);
            self.mark_changed(slot);
        }
        changed
    }

    /// Returns the index from which on all slots are free.
    #[cfg(poll)]
    pub(crate) fn used(&self) -> usize {
        self.used
    }

    /// Returns the number of slots that fit without another allocation.
    pub(crate) fn capacity(&self) -> usize {
        self.slots.capacity()
    }

    /// Takes a slot whose request has changed, and returns it with its current request.
    pub(crate) fn next_change(&mut self) -> Option<(usize, Question)> {
        let slot = self.changed.pop()?;
        let entry = &mut self.slots[slot];
        entry.is_in_changed = false;
        entry.asked_generation = entry.generation;
        Some((slot, entry.question()))
    }

    /// Marks a slot as changed, because its request to the kernel has ended or may have.
    #[cfg(event_ports)]
    pub(crate) fn ask_again(&mut self, slot: usize) {
        self.mark_changed(slot);
    }

    /// Calls `ask` with each slot that needs a probe, its descriptor and the flags to request.
    /// Returns whether there is one.
    pub(crate) fn probe(&mut self, mut ask: impl FnMut(usize, RawFd, c_short)) -> bool {
        let slots = &mut self.slots;
        self.quiet.retain(|&slot| {
            let entry = &mut slots[slot];
            entry.is_in_quiet = entry.needs_probe();
            if let (true, Some(fd)) = (entry.is_in_quiet, entry.fd) {
                ask(slot, fd, entry.probed());
            }
            entry.is_in_quiet
        });
        !self.quiet.is_empty()
    }

    /// Marks each slot that [`probe`](Self::probe) found as changed.
    #[cfg(poll)]
    pub(crate) fn end_probe(&mut self) {
        for index in 0..self.quiet.len() {
            self.mark_changed(self.quiet[index]);
        }
    }

    /// Returns the latest time at which a slot that awaits a probe is due, so that one probe serves
    /// all of them.
    pub(crate) fn next_renewal(&self) -> Option<Instant> {
        let quiet = self.quiet.iter().map(|&slot| &self.slots[slot]);
        quiet
            .filter(|entry| entry.needs_probe())
            .map(|entry| entry.renew_at)
            .max()
    }

    /// Returns whether the flags that the kernel returned for this slot may matter.
    #[cfg(poll)]
    pub(crate) fn has_answer(&self, slot: usize, answer: c_short, probing: bool) -> bool {
        answer != 0 || (probing && self.slots[slot].is_in_quiet)
    }

    /// Returns the event, if any, that the flags from the kernel for this slot amount to.
    pub(crate) fn take(
        &mut self,
        slot: usize,
        answer: c_short,
        probing: bool,
    ) -> Option<(Token, c_short)> {
        let entry = &mut self.slots[slot];
        if entry.fd.is_none() || entry.is_in_changed || answer & NVAL != 0 {
            self.postpone(slot, answer);
            return None;
        }
        let event = entry.take(answer, probing);
        self.mark_quiet(slot);
        if event.is_some() {
            self.mark_changed(slot);
        }
        event
    }

    /// Handles flags that can't become an event now, because there is no room or the slot has
    /// changed. The next call requests them again. Keeps the flags that the kernel may not report a
    /// second time.
    pub(crate) fn postpone(&mut self, slot: usize, answer: c_short) {
        let entry = &mut self.slots[slot];
        if entry.fd.is_none() || entry.asked_generation != entry.generation {
            // The flags belong to an earlier registration.
            return;
        }
        if answer & NVAL != 0 && !entry.is_in_changed {
            // Closing the descriptor without `deregister` ends the registration, as on epoll.
            self.remove(slot);
            return;
        }
        entry.keep(answer);
        self.mark_quiet(slot);
    }

    fn mark_changed(&mut self, slot: usize) {
        if !self.slots[slot].is_in_changed {
            self.slots[slot].is_in_changed = true;
            self.changed.push(slot);
        }
    }

    fn mark_quiet(&mut self, slot: usize) {
        let entry = &mut self.slots[slot];
        if entry.needs_probe() && !entry.is_in_quiet {
            entry.is_in_quiet = true;
            self.quiet.push(slot);
        }
    }

    /// Returns a slot. Reserves room in all lists for as many slots as there are, so that nothing
    /// else allocates.
    fn allocate(&mut self, fd: RawFd, identity: Option<Identity>) -> usize {
        if let Some(Reverse(slot)) = self.free.pop() {
            let entry = &mut self.slots[slot];
            entry.fd = Some(fd);
            entry.identity = identity;
            return slot;
        }
        self.slots.push(Slot::new(fd, identity));
        let capacity = self.slots.capacity();
        self.free.reserve(capacity - self.free.len());
        self.changed.reserve(capacity - self.changed.len());
        self.quiet.reserve(capacity - self.quiet.len());
        self.slots.len() - 1
    }
}

fn flags(direction: Direction) -> c_short {
    match direction {
        Direction::Read => READ,
        Direction::Write => WRITE,
        Direction::Unknown => READ | WRITE,
    }
}

#[cfg(test)]
mod tests;
