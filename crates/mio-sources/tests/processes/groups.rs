//! Process groups: signals for a child and for the processes that it has started.

use std::io::ErrorKind;
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::process::{Command, Stdio};

use mio::unix::pipe::Receiver;
use mio_sources::process::Child;
use mio_sources::signal::Signal;
use rustix::process::{Pid, kill_process_group};

use crate::support::{Watch, alone, end, on_each_selector, shell};

/// Returns `true` if the process exists, even as a zombie.
#[cfg(waitid)]
fn exists(id: u32) -> bool {
    let pid = Pid::from_raw(id.try_into().unwrap()).unwrap();
    rustix::process::test_kill_process(pid).is_ok()
}

/// Starts a shell that starts another program. Returns it with a pipe that both of them hold open,
/// once the shell has reported that the other program runs.
fn group(commands: &str, watch: &mut Watch, token: usize) -> (Child, Receiver) {
    let mut command = shell(commands);
    let mut child = Child::spawn_group(command.stdout(Stdio::piped())).unwrap();
    let stdout = started(&mut child, watch, token);
    (child, stdout)
}

/// Returns its output, after reading the first word.
fn started(child: &mut Child, watch: &mut Watch, token: usize) -> Receiver {
    let mut stdout = child.stdout.take().unwrap();
    watch.register(&mut stdout, token);
    watch.wait(token);
    assert_eq!(read(&mut stdout), Some(1));
    stdout
}

/// Reads one byte. Returns `None` if that would block.
fn read(stdout: &mut Receiver) -> Option<usize> {
    let result = std::io::Read::read(stdout, &mut [0; 1]);
    match result {
        Err(err) if err.kind() == ErrorKind::WouldBlock => None,
        result => Some(result.unwrap()),
    }
}

/// Waits until both have ended: the pipe is at its end.
fn wait_closed(stdout: &mut Receiver, watch: &mut Watch, token: usize) {
    loop {
        match read(stdout) {
            None => watch.wait(token),
            Some(length) => return assert_eq!(length, 0),
        }
    }
}

/// Ends the other processes. While they run, the id of the group is theirs.
fn end_others(leader: &Child) {
    let group = Pid::from_raw(leader.id().try_into().unwrap()).unwrap();
    kill_process_group(group, rustix::process::Signal::KILL).unwrap();
}

const BOTH: &str = "sleep 1000 & printf x; wait";
const ORPHAN: &str = "sleep 1000 & printf x; exit 3";

#[test]
fn kill_reaches_the_child_and_kill_group_its_children() {
    on_each_selector(|mut watch| {
        let (mut child, mut stdout) = group(BOTH, &mut watch, 1);
        watch.register(&mut child, 2);
        child.kill().unwrap();
        assert_eq!(end(&mut watch, &mut child, 2).signal(), Some(9));
        // The other process still holds it.
        assert_eq!(read(&mut stdout), None);
        end_others(&child);
        wait_closed(&mut stdout, &mut watch, 1);

        let (mut child, mut stdout) = group(BOTH, &mut watch, 3);
        watch.register(&mut child, 4);
        child.kill_group().unwrap();
        assert_eq!(end(&mut watch, &mut child, 4).signal(), Some(9));
        wait_closed(&mut stdout, &mut watch, 3);
    });
}

#[test]
fn signal_group_sends_any_signal() {
    on_each_selector(|mut watch| {
        let (mut child, mut stdout) = group(BOTH, &mut watch, 1);
        watch.register(&mut child, 2);
        child.signal_group(Signal::SIGTERM).unwrap();
        assert_eq!(end(&mut watch, &mut child, 2).signal(), Some(15));
        wait_closed(&mut stdout, &mut watch, 1);

        for number in [0, -1, 100, i32::MAX] {
            let err = child.signal_group(Signal::from_raw(number)).unwrap_err();
            assert_eq!(err.kind(), ErrorKind::InvalidInput, "{err}");
        }
        child.kill_group().unwrap();
    });
}

/// It stays a zombie, so that its id remains that of its group.
#[cfg(waitid)]
#[test]
fn a_group_can_be_killed_after_its_leader_was_waited_for() {
    on_each_selector(|mut watch| {
        let (mut child, mut stdout) = group(ORPHAN, &mut watch, 1);
        watch.register(&mut child, 2);
        let status = end(&mut watch, &mut child, 2);
        assert_eq!(status.code(), Some(3));
        assert_eq!(child.wait().unwrap(), status);
        assert_eq!(child.try_wait().unwrap(), Some(status));
        assert!(exists(child.id()));
        assert_eq!(read(&mut stdout), None);
        // A signal for the child alone has no receiver.
        let err = child.signal(Signal::SIGTERM).unwrap_err();
        assert_eq!(err.kind(), ErrorKind::NotFound, "{err}");

        child.kill_group().unwrap();
        wait_closed(&mut stdout, &mut watch, 1);
        let id = child.id();
        drop(child);
        assert!(!exists(id));
    });
}

