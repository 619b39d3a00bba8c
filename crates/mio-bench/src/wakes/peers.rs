//! The peers: the same few calls on each crate.

use std::io;
use std::sync::Arc;
use std::time::{Duration, Instant};

use mio::SelectorKind;

/// A peer, and the function that creates it.
pub(crate) struct Contender {
    pub(crate) name: &'static str,
    pub(crate) make: fn() -> io::Result<Box<dyn Peer>>,
}

/// Returns the peers of this build.
pub(crate) fn contenders(with_busy_poll: bool) -> Vec<Contender> {
    const LOOK: Duration = Duration::from_micros(20);
    let mut contenders = vec![Contender {
        name: "mio, epoll",
        make: || Ok(Box::new(Ours::new(SelectorKind::Epoll, Duration::ZERO)?)),
    }];
    if with_busy_poll {
        contenders.push(Contender {
            name: "mio, busy_poll 20 us",
            make: || Ok(Box::new(Ours::new(SelectorKind::Epoll, LOOK)?)),
        });
    }
    if SelectorKind::available().any(|kind| kind == SelectorKind::Poll) {
        contenders.push(Contender {
            name: "mio, poll(2)",
            make: || Ok(Box::new(Ours::new(SelectorKind::Poll, Duration::ZERO)?)),
        });
    }
    contenders.push(Contender {
        name: "mio 1.2.5, epoll",
        make: || Ok(Box::new(Theirs::new()?)),
    });
    contenders
}

/// A poll with a waker.
pub(crate) trait Peer: Send {
    /// Returns a function that wakes it from another thread.
    fn waker(&self) -> Arc<dyn Fn() + Send + Sync>;

    /// Waits for a wake.
    fn wait(&mut self) -> io::Result<()>;

    /// Waits for this long, with no event to come.
    fn sleep(&mut self, time: Duration) -> io::Result<()>;
}

/// That of this crate.
struct Ours {
    poll: mio::Poll,
    events: mio::Events,
    waker: Arc<mio::Waker>,
}

impl Ours {
    /// Creates a poll that busy-polls for this long before it sleeps.
    fn new(kind: SelectorKind, look: Duration) -> io::Result<Ours> {
        let builder = mio::Poll::builder().selector(kind).busy_poll(look);
        let poll = builder.build()?;
        let waker = Arc::new(mio::Waker::new(poll.registry(), mio::Token(0))?);
        Ok(Ours {
            poll,
            events: mio::Events::with_capacity(16),
            waker,
        })
    }
}

impl Peer for Ours {
    fn waker(&self) -> Arc<dyn Fn() + Send + Sync> {
        let waker = Arc::clone(&self.waker);
        Arc::new(move || waker.wake().expect("a wake"))
    }

    fn wait(&mut self) -> io::Result<()> {
        loop {
            match self.poll.poll(&mut self.events, None) {
                Err(err) if err.kind() == io::ErrorKind::Interrupted => {}
                result => return result,
            }
        }
    }

    fn sleep(&mut self, time: Duration) -> io::Result<()> {
        let deadline = Instant::now() + time;
        self.poll.poll_until(&mut self.events, Some(deadline))
    }
}

/// The published mio 1.2.5, on epoll.
struct Theirs {
    poll: mio_1_2::Poll,
    events: mio_1_2::Events,
    waker: Arc<mio_1_2::Waker>,
}

impl Theirs {
    fn new() -> io::Result<Theirs> {
        let poll = mio_1_2::Poll::new()?;
        let waker = Arc::new(mio_1_2::Waker::new(poll.registry(), mio_1_2::Token(0))?);
        Ok(Theirs {
            poll,
            events: mio_1_2::Events::with_capacity(16),
            waker,
        })
    }
}

impl Peer for Theirs {
    fn waker(&self) -> Arc<dyn Fn() + Send + Sync> {
        let waker = Arc::clone(&self.waker);
        Arc::new(move || waker.wake().expect("a wake"))
    }

    fn wait(&mut self) -> io::Result<()> {
        loop {
            match self.poll.poll(&mut self.events, None) {
                Err(err) if err.kind() == io::ErrorKind::Interrupted => {}
                result => return result,
            }
        }
    }

    fn sleep(&mut self, time: Duration) -> io::Result<()> {
        self.poll.poll(&mut self.events, Some(time))
    }
}
