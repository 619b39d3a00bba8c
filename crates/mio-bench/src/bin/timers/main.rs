//! What many timers cost: the wheel of mio-sources, a binary heap, tokio-util's `DelayQueue`, and
//! calloop's timers.
//!
//! `cargo run --release -p mio-bench --bin timers` gives each the same million deadlines, spread at
//! random over a minute, cancels every other timer in random order, and lets the rest expire. It
//! prints nanoseconds of processor time per timer, the best of five runs, and how many times those
//! of the wheel they are. Time is made up where that is possible, so nothing waits.

mod peers;

use std::time::Duration;

/// How many timers, and so how many insertions.
const TIMERS: usize = 1_000_000;
const SPREAD: Duration = Duration::from_secs(60);
const RUNS: usize = 5;

/// The same work for everybody: deadlines as times after the start, and which to cancel, in order.
struct Work {
    deadlines: Vec<Duration>,
    cancels: Vec<usize>,
}

/// Nanoseconds per insertion, cancellation and expiration.
#[derive(Clone, Copy)]
struct Cost([f64; 3]);

/// Takes the time of one phase after another.
struct Watch {
    since: Duration,
    cost: Vec<f64>,
}

fn main() {
    let work = Work::new();
    println!("{TIMERS} timers over {SPREAD:?}, half of them cancelled; ns per timer, and ratio");
    println!("{:24}{:>16}{:>18}{:>18}", "", "insert", "cancel", "expire");
    let wheel = best(|| peers::wheel(&work));
    row("TimerWheel", wheel, wheel);
    row(
        "TimerWheel, ms by ms",
        best(|| peers::wheel_by_steps(&work)),
        wheel,
    );
    row("BinaryHeap, marks", best(|| peers::heap(&work)), wheel);
    row("DelayQueue", best(|| peers::delay_queue(&work)), wheel);
    #[cfg(unix)]
    row("calloop, fewer", best(|| peers::calloop(&work)), wheel);
    println!("A heap that marks what is cancelled keeps it until its deadline.");
    println!(
        "calloop has {} timers: inserting or cancelling one looks at all.",
        peers::FEWER
    );
}

fn row(name: &str, cost: Cost, wheel: Cost) {
    print!("{name:24}");
    for (cost, wheel) in cost.0.iter().zip(wheel.0) {
        print!("{cost:10.0}{:>7.1}x", cost / wheel);
    }
    println!();
}

/// The least that each phase took, as everything else on the machine only adds to it.
fn best(run: impl Fn() -> Cost) -> Cost {
    let runs = (0..RUNS).map(|_| run());
    let least = runs.reduce(|a, b| Cost(std::array::from_fn(|phase| a.0[phase].min(b.0[phase]))));
    least.unwrap_or(Cost([f64::NAN; 3]))
}

impl Work {
    fn new() -> Work {
        let mut state = 0x9E37_79B9_7F4A_7C15_u64;
        let mut random = move || {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            state
        };
        let spread = SPREAD.as_nanos() as u64;
        let deadlines = (0..TIMERS).map(|_| Duration::from_nanos(random() % spread));
        let deadlines = deadlines.collect();
        let mut cancels: Vec<usize> = (0..TIMERS).step_by(2).collect();
        for last in (1..cancels.len()).rev() {
            cancels.swap(last, random() as usize % (last + 1));
        }
        Work { deadlines, cancels }
    }

    fn left(&self) -> usize {
        self.deadlines.len() - self.cancels.len()
    }
}

impl Watch {
    fn start() -> Watch {
        Watch {
            since: clock(),
            cost: Vec::new(),
        }
    }

    /// Ends a phase in which so many timers were handled.
    fn lap(&mut self, timers: usize) {
        let now = clock();
        let nanos = (now - self.since).as_nanos() as f64;
        self.cost.push(nanos / timers as f64);
        self.since = now;
    }

    fn cost(self) -> Cost {
        Cost(std::array::from_fn(|phase| self.cost[phase]))
    }
}

/// The time that this thread has had on a processor, so that others on the machine count less.
#[cfg(unix)]
fn clock() -> Duration {
    use rustix::time::{ClockId, clock_gettime};

    let time = clock_gettime(ClockId::ThreadCPUTime);
    Duration::new(time.tv_sec as u64, time.tv_nsec as u32)
}

/// The time that has passed since the first call.
#[cfg(not(unix))]
fn clock() -> Duration {
    static START: std::sync::OnceLock<std::time::Instant> = std::sync::OnceLock::new();
    START.get_or_init(std::time::Instant::now).elapsed()
}
