//! epoll by hand.

use std::io;
use std::net::{TcpListener, TcpStream};
use std::os::fd::{AsRawFd, OwnedFd, RawFd};
use std::sync::Arc;

use libc::{EPOLL_CTL_ADD, EPOLLET, EPOLLIN, EPOLLRDHUP};

use super::{BUFFER, ByFd, Peer, Reads, Service, accept, answer, seen};
use crate::ffi::{self, epoll_event};

pub(super) struct Raw {
    epoll: OwnedFd,
    events: Vec<epoll_event>,
    sources: ByFd<Arc<OwnedFd>>,
}

impl Raw {
    pub(super) fn new() -> io::Result<Raw> {
        Ok(Raw {
            epoll: ffi::epoll_create()?,
            events: vec![epoll_event { events: 0, u64: 0 }; 1024],
            sources: ByFd::new(),
        })
    }

    fn add(&self, fd: RawFd) -> io::Result<()> {
        let event = epoll_event {
            events: (EPOLLIN | EPOLLRDHUP | EPOLLET) as u32,
            u64: fd as u64,
        };
        ffi::epoll_ctl(&self.epoll, EPOLL_CTL_ADD, fd, event)
    }

    fn wait(&mut self) -> io::Result<usize> {
        match ffi::epoll_wait(self.epoll.as_raw_fd(), &mut self.events, -1) {
            -1 => Err(io::Error::last_os_error()),
            count => Ok(count as usize),
        }
    }
}

impl Peer for Raw {
    fn serve<S: Service>(mut self, listener: TcpListener) -> io::Result<()> {
        let mut streams: ByFd<(TcpStream, S)> = ByFd::new();
        let mut buffer = vec![0; BUFFER];
        self.add(listener.as_raw_fd())?;
        loop {
            for index in 0..self.wait()? {
                let token = self.events[index].u64 as usize;
                if let Some((stream, service)) = streams.get(token) {
                    if !answer(stream, service, &mut buffer, Reads::UntilBlock) {
                        streams.remove(token);
                    }
                    continue;
                }
                while let Ok(stream) = accept(&listener) {
                    self.add(stream.as_raw_fd())?;
                    streams.insert(stream.as_raw_fd(), (stream, S::default()));
                }
            }
        }
    }

    fn watch(&mut self, event: Arc<OwnedFd>) -> io::Result<()> {
        self.add(event.as_raw_fd())?;
        self.sources.insert(event.as_raw_fd(), event);
        Ok(())
    }

    fn turn(&mut self, expected: usize) -> io::Result<usize> {
        let mut count = 0;
        while count < expected {
            for index in 0..self.wait()? {
                if let Some(event) = self.sources.get(self.events[index].u64 as usize) {
                    seen(event)?;
                    count += 1;
                }
            }
        }
        Ok(count)
    }
}
