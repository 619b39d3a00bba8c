//! A poll with long timeouts, a lock for signals, and processes for a single test.

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

/// Timeout for an event that has to come. It is reached only in a failing test.
pub(crate) const LONG: Duration = Duration::from_secs(60);

/// A separate console without a window.
#[cfg(console_events)]
const CREATE_NO_WINDOW: u32 = 0x0800_0000;

/// Time to wait for an event that must not come.
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

/// A poll and its events.
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

    /// Polls once, and again after a signal. Returns the readable tokens.
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
        // A pipe at its end is not readable on each selector.
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

    /// Polls and asserts that there is no event.
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

/// Sets the flag that ends threads, even when a test fails: it would wait for them without end.
pub(crate) struct SetAtEnd<'a>(pub(crate) &'a AtomicBool);

impl Drop for SetAtEnd<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// Locks out other tests that send signals to this process.
pub(crate) fn turn() -> MutexGuard<'static, ()> {
    static TURN: Mutex<()> = Mutex::new(());
    TURN.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Runs `body` in a new process that runs only this test. `test` is its path, as `cargo test`
/// prints it.
pub(crate) fn alone(test: &str, body: impl FnOnce()) {
    if let Some((status, output)) = run_alone(test, body) {
        assert!(status.success(), "{test} failed alone:\n{output}");
        assert!(
            output.contains("1 passed"),
            "{test} was not found:\n{output}"
        );
    }
}

/// Like [`alone`], for a `body` that does not return. Returns `None` inside the new process.
pub(crate) fn run_alone(test: &str, body: impl FnOnce()) -> Option<(ExitStatus, String)> {
    const INSIDE: &str = "MIO_SOURCES_TEST_ALONE";
    if std::env::var_os(INSIDE).is_some() {
        body();
        return None;
    }
    let mut command = program(std::env::current_exe().expect("our own path"));
    // Not that of this process, so that its events reach no other process.
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

/// Two signals without another use in a test, and a third.
#[cfg(signals)]
pub(crate) const ONE: Signal = Signal::SIGUSR1;
#[cfg(signals)]
pub(crate) const TWO: Signal = Signal::SIGUSR2;
#[cfg(console_events)]
pub(crate) const ONE: Signal = Signal::SIGINT;
#[cfg(console_events)]
pub(crate) const TWO: Signal = Signal::SIGBREAK;
pub(crate) const THREE: Signal = Signal::SIGHUP;

/// Returns all delivered signals.
pub(crate) fn received(signals: &mut Signals) -> Vec<Signal> {
    signals.drain().map(|delivered| delivered.signal).collect()
}

/// Returns a command that starts a program built with this one, through `MIO_TEST_RUNNER` if that
/// is set: an emulator with its arguments, for programs of another processor. The emulator of this
/// program does not affect the programs that it starts.
pub(crate) fn program(path: PathBuf) -> Command {
    let runner = std::env::var("MIO_TEST_RUNNER").unwrap_or_default();
    let runner = runner.split_whitespace().map(OsString::from);
    let mut words = runner.chain([path.into_os_string()]);
    let mut command = Command::new(words.next().expect("the program at least"));
    command.args(words);
    command
}

/// Returns the number of open descriptors of this process. Needs /proc.
pub(crate) fn open_descriptors() -> usize {
    // One of them is that of the directory itself.
    std::fs::read_dir("/proc/self/fd").map_or(0, |entries| entries.count() - 1)
}

/// Returns a shell that runs these commands.
pub(crate) fn shell(commands: &str) -> Command {
    let mut command = Command::new("sh");
    command.args(["-c", commands]);
    command
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
