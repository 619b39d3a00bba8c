//! The cost of a datagram: with one call for each, and in batches with `Datagrams` of mio-util.
//!
//! One thread sends a burst over loopback, waits for the event and receives until `WouldBlock`, so
//! that nothing is lost and no core has to wake up.

use std::array;
use std::io::{self, ErrorKind, IoSliceMut};
use std::net::{Ipv4Addr, SocketAddr};
use std::thread;
use std::time::{Duration, Instant};

use mio::net::UdpSocket;
use mio::{Events, Interest, Poll, Token};
use mio_util::Datagrams;
use mio_util::quinn_udp::{RecvMeta, Transmit};

use crate::report::Table;
use crate::run::Cores;
use crate::wakes::{cpu_time, median};

/// The length of a datagram: the minimum of QUIC.
const SIZE: usize = 1200;

/// The number of datagrams that are sent before they are received. They fit into the default socket
/// buffer of Linux.
const BURST: usize = 64;

/// The number of datagrams that one call sends with GSO: less than 64 KiB.
const SEGMENTS: usize = 32;

/// The maximum size that GRO puts into one buffer.
const RECEIVED: usize = 64 * 1024;

/// A datagram on loopback arrives at once. A late one was lost.
const LIMIT: Duration = Duration::from_secs(5);

static PAYLOAD: [u8; SEGMENTS * SIZE] = [b'd'; SEGMENTS * SIZE];

/// Two sockets, and a way to use them.
trait Peer {
    /// Sends a burst, and returns the number of calls.
    fn send(&mut self) -> io::Result<usize>;

    /// Receives by one call, and returns the number of datagrams.
    fn receive(&mut self) -> io::Result<usize>;

    fn receiver(&mut self) -> &mut UdpSocket;
}

struct Sockets {
    sender: UdpSocket,
    receiver: UdpSocket,
    to: SocketAddr,
}

impl Sockets {
    fn new() -> io::Result<Sockets> {
        let any = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
        let receiver = UdpSocket::bind(any)?;
        Ok(Sockets {
            sender: UdpSocket::bind(any)?,
            to: receiver.local_addr()?,
            receiver,
        })
    }
}

/// `send_to` and `recv_from` of mio.
struct OneByOne {
    sockets: Sockets,
    buffer: [u8; 2 * SIZE],
}

impl Peer for OneByOne {
    fn send(&mut self) -> io::Result<usize> {
        for _ in 0..BURST {
            self.sockets
                .sender
                .send_to(&PAYLOAD[..SIZE], self.sockets.to)?;
        }
        Ok(BURST)
    }

    fn receive(&mut self) -> io::Result<usize> {
        self.sockets.receiver.recv_from(&mut self.buffer)?;
        Ok(1)
    }

    fn receiver(&mut self) -> &mut UdpSocket {
        &mut self.sockets.receiver
    }
}

/// `Datagrams` of mio-util.
struct Batches {
    sockets: Sockets,
    outgoing: Datagrams,
    incoming: Datagrams,
    /// The number of datagrams that one call sends.
    segments: usize,
    buffers: [Vec<u8>; Datagrams::BUFFERS],
    meta: [RecvMeta; Datagrams::BUFFERS],
}

impl Batches {
    /// Uses GSO and GRO as far as the machine has them, or no GSO. GRO then has nothing to combine.
    fn new(with_gso: bool) -> io::Result<Batches> {
        let sockets = Sockets::new()?;
        let outgoing = Datagrams::new(&sockets.sender)?;
        let incoming = Datagrams::new(&sockets.receiver)?;
        let segments = match with_gso {
            true => outgoing.max_segments().min(SEGMENTS),
            false => 1,
        };
        let length = if segments > 1 { RECEIVED } else { 2 * SIZE };
        Ok(Batches {
            sockets,
            outgoing,
            incoming,
            segments,
            buffers: array::from_fn(|_| vec![0; length]),
            meta: array::from_fn(|_| RecvMeta::default()),
        })
    }
}

impl Peer for Batches {
    fn send(&mut self) -> io::Result<usize> {
        let (mut left, mut calls) = (BURST, 0);
        while left > 0 {
            let count = left.min(self.segments);
            let transmit = Transmit {
                destination: self.sockets.to,
                ecn: None,
                contents: &PAYLOAD[..count * SIZE],
                segment_size: (count > 1).then_some(SIZE),
                src_ip: None,
            };
            self.outgoing.send(&self.sockets.sender, &transmit)?;
            left -= count;
            calls += 1;
        }
        Ok(calls)
    }

    fn receive(&mut self) -> io::Result<usize> {
        let mut buffers = self
            .buffers
            .each_mut()
            .map(|buffer| IoSliceMut::new(buffer));
        let receiver = &self.sockets.receiver;
        let filled = self
            .incoming
            .receive(receiver, &mut buffers, &mut self.meta)?;
        let meta = self.meta[..filled].iter();
        Ok(meta.map(|meta| meta.len.div_ceil(meta.stride)).sum())
    }

