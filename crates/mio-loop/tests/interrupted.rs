//! A poll that a signal handler interrupts. It needs the main thread, which the kernel prefers for
//! handlers, so this program runs without the test harness.

#[cfg(not(unix))]
fn main() {}

#[cfg(unix)]
fn main() -> std::io::Result<()> {
    for kind in mio::SelectorKind::available() {
        println!("over {kind:?}");
        unix::interrupted_never_leaves_the_loop(kind)?;
        unix::interrupted_comes_first(kind)?;
        unix::interrupted_can_end_the_run(kind)?;
    }
    Ok(())
}

#[cfg(unix)]
mod unix {
    use std::io;
    use std::process::Command;
    use std::sync::mpsc::{self, TryRecvError};
    use std::thread;
    use std::time::Duration;

    use mio::SelectorKind;
    use mio_loop::{Context, Delivered, EventLoop, Handler, Signal};

    #[derive(Debug, Clone, Copy, PartialEq, Eq)]
    enum Call {
        Interrupted,
        Timeout,
        Signal,
        Tick,
    }

    /// Records the callbacks of the iteration, and checks in `tick` whether they are the expected
    /// ones.
    struct Notes {
        calls: Vec<Call>,
        seen: Vec<Call>,
        done: fn(&Notes) -> bool,
        fails: bool,
    }

    #[derive(Debug, Clone, Copy)]
    enum After {
        Interruption,
        TooLong,
    }

    impl Handler for Notes {
        type Timeout = After;
        type Message = ();
        type Error = io::Error;

        fn interrupted(&mut self, context: &mut Context<Self>) -> io::Result<()> {
            self.calls.push(Call::Interrupted);
            if self.fails {
                return Err(io::Error::other("interrupted"));
            }
            // Due at once, so that this iteration has a timeout.
            context.timeout(Duration::ZERO, After::Interruption);
            Ok(())
        }

        fn timeout(&mut self, _: &mut Context<Self>, after: After) -> io::Result<()> {
            self.calls.push(Call::Timeout);
            match after {
                After::Interruption => Ok(()),
                After::TooLong => Err(io::Error::other(format!("only {:?}", self.seen))),
            }
        }

        fn signal(&mut self, _: &mut Context<Self>, _: Delivered) -> io::Result<()> {
            self.calls.push(Call::Signal);
            Ok(())
        }

        fn tick(&mut self, context: &mut Context<Self>) -> io::Result<()> {
            self.calls.push(Call::Tick);
            if (self.done)(self) {
                context.shutdown();
            } else {
                self.seen.append(&mut self.calls);
            }
            Ok(())
        }
    }

    pub(super) fn interrupted_never_leaves_the_loop(kind: SelectorKind) -> io::Result<()> {
        let both = |notes: &Notes| {
            notes.seen.contains(&Call::Interrupted) && notes.seen.contains(&Call::Signal)
        };
        run(kind, both, false).1
    }

    pub(super) fn interrupted_comes_first(kind: SelectorKind) -> io::Result<()> {
        let (notes, result) = run(
            kind,
            |notes| notes.calls.contains(&Call::Interrupted),
            false,
        );
        assert_eq!(notes.calls, [Call::Interrupted, Call::Timeout, Call::Tick]);
        result
    }

    pub(super) fn interrupted_can_end_the_run(kind: SelectorKind) -> io::Result<()> {
        let (notes, result) = run(kind, |_| false, true);
        assert_eq!(notes.calls, [Call::Interrupted], "nothing follows");
        assert_eq!(result.unwrap_err().to_string(), "interrupted");
        Ok(())
    }

    /// Runs until `done` returns `true`, while signals are sent to this program.
    fn run(kind: SelectorKind, done: fn(&Notes) -> bool, fails: bool) -> (Notes, io::Result<()>) {
        let mut event_loop = EventLoop::builder().selector(kind).build().expect("a loop");
        event_loop.signals([Signal::SIGUSR1]).expect("signals");
        event_loop.timeout(Duration::from_secs(30), After::TooLong);
        // A signal that arrives while the loop works interrupts nothing, so several are needed.
        let (over, is_over) = mpsc::channel::<()>();
        let thread = thread::spawn(move || {
            // From outside, so that the kernel chooses the thread.
            let kill = format!("kill -USR1 {}", std::process::id());
            while is_over.try_recv() == Err(TryRecvError::Empty) {
                let status = Command::new("sh").args(["-c", &kill]).status();
                assert!(status.expect("a shell").success());
            }
        });
        let mut notes = Notes {
            calls: Vec::new(),
            seen: Vec::new(),
            done,
            fails,
        };
        let result = event_loop.run(&mut notes);
        drop(over);
        thread.join().expect("no panic");
        (notes, result)
    }
}
