//! One loop for both protocols: what arrives over TCP or UDP on the same port is echoed.
//!
//! Here every source has room for one piece of data only, and takes the next when that is gone.
//! That bounds memory and slows fast senders down without any queue; `tcp_server` and `udp_server`
//! show how to do it with one.
//!
//! ```sh
//! cargo run -p mio --example tcp_and_udp --all-features
//! cargo run -p mio --example tcp_and_udp --all-features -- 127.0.0.1:9000
//! ```
//!
//! It ends by itself after an hour without traffic, or after as many seconds as the environment
//! variable `MIO_EXAMPLE_SECONDS` says.

use std::collections::{BTreeSet, HashMap};
use std::io::{self, ErrorKind, Read, Write};
use std::net::SocketAddr;
use std::ops::Range;
use std::time::{Duration, Instant};
use std::{env, mem};

use mio::net::{TcpListener, TcpStream, UdpSocket};
use mio::{Events, Interest, Poll, Token};

fn main() -> std::process::ExitCode {
    match run() {
        Ok(()) => std::process::ExitCode::SUCCESS,
        Err(err) => {
            eprintln!("tcp_and_udp: {err}");
            std::process::ExitCode::FAILURE
        }
    }
}

const LISTENER: Token = Token(0);
const UDP: Token = Token(1);
const FIRST_CONNECTION: usize = 2;

/// How much one source may do before it is the turn of the others.
const STEPS_PER_TURN: usize = 16;

/// When to try again after a connection could not be accepted.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

fn run() -> io::Result<()> {
    let idle_limit = idle_limit()?;
    let mut server = Server::bind(address()?)?;
    let address = server.listener.local_addr()?;
    let (ip, port) = (address.ip(), address.port());
    println!("listening on {address} (talk to it with: nc {ip} {port}, or nc -u {ip} {port})");

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
        server.turn()?;
    }
}

struct Server {
    poll: Poll,
    udp: Datagrams,
    listener: TcpListener,
    /// Clients wait that could not be accepted, most likely for want of descriptors.
    accept_paused: bool,
    connections: HashMap<Token, Connection>,
    next_token: usize,
    /// Who has something to do: what is left undone in one turn is not reported again.
    ready: BTreeSet<Token>,
}

