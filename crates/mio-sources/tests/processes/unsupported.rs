//! Systems without Unix signals and processes say so.

use std::io::ErrorKind;

use mio_sources::signal::{Signal, Signals};

#[test]
fn signals_say_so() {
    let err = Signals::new([Signal::SIGINT, Signal::SIGTERM]).unwrap_err();
    assert_eq!(err.kind(), ErrorKind::Unsupported, "{err}");
    assert_eq!(Signal::SIGTERM.to_string(), "SIGTERM");
    assert_eq!(format!("{:?}", Signal::from_raw(77)), "signal 77");
}
