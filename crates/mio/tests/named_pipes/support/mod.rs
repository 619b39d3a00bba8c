//! Shared by the tests: a poll with generous timeouts, and pipes.

use std::fs::{File, OpenOptions};
use std::io::{self, ErrorKind, Read, Write};
use std::os::windows::fs::OpenOptionsExt;
use std::os::windows::io::OwnedHandle;
use std::process::Command;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use mio::event::Event;
use mio::windows::NamedPipe;
use mio::{Events, Interest, Poll, Token};

pub(crate) mod ffi;

/// The timeout for an event that must come. It only matters if the test fails.
pub(crate) const LONG: Duration = Duration::from_secs(30);

/// The time that a test waits for an event that must not come.
pub(crate) const SHORT: Duration = Duration::from_millis(30);

pub(crate) const BOTH: Interest = Interest::READABLE.add(Interest::WRITABLE);

/// More data than the kernel buffers for a pipe, so that a write of it waits for the reader.
pub(crate) const MUCH: usize = 300_000;

pub(crate) const FILE_FLAG_OVERLAPPED: u32 = 0x4000_0000;
const SECURITY_IDENTIFICATION: u32 = 0x1_0000;

/// A poll and its buffer.
pub(crate) struct Watch {
    pub(crate) poll: Poll,
    pub(crate) events: Events,
}

impl Watch {
    pub(crate) fn new() -> Watch {
        Watch {
            poll: Poll::new().expect("a poll"),
            events: Events::with_capacity(64),
        }
    }

    pub(crate) fn register(&self, pipe: &mut NamedPipe, token: usize) {
        self.poll
            .registry()
            .register(pipe, Token(token), BOTH)
            .expect("register");
    }

    pub(crate) fn deregister(&self, pipe: &mut NamedPipe) {
        self.poll.registry().deregister(pipe).expect("deregister");
    }

    pub(crate) fn poll(&mut self, timeout: Duration) {
        self.poll
            .poll(&mut self.events, Some(timeout))
            .expect("poll");
        assert!(timeout < LONG || !self.events.is_empty(), "the poll hung");
    }

    /// Polls until a matching event of this token arrives.
    pub(crate) fn wait(&mut self, token: usize, wanted: impl Fn(&Event) -> bool) {
        let deadline = Instant::now() + LONG;
        while Instant::now() < deadline {
            self.poll(LONG);
            let mut events = self.events.iter();
            if events.any(|event| event.token() == Token(token) && wanted(event)) {
                return;
            }
        }
        panic!("no such event of token {token}");
    }

    pub(crate) fn wait_readable(&mut self, token: usize) {
        self.wait(token, Event::is_readable);
    }

    pub(crate) fn wait_writable(&mut self, token: usize) {
        self.wait(token, Event::is_writable);
    }

    /// Takes the pending events.
    pub(crate) fn settle(&mut self) {
        loop {
            self.poll(SHORT);
            if self.events.is_empty() {
                return;
            }
        }
    }

    pub(crate) fn expect_silence(&mut self) {
        self.poll(SHORT);
        assert!(self.events.is_empty(), "unexpected {:#?}", self.events);
    }

    /// Retries until the operation does not block, and waits for an event between two tries.
    pub(crate) fn finish<R>(&mut self, mut f: impl FnMut() -> io::Result<R>) -> io::Result<R> {
        loop {
            match f() {
                Err(err) if err.kind() == ErrorKind::WouldBlock => self.poll(LONG),
                result => return result,
            }
        }
    }

    pub(crate) fn read(&mut self, mut pipe: &NamedPipe, length: usize) -> Vec<u8> {
        let mut data = vec![0; length];
        let mut done = 0;
        while done < length {
            let read = self.finish(|| pipe.read(&mut data[done..])).expect("read");
            assert_ne!(read, 0, "the end after {done} bytes of {length}");
            done += read;
        }
        data
    }

    pub(crate) fn expect_end(&mut self, mut pipe: &NamedPipe) {
        assert_eq!(self.finish(|| pipe.read(&mut [0; 8])).expect("read"), 0);
    }

