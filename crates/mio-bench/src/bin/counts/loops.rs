//! The loops to compare. Each counts within one function, which valgrind finds by its name.

use std::hint::black_box;
use std::io::{self, Write};
use std::os::fd::{AsRawFd, OwnedFd, RawFd};
use std::os::unix::net::UnixStream;
use std::time::Duration;

use mio_bench::ffi;

/// The names of the loops. The hand-written one comes first; the others are compared with it.
pub(crate) const NAMES: [&str; 3] = ["raw", "mio", "mio_1_2"];

/// Long enough for a timeout, and never reached.
const TIMEOUT: Duration = Duration::from_millis(1_000);

pub(crate) fn run(peer: &str, timeout: bool, events: usize, rounds: usize) -> io::Result<()> {
    let mut pairs = Vec::new();
    for _ in 0..events {
        let (reader, mut writer) = UnixStream::pair()?;
        writer.write_all(b"!")?;
        pairs.push((OwnedFd::from(reader), writer));
    }
    let fds: Vec<RawFd> = pairs.iter().map(|(reader, _)| reader.as_raw_fd()).collect();
    let turns = match peer {
        "raw" => raw::run(&fds, timeout, rounds),
        "mio" => ours::run(&fds, timeout, rounds),
        "mio_1_2" => theirs::run(&fds, timeout, rounds),
        _ => Err(io::Error::other(format!("no peer {peer}"))),
    }?;
    // Each round must have seen each source, or the counts are meaningless.
    if turns == events * rounds {
        Ok(())
    } else {
        Err(io::Error::other("events are missing"))
    }
}

mod raw {
    use libc::{EPOLL_CTL_ADD, EPOLL_CTL_MOD, EPOLLET, EPOLLIN, EPOLLOUT, EPOLLRDHUP};
    use mio_bench::ffi::epoll_event;

    use super::*;

    pub(super) fn run(fds: &[RawFd], timeout: bool, rounds: usize) -> io::Result<usize> {
        let epoll = ffi::epoll_create()?;
        let request = |token| epoll_event {
            events: (EPOLLIN | EPOLLRDHUP | EPOLLET) as u32,
            u64: token as u64,
        };
        for (token, fd) in fds.iter().enumerate() {
            ffi::epoll_ctl(&epoll, EPOLL_CTL_ADD, *fd, request(token))?;
        }
        let mut events = vec![request(0); 1024];
        let timeout = timeout.then_some(TIMEOUT);
        let mut seen = 0;
        for _ in 0..rounds {
            for (token, fd) in fds.iter().enumerate() {
                ffi::epoll_ctl(&epoll, EPOLL_CTL_MOD, *fd, request(token))?;
            }
            seen += counted_raw(epoll.as_raw_fd(), &mut events, black_box(timeout))?;
        }
        Ok(seen)
    }

    #[inline(never)]
    fn counted_raw(
        epoll: RawFd,
        events: &mut [epoll_event],
        timeout: Option<Duration>,
    ) -> io::Result<usize> {
        // As in a program in which all timeouts are short and whole milliseconds.
        let milliseconds = timeout.map_or(-1, |timeout| {
            timeout.as_secs() as i32 * 1_000 + timeout.subsec_millis() as i32
        });
        let ready = ffi::epoll_wait(epoll, events, milliseconds);
        if ready < 0 {
            return Err(io::Error::last_os_error());
        }
        let mut seen = 0;
        for event in &events[..ready as usize] {
            black_box(event.u64);
            let flags = event.events as i32;
            seen += usize::from(flags & EPOLLIN != 0);
            seen += usize::from(flags & EPOLLOUT != 0);
        }
        Ok(seen)
    }
}

/// Both versions of mio have the same API, so one macro serves both.
macro_rules! with_mio {
    ($mio:ident, $counted:ident) => {
        use $mio::unix::SourceFd;
        use $mio::{Events, Interest, Poll, Token};

        use super::*;

        pub(super) fn run(fds: &[RawFd], timeout: bool, rounds: usize) -> io::Result<usize> {
            let mut poll = Poll::new()?;
            let mut events = Events::with_capacity(1024);
            for (token, fd) in fds.iter().enumerate() {
                poll.registry()
                    .register(&mut SourceFd(fd), Token(token), Interest::READABLE)?;
            }
            let timeout = timeout.then_some(TIMEOUT);
            let mut seen = 0;
            for _ in 0..rounds {
                for (token, fd) in fds.iter().enumerate() {
                    let mut source = SourceFd(fd);
                    poll.registry()
                        .reregister(&mut source, Token(token), Interest::READABLE)?;
                }
                seen += $counted(&mut poll, &mut events, black_box(timeout))?;
            }
            Ok(seen)
        }

        #[inline(never)]
        fn $counted(
            poll: &mut Poll,
            events: &mut Events,
            timeout: Option<Duration>,
        ) -> io::Result<usize> {
            poll.poll(events, timeout)?;
            let mut seen = 0;
            for event in events.iter() {
                black_box(event.token());
                seen += usize::from(event.is_readable());
                seen += usize::from(event.is_writable());
            }
            Ok(seen)
        }
    };
}

mod ours {
    with_mio!(mio, counted_mio);
}

mod theirs {
    with_mio!(mio_1_2, counted_mio_1_2);
}
