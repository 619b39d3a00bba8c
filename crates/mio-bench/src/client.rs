//! The client of all servers.
//!
//! It prints `ready` when its connections are made, starts at a line on its input, prints the
//! number of operations and the nanoseconds that they took, and exits when its input is closed.

use std::io::{self, BufRead, Read, Write};
use std::net::{Ipv4Addr, SocketAddrV4, TcpStream};
use std::os::fd::AsRawFd;
use std::thread;
use std::time::{Duration, Instant};

use libc::{EPOLL_CTL_ADD, EPOLLIN};
use rustix::net::{AddressFamily, SocketFlags, SocketType, bind, socket_with};

use crate::ffi::{self, epoll_event};

/// The load that the client puts on a server.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Load {
    /// Sends a message on each connection, and the next one when the echo has arrived.
    Echo {
        /// Number of connections.
        connections: usize,
    },
    /// Connects, sends a message, waits for the echo, closes; one connection after the other.
    Churn,
    /// Connects and does nothing.
    Idle {
        /// Number of connections.
        connections: usize,
    },
}

/// The condition at which the client stops.
#[derive(Clone, Copy, Debug)]
pub enum Until {
    /// After this time.
    Time(Duration),
    /// After this many operations.
    Count(u64),
    /// After this many operations, with pauses in which the server becomes idle. So each operation
    /// finds it in the same state, and its calls can be counted.
    Rested(u64),
}

/// Long enough for a server that strace slows down.
const REST: Duration = Duration::from_millis(2);

impl Until {
    fn is_reached(self, start: Instant, count: u64) -> bool {
        match self {
            Until::Time(limit) => start.elapsed() >= limit,
            Until::Count(limit) | Until::Rested(limit) => count >= limit,
        }
    }
}

/// Maximum time that a server may be silent; one under valgrind is slow.
pub(crate) const LIMIT: Duration = Duration::from_secs(20);

const MESSAGE: [u8; 64] = [b'm'; 64];

/// Runs the client.
pub fn run(port: u16, load: Load, until: Until) -> io::Result<()> {
    let connections = match load {
        Load::Echo { connections } | Load::Idle { connections } => connections,
        Load::Churn => 1,
    };
    work(port, load, connections, until).map_err(explain)
}

/// Names the cause of a read error that is a timeout.
pub(crate) fn explain(err: io::Error) -> io::Error {
    match err.kind() {
        io::ErrorKind::WouldBlock => silent(),
        _ => err,
    }
}

fn work(port: u16, load: Load, connections: usize, until: Until) -> io::Result<()> {
    let mut streams = connect_all(port, connections)?;
    println!("ready");
    let mut lines = io::stdin().lock().lines();
    if lines.next().is_none() {
        return Ok(());
    }
    let start = Instant::now();
    let count = match load {
        Load::Echo { .. } => echo(&mut streams, until, start)?,
        Load::Churn => churn(port, until, start)?,
        Load::Idle { .. } => 0,
    };
    println!("{count} {}", start.elapsed().as_nanos());
    // The connections stay open until the server was measured.
    lines.next();
    Ok(())
}

/// Connects, and waits for a reply on each connection. Then all have been accepted, and the server
/// has allocated its memory.
fn connect_all(port: u16, connections: usize) -> io::Result<Vec<TcpStream>> {
    /// Less than the backlog of 128 that the standard library sets: a slow server would drop more
    /// connections, and each would be retried after a second.
    const BATCH: usize = 100;
    /// With this many connections some selectors take minutes to accept one by one.
    const PATIENCE: Duration = Duration::from_secs(120);
    let start = Instant::now();
    let mut streams = Vec::with_capacity(connections);
    while streams.len() < connections {
        let begin = streams.len();
        if start.elapsed() > PATIENCE {
            let why = format!("only {begin} of {connections} connections within {PATIENCE:?}");
            return Err(io::Error::new(io::ErrorKind::TimedOut, why));
        }
        for index in begin..connections.min(begin + BATCH) {
            let mut stream = connect(port, index)?;
            stream.write_all(&MESSAGE)?;
            streams.push(stream);
        }
        for stream in &mut streams[begin..] {
            stream.read_exact(&mut [0; MESSAGE.len()])?;
        }
    }
    Ok(streams)
}

/// Connects the client with this index. One address has ports for only some of them.
fn connect(port: u16, index: usize) -> io::Result<TcpStream> {
    /// A third of the ports that Linux has: it searches for long when few are left.
    const PER_ADDRESS: usize = 8_000;
    let first = u32::from(Ipv4Addr::LOCALHOST);
    let from = Ipv4Addr::from(first + (index / PER_ADDRESS) as u32);
    let socket = socket_with(
        AddressFamily::INET,
        SocketType::STREAM,
        SocketFlags::CLOEXEC,
        None,
    )?;
    // The port is chosen on connecting, so that one port can serve for many servers.
    ffi::bind_without_port(socket.as_raw_fd())?;
    bind(&socket, &SocketAddrV4::new(from, 0))?;
    rustix::net::connect(&socket, &SocketAddrV4::new(Ipv4Addr::LOCALHOST, port))?;
    let stream = TcpStream::from(socket);
    // A server that lost an event must not stop the whole run.
    stream.set_read_timeout(Some(LIMIT))?;
    Ok(stream)
}

fn silent() -> io::Error {
    let why = format!("the server was silent for {LIMIT:?}");
    io::Error::new(io::ErrorKind::TimedOut, why)
}

fn ask(stream: &mut TcpStream) -> io::Result<()> {
    stream.write_all(&MESSAGE)?;
    stream.read_exact(&mut [0; MESSAGE.len()])
}

fn echo(streams: &mut [TcpStream], until: Until, start: Instant) -> io::Result<u64> {
    let epoll = ffi::epoll_create()?;
    let mut events = vec![epoll_event { events: 0, u64: 0 }; 1024];
    for (index, stream) in streams.iter_mut().enumerate() {
        let event = epoll_event {
            events: EPOLLIN as u32,
            u64: index as u64,
        };
        ffi::epoll_ctl(&epoll, EPOLL_CTL_ADD, stream.as_raw_fd(), event)?;
        stream.write_all(&MESSAGE)?;
    }
    let (mut sent, mut received) = (streams.len() as u64, 0);
    while received < sent {
        let ready = ffi::epoll_wait(epoll.as_raw_fd(), &mut events, LIMIT.as_millis() as i32);
        match ready {
            0 => return Err(silent()),
            ready if ready < 0 => return Err(io::Error::last_os_error()),
            _ => {}
        }
        // Reading the clock once per batch is enough.
        let is_over = matches!(until, Until::Time(_)) && until.is_reached(start, sent);
        for event in &events[..ready as usize] {
            let stream = &mut streams[event.u64 as usize];
            stream.read_exact(&mut [0; MESSAGE.len()])?;
            received += 1;
            if let Until::Rested(_) = until {
                thread::sleep(REST);
            }
            let is_over = match until {
                Until::Time(_) => is_over,
                _ => until.is_reached(start, sent),
            };
            if !is_over {
                stream.write_all(&MESSAGE)?;
                sent += 1;
            }
        }
    }
    Ok(received)
}

fn churn(port: u16, until: Until, start: Instant) -> io::Result<u64> {
    let mut count = 0;
    while !until.is_reached(start, count) {
        ask(&mut connect(port, 0)?)?;
        count += 1;
    }
    Ok(count)
}
