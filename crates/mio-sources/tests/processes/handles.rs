//! Children where a process is a handle. Where Windows lacks the calls that watch one, such as in
//! Wine 8, the rest is tested: a clear error, and a child that can be waited for.

use std::fs::OpenOptions;
use std::io::{ErrorKind, Read, Write};
use std::os::windows::io::OwnedHandle;
use std::process::{ChildStdout, Command, ExitStatus, Stdio};

use mio::event::Source;
use mio::windows::NamedPipe;
use mio::{Interest, Token};
use mio_sources::process::pipe::Receiver;
use mio_sources::process::{Child, reap_dropped};
use mio_sources::signal::Signal;

use crate::support::{Watch, on_each_selector};

const READABLE: Interest = Interest::READABLE;

/// Returns a command of the Windows shell.
fn shell(command: &str) -> Command {
    let mut shell = Command::new("cmd");
    shell.args(["/d", "/c", command]);
    shell
}

/// Starts a child that runs until its standard input is closed, or without end.
fn reader() -> Child {
    Child::spawn(shell("set /p line=").stdin(Stdio::piped())).unwrap()
}

/// Registers the child. Returns `false` if that is unsupported; the child is then unchanged.
fn registered(watch: &Watch, child: &mut Child, token: usize, interest: Interest) -> bool {
    let registry = watch.poll.registry();
    let Err(err) = registry.register(child, Token(token), interest) else {
        return true;
    };
    assert_eq!(err.kind(), ErrorKind::Unsupported, "{err}");
    assert!(err.to_string().contains("Windows"), "{err}");
    let err = registry.deregister(child).unwrap_err();
    assert_eq!(err.kind(), ErrorKind::NotFound, "{err}");
    false
}

/// Waits for the end, by an event if there are any.
fn end(watch: &mut Watch, child: &mut Child, token: usize, registered: bool) -> ExitStatus {
    if !registered {
        return child.wait().unwrap();
    }
    loop {
        watch.wait(token);
        if let Some(status) = child.try_wait().unwrap() {
            return status;
        }
    }
}

#[test]
fn the_end_is_an_event_or_handles_are_unsupported() {
    on_each_selector(|mut watch| {
        for interest in [READABLE, READABLE.level(), READABLE.oneshot()] {
            let mut child = reader();
            let registered = registered(&watch, &mut child, 1, interest);
            assert_eq!(child.try_wait().unwrap(), None);
            watch.expect_silence();
            drop(child.stdin.take());
            let status = end(&mut watch, &mut child, 1, registered);
            assert_eq!(child.try_wait().unwrap(), Some(status));
            assert_eq!(child.wait().unwrap(), status);
            if registered && interest.is_level() {
                watch.wait(1);
            }
            drop(child);
            watch.expect_silence();

            let mut child = Child::spawn(&mut shell("exit 3")).unwrap();
            let registered = self::registered(&watch, &mut child, 2, interest);
            let status = end(&mut watch, &mut child, 2, registered);
            assert_eq!(status.code(), Some(3));
        }
    });
}

#[test]
fn only_reading_can_be_waited_for() {
    on_each_selector(|watch| {
        let mut child = reader();
        let registry = watch.poll.registry();
        let err = child
            .register(registry, Token(0), Interest::WRITABLE)
            .unwrap_err();
        assert_eq!(err.kind(), ErrorKind::InvalidInput, "{err}");
        child.wait().unwrap();
    });
}

#[test]
fn its_pipes_block_until_they_are_registered() {
    let mut sort = Command::new("cmd");
    sort.args([
        "/d",
        "/v:on",
        "/c",
        "set /p line=& echo !line!& echo failure>&2",
    ]);
    sort.stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut child = Child::spawn(sort.stderr(Stdio::piped())).unwrap();
    child.stdin.take().unwrap().write_all(b"hello\r\n").unwrap();
    let (mut output, mut errors) = (String::new(), String::new());
    let stdout = child.stdout.as_mut().unwrap();
    stdout.read_to_string(&mut output).unwrap();
    let stderr = child.stderr.as_mut().unwrap();
    stderr.read_to_string(&mut errors).unwrap();
    assert_eq!((output.trim(), errors.trim()), ("hello", "failure"));
    assert!(child.wait().unwrap().success());
}

