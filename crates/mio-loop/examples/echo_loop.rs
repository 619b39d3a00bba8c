//! An echo server on the loop: every client receives what it sends.
//!
//! A timeout per connection closes a client that is silent for some time. On `SIGTERM` and `SIGINT`
//! (Ctrl-C) the server stops accepting and reading, writes the output that is still queued, and
//! ends; a second signal ends it at once. On Windows only Ctrl-C works. Data that a client sends
//! after that is not read, and its connection may end with a reset.
//!
//! ```sh
//! cargo run -p mio-loop --example echo_loop
//! cargo run -p mio-loop --example echo_loop -- 127.0.0.1:9000 5000
//! ```
//!
//! Then, in another terminal, `nc 127.0.0.1 9000`.
//!
//! The second argument is the time that a client may be silent, in milliseconds: 60000 by default.
//! The server ends by itself after an hour without traffic, or after the number of seconds in the
//! environment variable `MIO_EXAMPLE_SECONDS`.

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

/// Both from the start, because an edge is reported only once per change.
const BOTH: Interest = Interest::READABLE.add(Interest::WRITABLE);

/// While a client leaves this many bytes unread, the server does not read from it.
const OUTPUT_LIMIT: usize = 64 * 1024;

/// Maximum number of reads from one client before the others are served.
const READS_PER_TURN: usize = 16;

/// Delay before a retry after accepting failed, most likely for lack of descriptors.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// Time that clients have to receive their output when the server ends.
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
        // A platform may lack one. The signals before it in the list are watched.
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
    /// `None` once the server is ending.
    listener: Option<TcpListener>,
    connections: Sources<Connection>,
    /// Time that one client may be silent.
    idle: Duration,
    /// Time that all clients may be silent.
    limit: Duration,
    quiet: Timeout,
    /// Set after accepting failed, until the retry.
    is_paused: bool,
    /// Set if the last accept has failed and the failure was printed.
    cannot_accept: bool,
    /// Buffer for all reads.
    buffer: Vec<u8>,
}

struct Connection {
    stream: TcpStream,
    peer: SocketAddr,
    idle: Timeout,
    /// Data that was read but not written.
    output: VecDeque<u8>,
    /// Set if the client has stopped sending, or the server has stopped reading.
    input_ended: bool,
}

/// The action to take when a timeout is due.
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

    /// Both directions need the same work.
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
    /// Accepts all waiting connections.
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
                // A signal came, or the client closed its connection before it was accepted.
                Err(err)
                    if matches!(
                        err.kind(),
                        ErrorKind::Interrupted | ErrorKind::ConnectionAborted
                    ) => {}
                // Retrying at once would fail again.
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
        // The event may belong to a connection that was closed in this batch.
        let Some(connection) = self.connections.get_mut(token) else {
            return;
        };
        context.reset_timeout(connection.idle, self.idle);
        let progress = match connection.echo(&mut self.buffer) {
            // Serve the others first.
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
    /// Nothing can be done before the next event.
    Waiting,
    /// There may be more to do, and no event will come for it.
    Unfinished,
    /// The client has ended, and has received everything.
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

    /// Writes until everything is written or the socket has no room, for which an event will come.
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
