//! A poll that waits generously, turns, and processes for one test alone.

use std::ffi::OsString;
use std::io::ErrorKind;
use std::path::PathBuf;
use std::process::{Command, ExitStatus, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use mio::event::Source;
use mio::{Events, Interest, Poll, SelectorKind, Token};
#[cfg(signals)]
use mio_sources::process::Child;
use mio_sources::signal::{Signal, Signals};

/// How long a test waits for what has to come. It never does when all is well.
pub(crate) const LONG: Duration = Duration::from_secs(60);

/// A console of its own, of which nothing is seen.
#[cfg(console_events)]
const CREATE_NO_WINDOW: u32 = 0x0800_0000;

/// How long a test waits for what must not come.
pub(crate) const SHORT: Duration = Duration::from_millis(30);

/// Runs a test over each selector of the target, and names the one on which it fails.
pub(crate) fn on_each_selector(test: impl Fn(Watch)) {
    struct Told(SelectorKind);
    impl Drop for Told {
        fn drop(&mut self) {
            if std::thread::panicking() {
                eprintln!("this was on {:?}", self.0);
            }
        }
    }
    let mut kinds = 0;
    for kind in SelectorKind::available() {
        let _told = Told(kind);
        test(Watch::new(kind));
        kinds += 1;
    }
    assert!(kinds > 0, "there is a selector");
}

/// A poll and its buffer.
pub(crate) struct Watch {
    pub(crate) poll: Poll,
    events: Events,
}

impl Watch {
    pub(crate) fn new(kind: SelectorKind) -> Watch {
        let poll = Poll::builder().selector(kind).build();
        Watch {
            poll: poll.expect("an available selector"),
            events: Events::with_capacity(256),
        }
    }

    pub(crate) fn register(&self, source: &mut impl Source, token: usize) {
        let registry = self.poll.registry();
        registry
            .register(source, Token(token), Interest::READABLE)
            .expect("register");
    }

    pub(crate) fn deregister(&self, source: &mut impl Source) {
        self.poll.registry().deregister(source).expect("deregister");
    }

    /// One poll, which a signal may not end, and the tokens that are readable.
    pub(crate) fn poll(&mut self, timeout: Duration) -> Vec<usize> {
        let deadline = Instant::now() + timeout;
        loop {
            let left = deadline.saturating_duration_since(Instant::now());
            match self.poll.poll(&mut self.events, Some(left)) {
                Err(err) if err.kind() == ErrorKind::Interrupted => {}
                result => break result.expect("poll"),
            }
        }
        let events = self.events.iter();
        // A pipe that has come to its end is not readable on each selector.
        let readable = events.filter(|event| event.is_readable() || event.is_read_closed());
        readable.map(|event| event.token().0).collect()
    }

    /// Polls until this token is readable.
    pub(crate) fn wait(&mut self, token: usize) {
        let deadline = Instant::now() + LONG;
        while Instant::now() < deadline {
            if self.poll(LONG).contains(&token) {
                return;
            }
        }
        panic!("token {token} never became readable");
    }

    /// Polls and finds nothing.
    pub(crate) fn expect_silence(&mut self) {
        let tokens = self.poll(SHORT);
        assert!(self.events.is_empty(), "unexpected {tokens:?}");
    }
}

#[cfg(signals)]
/// Waits by events alone until the child has ended.
pub(crate) fn end(watch: &mut Watch, child: &mut Child, token: usize) -> ExitStatus {
    loop {
        watch.wait(token);
        if let Some(status) = child.try_wait().unwrap() {
            return status;
        }
    }
}

/// Tells threads to end, also when a test fails: it would wait for them for ever.
pub(crate) struct SetAtEnd<'a>(pub(crate) &'a AtomicBool);

impl Drop for SetAtEnd<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// For tests that send signals to this process: one at a time.
pub(crate) fn turn() -> MutexGuard<'static, ()> {
    static TURN: Mutex<()> = Mutex::new(());
    TURN.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Runs `body` in a new process that runs this one test alone. `test` is its path, as `cargo test`
/// shows it.
pub(crate) fn alone(test: &str, body: impl FnOnce()) {
    if let Some((status, output)) = run_alone(test, body) {
        assert!(status.success(), "{test} failed alone:\n{output}");
        assert!(
            output.contains("1 passed"),
            "{test} was not found:\n{output}"
        );
    }
}

/// As [`alone`], for a `body` that does not come back. `None` inside.
pub(crate) fn run_alone(test: &str, body: impl FnOnce()) -> Option<(ExitStatus, String)> {
    const INSIDE: &str = "MIO_SOURCES_TEST_ALONE";
    if std::env::var_os(INSIDE).is_some() {
        body();
        return None;
    }
    let mut command = program(std::env::current_exe().expect("our own path"));
    // Not that of this process, so that its events come to nobody else.
    #[cfg(console_events)]
    std::os::windows::process::CommandExt::creation_flags(&mut command, CREATE_NO_WINDOW);
    command
        .args(["--exact", test, "--nocapture", "--test-threads=1"])
        .env(INSIDE, "1")
        .stdin(Stdio::null());
    let output = command.output().expect("this program starts");
    let text = [output.stdout, output.stderr].concat();
    Some((output.status, String::from_utf8_lossy(&text).into_owned()))
}

/// Two signals that do nothing else in a test, and a third.
#[cfg(signals)]
pub(crate) const ONE: Signal = Signal::SIGUSR1;
#[cfg(signals)]
pub(crate) const TWO: Signal = Signal::SIGUSR2;
#[cfg(console_events)]
pub(crate) const ONE: Signal = Signal::SIGINT;
#[cfg(console_events)]
pub(crate) const TWO: Signal = Signal::SIGBREAK;
pub(crate) const THREE: Signal = Signal::SIGHUP;

/// All that has come.
pub(crate) fn received(signals: &mut Signals) -> Vec<Signal> {
    signals.drain().map(|delivered| delivered.signal).collect()
}

/// A command that starts a program which was built with this one: by the words of
/// `MIO_TEST_RUNNER`, if that is set. That is an emulator with its arguments, for programs of
/// another processor. The one that runs this program does nothing for those it starts itself.
pub(crate) fn program(path: PathBuf) -> Command {
    let runner = std::env::var("MIO_TEST_RUNNER").unwrap_or_default();
    let runner = runner.split_whitespace().map(OsString::from);
    let mut words = runner.chain([path.into_os_string()]);
    let mut command = Command::new(words.next().expect("the program at least"));
    command.args(words);
    command
}

/// How many descriptors this process has open, on systems with /proc.
pub(crate) fn open_descriptors() -> usize {
    // One of them is that of the directory itself.
    std::fs::read_dir("/proc/self/fd").map_or(0, |entries| entries.count() - 1)
}

/// A shell that runs these commands.
pub(crate) fn shell(commands: &str) -> Command {
    let mut command = Command::new("sh");
    command.args(["-c", commands]);
    command
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
