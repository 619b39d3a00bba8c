//! What is registered, and what of it the system is to be asked about: for selectors that know no
//! edges, or ask about a source once only.
//!
//! The system is asked a [`Question`] about each slot of the table while it waits, and what it
//! answers goes through [`Registrations::take`]. Beside that there are *probes*: questions about
//! what was delivered and is over or not, which are asked by a call of poll(2) that does not wait.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap};
use std::io;
use std::os::fd::RawFd;
use std::time::Instant;

use libc::c_short;

use crate::sys::selector::Direction;
use crate::sys::unix::ffi::{self, Identity};
use crate::sys::unix::poll_bits::{NVAL, READ, WRITE};
pub(crate) use crate::sys::unix::slot::Question;
use crate::sys::unix::slot::Slot;
use crate::{Interest, Token};

/// The table.
#[derive(Default)]
pub(crate) struct Registrations {
    slots: Vec<Slot>,
    /// All slots from here on are free.
    used: usize,
    /// The lowest one is used first, which keeps the table short.
    free: BinaryHeap<Reverse<usize>>,
    by_fd: HashMap<RawFd, usize>,
    /// Slots where the question is another one than the system was last told.
    changed: Vec<usize>,
    /// Slots where something was delivered that only the system can say the end of.
    quiet: Vec<usize>,
}

/// Names a registration for good: a slot may be used again, with another generation.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Key {
    pub(crate) slot: u32,
    pub(crate) generation: u32,
}

