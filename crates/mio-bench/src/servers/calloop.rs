//! The crate `calloop`: a callback for each source.

use std::io;
use std::net::TcpListener;
use std::os::fd::OwnedFd;
use std::sync::Arc;

use calloop::generic::Generic;
use calloop::{EventLoop, Interest, LoopHandle, Mode, PostAction};

use super::{BUFFER, Peer, Reads, Service, accept, answer, seen};

/// The state that the callbacks share.
struct Shared {
    handle: LoopHandle<'static, Shared>,
    buffer: Vec<u8>,
    count: usize,
}

pub(super) struct Calloop {
    events: EventLoop<'static, Shared>,
    shared: Shared,
}

impl Calloop {
    pub(super) fn new() -> io::Result<Calloop> {
        let events = EventLoop::try_new()?;
        let shared = Shared {
            handle: events.handle(),
            buffer: vec![0; BUFFER],
            count: 0,
        };
        Ok(Calloop { events, shared })
    }
}

impl Peer for Calloop {
    fn serve<S: Service>(mut self, listener: TcpListener) -> io::Result<()> {
        let source = Generic::new(listener, Interest::READ, Mode::Level);
        let handle = self.events.handle();
        let accept = handle.insert_source(source, |_, listener, shared: &mut Shared| {
            let Ok(stream) = accept(listener) else {
                return Ok(PostAction::Continue);
            };
            let source = Generic::new(stream, Interest::READ, Mode::Level);
            let mut service = S::default();
            let talk = shared
                .handle
                .insert_source(source, move |_, stream, shared| {
                    if answer(&**stream, &mut service, &mut shared.buffer, Reads::Once) {
                        Ok(PostAction::Continue)
                    } else {
                        Ok(PostAction::Remove)
                    }
                });
            talk.map_err(io::Error::other)?;
            Ok(PostAction::Continue)
        });
        accept.map_err(io::Error::other)?;
        loop {
            self.events.dispatch(None, &mut self.shared)?;
        }
    }

    fn watch(&mut self, event: Arc<OwnedFd>) -> io::Result<()> {
        let source = Generic::new(event, Interest::READ, Mode::Level);
        let handle = self.events.handle();
        let token = handle.insert_source(source, |_, event, shared| {
            seen(event)?;
            shared.count += 1;
            Ok(PostAction::Continue)
        });
        token.map_err(io::Error::other)?;
        Ok(())
    }

    fn turn(&mut self, expected: usize) -> io::Result<usize> {
        while self.shared.count < expected {
            self.events.dispatch(None, &mut self.shared)?;
        }
        Ok(std::mem::take(&mut self.shared.count))
    }
}
