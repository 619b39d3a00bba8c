//! How late a wait ends, how long a wake-up takes, and what looking before sleeping changes: this
//! crate beside mio 1.2.4.
//!
//! These run in this process. The peers take turns within each table, so that what else the machine
//! does falls on all of them. Times vary from run to run; what to read are the ratios within one.

mod peers;

use std::io;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Barrier};
use std::thread;
use std::time::{Duration, Instant};

use rustix::thread::{CpuSet, sched_getaffinity, sched_setaffinity};
use rustix::time::{ClockId, clock_gettime};

use self::peers::{Contender, contenders};
use crate::report::Table;

/// How late waits of three lengths end.
pub fn lateness() -> io::Result<Table> {
    const ROUNDS: usize = 200;
    let times = [50, 500, 1500].map(Duration::from_micros);
    let contenders = contenders(false);
    let mut rows = Vec::new();
    for contender in &contenders {
        let late: [Vec<Duration>; 3] = Default::default();
        rows.push((contender.name, (contender.make)()?, late));
    }
    for _ in 0..ROUNDS {
        for (_, peer, late) in &mut rows {
            for (time, late) in times.iter().zip(late) {
                let start = Instant::now();
                peer.sleep(*time)?;
                late.push(start.elapsed().saturating_sub(*time));
            }
        }
    }
    let row = |(name, _, late): &mut (_, _, [Vec<Duration>; 3])| {
        let late = late.iter_mut();
        (*name, late.map(|late| microseconds(median(late))).collect())
    };
    Ok(Table {
        name: "lateness",
        what: format!("microseconds from its moment to the end of a wait, medians of {ROUNDS}"),
        columns: vec!["50 us", "500 us", "1.5 ms"],
        rows: rows.iter_mut().map(row).collect(),
    })
}

/// Two threads that wake each other by turns.
pub fn round_trips() -> io::Result<Table> {
    const TRIES: usize = 5;
    let what = format!(
        "microseconds of a round trip between two threads, and their processor time, \
         medians of {TRIES}"
    );
    let mut table = Table {
        name: "wake-up",
        what,
        columns: vec!["two cores", "cpu", "one core", "cpu"],
        rows: Vec::new(),
    };
    let Some(cores) = two_cores()? else {
        table.what.push_str(" (this needs two cores)");
        return Ok(table);
    };
    let contenders = contenders(true);
    let mut rows: Vec<[(Vec<_>, Vec<_>); 2]> = Vec::new();
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
        let figures = figures.map(|times| microseconds(median(times)));
        table.rows.push((contender.name, figures.collect()));
    }
    Ok(table)
}

/// The time of one round trip, and the processor time that both threads used for it.
fn round_trip(contender: &Contender, cores: [usize; 2]) -> io::Result<(Duration, Duration)> {
    const ROUNDS: u32 = 3_000;
    let (mut here, mut there) = ((contender.make)()?, (contender.make)()?);
    let (wake_here, wake_there) = (here.waker(), there.waker());
    let begin = Barrier::new(2);
    thread::scope(|scope| {
        let begin = &begin;
        let other = scope.spawn(move || -> io::Result<Duration> {
            pin(cores[1])?;
            begin.wait();
            let used = cpu_time();
            for _ in 0..ROUNDS {
                there.wait()?;
                wake_here();
            }
            Ok(cpu_time() - used)
        });
        let this = scope.spawn(move || -> io::Result<(Duration, Duration)> {
            pin(cores[0])?;
            begin.wait();
            let (start, used) = (Instant::now(), cpu_time());
            for _ in 0..ROUNDS {
                wake_there();
                here.wait()?;
            }
            Ok((start.elapsed() / ROUNDS, cpu_time() - used))
        });
        let (time, used) = this.join().expect("a result")?;
        Ok((time, (used + other.join().expect("a result")?) / ROUNDS))
    })
}

/// A thread that wakes as often as it can, while another polls and is busy for a while after each.
pub fn storm() -> io::Result<Table> {
    const TRIES: usize = 5;
    let contenders = contenders(false);
    let mut rows: Vec<(Vec<_>, Vec<_>)> = vec![Default::default(); contenders.len()];
    for _ in 0..TRIES {
        for (contender, (times, polls)) in contenders.iter().zip(&mut rows) {
            let (time, count) = one_storm(contender)?;
            times.push(time);
            polls.push(count);
        }
    }
    let row = |(contender, (times, polls)): (&Contender, &mut (Vec<_>, Vec<_>))| {
        let figures = vec![microseconds(median(times)), median(polls) as f64];
        (contender.name, figures)
    };
    Ok(Table {
        name: "wake storm",
        what: "microseconds that a wake costs the thread that wakes, while another polls".into(),
        columns: vec!["a wake", "polls/1000"],
        rows: contenders.iter().zip(&mut rows).map(row).collect(),
    })
}

fn one_storm(contender: &Contender) -> io::Result<(Duration, usize)> {
    const WAKES: u32 = 100_000;
    /// What the polling thread does about a batch of wakes.
    const WORK: Duration = Duration::from_micros(20);
    let mut peer = (contender.make)()?;
    let wake = peer.waker();
    let (done, polls) = (Arc::new(AtomicBool::new(false)), AtomicUsize::new(0));
    thread::scope(|scope| {
        let (is_done, polls) = (Arc::clone(&done), &polls);
        let polling = scope.spawn(move || -> io::Result<()> {
            while !is_done.load(Ordering::Relaxed) {
                peer.wait()?;
                polls.fetch_add(1, Ordering::Relaxed);
                let start = Instant::now();
                while start.elapsed() < WORK {
                    std::hint::spin_loop();
                }
            }
            Ok(())
        });
        let start = Instant::now();
        for _ in 0..WAKES {
            wake();
        }
        let time = start.elapsed() / WAKES;
        let polls = polls.load(Ordering::Relaxed);
        done.store(true, Ordering::Relaxed);
        wake();
        polling.join().expect("a result")?;
        Ok((time, polls * 1000 / WAKES as usize))
    })
}

/// Two cores that this process may run on.
fn two_cores() -> io::Result<Option<[usize; 2]>> {
    let allowed = sched_getaffinity(None)?;
    let mut cores = (0..CpuSet::MAX_CPU).filter(|core| allowed.is_set(*core));
    Ok(cores.next().zip(cores.next()).map(|(one, two)| [one, two]))
}

/// Keeps this thread on one core.
fn pin(core: usize) -> io::Result<()> {
    let mut set = CpuSet::new();
    set.set(core);
    sched_setaffinity(None, &set)?;
    Ok(())
}

/// The processor time that this thread has used.
fn cpu_time() -> Duration {
    let time = clock_gettime(ClockId::ThreadCPUTime);
    Duration::new(time.tv_sec.unsigned_abs(), time.tv_nsec as u32)
}

fn median<T: Ord + Copy>(values: &mut [T]) -> T {
    values.sort_unstable();
    values[values.len() / 2]
}

fn microseconds(time: Duration) -> f64 {
    time.as_nanos() as f64 / 1000.0
}
