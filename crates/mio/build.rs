//! The table of systems: which exist, how each is watched, and what each can do.
//!
//! This is the one place that knows the names of operating systems. Everything else asks for what a
//! system has, by the cfgs that are printed here: `cfg(epoll)`, `cfg(accept4)`. To add a system,
//! add a row; to add a selector, add a variant and its folder under `src/sys`. `PLATFORMS.md` says
//! why a row is as it is.

use std::env;
use std::fmt::Debug;

/// A mechanism that tells which sources are ready. Its name is the cfg and the folder.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Selector {
    Afd,
    Epoll,
    EventPorts,
    Kqueue,
    Poll,
}

/// What another thread uses when it wants `poll` to return.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Waker {
    Eventfd,
    /// Nothing: a flag, which the thread that polls looks at. For systems where a program has one
    /// thread.
    Flag,
    Pipe,
    /// An event of the selector's own. A poll(2) beside it uses a pipe.
    UserEvent,
}

/// What some systems have and others lack.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Has {
    /// `accept4(2)`: the new socket's flags are set by the call that accepts it.
    Accept4,
    /// `SOCK_NONBLOCK` and `SOCK_CLOEXEC` in the type given to `socket(2)` and `socketpair(2)`.
    SocketFlags,
    /// `pipe2(2)`: a pipe's flags are set by the call that makes it.
    Pipe2,
    /// `ppoll(2)`: poll(2) with a timeout in nanoseconds.
    Ppoll,
    /// `epoll_pwait2(2)`. Android has the call too, but its sandbox kills a program that uses it.
    EpollPwait2,
    /// `EPOLLEXCLUSIVE`: of several epolls that watch a file, not all are woken.
    EpollExclusive,
    /// epoll reports a descriptor of ours that becomes readable, but not that it becomes more so.
    EdgeFromEmpty,
    /// `kqueue1(2)`: the descriptor's flags are set by the call that makes it.
    Kqueue1,
    /// `EVFILT_AIO`: asynchronous file operations as an interest.
    Aio,
    /// `EVFILT_LIO`: lists of them as an interest.
    Lio,
    /// `POLLRDHUP`: poll(2) tells that the peer has stopped sending.
    Pollrdhup,
    /// Unix socket addresses that are no path.
    AbstractAddress,
    /// std keeps what is special about this system in `os::android`, not in `os::linux`.
    StdOsAndroid,
    /// Out-of-band data is an interest of its own.
    Priority,
    /// `SO_NOSIGPIPE`, where writing to a closed socket would otherwise kill the program.
    Nosigpipe,
    /// A negative backlog stands for the longest that the system allows.
    BacklogMax,
    /// Sources are descriptors though the system is no Unix.
    Descriptors,
    /// Sockets are those of std: the program can't make any itself.
    SocketsOfStd,
    /// A program can't start another one, so no flag is needed to keep descriptors from it.
    NoExec,
    /// poll(2) refuses entries that it is to pass over, and an array with no others, at least in
    /// older versions, and a closed descriptor is an error of the call.
    DensePoll,
    /// libc does not know `POLLNVAL`, by which poll(2) tells that a descriptor is closed.
    NoPollnval,
    /// `eventfd(2)` takes no flags, and reading and writing never block.
    PlainEventfd,
}

struct System {
    /// `target_os` as rustc spells it, and `target_env` after a colon where it matters.
    names: &'static [&'static str],
    /// The first one is the default; `all-selectors` compiles them all.
    selectors: &'static [Selector],
    waker: Waker,
    has: &'static [Has],
}