    pub(crate) fn write(&mut self, mut pipe: &NamedPipe, data: &[u8]) {
        let written = self.finish(|| pipe.write(data)).expect("write");
        assert_eq!(written, data.len());
    }

    pub(crate) fn connect(&mut self, server: &NamedPipe) {
        self.finish(|| server.connect()).expect("connect");
    }

    /// Creates both ends, registered with the tokens 0 (the server) and 1.
    pub(crate) fn pair(&mut self) -> (NamedPipe, NamedPipe) {
        let name = name();
        let mut server = NamedPipe::new(&name).expect("a server");
        let mut client = client(&name);
        self.register(&mut server, 0);
        self.register(&mut client, 1);
        self.connect(&server);
        (server, client)
    }

    /// Creates a server's end, registered with the token 0, and a blocking client.
    pub(crate) fn with_peer(&mut self) -> (NamedPipe, File) {
        let name = name();
        let mut server = NamedPipe::new(&name).expect("a server");
        let peer = peer(&name).expect("a peer");
        self.register(&mut server, 0);
        self.connect(&server);
        (server, peer)
    }
}

/// Returns a unique name.
pub(crate) fn name() -> String {
    static COUNT: AtomicUsize = AtomicUsize::new(0);
    let number = COUNT.fetch_add(1, Ordering::Relaxed);
    format!(r"\\.\pipe\mio-test-{}-{number}", std::process::id())
}

/// Opens a client's end as a `NamedPipe`.
pub(crate) fn client(name: &str) -> NamedPipe {
    try_client(name).expect("a client")
}

pub(crate) fn try_client(name: &str) -> io::Result<NamedPipe> {
    let file = OpenOptions::new()
        .read(true)
        .write(true)
        .custom_flags(FILE_FLAG_OVERLAPPED)
        .security_qos_flags(SECURITY_IDENTIFICATION)
        .open(name)?;
    Ok(NamedPipe::from(OwnedHandle::from(file)))
}

/// Opens a blocking client.
pub(crate) fn peer(name: &str) -> io::Result<File> {
    OpenOptions::new().read(true).write(true).open(name)
}

/// Runs `round` several times, and expects no leak. A dropped poll waits for the operations of its
/// pipes, and leaks the memory of those that do not end. This test detects that without a clock.
pub(crate) fn expect_no_leak(mut round: impl FnMut()) {
    round();
    let before = ffi::live_allocations();
    for _ in 0..3 {
        round();
    }
    assert_eq!(ffi::live_allocations(), before, "memory was left behind");
}

pub(crate) fn would_block<T: std::fmt::Debug>(result: io::Result<T>) {
    let err = result.expect_err("this would block");
    assert_eq!(err.kind(), ErrorKind::WouldBlock, "{err}");
}

#[track_caller]
pub(crate) fn not_found<T: std::fmt::Debug>(result: io::Result<T>) {
    let err = result.expect_err("the pipe is not registered");
    assert_eq!(err.kind(), ErrorKind::NotFound, "{err}");
}

#[track_caller]
pub(crate) fn expect_error<T: std::fmt::Debug>(result: io::Result<T>, code: u32) {
    let err = result.expect_err("this fails");
    assert_eq!(err.raw_os_error(), Some(code as i32), "{err}");
}

/// Returns bytes that differ from all bytes nearby.
pub(crate) fn pattern(length: usize) -> Vec<u8> {
    (0..length).map(|index| (index % 251) as u8).collect()
}

/// Runs `body` in a new process that runs only this test.
pub(crate) fn alone(test: &str, body: impl FnOnce()) {
    const INSIDE: &str = "MIO_TEST_ALONE";
    if std::env::var_os(INSIDE).is_some() {
        return body();
    }
    let output = Command::new(std::env::current_exe().expect("the tests' path"))
        .args(["--exact", test, "--nocapture", "--test-threads=1"])
        .env(INSIDE, "1")
        .output()
        .expect("the tests run");
    let out = String::from_utf8_lossy(&output.stdout);
    let err = String::from_utf8_lossy(&output.stderr);
    assert!(
        output.status.success(),
        "{test} failed alone:\n{out}\n{err}"
    );
    assert!(out.contains("1 passed"), "{test} was not found:\n{out}");
}
