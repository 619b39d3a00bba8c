//! Our own `mio-util`: a `Connection` for each stream, on a bare `Poll`, edge-triggered.

use std::io;
use std::net::TcpListener;
use std::os::fd::OwnedFd;
use std::sync::Arc;
use std::time::{Duration, Instant};

use mio::net::TcpStream;
use mio::{Events, Interest, Poll, Token};
use mio_util::{Acceptor, Connection, Exchange, Sources};

use super::{BUFFER, Peer, Service};

const LISTENER: Token = Token(0);

/// Number of connections to accept before the other sources are served.
const BUDGET: usize = 1024;

pub(super) struct MioUtil {
    poll: Poll,
    events: Events,
}

impl MioUtil {
    pub(super) fn new() -> io::Result<MioUtil> {
        Ok(MioUtil {
            poll: Poll::new()?,
            events: Events::with_capacity(1024),
        })
    }
}

impl Peer for MioUtil {
    fn serve<S: Service>(mut self, listener: TcpListener) -> io::Result<()> {
        let mut listener = mio::net::TcpListener::from_std(listener);
        let registry = self.poll.registry().try_clone()?;
        registry.register(&mut listener, LISTENER, Interest::READABLE)?;
        let mut acceptor = Acceptor::new();
        let mut clients = Sources::<(Connection<TcpStream>, S)>::new();
        // Like the other servers, this reads no clock for an event.
        let start = Instant::now();
        loop {
            self.poll.poll(&mut self.events, None)?;
            for event in self.events.iter() {
                let token = event.token();
                if token == LISTENER {
                    let accepted = acceptor.accept_all(&listener, BUDGET, start, |stream, _| {
                        let result = clients.try_insert_with(|token| {
                            let mut client = Connection::new(stream, BUFFER);
                            // Like the hand-written servers, and not to be copied: a reply is so
                            // short that there is room for it, and it never reaches a budget.
                            registry.register(client.stream_mut(), token, Interest::READABLE)?;
                            io::Result::Ok((client, S::default()))
                        });
                        drop(result);
                    });
                    if let Some(err) = accepted.error {
                        return Err(err);
                    }
                    continue;
                }
                let Some((client, service)) = clients.get_mut(token) else {
                    continue;
                };
                let next = client.ready(|exchange: &mut Exchange<'_>| {
                    exchange.output.push(service.answer(exchange.input.data()));
                    exchange.input.clear();
                    if exchange.has_ended() {
                        exchange.close(start + Duration::from_secs(1));
                    }
                    io::Result::Ok(())
                });
                if next.map_or(true, |next| next.is_finished()) {
                    clients.remove(token);
                }
            }
        }
    }

    fn watch(&mut self, _: Arc<OwnedFd>) -> io::Result<()> {
        Err(io::Error::other("mio-util dispatches nothing"))
    }

    fn turn(&mut self, _: usize) -> io::Result<usize> {
        Err(io::Error::other("mio-util dispatches nothing"))
    }
}
