//! The work that every peer does.

use std::io;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Barrier};
use std::thread;
use std::time::{Duration, Instant};

use rustix::thread::{CpuSet, sched_getaffinity, sched_setaffinity};
use rustix::time::{ClockId, clock_gettime};

use crate::peers::{Contender, contenders};

/// How late waits of three lengths end.
pub(crate) fn lateness() -> io::Result<()> {
    const ROUNDS: usize = 200;
    println!("lateness: how long after its moment a wait ends, median of {ROUNDS}");
    println!(
        "{:<24} {:>12} {:>12} {:>12}",
        "", "50 us", "500 us", "1.5 ms"
    );
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
    for (name, _, late) in &mut rows {
        let [short, middle, long] = late.each_mut().map(|late| microseconds(median(late)));
        println!("{name:<24} {short:>12} {middle:>12} {long:>12}");
    }
    println!();
    Ok(())
}

/// Two threads that wake each other by turns.
pub(crate) fn round_trips() -> io::Result<()> {
    const TRIES: usize = 5;
    println!("round trip between two threads, and the processor time of both, medians of {TRIES}");
    println!(
        "{:<24} {:>12} {:>12} {:>12} {:>12}",
        "", "two cores", "cpu", "one core", "cpu"
    );
    let Some(cores) = two_cores()? else {
        println!("this needs two cores\n");
        return Ok(());
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
        print!("{:<24}", contender.name);
        for (times, used) in row {
            let (time, used) = (microseconds(median(times)), microseconds(median(used)));
            print!(" {time:>12} {used:>12}");
        }
        println!();
    }
    println!();
    Ok(())
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
pub(crate) fn storm() -> io::Result<()> {
    const TRIES: usize = 5;
    println!("storm: what a wake costs the thread that wakes, and polls per 1000 wakes");
    let contenders = contenders(false);
    let mut rows: Vec<(Vec<_>, Vec<_>)> = vec![Default::default(); contenders.len()];
    for _ in 0..TRIES {
        for (contender, (times, polls)) in contenders.iter().zip(&mut rows) {
            let (time, count) = one_storm(contender)?;
            times.push(time);
            polls.push(count);
        }
    }
    for (contender, (times, polls)) in contenders.iter().zip(&mut rows) {
        let (time, polls) = (median(times).as_nanos(), median(polls));
        println!("{:<24} {time:>9} ns {polls:>12}", contender.name);
    }
    Ok(())
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

fn microseconds(time: Duration) -> String {
    format!("{:.1} us", time.as_nanos() as f64 / 1000.0)
}
