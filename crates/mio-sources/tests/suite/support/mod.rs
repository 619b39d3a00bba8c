//! What the tests share: each test over each selector, and a poll that waits generously.

use std::io::ErrorKind;
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
