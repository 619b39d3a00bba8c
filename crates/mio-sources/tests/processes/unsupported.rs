//! Platforms without Unix signals and processes return `Unsupported`.

use std::io::ErrorKind;

use mio_sources::signal::{Signal, Signals};

#[test]
fn signals_say_so() {
    let err = Signals::new([Signal::SIGINT, Signal::SIGTERM]).unwrap_err();
    assert_eq!(err.kind(), ErrorKind::Unsupported, "{err}");
    assert_eq!(Signal::SIGTERM.to_string(), "SIGTERM");
    assert_eq!(format!("{:?}", Signal::from_raw(77)), "signal 77");
}

#[cfg(not(process_handle))]
#[test]
fn children_say_so_and_nothing_is_started() {
    use mio_sources::process::{Child, reap_dropped};

    // Starting it would fail with another error, because it does not exist.
    let err = Child::spawn(&mut std::process::Command::new("no such program")).unwrap_err();
    assert_eq!(err.kind(), ErrorKind::Unsupported, "{err}");
    assert_eq!(reap_dropped(), 0);
}
