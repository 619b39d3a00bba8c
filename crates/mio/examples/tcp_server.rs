//! An echo server: every client gets back what it sends, however many clients there are.
//!
//! It shows what a server on one thread has to care for: connections are found by their token,
//! writes may be partial, a client that does not read is no longer read from, a busy client does
//! not keep the others waiting, and running out of descriptors is survived.
//!
//! ```sh
//! cargo run -p mio --example tcp_server --all-features
//! cargo run -p mio --example tcp_server --all-features -- 127.0.0.1:9000
//! ```
//!
//! It ends by itself after an hour without traffic, or after as many seconds as the environment
//! variable `MIO_EXAMPLE_SECONDS` says.

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

/// A client that leaves this many bytes unread is not read from until it has caught up.
const OUTPUT_LIMIT: usize = 64 * 1024;

/// How often one client is read from before it is the turn of the others.
const READS_PER_TURN: usize = 16;

/// When to try again after a connection could not be accepted.
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
    /// Clients wait that could not be accepted, most likely for want of descriptors.
    accept_paused: bool,
    connections: HashMap<Token, Connection>,
    next_token: usize,
    /// Who has something to do. Sources are reported once per change, so what is left undone in
    /// one turn has to be remembered for the next.
    ready: BTreeSet<Token>,
    /// What is read goes through here.
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

    /// How long a poll may wait.
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
            // The listener has reported the waiting clients already, and won't do so again.
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

    /// Accepts all who wait.
    fn accept(&mut self) {
        loop {
            match self.listener.accept() {
                Ok((stream, peer)) => self.add(stream, peer),
                Err(err) if err.kind() == ErrorKind::WouldBlock => {
                    self.accept_paused = false;
                    return;
                }
                // A signal came, or the client has gone away while it waited.
                Err(err)
                    if matches!(
                        err.kind(),
                        ErrorKind::Interrupted | ErrorKind::ConnectionAborted
                    ) => {}
                // Trying at once would fail at once, again and again.
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
        // Both from the start: this is never changed, as an event comes per change only.
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
        // A connection that is removed is dropped, which deregisters and closes it.
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
    /// What was read and is not written yet.
    output: VecDeque<u8>,
    /// The client has said that it sends no more.
    input_ended: bool,
}

enum Progress {
    /// Nothing can be done until there is an event.
    Waiting,
    /// There may be more to do, and no event will say so.
    Unfinished,
    /// The client has ended, and has got everything.
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

    /// Writes until all is written or the socket has no room, which then is an event later.
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
