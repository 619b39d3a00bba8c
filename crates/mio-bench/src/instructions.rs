//! Instructions of user space per event and per poll, counted inside one function of a program.
//!
//! The program is run under valgrind with 1 and with 64 events in each round. The difference tells
//! what an event costs, and what a round costs without events.

use std::ffi::OsString;
use std::io;
use std::process::Command;

use crate::calls::{LIMIT, Tool};
use crate::run::TIMED_OUT;

/// How many rounds a program has for each count.
pub const ROUNDS: usize = 1_000;

const FEW: usize = 1;
const MANY: usize = 64;

/// What was counted.
#[derive(Clone, Copy, Debug)]
pub struct Instructions {
    /// Of an event.
    pub per_event: f64,
    /// Of a round, without its events.
    pub per_round: f64,
}

impl Instructions {
    /// Counts what a program does in its function `counted_NAME`, which is called once per round.
    ///
    /// The program gets two more arguments: how many events a round has, and how many rounds there
    /// are.
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

/// How many events and rounds the last arguments of such a program say.
pub fn numbers(words: [&str; 2]) -> io::Result<[usize; 2]> {
    let number = |word: &str| word.parse().map_err(io::Error::other);
    Ok([number(words[0])?, number(words[1])?])
}

fn one_round(name: &str, command: &[OsString], events: usize) -> io::Result<f64> {
    let output = Command::new(LIMIT[0])
        .args([LIMIT[1], "valgrind"])
        // Or the first round would look up the functions of shared libraries.
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
