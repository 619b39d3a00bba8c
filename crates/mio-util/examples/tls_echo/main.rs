//! A TLS echo server: `Connection` over a stream that rustls encrypts.
//!
//! `stream.rs` is all that TLS needs: `Read`, `Write`, [`mio_util::Stream`] and
//! [`mio::event::Source`] around a `rustls::ServerConnection` and its socket. The certificate is
//! created at the start, and no client trusts it:
//!
//! ```sh
//! cargo run --example tls_echo
//! openssl s_client -connect 127.0.0.1:9443 -quiet
//! ```

#[cfg(rustls)]
mod stream;

#[cfg(rustls)]
fn main() -> Result<(), Box<dyn std::error::Error>> {
    server::run()
}

#[cfg(not(rustls))]
fn main() {
    println!("rustls is built for x86_64 Linux only");
}

#[cfg(rustls)]
mod server {
    use std::error::Error;
    use std::io;
    use std::sync::Arc;
    use std::time::{Duration, Instant};

    use mio::net::{TcpListener, TcpStream};
    use mio::{Events, Interest, Poll, Registry, Token};
    use mio_util::{Acceptor, Connection, Exchange, ReadyList, Sources};
    use rustls::pki_types::PrivateKeyDer;
    use rustls::{ServerConfig, ServerConnection};

    use crate::stream::TlsStream;

    const LISTENER: Token = Token(0);

    fn configure() -> Result<Arc<ServerConfig>, Box<dyn Error>> {
        let certified = rcgen::generate_simple_self_signed(["localhost".to_owned()])?;
        let key = PrivateKeyDer::Pkcs8(certified.signing_key.serialize_der().into());
        let config = ServerConfig::builder()
            .with_no_client_auth()
            .with_single_cert(vec![certified.cert.der().clone()], key)?;
        Ok(Arc::new(config))
    }

    fn echo(exchange: &mut Exchange<'_>) -> io::Result<()> {
        exchange.output.push(exchange.input.data());
        exchange.input.clear();
        if exchange.has_ended() {
            exchange.close(Instant::now() + Duration::from_secs(5));
        }
        Ok(())
    }

    struct Client {
        connection: Connection<TlsStream>,
        deadline: Option<Instant>,
    }

    impl Client {
        fn new(
            socket: TcpStream,
            config: &Arc<ServerConfig>,
            registry: &Registry,
            token: Token,
        ) -> Result<Client, Box<dyn Error>> {
            let tls = ServerConnection::new(Arc::clone(config))?;
            let mut connection = Connection::new(TlsStream::new(socket, tls), 64 * 1024);
            let interests = Interest::READABLE | Interest::WRITABLE;
            registry.register(connection.stream_mut(), token, interests)?;
            Ok(Client {
                connection,
                deadline: None,
            })
        }
    }

    pub(crate) fn run() -> Result<(), Box<dyn Error>> {
        let config = configure()?;
        let mut poll = Poll::new()?;
        let mut events = Events::with_capacity(1024);
        let mut listener = TcpListener::bind("127.0.0.1:9443".parse()?)?;
        poll.registry()
            .register(&mut listener, LISTENER, Interest::READABLE)?;
        println!("listening on {}", listener.local_addr()?);

        let mut acceptor = Acceptor::new();
        let mut clients = Sources::<Client>::new();
        let mut ready = ReadyList::new();
        loop {
            let now = Instant::now();
            clients.retain(|_, client| client.deadline.is_none_or(|deadline| now < deadline));
            let deadlines = clients.iter().filter_map(|(_, client)| client.deadline);
            let linger = deadlines.min().map(|deadline| deadline - now);
            let timeout = ready.timeout(acceptor.timeout(now, linger));
            match poll.poll(&mut events, timeout) {
                Err(err) if err.kind() == io::ErrorKind::Interrupted => continue,
                result => result?,
            }
            for event in &events {
                ready.insert(event.token());
            }
            if acceptor.is_due(Instant::now()) {
                ready.insert(LISTENER);
            }
            ready.visit(|token, ready| {
                if token == LISTENER {
                    let now = Instant::now();
                    let accepted = acceptor.accept_all(&listener, 64, now, |socket, peer| {
                        let added = clients.try_insert_with(|token| {
                            Client::new(socket, &config, poll.registry(), token)
                        });
                        if let Err(err) = added {
                            eprintln!("{peer}: {err}");
                        }
                    });
                    if let Some(err) = accepted.error {
                        eprintln!("accept: {err}");
                    }
                    return;
                }
                let Some(client) = clients.get_mut(token) else {
                    return;
                };
                match client.connection.ready(echo) {
                    Ok(next) if next.is_finished() => drop(clients.remove(token)),
                    Ok(next) => {
                        client.deadline = next.deadline();
                        if next.again() {
                            ready.insert(token);
                        }
                    }
                    Err(err) => {
                        // An end without close_notify is an error too: data may be missing.
                        eprintln!("{token:?}: {err}");
                        clients.remove(token);
                    }
                }
            });
        }
    }
}
