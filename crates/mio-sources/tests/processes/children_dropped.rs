//! Children whose `Child` is dropped: which keep running, and that none stays a zombie.
//!
//! The list of dropped children belongs to the program, so each test has its own process.

use std::io::Read;
use std::process::{Command, Stdio};
use std::time::Instant;

use mio_sources::process::{Child, reap_dropped};
use rustix::process::{Pid, test_kill_process};

use crate::support::{LONG, alone, on_each_selector, shell};

/// Returns `true` if the process exists, even as a zombie.
fn exists(id: u32) -> bool {
    let pid = Pid::from_raw(id.try_into().unwrap()).unwrap();
    test_kill_process(pid).is_ok()
}

/// Returns `true` if it is a zombie. Needs /proc.
fn has_ended(id: u32) -> bool {
    let stat = std::fs::read_to_string(format!("/proc/{id}/stat"));
    stat.map_or(true, |stat| stat.contains(") Z "))
}

/// Repeats until `is_so` returns `true`.
fn eventually(what: &str, mut is_so: impl FnMut() -> bool) {
    let deadline = Instant::now() + LONG;
    while !is_so() {
        assert!(Instant::now() < deadline, "{what} did not come");
        std::thread::yield_now();
    }
}

/// Starts a child that runs until its standard input is closed, and returns the end of a pipe that
/// it holds open until then.
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
            eventually("the end", || has_ended(id));
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

/// Running children stay on the list, and ended ones leave it, wherever they are. Nothing is done
/// for that but creating and dropping another child.
#[test]
fn many_that_were_dropped_are_waited_for_in_turn() {
    alone(
        "children_dropped::many_that_were_dropped_are_waited_for_in_turn",
        || {
            let mut ids = Vec::new();
            let mut pipes = Vec::new();
            for _ in 0..60 {
                let (mut child, stdout) = cat();
                ids.push(child.id());
                pipes.push((child.stdin.take(), stdout));
                drop(child);
            }
            // The third of every three keeps running.
            let mut number = 0;
            pipes.retain_mut(|_| {
                number += 1;
                number % 3 == 0
            });
            let another = || drop(Child::spawn(&mut Command::new("true")).unwrap());
            eventually("the end of most", || {
                another();
                let mut of_three = ids.chunks(3);
                of_three.all(|ids| !exists(ids[0]) && !exists(ids[1]))
            });
            assert!(ids.chunks(3).all(|ids| exists(ids[2])));
            drop(pipes);
            eventually("the end of all", || {
                another();
                !ids.iter().any(|id| exists(*id))
            });
            eventually("the end of the others", || reap_dropped() == 0);
        },
    );
}

/// Checking all each time would make dropping many running children quadratic.
#[test]
fn making_and_dropping_look_at_two() {
    alone("children_dropped::making_and_dropping_look_at_two", || {
        let (mut ids, mut pipes) = (Vec::new(), Vec::new());
        for _ in 0..6 {
            let (mut child, stdout) = cat();
            ids.push(child.id());
            pipes.push((child.stdin.take(), stdout));
        }
        drop(pipes);
        eventually("the end of all", || ids.iter().all(|id| has_ended(*id)));
        let left = || ids.iter().filter(|id| exists(**id)).count();
        assert_eq!(left(), 6);
        let mut child = Child::spawn(&mut Command::new("true")).unwrap();
        assert_eq!(left(), 4);
        // Keeps it off the list, where it might be checked.
        child.wait().unwrap();
        drop(child);
        assert_eq!(left(), 2);
        assert_eq!(reap_dropped(), 0);
        assert_eq!(left(), 0);
    });
}

/// Each child that is dropped here keeps running, so the list does not get shorter.
#[test]
fn the_turn_comes_around_while_the_list_grows() {
    alone(
        "children_dropped::the_turn_comes_around_while_the_list_grows",
        || {
            let (mut first, _stdout) = cat();
            let (id, stdin) = (first.id(), first.stdin.take());
            drop(first);
            drop(stdin);
            let mut running = Vec::new();
            eventually("the end of the first", || {
                let (mut child, stdout) = cat();
                running.push((child.stdin.take(), stdout));
                drop(child);
                !exists(id)
            });
            drop(running);
            eventually("the end of all", || reap_dropped() == 0);
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

        // `kill_on_drop` can be reset.
        let (mut child, _stdout) = cat();
        let _stdin = child.stdin.take();
        child.kill_on_drop(true);
        child.kill_on_drop(false);
        drop(child);
        assert_eq!(reap_dropped(), 1);
    });
}
