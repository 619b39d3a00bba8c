//! An echo server for TCP and UDP on the same port, in one loop.
//!
//! Every source buffers one piece of data and reads the next one after that is sent. This bounds
//! the memory and slows fast senders down without a queue. See `tcp_server` and `udp_server` for
//! servers with a queue.
//!
//! ```sh
//! cargo run -p mio --example tcp_and_udp --all-features
//! cargo run -p mio --example tcp_and_udp --all-features -- 127.0.0.1:9000
//! ```
//!
//! It ends after an hour without traffic, or after the number of seconds in the environment
//! variable `MIO_EXAMPLE_SECONDS`.

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

/// The number of reads and writes of one source before the other sources have their turn.
const STEPS_PER_TURN: usize = 16;

/// The pause after a failed accept.
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
    /// Set while pending connections cannot be accepted, most likely because no descriptor is left.
    accept_paused: bool,
    connections: HashMap<Token, Connection>,
    next_token: usize,
    /// The sources with work to do. Unfinished work is not reported again.
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

    fn turn(&mut self) -> io::Result<()> {
        if self.accept_paused {
            // The listener has already reported the pending connections and does not report them
            // again.
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
        // Removing a connection drops it, which deregisters and closes the socket.
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
    /// No progress is possible until the next event.
    Waiting,
    /// More progress may be possible, but no event will report it.
    Unfinished,
    /// The client has stopped sending and has received everything.
    Ended,
}

struct Connection {
    stream: TcpStream,
    peer: SocketAddr,
    buffer: Vec<u8>,
    /// The part of the buffer that is not sent back yet.
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

    /// Fills the buffer. Returns `false` at the end of the stream.
    fn read(&mut self) -> io::Result<bool> {
        self.unwritten = 0..self.stream.read(&mut self.buffer)?;
        Ok(!self.unwritten.is_empty())
    }

    /// Writes from the buffer. Returns `false` if no byte was accepted.
    fn write(&mut self) -> io::Result<bool> {
        let count = self.stream.write(&self.buffer[self.unwritten.clone()])?;
        self.unwritten.start += count;
        Ok(count > 0)
    }
}

struct Datagrams {
    socket: UdpSocket,
    buffer: Vec<u8>,
    /// The length and the destination of the datagram in the buffer, if it is not sent back yet.
    reply: Option<(usize, SocketAddr)>,
}

impl Datagrams {
    /// Returns an error only if each step of a turn fails, because then the socket is broken. A
    /// single failure concerns one datagram, and the server continues.
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
                // A signal handler ran, or an earlier datagram was refused.
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
            // A reply that cannot be sent must not delay the replies to other clients.
            Err(err) => eprintln!("can't send to {to}: {err}"),
        }
        self.reply = None;
        Ok(())
    }
}

/// Binds both sockets to the same port, also if the OS chooses it.
fn bind_both(address: SocketAddr) -> io::Result<(TcpListener, UdpSocket)> {
    const ATTEMPTS: usize = 16;

    let mut attempt = 1;
    loop {
        let listener = TcpListener::bind(address)?;
        match UdpSocket::bind(listener.local_addr()?) {
            Ok(socket) => return Ok((listener, socket)),
            // The port is free for TCP only: let the OS choose another one.
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
