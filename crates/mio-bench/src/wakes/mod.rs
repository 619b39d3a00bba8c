//! The lateness of waits, the latency of wake-ups, and the effect of busy polling: this crate
//! beside mio 1.2.5.
//!
//! These run in this process. The peers alternate within each table, so that other load on the
//! machine affects all of them. Times vary between runs; compare the ratios within one run.

mod peers;

use std::io;
use std::sync::Barrier;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use rustix::thread::{CpuSet, sched_getaffinity, sched_setaffinity};
use rustix::time::{ClockId, clock_gettime};

use self::peers::{Contender, contenders};
use crate::report::Table;

/// Measures how late waits of three lengths end.
pub fn lateness() -> io::Result<Table> {
    const ROUNDS: usize = 200;
    let times = [50, 500, 1500].map(Duration::from_micros);
    let contenders = contenders(false);
    let mut rows = Vec::new();
    for contender in &contenders {
        let late: [Vec<f64>; 3] = Default::default();
        rows.push((contender.name, (contender.make)()?, late));
    }
    for _ in 0..ROUNDS {
        for (_, peer, late) in &mut rows {
            for (time, late) in times.iter().zip(late) {
                let start = Instant::now();
                peer.sleep(*time)?;
                // Negative if it ends too early.
                late.push(microseconds(start.elapsed()) - microseconds(*time));
            }
        }
    }
    let row = |(name, _, late): &mut (_, _, [Vec<f64>; 3])| {
        let earliest = late.iter().flatten().copied().fold(f64::INFINITY, f64::min);
        let medians = late.iter_mut().map(|late| median(late));
        (*name, medians.chain([earliest]).collect())
    };
    Ok(Table {
        name: "lateness".to_owned(),
        what: format!(
            "microseconds from its moment to the end of a wait, medians of {ROUNDS}, and the \
             earliest of all: none may end before its moment, which is below zero"
        ),
        columns: vec!["50 us", "500 us", "1.5 ms", "earliest"],
        rows: rows.iter_mut().map(row).collect(),
    })
}

/// Measures two threads that wake each other alternately.
pub fn round_trips() -> io::Result<Table> {
    const TRIES: usize = 5;
    let what = format!(
        "microseconds of a round trip between two threads, and their processor time, \
         medians of {TRIES}"
    );
    let mut table = Table {
        name: "wake-up".to_owned(),
        what,
        columns: vec!["two cores", "cpu", "one core", "cpu"],
        rows: Vec::new(),
    };
    let cores = two_cores()?;
    let contenders = contenders(true);
    let mut rows: Vec<[(Vec<f64>, Vec<f64>); 2]> = Vec::new();
    rows.resize_with(contenders.len(), Default::default);
    for _ in 0..TRIES {
        for (contender, row) in contenders.iter().zip(&mut rows) {
            for (cores, result) in [cores, [cores[0]; 2]].into_iter().zip(row) {
                let (time, used) = round_trip(contender, cores)?;
                result.0.push(time);
                result.1.push(used);
            }
        }
    }
    for (contender, row) in contenders.iter().zip(&mut rows) {
        let figures = row.iter_mut().flat_map(|(times, used)| [times, used]);
        let figures = figures.map(|times| median(times));
        table.rows.push((contender.name, figures.collect()));
    }
    Ok(table)
}

/// Returns the microseconds of one round trip, and those of CPU time that both threads used for it.
fn round_trip(contender: &Contender, cores: [usize; 2]) -> io::Result<(f64, f64)> {
    const ROUNDS: u32 = 3_000;
    let (mut here, mut there) = ((contender.make)()?, (contender.make)()?);
    let (wake_here, wake_there) = (here.waker(), there.waker());
    let begin = Barrier::new(2);
    thread::scope(|scope| {
        let begin = &begin;
        let other = scope.spawn(move || -> io::Result<Duration> {
            let pinned = pin(cores[1]);
            begin.wait();
            pinned?;
            let used = cpu_time();
            for _ in 0..ROUNDS {
                there.wait()?;
                wake_here();
            }
            Ok(cpu_time() - used)
        });
        let this = scope.spawn(move || -> io::Result<(Duration, Duration)> {
            let pinned = pin(cores[0]);
            begin.wait();
            pinned?;
            let (start, used) = (Instant::now(), cpu_time());
            for _ in 0..ROUNDS {
                wake_there();
                here.wait()?;
            }
            Ok((start.elapsed(), cpu_time() - used))
        });
        let (time, used) = this.join().expect("a result")?;
        let used = used + other.join().expect("a result")?;
        let each = |time| microseconds(time) / f64::from(ROUNDS);
        Ok((each(time), each(used)))
    })
}

