//! Running out of descriptors is an ordinary error, and leaves nothing behind.

use std::fs::File;
use std::process::{Command, Stdio};

use mio_sources::process::Child;
use mio_sources::signal::{Signal, Signals};
use rustix::io::Errno;
use rustix::process::{Resource, Rlimit, WaitOptions, getrlimit, setrlimit, wait};

use crate::support::{alone, open_descriptors};

/// Calls `attempt` with an increasing number of free descriptors, until it succeeds. Returns the
/// number that it took. Each failure must be `EMFILE`.
fn until_there_are_enough<T>(mut attempt: impl FnMut() -> std::io::Result<T>) -> usize {
    let most = getrlimit(Resource::Nofile).maximum;
    let limit = Rlimit {
        current: Some(64),
        maximum: most,
    };
    setrlimit(Resource::Nofile, limit).unwrap();
    let mut taken = Vec::new();
    while let Ok(file) = File::open("/dev/null") {
        taken.push(file);
    }
    for left in 0.. {
        match attempt() {
            Ok(_) => return left,
            Err(err) => {
                let errno = Errno::from_io_error(&err);
                assert_eq!(errno, Some(Errno::MFILE), "with {left} left: {err}");
            }
        }
        taken.pop().expect("it is enough at some time");
    }
    unreachable!("it is enough at some time")
}

#[test]
fn signals_without_descriptors() {
    alone("limits::signals_without_descriptors", || {
        let before = open_descriptors();
        let needed = until_there_are_enough(|| Signals::new([Signal::SIGUSR1, Signal::SIGUSR2]));
        assert_eq!(needed, 4);
        assert_eq!(open_descriptors(), before);
    });
}

#[test]
fn a_child_that_can_not_be_watched_is_killed() {
    alone("limits::a_child_that_can_not_be_watched_is_killed", || {
        let before = open_descriptors();
        let needed = until_there_are_enough(|| {
            // It would not end by itself.
            let mut command = Command::new("sleep");
            let result = Child::spawn(command.arg("1000").stdin(Stdio::piped()));
            match result {
                Ok(mut child) => {
                    child.kill()?;
                    child.wait().map(drop)
                }
                Err(err) => {
                    let children = wait(WaitOptions::NOHANG);
                    assert_eq!(children.unwrap_err(), Errno::CHILD, "one is left");
                    Err(err)
                }
            }
        });
        assert!(needed >= 2, "{needed}");
        assert_eq!(open_descriptors(), before);
    });
}

#[test]
fn a_child_of_std_that_can_not_be_watched_goes_on() {
    alone(
        "limits::a_child_of_std_that_can_not_be_watched_goes_on",
        || {
            let mut ids = Vec::new();
            until_there_are_enough(|| {
                let child = Command::new("sleep").arg("1000").spawn()?;
                ids.push(child.id());
                Child::from_std(child)
            });
            assert!(ids.len() >= 2, "one failed, and then one did not");
            assert_eq!(mio_sources::process::reap_dropped(), ids.len());
            for id in ids {
                let pid = rustix::process::Pid::from_raw(id.try_into().unwrap()).unwrap();
                rustix::process::kill_process(pid, rustix::process::Signal::KILL).unwrap();
            }
            while mio_sources::process::reap_dropped() > 0 {
                std::thread::yield_now();
            }
        },
    );
}
