//! The loops to compare. Each counts within one function, which valgrind finds by its name.

use std::io::{self, Write};
use std::os::fd::{AsRawFd, OwnedFd, RawFd};
use std::os::unix::net::UnixStream;

pub(crate) fn run(peer: &str, events: usize, rounds: usize) -> io::Result<()> {
    let mut pairs = Vec::new();
    for _ in 0..events {
        let (reader, mut writer) = UnixStream::pair()?;
        writer.write_all(b"!")?;
        pairs.push((OwnedFd::from(reader), writer));
    }
    let fds: Vec<RawFd> = pairs.iter().map(|(reader, _)| reader.as_raw_fd()).collect();
    let seen = match peer {
        "bare" => bare::run(&fds, rounds, bare::counted_bare),
        "bare_called" => bare::run(&fds, rounds, bare::counted_bare_called),
        "mio_loop" => ours::run(&fds, rounds, ours::counted_mio_loop),
        "mio_loop_called" => ours::run(&fds, rounds, ours::counted_mio_loop_called),
        "calloop" => {
            let readers = pairs.iter().map(|(reader, _)| reader.try_clone());
            theirs::run(readers.collect::<io::Result<_>>()?, rounds)
        }
        _ => Err(io::Error::other(format!("no peer {peer}"))),
    }?;
    // Each round must have seen each source, or the counts are meaningless.
    if seen == events * rounds {
        Ok(())
    } else {
        Err(io::Error::other("events are missing"))
    }
}

mod bare {
    use std::hint::black_box;
    use std::time::Duration;

    use mio::unix::SourceFd;
    use mio::{Events, Interest, Poll, Token};

    use super::*;

    type Counted = fn(&mut Poll, &mut Events, &mut usize) -> io::Result<()>;

    pub(super) fn run(fds: &[RawFd], rounds: usize, counted: Counted) -> io::Result<usize> {
        let mut poll = Poll::new()?;
        let mut events = Events::with_capacity(1024);
        for (token, fd) in fds.iter().enumerate() {
            poll.registry()
                .register(&mut SourceFd(fd), Token(token), Interest::READABLE)?;
        }
        let mut seen = 0;
        for _ in 0..rounds {
            for (token, fd) in fds.iter().enumerate() {
                let mut source = SourceFd(fd);
                poll.registry()
                    .reregister(&mut source, Token(token), Interest::READABLE)?;
            }
            counted(&mut poll, &mut events, &mut seen)?;
        }
        Ok(seen)
    }

    #[inline(never)]
    pub(super) fn counted_bare(
        poll: &mut Poll,
        events: &mut Events,
        seen: &mut usize,
    ) -> io::Result<()> {
        poll.poll(events, Some(Duration::ZERO))?;
        for event in events.iter() {
            let token = event.token();
            if event.is_readable() {
                black_box(token);
                *seen += 1;
            }
            if event.is_writable() {
                black_box(token);
                *seen += 1000;
            }
        }
        Ok(())
    }

    #[inline(never)]
    pub(super) fn counted_bare_called(
        poll: &mut Poll,
        events: &mut Events,
        seen: &mut usize,
    ) -> io::Result<()> {
        poll.poll(events, Some(Duration::ZERO))?;
        for event in events.iter() {
            let token = event.token();
            if event.is_readable() {
                readable(seen, token)?;
            }
            if event.is_writable() {
                writable(seen, token)?;
            }
        }
        Ok(())
    }

    #[inline(never)]
    fn readable(seen: &mut usize, token: Token) -> io::Result<()> {
        black_box(token);
        *seen += 1;
        Ok(())
    }

    #[inline(never)]
    fn writable(seen: &mut usize, token: Token) -> io::Result<()> {
        black_box(token);
        *seen += 1000;
        Ok(())
    }
}

mod ours {
    use std::hint::black_box;
    use std::time::Duration;

    use mio::unix::SourceFd;
    use mio::{Interest, Token};
    use mio_loop::{Context, EventLoop, Handler};

    use super::*;

    #[derive(Default)]
    pub(super) struct Counter {
        seen: usize,
    }

