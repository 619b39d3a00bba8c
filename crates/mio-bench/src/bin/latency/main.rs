//! How late a wait ends, how long a wake-up takes, and what looking before sleeping changes: this
//! crate beside mio 1.2.4, in one run.
//!
//! `cargo run --release -p mio-bench --bin latency` prints three tables; with
//! `--features all-selectors` poll(2) is in them too:
//!
//! * **lateness**: how long after its moment a wait ends, median of many;
//! * **round trip**: two threads wake each other by turns, on one core and on two, with and without
//!   [`busy_poll`](mio::Builder::busy_poll), with the processor time of both;
//! * **storm**: a thread wakes in a loop while another polls.
//!
//! The peers take turns within each table, so that what else the machine does falls on all of them.
//! Times vary from run to run; what to read are the ratios within one.

#[cfg(peers)]
mod peers;
#[cfg(peers)]
mod works;

#[cfg(peers)]
fn main() -> std::io::Result<()> {
    works::lateness()?;
    works::round_trips()?;
    works::storm()
}

#[cfg(not(peers))]
fn main() {
    println!("the peers run on Linux");
}
