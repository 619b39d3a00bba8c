//! Children in a sandbox that refuses the system calls of pidfds, all of them or one.

use std::os::unix::process::ExitStatusExt;
use std::process::{Command, Stdio};

use mio_sources::process::{Child, reap_dropped};
use mio_sources::signal::Signal;

use crate::sandbox::with_each_refusal;
use crate::support::{alone, end, on_each_selector, shell};

fn sleeper() -> Child {
    Child::spawn(Command::new("sleep").arg("1000").stdout(Stdio::piped())).unwrap()
}

/// Children are watched, killed and sent signals, and a dropped one is killed.
fn children_work() {
    on_each_selector(|mut watch| {
        let mut child = Child::spawn(&mut shell("exit 3")).unwrap();
        watch.register(&mut child, 1);
        assert_eq!(end(&mut watch, &mut child, 1).code(), Some(3));
        watch.deregister(&mut child);

        let mut child = sleeper();
        watch.register(&mut child, 2);
        child.signal(Signal::SIGTERM).unwrap();
        assert_eq!(end(&mut watch, &mut child, 2).signal(), Some(15));
        watch.deregister(&mut child);

        let mut child = sleeper();
        watch.register(&mut child, 3);
        child.kill().unwrap();
        assert_eq!(end(&mut watch, &mut child, 3).signal(), Some(9));
        child.kill().unwrap();
        watch.deregister(&mut child);

        let mut child = sleeper();
        let mut stdout = child.stdout.take().unwrap();
        watch.register(&mut stdout, 4);
        child.kill_on_drop(true);
        drop(child);
        // It has the other end, and would sleep.
        watch.wait(4);
        while reap_dropped() > 0 {
            std::thread::yield_now();
        }
        watch.deregister(&mut stdout);
    });
}

#[test]
fn pidfd_open_refused_falls_back_to_sigchld() {
    let path = "children_refused::pidfd_open_refused_falls_back_to_sigchld";
    alone(path, || {
        with_each_refusal(&[libc::SYS_pidfd_open], children_work);
    });
}

#[test]
fn pidfd_send_signal_refused_falls_back_to_kill() {
    let path = "children_refused::pidfd_send_signal_refused_falls_back_to_kill";
    alone(path, || {
        with_each_refusal(&[libc::SYS_pidfd_send_signal], children_work);
    });
}

#[test]
fn both_pidfd_calls_refused_falls_back_to_both() {
    let path = "children_refused::both_pidfd_calls_refused_falls_back_to_both";
    alone(path, || {
        let calls = [libc::SYS_pidfd_open, libc::SYS_pidfd_send_signal];
        with_each_refusal(&calls, children_work);
    });
}

/// By the id, and other code has waited: no process gets the signal.
#[test]
fn a_refused_signal_reaches_no_lost_child() {
    let path = "children_refused::a_refused_signal_reaches_no_lost_child";
    alone(path, || {
        with_each_refusal(&[libc::SYS_pidfd_send_signal], || {
            let mut child = Child::spawn(&mut Command::new("true")).unwrap();
            let pid = rustix::process::Pid::from_raw(child.id().try_into().unwrap());
            rustix::process::waitpid(pid, rustix::process::WaitOptions::empty()).unwrap();
            let err = child.signal(Signal::SIGTERM).unwrap_err();
            assert_eq!(err.kind(), std::io::ErrorKind::NotFound, "{err}");
        });
    });
}