    /// The same, with callbacks that are not inlined.
    #[derive(Default)]
    pub(super) struct Called(Counter);

    impl Handler for Counter {
        type Timeout = ();
        type Message = ();
        type Error = io::Error;

        fn readable(&mut self, _: &mut Context<Self>, token: Token) -> io::Result<()> {
            black_box(token);
            self.seen += 1;
            Ok(())
        }

        fn writable(&mut self, _: &mut Context<Self>, token: Token) -> io::Result<()> {
            black_box(token);
            self.seen += 1000;
            Ok(())
        }
    }

    impl Handler for Called {
        type Timeout = ();
        type Message = ();
        type Error = io::Error;

        #[inline(never)]
        fn readable(&mut self, _: &mut Context<Self>, token: Token) -> io::Result<()> {
            black_box(token);
            self.0.seen += 1;
            Ok(())
        }

        #[inline(never)]
        fn writable(&mut self, _: &mut Context<Self>, token: Token) -> io::Result<()> {
            black_box(token);
            self.0.seen += 1000;
            Ok(())
        }
    }

    impl From<Counter> for usize {
        fn from(counter: Counter) -> usize {
            counter.seen
        }
    }

    impl From<Called> for usize {
        fn from(called: Called) -> usize {
            called.0.seen
        }
    }

    pub(super) fn run<H>(
        fds: &[RawFd],
        rounds: usize,
        counted: fn(&mut EventLoop<H>, &mut H) -> io::Result<()>,
    ) -> io::Result<usize>
    where
        H: Handler + Default + Into<usize>,
    {
        let mut event_loop = EventLoop::new()?;
        let mut counter = H::default();
        for (token, fd) in fds.iter().enumerate() {
            event_loop.register(&mut SourceFd(fd), Token(token), Interest::READABLE)?;
        }
        for _ in 0..rounds {
            for (token, fd) in fds.iter().enumerate() {
                let mut source = SourceFd(fd);
                event_loop.reregister(&mut source, Token(token), Interest::READABLE)?;
            }
            counted(&mut event_loop, &mut counter)?;
        }
        Ok(counter.into())
    }

    #[inline(never)]
    pub(super) fn counted_mio_loop_called(
        event_loop: &mut EventLoop<Called>,
        called: &mut Called,
    ) -> io::Result<()> {
        event_loop.run_once(called, Some(Duration::ZERO))?;
        Ok(())
    }

    #[inline(never)]
    pub(super) fn counted_mio_loop(
        event_loop: &mut EventLoop<Counter>,
        counter: &mut Counter,
    ) -> io::Result<()> {
        event_loop.run_once(counter, Some(Duration::ZERO))?;
        Ok(())
    }
}

mod theirs {
    use std::hint::black_box;
    use std::time::Duration;

    use calloop::generic::Generic;
    use calloop::{EventLoop, Interest, Mode, PostAction};

    use super::*;

    pub(super) fn run(readers: Vec<OwnedFd>, rounds: usize) -> io::Result<usize> {
        let mut event_loop = EventLoop::<usize>::try_new().map_err(io::Error::other)?;
        let handle = event_loop.handle();
        let mut tokens = Vec::new();
        for (number, reader) in readers.into_iter().enumerate() {
            let source = Generic::new(reader, Interest::READ, Mode::Edge);
            let inserted = handle.insert_source(source, move |readiness, _, seen: &mut usize| {
                black_box(number);
                *seen += usize::from(readiness.readable) + 1000 * usize::from(readiness.writable);
                Ok(PostAction::Continue)
            });
            tokens.push(inserted.map_err(io::Error::other)?);
        }
        let mut seen = 0;
        for _ in 0..rounds {
            for token in &tokens {
                handle.update(token).map_err(io::Error::other)?;
            }
            counted_calloop(&mut event_loop, &mut seen)?;
        }
        Ok(seen)
    }

    #[inline(never)]
    fn counted_calloop(event_loop: &mut EventLoop<'_, usize>, seen: &mut usize) -> io::Result<()> {
        event_loop
            .dispatch(Some(Duration::ZERO), seen)
            .map_err(io::Error::other)
    }
}
