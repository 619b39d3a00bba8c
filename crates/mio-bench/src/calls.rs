//! Exact counts: system calls, allocations and instructions of user space.
//!
//! A server does some work twice, once with more operations, under a tool that counts. The
//! difference is the cost of the operations, without the start and the end of the process.

use std::ffi::OsString;
use std::fs;
use std::io;
use std::process::{self, Command, Stdio};
use std::thread;
use std::time::Duration;

use crate::client::{Load, Until};
use crate::peers;
use crate::run::{Client, Cores, Server, TIMED_OUT};

/// A tool that counts.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Tool {
    /// System calls, by strace.
    Calls,
    /// Allocations, by valgrind's memcheck.
    Allocations,
    /// Instructions of user space, by valgrind's callgrind.
    Instructions,
}

/// The reason for leaving out a long measurement.
pub const NOT_QUICK: &str = "not with --quick";

/// The command in front of a tool, so that a server that hangs fails a check instead of blocking
/// it.
pub(crate) const LIMIT: [&str; 2] = ["timeout", "300"];

const FEW: u64 = 20;
const MANY: u64 = 220;

impl Tool {
    fn program(self) -> &'static str {
        match self {
            Tool::Calls => "strace",
            Tool::Allocations | Tool::Instructions => "valgrind",
        }
    }

    /// Returns the reason why it can't be used, or `None`.
    pub fn missing(self) -> Option<String> {
        let program = self.program();
        let result = Command::new(program)
            .arg("--version")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .status();
        match result {
            Ok(status) if status.success() => None,
            _ => Some(format!("{program} is missing (apt-get install {program})")),
        }
    }

    /// Installs its program with `apt-get` if it is missing. If that fails, it stays missing.
    pub fn install(self) {
        let is_there = || self.missing().map_or(Ok(()), Err);
        let _ = peers::with_packages(&[self.program()], true, is_there);
    }

    fn command(self, log: &str) -> Vec<OsString> {
        let log_file = format!("--log-file={log}");
        let words: &[&str] = match self {
            Tool::Calls => &["strace", "-c", "-f", "-o", log],
            Tool::Allocations => &["valgrind", "--tool=memcheck", &log_file],
            Tool::Instructions => &[
                "valgrind",
                "--tool=callgrind",
                "--callgrind-out-file=/dev/null",
                &log_file,
            ],
        };
        let words = LIMIT.iter().chain(words);
        words.map(OsString::from).collect()
    }

    /// Returns the number in a log.
    fn read(self, log: &str) -> Option<f64> {
        let number = match self {
            Tool::Calls => {
                let line = log.lines().find(|line| line.ends_with(" total"))?;
                line.split_whitespace().nth(3)?.to_owned()
            }
            Tool::Allocations => {
                let (_, rest) = log.split_once("total heap usage: ")?;
                rest.split_once(" allocs")?.0.replace(',', "")
            }
            Tool::Instructions => {
                let (_, rest) = log.split_once("Collected : ")?;
                rest.split_whitespace().next()?.to_owned()
            }
        };
        number.parse().ok()
    }

    /// Returns the count of one process, which `run` starts and ends.
    fn count(self, run: impl FnOnce(&[OsString]) -> io::Result<()>) -> io::Result<f64> {
        let log = peers::target()?.join(format!("bench/log-{}", process::id()));
        let result = run(&self.command(&log.to_string_lossy()));
        let text = result.and_then(|()| fs::read_to_string(&log));
        // If the tool failed there may be no log.
        let _ = fs::remove_file(&log);
        let text = text?;
        let error = || io::Error::other(format!("{} counted nothing:\n{text}", self.program()));
        self.read(&text).ok_or_else(error)
    }

    /// Returns the cost of one echo for the server, with one connection.
    pub fn per_echo(self, command: &[OsString], cores: &Cores) -> io::Result<f64> {
        let count = |operations| {
            self.count(|tool| {
                let mut server = Server::start(tool, command, cores)?;
                let load = Load::Echo { connections: 1 };
                Client::start(&server, load, Until::Rested(operations), cores)?.settle(&mut server)
            })
        };
        Ok((count(MANY)? - count(FEW)?) / (MANY - FEW) as f64)
    }

    /// Returns the cost of one dispatch round with this many events.
    pub fn per_round(self, command: &[OsString], events: usize) -> io::Result<f64> {
        let count = |rounds: u64| {
            self.count(|tool| {
                let task = ["dispatch".into(), "64".into(), events.to_string().into()];
                let all = [tool, command, &task, &[rounds.to_string().into()]].concat();
                let output = Command::new(&all[0]).args(&all[1..]).output()?;
                let why = String::from_utf8_lossy(&output.stderr);
                match output.status.code() {
                    Some(0) => Ok(()),
                    Some(TIMED_OUT) => Err(io::Error::other(format!("no end in {} s", LIMIT[1]))),
                    _ => Err(io::Error::other(format!(
                        "{}: {}",
                        output.status,
                        why.trim()
                    ))),
                }
            })
        };
        Ok((count(MANY)? - count(FEW)?) / (MANY - FEW) as f64)
    }
}

/// The counts of a peer, as far as they could be measured.
#[derive(Clone, Debug)]
pub struct Counts {
    /// System calls per echo.
    pub calls: Result<f64, String>,
    /// Allocations per echo.
    pub allocations: Result<f64, String>,
    /// Instructions of user space per echo.
    pub instructions: Result<f64, String>,
    /// Instructions per event and per poll. Those of an event include a write and a read.
    pub dispatch: Result<(f64, f64), String>,
}

impl Counts {
    /// Counts with all available tools; with `quick`, only system calls.
    pub fn of(command: &[OsString], quick: bool, cores: &Cores) -> Counts {
        let possible = |tool: Tool| match (tool, quick) {
            (Tool::Allocations | Tool::Instructions, true) => Err(NOT_QUICK.to_owned()),
            _ => tool.missing().map_or(Ok(()), Err),
        };
        let per_echo = |tool: Tool| {
            possible(tool)?;
            tool.per_echo(command, cores).map_err(|err| err.to_string())
        };
        let dispatch = || {
            possible(Tool::Instructions)?;
            let round = |events| {
                let count = Tool::Instructions.per_round(command, events);
                count.map_err(|err| err.to_string())
            };
            let (one, all) = (round(1)?, round(64)?);
            let per_event = (all - one) / 63.0;
            Ok((per_event, one - per_event))
        };
        Counts {
            calls: per_echo(Tool::Calls),
            allocations: per_echo(Tool::Allocations),
            instructions: per_echo(Tool::Instructions),
            dispatch: dispatch(),
        }
    }
}

impl Client {
    /// Runs, and ends the server while the connection is still open, so that the work after a close
    /// is never counted.
    fn settle(mut self, server: &mut Server) -> io::Result<()> {
        self.go()?;
        // Under a tool a server takes long to return to its wait.
        thread::sleep(Duration::from_millis(30));
        server.end()
    }
}
