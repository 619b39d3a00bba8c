//! A TCP echo server for any number of clients.
//!
//! It shows the duties of a server on one thread:
//!
//! * It finds connections by their token.
//! * It handles partial writes.
//! * It stops reading from a client that does not read.
//! * It does not let a busy client delay the others.
//! * It survives running out of descriptors.
//!
//! ```sh
//! cargo run -p mio --example tcp_server --all-features
//! cargo run -p mio --example tcp_server --all-features -- 127.0.0.1:9000
//! ```
//!
//! It ends after an hour without traffic, or after the number of seconds in the environment
//! variable `MIO_EXAMPLE_SECONDS`.

use std::collections::{BTreeSet, HashMap, VecDeque};
use std::io::{self, ErrorKind, Read, Write};
use std::net::SocketAddr;
use std::time::{Duration, Instant};
use std::{env, mem};

use mio::net::{TcpListener, TcpStream};
use mio::{Events, Interest, Poll, Token};

fn main() -> std::process::ExitCode {
    match run() {
        Ok(()) => std::process::ExitCode::SUCCESS,
        Err(err) => {
            eprintln!("tcp_server: {err}");
            std::process::ExitCode::FAILURE
        }
    }
}

const LISTENER: Token = Token(0);

/// The server does not read from a client while at least this many bytes are unsent.
const OUTPUT_LIMIT: usize = 64 * 1024;

/// The number of reads from one client before the other clients have their turn.
const READS_PER_TURN: usize = 16;

/// The pause after a failed accept.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

fn run() -> io::Result<()> {
    let idle_limit = idle_limit()?;
    let mut server = Server::bind(address()?)?;
    let address = server.listener.local_addr()?;
    let (ip, port) = (address.ip(), address.port());
    println!("listening on {address} (talk to it with: nc {ip} {port})");

    let mut events = Events::with_capacity(1024);
    let mut last_traffic = Instant::now();
    loop {
        let idle = last_traffic.elapsed();
        if idle >= idle_limit {
            println!("no traffic for {idle_limit:?}, ending");
            return Ok(());
        }
        let timeout = server.timeout().min(idle_limit - idle);
        match server.poll.poll(&mut events, Some(timeout)) {
            Err(err) if err.kind() == ErrorKind::Interrupted => continue,
            result => result?,
        }
        if !events.is_empty() {
            last_traffic = Instant::now();
        }
        server
            .ready
            .extend(events.iter().map(|event| event.token()));
        server.turn();
    }
}

struct Server {
    poll: Poll,
    listener: TcpListener,
    /// Set while pending connections cannot be accepted, most likely because no descriptor is left.
    accept_paused: bool,
    connections: HashMap<Token, Connection>,
    next_token: usize,
    /// The sources with work to do. Each change is reported once, so unfinished work is kept for
    /// the next turn.
    ready: BTreeSet<Token>,
    /// The read buffer, shared by all connections.
    buffer: Vec<u8>,
}

impl Server {
    fn bind(address: SocketAddr) -> io::Result<Server> {
        let mut listener = TcpListener::bind(address).map_err(|err| {
            io::Error::new(err.kind(), format!("can't listen on {address}: {err}"))
        })?;
        let poll = Poll::new()?;
        poll.registry()
            .register(&mut listener, LISTENER, Interest::READABLE)?;
        Ok(Server {
            poll,
            listener,
            accept_paused: false,
            connections: HashMap::new(),
            next_token: LISTENER.0 + 1,
            ready: BTreeSet::new(),
            buffer: vec![0; 16 * 1024],
        })
    }

    /// Returns the timeout of the next poll.
    fn timeout(&self) -> Duration {
        if !self.ready.is_empty() {
            Duration::ZERO
        } else if self.accept_paused {
            ACCEPT_PAUSE
        } else {
            Duration::MAX
        }
    }

    fn turn(&mut self) {
        if self.accept_paused {
            // The listener has already reported the pending connections and does not report them
            // again.
            self.ready.insert(LISTENER);
        }
        for token in mem::take(&mut self.ready) {
            if token == LISTENER {
                self.accept();
            } else {
                self.serve(token);
            }
        }
    }

