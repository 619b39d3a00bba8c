//! Exact counts, which can fail a build: this crate beside a hand-written loop.
//!
//! `cargo run --release -p mio-bench --bin counts` prints two tables; with `--check` it fails when
//! this crate exceeds its bounds. Such counts do not depend on the load of the machine.
//!
//! * **Instructions** of user space per poll and per event, under `valgrind --tool=callgrind`: a
//!   hand-written epoll loop, this crate, and mio 1.2.5, on the same workload in the same program.
//!   It counts one poll and an iteration over its events, which reads the token and checks whether
//!   the event is readable and writable, as a server does. The sources are sockets with data in
//!   them; a reregistration, which is not counted, makes each report again. One poll returns 1 or
//!   64 events, and the difference gives the cost of an event and of the poll itself.
//! * **System calls and allocations** of an echo server per message, under strace and valgrind,
//!   beside the same server in C. The servers are those of the program `mio-bench`, which has to be
//!   built too.

#[cfg(peers)]
mod loops;

#[cfg(peers)]
fn main() -> std::process::ExitCode {
    driver::main()
}

#[cfg(not(peers))]
fn main() {
    println!("there is no epoll here");
}

#[cfg(peers)]
mod driver {
    use std::env;
    use std::ffi::OsString;
    use std::io;
    use std::process::ExitCode;

    use mio_bench::calls::Tool;
    use mio_bench::instructions::{self, Instructions, ROUNDS};
    use mio_bench::peers::{self, Peer};
    use mio_bench::run::Cores;

    use crate::loops;

    /// The maximum number of instructions by which this crate may exceed the hand-written loop. It
    /// may not make more system calls, and may not allocate.
    const MOST_PER_EVENT: f64 = 2.0;
    const MOST_PER_POLL: f64 = 10.0;

    /// Servers of this crate, each with its equivalent in C.
    const PAIRS: [(&str, &str); 4] = [
        ("mio, edge", "C epoll, edge"),
        ("mio-util, edge", "C epoll, edge"),
        ("mio, edge, short read", "C epoll, edge, short read"),
        ("mio, level", "C epoll, level"),
    ];

    pub(super) fn main() -> ExitCode {
        let arguments: Vec<String> = env::args().skip(1).collect();
        let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
        let result = match words[..] {
            ["worker", peer, timeout, events, rounds] => {
                let is_timed = timeout == "timeout";
                let run = |[events, rounds]: [usize; 2]| loops::run(peer, is_timed, events, rounds);
                instructions::numbers([events, rounds])
                    .and_then(run)
                    .map(|()| true)
            }
            [] => report().map(|_| true),
            ["--check"] => report(),
            _ => {
                eprintln!("usage: counts [--check]");
                return ExitCode::from(2);
            }
        };
        match result {
            Ok(true) => ExitCode::SUCCESS,
            Ok(false) => ExitCode::FAILURE,
            Err(err) => {
                eprintln!("counts: {err}");
                ExitCode::FAILURE
            }
        }
    }

    /// Prints the tables. Returns `false` if this crate exceeds its bounds.
    fn report() -> io::Result<bool> {
        let instructions = instructions()?;
        println!();
        Ok(instructions & calls()?)
    }

    fn instructions() -> io::Result<bool> {
        println!("instructions of user space ({ROUNDS} polls each, epoll)");
        println!(
            "{:<10} {:<8} {:>10} {:>10}",
            "loop", "timeout", "per event", "per poll"
        );
        let mut within = true;
        for timeout in ["none", "timeout"] {
            let mut raw = None;
            for peer in loops::NAMES {
                let cost = measure(peer, timeout)?;
                println!(
                    "{peer:<10} {timeout:<8} {:>10.2} {:>10.2}",
                    cost.per_event, cost.per_round
                );
                match &raw {
                    None => raw = Some(cost),
                    Some(raw) if peer == "mio" => {
                        within &= cost.per_event <= raw.per_event + MOST_PER_EVENT
                            && cost.per_round <= raw.per_round + MOST_PER_POLL;
                    }
                    Some(_) => {}
                }
            }
        }
        if !within {
            println!(
                "mio costs more than {MOST_PER_EVENT} more per event, {MOST_PER_POLL} per poll"
            );
        }
        Ok(within)
    }

    fn measure(peer: &str, timeout: &str) -> io::Result<Instructions> {
        let program = env::current_exe()?.into();
        Instructions::count(
            peer,
            &[program, "worker".into(), peer.into(), timeout.into()],
        )
    }

    fn calls() -> io::Result<bool> {
        println!("of an echo server, per message");
        println!("{:<26}{:>14}{:>14}", "", "system calls", "allocations");
        let peers = peers::all(false)?;
        let cores = Cores::choose()?;
        let mut within = true;
        for (ours, raw) in PAIRS {
            let (ours, raw) = (command(&peers, ours)?, command(&peers, raw)?);
            let (mut calls, mut most) = (0.0, 0.0);
            // On a very busy machine the next message may arrive before a server is idle, which
            // saves a call. So a difference counts only if it repeats.
            for _ in 0..3 {
                calls = Tool::Calls.per_echo(ours.1, &cores)?;
                most = Tool::Calls.per_echo(raw.1, &cores)?;
                if calls <= most {
                    break;
                }
            }
            let allocations = Tool::Allocations.per_echo(ours.1, &cores)?;
            println!("{:<26}{most:>14.2}", raw.0);
            println!("{:<26}{calls:>14.2}{allocations:>14.2}", ours.0);
            if calls > most {
                println!("{} makes more system calls than {}", ours.0, raw.0);
                within = false;
            }
            if allocations != 0.0 {
                println!("{} allocates", ours.0);
                within = false;
            }
        }
        Ok(within)
    }

    fn command<'a>(peers: &'a [Peer], name: &'a str) -> io::Result<(&'a str, &'a [OsString])> {
        let peer = peers.iter().find(|peer| peer.name == name);
        let why = match peer.map(|peer| &peer.command) {
            Some(Ok(command)) => return Ok((name, command)),
            Some(Err(why)) => why,
            None => "no such peer",
        };
        Err(io::Error::other(format!("{name}: {why}")))
    }
}
