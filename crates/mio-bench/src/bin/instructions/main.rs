//! How many instructions of user space a poll and an event cost: a hand-written epoll loop, this
//! crate, and mio 1.2.4, on the same work in the same program.
//!
//! `cargo run --release -p mio-bench --bin instructions` runs each of them under
//! `valgrind --tool=callgrind` and prints a table. Such counts do not depend on how busy the
//! machine is, so with `--check` it fails when this crate is over its bounds.
//!
//! What is counted is one poll and a walk over its events, which reads the token and asks whether
//! the event is readable and writable, as a server does. The sources are sockets with data in them;
//! a reregistration, which is not counted, makes them news again. One poll brings 1 or 64 events,
//! and the difference tells what an event costs and what the poll itself.

#[cfg(peers)]
mod ffi;
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

    /// How much more than the hand-written loop this crate may cost.
    const MOST_PER_EVENT: f64 = 2.0;
    const MOST_PER_POLL: f64 = 10.0;

    const ROUNDS: usize = 1_000;
    const FEW: usize = 1;
    const MANY: usize = 64;

    struct Cost {
        per_event: f64,
        per_poll: f64,
    }

    pub(super) fn main() -> ExitCode {
        let arguments: Vec<String> = env::args().skip(1).collect();
        let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
        let result = match words[..] {
            ["worker", peer, timeout, events] => peers::run(
                peer,
                timeout == "timeout",
                events.parse().unwrap_or(FEW),
                ROUNDS,
            )
            .map(|()| true),
            [] => report(false),
            ["--check"] => report(true),
            _ => {
                eprintln!("usage: instructions [--check]");
                return ExitCode::from(2);
            }
        };
        match result {
            Ok(true) => ExitCode::SUCCESS,
            Ok(false) => ExitCode::FAILURE,
            Err(err) => {
                eprintln!("instructions: {err}");
                ExitCode::FAILURE
            }
        }
    }

    /// Prints the table. `false` if it is to be checked and this crate is over its bounds.
    fn report(check: bool) -> io::Result<bool> {
        println!("instructions of user space ({ROUNDS} polls each, epoll)");
        println!(
            "{:<10} {:<8} {:>10} {:>10}",
            "loop", "timeout", "per event", "per poll"
        );
        let mut within = true;
        for timeout in ["none", "timeout"] {
            let mut raw = None;
            for peer in peers::NAMES {
                let cost = measure(peer, timeout)?;
                println!(
                    "{peer:<10} {timeout:<8} {:>10.2} {:>10.2}",
                    cost.per_event, cost.per_poll
                );
                match &raw {
                    None => raw = Some(cost),
                    Some(raw) if peer == "mio" => {
                        within &= cost.per_event <= raw.per_event + MOST_PER_EVENT
                            && cost.per_poll <= raw.per_poll + MOST_PER_POLL;
                    }
                    Some(_) => {}
                }
            }
        }
        if check && !within {
            println!(
                "mio costs more than {MOST_PER_EVENT} more per event, {MOST_PER_POLL} per poll"
            );
        }
        Ok(within || !check)
    }

    fn measure(peer: &str, timeout: &str) -> io::Result<Cost> {
        let few = count(peer, timeout, FEW)?;
        let many = count(peer, timeout, MANY)?;
        let per_event = (many - few) / (MANY - FEW) as f64;
        Ok(Cost {
            per_event,
            per_poll: few - per_event * FEW as f64,
        })
    }

    /// The instructions of one poll with so many events.
    fn count(peer: &str, timeout: &str, events: usize) -> io::Result<f64> {
        let output = Command::new("valgrind")
            .args([
                "--tool=callgrind",
                "--callgrind-out-file=/dev/null",
                "--collect-atstart=no",
            ])
            .arg(format!("--toggle-collect=*counted_{peer}"))
            .arg(env::current_exe()?)
            .args(["worker", peer, timeout, &events.to_string()])
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