    /// Accepts all pending connections.
    fn accept(&mut self) {
        loop {
            match self.listener.accept() {
                Ok((stream, peer)) => self.add(stream, peer),
                Err(err) if err.kind() == ErrorKind::WouldBlock => {
                    self.accept_paused = false;
                    return;
                }
                // A signal handler ran, or the client closed its connection while it was pending.
                Err(err)
                    if matches!(
                        err.kind(),
                        ErrorKind::Interrupted | ErrorKind::ConnectionAborted
                    ) => {}
                // An immediate retry would fail again.
                Err(err) => {
                    if !self.accept_paused {
                        eprintln!("can't accept, trying again soon: {err}");
                    }
                    self.accept_paused = true;
                    return;
                }
            }
        }
    }

    fn add(&mut self, mut stream: TcpStream, peer: SocketAddr) {
        let token = Token(self.next_token);
        // Register for both directions and never change that: events are edge-triggered.
        let interests = Interest::READABLE | Interest::WRITABLE;
        if let Err(err) = self.poll.registry().register(&mut stream, token, interests) {
            eprintln!("{peer}: can't watch the connection: {err}");
            return;
        }
        self.next_token += 1;
        let connection = Connection {
            stream,
            peer,
            output: VecDeque::new(),
            input_ended: false,
        };
        self.connections.insert(token, connection);
    }

    fn serve(&mut self, token: Token) {
        let Some(connection) = self.connections.get_mut(&token) else {
            return;
        };
        // Removing a connection drops it, which deregisters and closes the socket.
        match connection.echo(&mut self.buffer) {
            Ok(Progress::Waiting) => {}
            Ok(Progress::Unfinished) => {
                self.ready.insert(token);
            }
            Ok(Progress::Ended) => {
                self.connections.remove(&token);
            }
            Err(err) => {
                eprintln!("{}: {err}", connection.peer);
                self.connections.remove(&token);
            }
        }
    }
}

struct Connection {
    stream: TcpStream,
    peer: SocketAddr,
    /// Data that was read and is not written yet.
    output: VecDeque<u8>,
    /// The client has stopped sending.
    input_ended: bool,
}

enum Progress {
    /// No progress is possible until the next event.
    Waiting,
    /// More progress may be possible, but no event will report it.
    Unfinished,
    /// The client has stopped sending and has received everything.
    Ended,
}

impl Connection {
    fn echo(&mut self, buffer: &mut [u8]) -> io::Result<Progress> {
        for _ in 0..READS_PER_TURN {
            self.write_output()?;
            if self.output.len() >= OUTPUT_LIMIT {
                return Ok(Progress::Waiting);
            }
            if self.input_ended {
                return Ok(if self.output.is_empty() {
                    Progress::Ended
                } else {
                    Progress::Waiting
                });
            }
            match self.stream.read(buffer) {
                Ok(0) => self.input_ended = true,
                Ok(count) => self.output.extend(&buffer[..count]),
                Err(err) if err.kind() == ErrorKind::WouldBlock => {
                    return Ok(Progress::Waiting);
                }
                Err(err) if err.kind() == ErrorKind::Interrupted => {}
                Err(err) => return Err(err),
            }
        }
        Ok(Progress::Unfinished)
    }

    /// Writes until `output` is empty or the socket has no room. In the latter case an event
    /// follows.
    fn write_output(&mut self) -> io::Result<()> {
        while !self.output.is_empty() {
            let (front, _) = self.output.as_slices();
            match self.stream.write(front) {
                Ok(0) => return Err(ErrorKind::WriteZero.into()),
                Ok(count) => drop(self.output.drain(..count)),
                Err(err) if err.kind() == ErrorKind::WouldBlock => return Ok(()),
                Err(err) if err.kind() == ErrorKind::Interrupted => {}
                Err(err) => return Err(err),
            }
        }
        Ok(())
    }
}

fn address() -> io::Result<SocketAddr> {
    let text = env::args()
        .nth(1)
        .unwrap_or_else(|| "127.0.0.1:9000".to_owned());
    text.parse()
        .map_err(|_| invalid(format!("{text:?} is no address; one is 127.0.0.1:9000")))
}

fn idle_limit() -> io::Result<Duration> {
    let Ok(text) = env::var("MIO_EXAMPLE_SECONDS") else {
        return Ok(Duration::from_secs(3600));
    };
    text.parse().map(Duration::from_secs).map_err(|_| {
        invalid(format!(
            "MIO_EXAMPLE_SECONDS is {text:?}, which is no number"
        ))
    })
}

fn invalid(message: String) -> io::Error {
    io::Error::new(ErrorKind::InvalidInput, message)
}
