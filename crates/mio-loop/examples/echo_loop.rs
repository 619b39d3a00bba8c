//! An echo server on the loop: every client gets back what it sends.
//!
//! A client that says nothing for some time is hung up on, by a timeout per connection. `SIGTERM`
//! and `SIGINT` (Ctrl-C) let the server accept and read no more, write what it still has for its
//! clients, and end; a second one ends it at once. On Windows it is Ctrl-C alone. What a client
//! sends after that is not read, and its connection may end by a reset.
//!
//! ```sh
//! cargo run -p mio-loop --example echo_loop
//! cargo run -p mio-loop --example echo_loop -- 127.0.0.1:9000 5000
//! ```
//!
//! Then, in another terminal, `nc 127.0.0.1 9000`.
//!
//! The second argument is how many milliseconds a client may be silent, 60000 by default. The
//! server ends by itself after an hour without traffic, or after as many seconds as the environment
//! variable `MIO_EXAMPLE_SECONDS` says.

use std::collections::VecDeque;
use std::io::{self, ErrorKind, Read, Write};
use std::net::SocketAddr;
use std::process::ExitCode;
use std::time::Duration;
use std::{env, str};

use mio::net::{TcpListener, TcpStream};
use mio::{Interest, Token};
use mio_loop::{Context, Delivered, EventLoop, Handler, Signal, Sources, Timeout};

const LISTENER: Token = Token(0);

/// Both from the start, as an event comes per change only.
const BOTH: Interest = Interest::READABLE.add(Interest::WRITABLE);

/// A client that leaves this many bytes unread is not read from until it has caught up.
const OUTPUT_LIMIT: usize = 64 * 1024;

/// How often one client is read from before it is the turn of the others.
const READS_PER_TURN: usize = 16;

/// When to try again after a connection could not be accepted, most likely for want of descriptors.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// How long clients have to take what is theirs when the server ends.
const GRACE: Duration = Duration::from_secs(5);

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(err) => {
            eprintln!("echo_loop: {err}");
            ExitCode::FAILURE
        }
    }
}

fn run() -> io::Result<()> {
    let address: SocketAddr = parse(env::args().nth(1), "127.0.0.1:9000")?;
    let idle = Duration::from_millis(parse(env::args().nth(2), "60000")?);
    let limit = Duration::from_secs(parse(env::var("MIO_EXAMPLE_SECONDS").ok(), "3600")?);

    let mut event_loop = EventLoop::new()?;
    let mut listener = TcpListener::bind(address)
        .map_err(|err| io::Error::new(err.kind(), format!("can't listen on {address}: {err}")))?;
    event_loop.register(&mut listener, LISTENER, Interest::READABLE)?;
    match event_loop.signals([Signal::SIGINT, Signal::SIGTERM]) {
        Err(err) if err.kind() == ErrorKind::Unsupported => {}
        // A system may lack one. What stands before it is watched.
        Err(err) if err.kind() == ErrorKind::InvalidInput => {}
        result => result?,
    }
    println!("listening on {}", listener.local_addr()?);
    let mut server = Server {
        listener: Some(listener),
        connections: Sources::new(),
        idle,
        limit,
        quiet: event_loop.timeout(limit, After::Quiet),
        is_paused: false,
        cannot_accept: false,
        buffer: vec![0; 16 * 1024],
    };
    event_loop.run(&mut server)?;
    let metrics = event_loop.metrics();
    println!(
        "{} events, {} timeouts",
        metrics.events(),
        metrics.timeouts()
    );
    Ok(())
}

struct Server {
    /// `None` when the server is ending.
    listener: Option<TcpListener>,
    connections: Sources<Connection>,
    /// How long a client may be silent.
    idle: Duration,
    /// How long all of them may.
    limit: Duration,
    quiet: Timeout,
    /// After a connection could not be accepted, until it is tried again.
    is_paused: bool,
    /// The last attempt to accept has failed, and the program has said so.
    cannot_accept: bool,
    /// What is read goes through here.
    buffer: Vec<u8>,
}

struct Connection {
    stream: TcpStream,
    peer: SocketAddr,
    idle: Timeout,
    /// What was read and is not written yet.
    output: VecDeque<u8>,
    /// The client has said that it sends no more, or the server reads no more.
    input_ended: bool,
}

/// What to do when a time has come.
enum After {
    Idle(Token),
    AcceptPause,
    Quiet,
    Grace,
}

impl Handler for Server {
    type Timeout = After;
    type Message = ();
    type Error = io::Error;

    /// For either direction the same is to be done.
    fn ready(
        &mut self,
        context: &mut Context<Self>,
        token: Token,
        _: &mio::event::Event,
    ) -> io::Result<()> {
        context.reset_timeout(self.quiet, self.limit);
        if token != LISTENER {
            self.serve(context, token);
        } else if !self.is_paused {
            self.accept(context);
        }
        Ok(())
    }

