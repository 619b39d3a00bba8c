//! Watched children: their end, their pipes, and errors.

use std::io::{ErrorKind, Read, Write};
use std::os::unix::process::ExitStatusExt;
use std::process::{Command, Stdio};

use mio::{Interest, Token};
use mio_sources::process::Child;
use mio_sources::signal::Signal;

use crate::support::{
    LONG, alone, end, interests_have_one_rule, on_each_selector, open_descriptors, shell,
};

/// Starts a child that runs until its standard input is closed.
fn cat() -> Child {
    let mut command = Command::new("cat");
    Child::spawn(command.stdin(Stdio::piped()).stdout(Stdio::piped())).unwrap()
}

#[test]
fn the_end_is_an_event() {
    on_each_selector(|mut watch| {
        let mut child = Child::spawn(&mut shell("exit 3")).unwrap();
        watch.register(&mut child, 1);
        assert_eq!(end(&mut watch, &mut child, 1).code(), Some(3));

        let mut child = Child::spawn(&mut shell("kill -KILL $$")).unwrap();
        watch.register(&mut child, 2);
        assert_eq!(end(&mut watch, &mut child, 2).signal(), Some(9));
    });
}

#[test]
fn a_child_that_runs_is_none() {
    on_each_selector(|mut watch| {
        let mut child = cat();
        watch.register(&mut child, 1);
        assert_eq!(child.try_wait().unwrap(), None);
        #[cfg(any(pidfd, evfilt_proc))]
        watch.expect_silence();
        drop(child.stdin.take());
        assert!(end(&mut watch, &mut child, 1).success());
    });
}

/// The child ends during the checks, each time at another moment.
#[test]
fn looking_too_early_does_not_hide_the_end() {
    on_each_selector(|mut watch| {
        for round in 0..200 {
            let mut child = Child::spawn(&mut Command::new("true")).unwrap();
            watch.register(&mut child, 1);
            let looks = (0..round * 4).map(|_| child.try_wait().unwrap());
            let status = looks.flatten().next();
            let status = status.unwrap_or_else(|| end(&mut watch, &mut child, 1));
            assert!(status.success());
        }
    });
}

#[test]
fn an_end_before_registering_is_an_event() {
    on_each_selector(|mut watch| {
        let mut child = Child::spawn(Command::new("echo").stdout(Stdio::piped())).unwrap();
        let mut stdout = child.stdout.take().unwrap();
        watch.register(&mut stdout, 1);
        let mut output = String::new();
        while stdout.read_to_string(&mut output).is_err() {
            watch.wait(1);
        }
        // It has closed its output, and is ending.
        watch.register(&mut child, 2);
        assert!(end(&mut watch, &mut child, 2).success());
        assert_eq!(output, "\n");
    });
}

#[test]
fn waiting_twice_gives_the_same() {
    on_each_selector(|mut watch| {
        let mut child = Child::spawn(&mut shell("exit 9")).unwrap();
        watch.register(&mut child, 1);
        let status = end(&mut watch, &mut child, 1);
        assert_eq!(child.try_wait().unwrap(), Some(status));
        assert_eq!(child.wait().unwrap(), status);
        assert_eq!(child.wait().unwrap(), status);
        assert_eq!(status.code(), Some(9));
    });
}

#[test]
fn its_pipes_are_sources() {
    on_each_selector(|mut watch| {
        let mut command = shell("cat; echo failure >&2");
        command.stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = Child::spawn(command.stderr(Stdio::piped())).unwrap();
        let mut stdin = child.stdin.take().unwrap();
        let mut stdout = child.stdout.take().unwrap();
        let mut stderr = child.stderr.take().unwrap();
        watch.register(&mut stdout, 1);
        watch.register(&mut stderr, 2);
        let registry = watch.poll.registry();
        registry
            .register(&mut stdin, Token(3), Interest::WRITABLE)
            .unwrap();

        // The pipes do not block.
        let mut buffer = [0; 64];
        let err = stdout.read(&mut buffer).unwrap_err();
        assert_eq!(err.kind(), ErrorKind::WouldBlock);
        let mut sent = 0;
        let err = loop {
            match stdin.write(&[b'x'; 4096]) {
                Ok(length) => sent += length,
                Err(err) => break err,
            }
        };
        assert_eq!(err.kind(), ErrorKind::WouldBlock);
        drop(stdin);

        let (mut output, mut errors) = (Vec::new(), String::new());
        while stdout.read_to_end(&mut output).is_err() {
            watch.wait(1);
        }
        while stderr.read_to_string(&mut errors).is_err() {
            watch.wait(2);
        }
        assert_eq!((output.len(), errors.as_str()), (sent, "failure\n"));
        assert!(child.wait().unwrap().success());
    });
}

#[test]
fn a_program_that_is_not_there_is_an_error() {
    let err = Child::spawn(&mut Command::new("/no/such/program")).unwrap_err();
    assert_eq!(err.kind(), ErrorKind::NotFound, "{err}");
    let err = Child::spawn(&mut Command::new("/")).unwrap_err();
    assert_eq!(err.kind(), ErrorKind::PermissionDenied, "{err}");
}

#[test]
fn only_readable_can_be_asked_for() {
    on_each_selector(|watch| {
        let mut child = cat();
        interests_have_one_rule(watch.poll.selector_kind(), &mut child);
        assert!(child.wait().unwrap().success());
    });
}

