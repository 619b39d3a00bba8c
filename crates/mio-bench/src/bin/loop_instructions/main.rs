//! The number of user-space instructions per event in loops with callbacks: a bare `Poll` with a
//! `match`, mio-loop, and calloop, on the same workload in the same program; and libuv, which is
//! compiled from `peers/libuv_loop.c` and left out where that fails.
//!
//! `cargo run --release -p mio-bench --bin loop_instructions` runs each of them under
//! `valgrind --tool=callgrind` and prints a table; with `--check` it fails when mio-loop exceeds
//! its bound.
//!
//! It counts one iteration, in which each event adds to a number in the state of the program. The
//! compiler inlines such a short callback into the loop. So the bare `Poll` and mio-loop are
//! counted a second time, as `_called`, with callbacks that are not inlined, like long ones; the
//! other loops always call.
//!
//! The sources are sockets with data in them; a reregistration, which is not counted, makes each
//! report again. libuv is level-triggered and reports as long as there is data. An iteration has 1
//! or 64 events, and the difference gives the cost of an event.

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
    use std::ffi::OsString;
    use std::io;
    use std::process::{Command, ExitCode};

    use mio_bench::instructions::{self, Instructions, ROUNDS};

    use crate::peers;

    /// The maximum number of instructions by which mio-loop may exceed the bare `Poll`.
    const MOST_PER_EVENT: f64 = 15.0;

    pub(super) fn main() -> ExitCode {
        let arguments: Vec<String> = env::args().skip(1).collect();
        let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
        let result = match words[..] {
            ["worker", peer, events, rounds] => {
                let run = |[events, rounds]: [usize; 2]| peers::run(peer, events, rounds);
                instructions::numbers([events, rounds])
                    .and_then(run)
                    .map(|()| true)
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

    /// Prints the table. Returns `false` if `check` is set and mio-loop exceeds its bound.
    fn report(check: bool) -> io::Result<bool> {
        println!("instructions of user space ({ROUNDS} iterations each, epoll)");
        println!("{:<15} {:>10} {:>14}", "loop", "per event", "per iteration");
        let program = env::current_exe()?;
        let in_rust = |peer| {
            cost(
                peer,
                &[program.clone().into(), "worker".into(), peer.into()],
            )
        };
        let (bare, ours) = (in_rust("bare")?, in_rust("mio_loop")?);
        let (bare_called, ours_called) = (in_rust("bare_called")?, in_rust("mio_loop_called")?);
        let mut others = vec![in_rust("calloop")?];
        match libuv() {
            Ok(program) => others.push(cost("libuv", &[program])?),
            Err(why) => println!("libuv is left out: {why} (apt-get install libuv1-dev)"),
        }
        let within = ours <= bare + MOST_PER_EVENT
            && ours_called <= bare_called + MOST_PER_EVENT
            && others.iter().all(|other| ours_called < *other);
        if check && !within {
            println!(
                "mio_loop costs over {MOST_PER_EVENT} more per event, or as much as another loop"
            );
        }
        Ok(within || !check)
    }

    /// Compiles libuv's loop, and returns the program.
    fn libuv() -> io::Result<OsString> {
        let source = concat!(env!("CARGO_MANIFEST_DIR"), "/peers/libuv_loop.c");
        let program = env::current_exe()?.with_file_name("loop_instructions_libuv");
        let output = Command::new(env::var_os("CC").unwrap_or("cc".into()))
            .args(["-O2", "-Wall", "-Wextra", source, "-luv", "-o"])
            .arg(&program)
            .output()?;
        if output.status.success() {
            Ok(program.into())
        } else {
            let log = String::from_utf8_lossy(&output.stderr).into_owned();
            let line = log.lines().find(|line| line.contains("error"));
            Err(io::Error::other(line.unwrap_or("cc fails").to_owned()))
        }
    }

    /// Prints a line of the table. Returns the instructions per event.
    fn cost(peer: &str, command: &[OsString]) -> io::Result<f64> {
        let cost = Instructions::count(peer, command)?;
        println!(
            "{peer:<15} {:>10.2} {:>14.2}",
            cost.per_event, cost.per_round
        );
        Ok(cost.per_event)
    }
}
