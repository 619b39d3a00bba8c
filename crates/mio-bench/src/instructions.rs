//! Instructions of user space per event and per poll, counted inside one function of a program.
//!
//! The program runs under valgrind with 1 and with 64 events in each round. The difference gives
//! the cost of an event, and that of a round without events.

use std::ffi::OsString;
use std::io;
use std::process::Command;

use crate::calls::{LIMIT, Tool};
use crate::run::TIMED_OUT;

/// Number of rounds for each count.
pub const ROUNDS: usize = 1_000;

const FEW: usize = 1;
const MANY: usize = 64;

/// The result of a count.
#[derive(Clone, Copy, Debug)]
pub struct Instructions {
    /// Instructions per event.
    pub per_event: f64,
    /// Instructions per round, without its events.
    pub per_round: f64,
}

impl Instructions {
    /// Counts the instructions in the function `counted_NAME` of a program, which it calls once per
    /// round.
    ///
    /// The program gets two more arguments: the number of events per round, and the number of
    /// rounds.
    pub fn count(name: &str, command: &[OsString]) -> io::Result<Instructions> {
        if let Some(why) = Tool::Instructions.missing() {
            return Err(io::Error::other(why));
        }
        let few = one_round(name, command, FEW)?;
        let many = one_round(name, command, MANY)?;
        let per_event = (many - few) / (MANY - FEW) as f64;
        Ok(Instructions {
            per_event,
            per_round: few - per_event * FEW as f64,
        })
    }
}

/// Parses the last two arguments of such a program: events and rounds.
pub fn numbers(words: [&str; 2]) -> io::Result<[usize; 2]> {
    let number = |word: &str| word.parse().map_err(io::Error::other);
    Ok([number(words[0])?, number(words[1])?])
}

fn one_round(name: &str, command: &[OsString], events: usize) -> io::Result<f64> {
    let output = Command::new(LIMIT[0])
        .args([LIMIT[1], "valgrind"])
        // Otherwise the first round would resolve the functions of shared libraries.
        .env("LD_BIND_NOW", "1")
        .args([
            "--tool=callgrind",
            "--callgrind-out-file=/dev/null",
            "--collect-atstart=no",
        ])
        .arg(format!("--toggle-collect=*counted_{name}"))
        .args(command)
        .args([events.to_string(), ROUNDS.to_string()])
        .output()?;
    let log = String::from_utf8_lossy(&output.stderr);
    let collected = log.lines().find_map(|line| line.split_once("Collected : "));
    match collected.and_then(|(_, count)| count.trim().parse::<f64>().ok()) {
        Some(count) if output.status.success() && count > 0.0 => Ok(count / ROUNDS as f64),
        _ if output.status.code() == Some(TIMED_OUT) => Err(io::Error::other(format!(
            "{name} did not end within {} s under valgrind",
            LIMIT[1]
        ))),
        _ => Err(io::Error::other(format!(
            "valgrind counted nothing for {name}:\n{log}"
        ))),
    }
}
