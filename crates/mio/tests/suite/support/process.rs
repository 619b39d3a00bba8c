//! Tests that change what the whole process shares run in a process of their own.

use std::process::Command;

/// Runs `body` in a new process that runs this one test alone.
///
/// `test` is the test's path below the suite, as `cargo test` shows it.
pub(crate) fn alone(test: &str, body: impl FnOnce()) {
    const INSIDE: &str = "MIO_TEST_ALONE";
    if std::env::var_os(INSIDE).is_some() {
        return body();
    }
    let suite = std::env::current_exe().expect("the suite's path");
    let output = Command::new(suite)
        .args(["--exact", test, "--nocapture", "--test-threads=1"])
        .env(INSIDE, "1")
        .output()
        .expect("the suite starts");
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

/// The path of the calling module's test for a selector: `module::epoll::name`.
macro_rules! test_path {
    ($kind:expr, $name:literal) => {{
        let module = module_path!()
            .split_once("::")
            .map_or("", |(_, module)| module);
        let selector = format!("{:?}", $kind).to_lowercase();
        format!("{module}::{selector}::{}", $name)
    }};
}
pub(crate) use test_path;

/// How many descriptors this process has open.
#[cfg(priority)]
pub(crate) fn open_descriptors() -> usize {
    // One of them is that of the directory itself.
    std::fs::read_dir("/proc/self/fd").expect("/proc").count() - 1
}
