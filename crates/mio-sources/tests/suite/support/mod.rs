//! Shared test support: a macro that runs each test over each selector, and a poll with long
//! timeouts.

use std::ffi::OsString;
use std::io::ErrorKind;
use std::path::PathBuf;
use std::process::Command;
use std::time::{Duration, Instant};

use mio::event::Source;
use mio::{Events, Interest, Poll, SelectorKind, Token};

/// Timeout for an event that has to come. It is reached only in a failing test.
pub(crate) const LONG: Duration = Duration::from_secs(30);

/// Time to wait for an event that must not come.
pub(crate) const SHORT: Duration = Duration::from_millis(30);

/// Expands to a test for each function, which runs it over each selector of this build in turn. The
/// output of a failing test ends with its selector.
macro_rules! over_each_selector {
    ($($name:ident),+ $(,)?) => {
        mod over_each_selector {
            $(
                #[test]
                fn $name() {
                    for kind in mio::SelectorKind::available() {
                        println!("over {kind:?}");
                        super::$name(kind);
                    }
                }
            )+
        }
    };
}

/// A poll and its events.
pub(crate) struct Watch {
    pub(crate) poll: Poll,
    pub(crate) events: Events,
}

impl Watch {
    pub(crate) fn new(kind: SelectorKind) -> Watch {
        let poll = Poll::builder().selector(kind).build();
        Watch {
            poll: poll.expect("an available selector"),
            events: Events::with_capacity(64),
        }
    }

    pub(crate) fn register(&self, source: &mut impl Source, token: usize, interests: Interest) {
        let registry = self.poll.registry();
        registry
            .register(source, Token(token), interests)
            .expect("register");
    }

    /// Polls once, and again after a signal.
    pub(crate) fn poll(&mut self, timeout: Duration) {
        let deadline = Instant::now() + timeout;
        loop {
            let left = deadline.saturating_duration_since(Instant::now());
            match self.poll.poll(&mut self.events, Some(left)) {
                Err(err) if err.kind() == ErrorKind::Interrupted => {}
                result => return result.expect("poll"),
            }
        }
    }

    /// Polls until this token is readable.
    pub(crate) fn wait_readable(&mut self, token: usize) {
        let deadline = Instant::now() + LONG;
        while Instant::now() < deadline {
            self.poll(LONG);
            let mut events = self.events.iter();
            if events.any(|event| event.token() == Token(token) && event.is_readable()) {
                return;
            }
        }
        panic!("token {token} did not become readable");
    }

    /// Polls and asserts that there is no event.
    pub(crate) fn expect_silence(&mut self) {
        self.poll(SHORT);
        assert!(self.events.is_empty(), "unexpected {:#?}", self.events);
    }
}

/// Asserts the rule of all sources: an interest must include reading, in any mode.
pub(crate) fn interests_have_one_rule(kind: SelectorKind, source: &mut impl Source) {
    let poll = Watch::new(kind).poll;
    let registry = poll.registry();
    let error = |result: std::io::Result<()>| result.expect_err("a mistake").kind();
    let writing = Interest::WRITABLE;
    for interest in [writing, writing.level(), writing.oneshot()] {
        let result = registry.register(source, Token(0), interest);
        assert_eq!(error(result), ErrorKind::InvalidInput, "{interest:?}");
        // Nothing was registered.
        assert_eq!(error(registry.deregister(source)), ErrorKind::NotFound);
    }
    let reading = Interest::READABLE;
    for interest in [
        reading,
        reading | writing,
        reading.level(),
        reading.oneshot(),
    ] {
        registry
            .register(source, Token(0), interest)
            .expect("register");
        let result = registry.reregister(source, Token(0), writing);
        assert_eq!(error(result), ErrorKind::InvalidInput, "{interest:?}");
        registry
            .reregister(source, Token(1), interest)
            .expect("reregister");
        registry.deregister(source).expect("deregister");
    }
}

/// Returns the emulator and its arguments that run programs of another processor, from
/// `MIO_TEST_RUNNER`. The emulator of this program does not affect the programs that it starts.
pub(crate) fn runner() -> Vec<OsString> {
    let runner = std::env::var("MIO_TEST_RUNNER").unwrap_or_default();
    runner.split_whitespace().map(OsString::from).collect()
}

/// Returns a command that starts a program built with this one.
pub(crate) fn program(path: PathBuf) -> Command {
    let mut words = runner().into_iter().chain([path.into_os_string()]);
    let mut command = Command::new(words.next().expect("the program at least"));
    command.args(words);
    command
}
