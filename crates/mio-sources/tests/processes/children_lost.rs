//! Children of a program that ignores `SIGCHLD`, which it may have inherited: the kernel waits for
//! them itself, and their exit statuses are lost.

use std::io::Read;
use std::process::{Command, Stdio};

use mio::{Interest, Token};
use mio_sources::process::Child;
use mio_sources::signal::{Signal, Signals};
use rustix::io::Errno;

use crate::sandbox::ignore_sigchld;
use crate::support::{Watch, alone, end, on_each_selector, shell};

const READABLE: Interest = Interest::READABLE;

fn is_lost(err: &std::io::Error) -> bool {
    Errno::from_io_error(err) == Some(Errno::CHILD)
}

/// Waits by events alone until the child is known to have ended, even without a status.
fn wait_over(watch: &mut Watch, child: &mut Child, token: usize) {
    loop {
        watch.wait(token);
        match child.try_wait() {
            Ok(None) => {}
            Ok(Some(status)) => return assert!(status.success()),
            Err(err) => return assert!(is_lost(&err), "{err}"),
        }
    }
}

/// They may end before they can be watched. Where the first of them installs a handler for
/// `SIGCHLD`, the signal is not ignored from then on.
#[test]
fn a_short_child_with_sigchld_ignored_is_spawned() {
    let path = "children_lost::a_short_child_with_sigchld_ignored_is_spawned";
    alone(path, || {
        ignore_sigchld();
        on_each_selector(|mut watch| {
            for _ in 0..200 {
                let mut child = Child::spawn(&mut Command::new("true")).unwrap();
                watch.register(&mut child, 1);
                wait_over(&mut watch, &mut child, 1);
                child.kill().unwrap();
                watch.deregister(&mut child);
            }
        });
    });
}

#[test]
fn a_lost_child_of_std_is_taken_over() {
    alone("children_lost::a_lost_child_of_std_is_taken_over", || {
        ignore_sigchld();
        on_each_selector(|mut watch| {
            let mut command = Command::new("echo");
            let started = command.arg("hello").stdout(Stdio::piped()).spawn().unwrap();
            let id = started.id();
            let pid = rustix::process::Pid::from_raw(id.try_into().unwrap()).unwrap();
            while rustix::process::test_kill_process(pid).is_ok() {
                std::thread::yield_now();
            }
            let mut child = Child::from_std(started).unwrap();
            watch.register(&mut child, 1);
            wait_over(&mut watch, &mut child, 1);
            let err = child.signal(Signal::SIGTERM).unwrap_err();
            assert_eq!(err.kind(), std::io::ErrorKind::NotFound, "{err}");
            let mut output = String::new();
            let mut stdout = child.stdout.take().unwrap();
            stdout.read_to_string(&mut output).unwrap();
            assert_eq!(output, "hello\n");
        });
    });
}

/// One event reports the error, and no later poll reports another.
#[test]
fn a_lost_child_in_level_mode_is_no_busy_loop() {
    let path = "children_lost::a_lost_child_in_level_mode_is_no_busy_loop";
    alone(path, || {
        on_each_selector(|mut watch| {
            for mode in [READABLE, READABLE.level(), READABLE.oneshot()] {
                let mut child = Child::spawn(
                    Command::new("cat")
                        .stdin(Stdio::piped())
                        .stdout(Stdio::null()),
                )
                .unwrap();
                let registry = watch.poll.registry();
                registry.register(&mut child, Token(1), mode).unwrap();
                // Other code waits for it.
                drop(child.stdin.take());
                let pid = rustix::process::Pid::from_raw(child.id().try_into().unwrap());
                let options = rustix::process::WaitOptions::empty();
                rustix::process::waitpid(pid, options).unwrap();
                let err = loop {
                    watch.wait(1);
                    match child.try_wait() {
                        Ok(status) => assert_eq!(status, None),
                        Err(err) => break err,
                    }
                    if mode.is_oneshot() {
                        let registry = watch.poll.registry();
                        registry.reregister(&mut child, Token(1), mode).unwrap();
                    }
                };
                assert!(is_lost(&err), "{err}");
                watch.expect_silence();
                assert!(is_lost(&child.try_wait().unwrap_err()));
                assert!(is_lost(&child.wait().unwrap_err()));
                watch.expect_silence();
                watch.deregister(&mut child);

                // It can be registered again, with the same result.
                let registry = watch.poll.registry();
                registry.register(&mut child, Token(2), mode).unwrap();
                watch.wait(2);
                assert!(is_lost(&child.try_wait().unwrap_err()));
                watch.expect_silence();
            }
        });
    });
}

/// The recipe in the docs for a program that needs the status of its children.
#[test]
fn watching_sigchld_once_ends_the_ignoring() {
    let path = "children_lost::watching_sigchld_once_ends_the_ignoring";
    alone(path, || {
        ignore_sigchld();
        drop(Signals::new([Signal::SIGCHLD]).unwrap());
        on_each_selector(|mut watch| {
            let mut child = Child::spawn(&mut shell("exit 3")).unwrap();
            watch.register(&mut child, 1);
            assert_eq!(end(&mut watch, &mut child, 1).code(), Some(3));
        });
    });
}
