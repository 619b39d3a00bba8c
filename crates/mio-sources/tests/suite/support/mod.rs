//! What the tests share: each test over each selector, and a poll that waits generously.

use std::ffi::OsString;
use std::io::ErrorKind;
use std::path::PathBuf;
use std::process::Command;
use std::time::{Duration, Instant};

use mio::event::Source;
use mio::{Events, Interest, Poll, SelectorKind, Token};

/// How long a test waits for what has to come. It never does when all is well.
pub(crate) const LONG: Duration = Duration::from_secs(30);

/// How long a test waits for what must not come.
pub(crate) const SHORT: Duration = Duration::from_millis(30);

/// Makes a test of each function, which runs it over each selector of this build in turn. The
/// output of a test that fails ends with the selector it failed on.
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

/// A poll and its buffer.
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

    /// One poll, which a signal may not end.
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

    /// Polls and finds nothing.
    pub(crate) fn expect_silence(&mut self) {
        self.poll(SHORT);
        assert!(self.events.is_empty(), "unexpected {:#?}", self.events);
    }
}

/// What all sources do with an interest: reading, in any mode, is what can be asked for.
pub(crate) fn interests_have_one_rule(kind: SelectorKind, source: &mut impl Source) {
    let poll = Watch::new(kind).poll;
    let registry = poll.registry();
    let error = |result: std::io::Result<()>| result.expect_err("a mistake").kind();
    let writing = Interest::WRITABLE;
    for interest in [writing, writing.level(), writing.oneshot()] {
        let result = registry.register(source, Token(0), interest);
        assert_eq!(error(result), ErrorKind::InvalidInput, "{interest:?}");
        // So nothing was registered.
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

/// The emulator and its arguments that run programs of another processor, from `MIO_TEST_RUNNER`.
/// The one that runs this program does nothing for those it starts itself.
pub(crate) fn runner() -> Vec<OsString> {
    let runner = std::env::var("MIO_TEST_RUNNER").unwrap_or_default();
    runner.split_whitespace().map(OsString::from).collect()
}

/// A command that starts a program which was built with this one.
pub(crate) fn program(path: PathBuf) -> Command {
    let mut words = runner().into_iter().chain([path.into_os_string()]);
    let mut command = Command::new(words.next().expect("the program at least"));
    command.args(words);
    command
}
