//! A supervisor: it starts workers, prints their output, and restarts those that fail.
//!
//! ```sh
//! cargo run -p mio-sources --features process --example supervisor
//! ```
//! The workers are short shell scripts, one of which fails each time. The supervisor gives that one
//! up after three starts, and ends when no worker is left.

use std::process::ExitCode;

#[cfg(not(unix))]
fn main() -> ExitCode {
    eprintln!("supervisor: its workers are scripts of a Unix shell, whose pipes it watches");
    ExitCode::FAILURE
}

#[cfg(unix)]
fn main() -> ExitCode {
    match supervisor::run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(err) => {
            eprintln!("supervisor: {err}");
            ExitCode::FAILURE
        }
    }
}

#[cfg(unix)]
mod supervisor {
    use std::io::{self, ErrorKind, Read};
    use std::process::{Command, Stdio};

    use mio::unix::pipe::Receiver;
    use mio::{Events, Interest, Poll, Registry, Token};
    use mio_sources::process::Child;

    const WORKERS: [(&str, &str); 3] = [
        ("greeter", "echo hello"),
        ("counter", "for i in 1 2 3; do echo $i; done"),
        ("failure", "echo this will not go well; exit 7"),
    ];
    const MOST_STARTS: u32 = 3;

    struct Worker {
        name: &'static str,
        script: &'static str,
        starts: u32,
        /// `None` once it has ended.
        child: Option<Child>,
        /// `None` once it is read to its end.
        output: Option<Receiver>,
    }

    pub(super) fn run() -> io::Result<()> {
        let mut poll = Poll::new()?;
        let mut events = Events::with_capacity(16);
        let mut workers = WORKERS.map(|(name, script)| Worker {
            name,
            script,
            starts: 0,
            child: None,
            output: None,
        });
        for (index, worker) in workers.iter_mut().enumerate() {
            worker.start(poll.registry(), index)?;
        }
        while workers.iter().any(Worker::is_running) {
            match poll.poll(&mut events, None) {
                Err(err) if err.kind() == ErrorKind::Interrupted => continue,
                result => result?,
            }
            for event in &events {
                // An even token is a child, and the next odd one is its output.
                let Token(token) = event.token();
                let worker = &mut workers[token / 2];
                if token % 2 == 0 {
                    worker.check(poll.registry(), token / 2)?;
                } else {
                    worker.show()?;
                }
            }
        }
        println!("no worker is left");
        Ok(())
    }

    impl Worker {
        fn start(&mut self, registry: &Registry, index: usize) -> io::Result<()> {
            self.starts += 1;
            let mut command = Command::new("sh");
            command.args(["-c", self.script]).stdout(Stdio::piped());
            let mut child = Child::spawn(&mut command)?;
            child.kill_on_drop(true);
            registry.register(&mut child, Token(2 * index), Interest::READABLE)?;
            if let Some(mut output) = child.stdout.take() {
                registry.register(&mut output, Token(2 * index + 1), Interest::READABLE)?;
                self.output = Some(output);
            }
            self.child = Some(child);
            Ok(())
        }

        fn is_running(&self) -> bool {
            self.child.is_some() || self.output.is_some()
        }

        /// Checks whether it has ended. If so, prints the rest of its output, and restarts it after
        /// a failure.
        fn check(&mut self, registry: &Registry, index: usize) -> io::Result<()> {
            let Some(child) = &mut self.child else {
                return Ok(());
            };
            let Some(status) = child.try_wait()? else {
                return Ok(());
            };
            self.child = None;
            self.show()?;
            if status.success() {
                println!("{}: done", self.name);
            } else if self.starts < MOST_STARTS {
                println!("{}: {status}, starting it again", self.name);
                self.start(registry, index)?;
            } else {
                println!("{}: {status}, giving it up", self.name);
            }
            Ok(())
        }

        /// Prints its output until reading would block or reaches the end.
        fn show(&mut self) -> io::Result<()> {
            let mut buffer = [0; 1024];
            while let Some(output) = &mut self.output {
                match output.read(&mut buffer) {
                    Ok(0) => self.output = None,
                    Ok(length) => {
                        let text = String::from_utf8_lossy(&buffer[..length]);
                        text.lines()
                            .for_each(|line| println!("{}: {line}", self.name));
                    }
                    Err(err) if err.kind() == ErrorKind::WouldBlock => break,
                    Err(err) if err.kind() == ErrorKind::Interrupted => {}
                    Err(err) => return Err(err),
                }
            }
            Ok(())
        }
    }
}