impl Server {
    fn bind(address: SocketAddr) -> io::Result<Server> {
        let (mut listener, mut socket) = bind_both(address).map_err(|err| {
            io::Error::new(err.kind(), format!("can't listen on {address}: {err}"))
        })?;
        let poll = Poll::new()?;
        let registry = poll.registry();
        registry.register(&mut listener, LISTENER, Interest::READABLE)?;
        registry.register(&mut socket, UDP, Interest::READABLE | Interest::WRITABLE)?;
        Ok(Server {
            poll,
            udp: Datagrams {
                socket,
                buffer: vec![0; 65_535],
                reply: None,
            },
            listener,
            accept_paused: false,
            connections: HashMap::new(),
            next_token: FIRST_CONNECTION,
            ready: BTreeSet::new(),
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

    fn turn(&mut self) -> io::Result<()> {
        if self.accept_paused {
            // The listener has reported the waiting clients already, and won't do so again.
            self.ready.insert(LISTENER);
        }
        for token in mem::take(&mut self.ready) {
            match token {
                LISTENER => self.accept(),
                UDP => {
                    if let Progress::Unfinished = self.udp.echo()? {
                        self.ready.insert(UDP);
                    }
                }
                _ => self.serve(token),
            }
        }
        Ok(())
    }

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
        let interests = Interest::READABLE | Interest::WRITABLE;
        if let Err(err) = self.poll.registry().register(&mut stream, token, interests) {
            eprintln!("{peer}: can't watch the connection: {err}");
            return;
        }
        self.next_token += 1;
        let connection = Connection {
            stream,
            peer,
            buffer: vec![0; 4096],
            unwritten: 0..0,
        };
        self.connections.insert(token, connection);
    }

    fn serve(&mut self, token: Token) {
        let Some(connection) = self.connections.get_mut(&token) else {
            return;
        };
        // A connection that is removed is dropped, which deregisters and closes it.
        match connection.echo() {
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

enum Progress {
    /// Nothing can be done until there is an event.
    Waiting,
    /// There may be more to do, and no event will say so.
    Unfinished,
    /// The client has ended, and has got everything.
    Ended,
}

struct Connection {
    stream: TcpStream,
    peer: SocketAddr,
    buffer: Vec<u8>,
    /// What part of the buffer has still to be sent back.
    unwritten: Range<usize>,
}

impl Connection {
    fn echo(&mut self) -> io::Result<Progress> {
        for _ in 0..STEPS_PER_TURN {
            let result = if self.unwritten.is_empty() {
                self.read()
            } else {
                self.write()
            };
            match result {
                Ok(true) => {}
                Ok(false) => return Ok(Progress::Ended),
                Err(err) if err.kind() == ErrorKind::WouldBlock => {
                    return Ok(Progress::Waiting);
                }
                Err(err) if err.kind() == ErrorKind::Interrupted => {}
                Err(err) => return Err(err),
            }
        }
        Ok(Progress::Unfinished)
    }

    /// Whether there was something.
    fn read(&mut self) -> io::Result<bool> {
        self.unwritten = 0..self.stream.read(&mut self.buffer)?;
        Ok(!self.unwritten.is_empty())
    }

    /// Whether something could be written.
    fn write(&mut self) -> io::Result<bool> {
        let count = self.stream.write(&self.buffer[self.unwritten.clone()])?;
        self.unwritten.start += count;
        Ok(count > 0)
    }
}

struct Datagrams {
    socket: UdpSocket,
    buffer: Vec<u8>,
    /// The length of the datagram in the buffer that has still to be sent back, and to whom.
    reply: Option<(usize, SocketAddr)>,
}

impl Datagrams {
    /// Fails only if each step of a turn does: then the socket is broken. One failure concerns one
    /// datagram, and the server goes on.
    fn echo(&mut self) -> io::Result<Progress> {
        let mut failures = 0;
        for _ in 0..STEPS_PER_TURN {
            let result = match self.reply {
                Some((length, to)) => self.send(length, to),
                None => self.receive(),
            };
            match result {
                Ok(()) => {}
                Err(err) if err.kind() == ErrorKind::WouldBlock => {
                    return Ok(Progress::Waiting);
                }
                // A signal came, or an earlier datagram did not arrive.
                Err(err)
                    if matches!(
                        err.kind(),
                        ErrorKind::Interrupted
                            | ErrorKind::ConnectionRefused
                            | ErrorKind::ConnectionReset
                    ) => {}
                Err(err) => {
                    failures += 1;
                    if failures == STEPS_PER_TURN {
                        return Err(err);
                    }
                    eprintln!("can't receive a datagram: {err}");
                }
            }
        }
        Ok(Progress::Unfinished)
    }

    fn receive(&mut self) -> io::Result<()> {
        self.reply = Some(self.socket.recv_from(&mut self.buffer)?);
        Ok(())
    }

    fn send(&mut self, length: usize, to: SocketAddr) -> io::Result<()> {
        match self.socket.send_to(&self.buffer[..length], to) {
            Ok(_) => {}
            Err(err) if matches!(err.kind(), ErrorKind::WouldBlock | ErrorKind::Interrupted) => {
                return Err(err);
            }
            // One that can't be sent must not hold up those for other clients.
            Err(err) => eprintln!("can't send to {to}: {err}"),
        }
        self.reply = None;
        Ok(())
    }
}

/// Both sockets on the same port, also if the system is to choose it.
fn bind_both(address: SocketAddr) -> io::Result<(TcpListener, UdpSocket)> {
    const ATTEMPTS: usize = 16;

    let mut attempt = 1;
    loop {
        let listener = TcpListener::bind(address)?;
        match UdpSocket::bind(listener.local_addr()?) {
            Ok(socket) => return Ok((listener, socket)),
            // The port is free for TCP alone: have another chosen.
            Err(err)
                if err.kind() == ErrorKind::AddrInUse
                    && address.port() == 0
                    && attempt < ATTEMPTS =>
            {
                attempt += 1;
            }
            Err(err) => return Err(err),
        }
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
