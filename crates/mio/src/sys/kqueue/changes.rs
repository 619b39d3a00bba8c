//! The changes that a registration call makes to a kqueue, and the meaning of their receipts.

use crate::Interest;
use crate::interest::Mode;
use crate::sys::kqueue::numbers::Numbers;

/// A registration call for one source.
#[derive(Debug, Clone, Copy)]
pub(super) enum Call {
    Register(Interest),
    Reregister(Interest),
    Deregister,
}

/// The changes of one call, in this order.
#[derive(Debug, Clone, Copy)]
pub(super) struct Changes {
    list: [Change; Changes::MOST],
    length: usize,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Change {
    action: Action,
    filter: Filter,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Action {
    /// Enables the filter, which has no effect unless its oneshot has fired. Fails if the filter
    /// does not exist.
    Find,
    /// Adds the filter or, if it exists, changes only its token. In both cases the filter reports
    /// current readiness.
    Add(Mode),
    Delete,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Filter {
    Read,
    Write,
}

/// The result of a successful call.
#[derive(Debug, Clone, Copy)]
pub(super) struct Success {
    /// The changes still to make.
    pub(super) rest: Changes,
    /// The interests of the filters. They include one that was not requested if a filter stands in
    /// for another.
    pub(super) interests: Option<Interest>,
}

/// The error of a failed call, and the changes that undo its effects.
#[derive(Debug)]
pub(super) struct Failure {
    pub(super) code: i32,
    pub(super) undo: Changes,
}

impl Call {
    /// Returns the changes for this call. Interests in asynchronous file operations need none: the
    /// program that starts such an operation names the kqueue that reports its end.
    ///
    /// `was` is the mode of the source, or the last one registered for its number. Adding a filter
    /// that exists does not change its mode, so a change of mode deletes the filter first. The
    /// receipt of that also shows whether the filter existed.
    pub(super) fn changes(self, was: Mode) -> Changes {
        let mut changes = Changes::NONE;
        for filter in [Filter::Read, Filter::Write] {
            match self {
                Call::Register(interests) if filter.is_wanted(interests) => {
                    if interests.mode() != was {
                        changes.push(Action::Delete, filter);
                    }
                    changes.push(Action::Add(interests.mode()), filter);
                }
                Call::Register(_) => {}
                Call::Reregister(interests) if filter.is_wanted(interests) => {
                    let is_same = interests.mode() == was;
                    let first = if is_same {
                        Action::Find
                    } else {
                        Action::Delete
                    };
                    changes.push(first, filter);
                    changes.push(Action::Add(interests.mode()), filter);
                }
                Call::Reregister(_) | Call::Deregister => changes.push(Action::Delete, filter),
            }
        }
        changes
    }

    /// Returns the result of the call for these receipts. A receipt is an error code, or 0 for
    /// success. `is_pipe` returns whether the source is a pipe. It is called if the kernel refuses
    /// the writing filter with the error of a closed descriptor.
    pub(super) fn outcome(
        self,
        was: Mode,
        changes: &Changes,
        receipts: &[i32],
        numbers: &Numbers,
        is_pipe: impl Fn() -> bool,
    ) -> Result<Success, Failure> {
        let has_no_readers = |change: Change, code: i32| {
            change.filter == Filter::Write
                && (code == numbers.broken_pipe || (code == numbers.bad_descriptor && is_pipe()))
        };
        let mut failed = None;
        let mut refused = None;
        let mut is_registered = matches!(self, Call::Register(_));
        // For each filter: did it exist before the call, and does it exist now?
        let (mut read, mut write) = ((false, false), (false, false));
        for (change, code) in changes.iter().zip(receipts.iter().copied()) {
            let (before, now) = match change.filter {
                Filter::Read => &mut read,
                Filter::Write => &mut write,
            };
            match change.action {
                Action::Find | Action::Delete if code == numbers.not_found => {}
                // The change that follows returns any other error.
                Action::Find => (*before, *now) = (true, true),
                Action::Add(_) if code == 0 => *now = true,
                Action::Add(mode) if has_no_readers(*change, code) => refused = Some(mode),
                Action::Delete if code == 0 => (*before, *now) = (true, false),
                Action::Add(_) | Action::Delete => failed = failed.or(Some(code)),
            }
        }
        is_registered |= read.0 || write.0;
        match failed.or((!is_registered).then_some(numbers.not_found)) {
            None => Ok(self.success(refused)),
            Some(code) => Err(Failure {
                code,
                undo: self.undo(was, [(Filter::Read, read), (Filter::Write, write)]),
            }),
        }
    }

    /// Returns the result of a successful call. The reading filter stands in for a writing filter
    /// that the kernel refused. It can be added to the same pipe, reports the end at once, and
    /// leaves the list when the pipe is closed.
    fn success(self, refused: Option<Mode>) -> Success {
        let interests = match self {
            Call::Register(interests) | Call::Reregister(interests) => Some(interests),
            Call::Deregister => None,
        };
        let mut rest = Changes::NONE;
        match (refused, interests) {
            (Some(mode), Some(wanted)) if !wanted.is_readable() => {
                rest.push(Action::Add(mode), Filter::Read);
                let interests = Some(wanted | Interest::READABLE);
                Success { rest, interests }
            }
            _ => Success { rest, interests },
        }
    }

    /// Returns the changes that undo a failed call. A source must not stay watched in one
    /// direction, with events that nobody expects. Adding a deleted filter again needs a token, and
    /// `deregister` has none.
    fn undo(self, was: Mode, filters: [(Filter, (bool, bool)); 2]) -> Changes {
        let mut undo = Changes::NONE;
        for (filter, before_and_now) in filters {
            let (delete, add) = match (self, before_and_now) {
                (Call::Register(_), (_, is_there)) => (is_there, false),
                (Call::Reregister(_), (false, is_there)) => (is_there, false),
                (Call::Reregister(_), (true, false)) => (false, true),
                // If the mode was to change, the filter has already been replaced.
                (Call::Reregister(interests), (true, true)) => {
                    let is_another = interests.mode() != was;
                    (is_another, is_another)
                }
                (Call::Deregister, _) => (false, false),
            };
            if delete {
                undo.push(Action::Delete, filter);
            }
            if add {
                undo.push(Action::Add(was), filter);
            }
        }
        undo
    }
}

impl Filter {
    fn is_wanted(self, interests: Interest) -> bool {
        match self {
            Filter::Read => interests.is_readable(),
            Filter::Write => interests.is_writable(),
        }
    }
}

impl Changes {
    /// Both filters, each found or deleted and then added.
    pub(super) const MOST: usize = 4;

    const NONE: Changes = Changes {
        list: [Change {
            action: Action::Find,
            filter: Filter::Read,
        }; Changes::MOST],
        length: 0,
    };

    fn push(&mut self, action: Action, filter: Filter) {
        self.list[self.length] = Change { action, filter };
        self.length += 1;
    }

    pub(super) fn iter(&self) -> std::slice::Iter<'_, Change> {
        self.list[..self.length].iter()
    }
}

impl Change {
    /// Returns the filter and the flags of this change.
    pub(super) fn filter_and_flags(self, numbers: &Numbers) -> (i32, u32) {
        let filter = match self.filter {
            Filter::Read => numbers.read,
            Filter::Write => numbers.write,
        };
        let flags = match self.action {
            Action::Find => numbers.enable,
            Action::Add(Mode::Edge) => numbers.add | numbers.clear,
            Action::Add(Mode::Level) => numbers.add,
            // Without `EV_CLEAR`, because no manual documents the combination. Enabled, because the
            // filter may exist and have fired.
            Action::Add(Mode::Oneshot) => numbers.add | numbers.enable | numbers.dispatch,
            Action::Delete => numbers.delete,
        };
        (filter, flags | numbers.receipt)
    }
}

#[cfg(test)]
mod tests {
    use super::Action::{Add, Delete, Find};
    use super::Filter::{Read, Write};
    use super::*;
    use crate::interest::Mode::{Edge, Level, Oneshot};
    use crate::sys::kqueue::numbers::of::{ALL, FREEBSD, MACOS, NETBSD};

    const READABLE: Interest = Interest::READABLE;
    const WRITABLE: Interest = Interest::WRITABLE;
    const BOTH: Interest = Interest::READABLE.add(Interest::WRITABLE);

    const ENOENT: i32 = 2;
    const EBADF: i32 = 9;
    const ENOMEM: i32 = 12;
    const EINVAL: i32 = 22;
    const EPIPE: i32 = 32;

    fn list(changes: &Changes) -> Vec<(Action, Filter)> {
        let pairs = changes.iter().map(|change| (change.action, change.filter));
        pairs.collect()
    }

    /// The error code of a failure and the changes that undo it.
    type Outcome = Result<(), (i32, Vec<(Action, Filter)>)>;

    fn outcome(call: Call, receipts: &[i32]) -> Outcome {
        outcome_from(Edge, call, receipts)
    }

    /// Returns the outcome, which must be the same on every platform.
    fn outcome_from(was: Mode, call: Call, receipts: &[i32]) -> Outcome {
        let changes = call.changes(was);
        assert_eq!(changes.iter().count(), receipts.len(), "a receipt each");
        let of = |numbers| {
            let outcome = call.outcome(was, &changes, receipts, numbers, || false);
            let outcome = outcome.map_err(|failure| (failure.code, list(&failure.undo)));
            outcome.map(|success| assert_eq!(list(&success.rest), []))
        };
        let outcomes = ALL.map(of);
        assert!(outcomes.iter().all(|outcome| *outcome == outcomes[0]));
        outcomes[0].clone()
    }

    #[test]
    fn register_adds_the_filters_that_are_wanted() {
        let changes = |interests| list(&Call::Register(interests).changes(Edge));
        assert_eq!(changes(READABLE), [(Add(Edge), Read)]);
        assert_eq!(changes(WRITABLE), [(Add(Edge), Write)]);
        assert_eq!(changes(BOTH), [(Add(Edge), Read), (Add(Edge), Write)]);
    }

    #[test]
    fn reregister_finds_and_adds_what_is_wanted_and_deletes_the_rest() {
        let changes = |interests| list(&Call::Reregister(interests).changes(Edge));
        let find_and_add = [
            (Find, Read),
            (Add(Edge), Read),
            (Find, Write),
            (Add(Edge), Write),
        ];
        assert_eq!(
            changes(READABLE),
            [(Find, Read), (Add(Edge), Read), (Delete, Write)]
        );
        assert_eq!(
            changes(WRITABLE),
            [(Delete, Read), (Find, Write), (Add(Edge), Write)]
        );
        assert_eq!(changes(BOTH), find_and_add);
    }

    #[test]
    fn deregister_deletes_both_filters() {
        let changes = list(&Call::Deregister.changes(Edge));
        assert_eq!(changes, [(Delete, Read), (Delete, Write)]);
    }

    #[cfg(priority)]
    #[test]
    fn an_interest_that_is_no_filter_of_ours_needs_no_change() {
        let changes = Call::Register(Interest::PRIORITY).changes(Edge);
        assert_eq!(list(&changes), []);
        assert_eq!(outcome(Call::Register(Interest::PRIORITY), &[]), Ok(()));
    }

    #[test]
    fn a_change_is_said_in_the_numbers_of_the_system() {
        for (numbers, read, write) in [(&FREEBSD, -1, -2), (&NETBSD, 0, 1), (&MACOS, -1, -2)] {
            let said = |action, filter| Change { action, filter }.filter_and_flags(numbers);
            // Every change requests a receipt.
            assert_eq!(said(Add(Edge), Read), (read, 0x1 | 0x20 | 0x40));
            assert_eq!(said(Add(Edge), Write), (write, 0x1 | 0x20 | 0x40));
            // Level: without `EV_CLEAR`. Oneshot: disabled by the kernel when it fires, and enabled
            // by this.
            assert_eq!(said(Add(Level), Read), (read, 0x1 | 0x40));
            assert_eq!(said(Add(Oneshot), Write), (write, 0x1 | 0x4 | 0x80 | 0x40));
            assert_eq!(said(Delete, Read), (read, 0x2 | 0x40));
            assert_eq!(said(Find, Write), (write, 0x4 | 0x40));
        }
    }

    #[test]
    fn all_is_well_if_every_change_was_made() {
        for interests in [READABLE, WRITABLE, BOTH] {
            for call in [Call::Register(interests), Call::Reregister(interests)] {
                let receipts = vec![0; call.changes(Edge).iter().count()];
                assert_eq!(outcome(call, &receipts), Ok(()), "{call:?}");
            }
        }
        assert_eq!(outcome(Call::Deregister, &[0, 0]), Ok(()));
    }

    /// Returns the remaining changes of a successful call for a pipe, the same on each platform.
    fn rest(was: Mode, call: Call, receipts: &[i32]) -> Vec<(Action, Filter)> {
        let changes = call.changes(was);
        let of = |numbers| {
            let outcome = call.outcome(was, &changes, receipts, numbers, || true);
            list(&outcome.expect("a success").rest)
        };
        let rests = ALL.map(of);
        assert!(rests.iter().all(|rest| *rest == rests[0]));
        rests[0].clone()
    }

    #[test]
    fn reading_stands_in_for_writing_to_a_pipe_without_readers() {
        for refused in [EPIPE, EBADF] {
            let register = Call::Register(WRITABLE);
            assert_eq!(rest(Edge, register, &[refused]), [(Add(Edge), Read)]);
            // The filter that stands in is found, deleted and put back.
            let reregister = Call::Reregister(WRITABLE);
            let receipts = [0, ENOENT, refused];
            assert_eq!(rest(Edge, reregister, &receipts), [(Add(Edge), Read)]);
            // The mode changes: the writing filter existed, and can't be added again.
            for (mode, interests) in [(Level, WRITABLE.level()), (Oneshot, WRITABLE.oneshot())] {
                let reregister = Call::Reregister(interests);
                let receipts = [ENOENT, 0, refused];
                assert_eq!(rest(Edge, reregister, &receipts), [(Add(mode), Read)]);
            }
            // With an interest in reading, the reading filter is there already.
            assert_eq!(rest(Edge, Call::Register(BOTH), &[0, refused]), []);
        }
    }

    #[test]
    fn a_pipe_without_readers_is_registered_as_any_other() {
        // The source was not registered.
        let reregister = outcome(Call::Reregister(WRITABLE), &[ENOENT, ENOENT, EPIPE]);
        assert_eq!(reregister, Err((ENOENT, vec![])));
        // The filter that stands in is found.
        assert_eq!(outcome(Call::Deregister, &[0, ENOENT]), Ok(()));
        // The exception applies to no other change, and to no source that is not a pipe.
        let readable = outcome(Call::Register(READABLE), &[EPIPE]);
        assert_eq!(readable, Err((EPIPE, vec![])));
        assert_eq!(outcome(Call::Deregister, &[0, EPIPE]), Err((EPIPE, vec![])));
        let closed = outcome(Call::Register(WRITABLE), &[EBADF]);
        assert_eq!(closed, Err((EBADF, vec![])));
    }

    #[test]
    fn register_leaves_nothing_behind_if_one_filter_fails() {
        let register = Call::Register(BOTH);
        let undo_read = Err((EINVAL, vec![(Delete, Read)]));
        let undo_write = Err((EINVAL, vec![(Delete, Write)]));
        assert_eq!(outcome(register, &[0, EINVAL]), undo_read);
        assert_eq!(outcome(register, &[EINVAL, 0]), undo_write);
        // A pipe without readers has no writing filter to delete.
        let nothing = Err((EINVAL, vec![]));
        assert_eq!(outcome(register, &[EINVAL, EPIPE]), nothing);
    }

    #[test]
    fn the_first_failure_is_told() {
        let failed = outcome(Call::Register(BOTH), &[ENOMEM, EINVAL]);
        assert_eq!(failed, Err((ENOMEM, vec![])));
    }

    #[test]
    fn a_closed_descriptor_is_told_and_needs_no_undo() {
        let closed = Err((EBADF, vec![]));
        for interests in [READABLE, WRITABLE, BOTH] {
            for call in [Call::Register(interests), Call::Reregister(interests)] {
                let receipts = vec![EBADF; call.changes(Edge).iter().count()];
                assert_eq!(outcome(call, &receipts), closed, "{call:?}");
            }
        }
        assert_eq!(outcome(Call::Deregister, &[EBADF, EBADF]), closed);
    }

    #[test]
    fn not_found_is_a_failure_of_adding() {
        let register = outcome(Call::Register(READABLE), &[ENOENT]);
        assert_eq!(register, Err((ENOENT, vec![])));
    }

    #[test]
    fn deregister_needs_one_filter_to_be_there() {
        assert_eq!(outcome(Call::Deregister, &[0, ENOENT]), Ok(()));
        assert_eq!(outcome(Call::Deregister, &[ENOENT, 0]), Ok(()));
        let nothing = Err((ENOENT, vec![]));
        assert_eq!(outcome(Call::Deregister, &[ENOENT, ENOENT]), nothing);
    }

    #[test]
    fn reregister_takes_any_filter_that_is_there() {
        // The receipts show which filters existed. Then `reregister` for both, for reading, and for
        // writing.
        let there: [(i32, i32); 3] = [(0, 0), (0, ENOENT), (ENOENT, 0)];
        for (read, write) in there {
            let both = outcome(Call::Reregister(BOTH), &[read, 0, write, 0]);
            let readable = outcome(Call::Reregister(READABLE), &[read, 0, write]);
            let writable = outcome(Call::Reregister(WRITABLE), &[read, write, 0]);
            assert_eq!([both, readable, writable], [Ok(()), Ok(()), Ok(())]);
        }
    }

    #[test]
    fn reregister_of_what_is_not_registered_adds_nothing() {
        let both = outcome(Call::Reregister(BOTH), &[ENOENT, 0, ENOENT, 0]);
        assert_eq!(both, Err((ENOENT, vec![(Delete, Read), (Delete, Write)])));
        let readable = outcome(Call::Reregister(READABLE), &[ENOENT, 0, ENOENT]);
        assert_eq!(readable, Err((ENOENT, vec![(Delete, Read)])));
        let writable = outcome(Call::Reregister(WRITABLE), &[ENOENT, ENOENT, 0]);
        assert_eq!(writable, Err((ENOENT, vec![(Delete, Write)])));
    }

    #[test]
    fn reregister_that_fails_leaves_the_filters_that_were_there() {
        let (both, writable) = (Call::Reregister(BOTH), Call::Reregister(WRITABLE));
        // The reading filter existed: it stays, or is put back.
        let kept = outcome(both, &[0, 0, ENOENT, EINVAL]);
        assert_eq!(kept, Err((EINVAL, vec![])));
        let put_back = outcome(writable, &[0, ENOENT, EINVAL]);
        assert_eq!(put_back, Err((EINVAL, vec![(Add(Edge), Read)])));
        // The writing filter existed, and adding the reading filter failed.
        let kept = outcome(both, &[ENOENT, ENOMEM, 0, 0]);
        assert_eq!(kept, Err((ENOMEM, vec![])));
        // Both existed. A failure to change the one that stays is not expected.
        let put_back = outcome(writable, &[0, 0, ENOMEM]);
        assert_eq!(put_back, Err((ENOMEM, vec![(Add(Edge), Read)])));
        // The writing filter existed and failed, so the new reading filter is deleted.
        let taken_away = outcome(both, &[ENOENT, 0, 0, ENOMEM]);
        assert_eq!(taken_away, Err((ENOMEM, vec![(Delete, Read)])));
    }

    #[test]
    fn finding_fails_only_if_the_filter_is_not_there() {
        // The change that follows returns any other error.
        let found = outcome(Call::Reregister(READABLE), &[EINVAL, 0, ENOENT]);
        assert_eq!(found, Ok(()));
    }

    #[test]
    fn deregister_that_fails_adds_nothing() {
        let failed = outcome(Call::Deregister, &[0, EINVAL]);
        assert_eq!(failed, Err((EINVAL, vec![])));
    }
    #[test]
    fn a_mode_that_stays_needs_nothing_deleted() {
        for (interests, mode) in [(BOTH.level(), Level), (BOTH.oneshot(), Oneshot)] {
            let register = Call::Register(interests).changes(mode);
            assert_eq!(list(&register), [(Add(mode), Read), (Add(mode), Write)]);
            let reregister = list(&Call::Reregister(interests).changes(mode));
            let found = [(Find, Read), (Find, Write)];
            let added = [(Add(mode), Read), (Add(mode), Write)];
            assert_eq!(reregister, [found[0], added[0], found[1], added[1]]);
        }
    }

    #[test]
    fn a_filter_of_another_mode_is_another_filter() {
        let steps = [
            (Edge, Level, READABLE.level()),
            (Level, Oneshot, READABLE.oneshot()),
            (Oneshot, Edge, READABLE),
            (Edge, Oneshot, READABLE.level().oneshot()),
            (Oneshot, Level, READABLE.level()),
            (Level, Edge, READABLE),
        ];
        for (was, mode, interests) in steps {
            let changes = list(&Call::Reregister(interests).changes(was));
            let both = list(&Call::Reregister(interests | WRITABLE).changes(was));
            let read = [(Delete, Read), (Add(mode), Read)];
            assert_eq!(changes, [read[0], read[1], (Delete, Write)]);
            let write = [(Delete, Write), (Add(mode), Write)];
            assert_eq!(both, [read, write].concat());
            // The filter of an earlier registration of this number may still exist.
            assert_eq!(list(&Call::Register(interests).changes(was)), read);
        }
    }

    #[test]
    fn what_is_deleted_and_added_was_there() {
        let level = Call::Reregister(BOTH.level());
        for receipts in [[0, 0, 0, 0], [0, 0, ENOENT, 0], [ENOENT, 0, 0, 0]] {
            assert_eq!(outcome(level, &receipts), Ok(()));
        }
        let nothing = Err((ENOENT, vec![(Delete, Read), (Delete, Write)]));
        assert_eq!(outcome(level, &[ENOENT, 0, ENOENT, 0]), nothing);
        assert_eq!(outcome(level, &[EBADF; 4]), Err((EBADF, vec![])));
        let register = Call::Register(BOTH.level());
        for read in [0, ENOENT] {
            assert_eq!(outcome(register, &[read, 0, ENOENT, 0]), Ok(()));
        }
        assert_eq!(outcome(register, &[ENOENT, 0, ENOENT, EPIPE]), Ok(()));
        // The pipe had readers when it was registered.
        assert_eq!(
            outcome(level, &[ENOENT, EINVAL, 0, EPIPE]).unwrap_err().0,
            EINVAL
        );
    }

    #[test]
    fn a_change_of_mode_that_fails_puts_the_old_one_back() {
        let level = Call::Reregister(BOTH.level());
        let failed = |was, receipts: &[i32]| outcome_from(was, level, receipts).unwrap_err();
        // Both filters existed, and one can't be added.
        let back = vec![(Delete, Read), (Add(Edge), Read), (Add(Edge), Write)];
        assert_eq!(failed(Edge, &[0, 0, 0, ENOMEM]), (ENOMEM, back));
        let back = vec![(Add(Oneshot), Read), (Delete, Write), (Add(Oneshot), Write)];
        assert_eq!(failed(Oneshot, &[0, ENOMEM, 0, 0]), (ENOMEM, back));
        // One of them existed.
        let back = vec![(Delete, Read), (Add(Oneshot), Write)];
        let receipts = [ENOENT, 0, 0, ENOMEM];
        assert_eq!(failed(Oneshot, &receipts), (ENOMEM, back));
        // The mode is unchanged, so the filters stay.
        let receipts = [0, 0, ENOENT, ENOMEM];
        assert_eq!(failed(Level, &receipts), (ENOMEM, vec![]));
    }

    #[test]
    fn register_with_a_mode_leaves_nothing_behind_if_one_filter_fails() {
        let register = Call::Register(BOTH.oneshot());
        for before in [ENOENT, 0] {
            let failed = outcome(register, &[before, 0, before, EINVAL]);
            assert_eq!(failed, Err((EINVAL, vec![(Delete, Read)])));
        }
    }
}
