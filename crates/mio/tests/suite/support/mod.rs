//! Shared by the tests: a poll with generous timeouts, connected sockets, and the counters.

use std::collections::BTreeSet;
use std::io::{self, ErrorKind, Read};
use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use mio::event::{Event, Source};
use mio::net::{TcpListener, TcpStream};
use mio::{Events, Interest, Poll, SelectorKind, Token};

pub(crate) mod ffi;
pub(crate) mod process;
#[cfg(unix)]
mod unix;
#[cfg(windows)]
mod windows;

#[cfg(unix)]
pub(crate) use self::unix::{Owned, SHUT_DOWN, TOO_LONG, duplicate, into_raw, pair, raw};
#[cfg(windows)]
pub(crate) use self::windows::{Owned, SHUT_DOWN, TOO_LONG, duplicate, into_raw, pair, raw};

/// The timeout for an event that must come. It only matters if the test fails.
pub(crate) const LONG: Duration = Duration::from_secs(30);

/// The time that a test waits for an event that must not come.
pub(crate) const SHORT: Duration = Duration::from_millis(30);

pub(crate) const BOTH: Interest = Interest::READABLE.add(Interest::WRITABLE);

/// Creates a test of each function for each selector of this build. A function may have attributes.
macro_rules! per_selector {
    ($($(#[$attribute:meta])* $name:ident),+ $(,)?) => {
        #[cfg(afd)]
        mod afd {
            $($(#[$attribute])* #[test] fn $name() { super::$name(mio::SelectorKind::Afd) })+
        }
        #[cfg(epoll)]
        mod epoll {
            $($(#[$attribute])* #[test] fn $name() { super::$name(mio::SelectorKind::Epoll) })+
        }
        #[cfg(event_ports)]
        mod event_ports {
            $(
                $(#[$attribute])*
                #[test]
                fn $name() { super::$name(mio::SelectorKind::EventPorts) }
            )+
        }
        #[cfg(kqueue)]
        mod kqueue {
            $($(#[$attribute])* #[test] fn $name() { super::$name(mio::SelectorKind::Kqueue) })+
        }
        #[cfg(poll)]
        mod poll {
            $($(#[$attribute])* #[test] fn $name() { super::$name(mio::SelectorKind::Poll) })+
        }
    };
}

/// A poll and its buffer.
pub(crate) struct Watch {
    pub(crate) poll: Poll,
    pub(crate) events: Events,
}

impl Watch {
    pub(crate) fn new(kind: SelectorKind) -> Watch {
        let poll = Poll::builder()
            .selector(kind)
            .build()
            .expect("an available selector");
        Watch {
            poll,
            events: Events::with_capacity(64),
        }
    }

    pub(crate) fn register(&self, source: &mut impl Source, token: usize, interests: Interest) {
        self.poll
            .registry()
            .register(source, Token(token), interests)
            .expect("register");
    }

    pub(crate) fn deregister(&self, source: &mut impl Source) {
        self.poll.registry().deregister(source).expect("deregister");
    }

    /// Polls once. A signal does not end the poll.
    pub(crate) fn poll(&mut self, timeout: Duration) {
        let deadline = Instant::now() + timeout;
        let mut left = timeout;
        loop {
            match self.poll.poll(&mut self.events, Some(left)) {
                Err(err) if err.kind() == ErrorKind::Interrupted => {
                    left = deadline.saturating_duration_since(Instant::now());
                }
                result => {
                    result.expect("poll");
                    // Events that arrive with the timeout are too late: the poll should have
                    // returned before.
                    assert!(timeout < LONG || Instant::now() < deadline, "the poll hung");
                    return;
                }
            }
        }
    }

    /// Polls until a matching event of this token arrives.
    pub(crate) fn wait(&mut self, token: usize, wanted: impl Fn(&Event) -> bool) -> Event {
        let deadline = Instant::now() + LONG;
        let mut seen = Vec::new();
        while Instant::now() < deadline {
            self.poll(LONG);
            let mut events = self
                .events
                .iter()
                .filter(|event| event.token() == Token(token));
            if let Some(event) = events.find(|event| wanted(event)) {
                return event.clone();
            }
            seen.extend(self.events.iter().cloned());
        }
        panic!("no such event of token {token}, only {seen:#?}");
    }

    pub(crate) fn wait_readable(&mut self, token: usize) -> Event {
        self.wait(token, Event::is_readable)
    }

    pub(crate) fn wait_writable(&mut self, token: usize) -> Event {
        self.wait(token, Event::is_writable)
    }

    /// Polls until this source was reported readable and writable, by one event or by two.
    pub(crate) fn wait_both(&mut self, token: usize) {
        let (mut readable, mut writable) = (false, false);
        while !(readable && writable) {
            self.poll(LONG);
            for event in self.events.iter().filter(|event| event.token().0 == token) {
                readable |= event.is_readable();
                writable |= event.is_writable();
            }
        }
    }

    /// Writes until there is no room. Loopback may take data from the buffer a little later, which
    /// makes room again.
    pub(crate) fn fill(&mut self, writer: impl io::Write) -> usize {
        let (mut writer, mut total) = (writer, 0);
        loop {
            total += fill(&mut writer);
            self.poll(SHORT);
            if self.events.is_empty() {
                return total;
            }
            let is_room = |event: &Event| event.is_writable();
            assert!(self.events.iter().all(is_room), "{:#?}", self.events);
        }
    }

    /// Polls, and expects no event.
    pub(crate) fn expect_silence(&mut self) {
        self.poll(SHORT);
        assert!(self.events.is_empty(), "unexpected {:#?}", self.events);
    }
}

/// Sets a flag that ends threads, even if a test fails. Otherwise the test would wait for them
/// without end.
pub(crate) struct SetAtEnd<'a>(pub(crate) &'a AtomicBool);

impl Drop for SetAtEnd<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// Returns `true` if the selector reports the end of a stream as such. Without `POLLRDHUP`, poll(2)
/// and event ports report a readable source without data.
pub(crate) fn reports_end(kind: SelectorKind) -> bool {
    cfg!(pollrdhup) || !matches!(kind, SelectorKind::EventPorts | SelectorKind::Poll)
}

/// Returns the kernel whose kqueue this build runs on: `NetBSD`, `FreeBSD` or `macOS`.
///
/// OpenBSD and DragonFly BSD count as FreeBSD. `ci/kqueue` sets the variable to the kernel that its
/// model imitates.
pub(crate) fn kqueue_of() -> String {
    std::env::var("MIO_KQUEUE_KERNEL").unwrap_or_else(|_| {
        let of_system = match (cfg!(kqueue1), cfg!(nosigpipe)) {
            (true, _) => "NetBSD",
            (_, true) => "macOS",
            _ => "FreeBSD",
        };
        of_system.to_owned()
    })
}

/// Returns the readiness of an event, by name.
pub(crate) fn answers(event: &Event) -> BTreeSet<&'static str> {
    let answers = [
        (event.is_readable(), "readable"),
        (event.is_writable(), "writable"),
        (event.is_error(), "error"),
        (event.is_read_closed(), "read_closed"),
        (event.is_write_closed(), "write_closed"),
        (event.is_priority(), "priority"),
        (event.is_aio(), "aio"),
        (event.is_lio(), "lio"),
    ];
    answers
        .into_iter()
        .filter(|(set, _)| *set)
        .map(|(_, name)| name)
        .collect()
}

pub(crate) fn any_port() -> SocketAddr {
    "127.0.0.1:0".parse().expect("an address")
}

pub(crate) fn listen() -> (TcpListener, SocketAddr) {
    let listener = TcpListener::bind(any_port()).expect("bind");
    let address = listener.local_addr().expect("local_addr");
    (listener, address)
}

/// Returns two connected streams: one of this crate, and a blocking one of std as the peer.
pub(crate) fn connected() -> (TcpStream, std::net::TcpStream) {
    let listener = std::net::TcpListener::bind(any_port()).expect("bind");
    let peer = std::net::TcpStream::connect(listener.local_addr().expect("addr")).expect("connect");
    let (stream, _) = listener.accept().expect("accept");
    stream.set_nonblocking(true).expect("set_nonblocking");
    (TcpStream::from_std(stream), peer)
}

pub(crate) fn would_block<T: std::fmt::Debug>(result: io::Result<T>) {
    let err = result.expect_err("this would block");
    assert_eq!(err.kind(), ErrorKind::WouldBlock, "{err}");
}

/// Waits until data can be read. On some kernels it arrives after the peer's write has returned.
pub(crate) fn has_arrived(stream: &TcpStream) {
    soon(|| stream.peek(&mut [0; 1])).expect("data");
}

/// Retries until the operation does not block: for tests without a poll, and for effects that come
/// soon.
pub(crate) fn soon<T>(mut operation: impl FnMut() -> io::Result<T>) -> io::Result<T> {
    let deadline = Instant::now() + LONG;
    loop {
        match operation() {
            Err(err) if err.kind() == ErrorKind::WouldBlock && Instant::now() < deadline => {
                std::thread::yield_now();
            }
            result => return result,
        }
    }
}

/// Reads until `WouldBlock`, and returns the number of bytes.
pub(crate) fn drain(mut reader: impl Read) -> usize {
    let mut buffer = [0; 4096];
    let mut total = 0;
    loop {
        match reader.read(&mut buffer) {
            Ok(0) => return total,
            Ok(read) => total += read,
            Err(err) if err.kind() == ErrorKind::WouldBlock => return total,
            Err(err) => panic!("read: {err}"),
        }
    }
}

/// Writes until `WouldBlock`, and returns the number of bytes.
pub(crate) fn fill(mut writer: impl io::Write) -> usize {
    let buffer = [0; 4096];
    let mut total = 0;
    loop {
        match writer.write(&buffer) {
            Ok(written) => total += written,
            Err(err) if err.kind() == ErrorKind::WouldBlock => return total,
            Err(err) => panic!("write: {err}"),
        }
    }
}
