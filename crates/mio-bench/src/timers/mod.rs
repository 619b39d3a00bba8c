//! The cost of many timers: the wheel of mio-sources, a binary heap, tokio-util's `DelayQueue`, and
//! calloop's timers.
//!
//! Each gets the same deadlines, spread at random over a minute, cancels every other timer in
//! random order, and lets the rest expire. The time is simulated where that is possible, so nothing
//! waits.

mod peers;

use std::time::Duration;

use rustix::time::{ClockId, clock_gettime};

use crate::report::Table;

const SPREAD: Duration = Duration::from_secs(60);

/// The same workload for all: deadlines as times after the start, and the timers to cancel, in
/// order.
struct Timers {
    deadlines: Vec<Duration>,
    cancels: Vec<usize>,
}

/// Nanoseconds per insertion, cancellation and expiration.
type Cost = [f64; 3];

type Run = fn(&Timers) -> Cost;

/// The timer implementations.
const CONTENDERS: [(&str, Run); 5] = [
    ("TimerWheel", peers::wheel),
    ("TimerWheel, ms by ms", peers::wheel_by_steps),
    ("BinaryHeap, marks", peers::heap),
    ("DelayQueue", peers::delay_queue),
    ("calloop, fewer", peers::calloop),
];

/// Returns the best of some runs, in which the peers alternate; with `quick`, of fewer timers.
pub fn measure(quick: bool) -> Table {
    let (count, runs) = if quick { (100_000, 3) } else { (1_000_000, 5) };
    let timers = Timers::new(count);
    // Other load on the machine can only increase the time of a phase.
    let mut best = [[f64::INFINITY; 3]; CONTENDERS.len()];
    for _ in 0..runs {
        for ((_, run), best) in CONTENDERS.iter().zip(&mut best) {
            for (best, cost) in best.iter_mut().zip(run(&timers)) {
                *best = best.min(cost);
            }
        }
    }
    let rows = CONTENDERS.iter().zip(best);
    Table {
        name: "timers".to_owned(),
        what: format!(
            "nanoseconds of processor time per timer, the best of {runs} runs: {count} over \
             {SPREAD:?}, half of them cancelled. A heap that marks what is cancelled keeps it \
             until its deadline. calloop has {} timers: inserting or cancelling one looks at all",
            peers::FEWER
        ),
        columns: vec!["insert", "cancel", "expire"],
        rows: rows
            .map(|((name, _), cost)| (*name, cost.to_vec()))
            .collect(),
    }
}

impl Timers {
    fn new(count: usize) -> Timers {
        let mut state = 0x9E37_79B9_7F4A_7C15_u64;
        let mut random = move || {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            state
        };
        let spread = SPREAD.as_nanos() as u64;
        let deadlines = (0..count).map(|_| Duration::from_nanos(random() % spread));
        let deadlines = deadlines.collect();
        let mut cancels: Vec<usize> = (0..count).step_by(2).collect();
        for last in (1..cancels.len()).rev() {
            cancels.swap(last, random() as usize % (last + 1));
        }
        Timers { deadlines, cancels }
    }

    fn left(&self) -> usize {
        self.deadlines.len() - self.cancels.len()
    }
}

/// Measures one phase after another.
struct Watch {
    since: Duration,
    cost: Vec<f64>,
}

impl Watch {
    fn start() -> Watch {
        Watch {
            since: clock(),
            cost: Vec::new(),
        }
    }

    /// Ends a phase that handled this many timers.
    fn lap(&mut self, timers: usize) {
        let now = clock();
        let nanos = (now - self.since).as_nanos() as f64;
        self.cost.push(nanos / timers as f64);
        self.since = now;
    }

    fn cost(self) -> Cost {
        std::array::from_fn(|phase| self.cost[phase])
    }
}

/// Returns the CPU time of this thread, so that other load on the machine counts less.
fn clock() -> Duration {
    let time = clock_gettime(ClockId::ThreadCPUTime);
    Duration::new(time.tv_sec as u64, time.tv_nsec as u32)
}
