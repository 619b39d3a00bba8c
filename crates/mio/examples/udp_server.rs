//! A UDP echo server: it sends every datagram back to its sender.
//!
//! If the socket has no room for a reply, the reply waits in a short queue. While the queue is full
//! the server receives nothing, and the kernel drops the datagrams that its own buffer cannot hold.
//!
//! ```sh
//! cargo run -p mio --example udp_server --all-features
//! cargo run -p mio --example udp_server --all-features -- 127.0.0.1:9000
//! ```
//!
//! It ends after an hour without traffic, or after the number of seconds in the environment
//! variable `MIO_EXAMPLE_SECONDS`.

use std::collections::VecDeque;
use std::env;
use std::io::{self, ErrorKind};
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use mio::net::UdpSocket;
use mio::{Events, Interest, Poll, Token};

fn main() -> std::process::ExitCode {
    match run() {
        Ok(()) => std::process::ExitCode::SUCCESS,
        Err(err) => {
            eprintln!("udp_server: {err}");
            std::process::ExitCode::FAILURE
        }
    }
}

const SOCKET: Token = Token(0);

/// The maximum number of queued replies.
const QUEUE_LIMIT: usize = 64;

/// The number of consecutive failures to receive after which the socket counts as broken. A single
/// failure concerns one datagram, and the server continues.
const FAILURES_MAX: u32 = 16;

/// The maximum length of a datagram.
const DATAGRAM_MAX: usize = 65_535;

fn run() -> io::Result<()> {
    let idle_limit = idle_limit()?;
    let address = address()?;
    let mut socket = UdpSocket::bind(address)
        .map_err(|err| io::Error::new(err.kind(), format!("can't listen on {address}: {err}")))?;
    let mut poll = Poll::new()?;
    let interests = Interest::READABLE | Interest::WRITABLE;
    poll.registry().register(&mut socket, SOCKET, interests)?;

    let address = socket.local_addr()?;
    let (ip, port) = (address.ip(), address.port());
    println!("listening on {address} (talk to it with: nc -u {ip} {port})");

    let mut echo = Echo {
        socket,
        replies: VecDeque::new(),
        buffer: vec![0; DATAGRAM_MAX],
    };
    let mut events = Events::with_capacity(8);
    let mut last_traffic = Instant::now();
    loop {
        let idle = last_traffic.elapsed();
        if idle >= idle_limit {
            println!("no traffic for {idle_limit:?}, ending");
            return Ok(());
        }
        match poll.poll(&mut events, Some(idle_limit - idle)) {
            Err(err) if err.kind() == ErrorKind::Interrupted => continue,
            result => result?,
        }
        // The socket is the only source, so every event belongs to it.
        if !events.is_empty() {
            echo.advance()?;
            last_traffic = Instant::now();
        }
    }
}

struct Echo {
    socket: UdpSocket,
    /// The replies for which the socket had no room, the oldest first.
    replies: VecDeque<Reply>,
    buffer: Vec<u8>,
}

struct Reply {
    to: SocketAddr,
    data: Vec<u8>,
}

impl Echo {
    /// Sends and receives until both return `WouldBlock` or the queue is full.
    fn advance(&mut self) -> io::Result<()> {
        let mut failures = 0;
        loop {
            while let Some(reply) = self.replies.front() {
                if !send(&self.socket, &reply.data, reply.to) {
                    break;
                }
                self.replies.pop_front();
            }
            if self.replies.len() >= QUEUE_LIMIT {
                return Ok(());
            }
            match self.socket.recv_from(&mut self.buffer) {
                Ok((length, from)) => {
                    failures = 0;
                    self.reply(length, from);
                }
                Err(err) if err.kind() == ErrorKind::WouldBlock => return Ok(()),
                Err(err) if is_passing(&err) => {}
                Err(err) => {
                    failures += 1;
                    if failures == FAILURES_MAX {
                        return Err(err);
                    }
                    eprintln!("can't receive a datagram: {err}");
                }
            }
        }
    }

    fn reply(&mut self, length: usize, to: SocketAddr) {
        let data = &self.buffer[..length];
        // Queued replies go first.
        if !self.replies.is_empty() || !send(&self.socket, data, to) {
            let data = data.to_vec();
            self.replies.push_back(Reply { to, data });
        }
    }
}

/// Sends a datagram. Returns `false` if the socket has no room for it, and `true` if it was sent or
/// has failed.
fn send(socket: &UdpSocket, data: &[u8], to: SocketAddr) -> bool {
    loop {
        match socket.send_to(data, to) {
            Ok(_) => return true,
            Err(err) if err.kind() == ErrorKind::WouldBlock => return false,
            Err(err) if err.kind() == ErrorKind::Interrupted => {}
            // A reply that cannot be sent must not delay the replies to other clients.
            Err(err) => {
                eprintln!("can't send to {to}: {err}");
                return true;
            }
        }
    }
}

/// Returns `true` for an error that does not concern the socket: an interrupted call, or an earlier
/// datagram that was refused.
fn is_passing(err: &io::Error) -> bool {
    matches!(
        err.kind(),
        ErrorKind::Interrupted | ErrorKind::ConnectionRefused | ErrorKind::ConnectionReset
    )
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
