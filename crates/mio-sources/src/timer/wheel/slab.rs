//! Storage for the timers of a wheel: an array whose free entries are chained.

use std::time::Instant;

/// The index that means no entry.
pub(super) const NONE: u32 = u32::MAX;

#[derive(Debug)]
pub(super) struct Slab<T> {
    nodes: Vec<Node<T>>,
    /// The first free entry.
    free: u32,
    len: usize,
}

#[derive(Debug)]
pub(super) struct Node<T> {
    pub(super) deadline: Instant,
    /// Increases with each timer of the wheel and is never reused. It distinguishes a timer from a
    /// later one in the same entry, and orders timers with the same deadline.
    pub(super) serial: u64,
    pub(super) place: Place,
    /// The payload. A free entry has none.
    value: Option<T>,
}

/// The location of a timer.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Place {
    /// None: the entry is free, or the timer is being moved.
    Nowhere { next_free: u32 },
    /// In the list of a slot.
    Slot { slot: u16, previous: u32, next: u32 },
    /// In the heap of due timers, at this position.
    Due { at: u32 },
}

impl<T> Slab<T> {
    pub(super) fn with_capacity(capacity: usize) -> Slab<T> {
        Slab {
            nodes: Vec::with_capacity(capacity),
            free: NONE,
            len: 0,
        }
    }

    pub(super) fn len(&self) -> usize {
        self.len
    }

    /// Returns the number of timers that fit without an allocation.
    pub(super) fn capacity(&self) -> usize {
        self.nodes.capacity()
    }

    /// # Panics
    ///
    /// Panics if there are `u32::MAX` timers.
    pub(super) fn insert(&mut self, deadline: Instant, serial: u64, value: T) -> u32 {
        let node = Node {
            deadline,
            serial,
            place: Place::Nowhere { next_free: NONE },
            value: Some(value),
        };
        let index = if self.free == NONE {
            let index = u32::try_from(self.nodes.len()).unwrap_or(NONE);
            assert!(index != NONE, "a wheel has room for u32::MAX timers");
            self.nodes.push(node);
            index
        } else {
            let index = self.free;
            let entry = &mut self.nodes[index as usize];
            if let Place::Nowhere { next_free } = entry.place {
                self.free = next_free;
            }
            *entry = node;
            index
        };
        self.len += 1;
        index
    }

    /// Frees an entry that is no longer in a list or in the heap.
    pub(super) fn remove(&mut self, index: u32) -> Option<T> {
        let entry = &mut self.nodes[index as usize];
        let value = entry.value.take()?;
        entry.place = Place::Nowhere {
            next_free: self.free,
        };
        self.free = index;
        self.len -= 1;
        Some(value)
    }

    /// Returns the timer with this serial number, if it still exists.
    pub(super) fn get(&self, index: u32, serial: u64) -> Option<&Node<T>> {
        let node = self.nodes.get(index as usize)?;
        (node.serial == serial && node.value.is_some()).then_some(node)
    }

    pub(super) fn value(&self, index: u32) -> Option<&T> {
        self.nodes[index as usize].value.as_ref()
    }

    pub(super) fn value_mut(&mut self, index: u32) -> Option<&mut T> {
        self.nodes[index as usize].value.as_mut()
    }

    pub(super) fn node(&self, index: u32) -> &Node<T> {
        &self.nodes[index as usize]
    }

    pub(super) fn node_mut(&mut self, index: u32) -> &mut Node<T> {
        &mut self.nodes[index as usize]
    }
}
