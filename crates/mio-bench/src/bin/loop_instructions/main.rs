//! How many instructions of user space an event costs in a loop that calls back: a bare `Poll`
//! with a `match`, mio-loop, and calloop, on the same work in the same program.
//!
//! `cargo run --release -p mio-bench --bin loop_instructions` runs each of them under
//! `valgrind --tool=callgrind` and prints a table; with `--check` it fails when mio-loop is over
//! its bound.
//!
//! What is counted is one iteration, whose events each add to a number in the state of the program.
//! The sources are sockets with data in them; a reregistration, which is not counted, makes them
//! news again. An iteration has 1 or 64 events, and the difference tells what an event costs.

#[cfg(peers)]
mod peers;

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
    use std::io;
    use std::process::{Command, ExitCode};

    use crate::peers;

    /// How much more than the bare `Poll` mio-loop may cost.
    const MOST_PER_EVENT: f64 = 15.0;

    const ROUNDS: usize = 1_000;
    const FEW: usize = 1;
    const MANY: usize = 64;

    pub(super) fn main() -> ExitCode {
        let arguments: Vec<String> = env::args().skip(1).collect();
        let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
        let result = match words[..] {
            ["worker", peer, events] => {
                let events = events.parse().unwrap_or(FEW);
                peers::run(peer, events, ROUNDS).map(|()| true)
            }
            [] => report(false),
            ["--check"] => report(true),
            _ => {
                eprintln!("usage: loop_instructions [--check]");
                return ExitCode::from(2);
            }
        };
        match result {
            Ok(true) => ExitCode::SUCCESS,
            Ok(false) => ExitCode::FAILURE,
            Err(err) => {
                eprintln!("loop_instructions: {err}");
                ExitCode::FAILURE
            }
        }
    }

    /// Prints the table. `false` if it is to be checked and mio-loop is over its bound.
    fn report(check: bool) -> io::Result<bool> {
        println!("instructions of user space ({ROUNDS} iterations each, epoll)");
        println!("{:<10} {:>10} {:>14}", "loop", "per event", "per iteration");
        let mut costs = Vec::new();
        for peer in peers::NAMES {
            let few = count(peer, FEW)?;
            let many = count(peer, MANY)?;
            let per_event = (many - few) / (MANY - FEW) as f64;
            let rest = few - per_event * FEW as f64;
            println!("{peer:<10} {per_event:>10.2} {rest:>14.2}");
            costs.push(per_event);
        }
        let within = costs[1] <= costs[0] + MOST_PER_EVENT && costs[1] < costs[2];
        if check && !within {
            println!("mio_loop costs {MOST_PER_EVENT} more per event, or more than calloop");
        }
        Ok(within || !check)
    }

    /// The instructions of one iteration with so many events.
    fn count(peer: &str, events: usize) -> io::Result<f64> {
        let output = Command::new("valgrind")
            .args([
                "--tool=callgrind",
                "--callgrind-out-file=/dev/null",
                "--collect-atstart=no",
            ])
            .arg(format!("--toggle-collect=*counted_{peer}"))
            .arg(env::current_exe()?)
            .args(["worker", peer, &events.to_string()])
            .output()?;
        let log = String::from_utf8_lossy(&output.stderr);
        let collected = log.lines().find_map(|line| line.split_once("Collected : "));
        match collected.and_then(|(_, count)| count.trim().parse::<f64>().ok()) {
            Some(count) if output.status.success() && count > 0.0 => Ok(count / ROUNDS as f64),
            _ => Err(io::Error::other(format!(
                "valgrind counted nothing for {peer}:\n{log}"
            ))),
        }
    }
}
