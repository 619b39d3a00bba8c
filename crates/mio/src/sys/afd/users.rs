//! Users' handles that are attached to the port, and our operations on them.
//!
//! The user of a named pipe may start operations on its handle, or on a duplicate. Their packets
//! arrive at the port that the handle is attached to, and contain a pointer to the user's memory.
//! So each such handle has a key of its own, and of its packets only those whose operation is in
//! this list are ours.
//!
//! Keys are never reused. An operation that was started with a key does not move as long as the key
//! is valid. So the address of one of our operations can't be the address of a user's earlier
//! operation whose packet is still in the port. One key for all pipes would not be enough: one pipe
//! could free an address, the user could use it in between, and then another pipe could have an
//! operation there.

use std::io;
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::sys::afd::operation::OperationId;

/// The maximum number of our operations in flight on one handle: a connect, a read and a write.
const AT_ONCE: usize = 3;

/// The completion key of a user's handle.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Key(pub(super) usize);

pub(super) struct Users {
    table: Mutex<Table>,
}

struct Table {
    next: Key,
    /// Sorted by key, because each new key is greater than all earlier ones.
    users: Vec<User>,
}

struct User {
    key: Key,
    under_way: [Option<OperationId>; AT_ONCE],
}

impl Users {
    /// Creates a list whose first key is `first`, which must have no other meaning.
    pub(super) fn new(first: usize) -> Users {
        Users {
            table: Mutex::new(Table {
                next: Key(first),
                users: Vec::new(),
            }),
        }
    }

    /// Adds a handle and returns its key. Nothing else here allocates.
    pub(super) fn add(&self) -> io::Result<Key> {
        let mut table = self.lock();
        let key = table.next;
        let after = key.0.checked_add(1);
        table.next = Key(after.ok_or(io::ErrorKind::OutOfMemory)?);
        table.users.push(User {
            key,
            under_way: [None; AT_ONCE],
        });
        Ok(key)
    }

    /// Removes a key. From now on no packet with this key is ours.
    pub(super) fn remove(&self, key: Key) {
        let mut table = self.lock();
        if let Ok(index) = table.position(key) {
            table.users.remove(index);
        }
    }

    /// Records an operation that is about to start. Returns `true` if its packet will be
    /// recognized.
    pub(super) fn expect(&self, key: Key, operation: OperationId) -> bool {
        self.replace(key, None, Some(operation))
    }

    /// Forgets an operation whose packet has arrived, or that did not start. Returns `true` if it
    /// was recorded.
    pub(super) fn take(&self, key: Key, operation: OperationId) -> bool {
        self.replace(key, Some(operation), None)
    }

    fn replace(&self, key: Key, old: Option<OperationId>, new: Option<OperationId>) -> bool {
        let mut table = self.lock();
        let Ok(index) = table.position(key) else {
            return false;
        };
        let mut under_way = table.users[index].under_way.iter_mut();
        let place = under_way.find(|place| **place == old);
        place.map(|place| *place = new).is_some()
    }

    fn lock(&self) -> MutexGuard<'_, Table> {
        self.table.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Table {
    fn position(&self, key: Key) -> Result<usize, usize> {
        self.users.binary_search_by_key(&key, |user| user.key)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(address: usize) -> OperationId {
        OperationId::of(address as *mut _)
    }

    #[test]
    fn a_packet_is_ours_once_and_with_its_own_key_only() {
        let users = Users::new(2);
        let (one, two) = (users.add().unwrap(), users.add().unwrap());
        assert!(users.expect(one, id(16)));
        assert!(!users.take(two, id(16)), "another's key");
        assert!(!users.take(one, id(32)), "not ours");
        assert!(!users.take(one, id(0)), "no operation at all");
        assert!(users.take(one, id(16)));
        assert!(!users.take(one, id(16)), "a second time");
    }

    #[test]
    fn nothing_is_ours_with_a_key_that_is_gone() {
        let users = Users::new(2);
        let keys: Vec<_> = (0..3).map(|_| users.add().unwrap()).collect();
        for key in &keys {
            assert!(users.expect(*key, id(16)));
        }
        users.remove(keys[1]);
        assert!(!users.take(keys[1], id(16)));
        assert!(!users.expect(keys[1], id(16)));
        let new = users.add().unwrap();
        assert!(!keys.contains(&new) && new.0 > 2);
        assert!(users.take(keys[0], id(16)) && users.take(keys[2], id(16)));
        assert!(!users.take(new, id(16)));
    }

    #[test]
    fn what_would_not_be_expected_is_not_started() {
        let users = Users::new(2);
        let key = users.add().unwrap();
        for address in [16, 32, 48] {
            assert!(users.expect(key, id(address)));
        }
        assert!(!users.expect(key, id(64)));
        assert!(users.take(key, id(32)) && users.expect(key, id(64)));
    }
}
