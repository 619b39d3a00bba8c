//! The crate `polling`, in the mode that needs no call after an event.

use std::io;
use std::net::{TcpListener, TcpStream};
use std::num::NonZeroUsize;
use std::os::fd::{AsRawFd, OwnedFd};
use std::sync::Arc;

use polling::{Events, Poller};

use super::{BUFFER, ByFd, Peer, Reads, Service, accept, answer, seen};
use crate::ffi::watch_with_polling;

pub(super) struct Polling {
    poller: Poller,
    events: Events,
    sources: ByFd<Arc<OwnedFd>>,
}

impl Polling {
    pub(super) fn new() -> io::Result<Polling> {
        Ok(Polling {
            poller: Poller::new()?,
            events: Events::with_capacity(NonZeroUsize::new(1024).expect("no zero")),
            sources: ByFd::new(),
        })
    }

    fn add(&self, source: &impl AsRawFd) -> io::Result<()> {
        let fd = source.as_raw_fd();
        watch_with_polling(&self.poller, fd, fd as usize)
    }
}

impl Peer for Polling {
    fn serve<S: Service>(mut self, listener: TcpListener) -> io::Result<()> {
        let mut streams: ByFd<(TcpStream, S)> = ByFd::new();
        let mut buffer = vec![0; BUFFER];
        self.add(&listener)?;
        loop {
            self.events.clear();
            self.poller.wait(&mut self.events, None)?;
            for event in self.events.iter() {
                if let Some((stream, service)) = streams.get(event.key) {
                    if !answer(&mut *stream, service, &mut buffer, Reads::Once) {
                        self.poller.delete(stream)?;
                        streams.remove(event.key);
                    }
                } else if let Ok(stream) = accept(&listener) {
                    self.add(&stream)?;
                    streams.insert(stream.as_raw_fd(), (stream, S::default()));
                }
            }
        }
    }

    fn watch(&mut self, event: Arc<OwnedFd>) -> io::Result<()> {
        self.add(&event)?;
        self.sources.insert(event.as_raw_fd(), event);
        Ok(())
    }

    fn turn(&mut self, expected: usize) -> io::Result<usize> {
        let mut count = 0;
        while count < expected {
            self.events.clear();
            self.poller.wait(&mut self.events, None)?;
            for event in self.events.iter() {
                if let Some(event) = self.sources.get(event.key) {
                    seen(event)?;
                    count += 1;
                }
            }
        }
        Ok(count)
    }
}
