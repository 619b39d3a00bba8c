//! One source, and a simulated kernel that returns what the test says.

use std::fs::File;
use std::os::fd::{AsRawFd, OwnedFd};
use std::os::unix::net::UnixStream;
use std::time::Duration;

use libc::{POLLERR, POLLHUP, POLLIN, POLLOUT};

use super::*;
use crate::sys::unix::poll_bits::{PRI, RDHUP};

/// A table with one source.
struct Fixture {
    table: Registrations,
    key: Key,
    file: OwnedFd,
}

impl Fixture {
    fn new(told: bool) -> Fixture {
        Fixture::of(told, Interest::READABLE | Interest::WRITABLE)
    }

    fn of(told: bool, interests: Interest) -> Fixture {
        let (one, _) = UnixStream::pair().unwrap();
        Fixture::of_file(one.into(), told, interests)
    }

    /// Creates the fixture with a file whose changes may be reported to one call only.
    fn that_reports_once(told: bool, interests: Interest) -> Fixture {
        let file = File::open(std::env::current_exe().unwrap()).unwrap();
        Fixture::of_file(file.into(), told, interests)
    }

    fn of_file(file: OwnedFd, told: bool, interests: Interest) -> Fixture {
        let mut table = Registrations::default();
        let fd = file.as_raw_fd();
        let key = table.insert(fd, told, Token(1), interests).unwrap();
        let mut fixture = Fixture { table, key, file };
        fixture.sync();
        fixture
    }

    fn slot(&self) -> usize {
        self.key.slot as usize
    }

    fn sync(&mut self) {
        while self.table.next_change().is_some() {}
    }

    /// Returns the flags that are requested while waiting, or `None` if there is no request.
    fn question(&mut self) -> Option<c_short> {
        self.sync();
        match self.table.slots[self.slot()].question() {
            Question::Ready(_, flags) => Some(flags),
            Question::Free | Question::Nothing => None,
        }
    }

    /// Simulates flags that the kernel returns while waiting. Returns whether they are an event.
    fn answer(&mut self, answer: c_short) -> bool {
        self.sync();
        self.table.take(self.slot(), answer, false).is_some()
    }

    /// Simulates an operation that returns `WouldBlock` after others succeeded.
    fn would_block(&mut self, direction: Direction) -> bool {
        self.table.would_block(self.key, direction, true)
    }

    fn pass_renewal(&mut self) {
        let slot = self.slot();
        self.table.slots[slot].renew_at = Instant::now();
    }