impl Registrations {
    /// `told` says whether operations tell us what would have blocked.
    pub(crate) fn insert(
        &mut self,
        fd: RawFd,
        told: bool,
        token: Token,
        interests: Interest,
    ) -> io::Result<Key> {
        let identity = identity(fd)?;
        if let Some(&slot) = self.by_fd.get(&fd) {
            if self.slots[slot].identity == identity {
                return Err(io::Error::from_raw_os_error(libc::EEXIST));
            }
            // It was closed without being deregistered, and its number is in use again.
            self.remove(slot);
        }
        let slot = self.allocate(fd, identity);
        self.used = self.used.max(slot + 1);
        self.by_fd.insert(fd, slot);
        // Urgent data has an operation of its own that we never see.
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

    /// The slot of a registration that a source keeps the key of.
    pub(crate) fn find(&self, key: Key) -> io::Result<usize> {
        let slot = key.slot as usize;
        match self.slots.get(slot) {
            Some(entry) if entry.fd.is_some() && entry.generation == key.generation => Ok(slot),
            _ => Err(io::Error::from_raw_os_error(libc::ENOENT)),
        }
    }

    /// The slot of a descriptor that is all that a source knows of itself.
    pub(crate) fn find_fd(&mut self, fd: RawFd) -> io::Result<usize> {
        let identity = identity(fd)?;
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

    /// An operation would have blocked. Answers whether the system has something new to be asked.
    pub(crate) fn would_block(&mut self, key: Key, direction: Direction) -> bool {
        let Ok(slot) = self.find(key) else {
            return false;
        };
        let directions = match direction {
            Direction::Read => READ,
            Direction::Write => WRITE,
            Direction::Unknown => READ | WRITE,
        };
        let changed = self.slots[slot].would_block(directions);
        if changed {
            self.mark_quiet(slot);
            self.mark_changed(slot);
        }
        changed
    }

    /// All slots from this one on are free.
    #[cfg(poll)]
    pub(crate) fn used(&self) -> usize {
        self.used
    }

    /// For how many slots there is room, so that nothing allocates before there are more.
    pub(crate) fn capacity(&self) -> usize {
        self.slots.capacity()
    }

    /// Takes a slot where the question has changed, and what it is now.
    pub(crate) fn next_change(&mut self) -> Option<(usize, Question)> {
        let slot = self.changed.pop()?;
        let entry = &mut self.slots[slot];
        entry.is_in_changed = false;
        Some((slot, entry.question()))
    }

    /// Counts a slot as changed, because the system asks nothing about it any more, or else may.
    #[cfg(event_ports)]
    pub(crate) fn ask_again(&mut self, slot: usize) {
        self.mark_changed(slot);
    }

    /// Hands over each slot where something is to be asked without waiting, its descriptor, and the
    /// question. Answers whether there is any such.
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

    /// Counts each slot that [`probe`](Self::probe) found as changed.
    #[cfg(poll)]
    pub(crate) fn end_probe(&mut self) {
        for index in 0..self.quiet.len() {
            self.mark_changed(self.quiet[index]);
        }
    }

    /// When what was delivered is to be looked at again: when all of it is due, so that one probe
    /// serves all.
    pub(crate) fn next_renewal(&self) -> Option<Instant> {
        let quiet = self.quiet.iter().map(|&slot| &self.slots[slot]);
        quiet
            .filter(|entry| entry.needs_probe())
            .map(|entry| entry.renew_at)
            .max()
    }

    /// Whether the system's answer about this slot may matter.
    #[cfg(poll)]
    pub(crate) fn has_answer(&self, slot: usize, answer: c_short, probing: bool) -> bool {
        answer != 0 || (probing && self.slots[slot].is_in_quiet)
    }

    /// The event that the system's answer about this slot amounts to.
    pub(crate) fn take(
        &mut self,
        slot: usize,
        answer: c_short,
        probing: bool,
    ) -> Option<(Token, c_short)> {
        let entry = &mut self.slots[slot];
        if entry.is_in_changed || entry.fd.is_none() {
            // The question was about what the table said before; the next call asks anew.
            return None;
        }
        if answer & NVAL != 0 {
            // Closed without being deregistered: as on epoll, that ends the registration.
            self.remove(slot);
            return None;
        }
        let event = entry.take(answer, probing);
        self.mark_quiet(slot);
        if event.is_some() {
            self.mark_changed(slot);
        }
        event
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

    /// A slot, and room in all lists for as many slots as there are, so that nothing else
    /// allocates.
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

/// What is open behind a descriptor; `None` if the system has no answer for one of its kind.
fn identity(fd: RawFd) -> io::Result<Option<Identity>> {
    match ffi::identity(fd) {
        Ok(identity) => Ok(Some(identity)),
        // Some of the systems that are no Unix say this of a socket.
        Err(err) if cfg!(unix) && err.raw_os_error() == Some(libc::EBADF) => Err(err),
        Err(_) => Ok(None),
    }
}

#[cfg(test)]
mod tests {
    use std::os::fd::AsRawFd;
    use std::os::unix::net::UnixStream;

    use libc::{POLLERR, POLLHUP, POLLIN, POLLOUT};

    use super::*;
    use crate::sys::unix::poll_bits::RDHUP;

    /// A table with one source.
    struct Fixture {
        table: Registrations,
        key: Key,
        _peers: (UnixStream, UnixStream),
    }

    impl Fixture {
        fn new(told: bool) -> Fixture {
            Fixture::of(told, Interest::READABLE | Interest::WRITABLE)
        }

        fn of(told: bool, interests: Interest) -> Fixture {
            let peers = UnixStream::pair().unwrap();
            let mut table = Registrations::default();
            let fd = peers.0.as_raw_fd();
            let key = table.insert(fd, told, Token(1), interests).unwrap();
            let mut fixture = Fixture {
                table,
                key,
                _peers: peers,
            };
            fixture.sync();
            fixture
        }

        fn slot(&self) -> usize {
            self.key.slot as usize
        }

        fn sync(&mut self) {
            while self.table.next_change().is_some() {}
        }

        /// What the system is asked while waiting; `None` is nothing at all.
        fn question(&mut self) -> Option<c_short> {
            self.sync();
            match self.table.slots[self.slot()].question() {
                Question::Ready(_, flags) => Some(flags),
                Question::Free | Question::Nothing => None,
            }
        }

        /// The system answers while waiting. Tells whether that is an event.
        fn answer(&mut self, answer: c_short) -> bool {
            self.sync();
            self.table.take(self.slot(), answer, false).is_some()
        }

        fn pass_renewal(&mut self) {
            let slot = self.slot();
            self.table.slots[slot].renew_at = Instant::now();
        }

        /// The system answers a probe. Tells whether that is an event; `None` if nothing is probed.
        fn probe(&mut self, answer: c_short) -> Option<bool> {
            self.sync();
            if !self.table.probe(|_, _, _| {}) {
                return None;
            }
            Some(self.table.take(self.slot(), answer, true).is_some())
        }
    }

    #[test]
    fn the_table_is_as_short_as_it_can_be() {
        let peers: Vec<_> = (0..10).map(|_| UnixStream::pair().unwrap()).collect();
        let mut table = Registrations::default();
        let insert = |table: &mut Registrations, index: usize| {
            let (one, _): &(UnixStream, UnixStream) = &peers[index];
            table
                .insert(one.as_raw_fd(), true, Token(index), Interest::READABLE)
                .unwrap()
        };
        let keys: Vec<_> = (0..10).map(|index| insert(&mut table, index)).collect();
        for key in keys {
            table.remove(key.slot as usize);
        }
        insert(&mut table, 3);
        assert_eq!(table.used, 1);
    }

    #[test]
    fn a_key_is_good_for_one_registration() {
        let mut source = Fixture::new(true);
        let (slot, fd) = (source.slot(), source._peers.0.as_raw_fd());
        source.table.remove(slot);
        assert!(source.table.find(source.key).is_err());
        let key = source.table.insert(fd, true, Token(2), Interest::READABLE);
        let key = key.unwrap();
        assert_eq!(key.slot, source.key.slot);
        assert!(source.table.find(source.key).is_err());
        assert_eq!(source.table.find(key).unwrap(), slot);
        assert_eq!(source.table.key(slot), key);
    }

    #[test]
    fn what_was_delivered_is_asked_again_after_it_blocked() {
        let mut source = Fixture::new(true);
        assert!(source.answer(POLLIN | POLLOUT));
        assert_eq!(source.question(), Some(RDHUP));
        assert!(source.table.would_block(source.key, Direction::Read));
        assert_eq!(source.question(), Some(READ));
        assert!(
            !source.table.would_block(source.key, Direction::Read),
            "it is armed already"
        );
        assert!(source.table.would_block(source.key, Direction::Unknown));
        assert_eq!(source.question(), Some(READ | WRITE));
        assert_eq!(source.probe(0), None);
    }

    #[test]
    fn a_failure_is_delivered_once_and_its_end_arms_everything() {
        let mut source = Fixture::new(true);
        assert!(source.answer(POLLERR));
        assert_eq!(source.question(), None);
        assert!(
            source.table.next_renewal().is_some(),
            "a wait has to end for a probe"
        );
        assert_eq!(source.probe(POLLERR), Some(false));
        // Nothing that an operation says makes the system stop reporting it.
        source.table.would_block(source.key, Direction::Unknown);
        assert_eq!(source.question(), None);
        assert_eq!(
            source.probe(POLLERR | POLLIN),
            Some(true),
            "data beside the failure"
        );
        assert_eq!(source.probe(POLLERR | POLLIN), Some(false));
        assert_eq!(source.probe(0), Some(false));
        assert_eq!(source.question(), Some(READ | WRITE));
        assert_eq!(source.probe(0), None);
        assert!(source.answer(POLLERR), "another failure");
    }

    #[test]
    fn a_failure_that_lasts_may_be_another_after_an_operation() {
        let mut source = Fixture::new(true);
        assert!(source.answer(POLLERR));
        assert_eq!(source.probe(POLLERR), Some(false));
        assert!(source.table.would_block(source.key, Direction::Read));
        source.pass_renewal();
        assert_eq!(source.probe(POLLERR), Some(true));
        source.pass_renewal();
        assert_eq!(
            source.probe(POLLERR),
            Some(false),
            "nothing was tried since"
        );
    }

    #[test]
    fn an_end_that_does_not_end_is_left_to_probes() {
        let mut source = Fixture::new(true);
        assert!(source.answer(POLLIN | RDHUP));
        source.table.would_block(source.key, Direction::Read);
        assert_eq!(source.question(), Some(WRITE));
        assert_eq!(source.probe(POLLIN | RDHUP), Some(false));
        assert_eq!(source.question(), Some(WRITE));
        assert_eq!(source.probe(0), Some(false));
        assert_eq!(source.question(), Some(READ | WRITE));
    }

    #[test]
    fn nothing_is_left_of_a_source_that_failed() {
        let mut source = Fixture::new(true);
        assert!(source.answer(POLLHUP));
        source.table.remove(source.slot());
        assert_eq!(source.probe(0), None);
        assert_eq!(source.table.used, 0);
    }

    #[test]
    fn one_that_tells_nothing_is_armed_by_probes() {
        let mut source = Fixture::new(false);
        assert!(source.answer(POLLIN | POLLOUT));
        assert!(!source.table.would_block(source.key, Direction::Unknown));
        assert_eq!(source.probe(POLLIN), Some(false));
        assert_eq!(
            source.question(),
            Some(RDHUP | WRITE),
            "there was no room to write"
        );
        assert_eq!(source.probe(0), Some(false));
        assert_eq!(source.question(), Some(READ | WRITE));
    }

    #[test]
    fn a_level_is_an_event_each_time_and_asks_for_no_probes() {
        for told in [true, false] {
            let mut source = Fixture::of(told, Interest::READABLE.level());
            for answer in [POLLIN, POLLIN, POLLHUP, POLLIN | POLLERR, POLLERR] {
                assert!(source.answer(answer), "{answer}");
                assert_eq!(source.question(), Some(READ));
                assert!(!source.table.would_block(source.key, Direction::Read));
            }
            assert_eq!(source.probe(POLLERR), None);
            assert!(source.table.next_renewal().is_none());
        }
    }

    #[test]
    fn once_is_once_until_it_is_registered_anew() {
        let both = (Interest::READABLE | Interest::WRITABLE).oneshot();
        for told in [true, false] {
            let mut source = Fixture::of(told, both);
            for answer in [POLLOUT, POLLHUP] {
                assert!(!source.answer(0));
                assert_eq!(source.question(), Some(READ | WRITE));
                assert!(source.answer(answer));
                assert_eq!(source.question(), None);
                assert!(!source.answer(POLLIN | POLLERR));
                assert!(!source.table.would_block(source.key, Direction::Unknown));
                assert_eq!(source.question(), None);
                assert_eq!(source.probe(answer), None);
                let slot = source.slot();
                source.table.update(slot, Token(1), both);
            }
        }
    }
}
