//! The list of peers, and how each comes to be: compiled from `peers/`, or part of this program.

use std::env;
use std::ffi::OsString;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::SystemTime;

use crate::servers;

/// One that is compared, or the reason why it is not.
#[derive(Debug)]
pub struct Peer {
    /// What the tables call it.
    pub name: &'static str,
    /// Whether it is this crate.
    pub is_ours: bool,
    /// The command that runs it, without the task; or why there is none.
    pub command: Result<Vec<OsString>, String>,
}

impl Peer {
    /// The command of a peer that is there.
    pub fn command(&self) -> Option<&[OsString]> {
        self.command.as_deref().ok()
    }
}

/// The peer that all others are compared with.
pub const REFERENCE: &str = "C epoll, edge";

struct InC {
    file: &'static str,
    name: &'static str,
    libraries: &'static [&'static str],
    /// The package of Debian that has what it needs.
    package: &'static str,
}

const IN_C: [InC; 7] = [
    InC {
        file: "epoll_edge.c",
        name: REFERENCE,
        libraries: &[],
        package: "libc6-dev",
    },
    InC {
        file: "epoll_edge_short.c",
        name: "C epoll, edge, short read",
        libraries: &[],
        package: "libc6-dev",
    },
    InC {
        file: "epoll_level.c",
        name: "C epoll, level",
        libraries: &[],
        package: "libc6-dev",
    },
    InC {
        file: "libuv.c",
        name: "libuv",
        libraries: &["-luv"],
        package: "libuv1-dev",
    },
    InC {
        file: "libevent.c",
        name: "libevent",
        libraries: &["-levent_core"],
        package: "libevent-dev",
    },
    InC {
        file: "libev.c",
        name: "libev",
        libraries: &["-lev"],
        package: "libev-dev",
    },
    InC {
        file: "asio.cpp",
        name: "Boost.Asio",
        libraries: &[],
        package: "libboost-dev",
    },
];

/// All peers, in the order of the tables; with `install`, Debian's packages are installed for those
/// that need them.
pub fn all(install: bool) -> io::Result<Vec<Peer>> {
    let (folder, program) = (target()?.join("bench/peers"), program()?);
    fs::create_dir_all(&folder)?;
    let in_c = |peer: &InC| Peer {
        name: peer.name,
        is_ours: false,
        command: compile(peer, &folder, install).map(|path| vec![path.into()]),
    };
    let in_rust = servers::NAMES.iter().map(|(key, name)| Peer {
        name,
        is_ours: key.starts_with("mio-"),
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

/// The folder of the build that this program is from.
pub fn target() -> io::Result<PathBuf> {
    let program = env::current_exe()?;
    let target = program.ancestors().nth(2).unwrap_or(Path::new("target"));
    Ok(target.to_owned())
}

/// The program that has the servers in Rust, and the client.
pub fn program() -> io::Result<PathBuf> {
    let program = env::current_exe()?.with_file_name("mio-bench");
    if program.exists() {
        Ok(program)
    } else {
        let what = format!("{} is not built", program.display());
        Err(io::Error::new(io::ErrorKind::NotFound, what))
    }
}

fn compile(peer: &InC, folder: &Path, install: bool) -> Result<PathBuf, String> {
    let sources = Path::new(env!("CARGO_MANIFEST_DIR")).join("peers");
    let output = folder.join(peer.file.replace('.', "_"));
    if is_newer(&output, &sources) {
        return Ok(output);
    }
    let compiler = if peer.file.ends_with(".cpp") {
        env::var("CXX").unwrap_or("c++".to_owned())
    } else {
        env::var("CC").unwrap_or("cc".to_owned())
    };
    let run = || {
        eprintln!("compiling {}", peer.file);
        let result = Command::new(&compiler)
            .args(["-O2", "-Wall", "-Wextra", "-o"])
            .arg(&output)
            .arg(sources.join(peer.file))
            .args(peer.libraries)
            .stdin(Stdio::null())
            .output();
        match result {
            Ok(result) if result.status.success() => Ok(()),
            Ok(result) => {
                let log = String::from_utf8_lossy(&result.stderr).into_owned();
                let line = log.lines().find(|line| line.contains("error"));
                Err(line.or(log.lines().next()).unwrap_or("?").to_owned())
            }
            Err(err) => Err(format!("{compiler}: {err}")),
        }
    };
    let mut result = run();
    if result.is_err() && install {
        eprintln!("installing {}", peer.package);
        let _ = Command::new("apt-get")
            .args(["install", "-y", "-qq", "--no-install-recommends"])
            .arg(peer.package)
            .stdout(Stdio::null())
            .status();
        result = run();
    }
    let hint = format!("apt-get install {}", peer.package);
    result
        .map(|()| output)
        .map_err(|why| format!("{why} ({hint})"))
}

/// Whether a file is newer than each in a folder.
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
