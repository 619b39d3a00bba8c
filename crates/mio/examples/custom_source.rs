//! A source of your own: a `Ticker` that becomes readable at regular intervals.
//!
//! Any type that holds a descriptor can be a source by forwarding to it. Here a thread writes to a
//! pipe, which works on every Unix. The same structure suits a queue that other threads fill, or a
//! blocking operation that runs in a thread.
//!
//! ```sh
//! cargo run -p mio --example custom_source --all-features
//! cargo run -p mio --example custom_source --all-features -- 10
//! ```
//!
//! The argument is the number of ticks after which the program ends. The default is 3.

#[cfg(unix)]
fn main() -> std::process::ExitCode {
    match ticker::run() {
        Ok(()) => std::process::ExitCode::SUCCESS,
        Err(err) => {
            eprintln!("custom_source: {err}");
            std::process::ExitCode::FAILURE
        }
    }
}

#[cfg(not(unix))]
fn main() {}

#[cfg(unix)]
mod ticker {
    use std::io::{self, ErrorKind, Read, Write};
    use std::time::Duration;
    use std::{env, thread};

    use mio::event::Source;
    use mio::unix::pipe;
    use mio::{Events, Interest, Poll, Registry, Token};

    const TICKER: Token = Token(0);

    const PERIOD: Duration = Duration::from_millis(100);

    pub(super) fn run() -> io::Result<()> {
        let wanted = ticks_wanted()?;
        let mut poll = Poll::new()?;
        let mut ticker = Ticker::new(PERIOD)?;
        poll.registry()
            .register(&mut ticker, TICKER, Interest::READABLE)?;

        let mut events = Events::with_capacity(8);
        let mut seen = 0;
        while seen < wanted {
            match poll.poll(&mut events, None) {
                Err(err) if err.kind() == ErrorKind::Interrupted => continue,
                result => result?,
            }
            for event in &events {
                if event.token() == TICKER {
                    // There may be several ticks if this thread was busy for longer than a period.
                    for _ in 0..ticker.take_ticks()?.min(wanted - seen) {
                        seen += 1;
                        println!("tick {seen}");
                    }
                }
            }
        }
        poll.registry().deregister(&mut ticker)
    }

    /// A source that ticks until it is dropped.
    struct Ticker {
        /// One byte for each tick.
        ticks: pipe::Receiver,
    }

    impl Ticker {
        fn new(period: Duration) -> io::Result<Ticker> {
            let (sender, receiver) = pipe::new()?;
            thread::Builder::new()
                .name("ticker".to_owned())
                .spawn(move || tick(sender, period))?;
            Ok(Ticker { ticks: receiver })
        }

        /// Returns the number of ticks since the last call.
        ///
        /// Drains the pipe, because otherwise the next tick might not be reported.
        fn take_ticks(&mut self) -> io::Result<u64> {
            let mut buffer = [0; 64];
            let mut ticks = 0;
            loop {
                match self.ticks.read(&mut buffer) {
                    Ok(0) => return Err(io::Error::other("the ticker has stopped")),
                    Ok(count) => ticks += count as u64,
                    Err(err) if err.kind() == ErrorKind::WouldBlock => return Ok(ticks),
                    Err(err) if err.kind() == ErrorKind::Interrupted => {}
                    Err(err) => return Err(err),
                }
            }
        }
    }

    impl Source for Ticker {
        fn register(
            &mut self,
            registry: &Registry,
            token: Token,
            interests: Interest,
        ) -> io::Result<()> {
            self.ticks.register(registry, token, interests)
        }

        fn reregister(
            &mut self,
            registry: &Registry,
            token: Token,
            interests: Interest,
        ) -> io::Result<()> {
            self.ticks.reregister(registry, token, interests)
        }

        fn deregister(&mut self, registry: &Registry) -> io::Result<()> {
            self.ticks.deregister(registry)
        }
    }

    /// Writes a byte per period, until the read end of the pipe is closed. Runs in the thread.
    fn tick(mut sender: pipe::Sender, period: Duration) {
        loop {
            thread::sleep(period);
            match sender.write(&[0]) {
                Ok(_) => {}
                // The pipe is full: drop the tick, because the reader is thousands of ticks behind.
                Err(err)
                    if matches!(err.kind(), ErrorKind::WouldBlock | ErrorKind::Interrupted) => {}
                Err(_) => return,
            }
        }
    }

    fn ticks_wanted() -> io::Result<u64> {
        let text = env::args().nth(1).unwrap_or_else(|| "3".to_owned());
        text.parse().map_err(|_| {
            io::Error::new(
                ErrorKind::InvalidInput,
                format!("{text:?} is no number of ticks"),
            )
        })
    }
}
