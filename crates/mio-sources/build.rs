//! The table of systems: what each one has that a source of this crate can be made of.
//!
//! This is the one place of this crate that knows the names of operating systems. Everything else
//! asks for what a system has, by the cfgs that are printed here: `cfg(timerfd)`. A system without
//! a row has nothing of this, and the sources say `Unsupported` there or do without.

use std::env;
use std::fmt::Debug;

/// What a source can be made of. The cfg has its name.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Has {
    /// `TFD_TIMER_CANCEL_ON_SET`: a timerfd tells when the system's clock is set.
    CancelOnSet,
    /// kqueue(2), and with it `EVFILT_TIMER`, `EVFILT_SIGNAL` and `EVFILT_PROC`.
    Kqueue,
    /// `pidfd_open(2)`: a descriptor that stands for a process.
    Pidfd,
    /// `signalfd(2)`: a descriptor that signals are read from.
    Signalfd,
    /// `NOTE_NSECONDS`: a timer of kqueue counts nanoseconds, and not milliseconds.
    TimerNanoseconds,
    /// `timerfd_create(2)`: a timer that is a descriptor.
    Timerfd,
}

const ALL: &[Has] = &[
    Has::CancelOnSet,
    Has::Kqueue,
    Has::Pidfd,
    Has::Signalfd,
    Has::TimerNanoseconds,
    Has::Timerfd,
];

/// `target_os` as rustc spells it, and what these systems have.
const SYSTEMS: &[(&[&str], &[Has])] = &[
    (
        &["linux"],
        &[Has::Timerfd, Has::CancelOnSet, Has::Pidfd, Has::Signalfd],
    ),
    (
        &["android"],
        &[Has::Timerfd, Has::CancelOnSet, Has::Signalfd],
    ),
    (&["illumos"], &[Has::Timerfd]),
    (
        &["macos", "ios", "tvos", "watchos", "visionos", "freebsd"],
        &[Has::Kqueue, Has::TimerNanoseconds],
    ),
    // NetBSD 10 counts nanoseconds too, but no safe binding knows of it yet.
    (&["dragonfly", "netbsd", "openbsd"], &[Has::Kqueue]),
];

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    let names: Vec<String> = ALL.iter().map(cfg).collect();
    let names = names.join(", ");
    println!("cargo::rustc-check-cfg=cfg({names}, docsrs, loom)");

    let system = env::var("CARGO_CFG_TARGET_OS").unwrap_or_default();
    let mut rows = SYSTEMS.iter();
    let row = rows.find(|(names, _)| names.contains(&system.as_str()));
    for has in row.map_or(&[][..], |(_, has)| has) {
        println!("cargo::rustc-cfg={}", cfg(has));
    }
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
