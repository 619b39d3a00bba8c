//! The peers in Rust. Each is a server, for an echo or HTTP, and runs the dispatch workload. The
//! code that is not specific to a peer is here.

mod calloop;
mod mio_loop;
mod mio_util;
mod mios;
mod polling;
mod raw;
mod service;
mod tokio;

use std::io::{self, Read, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::os::fd::{AsRawFd, OwnedFd, RawFd};
use std::sync::Arc;
use std::time::Instant;

use ::mio::SelectorKind;
use rustix::event::{EventfdFlags, PollFd, PollFlags, Timespec, eventfd, poll};
use rustix::fs::{OFlags, fcntl_setfl};
use rustix::net::{SocketFlags, accept_with};

use self::mios::Mode;
pub(crate) use self::service::ANSWER;
use self::service::{Echo, Http, Service};
use crate::ffi::cpu_time;

/// The buffer size of a server, shared by its connections; the same as in the C peers.
const BUFFER: usize = 16 * 1024;

/// The names of the peers in Rust, with their descriptions.
pub const NAMES: [(&str, &str); 14] = [
    ("raw", "Rust epoll, edge"),
    ("mio-edge", "mio, edge"),
    ("mio-short", "mio, edge, short read"),
    ("mio-level", "mio, level"),
    ("mio-busy", "mio, edge, busy_poll 20 us"),
    ("mio-poll-edge", "mio, poll(2), edge"),
    ("mio-poll-level", "mio, poll(2), level"),
    ("mio-loop", "mio-loop, edge"),
    ("mio-util", "mio-util, edge"),
    ("mio_1_2", "mio 1.2.5"),
    ("polling", "polling 3, level"),
    ("calloop", "calloop 0.14, level"),
    ("tokio", "tokio 1, current thread"),
    ("tokio-buffered", "tokio 1, BufReader/Writer"),
];

/// Returns `true` if this build has the selector of a peer.
pub fn is_built(name: &str) -> bool {
    !name.starts_with("mio-poll")
        || SelectorKind::available().any(|kind| kind == SelectorKind::Poll)
}

/// The task of a server.
#[derive(Clone, Copy, Debug)]
pub enum Task {
    /// Echo until the input is closed.
    Echo,
    /// Reply to HTTP requests until the input is closed.
    Http,
    /// Handle `ready` of `registered` ready eventfds, for this many rounds.
    Dispatch {
        /// Number of sources.
        registered: usize,
        /// Number of ready sources in each round.
        ready: usize,
        /// Number of measured rounds.
        rounds: usize,
    },
}

/// Runs a server of this program.
pub fn run(name: &str, task: Task) -> io::Result<()> {
    match name {
        "raw" => perform(raw::Raw::new()?, task),
        "mio-edge" => perform(mios::ours(Mode::Edge)?, task),
        "mio-short" => perform(mios::ours(Mode::Short)?, task),
        "mio-level" => perform(mios::ours(Mode::Level)?, task),
        "mio-busy" => perform(mios::ours_busy()?, task),
        "mio-poll-edge" => match task {
            // The rounds would take 10 ms each, and measure nothing else.
            Task::Dispatch { .. } => Err(io::Error::other(
                "on poll(2), edges of a raw descriptor are renewed every 10 ms",
            )),
            Task::Echo | Task::Http => perform(mios::ours_on_poll(Mode::Edge)?, task),
        },
        "mio-poll-level" => perform(mios::ours_on_poll(Mode::Level)?, task),
        "mio-loop" => perform(<mio_loop::MioLoop>::new()?, task),
        "mio-util" => perform(mio_util::MioUtil::new()?, task),
        "mio_1_2" => perform(mios::published()?, task),
        "polling" => perform(polling::Polling::new()?, task),
        "calloop" => perform(calloop::Calloop::new()?, task),
        "tokio" => perform(tokio::Tokio::new(false)?, task),
        "tokio-buffered" => perform(tokio::Tokio::new(true)?, task),
        _ => Err(io::Error::other(format!("no server {name}"))),
    }
}

/// The operations of a peer.
trait Peer {
    /// Accepts and replies without end.
    fn serve<S: Service>(self, listener: TcpListener) -> io::Result<()>;

    /// Registers an eventfd, whose handler reads it once and counts.
    fn watch(&mut self, event: Arc<OwnedFd>) -> io::Result<()>;

    /// Handles events until this many were counted, and returns the number that were.
    fn turn(&mut self, expected: usize) -> io::Result<usize>;
}

fn perform(mut peer: impl Peer, task: Task) -> io::Result<()> {
    match task {
        Task::Echo => peer.serve::<Echo>(listen()?),
        Task::Http => peer.serve::<Http>(listen()?),
        Task::Dispatch {
            registered,
            ready,
            rounds,
        } => {
            let mut events = Vec::with_capacity(registered);
            for _ in 0..registered {
                let flags = EventfdFlags::NONBLOCK | EventfdFlags::CLOEXEC;
                let event = Arc::new(eventfd(0, flags)?);
                peer.watch(Arc::clone(&event))?;
                events.push(event);
            }
            let mut begin = (cpu_time()?, Instant::now());
            // The first round is not measured.
            for round in 0..=rounds {
                if round == 1 {
                    begin = (cpu_time()?, Instant::now());
                }
                for index in 0..ready {
                    rustix::io::write(&events[index * registered / ready], &1u64.to_ne_bytes())?;
                }
                if peer.turn(ready)? != ready {
                    return Err(io::Error::other("too many events"));
                }
            }
            let cpu = cpu_time()? - begin.0;
            println!("{cpu} {}", begin.1.elapsed().as_nanos());
            Ok(())
        }
    }
}

/// Creates the listener of a server. The process ends when its input is closed.
fn listen() -> io::Result<TcpListener> {
    // A closed input ends the process by SIGIO. A reading thread would do too, but with it the
    // kernel would count references to files at each call.
    crate::ffi::own(io::stdin().as_raw_fd())?;
    fcntl_setfl(io::stdin(), OFlags::ASYNC)?;
    // If it was closed before, no signal comes.
    let stdin = io::stdin();
    let mut input = [PollFd::new(&stdin, PollFlags::IN)];
    poll(&mut input, Some(&Timespec::default()))?;
    if input[0].revents().contains(PollFlags::HUP) {
        return Err(io::Error::other("the input is closed"));
    }
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
    listener.set_nonblocking(true)?;
    println!("{}", listener.local_addr()?.port());
    Ok(listener)
}

/// Accepts the next connection, for peers that use the standard library's type. It is non-blocking
/// without a further call, as for the other peers.
fn accept(listener: &TcpListener) -> io::Result<TcpStream> {
    let flags = SocketFlags::NONBLOCK | SocketFlags::CLOEXEC;
    Ok(accept_with(listener, flags)?.into())
}

/// Reads a ready eventfd, as each peer does.
fn seen(event: &OwnedFd) -> io::Result<()> {
    rustix::io::read(event, &mut [0; 8])?;
    Ok(())
}

/// How much a server reads when a connection is readable.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Reads {
    /// Once. The selector reports the remaining data.
    Once,
    /// Until a read does not fill the buffer.
    UntilShort,
    /// Until `WouldBlock`.
    UntilBlock,
}