/// Reads to the end, by events alone.
fn read_to_end(watch: &mut Watch, pipe: &mut Receiver, token: usize) -> String {
    let mut text = Vec::new();
    loop {
        match pipe.read_to_end(&mut text) {
            Err(err) if err.kind() == ErrorKind::WouldBlock => watch.wait(token),
            result => {
                result.unwrap();
                return String::from_utf8(text).unwrap().trim().to_owned();
            }
        }
    }
}

#[test]
fn its_pipes_are_sources_once_they_are_registered() {
    on_each_selector(|mut watch| {
        for level in [false, true] {
            let mode = |interest: Interest| if level { interest.level() } else { interest };
            let mut command = Command::new("cmd");
            command.args([
                "/d",
                "/v:on",
                "/c",
                "set /p line=& echo !line!& echo failure>&2",
            ]);
            command.stdin(Stdio::piped()).stdout(Stdio::piped());
            let mut child = Child::spawn(command.stderr(Stdio::piped())).unwrap();
            let mut stdin = child.stdin.take().unwrap();
            let mut stdout = child.stdout.take().unwrap();
            let mut stderr = child.stderr.take().unwrap();
            let registry = watch.poll.registry();
            let reading = mode(READABLE);
            registry.register(&mut stdout, Token(1), reading).unwrap();
            registry.register(&mut stderr, Token(2), reading).unwrap();
            let writing = mode(Interest::WRITABLE);
            registry.register(&mut stdin, Token(3), writing).unwrap();
            // Registering twice is an error, as for any source.
            let err = registry.register(&mut stdout, Token(1), reading);
            assert_eq!(err.unwrap_err().kind(), ErrorKind::AlreadyExists);

            // They do not block.
            let err = stdout.read(&mut [0; 8]).unwrap_err();
            assert_eq!(err.kind(), ErrorKind::WouldBlock);
            let line = b"hello\r\n";
            assert_eq!(stdin.write(line).unwrap(), line.len());
            assert_eq!(read_to_end(&mut watch, &mut stdout, 1), "hello");
            assert_eq!(read_to_end(&mut watch, &mut stderr, 2), "failure");
            drop((stdin, stdout, stderr));
            assert!(child.wait().unwrap().success());
        }
    });
}

/// Registering detects it. The pipe then blocks as before.
#[test]
fn a_pipe_that_is_not_overlapped_is_no_source() {
    on_each_selector(|watch| {
        let name = format!(r"\\.\pipe\mio-sources-test-plain-{}", std::process::id());
        let mut server = NamedPipe::new(&name).unwrap();
        watch.register(&mut server, 1);
        let plain = OpenOptions::new().read(true).open(&name).unwrap();
        server.connect().unwrap();
        let mut plain = Receiver::from(ChildStdout::from(OwnedHandle::from(plain)));
        for _ in 0..2 {
            let registry = watch.poll.registry();
            let err = registry.register(&mut plain, Token(2), READABLE);
            let err = err.unwrap_err();
            assert_eq!(err.kind(), ErrorKind::Unsupported, "{err}");
            assert!(err.to_string().contains("thread"), "{err}");
            let err = registry.deregister(&mut plain).unwrap_err();
            assert_eq!(err.kind(), ErrorKind::NotFound, "{err}");
        }
        server.write_all(b"hello").unwrap();
        let mut buffer = [0; 5];
        plain.read_exact(&mut buffer).unwrap();
        assert_eq!(&buffer, b"hello");
    });
}