    fn receiver(&mut self) -> &mut UdpSocket {
        &mut self.sockets.receiver
    }
}

/// Datagrams per second, and CPU time and system calls per datagram.
type Figures = [f64; 3];

/// Sends and receives this many bursts.
fn run(peer: &mut dyn Peer, bursts: usize) -> io::Result<Figures> {
    let mut poll = Poll::new()?;
    let mut events = Events::with_capacity(8);
    poll.registry()
        .register(peer.receiver(), Token(0), Interest::READABLE)?;
    let (start, cpu, mut calls) = (Instant::now(), cpu_time(), 0);
    for _ in 0..bursts {
        calls += peer.send()?;
        let mut received = 0;
        while received < BURST {
            poll.poll(&mut events, Some(LIMIT))?;
            calls += 1;
            if events.is_empty() {
                let why = format!("{received} of {BURST} datagrams have arrived");
                return Err(io::Error::new(ErrorKind::TimedOut, why));
            }
            loop {
                calls += 1;
                match peer.receive() {
                    Ok(count) => received += count,
                    Err(err) if err.kind() == ErrorKind::WouldBlock => break,
                    Err(err) => return Err(err),
                }
            }
        }
    }
    let (wall, cpu) = (start.elapsed(), cpu_time() - cpu);
    poll.registry().deregister(peer.receiver())?;
    let count = (bursts * BURST) as f64;
    Ok([
        count / wall.as_secs_f64() / 1e3,
        cpu.as_nanos() as f64 / count,
        calls as f64 / count,
    ])
}

/// Returns the medians of some runs, in which the peers alternate, on the core of the servers.
pub fn measure(quick: bool, cores: &Cores) -> io::Result<Table> {
    thread::scope(|scope| {
        // A separate thread, because this one continues with other work, on all cores.
        let result = scope.spawn(|| {
            cores.pin_to_server()?;
            measure_here(quick)
        });
        result.join().expect("a result")
    })
}

fn measure_here(quick: bool) -> io::Result<Table> {
    let (runs, bursts) = if quick { (5, 200) } else { (15, 5_000) };
    let by_gso = Batches::new(true)?;
    let segments = by_gso.segments;
    let one_by_one = OneByOne {
        sockets: Sockets::new()?,
        buffer: [0; 2 * SIZE],
    };
    let mut peers: Vec<(&str, Box<dyn Peer>)> = vec![
        ("mio, one call each", Box::new(one_by_one)),
        ("mio-util, recvmmsg", Box::new(Batches::new(false)?)),
    ];
    let gso = if segments > 1 {
        peers.push(("mio-util, GSO and GRO", Box::new(by_gso)));
        format!("with GSO {segments} by one call")
    } else {
        "this machine has no GSO".to_owned()
    };
    let mut figures: Vec<[Vec<f64>; 3]> = peers.iter().map(|_| Default::default()).collect();
    for _ in 0..runs {
        for ((_, peer), figures) in peers.iter_mut().zip(&mut figures) {
            for (figure, of_run) in figures.iter_mut().zip(run(peer.as_mut(), bursts)?) {
                figure.push(of_run);
            }
        }
    }
    let rows = peers.iter().zip(&mut figures).map(|((name, _), figures)| {
        let medians = figures.iter_mut().map(|values| median(values));
        (*name, medians.collect())
    });
    Ok(Table {
        name: "datagrams".to_owned(),
        what: format!(
            "of {SIZE} bytes over loopback, sent in bursts of {BURST} and received by one thread; \
             {gso}. Thousands per second, and for each, sent and received, nanoseconds of \
             processor time and system calls. Medians of {runs} runs"
        ),
        columns: vec!["thousand/s", "cpu ns", "calls"],
        rows: rows.collect(),
    })
}

#[cfg(test)]
mod tests {
    use super::{BURST, Batches, OneByOne, Peer, SIZE, Sockets, run};

    #[test]
    fn all_datagrams_of_each_peer_arrive() {
        let one_by_one = OneByOne {
            sockets: Sockets::new().expect("sockets"),
            buffer: [0; 2 * SIZE],
        };
        let mut peers: [Box<dyn Peer>; 3] = [
            Box::new(one_by_one),
            Box::new(Batches::new(false).expect("sockets")),
            Box::new(Batches::new(true).expect("sockets")),
        ];
        let calls = peers.each_mut().map(|peer| {
            let [rate, _, calls] = run(peer.as_mut(), 3).expect("figures");
            assert!(rate > 0.0);
            calls
        });
        // A send and a receive for each, and for all of them a poll and the receive that would
        // block.
        assert!(calls[0] >= 2.0 + 2.0 / BURST as f64, "{calls:?}");
        assert!(calls[1] < calls[0], "{calls:?}");
        assert!(calls[2] <= calls[1], "{calls:?}");
    }
}
