//! The table of systems: which exist, how each is watched, and what each can do.
//!
//! This is the one place that knows the names of operating systems. Everything else asks for what a
//! system has, by the cfgs that are printed here: `cfg(epoll)`, `cfg(accept4)`. To add a system,
//! add a row; to add a selector, add a variant and its folder under `src/sys`.

use std::env;

/// A system call that tells which sources are ready. Its name is the cfg and the folder.
#[derive(Clone, Copy, PartialEq)]
enum Selector {
    Epoll,
    Poll,
}

/// What another thread writes to when it wants `poll` to return.
#[derive(Clone, Copy, PartialEq)]
enum Waker {
    Eventfd,
    Pipe,
}

/// What some systems have and others lack.
#[derive(Clone, Copy, PartialEq)]
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
}

struct System {
    /// `target_os` as rustc spells it.
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
            Has::Pollrdhup,
            Has::AbstractAddress,
            Has::StdOsAndroid,
            Has::Priority,
            Has::BacklogMax,
        ],
    },
    System {
        names: &["freebsd", "openbsd"],
        selectors: &[Selector::Poll],
        waker: Waker::Pipe,
        has: &[
            Has::Accept4,
            Has::SocketFlags,
            Has::Pipe2,
            Has::Ppoll,
            Has::BacklogMax,
        ],
    },
    System {
        names: &["dragonfly", "netbsd"],
        selectors: &[Selector::Poll],
        waker: Waker::Pipe,
        has: &[Has::Accept4, Has::SocketFlags, Has::Pipe2, Has::Ppoll],
    },
    System {
        names: &["macos", "ios", "tvos", "watchos", "visionos"],
        selectors: &[Selector::Poll],
        waker: Waker::Pipe,
        has: &[Has::Nosigpipe, Has::BacklogMax],
    },
    System {
        names: &["illumos", "solaris"],
        selectors: &[Selector::Poll],
        waker: Waker::Pipe,
        has: &[Has::Accept4, Has::SocketFlags, Has::Pipe2],
    },
    // Sockets can't be opened here yet and nothing can be watched: the types exist, so that code
    // which names them compiles, and `Poll::new` says that the system has no selector.
    System {
        names: &["windows", "wasi", "hermit"],
        selectors: &[],
        waker: Waker::Pipe,
        has: &[],
    },
];

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

    let name = env::var("CARGO_CFG_TARGET_OS").unwrap_or_default();
    let system = SYSTEMS
        .iter()
        .find(|system| system.names.contains(&name.as_str()));
    let system = system.unwrap_or(&POSIX);

    let compiled = compiled_selectors(system);
    for selector in &compiled {
        println!("cargo::rustc-cfg={}", selector.cfg());
    }
    if let Some(default) = compiled.first() {
        println!("cargo::rustc-cfg=default_selector=\"{}\"", default.cfg());
    }
    println!("cargo::rustc-cfg={}", waker(system).cfg());
    for has in system.has {
        println!("cargo::rustc-cfg={}", has.cfg());
    }
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
    if !feature("ALL_SELECTORS") {
        selectors.truncate(1);
    }
    selectors
}

fn waker(system: &System) -> Waker {
    if overridden("WAKER_PIPE") {
        Waker::Pipe
    } else {
        system.waker
    }
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
    for selector in [Selector::Epoll, Selector::Poll] {
        println!("cargo::rustc-check-cfg=cfg({})", selector.cfg());
    }
    println!("cargo::rustc-check-cfg=cfg(default_selector, values(\"epoll\", \"poll\"))");
    for waker in [Waker::Eventfd, Waker::Pipe] {
        println!("cargo::rustc-check-cfg=cfg({})", waker.cfg());
    }
    for has in Has::ALL {
        println!("cargo::rustc-check-cfg=cfg({})", has.cfg());
    }
    println!("cargo::rustc-check-cfg=cfg(docsrs)");
}

impl Selector {
    fn cfg(self) -> &'static str {
        match self {
            Selector::Epoll => "epoll",
            Selector::Poll => "poll",
        }
    }
}

impl Waker {
    fn cfg(self) -> &'static str {
        match self {
            Waker::Eventfd => "waker_eventfd",
            Waker::Pipe => "waker_pipe",
        }
    }
}

impl Has {
    const ALL: [Has; 11] = [
        Has::Accept4,
        Has::SocketFlags,
        Has::Pipe2,
        Has::Ppoll,
        Has::EpollPwait2,
        Has::Pollrdhup,
        Has::AbstractAddress,
        Has::StdOsAndroid,
        Has::Priority,
        Has::Nosigpipe,
        Has::BacklogMax,
    ];

    fn cfg(self) -> &'static str {
        match self {
            Has::Accept4 => "accept4",
            Has::SocketFlags => "socket_flags",
            Has::Pipe2 => "pipe2",
            Has::Ppoll => "ppoll",
            Has::EpollPwait2 => "epoll_pwait2",
            Has::Pollrdhup => "pollrdhup",
            Has::AbstractAddress => "abstract_address",
            Has::StdOsAndroid => "std_os_android",
            Has::Priority => "priority",
            Has::Nosigpipe => "nosigpipe",
            Has::BacklogMax => "backlog_max",
        }
    }
}