const SYSTEMS: &[System] = &[
    System {
        names: &["linux"],
        selectors: &[Selector::Epoll, Selector::Poll],
        waker: Waker::Eventfd,
        has: &[
            Has::Accept4,
            Has::SocketFlags,
            Has::Pipe2,
            Has::Ppoll,
            Has::EpollPwait2,
            Has::EpollExclusive,
            Has::Pollrdhup,
            Has::AbstractAddress,
            Has::Priority,
            Has::BacklogMax,
        ],
    },
    System {
        names: &["android"],
        selectors: &[Selector::Epoll, Selector::Poll],
        waker: Waker::Eventfd,
        has: &[
            Has::Accept4,
            Has::SocketFlags,
            Has::Pipe2,
            Has::Ppoll,
            Has::EpollExclusive,
            Has::Pollrdhup,
            Has::AbstractAddress,
            Has::StdOsAndroid,
            Has::Priority,
            Has::BacklogMax,
        ],
    },
    System {
        names: &["illumos"],
        selectors: &[Selector::Epoll, Selector::Poll],
        waker: Waker::Eventfd,
        has: &[
            Has::EdgeFromEmpty,
            Has::Accept4,
            Has::SocketFlags,
            Has::Pipe2,
            Has::Pollrdhup,
        ],
    },
    System {
        names: &["redox"],
        selectors: &[Selector::Epoll, Selector::Poll],
        waker: Waker::Pipe,
        has: &[Has::SocketFlags, Has::Pipe2],
    },
    System {
        names: &["freebsd"],
        selectors: &[Selector::Kqueue, Selector::Poll],
        waker: Waker::UserEvent,
        has: &[
            Has::Accept4,
            Has::SocketFlags,
            Has::Pipe2,
            Has::Ppoll,
            Has::Aio,
            Has::Lio,
            Has::BacklogMax,
        ],
    },
    System {
        names: &["dragonfly"],
        selectors: &[Selector::Kqueue, Selector::Poll],
        waker: Waker::UserEvent,
        has: &[
            Has::Accept4,
            Has::SocketFlags,
            Has::Pipe2,
            Has::Ppoll,
            Has::Aio,
        ],
    },
    System {
        names: &["netbsd"],
        selectors: &[Selector::Kqueue, Selector::Poll],
        // EVFILT_USER came with NetBSD 10.
        waker: Waker::Pipe,
        has: &[
            Has::Accept4,
            Has::SocketFlags,
            Has::Pipe2,
            Has::Ppoll,
            Has::Kqueue1,
        ],
    },
    System {
        names: &["openbsd"],
        selectors: &[Selector::Kqueue, Selector::Poll],
        // EVFILT_USER came with OpenBSD 7.7. There is a ppoll, but not in libc 0.2.178.
        waker: Waker::Pipe,
        has: &[Has::Accept4, Has::SocketFlags, Has::Pipe2, Has::BacklogMax],
    },
    System {
        names: &["macos", "ios", "tvos", "watchos", "visionos"],
        selectors: &[Selector::Kqueue, Selector::Poll],
        waker: Waker::UserEvent,
        has: &[Has::Aio, Has::Nosigpipe, Has::BacklogMax],
    },
    System {
        names: &["solaris"],
        selectors: &[Selector::EventPorts, Selector::Poll],
        waker: Waker::UserEvent,
        has: &[Has::Accept4, Has::SocketFlags, Has::Pipe2],
    },
    System {
        names: &["windows"],
        selectors: &[Selector::Afd],
        waker: Waker::UserEvent,
        has: &[],
    },
    System {
        names: &["fuchsia", "hurd", "cygwin"],
        selectors: &[Selector::Poll],
        waker: Waker::Pipe,
        has: &[Has::Accept4, Has::SocketFlags, Has::Pipe2, Has::Ppoll],
    },
    System {
        names: &["haiku"],
        selectors: &[Selector::Poll],
        waker: Waker::Pipe,
        has: &[Has::Accept4, Has::SocketFlags, Has::Ppoll],
    },
    System {
        names: &["espidf"],
        selectors: &[Selector::Poll],
        waker: Waker::Eventfd,
        has: &[Has::NoExec, Has::NoPollnval, Has::PlainEventfd],
    },
    System {
        names: &["vita"],
        selectors: &[Selector::Poll],
        waker: Waker::Pipe,
        has: &[Has::Pipe2, Has::NoExec],
    },
    System {
        names: &["horizon"],
        has: &[Has::NoExec],
        ..POSIX
    },
    System {
        // NuttX has more, but libc knows of it only since a version that is newer than ours may be.
        names: &["nto", "aix", "nuttx"],
        ..POSIX
    },
    System {
        names: &["hermit"],
        selectors: &[Selector::Poll],
        waker: Waker::Eventfd,
        has: &[Has::Descriptors, Has::Pollrdhup, Has::NoExec],
    },
    System {
        names: &["wasi:p1"],
        selectors: &[Selector::Poll],
        waker: Waker::Flag,
        has: &[
            Has::Descriptors,
            Has::SocketsOfStd,
            Has::NoExec,
            Has::DensePoll,
        ],
    },
    System {
        names: &["wasi"],
        selectors: &[Selector::Poll],
        waker: Waker::Flag,
        has: &[
            Has::Descriptors,
            Has::SocketFlags,
            Has::Accept4,
            Has::NoExec,
            Has::DensePoll,
        ],
    },
];

/// Linux with a kqueue of the tests' own: see `ci/kqueue`. Only what a BSD has too.
const KQUEUE_ON_LINUX: System = System {
    names: &[],
    selectors: &[Selector::Kqueue, Selector::Poll],
    waker: Waker::UserEvent,
    has: &[Has::Accept4, Has::SocketFlags, Has::Pipe2, Has::Ppoll],
};

