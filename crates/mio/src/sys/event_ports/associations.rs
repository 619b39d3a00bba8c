//! The current association of each slot, and the user data that identifies an event's registration.

use std::os::fd::RawFd;

use libc::c_short;

use crate::sys::unix::registrations::{Key, Question};

/// The last association of each slot. `None` if there was none, or if its event has come.
#[derive(Default)]
pub(super) struct Associations {
    slots: Vec<Option<(RawFd, c_short)>>,
}

/// A call that brings the port up to date.
#[derive(Debug, PartialEq)]
pub(super) enum Request {
    Associate(RawFd, c_short),
    Dissociate(RawFd),
}

impl Associations {
    /// Reserves room for this many slots, so that nothing else allocates.
    pub(super) fn reserve(&mut self, slots: usize) {
        if slots > self.slots.len() {
            self.slots.resize(slots, None);
        }
    }

    /// Returns the call, if any, that updates the port for this slot. The call counts as made.
    pub(super) fn update(&mut self, slot: usize, question: Question) -> Option<Request> {
        let asked = &mut self.slots[slot];
        match question {
            // The end of the registration or of its descriptor has ended the association. The
            // number may belong to another file by now.
            Question::Free => {
                *asked = None;
                None
            }
            Question::Nothing => asked.take().map(|(fd, _)| Request::Dissociate(fd)),
            Question::Ready(fd, flags) if *asked == Some((fd, flags)) => None,
            Question::Ready(fd, flags) => {
                *asked = Some((fd, flags));
                Some(Request::Associate(fd, flags))
            }
        }
    }

    /// Records that the port was associated with these flags.
    pub(super) fn set(&mut self, slot: usize, fd: RawFd, flags: c_short) {
        self.slots[slot] = Some((fd, flags));
    }

    /// Records that the association has ended. Returns its descriptor.
    pub(super) fn clear(&mut self, slot: usize) -> Option<RawFd> {
        self.slots[slot].take().map(|(fd, _)| fd)
    }
}

/// Returns the user data of an association: the slot in the lower half, the generation in the
/// upper.
pub(super) fn word(key: Key) -> u64 {
    u64::from(key.generation) << 32 | u64::from(key.slot)
}

/// Returns the registration that this user data identifies.
pub(super) fn key(word: u64) -> Key {
    Key {
        slot: word as u32,
        generation: (word >> 32) as u32,
    }
}

#[cfg(test)]
mod tests {
    use libc::{POLLIN, POLLOUT};

    use super::*;

    fn associations() -> Associations {
        let mut associations = Associations::default();
        associations.reserve(2);
        associations
    }

    #[test]
    fn the_port_is_told_what_it_does_not_know() {
        let mut associations = associations();
        let (read, both) = (
            Question::Ready(7, POLLIN),
            Question::Ready(7, POLLIN | POLLOUT),
        );
        let associate = |flags| Some(Request::Associate(7, flags));
        assert_eq!(associations.update(1, read), associate(POLLIN));
        assert_eq!(associations.update(1, read), None);
        assert_eq!(associations.update(1, both), associate(POLLIN | POLLOUT));
        // The event has come, which ends the association.
        assert_eq!(associations.clear(1), Some(7));
        assert_eq!(associations.update(1, both), associate(POLLIN | POLLOUT));
    }

    #[test]
    fn only_failures_are_a_question_too() {
        let mut associations = associations();
        let none = Question::Ready(7, 0);
        assert_eq!(associations.update(0, none), Some(Request::Associate(7, 0)));
        assert_eq!(associations.update(0, none), None);
    }

    #[test]
    fn what_has_failed_is_left_out() {
        let mut associations = associations();
        assert_eq!(associations.update(0, Question::Nothing), None);
        associations.set(0, 7, POLLIN);
        assert_eq!(
            associations.update(0, Question::Nothing),
            Some(Request::Dissociate(7))
        );
        assert_eq!(associations.update(0, Question::Nothing), None);
    }

    #[test]
    fn nothing_is_said_about_the_number_of_a_free_slot() {
        let mut associations = associations();
        associations.set(0, 7, POLLIN);
        assert_eq!(associations.update(0, Question::Free), None);
        // The same request for another registration is a new one.
        let read = Question::Ready(7, POLLIN);
        assert!(associations.update(0, read).is_some());
    }

    #[test]
    fn room_is_made_without_forgetting() {
        let mut associations = associations();
        associations.set(1, 7, POLLIN);
        associations.reserve(64);
        associations.reserve(2);
        assert_eq!(associations.update(1, Question::Ready(7, POLLIN)), None);
        assert_eq!(associations.clear(63), None);
    }

    #[test]
    fn a_word_names_a_slot_and_a_generation() {
        for (slot, generation) in [(0, 0), (1, 0), (0, 1), (u32::MAX, 3), (5, u32::MAX)] {
            let named = Key { slot, generation };
            assert_eq!(key(word(named)), named);
        }
        let first = Key {
            slot: 5,
            generation: 1,
        };
        let second = Key {
            slot: 5,
            generation: 2,
        };
        assert_ne!(word(first), word(second));
    }
}
