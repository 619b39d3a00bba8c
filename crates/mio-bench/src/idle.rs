//! The cost of idle connections: memory of the server, and time of a poll with one ready.
//!
//! For each peer there are two servers. One has many idle connections, the other none, and one busy
//! connection uses them alternately.

use std::io;

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

use crate::client::{Load, Until};
use crate::peers::Peer;
use crate::report::Table;
use crate::run::{Client, Cores, Server};
use crate::stats::Spread;
use crate::works::Plan;

/// Number of idle connections in a full run, if the limit of descriptors allows it.
pub const MOST: usize = 100_000;

/// The descriptors of a process that are not idle connections.
const SPARE: usize = 100;

/// Raises the limit of descriptors of this process and its children to the maximum number of idle
/// connections, or else to the hard limit. With `CAP_SYS_RESOURCE` it raises the hard limit too.
pub fn raise_limit() -> io::Result<()> {
    let limit = getrlimit(Resource::Nofile);
    let wanted = (MOST + SPARE) as u64;
    if limit.maximum.is_some_and(|maximum| maximum < wanted) {
        let more = Rlimit {
            current: Some(wanted),
            maximum: Some(wanted),
        };
        if setrlimit(Resource::Nofile, more).is_ok() {
            return Ok(());
        }
    }
    let most = Rlimit {
        current: limit.maximum,
        maximum: limit.maximum,
    };
    Ok(setrlimit(Resource::Nofile, most)?)
}

/// Returns the table for this many idle connections, and the missing peers with the reasons.
///
/// If the limit of descriptors is too low, it uses fewer connections, and the table states their
/// number.
pub fn measure(
    wanted: usize,
    peers: &[Peer],
    plan: Plan,
    cores: &Cores,
) -> (Table, Vec<(String, String)>) {
    let limit = getrlimit(Resource::Nofile).current;
    let limit = limit.map_or(usize::MAX, |limit| limit as usize);
    let count = wanted.min(limit.saturating_sub(SPARE));
    let fewer = if count < wanted {
        format!(
            " ({wanted} were to be measured; a process may have {limit} descriptors: ulimit -Hn)"
        )
    } else {
        String::new()
    };
    let mut table = Table {
        name: format!("idle {wanted}"),
        what: format!(
            "with {count} idle connections{fewer}: user memory of the server for each, in bytes \
             (in those of tokio and Boost.Asio 1024 bytes are the buffer of the connection; in \
             those of Rust epoll, mio, mio-loop and polling a place in our table is \
             counted); its processor time for an echo on one more, in nanoseconds, without and \
             with them; how many times as much that is, and half the distance between the quarters"
        ),
        columns: vec!["bytes each", "ns, none idle", "ns, idle", "times", "±"],
        rows: Vec::new(),
    };
    let mut missing = Vec::new();
    for peer in peers {
        // The reason for a missing command is reported once for all workloads.
        let Ok(command) = &peer.command else { continue };
        let figures = Pair::start(command, count, cores).and_then(|pair| pair.figures(plan, cores));
        match figures {
            Ok(figures) => table.rows.push((peer.name, figures)),
            Err(err) => missing.push((format!("{}, {count} idle", peer.name), err.to_string())),
        }
    }
    (table, missing)
}

/// The two servers of a peer.
struct Pair {
    // The clients first: fields are dropped in this order.
    _clients: Vec<Client>,
    alone: Server,
    among: Server,
    bytes_each: f64,
}

impl Pair {
    fn start(command: &[std::ffi::OsString], count: usize, cores: &Cores) -> io::Result<Pair> {
        let alone = Server::start(&[], command, cores)?;
        let among = Server::start(&[], command, cores)?;
        let idle = |connections| {
            let load = Load::Idle { connections };
            Client::start(&among, load, Until::Count(0), cores)
        };
        // Excludes the memory for the first connections.
        let few = idle(10)?;
        let before = among.memory()?;
        let many = idle(count.saturating_sub(10))?;
        let bytes_each =
            (among.memory()? - before) * 1024.0 / count.saturating_sub(10).max(1) as f64;
        Ok(Pair {
            _clients: vec![few, many],
            alone,
            among,
            bytes_each,
        })
    }

    fn figures(&self, plan: Plan, cores: &Cores) -> io::Result<Vec<f64>> {
        // On two cores, though it is noisier. On one core, the next message may arrive while the
        // server still handles the last, and a longer poll would then save more polls.
        let each = |server: &Server| {
            let load = Load::Echo { connections: 1 };
            let cost = server.work(load, Until::Time(plan.slice), cores)?;
            if cost.operations > 0.0 && cost.cpu > 0.0 {
                Ok(cost.each())
            } else {
                Err(io::Error::other("nothing was done"))
            }
        };
        let mut rounds = Vec::new();
        let mut before = each(&self.alone)?;
        for _ in 0..plan.rounds {
            let among = each(&self.among)?;
            let after = each(&self.alone)?;
            rounds.push([after, among, 2.0 * among / (before + after)]);
            before = after;
        }
        let spread = |column: usize| {
            let values: Vec<f64> = rounds.iter().map(|round| round[column]).collect();
            Spread::of(&values).ok_or(io::Error::other("no rounds"))
        };
        let times = spread(2)?;
        Ok(vec![
            self.bytes_each,
            spread(0)?.middle,
            spread(1)?.middle,
            times.middle,
            times.half_width(),
        ])
    }
}