#[test]
fn the_end_is_an_event_in_each_mode() {
    on_each_selector(|mut watch| {
        for mode in [Interest::level, Interest::oneshot] {
            let interest = mode(Interest::READABLE);
            let mut child = cat();
            let registry = watch.poll.registry();
            registry.register(&mut child, Token(1), interest).unwrap();
            drop(child.stdin.take());
            let status = loop {
                watch.wait(1);
                if interest.is_level() {
                    // The event was not handled, so it is reported again.
                    watch.wait(1);
                }
                if let Some(status) = child.try_wait().unwrap() {
                    break status;
                }
                let registry = watch.poll.registry();
                registry.reregister(&mut child, Token(1), interest).unwrap();
            };
            assert!(status.success());
            watch.deregister(&mut child);
            watch.expect_silence();
        }
    });
}

#[test]
fn a_child_can_be_killed_and_sent_signals() {
    on_each_selector(|mut watch| {
        let mut child = cat();
        watch.register(&mut child, 1);
        child.kill().unwrap();
        assert_eq!(end(&mut watch, &mut child, 1).signal(), Some(9));

        let mut child = cat();
        watch.register(&mut child, 2);
        // A stopped child has not ended.
        child.signal(Signal::SIGSTOP).unwrap();
        assert_eq!(child.try_wait().unwrap(), None);
        child.signal(Signal::SIGTERM).unwrap();
        child.signal(Signal::SIGCONT).unwrap();
        assert_eq!(end(&mut watch, &mut child, 2).signal(), Some(15));
    });
}

#[test]
fn a_child_that_was_waited_for_gets_no_signal() {
    let mut child = Child::spawn(&mut Command::new("true")).unwrap();
    child.wait().unwrap();
    child.kill().unwrap();
    let err = child.signal(Signal::SIGTERM).unwrap_err();
    assert_eq!(err.kind(), ErrorKind::NotFound, "{err}");

    let mut child = cat();
    for number in [0, -1, 100, i32::MAX] {
        let err = child.signal(Signal::from_raw(number)).unwrap_err();
        assert_eq!(err.kind(), ErrorKind::InvalidInput, "{err}");
    }
    assert!(child.wait().unwrap().success());
}

/// Other code waits for the child, so another process may get its id.
#[test]
fn a_child_that_others_waited_for_gets_no_signal_either() {
    use rustix::process::{Pid, WaitOptions, waitpid};

    // A running child: `spawn` itself may detect the end of an ended one.
    let mut child = cat();
    let pid = Pid::from_raw(child.id().try_into().unwrap());
    child.stdin = None;
    waitpid(pid, WaitOptions::empty()).unwrap();
    let err = child.signal(Signal::SIGTERM).unwrap_err();
    assert_eq!(err.kind(), ErrorKind::NotFound, "{err}");
    child.kill().unwrap();
    let echild = rustix::io::Errno::CHILD.raw_os_error();
    assert_eq!(child.try_wait().unwrap_err().raw_os_error(), Some(echild));
}

#[test]
fn children_of_std_are_taken_over() {
    on_each_selector(|mut watch| {
        let mut command = Command::new("cat");
        let running = command.stdin(Stdio::piped()).spawn().unwrap();
        let mut child = Child::from_std(running).unwrap();
        watch.register(&mut child, 1);
        assert_eq!(child.try_wait().unwrap(), None);
        child.stdin = None;
        assert!(end(&mut watch, &mut child, 1).success());

        // A child that was waited for: another process may have its id by now.
        let mut ended = shell("exit 4").spawn().unwrap();
        ended.wait().unwrap();
        let mut child = Child::from_std(ended).unwrap();
        watch.register(&mut child, 2);
        let err = child.signal(Signal::SIGTERM).unwrap_err();
        assert_eq!(err.kind(), ErrorKind::NotFound, "{err}");
        assert_eq!(end(&mut watch, &mut child, 2).code(), Some(4));
    });
}

#[test]
fn what_is_deregistered_is_silent() {
    on_each_selector(|mut watch| {
        let mut child = cat();
        watch.register(&mut child, 1);
        watch.deregister(&mut child);
        assert!(child.wait().unwrap().success());
        watch.expect_silence();
    });
}

/// A thousand children, fifty at a time, each with its own status, by events alone.
#[test]
fn a_thousand_children_end() {
    on_each_selector(|mut watch| {
        let mut ended = 0;
        for batch in 0..20 {
            let spawn = |number: usize| {
                let mut child = Child::spawn(&mut shell(&format!("exit {number}"))).unwrap();
                watch.register(&mut child, number);
                Some(child)
            };
            let mut children: Vec<_> = (0..50).map(spawn).collect();
            while children.iter().any(Option::is_some) {
                let tokens = watch.poll(LONG);
                assert!(!tokens.is_empty(), "{ended} ended, and no other does");
                for token in tokens {
                    // There may be an event for a child that is known to have ended.
                    let Some(child) = &mut children[token] else {
                        continue;
                    };
                    if let Some(status) = child.try_wait().unwrap() {
                        let code = i32::try_from(token).unwrap();
                        assert_eq!(status.code(), Some(code), "in batch {batch}");
                        children[token] = None;
                        ended += 1;
                    }
                }
            }
        }
        assert_eq!(ended, 1000);
    });
}

#[test]
fn no_descriptor_is_leaked() {
    alone("children::no_descriptor_is_leaked", || {
        on_each_selector(|mut watch| {
            let before = open_descriptors();
            for _ in 0..50 {
                let mut child = cat();
                watch.register(&mut child, 1);
                drop(child.stdin.take());
                end(&mut watch, &mut child, 1);
                Child::spawn(&mut Command::new("/no/such/program")).unwrap_err();
                // This one is dropped while it runs.
                let mut child = cat();
                watch.register(&mut child, 2);
            }
            assert_eq!(open_descriptors(), before);
        });
    });
}