    /// Simulates the result of a probe. Returns whether it is an event, or `None` if nothing is
    /// probed.
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
    let (slot, fd) = (source.slot(), source.file.as_raw_fd());
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
    assert!(source.would_block(Direction::Read));
    assert_eq!(source.question(), Some(READ));
    assert!(!source.would_block(Direction::Read), "it is armed already");
    assert!(source.would_block(Direction::Unknown));
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
    // Whatever operations return, the kernel keeps reporting the failure.
    source.would_block(Direction::Unknown);
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
    assert!(source.would_block(Direction::Read));
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
fn would_block_without_success_is_left_to_probes() {
    // For instance, an end of data that returns `WouldBlock`, with the flag for it or without.
    for answer in [POLLIN, POLLIN | RDHUP] {
        let mut source = Fixture::new(true);
        let blocked = |source: &mut Fixture| {
            let (table, key) = (&mut source.table, source.key);
            table.would_block(key, Direction::Read, false)
        };
        // The first time it is armed at once: the program may have read through a raw descriptor.
        assert!(source.answer(answer));
        assert!(blocked(&mut source));
        assert_eq!(source.question(), Some(READ | WRITE));
        assert!(source.answer(answer));
        assert!(blocked(&mut source));
        let rest = RDHUP & !answer;
        assert_eq!(source.question(), Some(WRITE | rest));
        assert_eq!(source.probe(answer), Some(false));
        source.pass_renewal();
        assert_eq!(source.probe(answer), Some(true));
        assert!(blocked(&mut source));
        assert_eq!(source.question(), Some(WRITE | rest));
        assert_eq!(source.probe(0), Some(false));
        assert_eq!(source.question(), Some(READ | WRITE));
    }
}

#[test]
fn failed_operation_makes_the_next_failure_news() {
    for direction in [None, Some(Direction::Read)] {
        let mut source = Fixture::new(true);
        assert!(source.answer(POLLERR));
        // The next failure is there before a probe could see the end of the first one.
        assert!(source.table.failed(source.key, direction));
        source.pass_renewal();
        assert_eq!(source.probe(POLLERR), Some(true));
        source.pass_renewal();
        assert_eq!(source.probe(POLLERR), Some(false), "the same one");
        assert_eq!(source.probe(0), Some(false));
        assert_eq!(source.question(), Some(READ | WRITE));
    }
}

#[test]
fn failed_operation_rearms_its_direction_once_per_renewal() {
    let mut source = Fixture::new(true);
    assert!(source.answer(POLLIN | POLLOUT));
    assert!(
        !source.table.failed(source.key, None),
        "no failure was delivered"
    );
    let failed = |source: &mut Fixture| source.table.failed(source.key, Some(Direction::Read));
    assert!(failed(&mut source));
    assert_eq!(source.question(), Some(READ));
    assert!(source.answer(POLLIN));
    assert!(failed(&mut source));
    assert_eq!(source.probe(POLLIN), Some(false), "too early");
    source.pass_renewal();
    assert_eq!(source.probe(POLLIN), Some(true));
    source.pass_renewal();
    assert_eq!(source.probe(POLLIN), None, "nothing was tried since");
}

#[test]
fn busy_direction_does_not_put_off_the_renewal_of_the_other() {
    for told in [true, false] {
        let mut source = Fixture::new(told);
        assert!(source.answer(POLLIN | RDHUP));
        if told {
            // Ready twice without data, so that it awaits a probe.
            source.table.would_block(source.key, Direction::Read, false);
            assert!(source.answer(POLLIN));
            source.table.would_block(source.key, Direction::Read, false);
        }
        let slot = source.slot();
        // Later than a slow machine can be.
        let due = Instant::now() + Duration::from_secs(1_000);
        source.table.slots[slot].renew_at = due;
        // There is room to write again and again.
        for _ in 0..3 {
            assert!(source.answer(POLLOUT));
            source.would_block(Direction::Write);
            assert_eq!(source.probe(POLLIN), Some(false));
        }
        assert_eq!(source.table.slots[slot].renew_at, due, "told: {told}");
        source.pass_renewal();
        assert_eq!(source.probe(POLLIN), Some(true));
    }
}

#[test]
fn drained_direction_that_awaits_a_probe_is_armed_at_once() {
    let mut source = Fixture::new(true);
    for _ in 0..2 {
        assert!(source.answer(POLLIN | RDHUP));
        source.table.would_block(source.key, Direction::Read, false);
    }
    assert_eq!(source.question(), Some(WRITE));
    assert!(source.would_block(Direction::Read));
    assert_eq!(source.question(), Some(READ | WRITE));
    assert_eq!(source.probe(POLLIN), None);
    assert!(source.answer(POLLIN));
}

#[test]
fn error_that_a_probe_has_seen_is_delivered_when_it_is_gone() {
    for told in [true, false] {
        let mut source = Fixture::that_reports_once(told, Interest::READABLE);
        assert!(source.answer(POLLIN | POLLERR));
        assert_eq!(source.probe(POLLIN | POLLERR), Some(false), "too early");
        assert_eq!(source.probe(POLLIN), Some(true));
        assert_ne!(source.probe(POLLIN), Some(true), "once, {told}");
    }
}

#[test]
fn error_that_each_probe_sees_is_delivered_at_the_renewal() {
    for told in [true, false] {
        let mut source = Fixture::that_reports_once(told, Interest::READABLE);
        assert!(source.answer(POLLIN | POLLERR));
        for _ in 0..3 {
            assert_eq!(source.probe(POLLIN | POLLERR), Some(false));
            source.pass_renewal();
            assert_eq!(source.probe(POLLIN | POLLERR), Some(true));
        }
    }
}

#[test]
fn error_of_a_socket_is_over_when_it_is_gone() {
    let mut source = Fixture::of(false, Interest::READABLE);
    assert!(source.answer(POLLERR));
    assert_eq!(source.probe(POLLERR), Some(false));
    assert_eq!(source.probe(0), Some(false));
}

#[test]
fn postponed_answer_is_delivered_though_the_next_one_lacks_it() {
    let modes = [
        Interest::READABLE,
        Interest::READABLE.level(),
        Interest::READABLE.oneshot(),
    ];
    for interest in modes {
        let mut source = Fixture::that_reports_once(false, interest);
        source.table.postpone(source.slot(), POLLIN | POLLERR);
        assert_eq!(source.probe(0), Some(true), "{interest:?}");
        source.pass_renewal();
        assert_ne!(source.probe(0), Some(true), "once");
    }
}

#[test]
fn answer_to_a_question_that_has_changed_is_kept() {
    let mut source = Fixture::that_reports_once(false, Interest::READABLE);
    let slot = source.slot();
    let interest = Interest::READABLE | Interest::WRITABLE;
    source.table.update(slot, Token(2), interest);
    assert_eq!(source.table.take(slot, POLLERR, false), None);
    assert_eq!(source.probe(0), Some(true));
}

#[test]
fn answer_about_an_older_registration_is_nothing() {
    let mut source = Fixture::that_reports_once(false, Interest::READABLE);
    let (slot, fd) = (source.slot(), source.file.as_raw_fd());
    source.table.remove(slot);
    let key = source.table.insert(fd, false, Token(2), Interest::READABLE);
    assert_eq!(key.unwrap().slot, source.key.slot);
    assert_eq!(source.table.take(slot, POLLIN | POLLERR, false), None);
    source.table.postpone(slot, POLLIN | POLLERR);
    assert_eq!(source.probe(0), None);
}

#[test]
fn interest_that_was_left_out_is_not_kept() {
    let mut source = Fixture::that_reports_once(false, Interest::READABLE | Interest::WRITABLE);
    source.table.postpone(source.slot(), POLLIN);
    let slot = source.slot();
    source.table.update(slot, Token(1), Interest::WRITABLE);
    assert_eq!(source.probe(PRI), None);
}

#[test]
fn postponed_closed_descriptor_ends_the_registration() {
    let mut source = Fixture::new(false);
    source.table.postpone(source.slot(), NVAL);
    assert!(source.table.find(source.key).is_err());
    assert_eq!(source.table.used, 0);
}

#[test]
fn sockets_without_an_inode_replace_each_other() {
    let mut source = Fixture::new(false);
    let fd = source.file.as_raw_fd();
    let known = Identity::of(fd).unwrap();
    let unknown = known.map(Identity::without_inode);
    let mut insert = |identity, told| {
        let table = &mut source.table;
        table.insert_as(fd, identity, told, Token(2), Interest::READABLE)
    };
    assert!(insert(known, false).is_err(), "the same open file");
    assert!(insert(unknown, false).is_ok(), "another file");
    assert!(insert(unknown, false).is_ok(), "maybe another file");
    assert!(insert(unknown, true).is_ok());
    assert!(insert(unknown, false).is_err(), "that socket is alive");
    assert!(insert(known, false).is_ok(), "it is another file after all");
    assert_eq!(source.table.used, 1);
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
    assert!(!source.would_block(Direction::Unknown));
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
            assert!(!source.would_block(Direction::Read));
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
            assert!(!source.would_block(Direction::Unknown));
            assert_eq!(source.question(), None);
            assert_eq!(source.probe(answer), None);
            let slot = source.slot();
            source.table.update(slot, Token(1), both);
        }
    }
}
