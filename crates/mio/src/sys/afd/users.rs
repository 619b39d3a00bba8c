//! Users' handles that are attached to the port, and what we have started on them.
//!
//! A named pipe's handle is the user's too, who may start operations on it, or on a duplicate.
//! Their packets come to the port that the handle is attached to, and bring a pointer to memory of
//! the user's. So each such handle is attached with a key of its own, and of its packets only those
//! are taken that are in this list.
//!
//! A key is never used again, and what is started with it is memory that stays where it is for as
//! long as the key is known. So the address of an operation of ours can't be one that the user had
//! for an operation whose packet lies in the port still. One key for all pipes would not do: what
//! one of them frees, and where another's operation is then, may have been the user's in between.

use std::io;
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::sys::afd::operation::OperationId;

/// How many operations of ours may be under way on one handle: a connect, a read and a write.
const AT_ONCE: usize = 3;

/// What a user's handle is attached with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Key(pub(super) usize);

pub(super) struct Users {
    table: Mutex<Table>,
}

struct Table {
    next: Key,
    /// By key, because each new one is greater than all before.
    users: Vec<User>,
}

struct User {
    key: Key,
    under_way: [Option<OperationId>; AT_ONCE],
}

impl Users {
    /// The first key is the first that means nothing else.
    pub(super) fn new(first: usize) -> Users {
        Users {
            table: Mutex::new(Table {
                next: Key(first),
                users: Vec::new(),
            }),
        }
    }

    /// A new key. Nothing but this allocates.
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

    /// From now on no packet with this key is ours.
    pub(super) fn remove(&self, key: Key) {
        let mut table = self.lock();
        if let Ok(index) = table.position(key) {
            table.users.remove(index);
        }
    }

    /// This operation is about to be started. Answers whether its packet will be taken for ours.
    pub(super) fn expect(&self, key: Key, operation: OperationId) -> bool {
        self.replace(key, None, Some(operation))
    }

    /// A packet of this operation has come, or none will. Answers whether it was expected, which it
    /// is no more.
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
