//! The cost of mio over the OS, beside its peers.
//!
//! `cargo run --release -p mio-bench` is the comparison; BENCHMARKS.md describes its method and how
//! to read it. It shares these modules with the counting programs, which CI runs.
#![cfg(peers)]

pub mod calls;
pub mod client;
pub mod datagrams;
pub mod ffi;
pub mod http;
pub mod idle;
pub mod instructions;
pub mod peers;
pub mod plot;
pub mod report;
pub mod run;
pub mod servers;
pub mod stats;
pub mod timers;
pub mod wakes;
pub mod works;