    fn again(&mut self, context: &mut Context<Self>, token: Token) -> io::Result<()> {
        context.reset_timeout(self.quiet, self.limit);
        self.serve(context, token);
        Ok(())
    }

    fn timeout(&mut self, context: &mut Context<Self>, after: After) -> io::Result<()> {
        match after {
            After::Idle(token) => {
                if let Some(connection) = self.connections.remove(token) {
                    self.end_if_empty(context);
                    println!("{}: silent for {:?}", connection.peer, self.idle);
                }
            }
            After::AcceptPause => {
                self.is_paused = false;
                self.accept(context);
            }
            After::Quiet => {
                println!("no traffic for {:?}, ending", self.limit);
                context.shutdown();
            }
            After::Grace => {
                println!("{} clients did not catch up", self.connections.len());
                context.shutdown();
            }
        }
        Ok(())
    }

    fn signal(&mut self, context: &mut Context<Self>, delivered: Delivered) -> io::Result<()> {
        let Some(mut listener) = self.listener.take() else {
            println!("{delivered}: ending at once");
            context.shutdown();
            return Ok(());
        };
        println!("{delivered}: ending");
        context.deregister(&mut listener, LISTENER)?;
        drop(listener);
        context.timeout(GRACE, After::Grace);
        let tokens: Vec<Token> = self.connections.iter().map(|(token, _)| token).collect();
        for token in tokens {
            if let Some(connection) = self.connections.get_mut(token) {
                connection.input_ended = true;
            }
            self.serve(context, token);
        }
        self.end_if_empty(context);
        Ok(())
    }
}

impl Server {
    /// Accepts all who wait.
    fn accept(&mut self, context: &mut Context<Self>) {
        while let Some(listener) = &self.listener {
            match listener.accept() {
                Ok((stream, peer)) => {
                    if let Err(err) = self.add(context, stream, peer) {
                        eprintln!("{peer}: can't watch the connection: {err}");
                    }
                }
                Err(err) if err.kind() == ErrorKind::WouldBlock => {
                    self.cannot_accept = false;
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
                    if !self.cannot_accept {
                        eprintln!("can't accept, trying again every {ACCEPT_PAUSE:?}: {err}");
                    }
                    self.cannot_accept = true;
                    context.timeout(ACCEPT_PAUSE, After::AcceptPause);
                    self.is_paused = true;
                    return;
                }
            }
        }
    }

    fn add(
        &mut self,
        context: &mut Context<Self>,
        mut stream: TcpStream,
        peer: SocketAddr,
    ) -> io::Result<()> {
        let idle = self.idle;
        self.connections.try_insert_with(|token| {
            context.register(&mut stream, token, BOTH)?;
            io::Result::Ok(Connection {
                stream,
                peer,
                idle: context.timeout(idle, After::Idle(token)),
                output: VecDeque::new(),
                input_ended: false,
            })
        })?;
        Ok(())
    }

    fn serve(&mut self, context: &mut Context<Self>, token: Token) {
        // The event may be one of a connection that was closed in this batch.
        let Some(connection) = self.connections.get_mut(token) else {
            return;
        };
        context.reset_timeout(connection.idle, self.idle);
        let progress = match connection.echo(&mut self.buffer) {
            // It is the turn of the others.
            Ok(Progress::Unfinished) => {
                context.again(token);
                Ok(Progress::Waiting)
            }
            result => result,
        };
        if let Err(err) = &progress {
            eprintln!("{}: {err}", connection.peer);
        }
        if !matches!(progress, Ok(Progress::Waiting)) {
            context.clear_timeout(connection.idle);
            // Dropping it closes it.
            self.connections.remove(token);
            self.end_if_empty(context);
        }
    }

    fn end_if_empty(&self, context: &mut Context<Self>) {
        if self.listener.is_none() && self.connections.is_empty() {
            context.shutdown();
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

impl Connection {
    fn echo(&mut self, buffer: &mut [u8]) -> io::Result<Progress> {
        for _ in 0..READS_PER_TURN {
            self.write_output()?;
            if self.input_ended && self.output.is_empty() {
                return Ok(Progress::Ended);
            }
            if self.input_ended || self.output.len() >= OUTPUT_LIMIT {
                return Ok(Progress::Waiting);
            }
            match self.stream.read(buffer) {
                Ok(0) => self.input_ended = true,
                Ok(count) => self.output.extend(&buffer[..count]),
                Err(err) if err.kind() == ErrorKind::WouldBlock => return Ok(Progress::Waiting),
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

fn parse<T: str::FromStr>(text: Option<String>, default: &str) -> io::Result<T> {
    let text = text.as_deref().unwrap_or(default);
    let message = || format!("{text:?} makes no sense here; it should be like {default}");
    let parsed = text.parse();
    parsed.map_err(|_| io::Error::new(ErrorKind::InvalidInput, message()))
}
