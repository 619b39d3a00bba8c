//! The table of platforms: the OS features that each has for the parts of this crate.
//!
//! This is the only place of this crate that names operating systems. All other code asks for a
//! feature by the cfgs that are printed here.

/// `target_os` as rustc spells it, and the features of these platforms.
///
/// Three are mostly for the tests of the page `options`: `linux_sockets` (netlink, vsock, and the
/// options and errors that only Linux has), `bsd_sockets` (raw sockets, `SO_REUSEPORT`, `IP_TOS`)
/// and `seqpacket`.
const SYSTEMS: &[(&[&str], &[&str])] = &[
    (
        &["linux", "android"],
        &[
            "ancillary",
            "cmsg_cloexec",
            "msg_nosignal",
            "peercred",
            "linux_sockets",
            "bsd_sockets",
            "seqpacket",
        ],
    ),
    (
        &["freebsd", "netbsd", "openbsd", "dragonfly"],
        &[
            "ancillary",
            "cmsg_cloexec",
            "msg_nosignal",
            "bsd_sockets",
            "seqpacket",
        ],
    ),
    // A further call makes received descriptors close-on-exec.
    (
        &["macos", "ios", "tvos", "watchos", "visionos"],
        &["ancillary", "bsd_sockets"],
    ),
];

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rustc-check-cfg=cfg(ancillary, cmsg_cloexec, msg_nosignal, peercred)");
    println!("cargo::rustc-check-cfg=cfg(linux_sockets, bsd_sockets, seqpacket, rustls, docsrs)");
    let target = |what: &str| std::env::var(format!("CARGO_CFG_TARGET_{what}")).unwrap_or_default();
    let name = target("OS");
    let rows = SYSTEMS.iter().filter(|(names, _)| names.contains(&&*name));
    for capability in rows.flat_map(|(_, capabilities)| *capabilities) {
        println!("cargo::rustc-cfg={capability}");
    }
    // The targets with the development dependency on rustls: see Cargo.toml.
    if name == "linux" && target("ARCH") == "x86_64" && target("ENV") == "gnu" {
        println!("cargo::rustc-cfg=rustls");
    }
}
