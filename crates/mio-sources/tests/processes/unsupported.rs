//! Systems without Unix signals and processes say so.

use std::io::ErrorKind;
use std::process::Command;

use mio_sources::process::{Child, reap_dropped};
use mio_sources::signal::{Signal, Signals};

#[test]
fn signals_say_so() {
    let err = Signals::new([Signal::SIGINT, Signal::SIGTERM]).unwrap_err();
    assert_eq!(err.kind(), ErrorKind::Unsupported, "{err}");
    assert_eq!(Signal::SIGTERM.to_string(), "SIGTERM");
    assert_eq!(format!("{:?}", Signal::from_raw(77)), "signal 77");
}

#[test]
fn children_say_so_and_nothing_is_started() {
    // If it were started, it would be missed.
    let err = Child::spawn(&mut Command::new("no such program")).unwrap_err();
    assert_eq!(err.kind(), ErrorKind::Unsupported, "{err}");
    assert_eq!(reap_dropped(), 0);
}