/// Every other Unix: what POSIX itself promises.
const POSIX: System = System {
    names: &[],
    selectors: &[Selector::Poll],
    waker: Waker::Pipe,
    has: &[],
};

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    declare();

    let system = system();
    let compiled = compiled_selectors(system);
    for selector in &compiled {
        println!("cargo::rustc-cfg={}", cfg(selector));
    }
    if let Some(default) = compiled.first() {
        println!("cargo::rustc-cfg=default_selector=\"{}\"", cfg(default));
    }
    let waker = waker(system);
    if waker == Waker::UserEvent {
        println!("cargo::rustc-cfg=waker_{}", cfg(waker));
    }
    if let Some(signal) = signal(&compiled, waker) {
        println!("cargo::rustc-cfg=signal_{}", cfg(signal));
    }
    let lacks = |has| has == Has::Pollrdhup && overridden("NO_POLLRDHUP");
    for has in system.has.iter().filter(|has| !lacks(**has)) {
        println!("cargo::rustc-cfg={}", cfg(has));
    }
    if is_unix() && !system.has.contains(&Has::Descriptors) {
        println!("cargo::rustc-cfg={}", cfg(Has::Descriptors));
    }
}

/// The row of the system that this is compiled for.
fn system() -> &'static System {
    const NONE: System = System {
        selectors: &[],
        ..POSIX
    };
    if overridden("KQUEUE") {
        return &KQUEUE_ON_LINUX;
    }
    let variable = |name| env::var(name).unwrap_or_default();
    let name = variable("CARGO_CFG_TARGET_OS");
    let with_env = format!("{name}:{}", variable("CARGO_CFG_TARGET_ENV"));
    let mut rows = SYSTEMS.iter();
    let row = rows.find(|system| {
        let mut names = system.names.iter();
        names.any(|listed| *listed == name || *listed == with_env)
    });
    row.unwrap_or(if is_unix() { &POSIX } else { &NONE })
}

/// The selectors that go into this build, the default first.
fn compiled_selectors(system: &System) -> Vec<Selector> {
    if !feature("OS_POLL") {
        return Vec::new();
    }
    let mut selectors = system.selectors.to_vec();
    if overridden("POLL_POLL") && selectors.contains(&Selector::Poll) {
        selectors.retain(|selector| *selector != Selector::Poll);
        selectors.insert(0, Selector::Poll);
    }
    if overridden("EVENT_PORTS") {
        // `ci/event-ports` adds the calls to libc. epoll is left out, because its records differ.
        selectors.retain(|selector| *selector != Selector::Epoll);
        selectors.insert(0, Selector::EventPorts);
    }
    if !feature("ALL_SELECTORS") {
        selectors.truncate(1);
    }
    selectors
}

fn waker(system: &System) -> Waker {
    if overridden("WAKER_PIPE") && is_unix() {
        Waker::Pipe
    } else if overridden("EVENT_PORTS") {
        Waker::UserEvent
    } else {
        system.waker
    }
}

/// The descriptor that notifiers are made of, and selectors without events of their own are
/// interrupted with.
fn signal(compiled: &[Selector], waker: Waker) -> Option<Waker> {
    let needs_one = |selector: &Selector| *selector != Selector::Afd;
    let signal = match waker {
        Waker::UserEvent => Waker::Pipe,
        other => other,
    };
    compiled.iter().any(needs_one).then_some(signal)
}

fn is_unix() -> bool {
    env::var_os("CARGO_CFG_UNIX").is_some()
}

fn feature(name: &str) -> bool {
    env::var_os(format!("CARGO_FEATURE_{name}")).is_some()
}

/// Whether the program is built with the rustc flag `--cfg mio_unsupported_force_…`.
fn overridden(name: &str) -> bool {
    env::var_os(format!("CARGO_CFG_MIO_UNSUPPORTED_FORCE_{name}")).is_some()
}

/// Tells rustc every cfg that the table can print, so that a misspelt one is a warning.
fn declare() {
    let selectors = SYSTEMS.iter().flat_map(|system| system.selectors).map(cfg);
    let has = SYSTEMS.iter().flat_map(|system| system.has).map(cfg);
    let mut names: Vec<String> = selectors.clone().chain(has).collect();
    names.extend(
        SYSTEMS
            .iter()
            .map(|system| format!("signal_{}", cfg(system.waker))),
    );
    // `loom` is for testing: see `src/sys/pending.rs`.
    names.extend(["waker_user_event", "docsrs", "loom"].map(str::to_owned));
    names.sort();
    names.dedup();
    println!("cargo::rustc-check-cfg=cfg({})", names.join(", "));
    let mut values: Vec<String> = selectors.map(|name| format!("\"{name}\"")).collect();
    values.sort();
    values.dedup();
    let values = values.join(", ");
    println!("cargo::rustc-check-cfg=cfg(default_selector, values({values}))");
}

/// The cfg of a name in the table: `EpollPwait2` is `epoll_pwait2`.
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
