//! A program that ends on request, but not in the middle of a job.
//!
//! On `SIGTERM` and `SIGINT` (Ctrl-C) it finishes the current job; a second signal ends it at once.
//! On `SIGHUP` it reads its configuration again. On Windows there is no `SIGTERM`, and `SIGHUP` is
//! the end of its console, before which it finishes its job too.
//!
//! ```sh
//! cargo run -p mio-sources --features signal --example graceful_shutdown
//! cargo run -p mio-sources --features signal --example graceful_shutdown -- wait
//! ```
//!
//! Without an argument it sends the signals to itself. With `wait` it waits for yours.

#[cfg(any(unix, windows))]
use std::io::ErrorKind;
use std::process::ExitCode;
#[cfg(any(unix, windows))]
use std::time::Duration;

#[cfg(any(unix, windows))]
use mio::{Events, Interest, Poll, Token};
#[cfg(any(unix, windows))]
use mio_sources::signal::{Signal, Signals};

#[cfg(any(unix, windows))]
const SIGNALS: Token = Token(0);

#[cfg(not(any(unix, windows)))]
fn main() -> ExitCode {
    eprintln!("graceful_shutdown: this system has no signals");
    ExitCode::FAILURE
}

#[cfg(any(unix, windows))]
fn main() -> ExitCode {
    let alone = match std::env::args().nth(1).as_deref() {
        None => true,
        Some("wait") => false,
        Some(other) => {
            eprintln!("graceful_shutdown: {other:?} is not \"wait\"");
            return ExitCode::FAILURE;
        }
    };
    match run(alone) {
        Ok(()) => ExitCode::SUCCESS,
        Err(err) => {
            eprintln!("graceful_shutdown: {err}");
            ExitCode::FAILURE
        }
    }
}

#[cfg(any(unix, windows))]
fn run(alone: bool) -> std::io::Result<()> {
    let mut poll = Poll::new()?;
    let mut events = Events::with_capacity(16);
    let mut signals = Signals::new([Signal::SIGINT, Signal::SIGHUP])?;
    match signals.add(Signal::SIGTERM) {
        // Windows has none. Only Ctrl-C requests the end of a program there.
        Err(err) if err.kind() == ErrorKind::InvalidInput => {}
        result => result?,
    }
    poll.registry()
        .register(&mut signals, SIGNALS, Interest::READABLE)?;
    println!("process {} is working", std::process::id());

    // A job takes three steps. A server would have its sockets in the same poll instead.
    let (mut steps, mut ending) = (0, false);
    while !(ending && steps % 3 == 0) {
        match poll.poll(&mut events, Some(Duration::from_millis(20))) {
            // A handler ran in this thread. The next poll reports the signal.
            Err(err) if err.kind() == ErrorKind::Interrupted => continue,
            result => result?,
        }
        if events.is_empty() {
            steps += 1;
            match steps {
                2 if alone && cfg!(unix) => Signal::SIGHUP.raise()?,
                4 if alone => Signal::SIGINT.raise()?,
                _ => {}
            }
        }
        while let Some(delivered) = signals.receive() {
            match delivered.signal {
                Signal::SIGHUP if cfg!(unix) => println!("{delivered}: reading the configuration"),
                signal if ending => signal.default_action()?,
                _ => {
                    println!("{delivered}: finishing this job");
                    ending = true;
                }
            }
        }
    }
    println!("{} jobs done", steps / 3);
    Ok(())
}
