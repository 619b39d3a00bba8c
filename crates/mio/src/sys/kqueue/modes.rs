//! Per-registration state that kqueue does not keep: the mode, and that one oneshot covers both
//! filters.
//!
//! Edge-triggered sources need none of this: while a program uses no other mode, each call checks
//! one flag. From the first other mode on, a table has an entry for each number that was registered
//! with one. It serves two purposes.
//!
//! **The mode of a source.** Adding a filter that exists does not change its mode, so `reregister`
//! has to know whether the mode changes. An entry may be older than the file that has its number
//! now, because the table is not informed when a descriptor is closed. In that case the kernel's
//! list has nothing of the old file, and deleting a filter that does not exist does no harm. Every
//! registered source either has an entry of its own or is edge-triggered without one.
//!
//! **Oneshot.** The kernel disables a filter when it returns its record (`EV_DISPATCH`), but leaves
//! the other filter of the same source enabled. So each oneshot record of a batch is checked
//! against its entry:
//!
//! * The first record of a source is its event. From then on the entry has fired.
//! * The record of the other filter in the same batch is joined to it, so that the event reports
//!   both directions, and neither can hide the other again and again.
//! * A later record is dropped. That happens once for each filter until `reregister`, because the
//!   filter has disabled itself too. If no event is left, the poll waits for the rest of its time.
//! * A record that does not fit its entry was taken before another thread changed the registration,
//!   and is dropped. That is a record without an entry, or whose entry has another token, another
//!   mode, or not this direction.
//!
//! **No event is lost.** The system call and the change of the entry are made under one lock, and
//! batches are checked under the same lock. So a record of a new registration always finds its
//! entry.
//!
//! * A record that is dropped because its oneshot has fired belongs to a source whose event was
//!   delivered. The user has to `reregister` to get another one. That enables both filters, which
//!   then report current readiness.
//! * A record that is dropped because it does not fit belongs to a registration that has ended. The
//!   call that ended it has added or enabled the filters of the next one, which report current
//!   readiness by themselves.
//! * A record that was taken just before a `reregister` with the same token and direction counts as
//!   the event of the new registration. It may be spurious, as any event may, and the user handles
//!   it as usual. What the filter then reports again is dropped, because the oneshot has fired.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::interest::Mode;
use crate::sys::kqueue::changes::Call;
use crate::sys::kqueue::numbers::Numbers;
use crate::{Interest, Token};

/// The modes table of one kqueue, shared by all its handles.
#[derive(Debug, Default)]
pub(super) struct Modes {
    /// Set once a source is registered with another mode than edge, before the system call that
    /// adds the filter. The kernel's own locks order that before a record of the filter is taken.
    are_used: AtomicBool,
    table: Mutex<Table>,
}

#[derive(Debug, Default)]
pub(super) struct Table {
    /// The entries, by the number of the descriptor.
    entries: HashMap<usize, Entry>,
    /// The number of batches that were checked.
    batch: u64,
}

#[derive(Debug)]
struct Entry {
    token: Token,
    interests: Interest,
    /// The oneshot has fired. Its records are dropped until `reregister`.
    spent: bool,
    /// The event that reported it, as long as a record can join that event.
    event: Option<Place>,
}

#[derive(Debug)]
struct Place {
    batch: u64,
    index: usize,
    filter: i32,
}

/// The fields of a record that decide what becomes of it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Seen {
    pub(super) ident: usize,
    pub(super) filter: i32,
    pub(super) flags: u32,
    pub(super) token: Token,
}

#[derive(Debug, PartialEq)]
enum Verdict {
    Keep,
    /// Join it to the record at this index.
    Join(usize),
    Drop,
}

impl Modes {
    #[inline]
    pub(super) fn are_used(&self) -> bool {
        self.are_used.load(Ordering::Relaxed)
    }

