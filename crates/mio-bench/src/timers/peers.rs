//! The same workload for each timer implementation.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::future::poll_fn;
use std::hint::black_box;
use std::task::Poll;
use std::time::{Duration, Instant};

use mio_sources::timer::TimerWheel;
use tokio_util::time::DelayQueue;

use super::{Cost, SPREAD, Timers, Watch};

/// Number of timers for an implementation that is linear in it.
pub(super) const FEWER: usize = 20_000;

pub(super) fn wheel(work: &Timers) -> Cost {
    wheel_with(work, SPREAD)
}

/// Simulates a loop that wakes each millisecond.
pub(super) fn wheel_by_steps(work: &Timers) -> Cost {
    wheel_with(work, Duration::from_millis(1))
}

fn wheel_with(work: &Timers, step: Duration) -> Cost {
    let mut timers = TimerWheel::new();
    let start = Instant::now();
    let mut watch = Watch::start();
    let handles: Vec<_> = (0..)
        .zip(&work.deadlines)
        .map(|(id, deadline): (usize, _)| timers.insert(start + *deadline, id))
        .collect();
    watch.lap(handles.len());
    for &which in &work.cancels {
        black_box(timers.cancel(handles[which]));
    }
    watch.lap(work.cancels.len());
    let mut expired = 0;
    let mut now = start;
    while !timers.is_empty() {
        now += step;
        expired += timers.expire(now).map(black_box).count();
    }
    watch.lap(expired);
    assert_eq!(expired, work.left());
    watch.cost()
}

/// A hand-written heap: a cancelled timer is marked, and skipped when it is due.
pub(super) fn heap(work: &Timers) -> Cost {
    let start = Instant::now();
    let mut watch = Watch::start();
    let mut heap = BinaryHeap::new();
    let mut cancelled = vec![false; work.deadlines.len()];
    for (id, deadline) in work.deadlines.iter().enumerate() {
        heap.push(Reverse((start + *deadline, id)));
    }
    watch.lap(work.deadlines.len());
    for &which in &work.cancels {
        cancelled[which] = true;
    }
    black_box(&cancelled);
    watch.lap(work.cancels.len());
    let now = start + SPREAD;
    let mut expired = 0;
    while let Some(Reverse((deadline, id))) = heap.peek().copied() {
        if deadline > now {
            break;
        }
        heap.pop();
        expired += usize::from(!cancelled[id]);
    }
    watch.lap(expired);
    assert_eq!(expired, work.left());
    watch.cost()
}

pub(super) fn delay_queue(work: &Timers) -> Cost {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build()
        .expect("a runtime");
    // Without the budget that makes a task yield after some operations.
    runtime.block_on(tokio::task::unconstrained(async {
        let mut queue = DelayQueue::new();
        let start = tokio::time::Instant::now();
        let mut watch = Watch::start();
        let keys: Vec<_> = (0..)
            .zip(&work.deadlines)
            .map(|(id, deadline): (usize, _)| queue.insert_at(id, start + *deadline))
            .collect();
        watch.lap(keys.len());
        for &which in &work.cancels {
            black_box(queue.remove(&keys[which]));
        }
        watch.lap(work.cancels.len());
        tokio::time::advance(SPREAD + Duration::from_secs(1)).await;
        let mut expired = 0;
        poll_fn(|context| {
            while let Poll::Ready(Some(item)) = queue.poll_expired(context) {
                black_box(item.into_inner());
                expired += 1;
            }
            if queue.is_empty() {
                Poll::Ready(())
            } else {
                Poll::Pending
            }
        })
        .await;
        watch.lap(expired);
        assert_eq!(expired, work.left());
        watch.cost()
    }))
}

/// Its clock can't be simulated, so all deadlines have passed, which makes no difference to its
/// heap.
pub(super) fn calloop(work: &Timers) -> Cost {
    use calloop::EventLoop;
    use calloop::timer::{TimeoutAction, Timer};

    let mut events: EventLoop<'_, usize> = EventLoop::try_new().expect("a loop");
    let handle = events.handle();
    let end = Instant::now();
    // A clock that started less than a minute ago may have no such moment. Now has passed too.
    let over = |deadline: &Duration| end.checked_sub(SPREAD - *deadline).unwrap_or(end);
    let deadlines: Vec<Instant> = work.deadlines[..FEWER].iter().map(over).collect();
    // Selecting them is not part of the cancelling.
    let cancels = work.cancels.iter().copied().filter(|which| *which < FEWER);
    let cancels: Vec<usize> = cancels.collect();
    let left = FEWER - cancels.len();
    let mut watch = Watch::start();
    let tokens: Vec<_> = (0..)
        .zip(deadlines)
        .map(|(id, deadline): (usize, _)| {
            let timer = Timer::from_deadline(deadline);
            let inserted = handle.insert_source(timer, move |_, (), expired| {
                black_box(id);
                *expired += 1;
                TimeoutAction::Drop
            });
            inserted.expect("a timer")
        })
        .collect();
    watch.lap(tokens.len());
    for which in &cancels {
        handle.remove(tokens[*which]);
    }
    watch.lap(cancels.len());
    let mut expired = 0;
    while expired < left {
        let dispatched = events.dispatch(Some(Duration::ZERO), &mut expired);
        dispatched.expect("dispatch");
    }
    watch.lap(expired);
    watch.cost()
}
