//! The table of platforms: the OS mechanisms that each has for the sources of this crate.
//!
//! This is the only place of this crate that names operating systems. All other code asks for a
//! mechanism by the cfgs that are printed here, such as `cfg(timerfd)`. A platform without a row
//! has none of them, except that each Unix has signals. There the sources return `Unsupported` or
//! use another mechanism.

use std::env;
use std::fmt::Debug;

/// An OS mechanism that a source can use. The cfg has its name.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Has {
    /// `TFD_TIMER_CANCEL_ON_SET`: a timerfd reports that the system clock was set.
    CancelOnSet,
    /// Console events such as Ctrl-C, passed to a handler in a thread that the OS creates.
    ConsoleEvents,
    /// kqueue(2)'s `EVFILT_PROC`: reports the end of a process.
    EvfiltProc,
    /// kqueue(2), and with it `EVFILT_TIMER`.
    Kqueue,
    /// `pidfd_open(2)`: a descriptor that refers to a process. Not on Android: its sandbox kills a
    /// program for a call that is not on its list, and the list depends on the version.
    Pidfd,
    /// A handle that refers to a process, and that Mio can watch.
    ProcessHandle,
    /// `sigaction(2)`, `kill(2)` and `waitpid(2)`: signals, and children that end with one. Each
    /// Unix except those in `WITHOUT_SIGNALS`.
    Signals,
    /// `NOTE_NSECONDS`: a timer of kqueue counts nanoseconds instead of milliseconds.
    TimerNanoseconds,
    /// `timerfd_create(2)`: a timer with a descriptor.
    Timerfd,
    /// `waitid(2)` with `WNOWAIT`, and a binding that reads the status: returns the exit status of
    /// a child without reaping it, so its id is not reused. Not on NetBSD, where the binding has no
    /// status.
    Waitid,
    /// `CreateWaitableTimerEx`, and OS threads that wait for handles.
    WaitableTimer,
}

const ALL: &[Has] = &[
    Has::CancelOnSet,
    Has::ConsoleEvents,
    Has::EvfiltProc,
    Has::Kqueue,
    Has::Pidfd,
    Has::ProcessHandle,
    Has::Signals,
    Has::TimerNanoseconds,
    Has::Timerfd,
    Has::Waitid,
    Has::WaitableTimer,
];

/// `target_os` as rustc spells it, and the mechanisms of these platforms.
const SYSTEMS: &[(&[&str], &[Has])] = &[
    (
        &["linux"],
        &[Has::Timerfd, Has::CancelOnSet, Has::Pidfd, Has::Waitid],
    ),
    (&["android"], &[Has::Timerfd, Has::CancelOnSet, Has::Waitid]),
    (&["illumos"], &[Has::Timerfd, Has::Waitid]),
    (&["solaris"], &[Has::Waitid]),
    (
        &["macos", "ios", "tvos", "watchos", "visionos", "freebsd"],
        &[
            Has::Kqueue,
            Has::EvfiltProc,
            Has::TimerNanoseconds,
            Has::Waitid,
        ],
    ),
    // NetBSD 10 counts nanoseconds too, but no safe binding supports that yet.
    (&["netbsd", "openbsd"], &[Has::Kqueue, Has::EvfiltProc]),
    (&["dragonfly"], &[Has::Kqueue, Has::EvfiltProc, Has::Waitid]),
    (
        &["windows"],
        &[Has::ConsoleEvents, Has::ProcessHandle, Has::WaitableTimer],
    ),
];

/// Platforms where a program is alone, or whose processes are no Unix processes. `Cargo.toml` has
/// the same list.
const WITHOUT_SIGNALS: &[&str] = &["espidf", "fuchsia", "horizon", "vita"];

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    let names: Vec<String> = ALL.iter().map(cfg).collect();
    let names = names.join(", ");
    println!("cargo::rustc-check-cfg=cfg({names}, docsrs, loom)");

    let system = env::var("CARGO_CFG_TARGET_OS").unwrap_or_default();
    let mut rows = SYSTEMS.iter();
    let row = rows.find(|(names, _)| names.contains(&system.as_str()));
    let mut has = row.map_or(Vec::new(), |(_, has)| has.to_vec());
    if is_set("UNIX") && !WITHOUT_SIGNALS.contains(&system.as_str()) {
        has.push(Has::Signals);
    }
    // Linux with the kqueue model of the tests: see `ci/kqueue`.
    if is_set("MIO_UNSUPPORTED_FORCE_KQUEUE") {
        has = vec![
            Has::Kqueue,
            Has::EvfiltProc,
            Has::TimerNanoseconds,
            Has::Signals,
        ];
    }
    // Tests the mechanism of other platforms on this one: rustc's flag
    // `--cfg mio_sources_unsupported_force_sigchld`.
    if is_set("MIO_SOURCES_UNSUPPORTED_FORCE_SIGCHLD") {
        has.retain(|has| ![Has::Pidfd, Has::EvfiltProc, Has::Waitid].contains(has));
    }
    for has in has {
        println!("cargo::rustc-cfg={}", cfg(has));
    }
}

/// Returns `true` if rustc has this cfg.
fn is_set(name: &str) -> bool {
    env::var_os(format!("CARGO_CFG_{name}")).is_some()
}

/// Returns the cfg of a name in the table: `timer_nanoseconds` for `TimerNanoseconds`.
fn cfg(name: impl Debug) -> String {
    let mut cfg = String::new();
    for letter in format!("{name:?}").chars() {
        if letter.is_uppercase() && !cfg.is_empty() {
            cfg.push('_');
        }
        cfg.push(letter.to_ascii_lowercase());
    }
    cfg
}