/// Replies to the available data. Returns `false` when the connection is over.
///
/// A reply is short, so there is room for it.
fn answer(
    mut stream: impl Read + Write,
    service: &mut impl Service,
    buffer: &mut [u8],
    reads: Reads,
) -> bool {
    loop {
        match stream.read(buffer) {
            Ok(0) => return false,
            Ok(length) => {
                if stream.write_all(service.answer(&buffer[..length])).is_err() {
                    return false;
                }
                let is_done = match reads {
                    Reads::Once => true,
                    Reads::UntilShort => length < buffer.len(),
                    Reads::UntilBlock => false,
                };
                if is_done {
                    return true;
                }
            }
            Err(err) => return err.kind() == io::ErrorKind::WouldBlock,
        }
    }
}

/// Sources by the number of their descriptor, which is their token too.
struct ByFd<T>(Vec<Option<T>>);

impl<T> ByFd<T> {
    fn new() -> ByFd<T> {
        ByFd(Vec::new())
    }

    fn insert(&mut self, fd: RawFd, source: T) {
        let index = fd as usize;
        if index >= self.0.len() {
            self.0.resize_with(index + 1, || None);
        }
        self.0[index] = Some(source);
    }

    fn get(&mut self, index: usize) -> Option<&mut T> {
        self.0.get_mut(index)?.as_mut()
    }

    fn remove(&mut self, index: usize) -> Option<T> {
        self.0.get_mut(index)?.take()
    }
}
