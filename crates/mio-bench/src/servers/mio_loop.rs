//! Our own `mio-loop`: a handler that is called with a token.

use std::io;
use std::net::TcpListener;
use std::os::fd::{AsRawFd, OwnedFd};
use std::sync::Arc;

use mio::unix::SourceFd;
use mio::{Interest, Token};
use mio_loop::{Context, EventLoop, Handler};

use super::service::Echo;
use super::{BUFFER, ByFd, Peer, Reads, Service, answer, seen};

const LISTENER: Token = Token(usize::MAX >> 1);

enum Source<S> {
    Event(Arc<OwnedFd>),
    Connection(mio::net::TcpStream, S),
}

struct Server<S> {
    listener: Option<mio::net::TcpListener>,
    sources: ByFd<Source<S>>,
    buffer: Vec<u8>,
    count: usize,
}

impl<S: Service> Handler for Server<S> {
    type Timeout = ();
    type Message = ();
    type Error = io::Error;

    fn readable(&mut self, context: &mut Context<Self>, token: Token) -> io::Result<()> {
        if token == LISTENER {
            return self.accept(context);
        }
        let over = match self.sources.get(token.0) {
            None => return Ok(()),
            Some(Source::Event(event)) => {
                self.count += 1;
                return seen(event);
            }
            Some(Source::Connection(stream, service)) => {
                !answer(stream, service, &mut self.buffer, Reads::UntilBlock)
            }
        };
        if over {
            if let Some(Source::Connection(mut stream, _)) = self.sources.remove(token.0) {
                context.deregister(&mut stream, token)?;
            }
        }
        Ok(())
    }
}

impl<S: Service> Server<S> {
    fn accept(&mut self, context: &mut Context<Self>) -> io::Result<()> {
        let Some(listener) = &self.listener else {
            return Ok(());
        };
        while let Ok((mut stream, _)) = listener.accept() {
            let fd = stream.as_raw_fd();
            context.register(&mut stream, Token(fd as usize), Interest::READABLE)?;
            self.sources
                .insert(fd, Source::Connection(stream, S::default()));
        }
        Ok(())
    }
}

pub(super) struct MioLoop<S: Service = Echo> {
    events: EventLoop<Server<S>>,
    server: Server<S>,
}

impl<S: Service> MioLoop<S> {
    pub(super) fn new() -> io::Result<MioLoop<S>> {
        let server = Server {
            listener: None,
            sources: ByFd::new(),
            buffer: vec![0; BUFFER],
            count: 0,
        };
        let events = EventLoop::builder().event_capacity(1024).build()?;
        Ok(MioLoop { events, server })
    }
}

impl Peer for MioLoop {
    fn serve<S: Service>(self, listener: TcpListener) -> io::Result<()> {
        // The type of its handler depends on the service.
        let MioLoop {
            mut events,
            mut server,
        } = MioLoop::<S>::new()?;
        let mut listener = mio::net::TcpListener::from_std(listener);
        events.register(&mut listener, LISTENER, Interest::READABLE)?;
        server.listener = Some(listener);
        events.run(&mut server)
    }

    fn watch(&mut self, event: Arc<OwnedFd>) -> io::Result<()> {
        let fd = event.as_raw_fd();
        let token = Token(fd as usize);
        self.events
            .register(&mut SourceFd(&fd), token, Interest::READABLE)?;
        self.server.sources.insert(fd, Source::Event(event));
        Ok(())
    }

    fn turn(&mut self, expected: usize) -> io::Result<usize> {
        while self.server.count < expected {
            self.events.run_once(&mut self.server, None)?;
        }
        Ok(std::mem::take(&mut self.server.count))
    }
}
