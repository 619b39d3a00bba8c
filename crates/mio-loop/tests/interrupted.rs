//! A poll that a signal handler interrupts. It needs the main thread, which the system prefers for
//! the handlers, and so this is a program without the harness.

#[cfg(not(unix))]
fn main() {}

#[cfg(unix)]
fn main() -> std::io::Result<()> {
    for kind in mio::SelectorKind::available() {
        println!("over {kind:?}");
        unix::interrupted_never_leaves_the_loop(kind)?;
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

    #[derive(Default)]
    struct Interruptions {
        interruptions: u32,
        signals: u32,
    }

    impl Handler for Interruptions {
        type Timeout = ();
        type Message = ();
        type Error = io::Error;

        fn interrupted(&mut self, _: &mut Context<Self>) -> io::Result<()> {
            self.interruptions += 1;
            Ok(())
        }

        fn signal(&mut self, _: &mut Context<Self>, _: Delivered) -> io::Result<()> {
            self.signals += 1;
            Ok(())
        }

        fn tick(&mut self, context: &mut Context<Self>) -> io::Result<()> {
            if self.interruptions > 0 && self.signals > 0 {
                context.shutdown();
            }
            Ok(())
        }

        /// It took too long.
        fn timeout(&mut self, _: &mut Context<Self>, (): ()) -> io::Result<()> {
            let Interruptions {
                interruptions,
                signals,
            } = self;
            let message = format!("{interruptions} interruptions, {signals} signals");
            Err(io::Error::other(message))
        }
    }

    pub(super) fn interrupted_never_leaves_the_loop(kind: SelectorKind) -> io::Result<()> {
        let limit = Duration::from_secs(30);
        let mut event_loop: EventLoop<Interruptions> =
            EventLoop::builder().selector(kind).build()?;
        event_loop.signals([Signal::SIGUSR1])?;
        event_loop.timeout(limit, ());
        // A signal that comes while the loop works interrupts nothing, so it takes some of them.
        let (over, is_over) = mpsc::channel::<()>();
        let thread = thread::spawn(move || {
            // From outside, so that the system chooses the thread.
            let kill = format!("kill -USR1 {}", std::process::id());
            while is_over.try_recv() == Err(TryRecvError::Empty) {
                let status = Command::new("sh").args(["-c", &kill]).status();
                assert!(status.expect("a shell").success());
            }
        });
        let mut handler = Interruptions::default();
        let result = event_loop.run(&mut handler);
        drop(over);
        thread.join().expect("no panic");
        result
    }
}