/// Measures a thread that wakes as often as it can, while another polls and is busy for a while
/// after each poll.
pub fn storm() -> io::Result<Table> {
    const TRIES: usize = 5;
    let cores = two_cores()?;
    let contenders = contenders(false);
    let mut rows: Vec<(Vec<f64>, Vec<f64>)> = vec![Default::default(); contenders.len()];
    for _ in 0..TRIES {
        for (contender, (times, polls)) in contenders.iter().zip(&mut rows) {
            let (time, count) = one_storm(contender, cores)?;
            times.push(time);
            polls.push(count);
        }
    }
    let row = |(contender, (times, polls)): (&Contender, &mut (Vec<f64>, Vec<f64>))| {
        (contender.name, vec![median(times), median(polls)])
    };
    Ok(Table {
        name: "wake storm".to_owned(),
        what: format!(
            "nanoseconds that a wake costs the thread that wakes, while another polls, each on its \
             own core; and how many polls of the other 1000 wakes end: the fewer, the more wakes \
             found it busy, and those are cheap. Medians of {TRIES}"
        ),
        columns: vec!["ns a wake", "polls/1000"],
        rows: contenders.iter().zip(&mut rows).map(row).collect(),
    })
}

fn one_storm(contender: &Contender, cores: [usize; 2]) -> io::Result<(f64, f64)> {
    const WAKES: u32 = 100_000;
    /// The time that the polling thread is busy after a batch of wakes.
    const WORK: Duration = Duration::from_micros(20);
    let mut peer = (contender.make)()?;
    let wake = peer.waker();
    let (done, polls) = (AtomicBool::new(false), AtomicUsize::new(0));
    let begin = Barrier::new(2);
    thread::scope(|scope| {
        let (done, polls, begin) = (&done, &polls, &begin);
        let polling = scope.spawn(move || -> io::Result<()> {
            let pinned = pin(cores[1]);
            begin.wait();
            pinned?;
            while !done.load(Ordering::Relaxed) {
                peer.wait()?;
                polls.fetch_add(1, Ordering::Relaxed);
                let start = Instant::now();
                while start.elapsed() < WORK {
                    std::hint::spin_loop();
                }
            }
            Ok(())
        });
        // A separate thread, because this one continues with other work, on all cores.
        let waking = scope.spawn(move || -> io::Result<(f64, f64)> {
            let pinned = pin(cores[0]);
            begin.wait();
            let start = Instant::now();
            for _ in 0..WAKES {
                wake();
            }
            let time = start.elapsed();
            let polls = polls.load(Ordering::Relaxed);
            done.store(true, Ordering::Relaxed);
            wake();
            pinned?;
            let wakes = f64::from(WAKES);
            Ok((
                time.as_nanos() as f64 / wakes,
                polls as f64 * 1000.0 / wakes,
            ))
        });
        let figures = waking.join().expect("a result")?;
        polling.join().expect("a result")?;
        Ok(figures)
    })
}

/// Returns two cores that this process may run on, or an error if there are fewer.
fn two_cores() -> io::Result<[usize; 2]> {
    let allowed = sched_getaffinity(None)?;
    let mut cores = (0..CpuSet::MAX_CPU).filter(|core| allowed.is_set(*core));
    match (cores.next(), cores.next()) {
        (Some(one), Some(two)) => Ok([one, two]),
        _ => Err(io::Error::other("this needs two cores")),
    }
}

/// Pins this thread to one core.
fn pin(core: usize) -> io::Result<()> {
    let mut set = CpuSet::new();
    set.set(core);
    sched_setaffinity(None, &set)?;
    Ok(())
}

/// Returns the CPU time that this thread has used.
pub(crate) fn cpu_time() -> Duration {
    let time = clock_gettime(ClockId::ThreadCPUTime);
    Duration::new(time.tv_sec.unsigned_abs(), time.tv_nsec as u32)
}

pub(crate) fn median(values: &mut [f64]) -> f64 {
    values.sort_unstable_by(f64::total_cmp);
    values[values.len() / 2]
}

fn microseconds(time: Duration) -> f64 {
    time.as_nanos() as f64 / 1000.0
}
