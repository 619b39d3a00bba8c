//! The peers run where epoll is: `cfg(peers)`.

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rustc-check-cfg=cfg(peers)");
    if std::env::var("CARGO_CFG_TARGET_OS").is_ok_and(|name| name == "linux") {
        println!("cargo::rustc-cfg=peers");
    }
}
