//! The example programs, which end by themselves.

use std::path::PathBuf;

use crate::support::program;

/// Returns the output of a program, line by line. Cargo builds the examples with the tests.
fn output(name: &str) -> Vec<String> {
    let mut path: PathBuf = std::env::current_exe().expect("a path");
    path.pop();
    path.pop();
    path.extend(["examples", name]);
    path.set_extension(std::env::consts::EXE_EXTENSION);
    let output = program(path).output().expect("an example");
    assert!(output.status.success(), "{name}: {output:?}");
    let text = String::from_utf8(output.stdout).expect("text");
    text.lines().map(str::to_owned).collect()
}

#[cfg(feature = "timer")]
#[test]
fn timers_expire_in_their_order() {
    let lines = output("timers");
    let at = |what: &str| {
        let found = lines.iter().position(|line| line.contains(what));
        found.unwrap_or_else(|| panic!("no {what} in {lines:#?}"))
    };
    assert!(at("mute has been idle") < at("silent has been idle"));
    if cfg!(any(timerfd, kqueue, waitable_timer)) {
        assert!(at("silent has been idle") < at("talker has been idle"));
        assert!(at("beat") < at("talker has been idle"));
    }
    assert_eq!(at("talker has been idle"), lines.len() - 1);
}

#[cfg(feature = "channel")]
#[test]
fn everybody_is_heard_in_the_chat() {
    let mut lines = output("chat_between_threads");
    assert_eq!(lines.pop().as_deref(), Some("(the room is empty)"));
    lines.sort();
    let guests = ["blue", "green", "red"];
    let said = guests.map(|name| format!("{name}: good evening, I am {name}"));
    assert_eq!(lines, said);
}