    /// Locks the table, if it has to stay locked during this call to the kernel.
    pub(super) fn table_for(&self, call: Call) -> Option<MutexGuard<'_, Table>> {
        if let Call::Register(interests) | Call::Reregister(interests) = call {
            if interests.mode() != Mode::Edge {
                self.are_used.store(true, Ordering::Relaxed);
            }
        }
        self.are_used().then(|| self.lock())
    }

    /// Removes the records that must not be delivered, and keeps the order of the others. `join`
    /// merges its second record into the first.
    pub(super) fn keep<R>(
        &self,
        numbers: &Numbers,
        records: &mut Vec<R>,
        seen: impl Fn(&R) -> Seen,
        join: impl Fn(&mut R, &R),
    ) {
        if records.iter().any(|record| seen(record).is_once(numbers)) {
            self.lock().keep(numbers, records, seen, join);
        }
    }

    fn lock(&self) -> MutexGuard<'_, Table> {
        self.table.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Table {
    /// Returns the mode that was last registered for this number.
    pub(super) fn mode(&self, ident: usize) -> Mode {
        let entry = self.entries.get(&ident);
        entry.map_or(Mode::Edge, |entry| entry.interests.mode())
    }

    /// Records the result of a call to the kernel. `made` holds the interests that are now watched,
    /// of which there are none after `Deregister`. It is `None` if the call failed.
    pub(super) fn learn(
        &mut self,
        call: Call,
        ident: usize,
        token: Token,
        made: Option<Option<Interest>>,
    ) {
        match (call, made) {
            (_, Some(Some(interests))) => self.set(ident, token, interests),
            (_, Some(None)) | (Call::Register(_), None) => {
                self.entries.remove(&ident);
            }
            // The filters have the new token, and are otherwise unchanged.
            (Call::Reregister(_), None) => {
                if let Some(entry) = self.entries.get_mut(&ident) {
                    entry.token = token;
                }
            }
            (Call::Deregister, None) => {}
        }
    }

    fn set(&mut self, ident: usize, token: Token, interests: Interest) {
        let new = Entry {
            token,
            interests,
            spent: false,
            event: None,
        };
        // Only the first mode of a number may allocate. So an edge-triggered source that had
        // another mode keeps its entry, and `insert`, which may grow the table even for an existing
        // key, is not called.
        match self.entries.get_mut(&ident) {
            Some(entry) => *entry = new,
            None if interests.mode() == Mode::Edge => {}
            None => {
                self.entries.insert(ident, new);
            }
        }
    }

    fn keep<R>(
        &mut self,
        numbers: &Numbers,
        records: &mut Vec<R>,
        seen: impl Fn(&R) -> Seen,
        join: impl Fn(&mut R, &R),
    ) {
        self.batch += 1;
        let mut kept = 0;
        for index in 0..records.len() {
            match self.verdict(numbers, seen(&records[index]), kept) {
                Verdict::Keep => {
                    records.swap(kept, index);
                    kept += 1;
                }
                Verdict::Join(first) => {
                    let (before, rest) = records.split_at_mut(index);
                    join(&mut before[first], &rest[0]);
                }
                Verdict::Drop => {}
            }
        }
        records.truncate(kept);
    }

    /// Decides what becomes of a record, which gets this index if it is kept.
    fn verdict(&mut self, numbers: &Numbers, seen: Seen, index: usize) -> Verdict {
        if !seen.is_once(numbers) {
            return Verdict::Keep;
        }
        let Some(entry) = self.entries.get_mut(&seen.ident) else {
            return Verdict::Drop;
        };
        if !entry.fits(numbers, seen) {
            return Verdict::Drop;
        }
        if !entry.spent {
            entry.spent = true;
            entry.event = Some(Place {
                batch: self.batch,
                index,
                filter: seen.filter,
            });
            return Verdict::Keep;
        }
        match entry.event.take() {
            Some(event) if event.batch == self.batch && event.filter != seen.filter => {
                Verdict::Join(event.index)
            }
            _ => Verdict::Drop,
        }
    }
}

impl Entry {
    /// Returns whether the record belongs to this registration.
    fn fits(&self, numbers: &Numbers, seen: Seen) -> bool {
        let is_wanted = if seen.filter == numbers.read {
            self.interests.is_readable()
        } else {
            self.interests.is_writable()
        };
        is_wanted && self.token == seen.token && self.interests.mode() == Mode::Oneshot
    }
}

