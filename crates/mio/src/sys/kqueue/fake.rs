//! A minimal in-memory kqueue for tests: only behaviour that all the manuals agree on.

use crate::interest::Mode;
use crate::sys::kqueue::changes::{Call, Changes};
use crate::sys::kqueue::modes::{Modes, Seen};
use crate::sys::kqueue::numbers::Numbers;
use crate::{Interest, Token};

/// The descriptor of the tests.
pub(super) const FD: usize = 5;
pub(super) const ENOENT: i32 = 2;
pub(super) const ENOMEM: i32 = 12;
const EBADF: i32 = 9;
const EPIPE: i32 = 32;

/// A record of the tests, with the number of records that were joined to it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Record {
    pub(super) fd: usize,
    pub(super) filter: i32,
    pub(super) flags: u32,
    pub(super) token: usize,
    pub(super) joined: usize,
}

/// An entry of a kqueue's list.
#[derive(Debug, Clone)]
pub(super) struct Knote {
    fd: usize,
    filter: i32,
    flags: u32,
    token: usize,
    is_disabled: bool,
    is_active: bool,
}

/// A selector on such a kernel.
pub(super) struct Kqueue {
    pub(super) numbers: &'static Numbers,
    pub(super) list: Vec<Knote>,
    /// The ready descriptors and filters.
    ready: Vec<(usize, i32)>,
    /// The descriptor is the writing end of a pipe without readers.
    pub(super) lacks_readers: bool,
    /// A filter that can't be added the next time.
    pub(super) refused: Option<i32>,
    pub(super) modes: Modes,
}

impl Kqueue {
    pub(super) fn new(numbers: &'static Numbers) -> Kqueue {
        Kqueue {
            numbers,
            list: Vec::new(),
            ready: Vec::new(),
            lacks_readers: false,
            refused: None,
            modes: Modes::default(),
        }
    }

    /// Does the same as `Selector::call`.
    pub(super) fn call(&mut self, call: Call, fd: usize, token: usize) -> Result<(), i32> {
        let modes = std::mem::take(&mut self.modes);
        let mut table = modes.table_for(call);
        let was = table.as_ref().map_or(Mode::Edge, |table| table.mode(fd));
        let changes = call.changes(was);
        let receipts = self.change(&changes, fd, token);
        let is_pipe = || self.lacks_readers;
        let outcome = call.outcome(was, &changes, &receipts, self.numbers, is_pipe);
        let (learnt, more) = match &outcome {
            Ok(success) => (Ok(success.interests), success.rest),
            Err(failure) => (Err(failure.code), failure.undo),
        };
        self.change(&more, fd, token);
        if let Some(table) = &mut table {
            table.learn(call, fd, Token(token), learnt.ok());
        }
        let outcome = learnt.map(drop);
        drop(table);
        self.modes = modes;
        outcome
    }

    pub(super) fn register(&mut self, token: usize, interests: Interest) {
        self.call(Call::Register(interests), FD, token).unwrap();
    }

    pub(super) fn reregister(&mut self, token: usize, interests: Interest) {
        self.call(Call::Reregister(interests), FD, token).unwrap();
    }

    fn change(&mut self, changes: &Changes, fd: usize, token: usize) -> Vec<i32> {
        let all = changes
            .iter()
            .map(|change| change.filter_and_flags(self.numbers));
        let all: Vec<_> = all.collect();
        let each = all.into_iter();
        each.map(|(filter, flags)| self.change_one(fd, filter, flags, token))
            .collect()
    }

    fn change_one(&mut self, fd: usize, filter: i32, flags: u32, token: usize) -> i32 {
        let numbers = self.numbers;
        let mut list = self.list.iter();
        let place = list.position(|knote| (knote.fd, knote.filter) == (fd, filter));
        let place = match place {
            None if flags & numbers.add == 0 => return ENOENT,
            None if self.refused.take_if(|refused| *refused == filter).is_some() => {
                return ENOMEM;
            }
            None if self.lacks_readers && filter == numbers.write => return self.no_readers(),
            None => {
                self.list.push(Knote {
                    fd,
                    filter,
                    flags: flags & (numbers.clear | numbers.dispatch),
                    token,
                    is_disabled: false,
                    is_active: false,
                });
                self.list.len() - 1
            }
            Some(place) if flags & numbers.delete != 0 => {
                self.list.remove(place);
                return 0;
            }
            Some(place) => place,
        };
        let knote = &mut self.list[place];
        knote.token = token;
        knote.is_disabled &= flags & numbers.enable == 0;
        knote.is_active |= self.ready.contains(&(fd, filter));
        0
    }

    /// Returns the error with which the kernel refuses the writing filter of a pipe without
    /// readers.
    fn no_readers(&self) -> i32 {
        if self.numbers.read == 0 { EBADF } else { EPIPE } // NetBSD's filters begin at zero.
    }

    /// Makes the descriptor ready, once more if it already was.
    pub(super) fn make_ready(&mut self, filter: i32) {
        self.ready.push((FD, filter));
        for knote in &mut self.list {
            knote.is_active |= (knote.fd, knote.filter) == (FD, filter);
        }
    }

    pub(super) fn use_up(&mut self) {
        self.ready.clear();
        self.list
            .iter_mut()
            .for_each(|knote| knote.is_active = false);
    }

    /// Returns the records of one call of kevent(2).
    pub(super) fn take(&mut self, most: usize) -> Vec<Record> {
        let (numbers, mut records) = (self.numbers, Vec::new());
        for knote in &mut self.list {
            let is_level = knote.flags & (numbers.clear | numbers.dispatch) == 0;
            let is_due = knote.is_active && !knote.is_disabled && records.len() < most;
            if is_due {
                records.push(Record {
                    fd: knote.fd,
                    filter: knote.filter,
                    flags: numbers.add | knote.flags,
                    token: knote.token,
                    joined: 0,
                });
                knote.is_active = is_level;
                knote.is_disabled = knote.flags & numbers.dispatch != 0;
            }
        }
        records
    }

    pub(super) fn keep(&self, mut records: Vec<Record>) -> Vec<Record> {
        let seen = |record: &Record| Seen {
            ident: record.fd,
            filter: record.filter,
            flags: record.flags,
            token: Token(record.token),
        };
        let join = |first: &mut Record, second: &Record| {
            assert_eq!((first.fd, first.token), (second.fd, second.token));
            first.joined += 1;
        };
        if self.modes.are_used() {
            self.modes.keep(self.numbers, &mut records, seen, join);
        }
        records
    }

    /// Returns the token of each event of one `select`, with the number of records joined to it.
    pub(super) fn poll(&mut self) -> Vec<(usize, usize)> {
        let records = self.take(usize::MAX);
        let kept = self.keep(records);
        let pairs = kept.iter().map(|record| (record.token, record.joined));
        pairs.collect()
    }

    /// Checks that readiness is reported with this token, and again as the mode requires.
    pub(super) fn expect(&mut self, token: usize, interests: Interest) {
        assert_eq!(self.poll(), [(token, 0)], "{interests:?}");
        let is_level = interests.is_level();
        assert_eq!(self.poll().len(), usize::from(is_level), "{interests:?}");
        self.make_ready(self.numbers.read);
        let is_again = !interests.is_oneshot();
        assert_eq!(self.poll().len(), usize::from(is_again), "{interests:?}");
    }
}
