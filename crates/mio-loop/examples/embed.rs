//! The loop inside a foreign one: here a `Poll` stands in for the loop of a windowing system or of
//! another library.
//!
//! ```sh
//! cargo run -p mio-loop --example embed
//! ```
//!
//! The outer loop needs two things: the descriptor, which is readable while the inner loop has
//! events, and the deadline, at which the inner loop has work without an event. The program ends by
//! itself.

#[cfg(not(unix))]
fn main() {
    println!("a loop has no descriptor here");
}

#[cfg(unix)]
fn main() -> std::io::Result<()> {
    inner::main()
}

#[cfg(unix)]
mod inner {
    use std::io::{self, ErrorKind};
    use std::os::fd::{AsFd, AsRawFd};
    use std::thread;
    use std::time::Duration;

    use mio::unix::SourceFd;
    use mio::{Events, Interest, Poll, SelectorKind, Token};
    use mio_loop::{Context, EventLoop, Handler};

    struct Inner;

    impl Handler for Inner {
        type Timeout = &'static str;
        type Message = &'static str;
        type Error = io::Error;

        fn notify(&mut self, context: &mut Context<Self>, message: &'static str) -> io::Result<()> {
            println!("inner loop: message {message}");
            if message == "end" {
                context.shutdown();
            }
            Ok(())
        }

        fn timeout(&mut self, context: &mut Context<Self>, what: &'static str) -> io::Result<()> {
            println!("inner loop: timeout {what}");
            let sender = context.sender();
            thread::spawn(move || sender.try_send("end"));
            Ok(())
        }
    }

    pub(super) fn main() -> io::Result<()> {
        let mut event_loop = EventLoop::new()?;
        if event_loop.selector_kind() == SelectorKind::Poll {
            println!("poll(2) has no descriptor");
            return Ok(());
        }
        let sender = event_loop.sender();
        thread::spawn(move || sender.try_send("hello"));
        event_loop.timeout(Duration::from_millis(20), "20 ms");

        let mut outer = Poll::new()?;
        let mut events = Events::with_capacity(8);
        let fd = event_loop.as_fd().as_raw_fd();
        // In level mode: one iteration need not drain the inner loop.
        let level = Interest::READABLE.level();
        let registry = outer.registry();
        registry.register(&mut SourceFd(&fd), Token(0), level)?;
        loop {
            match outer.poll_until(&mut events, event_loop.next_deadline()) {
                Err(err) if err.kind() == ErrorKind::Interrupted => continue,
                result => result?,
            }
            println!("outer loop: {} events", events.iter().len());
            // There may be nothing to do. Without waiting, because the outer loop has waited.
            if !event_loop.run_once(&mut Inner, Some(Duration::ZERO))? {
                println!("outer loop: the inner one has ended");
                return Ok(());
            }
        }
    }
}