impl Seen {
    /// Returns whether the kernel disabled the filter when the record was taken.
    fn is_once(self, numbers: &Numbers) -> bool {
        let is_direction = self.filter == numbers.read || self.filter == numbers.write;
        is_direction && self.flags & numbers.dispatch != 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sys::kqueue::fake::{ENOENT, ENOMEM, FD, Kqueue, Record};
    use crate::sys::kqueue::numbers::of::{ALL, FREEBSD};

    const READABLE: Interest = Interest::READABLE;
    const BOTH: Interest = Interest::READABLE.add(Interest::WRITABLE);

    fn on_each(test: impl Fn(&mut Kqueue)) {
        for numbers in ALL {
            test(&mut Kqueue::new(numbers));
        }
    }

    const ONE: [(usize, usize); 1] = [(1, 0)];
    const NONE: [(usize, usize); 0] = [];

    #[test]
    fn edges_alone_take_no_lock_and_have_no_entry() {
        on_each(|kqueue| {
            kqueue.register(1, BOTH);
            kqueue.reregister(2, READABLE);
            kqueue.call(Call::Deregister, FD, 0).unwrap();
            assert!(!kqueue.modes.are_used() && kqueue.modes.lock().entries.is_empty());
            assert!(kqueue.modes.table_for(Call::Register(READABLE)).is_none());
        });
    }

    #[test]
    fn a_level_is_reported_each_time() {
        on_each(|kqueue| {
            kqueue.register(1, READABLE.level());
            kqueue.make_ready(kqueue.numbers.read);
            for _ in 0..3 {
                assert_eq!(kqueue.poll(), ONE);
            }
            kqueue.use_up();
            assert_eq!(kqueue.poll(), NONE);
        });
    }

    #[test]
    fn once_is_one_event_until_it_is_reregistered() {
        on_each(|kqueue| {
            let once = READABLE.oneshot();
            kqueue.register(1, once);
            for token in 1..4 {
                kqueue.make_ready(kqueue.numbers.read);
                assert_eq!(kqueue.poll(), [(token, 0)]);
                kqueue.make_ready(kqueue.numbers.read);
                assert_eq!(kqueue.poll(), NONE);
                kqueue.use_up();
                kqueue.reregister(token + 1, once);
                assert_eq!(kqueue.poll(), NONE);
            }
        });
    }

    #[test]
    fn once_reports_what_is_ready_when_it_is_reregistered() {
        on_each(|kqueue| {
            kqueue.make_ready(kqueue.numbers.read);
            kqueue.register(1, READABLE.oneshot());
            assert_eq!(kqueue.poll(), ONE);
            kqueue.reregister(2, READABLE.oneshot());
            assert_eq!(kqueue.poll(), [(2, 0)]);
            assert_eq!(kqueue.poll(), NONE);
        });
    }

    /// The writing filter is refused, so the reading filter reports.
    #[test]
    fn a_pipe_without_readers_has_every_mode() {
        on_each(|kqueue| {
            kqueue.lacks_readers = true;
            kqueue.make_ready(kqueue.numbers.read);
            let writable = Interest::WRITABLE;
            kqueue.register(1, writable);
            assert_eq!(kqueue.poll(), ONE);
            for (token, interests) in [(2, writable.oneshot()), (3, writable.level())] {
                kqueue.reregister(token, interests);
                assert_eq!(kqueue.poll(), [(token, 0)]);
                assert_eq!(kqueue.poll().len(), usize::from(interests.is_level()));
            }
            kqueue.call(Call::Deregister, FD, 0).unwrap();
            assert!(kqueue.list.is_empty());
        });
    }

    #[test]
    fn both_directions_in_one_batch_are_one_event() {
        on_each(|kqueue| {
            kqueue.register(1, BOTH.oneshot());
            for token in 1..4 {
                kqueue.make_ready(kqueue.numbers.read);
                kqueue.make_ready(kqueue.numbers.write);
                assert_eq!(kqueue.poll(), [(token, 1)]);
                assert_eq!(kqueue.poll(), NONE);
                kqueue.reregister(token + 1, BOTH.oneshot());
            }
        });
    }

    #[test]
    fn the_other_direction_in_a_later_batch_is_dropped() {
        on_each(|kqueue| {
            kqueue.register(1, BOTH.oneshot());
            kqueue.make_ready(kqueue.numbers.write);
            assert_eq!(kqueue.poll(), ONE);
            kqueue.make_ready(kqueue.numbers.read);
            let records = kqueue.take(usize::MAX);
            assert_eq!(records.len(), 1, "it is not disabled yet");
            assert_eq!(kqueue.keep(records), []);
            kqueue.make_ready(kqueue.numbers.read);
            assert_eq!(kqueue.take(usize::MAX), [], "now it is");
            kqueue.reregister(2, BOTH.oneshot());
            assert_eq!(kqueue.poll(), [(2, 1)]);
        });
    }

    #[test]
    fn two_records_that_two_batches_take_are_one_event() {
        on_each(|kqueue| {
            kqueue.make_ready(kqueue.numbers.read);
            kqueue.make_ready(kqueue.numbers.write);
            kqueue.register(1, BOTH.oneshot());
            // There is room for one record.
            let first = kqueue.take(1);
            assert_eq!(kqueue.keep(first).len(), 1);
            let second = kqueue.take(1);
            assert_eq!(second.len(), 1);
            assert_eq!(kqueue.keep(second), []);
        });
    }

    #[test]
    fn a_record_that_joins_finds_the_first_behind_what_was_dropped() {
        let record = |fd, filter| Record {
            fd,
            filter,
            flags: FREEBSD.dispatch,
            token: fd,
            joined: 0,
        };
        let mut kqueue = Kqueue::new(&FREEBSD);
        for fd in [1, 2] {
            let once = Call::Register(BOTH.oneshot());
            kqueue.call(once, fd, fd).unwrap();
        }
        let (read, write) = (FREEBSD.read, FREEBSD.write);
        let edge = Record {
            flags: FREEBSD.clear,
            ..record(1, read)
        };
        let user = record(1, FREEBSD.user.unwrap());
        let records = vec![
            record(3, read),
            record(1, read),
            edge,
            record(2, write),
            user,
            record(3, write),
            record(2, read),
            record(1, write),
            // No kernel returns a third record, or a second one of the same direction.
            record(1, write),
            record(2, read),
        ];
        let joined = |record| Record {
            joined: 1,
            ..record
        };
        let kept = [
            joined(record(1, read)),
            edge,
            joined(record(2, write)),
            user,
        ];
        assert_eq!(kqueue.keep(records), kept);
        // A second record of the same direction joins nothing.
        kqueue.call(Call::Reregister(BOTH.oneshot()), 1, 1).unwrap();
        let twice = vec![record(1, read), record(1, read)];
        assert_eq!(kqueue.keep(twice), [record(1, read)]);
    }

    #[test]
    fn a_record_of_an_older_token_is_dropped_and_none_is_lost() {
        on_each(|kqueue| {
            kqueue.make_ready(kqueue.numbers.read);
            kqueue.register(1, READABLE.oneshot());
            let old = kqueue.take(usize::MAX);
            kqueue.reregister(2, READABLE.oneshot());
            assert_eq!(kqueue.keep(old), []);
            assert_eq!(kqueue.poll(), [(2, 0)]);
        });
    }

    #[test]
    fn a_record_of_an_older_registration_is_its_event_if_it_is_the_same() {
        on_each(|kqueue| {
            kqueue.make_ready(kqueue.numbers.read);
            kqueue.register(1, READABLE.oneshot());
            let old = kqueue.take(usize::MAX);
            kqueue.reregister(1, READABLE.oneshot());
            assert_eq!(kqueue.keep(old).len(), 1);
            assert_eq!(kqueue.poll(), NONE);
            // After the event the user calls `reregister`, and readiness in the meantime is not
            // lost.
            kqueue.reregister(1, READABLE.oneshot());
            assert_eq!(kqueue.poll(), ONE);
        });
    }

    #[test]
    fn a_record_of_an_older_direction_or_mode_is_dropped() {
        let later = [Interest::WRITABLE.oneshot(), READABLE, READABLE.level()];
        for interests in later {
            on_each(|kqueue| {
                kqueue.make_ready(kqueue.numbers.read);
                kqueue.register(1, READABLE.oneshot());
                let old = kqueue.take(usize::MAX);
                kqueue.reregister(1, interests);
                assert_eq!(kqueue.keep(old), []);
                let again = kqueue.poll();
                let expected = if interests.is_readable() {
                    &ONE[..]
                } else {
                    &NONE[..]
                };
                assert_eq!(again, expected);
            });
        }
    }

    #[test]
    fn deregister_forgets() {
        on_each(|kqueue| {
            kqueue.make_ready(kqueue.numbers.read);
            kqueue.register(1, READABLE.oneshot());
            let old = kqueue.take(usize::MAX);
            kqueue.call(Call::Deregister, FD, 0).unwrap();
            assert!(kqueue.modes.lock().entries.is_empty());
            assert_eq!(kqueue.keep(old), []);
            let gone = kqueue.call(Call::Reregister(READABLE.oneshot()), FD, 1);
            assert_eq!(gone, Err(ENOENT));
            assert_eq!(kqueue.poll(), NONE);
            assert!(kqueue.modes.lock().entries.is_empty());
        });
    }

    #[test]
    fn a_number_that_was_closed_and_is_in_use_again_is_a_new_source() {
        for (was, is) in pairs() {
            on_each(|kqueue| {
                kqueue.register(1, was);
                kqueue.make_ready(kqueue.numbers.read);
                kqueue.poll();
                // Only the kernel notices that a descriptor is closed.
                kqueue.list.clear();
                let gone = kqueue.call(Call::Reregister(is), FD, 2);
                assert_eq!(gone, Err(ENOENT));
                assert_eq!(kqueue.poll(), NONE);
                kqueue.register(3, is);
                kqueue.expect(3, is);
            });
        }
    }

    #[test]
    fn registering_twice_is_registering_anew() {
        for (was, is) in pairs() {
            on_each(|kqueue| {
                kqueue.register(1, was);
                kqueue.make_ready(kqueue.numbers.read);
                kqueue.poll();
                kqueue.register(2, is);
                kqueue.expect(2, is);
            });
        }
    }

    #[test]
    fn reregister_changes_each_mode_into_each() {
        for (was, is) in pairs() {
            on_each(|kqueue| {
                kqueue.make_ready(kqueue.numbers.read);
                kqueue.register(1, was);
                assert_eq!(kqueue.poll(), ONE);
                kqueue.reregister(2, is);
                kqueue.expect(2, is);
                kqueue.reregister(3, was);
                kqueue.expect(3, was);
                // Changed twice, without an event in between.
                kqueue.reregister(4, is);
                kqueue.reregister(5, was);
                kqueue.expect(5, was);
            });
        }
    }

    #[test]
    fn a_reregister_that_fails_leaves_the_mode() {
        for (was, is) in pairs() {
            on_each(|kqueue| {
                kqueue.make_ready(kqueue.numbers.read);
                kqueue.register(1, was);
                kqueue.refused = Some(kqueue.numbers.write);
                let failed = kqueue.call(Call::Reregister(is | BOTH), FD, 2);
                assert_eq!(failed, Err(ENOMEM));
                kqueue.expect(2, was);
                // A oneshot that has fired is not re-armed by that.
                kqueue.refused = Some(kqueue.numbers.write);
                kqueue.call(Call::Reregister(is | BOTH), FD, 3).unwrap_err();
                if was.is_oneshot() {
                    assert_eq!(kqueue.poll(), NONE);
                } else {
                    kqueue.expect(3, was);
                }
            });
        }
    }

    #[test]
    fn a_register_that_fails_leaves_no_entry() {
        on_each(|kqueue| {
            kqueue.refused = Some(kqueue.numbers.write);
            let failed = kqueue.call(Call::Register(BOTH.oneshot()), FD, 1);
            assert_eq!(failed, Err(ENOMEM));
            assert!(kqueue.list.is_empty() && kqueue.modes.lock().entries.is_empty());
        });
    }

    #[test]
    fn a_change_of_an_entry_takes_no_memory() {
        let mut kqueue = Kqueue::new(&FREEBSD);
        kqueue.register(1, READABLE.oneshot());
        let size = |kqueue: &Kqueue| {
            let table = kqueue.modes.lock();
            (table.entries.len(), table.entries.capacity())
        };
        let mut fd = 100;
        // Fill the table up to its capacity.
        while size(&kqueue).0 < size(&kqueue).1 {
            let level = Call::Register(READABLE.level());
            kqueue.call(level, fd, 1).unwrap();
            fd += 1;
        }
        let before = size(&kqueue);
        for interests in [READABLE, READABLE.level(), BOTH, BOTH.oneshot()] {
            kqueue.reregister(1, interests);
            assert_eq!(size(&kqueue), before);
        }
    }

    /// Returns each pair of modes.
    fn pairs() -> impl Iterator<Item = (Interest, Interest)> {
        let modes = || [READABLE, READABLE.level(), READABLE.oneshot()].into_iter();
        modes().flat_map(move |was| modes().map(move |is| (was, is)))
    }
}
