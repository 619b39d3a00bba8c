//! Lists the available selectors and measures a wake from another thread on each of them.
//!
//! ```sh
//! cargo run -p mio --example choose_selector --all-features
//! cargo run -p mio --example choose_selector --features os-poll
//! ```
//!
//! The feature `all-selectors` adds the selectors beside the default of the platform.

use std::io::{self, ErrorKind};
use std::process::ExitCode;
use std::thread;
use std::time::{Duration, Instant};

use mio::{Events, Poll, SelectorKind, Token, Waker};

const WAKE: Token = Token(0);

/// The limit after which a wake counts as lost. A wake takes microseconds.
const PATIENCE: Duration = Duration::from_secs(10);

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(err) => {
            eprintln!("choose_selector: {err}");
            ExitCode::FAILURE
        }
    }
}

fn run() -> io::Result<()> {
    let kinds: Vec<SelectorKind> = SelectorKind::available().collect();
    println!("available, the default first: {kinds:?}");
    for kind in kinds {
        let poll = Poll::builder().selector(kind).build()?;
        let ran_on = poll.selector_kind();
        let taken = round_trip(poll)?;
        println!("asked for {kind:?}, ran on {ran_on:?}, woken after {taken:?}");
    }
    Ok(())
}

/// Measures the time from starting the waking thread until the poll has returned.
fn round_trip(mut poll: Poll) -> io::Result<Duration> {
    let waker = Waker::new(poll.registry(), WAKE)?;
    thread::scope(|scope| {
        let started = Instant::now();
        let thread = scope.spawn(|| waker.wake());
        wait_for_wake(&mut poll)?;
        let taken = started.elapsed();
        match thread.join() {
            Ok(result) => result?,
            Err(_) => return Err(io::Error::other("the waking thread has panicked")),
        }
        Ok(taken)
    })
}

fn wait_for_wake(poll: &mut Poll) -> io::Result<()> {
    let mut events = Events::with_capacity(8);
    let started = Instant::now();
    loop {
        let left = PATIENCE.saturating_sub(started.elapsed());
        if left.is_zero() {
            return Err(io::Error::new(ErrorKind::TimedOut, "the wake did not come"));
        }
        match poll.poll(&mut events, Some(left)) {
            Err(err) if err.kind() == ErrorKind::Interrupted => continue,
            result => result?,
        }
        if events.iter().any(|event| event.token() == WAKE) {
            return Ok(());
        }
    }
}
