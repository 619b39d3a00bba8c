//! Runs tests that change process-wide state in a process of their own.

use std::ffi::OsString;
use std::io;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::{PoisonError, RwLock, RwLockReadGuard};

/// Until a new process executes its program, it has a copy of every descriptor. So a descriptor
/// that was closed here may stay open there for a moment.
static SPAWNS: RwLock<()> = RwLock::new(());

/// Starts a program while no test is running that would notice.
pub(crate) fn spawn(command: &mut Command) -> io::Result<Child> {
    let _guard = SPAWNS.write().unwrap_or_else(PoisonError::into_inner);
    command.spawn()
}

/// Prevents new processes, for tests that rely on a closed descriptor being closed.
pub(crate) fn no_spawns() -> RwLockReadGuard<'static, ()> {
    SPAWNS.read().unwrap_or_else(PoisonError::into_inner)
}

/// Returns the command line of a program that was built with this one: the words of
/// `MIO_TEST_RUNNER` if that is set, and the path. The variable names an emulator and its
/// arguments, for programs of another processor. The emulator that runs this program does not run
/// the programs that it starts.
pub(crate) fn words(program: PathBuf) -> impl Iterator<Item = OsString> {
    let runner = std::env::var("MIO_TEST_RUNNER").unwrap_or_default();
    let runner: Vec<OsString> = runner.split_whitespace().map(OsString::from).collect();
    runner.into_iter().chain([program.into_os_string()])
}

/// Returns a command for a program that was built with this one; see [`words`].
pub(crate) fn command(program: PathBuf) -> Command {
    let mut words = words(program);
    let mut command = Command::new(words.next().expect("the program at least"));
    command.args(words);
    command
}

/// Runs `body` in a new process that runs only this test.
///
/// `test` is the path of the test within the suite, as `cargo test` shows it.
pub(crate) fn alone(test: &str, body: impl FnOnce()) {
    const INSIDE: &str = "MIO_TEST_ALONE";
    if std::env::var_os(INSIDE).is_some() {
        return body();
    }
    let suite = std::env::current_exe().expect("the suite's path");
    let mut command = command(suite);
    command
        .args(["--exact", test, "--nocapture", "--test-threads=1"])
        .env(INSIDE, "1");
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    let child = spawn(&mut command).expect("the suite starts");
    let output = child.wait_with_output().expect("the suite ends");
    let (out, err) = (
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr),
    );
    assert!(
        output.status.success(),
        "{test} failed alone:\n{out}\n{err}"
    );
    assert!(
        out.contains("1 passed"),
        "{test} was not found:\n{out}\n{err}"
    );
}

/// Returns the module name of a selector in `per_selector!`.
pub(crate) fn module(kind: mio::SelectorKind) -> &'static str {
    match kind {
        mio::SelectorKind::EventPorts => "event_ports",
        mio::SelectorKind::Afd => "afd",
        mio::SelectorKind::Epoll => "epoll",
        mio::SelectorKind::Kqueue => "kqueue",
        mio::SelectorKind::Poll => "poll",
        other => panic!("{other:?} has no tests"),
    }
}

/// Expands to the path of the calling module's test for a selector: `module::epoll::name`.
macro_rules! test_path {
    ($kind:expr, $name:literal) => {{
        let module = module_path!()
            .split_once("::")
            .map_or("", |(_, module)| module);
        let selector = $crate::support::process::module($kind);
        format!("{module}::{selector}::{}", $name)
    }};
}
pub(crate) use test_path;

/// Returns the number of open descriptors of this process.
#[cfg(priority)]
pub(crate) fn open_descriptors() -> usize {
    // One of them is the directory itself.
    std::fs::read_dir("/proc/self/fd").expect("/proc").count() - 1
}
