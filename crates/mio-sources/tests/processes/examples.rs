//! The examples behave as documented, and end.

use std::io::{BufRead, BufReader};
use std::path::PathBuf;
use std::process::{Child, Output, Stdio};

#[cfg(signals)]
use rustix::process::{Pid, Signal, kill_process};

use crate::support::program;

fn path(name: &str) -> PathBuf {
    let mut path = std::env::current_exe().expect("our own path");
    // From target/…/deps/processes-….
    path.pop();
    path.pop();
    path.extend(["examples", name]);
    path.set_extension(std::env::consts::EXE_EXTENSION);
    path
}

fn start(name: &str, arguments: &[&str]) -> Child {
    let mut command = program(path(name));
    command.args(arguments).stdin(Stdio::null());
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    command
        .spawn()
        .expect("the example is built with the tests")
}

fn lines(output: &Output) -> Vec<String> {
    assert!(output.status.success(), "{output:?}");
    let text = String::from_utf8_lossy(&output.stdout);
    text.lines().map(str::to_owned).collect()
}

#[test]
fn graceful_shutdown_ends_by_itself() {
    let output = start("graceful_shutdown", &[]).wait_with_output().unwrap();
    let lines = lines(&output);
    let of = |signal: &str| lines.iter().filter(|line| line.starts_with(signal)).count();
    assert!(lines[0].contains("is working"), "{lines:?}");
    // Where it is the end of the console, the configuration is not read again.
    assert_eq!(of("SIGHUP"), usize::from(cfg!(signals)), "{lines:?}");
    assert_eq!(of("SIGINT"), 1, "{lines:?}");
    assert_eq!(lines.last().unwrap(), "2 jobs done");
}

/// Calls `interrupt` while the example waits for a signal.
fn graceful_shutdown_after(interrupt: impl FnOnce(&Child)) {
    let mut child = start("graceful_shutdown", &["wait"]);
    let mut output = BufReader::new(child.stdout.take().unwrap());
    let mut line = String::new();
    // It prints its first line once it watches.
    output.read_line(&mut line).unwrap();
    assert!(line.contains("is working"), "{line}");
    interrupt(&child);
    line.clear();
    output.read_line(&mut line).unwrap();
    assert!(line.starts_with("SIGINT"), "{line}");
    assert!(child.wait().unwrap().success());
}

#[cfg(signals)]
#[test]
fn graceful_shutdown_ends_when_it_is_asked_to() {
    graceful_shutdown_after(|child| {
        kill_process(Pid::from_child(child), Signal::INT).unwrap();
    });
}

#[cfg(console_events)]
#[test]
fn graceful_shutdown_ends_when_it_is_asked_to() {
    use mio_sources::signal::{Signal, Signals};
    use windows_sys::Win32::System::Console::CTRL_C_EVENT;

    // The example has the console of its parent.
    let path = "examples::graceful_shutdown_ends_when_it_is_asked_to";
    crate::support::alone(path, || {
        let mut ours = Signals::new([Signal::SIGINT]).unwrap();
        graceful_shutdown_after(|_| crate::ffi::generate(CTRL_C_EVENT));
        crate::console::until_received(&mut ours);
    });
}

#[test]
fn graceful_shutdown_refuses_nonsense() {
    let output = start("graceful_shutdown", &["nonsense"]).wait_with_output();
    let output = output.unwrap();
    assert!(!output.status.success());
    let message = String::from_utf8_lossy(&output.stderr);
    assert!(message.contains("nonsense"), "{message}");
}

#[cfg(signals)]
#[test]
fn supervisor_restarts_and_ends() {
    let output = start("supervisor", &[]).wait_with_output().unwrap();
    let lines = lines(&output);
    let count = |text: &str| lines.iter().filter(|line| line.contains(text)).count();
    assert_eq!(count("greeter: hello"), 1, "{lines:?}");
    assert_eq!(count("counter: "), 4, "{lines:?}");
    assert_eq!(count("failure: this will not go well"), 3, "{lines:?}");
    assert_eq!(count("starting it again"), 2, "{lines:?}");
    assert_eq!(count("giving it up"), 1, "{lines:?}");
    assert_eq!(lines.last().unwrap(), "no worker is left");
}
