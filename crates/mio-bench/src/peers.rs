//! The list of peers, each compiled from `peers/` or part of this program.

use std::env;
use std::ffi::OsString;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::SystemTime;

use crate::{http, servers};

/// A peer, or the reason why it is missing.
#[derive(Debug)]
pub struct Peer {
    /// Its name in the tables.
    pub name: &'static str,
    /// The command that runs it, without the task; or the reason why there is none.
    pub command: Result<Vec<OsString>, String>,
}

impl Peer {
    /// Returns the command, unless it is missing.
    pub fn command(&self) -> Option<&[OsString]> {
        self.command.as_deref().ok()
    }
}

/// Returns `true` if the peer with this name in a table is ours. mio 1.2.5 is not.
pub fn is_ours(name: &str) -> bool {
    const BEGINNINGS: [&str; 3] = ["mio, ", "mio-", "TimerWheel"];
    BEGINNINGS.iter().any(|ours| name.starts_with(ours))
}

/// The peer that all others are compared with.
pub const REFERENCE: &str = "C epoll, edge";

struct InC {
    file: &'static str,
    name: &'static str,
    libraries: &'static [&'static str],
    /// The Debian packages that it needs.
    packages: &'static [&'static str],
}

/// The service that a peer in C is compiled for.
#[derive(Clone, Copy, PartialEq)]
enum Service {
    Echo,
    Http,
}

const IN_C: [InC; 8] = [
    InC {
        file: "epoll_edge.c",
        name: REFERENCE,
        libraries: &[],
        packages: &["gcc", "libc6-dev"],
    },
    InC {
        file: "epoll_edge_short.c",
        name: "C epoll, edge, short read",
        libraries: &[],
        packages: &["gcc", "libc6-dev"],
    },
    InC {
        file: "epoll_level.c",
        name: "C epoll, level",
        libraries: &[],
        packages: &["gcc", "libc6-dev"],
    },
    InC {
        file: "libuv.c",
        name: "libuv, uv_try_write",
        libraries: &["-luv"],
        packages: &["gcc", "libc6-dev", "libuv1-dev"],
    },
    InC {
        file: "libuv_write.c",
        name: "libuv, uv_write",
        libraries: &["-luv"],
        packages: &["gcc", "libc6-dev", "libuv1-dev"],
    },
    InC {
        file: "libevent.c",
        name: "libevent",
        libraries: &["-levent_core"],
        packages: &["gcc", "libc6-dev", "libevent-dev"],
    },
    InC {
        file: "libev.c",
        name: "libev",
        libraries: &["-lev"],
        packages: &["gcc", "libc6-dev", "libev-dev"],
    },
    InC {
        file: "asio.cpp",
        name: "Boost.Asio",
        libraries: &[],
        packages: &["g++", "libboost-dev"],
    },
];

/// Returns all peers, in the order of the tables. With `install`, installs the Debian packages that
/// they need.
pub fn all(install: bool) -> io::Result<Vec<Peer>> {
    let (folder, program) = (folder()?, program()?);
    let in_c = |peer: &InC| Peer {
        name: peer.name,
        command: compile(peer, Service::Echo, &folder, install).map(|path| vec![path.into()]),
    };
    let in_rust = servers::NAMES.iter().map(|(key, name)| Peer {
        name,
        command: if servers::is_built(key) {
            Ok(vec![program.clone().into(), "server".into(), key.into()])
        } else {
            Err("needs --features all-selectors".to_owned())
        },
    });
    let mut peers: Vec<Peer> = IN_C[..3].iter().map(in_c).collect();
    peers.extend(in_rust);
    peers.extend(IN_C[3..].iter().map(in_c));
    Ok(peers)
}

/// Returns the names of all peers, including those for HTTP only.
pub fn names() -> Vec<&'static str> {
    let in_c = IN_C.iter().map(|peer| peer.name);
    let in_rust = servers::NAMES.iter().map(|(_, name)| *name);
    in_c.chain(in_rust).chain(http::NAMES).collect()
}

/// Returns the command of a peer as an HTTP server.
pub fn for_http(peer: &Peer, install: bool) -> Result<Vec<OsString>, String> {
    let command = peer.command.as_ref().map_err(String::clone)?;
    match IN_C.iter().find(|in_c| in_c.name == peer.name) {
        Some(in_c) => {
            let folder = folder().map_err(|err| err.to_string())?;
            Ok(vec![compile(in_c, Service::Http, &folder, install)?.into()])
        }
        None => Ok(command.clone()),
    }
}

