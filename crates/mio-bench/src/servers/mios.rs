//! This crate in each of its modes, and mio 1.2.5.

use std::io;
use std::net::TcpListener;
use std::os::fd::{AsRawFd, OwnedFd};
use std::sync::Arc;
use std::time::Duration;

use super::{BUFFER, ByFd, Peer, Reads, Service, answer, seen};

/// The readiness mode, and how much a server reads.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Mode {
    /// Edge-triggered, reading until `WouldBlock`.
    Edge,
    /// Edge-triggered, reading until a short read.
    Short,
    /// Level-triggered, reading once.
    Level,
}

impl Mode {
    fn reads(self) -> Reads {
        match self {
            Mode::Edge => Reads::UntilBlock,
            Mode::Short => Reads::UntilShort,
            Mode::Level => Reads::Once,
        }
    }

    fn interest(self) -> mio::Interest {
        match self {
            Mode::Edge | Mode::Short => mio::Interest::READABLE,
            Mode::Level => mio::Interest::READABLE.level(),
        }
    }
}

pub(super) fn ours(mode: Mode) -> io::Result<impl Peer> {
    ours::Server::new(mio::Poll::new()?, mode.interest(), mode)
}

pub(super) fn ours_busy() -> io::Result<impl Peer> {
    let poll = mio::Poll::builder().busy_poll(Duration::from_micros(20));
    ours::Server::new(poll.build()?, mio::Interest::READABLE, Mode::Edge)
}

pub(super) fn ours_on_poll(mode: Mode) -> io::Result<impl Peer> {
    let poll = mio::Poll::builder().selector(mio::SelectorKind::Poll);
    ours::Server::new(poll.build()?, mode.interest(), mode)
}

pub(super) fn published() -> io::Result<impl Peer> {
    let poll = mio_1_2::Poll::new()?;
    published::Server::new(poll, mio_1_2::Interest::READABLE, Mode::Edge)
}

/// Both versions of mio have the same API, so one macro serves both.
macro_rules! with_mio {
    ($mio:ident) => {
        use $mio::net::TcpStream;
        use $mio::unix::SourceFd;
        use $mio::{Events, Interest, Poll, Token};

        use super::*;

        pub(super) struct Server {
            poll: Poll,
            interest: Interest,
            mode: Mode,
            events: Events,
            sources: ByFd<Arc<OwnedFd>>,
        }

        impl Server {
            pub(super) fn new(poll: Poll, interest: Interest, mode: Mode) -> io::Result<Server> {
                Ok(Server {
                    poll,
                    interest,
                    mode,
                    events: Events::with_capacity(1024),
                    sources: ByFd::new(),
                })
            }
        }

        impl Peer for Server {
            fn serve<S: Service>(mut self, listener: TcpListener) -> io::Result<()> {
                let mut listener = $mio::net::TcpListener::from_std(listener);
                let at = Token(listener.as_raw_fd() as usize);
                self.poll
                    .registry()
                    .register(&mut listener, at, self.interest)?;
                let mut streams: ByFd<(TcpStream, S)> = ByFd::new();
                let mut buffer = vec![0; BUFFER];
                loop {
                    self.poll.poll(&mut self.events, None)?;
                    for event in self.events.iter() {
                        let token = event.token().0;
                        if let Some((stream, service)) = streams.get(token) {
                            let reads = match self.mode.reads() {
                                // After the end of the stream there is no other edge.
                                Reads::UntilShort if event.is_read_closed() => Reads::UntilBlock,
                                reads => reads,
                            };
                            if !answer(stream, service, &mut buffer, reads) {
                                streams.remove(token);
                            }
                            continue;
                        }
                        while let Ok((mut stream, _)) = listener.accept() {
                            let fd = stream.as_raw_fd();
                            self.poll.registry().register(
                                &mut stream,
                                Token(fd as usize),
                                self.interest,
                            )?;
                            streams.insert(fd, (stream, S::default()));
                            if self.mode == Mode::Level {
                                break;
                            }
                        }
                    }
                }
            }

            fn watch(&mut self, event: Arc<OwnedFd>) -> io::Result<()> {
                let fd = event.as_raw_fd();
                self.poll.registry().register(
                    &mut SourceFd(&fd),
                    Token(fd as usize),
                    self.interest,
                )?;
                self.sources.insert(fd, event);
                Ok(())
            }

            fn turn(&mut self, expected: usize) -> io::Result<usize> {
                let mut count = 0;
                while count < expected {
                    self.poll.poll(&mut self.events, None)?;
                    for event in self.events.iter() {
                        if let Some(event) = self.sources.get(event.token().0) {
                            seen(event)?;
                            count += 1;
                        }
                    }
                }
                Ok(count)
            }
        }
    };
}

mod ours {
    with_mio!(mio);
}

mod published {
    with_mio!(mio_1_2);
}
