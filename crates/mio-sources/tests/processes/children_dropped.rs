//! Children whose `Child` is dropped: which go on, and that none stays as a zombie.
//!
//! The list of dropped children is the program's, so each test has a process of its own.

use std::io::Read;
use std::process::{Command, Stdio};
use std::time::Instant;

use mio_sources::process::{Child, reap_dropped};
use rustix::process::{Pid, test_kill_process};

use crate::support::{LONG, alone, on_each_selector, shell};

/// Whether there is such a process, be it as a zombie.
fn exists(id: u32) -> bool {
    let pid = Pid::from_raw(id.try_into().unwrap()).unwrap();
    test_kill_process(pid).is_ok()
}

/// Tries until it is so.
fn eventually(what: &str, mut is_so: impl FnMut() -> bool) {
    let deadline = Instant::now() + LONG;
    while !is_so() {
        assert!(Instant::now() < deadline, "{what} did not come");
        std::thread::yield_now();
    }
}

/// A child that runs until its standard input is closed, and the end of a pipe that it holds open
/// as long.
fn cat() -> (Child, mio::unix::pipe::Receiver) {
    let mut command = Command::new("cat");
    let mut child = Child::spawn(command.stdin(Stdio::piped()).stdout(Stdio::piped())).unwrap();
    let stdout = child.stdout.take().unwrap();
    (child, stdout)
}

#[test]
fn one_that_has_ended_is_waited_for() {
    alone("children_dropped::one_that_has_ended_is_waited_for", || {
        on_each_selector(|mut watch| {
            let (mut child, mut stdout) = cat();
            let id = child.id();
            watch.register(&mut stdout, 1);
            child.stdin = None;
            watch.wait(1);
            eventually("the end", || {
                let stat = std::fs::read_to_string(format!("/proc/{id}/stat"));
                stat.map_or(true, |stat| stat.contains(") Z "))
            });
            assert!(exists(id), "nobody has waited for it yet");
            drop(child);
            assert!(!exists(id));
        });
    });
}

#[test]
fn one_that_runs_goes_on_and_is_waited_for_later() {
    alone(
        "children_dropped::one_that_runs_goes_on_and_is_waited_for_later",
        || {
            on_each_selector(|mut watch| {
                let (mut child, mut stdout) = cat();
                let id = child.id();
                watch.register(&mut stdout, 1);
                let stdin = child.stdin.take();
                drop(child);
                assert!(exists(id));
                assert_eq!(reap_dropped(), 1);
                stdout.read(&mut [0; 8]).unwrap_err();

                drop(stdin);
                watch.wait(1);
                assert_eq!(stdout.read(&mut [0; 8]).unwrap(), 0);
                eventually("the end", || reap_dropped() == 0);
                assert!(!exists(id));
            });
        },
    );
}

#[test]
fn making_another_waits_for_those_that_were_dropped() {
    alone(
        "children_dropped::making_another_waits_for_those_that_were_dropped",
        || {
            let dropped: Vec<u32> = (0..20)
                .map(|_| Child::spawn(&mut shell("exit 0")).unwrap().id())
                .collect();
            eventually("the end of all", || {
                Child::spawn(&mut Command::new("true"))
                    .unwrap()
                    .wait()
                    .unwrap();
                !dropped.iter().any(|id| exists(*id))
            });
        },
    );
}

#[test]
fn a_dropped_child_can_be_killed() {
    alone("children_dropped::a_dropped_child_can_be_killed", || {
        let (mut child, _stdout) = cat();
        let _stdin = child.stdin.take();
        child.kill_on_drop(true);
        drop(child);
        eventually("the end", || reap_dropped() == 0);

        // It can be taken back.
        let (mut child, _stdout) = cat();
        let _stdin = child.stdin.take();
        child.kill_on_drop(true);
        child.kill_on_drop(false);
        drop(child);
        assert_eq!(reap_dropped(), 1);
    });
}
