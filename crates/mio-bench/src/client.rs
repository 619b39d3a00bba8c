//! The one client of all servers.
//!
//! It says `ready` when its connections are there, starts at a line on its input, says how many
//! operations it did in how many nanoseconds, and leaves when its input is closed.

use std::io::{self, BufRead, Read, Write};
use std::net::{Ipv4Addr, SocketAddrV4, TcpStream};
use std::os::fd::AsRawFd;
use std::thread;
use std::time::{Duration, Instant};

use libc::{EPOLL_CTL_ADD, EPOLLIN};
use rustix::net::{AddressFamily, SocketFlags, SocketType, bind, socket_with};

use crate::ffi::{self, epoll_event};

/// What the client does to a server.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Load {
    /// Sends a message on each connection, and the next one when it has come back.
    Echo {
        /// How many connections.
        connections: usize,
    },
    /// Connects, sends a message, waits for it to come back, closes; one after the other.
    Churn,
    /// Connects and does nothing.
    Idle {
        /// How many connections.
        connections: usize,
    },
}

/// When the client stops.
#[derive(Clone, Copy, Debug)]
pub enum Until {
    /// After so long.
    Time(Duration),
    /// After so many operations.
    Count(u64),
    /// After so many operations, with pauses in which the server comes to rest. So each operation
    /// finds it in the same condition, and its calls can be counted.
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

/// How long a server may be silent; one under valgrind is slow.
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

/// What a read says whose time is over, in words.
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
    // The connections stay until the server's figures were taken.
    lines.next();
    Ok(())
}

/// All have been accepted, and the memory that is needed is there, when each had an answer.
fn connect_all(port: u16, connections: usize) -> io::Result<Vec<TcpStream>> {
    /// Less than the 128 that the standard library lets wait to be accepted: more would be
    /// dropped by a server that is slow, and sent again after a second.
    const BATCH: usize = 100;
    /// With as many connections as there are, some selectors take minutes to accept one by one.
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

/// The connection of a client with this index. From one address there are ports for some of them.
fn connect(port: u16, index: usize) -> io::Result<TcpStream> {
    /// A third of what Linux has: it searches for long when few are left.
    const PER_ADDRESS: usize = 8_000;
    let first = u32::from(Ipv4Addr::LOCALHOST);
    let from = Ipv4Addr::from(first + (index / PER_ADDRESS) as u32);
    let socket = socket_with(
        AddressFamily::INET,
        SocketType::STREAM,
        SocketFlags::CLOEXEC,
        None,
    )?;
    // The port is chosen when the other end is known, so that one may serve for many servers.
    ffi::bind_without_port(socket.as_raw_fd())?;
    bind(&socket, &SocketAddrV4::new(from, 0))?;
    rustix::net::connect(&socket, &SocketAddrV4::new(Ipv4Addr::LOCALHOST, port))?;
    let stream = TcpStream::from(socket);
    // A server that lost an event must not stop everything.
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
        // Asking for the time once for a batch is enough.
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