/// Returns the folder of the compiled peers.
pub(crate) fn folder() -> io::Result<PathBuf> {
    let folder = target()?.join("bench/peers");
    fs::create_dir_all(&folder)?;
    Ok(folder)
}

/// Returns the folder of their sources.
pub(crate) fn sources() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("peers")
}

/// Returns the build folder of this program.
pub fn target() -> io::Result<PathBuf> {
    let program = env::current_exe()?;
    let target = program.ancestors().nth(2).unwrap_or(Path::new("target"));
    Ok(target.to_owned())
}

/// Returns the program that contains the servers in Rust, and the client.
pub fn program() -> io::Result<PathBuf> {
    let program = env::current_exe()?.with_file_name("mio-bench");
    if program.exists() {
        Ok(program)
    } else {
        let what = format!(
            "{} is not built (cargo build --release -p mio-bench)",
            program.display()
        );
        Err(io::Error::new(io::ErrorKind::NotFound, what))
    }
}

fn compile(peer: &InC, service: Service, folder: &Path, install: bool) -> Result<PathBuf, String> {
    let (is_http, sources) = (service == Service::Http, sources());
    let name = peer.file.replace('.', "_");
    let output = folder.join(if is_http { name + "_http" } else { name });
    let mut command = Command::new(if peer.file.ends_with(".cpp") {
        env::var_os("CXX").unwrap_or("c++".into())
    } else {
        compiler()
    });
    command.args(["-O2", "-Wall", "-Wextra", "-o"]).arg(&output);
    if is_http {
        command.arg("-DHTTP");
    }
    command.arg(sources.join(peer.file)).args(peer.libraries);
    with_packages(peer.packages, install, || build(&mut command, &output))?;
    Ok(output)
}

/// Adds the name of a program to the error of starting it, because the OS error lacks it.
pub(crate) fn named(command: &Command, err: io::Error) -> io::Error {
    let program = command.get_program().to_string_lossy();
    io::Error::new(err.kind(), format!("{program}: {err}"))
}

/// Returns the C compiler.
pub(crate) fn compiler() -> OsString {
    env::var_os("CC").unwrap_or("cc".into())
}

/// Builds a file, unless it is newer than the sources.
pub(crate) fn build(command: &mut Command, output: &Path) -> Result<(), String> {
    if is_newer(output, &sources()) {
        return Ok(());
    }
    let name = output.file_name().unwrap_or_default().to_string_lossy();
    eprintln!("compiling {name}");
    let result = command.stdin(Stdio::null()).output();
    let result = result.map_err(|err| named(command, err).to_string())?;
    if result.status.success() {
        return Ok(());
    }
    let log = String::from_utf8_lossy(&result.stderr).into_owned();
    let line = log.lines().find(|line| line.contains("error"));
    Err(line.or(log.lines().next()).unwrap_or("?").to_owned())
}

/// Runs a step that needs Debian packages. If it fails, installs them and runs it again.
pub(crate) fn with_packages<T>(
    packages: &[&str],
    install: bool,
    mut work: impl FnMut() -> Result<T, String>,
) -> Result<T, String> {
    let mut result = work();
    if result.is_err() && install {
        eprintln!("installing {}", packages.join(" "));
        apt_get(packages);
        result = work();
    }
    result.map_err(|why| format!("{why} (apt-get install {})", packages.join(" ")))
}

/// Runs `apt-get`. Its failures show when the package is needed.
fn apt_get(packages: &[&str]) {
    let run = |words: &[&str]| {
        let result = Command::new("apt-get")
            .args(words)
            // It must not prompt.
            .env("DEBIAN_FRONTEND", "noninteractive")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .status();
        result.is_ok_and(|status| status.success())
    };
    let install = [
        &["install", "-y", "-qq", "--no-install-recommends"],
        packages,
    ]
    .concat();
    // A new machine has no package lists, or old ones.
    if !run(&install) && run(&["update", "-qq"]) {
        run(&install);
    }
}

/// Returns `true` if a file is newer than each file in a folder.
fn is_newer(file: &Path, folder: &Path) -> bool {
    let time = |path: &Path| path.metadata().and_then(|file| file.modified());
    let (Ok(built), Ok(entries)) = (time(file), folder.read_dir()) else {
        return false;
    };
    let newest = entries
        .flatten()
        .filter_map(|entry| time(&entry.path()).ok())
        .max();
    newest.unwrap_or(SystemTime::UNIX_EPOCH) < built
}
