//! The timers whose tick has not begun: lists of timers that expire at about the same time.
//!
//! Time is divided into ticks, and a tick is a number of [`LEVELS`] digits of 6 bits. A timer is in
//! the level of the first digit in which its tick differs from the current one, in the slot of that
//! digit. So all timers of a slot come before those of a later slot of the level, and before those
//! of higher levels. When the current tick reaches a slot, its timers are inserted again: each
//! moves to a lower level, or is due. That happens at most once per level, and usually once or
//! twice.
//!
//! A tick is about 17 milliseconds. With shorter ticks timers would be moved more often, and each
//! move touches scattered memory. The heap of due timers is small and stays in the cache.

use std::time::{Duration, Instant};

use super::due::Due;
use super::slab::{NONE, Place, Slab};

const LEVELS: usize = 7;
const BITS: u32 = 6;
const SLOTS: usize = 1 << BITS;
/// The last tick, 2000 years after the origin. Later deadlines are in this tick too.
const LAST: u64 = (1 << (BITS * LEVELS as u32)) - 1;

#[derive(Debug)]
pub(super) struct Slots {
    /// The beginning of tick 0.
    origin: Instant,
    /// All timers of this tick and of earlier ones are due.
    current: u64,
    /// For each level, a bit mask of the slots with timers.
    occupied: [u64; LEVELS],
    slots: Box<[Slot]>,
}

/// A list of timers. `last` is valid only if there is a first one.
#[derive(Debug, Clone, Copy)]
struct Slot {
    first: u32,
    last: u32,
    /// No deadline in the slot is before this. It stays if the earliest timer was removed.
    earliest: Instant,
}

/// The result of advancing the time.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Advance {
    /// Timers were inserted again; some may be due now.
    Moved,
    /// No tick up to the given one has timers.
    Nothing,
}

impl Slots {
    pub(super) fn new(origin: Instant) -> Slots {
        let empty = Slot {
            first: NONE,
            last: NONE,
            earliest: origin,
        };
        Slots {
            origin,
            current: 0,
            occupied: [0; LEVELS],
            slots: vec![empty; LEVELS * SLOTS].into_boxed_slice(),
        }
    }

    /// Inserts a timer into its slot, or into the heap if it is due.
    pub(super) fn insert<T>(&mut self, slab: &mut Slab<T>, due: &mut Due, index: u32) {
        let deadline = slab.node(index).deadline;
        let tick = self.tick(deadline);
        if tick <= self.current {
            return due.push(slab, index);
        }
        let level = (tick ^ self.current).ilog2() / BITS;
        let digit = (tick >> (level * BITS)) as usize % SLOTS;
        self.occupied[level as usize] |= 1 << digit;
        let slot = level as usize * SLOTS + digit;
        self.append(slab, slot, index, deadline);
    }

    /// Removes a timer from its slot.
    pub(super) fn remove<T>(&mut self, slab: &mut Slab<T>, index: u32) {
        let Place::Slot {
            slot,
            previous,
            next,
        } = slab.node(index).place
        else {
            return;
        };
        let number = usize::from(slot);
        let slot = &mut self.slots[number];
        if next == NONE {
            slot.last = previous;
        } else {
            set_previous(slab, next, previous);
        }
        if previous == NONE {
            slot.first = next;
        } else {
            set_next(slab, previous, next);
        }
        if slot.first == NONE {
            self.occupied[number / SLOTS] &= !(1 << (number % SLOTS));
        }
    }

    /// Returns a moment before which no timer in a slot expires.
    pub(super) fn earliest(&self) -> Option<Instant> {
        let (level, digit) = self.first_slot()?;
        Some(self.slots[level * SLOTS + digit].earliest)
    }

    /// Advances to the first slot with timers and inserts these again, if it has begun by `now`.
    ///
    /// The heap must be empty, or its timers would be mixed with later ones.
    pub(super) fn advance<T>(
        &mut self,
        slab: &mut Slab<T>,
        due: &mut Due,
        now: Instant,
    ) -> Advance {
        let now = self.tick(now);
        let Some((level, digit)) = self.first_slot() else {
            self.current = self.current.max(now);
            return Advance::Nothing;
        };
        let shift = level as u32 * BITS;
        let above = self.current >> shift >> BITS << BITS << shift;
        let begin = above | (digit as u64) << shift;
        if begin > now {
            // No slot up to `now` has timers, so all stay where they belong.
            self.current = self.current.max(now);
            return Advance::Nothing;
        }
        self.current = begin;
        self.occupied[level] &= !(1 << digit);
        let slot = level * SLOTS + digit;
        let mut index = std::mem::replace(&mut self.slots[slot].first, NONE);
        while let Place::Slot { next, .. } = slab.node(index).place {
            self.insert(slab, due, index);
            if next == NONE {
                break;
            }
            index = next;
        }
        Advance::Moved
    }

    /// Returns the level and the digit of the first slot with timers.
    fn first_slot(&self) -> Option<(usize, usize)> {
        let level = self.occupied.iter().position(|slots| *slots != 0)?;
        Some((level, self.occupied[level].trailing_zeros() as usize))
    }

    /// Returns the tick of a moment, which is never less for a later moment. There are 64 for each
    /// second, of 2^24 nanoseconds each, but the last ones of a second are shorter or empty.
    fn tick(&self, moment: Instant) -> u64 {
        let since: Duration = moment.saturating_duration_since(self.origin);
        let seconds = since.as_secs().min(LAST >> 6);
        (seconds << 6 | u64::from(since.subsec_nanos() >> 24)).min(LAST)
    }

    fn append<T>(&mut self, slab: &mut Slab<T>, number: usize, index: u32, deadline: Instant) {
        let slot = &mut self.slots[number];
        let previous = if slot.first == NONE {
            slot.first = index;
            slot.earliest = deadline;
            NONE
        } else {
            slot.earliest = deadline.min(slot.earliest);
            set_next(slab, slot.last, index);
            slot.last
        };
        slot.last = index;
        slab.node_mut(index).place = Place::Slot {
            // There are fewer slots than 16 bits can number.
            slot: number as u16,
            previous,
            next: NONE,
        };
    }
}

fn set_next<T>(slab: &mut Slab<T>, index: u32, new: u32) {
    if let Place::Slot { next, .. } = &mut slab.node_mut(index).place {
        *next = new;
    }
}

fn set_previous<T>(slab: &mut Slab<T>, index: u32, new: u32) {
    if let Place::Slot { previous, .. } = &mut slab.node_mut(index).place {
        *previous = new;
    }
}
