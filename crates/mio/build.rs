//! The table of platforms, with the selectors, the waker and the capabilities of each.
//!
//! Only this file names operating systems. All other code asks for a capability, by the cfgs that
//! this script prints: `cfg(epoll)`, `cfg(accept4)`. To add a platform, add a row. To add a
//! selector, add a variant and its folder under `src/sys`. `PLATFORMS.md` gives the reasons for a
//! row.

use std::env;
use std::fmt::Debug;

/// A mechanism that reports which sources are ready. Its name is also the cfg and the folder.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Selector {
    Afd,
    Epoll,
    EventPorts,
    Kqueue,
    Poll,
}

/// The mechanism by which another thread makes `poll` return.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Waker {
    Eventfd,
    /// A flag that the polling thread checks. Nothing interrupts a wait.
    Flag,
    Pipe,
    /// An event of the selector itself. poll(2) on the same platform uses a pipe.
    UserEvent,
}

/// A capability that some platforms have and others lack.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Has {
    /// `accept4(2)`, which sets the flags of the accepted socket.
    Accept4,
    /// `SOCK_NONBLOCK` and `SOCK_CLOEXEC` in the type argument of `socket(2)` and `socketpair(2)`.
    SocketFlags,
    /// `pipe2(2)`, which sets the flags of the new pipe.
    Pipe2,
    /// `ppoll(2)`, which is poll(2) with a timeout in nanoseconds.
    Ppoll,
    /// `epoll_pwait2(2)`. Android has it too, but its sandbox kills a program that uses it.
    EpollPwait2,
    /// `EPOLLEXCLUSIVE`: the kernel does not wake every epoll that watches the file.
    EpollExclusive,
    /// epoll reports an interrupter that becomes readable, but not further writes to it.
    EdgeFromEmpty,
    /// `kqueue1(2)`, which sets the flags of the new descriptor.
    Kqueue1,
    /// `EVFILT_AIO`, for asynchronous file operations as an interest.
    Aio,
    /// `EVFILT_LIO`, for lists of asynchronous file operations as an interest.
    Lio,
    /// `POLLRDHUP`, by which poll(2) reports that the peer has stopped sending.
    Pollrdhup,
    /// Abstract Unix socket addresses, which are not paths.
    AbstractAddress,
    /// std has the extensions of this platform in `os::android`, not in `os::linux`.
    StdOsAndroid,
    /// Out-of-band data is an interest of its own.
    Priority,
    /// `SO_NOSIGPIPE`, without which a write to a closed socket would kill the program.
    Nosigpipe,
    /// A negative backlog requests the longest that the kernel allows.
    BacklogMax,
    /// Sources are descriptors although the platform is not Unix.
    Descriptors,
    /// Sockets come from std only, because a program can't create any itself.
    SocketsOfStd,
    /// A program can't start another one, so descriptors need no close-on-exec flag.
    NoExec,
    /// poll(2) can't skip entries: at least older versions reject an entry that requests no events,
    /// and an array with no other entries. A closed descriptor is an error of the call.
    DensePoll,
    /// libc does not define `POLLNVAL`, by which poll(2) reports a closed descriptor.
    NoPollnval,
    /// `eventfd(2)` takes no flags, and reads and writes never block.
    PlainEventfd,
}

struct System {
    /// The `target_os` as rustc spells it, followed by a colon and the `target_env` if it matters.
    names: &'static [&'static str],
    /// The first one is the default; `all-selectors` compiles all of them.
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
        // EVFILT_USER needs NetBSD 10.
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
        // EVFILT_USER needs OpenBSD 7.7. OpenBSD has ppoll, but libc 0.2.178 does not declare it.
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
        // It has sockets but no pipes, so nothing can interrupt a waiting poll(2).
        names: &["horizon"],
        waker: Waker::Flag,
        has: &[Has::NoExec],
        ..POSIX
    },
    System {
        names: &["emscripten"],
        has: &[Has::NoExec],
        ..POSIX
    },
    System {
        // NuttX may have more capabilities, but each depends on the kernel's configuration.
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

/// Linux with a model of kqueue(2) for tests, and only capabilities of the BSDs: see `ci/kqueue`.
const KQUEUE_ON_LINUX: System = System {
    names: &[],
    selectors: &[Selector::Kqueue, Selector::Poll],
    waker: Waker::UserEvent,
    has: &[Has::Accept4, Has::SocketFlags, Has::Pipe2, Has::Ppoll],
};

/// Every other Unix, with the guarantees of POSIX.
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
    if system.selectors.is_empty() && (feature("NET") || feature("OS_POLL")) {
        println!(
            "cargo::error=mio has no selector and no sockets for {}. Build it without the features \
             `net`, `os-poll` and `os-ext`; if Tokio asks for them, leave out its feature `net`",
            env::var("TARGET").unwrap_or_default()
        );
        return;
    }
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
    for signal in signals(system, &compiled, waker) {
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

/// Returns the row of the target.
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

/// Returns the selectors of this build, the default first.
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
        // `ci/event-ports` adds the calls to libc. epoll is excluded, because its records differ.
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

/// Returns the mechanisms for notifiers, and for interrupting selectors without user events.
///
/// A pipe, where the platform has one, is the fallback for a sandbox that refuses an eventfd.
fn signals(system: &System, compiled: &[Selector], waker: Waker) -> &'static [Waker] {
    if compiled.iter().all(|selector| *selector == Selector::Afd) {
        return &[];
    }
    match waker {
        Waker::Eventfd if system.has.contains(&Has::Pipe2) => &[Waker::Eventfd, Waker::Pipe],
        Waker::Eventfd => &[Waker::Eventfd],
        Waker::Flag => &[Waker::Flag],
        Waker::Pipe | Waker::UserEvent => &[Waker::Pipe],
    }
}

fn is_unix() -> bool {
    env::var_os("CARGO_CFG_UNIX").is_some()
}

fn feature(name: &str) -> bool {
    env::var_os(format!("CARGO_FEATURE_{name}")).is_some()
}

/// Returns true if the build has the rustc flag `--cfg mio_unsupported_force_…`.
fn overridden(name: &str) -> bool {
    env::var_os(format!("CARGO_CFG_MIO_UNSUPPORTED_FORCE_{name}")).is_some()
}

/// Declares every cfg that the table can print, so that rustc warns about a misspelt one.
fn declare() {
    let selectors = SYSTEMS.iter().flat_map(|system| system.selectors).map(cfg);
    let has = SYSTEMS.iter().flat_map(|system| system.has).map(cfg);
    let mut names: Vec<String> = selectors.clone().chain(has).collect();
    names.extend(
        SYSTEMS
            .iter()
            .map(|system| format!("signal_{}", cfg(system.waker))),
    );
    // Tests set `loom`: see `src/sys/pending.rs`.
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

/// Returns the cfg for a name in the table: `epoll_pwait2` for `EpollPwait2`.
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
