//! The table of systems: what each one has that a source of this crate can be made of.
//!
//! This is the one place of this crate that knows the names of operating systems. Everything else
//! asks for what a system has, by the cfgs that are printed here: `cfg(timerfd)`. A system without
//! a row has nothing of this, except that each Unix has signals. There the sources say
//! `Unsupported` or do without.

use std::env;
use std::fmt::Debug;

/// What a source can be made of. The cfg has its name.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Has {
    /// `TFD_TIMER_CANCEL_ON_SET`: a timerfd tells when the system's clock is set.
    CancelOnSet,
    /// Ctrl-C and the like are told to a handler, in a thread that the system makes.
    ConsoleEvents,
    /// kqueue(2)'s `EVFILT_PROC`: it tells of the end of a process.
    EvfiltProc,
    /// kqueue(2), and with it `EVFILT_TIMER`.
    Kqueue,
    /// `pidfd_open(2)`: a descriptor that stands for a process. Not on Android, whose sandbox kills
    /// a program for a call that it does not know, and versions of it know different ones.
    Pidfd,
    /// A handle that stands for a process, and that Mio can watch.
    ProcessHandle,
    /// `sigaction(2)`, `kill(2)` and `waitpid(2)`: signals, and children that end with one. Each
    /// Unix, except those in `WITHOUT_SIGNALS`.
    Signals,
    /// `NOTE_NSECONDS`: a timer of kqueue counts nanoseconds, and not milliseconds.
    TimerNanoseconds,
    /// `timerfd_create(2)`: a timer that is a descriptor.
    Timerfd,
    /// `CreateWaitableTimerEx`, and threads of the system's that wait for handles.
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
    Has::WaitableTimer,
];

/// `target_os` as rustc spells it, and what these systems have.
const SYSTEMS: &[(&[&str], &[Has])] = &[
    (&["linux"], &[Has::Timerfd, Has::CancelOnSet, Has::Pidfd]),
    (&["android"], &[Has::Timerfd, Has::CancelOnSet]),
    (&["illumos"], &[Has::Timerfd]),
    (
        &["macos", "ios", "tvos", "watchos", "visionos", "freebsd"],
        &[Has::Kqueue, Has::EvfiltProc, Has::TimerNanoseconds],
    ),
    // NetBSD 10 counts nanoseconds too, but no safe binding knows of it yet.
    (
        &["dragonfly", "netbsd", "openbsd"],
        &[Has::Kqueue, Has::EvfiltProc],
    ),
    (
        &["windows"],
        &[Has::ConsoleEvents, Has::ProcessHandle, Has::WaitableTimer],
    ),
];

/// Where a program is alone, or processes are no Unix processes. `Cargo.toml` has the same list.
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
    // Linux with a kqueue of the tests' own: see `ci/kqueue`.
    if is_set("MIO_UNSUPPORTED_FORCE_KQUEUE") {
        has = vec![
            Has::Kqueue,
            Has::EvfiltProc,
            Has::TimerNanoseconds,
            Has::Signals,
        ];
    }
    // So that what some other systems do is tested on this one: rustc's flag
    // `--cfg mio_sources_unsupported_force_sigchld`.
    if is_set("MIO_SOURCES_UNSUPPORTED_FORCE_SIGCHLD") {
        has.retain(|has| ![Has::Pidfd, Has::EvfiltProc].contains(has));
    }
    for has in has {
        println!("cargo::rustc-cfg={}", cfg(has));
    }
}

/// Whether rustc has this cfg.
fn is_set(name: &str) -> bool {
    env::var_os(format!("CARGO_CFG_{name}")).is_some()
}

/// The cfg of a name in the table: `TimerNanoseconds` is `timer_nanoseconds`.
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