#[cfg(not(waitid))]
#[test]
fn a_group_gets_no_signal_after_its_leader_was_waited_for() {
    on_each_selector(|mut watch| {
        let (mut child, mut stdout) = group(ORPHAN, &mut watch, 1);
        watch.register(&mut child, 2);
        let status = end(&mut watch, &mut child, 2);
        assert_eq!(status.code(), Some(3));
        let err = child.signal_group(Signal::SIGTERM).unwrap_err();
        assert_eq!(err.kind(), ErrorKind::NotFound, "{err}");
        child.kill_group().unwrap();
        assert_eq!(read(&mut stdout), None);
        end_others(&child);
        wait_closed(&mut stdout, &mut watch, 1);
    });
}

#[test]
fn a_dropped_group_is_killed() {
    on_each_selector(|mut watch| {
        let (mut child, mut stdout) = group(BOTH, &mut watch, 1);
        child.kill_on_drop(true);
        drop(child);
        wait_closed(&mut stdout, &mut watch, 1);
    });
}

#[cfg(waitid)]
#[test]
fn a_dropped_group_is_killed_when_its_leader_has_ended() {
    on_each_selector(|mut watch| {
        let (mut child, mut stdout) = group(ORPHAN, &mut watch, 1);
        child.kill_on_drop(true);
        child.wait().unwrap();
        let id = child.id();
        drop(child);
        assert!(!exists(id));
        wait_closed(&mut stdout, &mut watch, 1);
    });
}

#[test]
fn a_child_that_leads_no_group_is_an_error() {
    let mut command = Command::new("cat");
    let mut child = Child::spawn(command.stdin(Stdio::piped())).unwrap();
    for err in [
        child.signal_group(Signal::SIGTERM).unwrap_err(),
        child.kill_group().unwrap_err(),
    ] {
        assert_eq!(err.kind(), ErrorKind::InvalidInput, "{err}");
        assert!(err.to_string().contains("spawn_group"), "{err}");
    }
    assert!(child.wait().unwrap().success());
    let err = child.signal_group(Signal::SIGTERM).unwrap_err();
    assert_eq!(err.kind(), ErrorKind::NotFound, "{err}");
}

#[test]
fn a_leader_made_by_std_has_a_group() {
    on_each_selector(|mut watch| {
        let mut command = shell(BOTH);
        command.stdout(Stdio::piped()).process_group(0);
        for (index, taken_over) in [false, true].into_iter().enumerate() {
            let mut child = if taken_over {
                Child::from_std(command.spawn().unwrap()).unwrap()
            } else {
                Child::spawn(&mut command).unwrap()
            };
            let mut stdout = started(&mut child, &mut watch, index);
            child.kill_group().unwrap();
            assert_eq!(child.wait().unwrap().signal(), Some(9));
            wait_closed(&mut stdout, &mut watch, index);
        }
    });
}

/// `waitid` reads the status of a leader, and std that of other children.
#[test]
fn a_leader_has_the_status_of_any_child() {
    // For a core dump, if this platform writes one there.
    let name = format!("mio-sources-test-groups-{}", std::process::id());
    let folder = std::env::temp_dir().join(name);
    on_each_selector(|mut watch| {
        for commands in [
            "exit 0",
            "exit 1",
            "exit 255",
            "exit 256",
            "kill -KILL $$",
            "kill -TERM $$",
            "ulimit -c 0; kill -QUIT $$",
            "ulimit -c unlimited; kill -QUIT $$",
        ] {
            let mut status = |start: fn(&mut Command) -> std::io::Result<Child>| {
                std::fs::create_dir(&folder).unwrap();
                let mut child = start(shell(commands).current_dir(&folder)).unwrap();
                watch.register(&mut child, 1);
                let status = end(&mut watch, &mut child, 1);
                assert_eq!(child.wait().unwrap(), status);
                watch.deregister(&mut child);
                std::fs::remove_dir_all(&folder).unwrap();
                status
            };
            let plain = status(Child::spawn);
            assert_eq!(status(Child::spawn_group), plain, "{commands}");
        }
    });
}

#[test]
fn a_group_that_is_not_started_is_an_error() {
    let err = Child::spawn_group(&mut Command::new("/no/such/program")).unwrap_err();
    assert_eq!(err.kind(), ErrorKind::NotFound, "{err}");
}

/// The kernel waits for the leader, and another process may have its id.
#[test]
fn a_lost_leader_gets_no_signal() {
    alone("groups::a_lost_leader_gets_no_signal", || {
        // It has not ended before it is known, or `Child` might have waited for it.
        let mut command = Command::new("cat");
        let mut child = Child::spawn_group(command.stdin(Stdio::piped())).unwrap();
        drop(child.stdin.take());
        let pid = Pid::from_raw(child.id().try_into().unwrap());
        rustix::process::waitpid(pid, rustix::process::WaitOptions::empty()).unwrap();
        let err = child.signal_group(Signal::SIGTERM).unwrap_err();
        assert_eq!(err.kind(), ErrorKind::NotFound, "{err}");
        child.kill_group().unwrap();
    });
}