#[test]
fn a_pipe_can_be_handed_to_another_child() {
    on_each_selector(|mut watch| {
        let mut first = Child::spawn(shell("echo hello").stdout(Stdio::piped())).unwrap();
        let output = first.stdout.take().unwrap();
        // The whole line has to be there: `set /p` takes the result of one read.
        assert!(first.wait().unwrap().success());
        let mut second = Command::new("cmd");
        second.args(["/d", "/v:on", "/c", "set /p line=& echo !line!"]);
        second.stdin(OwnedHandle::try_from(output).unwrap());
        let mut second = Child::spawn(second.stdout(Stdio::piped())).unwrap();
        let mut output = second.stdout.take().unwrap();
        watch.register(&mut output, 1);
        assert_eq!(read_to_end(&mut watch, &mut output, 1), "hello");
        assert!(second.wait().unwrap().success());
        // A registered pipe can't be converted.
        let err = OwnedHandle::try_from(output).unwrap_err();
        assert_eq!(err.kind(), ErrorKind::InvalidInput, "{err}");
    });
}

#[test]
fn process_groups_are_unsupported() {
    // Starting it would fail with another error, because it does not exist.
    let err = Child::spawn_group(&mut Command::new("no such program")).unwrap_err();
    assert_eq!(err.kind(), ErrorKind::Unsupported, "{err}");
    let mut child = reader();
    for err in [
        child.signal_group(Signal::SIGKILL).unwrap_err(),
        child.kill_group().unwrap_err(),
    ] {
        assert_eq!(err.kind(), ErrorKind::Unsupported, "{err}");
    }
    child.wait().unwrap();
}

/// This program has both ends, and gives one to the child.
#[test]
fn a_named_pipe_can_be_its_output() {
    on_each_selector(|mut watch| {
        let name = format!(r"\\.\pipe\mio-sources-test-{}", std::process::id());
        let mut output = NamedPipe::new(&name).unwrap();
        watch.register(&mut output, 1);
        let theirs = OpenOptions::new().write(true).open(&name).unwrap();
        output.connect().unwrap();
        let mut command = shell("echo hello");
        let mut child = Child::spawn(command.stdout(theirs)).unwrap();
        // It also holds the other end until it is dropped.
        drop(command);
        let mut text = Vec::new();
        loop {
            match output.read(&mut [0; 64]).map(|length| text.push(length)) {
                Ok(()) if text.last() == Some(&0) => break,
                Ok(()) => {}
                Err(err) if err.kind() == ErrorKind::BrokenPipe => break,
                Err(err) if err.kind() == ErrorKind::WouldBlock => watch.wait(1),
                Err(err) => panic!("{err}"),
            }
        }
        assert_eq!(text.iter().sum::<usize>(), "hello\r\n".len());
        assert!(child.wait().unwrap().success());
    });
}

#[test]
fn it_can_be_killed_and_sent_nothing_else() {
    on_each_selector(|mut watch| {
        let mut child = reader();
        let stdin = child.stdin.take();
        let registered = registered(&watch, &mut child, 1, READABLE);
        let err = child.signal(Signal::SIGTERM).unwrap_err();
        assert_eq!(err.kind(), ErrorKind::Unsupported, "{err}");
        assert!(err.to_string().contains("kill"), "{err}");
        assert_eq!(child.try_wait().unwrap(), None);
        child.kill().unwrap();
        assert!(!end(&mut watch, &mut child, 1, registered).success());
        child.kill().unwrap();
        let err = child.signal(Signal::SIGKILL).unwrap_err();
        assert_eq!(err.kind(), ErrorKind::NotFound, "{err}");
        drop(stdin);
    });
}

#[test]
fn a_child_of_std_is_taken_over() {
    on_each_selector(|mut watch| {
        let mut ended = shell("exit 4").spawn().unwrap();
        ended.wait().unwrap();
        let mut child = Child::from_std(ended).unwrap();
        let registered = registered(&watch, &mut child, 1, READABLE);
        let status = end(&mut watch, &mut child, 1, registered);
        assert_eq!(status.code(), Some(4));
    });
}

#[test]
fn a_program_that_is_not_there_is_an_error() {
    let err = Child::spawn(&mut Command::new("no such program")).unwrap_err();
    assert_eq!(err.kind(), ErrorKind::NotFound, "{err}");
}

#[test]
fn a_dropped_child_goes_on_or_is_killed() {
    let mut child = reader();
    let stdin = child.stdin.take();
    child.kill_on_drop(true);
    drop(child);
    while reap_dropped() > 0 {
        std::thread::yield_now();
    }
    drop(stdin);
}
