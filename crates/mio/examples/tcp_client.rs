//! A TCP client: it connects, sends the line `hello` and prints the line that it receives.
//!
//! It shows how to detect that a connection is established or why it failed, and how to give up at
//! a deadline. The time limit in milliseconds covers the whole exchange.
//!
//! ```sh
//! cargo run -p mio --example tcp_client --all-features -- 127.0.0.1:9000
//! cargo run -p mio --example tcp_client --all-features -- 127.0.0.1:9000 5000
//! ```
//!
//! The example `tcp_server` is a server for it.

use std::env;
use std::error::Error;
use std::io::{self, ErrorKind, Read, Write};
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use mio::net::TcpStream;
use mio::{Events, Interest, Poll, Token};

fn main() -> std::process::ExitCode {
    match run() {
        Ok(()) => std::process::ExitCode::SUCCESS,
        Err(err) => {
            eprintln!("tcp_client: {err}");
            std::process::ExitCode::FAILURE
        }
    }
}

type Result<T> = std::result::Result<T, Box<dyn Error>>;

const REQUEST: &[u8] = b"hello\n";

/// The maximum length of the reply, because a broken server may never end the line.
const REPLY_MAX: usize = 64 * 1024;

fn run() -> Result<()> {
    let (address, limit) = arguments()?;
    let started = Instant::now();

    let mut stream =
        TcpStream::connect(address).map_err(|err| format!("can't connect to {address}: {err}"))?;
    let mut poll = Poll::new()?;
    let interests = Interest::READABLE | Interest::WRITABLE;
    poll.registry().register(&mut stream, Token(0), interests)?;

    let mut client = Client {
        stream,
        address,
        connected: false,
        unsent: REQUEST,
        reply: Vec::new(),
    };
    let mut events = Events::with_capacity(8);
    loop {
        let elapsed = started.elapsed();
        if elapsed >= limit {
            return Err(client.timed_out(limit).into());
        }
        match poll.poll(&mut events, Some(limit - elapsed)) {
            Err(err) if err.kind() == ErrorKind::Interrupted => continue,
            result => result?,
        }
        // The connection is the only source, so every event belongs to it.
        if !events.is_empty() && client.advance()? {
            println!("{}", String::from_utf8_lossy(&client.reply));
            return Ok(());
        }
    }
}

struct Client {
    stream: TcpStream,
    address: SocketAddr,
    connected: bool,
    unsent: &'static [u8],
    /// The received part of the reply, without the line end.
    reply: Vec<u8>,
}

impl Client {
    /// Continues until the socket returns `WouldBlock`. Returns `true` if the reply is complete.
    fn advance(&mut self) -> Result<bool> {
        let address = self.address;
        if !self.connected {
            self.connected = is_connected(&self.stream)
                .map_err(|err| format!("can't connect to {address}: {err}"))?;
        }
        if !self.connected || !self.send()? {
            return Ok(false);
        }
        self.receive()
    }

    /// Sends the request. Returns `true` if it is sent completely.
    fn send(&mut self) -> Result<bool> {
        while !self.unsent.is_empty() {
            match self.stream.write(self.unsent) {
                Ok(0) => return Err("nothing can be sent".into()),
                Ok(count) => self.unsent = &self.unsent[count..],
                Err(err) if err.kind() == ErrorKind::WouldBlock => return Ok(false),
                Err(err) if err.kind() == ErrorKind::Interrupted => {}
                Err(err) => return Err(format!("can't send to {}: {err}", self.address).into()),
            }
        }
        Ok(true)
    }

    /// Receives the reply. Returns `true` if a whole line has arrived.
    fn receive(&mut self) -> Result<bool> {
        let address = self.address;
        let mut buffer = [0; 1024];
        loop {
            let count = match self.stream.read(&mut buffer) {
                Ok(0) => return Err(format!("{address} has hung up without a reply").into()),
                Ok(count) => count,
                Err(err) if err.kind() == ErrorKind::WouldBlock => return Ok(false),
                Err(err) if err.kind() == ErrorKind::Interrupted => continue,
                Err(err) => return Err(format!("can't read from {address}: {err}").into()),
            };
            let received = &buffer[..count];
            if let Some(end) = received.iter().position(|byte| *byte == b'\n') {
                self.reply.extend(&received[..end]);
                return Ok(true);
            }
            self.reply.extend(received);
            if self.reply.len() > REPLY_MAX {
                return Err(format!("the reply from {address} is no line").into());
            }
        }
    }

    fn timed_out(&self, limit: Duration) -> String {
        let (address, limit) = (self.address, limit.as_millis());
        if self.connected {
            format!("no answer within {limit} ms from {address}")
        } else {
            format!("no connection within {limit} ms to {address}")
        }
    }
}

/// Returns `false` if the connection is still pending: the event was spurious.
fn is_connected(stream: &TcpStream) -> io::Result<bool> {
    if let Some(err) = stream.take_error()? {
        return Err(err);
    }
    match stream.peer_addr() {
        Ok(_) => Ok(true),
        Err(err) if err.kind() == ErrorKind::NotConnected => Ok(false),
        Err(err) => Err(err),
    }
}

fn arguments() -> Result<(SocketAddr, Duration)> {
    let mut arguments = env::args().skip(1);
    let address = arguments
        .next()
        .ok_or("whom to connect to? Give an address such as 127.0.0.1:9000")?;
    let address = address
        .parse()
        .map_err(|_| format!("{address:?} is no address; one is 127.0.0.1:9000"))?;
    let limit = arguments.next().unwrap_or_else(|| "5000".to_owned());
    let limit = limit
        .parse()
        .map_err(|_| format!("{limit:?} is no number of milliseconds"))?;
    Ok((address, Duration::from_millis(limit)))
}
