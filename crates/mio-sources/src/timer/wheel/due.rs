//! The timers of the ticks that have begun, in exact order.

use std::time::Instant;

use super::slab::{Place, Slab};

/// A binary heap in which each timer knows its position, so that any of them can be removed.
#[derive(Debug)]
pub(super) struct Due {
    entries: Vec<Entry>,
}

/// Ordered by its fields: by deadline, and then by insertion.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Entry {
    deadline: Instant,
    serial: u64,
    index: u32,
}

impl Due {
    pub(super) fn with_capacity(capacity: usize) -> Due {
        Due {
            entries: Vec::with_capacity(capacity),
        }
    }

    /// Reserves room, so that no `push` allocates before there are more timers than this.
    pub(super) fn make_room(&mut self, capacity: usize) {
        let missing = capacity.saturating_sub(self.entries.len());
        self.entries.reserve_exact(missing);
    }

    /// Returns the deadline of the first timer.
    pub(super) fn deadline(&self) -> Option<Instant> {
        self.entries.first().map(|entry| entry.deadline)
    }

    pub(super) fn push<T>(&mut self, slab: &mut Slab<T>, index: u32) {
        let node = slab.node(index);
        let entry = Entry {
            deadline: node.deadline,
            serial: node.serial,
            index,
        };
        self.entries.push(entry);
        self.move_up(slab, self.entries.len() - 1, entry);
    }

    /// Removes and returns the first timer, if its deadline is not after `now`.
    pub(super) fn pop<T>(&mut self, slab: &mut Slab<T>, now: Instant) -> Option<u32> {
        let first = *self.entries.first()?;
        if first.deadline > now {
            return None;
        }
        self.remove(slab, 0);
        Some(first.index)
    }

    /// Removes the timer at a position.
    pub(super) fn remove<T>(&mut self, slab: &mut Slab<T>, at: usize) {
        let removed = self.entries.swap_remove(at);
        let Some(&moved) = self.entries.get(at) else {
            return;
        };
        if moved < removed {
            self.move_up(slab, at, moved);
        } else {
            self.move_down(slab, at, moved);
        }
    }

    /// Places an entry at `at`, which is free, or nearer to the top.
    fn move_up<T>(&mut self, slab: &mut Slab<T>, mut at: usize, entry: Entry) {
        while at > 0 {
            let parent = (at - 1) / 2;
            if self.entries[parent] <= entry {
                break;
            }
            self.put(slab, at, self.entries[parent]);
            at = parent;
        }
        self.put(slab, at, entry);
    }

    /// Places an entry at `at`, which is free, or further from the top.
    fn move_down<T>(&mut self, slab: &mut Slab<T>, mut at: usize, entry: Entry) {
        loop {
            let mut child = 2 * at + 1;
            if child >= self.entries.len() {
                break;
            }
            let right = child + 1;
            if right < self.entries.len() && self.entries[right] < self.entries[child] {
                child = right;
            }
            if entry <= self.entries[child] {
                break;
            }
            self.put(slab, at, self.entries[child]);
            at = child;
        }
        self.put(slab, at, entry);
    }

    fn put<T>(&mut self, slab: &mut Slab<T>, at: usize, entry: Entry) {
        self.entries[at] = entry;
        // There are no more entries than timers, whose indexes have 32 bits.
        slab.node_mut(entry.index).place = Place::Due { at: at as u32 };
    }
}
