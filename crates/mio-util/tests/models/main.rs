//! Each part against a model, over a transport that does anything that a transport may do.
//!
//! `PROPTEST_CASES` sets the number of sequences per test, 300 by default.

mod connection;
mod read_buffer;
mod registration;
mod transport;
mod write_queue;

use proptest::test_runner::Config;

/// Returns the configuration of a test: the number of sequences in one run.
fn config() -> Config {
    let cases = std::env::var("PROPTEST_CASES")
        .ok()
        .and_then(|cases| cases.parse().ok())
        .unwrap_or(300);
    // Sequences that failed are printed and become tests; no file keeps them.
    Config {
        cases,
        failure_persistence: None,
        ..Config::default()
    }
}
