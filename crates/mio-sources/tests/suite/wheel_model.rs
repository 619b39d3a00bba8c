//! The wheel beside a simple model, a sorted map: any sequence of calls has the same results.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use mio_sources::timer::{TimerHandle, TimerWheel};
use proptest::prelude::*;

use crate::support::runner;

#[derive(Debug, Clone)]
enum Call {
    /// This long after the present.
    Insert(Duration),
    /// This long before it.
    InsertPast(Duration),
    /// A timer that was inserted, by its number.
    Cancel(usize),
    Reschedule(usize, Duration),
    /// Advances the time, and takes at most this many payloads.
    Expire(Duration, usize),
    /// A time in the past.
    ExpireBack(Duration),
    /// Advances the time to the next deadline, as a waiting program would.
    Wait,
}

#[derive(Default)]
struct Model {
    /// Ordered by deadline, then by number.
    timers: BTreeMap<(Instant, usize), ()>,
    deadlines: Vec<Option<Instant>>,
}

impl Model {
    fn insert(&mut self, deadline: Instant) -> usize {
        let number = self.deadlines.len();
        self.deadlines.push(Some(deadline));
        self.timers.insert((deadline, number), ());
        number
    }

    fn cancel(&mut self, number: usize) -> bool {
        let deadline = self.deadlines.get_mut(number).and_then(Option::take);
        deadline.is_some_and(|deadline| self.timers.remove(&(deadline, number)).is_some())
    }

    fn reschedule(&mut self, number: usize, deadline: Instant) -> bool {
        if !self.cancel(number) {
            return false;
        }
        self.deadlines[number] = Some(deadline);
        self.timers.insert((deadline, number), ());
        true
    }

    fn pop(&mut self, now: Instant) -> Option<usize> {
        let (&(deadline, number), ()) = self.timers.first_key_value()?;
        (deadline <= now && self.cancel(number)).then_some(number)
    }

    fn next_deadline(&self) -> Option<Instant> {
        let (&(deadline, _), ()) = self.timers.first_key_value()?;
        Some(deadline)
    }
}

/// The wheel and the model, and the calls so far.
struct Pair {
    wheel: TimerWheel<usize>,
    handles: Vec<TimerHandle>,
    model: Model,
    now: Instant,
    /// Set if a timer was removed other than by expiring, so that a wake-up may find nothing.
    taken_out: bool,
}

impl Pair {
    fn insert(&mut self, deadline: Instant) {
        let number = self.model.insert(deadline);
        self.handles.push(self.wheel.insert(deadline, number));
    }

    fn before(&self, ago: Duration) -> Instant {
        self.now.checked_sub(ago).unwrap_or(self.now)
    }

    fn expire(&mut self, now: Instant, most: usize) {
        for number in self.wheel.expire(now).take(most) {
            assert_eq!(Some(number), self.model.pop(now));
        }
        if most == usize::MAX {
            assert_eq!(self.model.pop(now), None, "one was forgotten");
        }
    }

    fn call(&mut self, call: &Call) {
        match *call {
            Call::Insert(ahead) => self.insert(self.now + ahead),
            Call::InsertPast(ago) => self.insert(self.before(ago)),
            Call::Cancel(which) if !self.handles.is_empty() => {
                let number = which % self.handles.len();
                let cancelled = self.wheel.cancel(self.handles[number]);
                let expected = self.model.cancel(number).then_some(number);
                assert_eq!(cancelled, expected);
                self.taken_out = true;
            }
            Call::Reschedule(which, ahead) if !self.handles.is_empty() => {
                let number = which % self.handles.len();
                let deadline = self.now + ahead;
                let moved = self.wheel.reschedule(self.handles[number], deadline);
                assert_eq!(moved, self.model.reschedule(number, deadline));
                self.taken_out = true;
            }
            Call::Expire(on, most) => {
                self.now += on;
                self.expire(self.now, most);
            }
            Call::ExpireBack(ago) => self.expire(self.before(ago), usize::MAX),
            Call::Wait => {
                if let Some(deadline) = self.wheel.next_deadline() {
                    self.now = self.now.max(deadline);
                    self.expire(self.now, usize::MAX);
                }
            }
            Call::Cancel(_) | Call::Reschedule(..) => {}
        }
        assert_eq!(self.wheel.len(), self.model.timers.len());
        let (next, exact) = (self.wheel.next_deadline(), self.model.next_deadline());
        assert_eq!(next.is_some(), exact.is_some());
        assert!(next <= exact, "{next:?} is later than {exact:?}");
        assert!(self.taken_out || next == exact, "a wake in vain");
    }
}

/// All magnitudes are equally likely, from a nanosecond to months.
fn duration() -> impl Strategy<Value = Duration> {
    (0..53_u32, any::<u64>())
        .prop_map(|(bits, random)| Duration::from_nanos(random & ((1 << bits) - 1)))
}

fn call() -> impl Strategy<Value = Call> {
    let most = prop_oneof![Just(usize::MAX), 0..5_usize];
    prop_oneof![
        6 => duration().prop_map(Call::Insert),
        1 => duration().prop_map(Call::InsertPast),
        2 => any::<usize>().prop_map(Call::Cancel),
        2 => (any::<usize>(), duration()).prop_map(|(which, ahead)| Call::Reschedule(which, ahead)),
        2 => (duration(), most).prop_map(|(on, most)| Call::Expire(on, most)),
        1 => duration().prop_map(Call::ExpireBack),
        1 => Just(Call::Wait),
    ]
}

fn run(calls: &[Call]) {
    let mut pair = Pair {
        wheel: TimerWheel::new(),
        handles: Vec::new(),
        model: Model::default(),
        now: Instant::now(),
        taken_out: false,
    };
    for call in calls {
        pair.call(call);
    }
    while !pair.wheel.is_empty() {
        pair.call(&Call::Wait);
    }
    assert_eq!(pair.model.next_deadline(), None);
}

/// An emulator would take minutes for all of them.
fn cases() -> u32 {
    if runner().is_empty() { 1024 } else { 16 }
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: cases(),
        failure_persistence: None,
        ..Default::default()
    })]

    #[test]
    fn any_calls_have_the_answers_of_the_model(calls in prop::collection::vec(call(), 0..200)) {
        run(&calls);
    }

    #[test]
    fn without_cancelling_no_wake_is_in_vain(
        calls in prop::collection::vec(prop_oneof![
            3 => duration().prop_map(Call::Insert),
            1 => Just(Call::Wait),
        ], 0..200),
    ) {
        run(&calls);
    }
}
