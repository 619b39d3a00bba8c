//! The workloads and their order. Each peer runs between two runs of the reference.

use std::time::Duration;

use crate::client::{Load, Until};
use crate::peers::{Peer, REFERENCE};
use crate::run::{self, Cores, Cost, Server};
use crate::stats::Spread;

/// The durations and repetitions of a measurement.
#[derive(Clone, Copy, Debug)]
pub struct Plan {
    /// Number of runs of each peer.
    pub rounds: usize,
    /// Duration of one run of a client.
    pub slice: Duration,
    /// Minimum number of events in one run of dispatching.
    pub events: usize,
}

/// A workload of each peer.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Work {
    /// An echo server with a client.
    Load(Load),
    /// An echo server with a client, and with many idle connections.
    Among {
        /// Number of active connections.
        connections: usize,
        /// Number of idle connections.
        idle: usize,
    },
    /// An echo server and its client on one core, so that no other core has to wake up.
    Together {
        /// Number of connections.
        connections: usize,
    },
    /// `ready` of `registered` eventfds are ready.
    Dispatch {
        /// Number of sources.
        registered: usize,
        /// Number of ready sources in each round.
        ready: usize,
    },
    /// An HTTP server with an external client.
    Http,
}

impl Work {
    /// Returns its name in the tables.
    pub fn name(self) -> String {
        match self {
            Work::Load(Load::Echo { connections }) => format!("echo {connections}"),
            Work::Load(Load::Churn) => "churn".to_owned(),
            Work::Load(Load::Idle { connections }) => format!("idle {connections}"),
            Work::Among { connections, idle } => format!("echo {connections}+{idle}"),
            Work::Together { connections } => format!("echo {connections}, 1 core"),
            Work::Dispatch { registered, ready } => format!("dispatch {ready}/{registered}"),
            Work::Http => "http 64".to_owned(),
        }
    }

    /// Describes it.
    pub fn what(self) -> String {
        let talk = |connections| match connections {
            1 => "One connection. It sends a message of 64 bytes, and the next when it has come \
                  back."
                .to_owned(),
            count => format!(
                "{count} connections. Each sends a message of 64 bytes, and the next when it has \
                 come back."
            ),
        };
        match self {
            Work::Load(Load::Echo { connections }) => talk(connections),
            Work::Load(Load::Churn) => {
                "A connection, one message, and its end, one after the other. mio-loop, polling \
                 and calloop delete a connection from the epoll before it is closed."
                    .to_owned()
            }
            Work::Load(Load::Idle { connections }) => {
                format!("{connections} connections that do nothing.")
            }
            Work::Among { connections, idle } => {
                format!("{} {idle} others do nothing.", talk(connections))
            }
            Work::Together { connections } => {
                format!("{} The client is on the server's core.", talk(connections))
            }
            Work::Dispatch { registered, ready } => format!(
                "{ready} of {registered} eventfds are written to. The peer sees and reads each."
            ),
            Work::Http => "HTTP/1.1 with keep-alive: wrk with 64 connections. Node.js and Netty \
                           parse the whole request, the others look for its end alone."
                .to_owned(),
        }
    }

    /// Returns `true` if it takes too long for a quick run.
    pub fn is_long(self) -> bool {
        matches!(self, Work::Among { .. })
    }
}

/// All workloads that are measured as ratios, except HTTP, which has more peers.
pub const WORKS: [Work; 10] = [
    Work::Load(Load::Echo { connections: 1 }),
    Work::Together { connections: 1 },
    Work::Load(Load::Echo { connections: 64 }),
    Work::Load(Load::Echo { connections: 512 }),
    Work::Among {
        connections: 64,
        idle: 10_000,
    },
    Work::Load(Load::Churn),
    Work::Dispatch {
        registered: 1,
        ready: 1,
    },
    Work::Dispatch {
        registered: 100,
        ready: 64,
    },
    Work::Dispatch {
        registered: 10_000,
        ready: 64,
    },
    Work::Dispatch {
        registered: 10_000,
        ready: 10_000,
    },
];

/// The result of a peer in a workload.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// CPU time per operation, as a ratio to the reference.
    pub ratio: Spread,
    /// Nanoseconds of CPU time per operation.
    pub cpu: Spread,
    /// Operations per second.
    pub throughput: Spread,
    /// Number of pairs that it is computed from.
    pub pairs: usize,
    /// Number of pairs lost to a failure of the reference, and the reason.
    pub lost: Option<String>,
}

/// For each peer, in the order of the list, its outcome or the reason for having none.
pub type Outcomes = Vec<Result<Outcome, String>>;

/// The echo servers of all peers, running.
#[derive(Debug)]
pub struct Servers(Vec<Result<Server, String>>);

impl Servers {
    /// Starts them. Each waits without using CPU time while another peer runs.
    pub fn start(peers: &[Peer], cores: &Cores) -> Servers {
        let start = |peer: &Peer| {
            let command = peer.command.as_ref().map_err(String::clone)?;
            Server::start(&[], command, cores).map_err(|err| err.to_string())
        };
        Servers(peers.iter().map(start).collect())
    }
}

/// Measures one workload. Returns an error if there is no reference.
pub fn measure(
    work: Work,
    peers: &[Peer],
    servers: &Servers,
    plan: Plan,
    cores: &Cores,
) -> Result<Outcomes, String> {
    // They stay connected while the others run.
    let mut idle_clients: Vec<Result<run::Client, String>> = Vec::new();
    if let Work::Among { idle, .. } = work {
        let load = Load::Idle { connections: idle };
        idle_clients.extend(servers.0.iter().map(|server| {
            let server = server.as_ref().map_err(String::clone)?;
            let client = run::Client::start(server, load, Until::Count(0), cores);
            client.map_err(|err| err.to_string())
        }));
    }
    let one = |index: usize| -> Result<Cost, String> {
        let cost = match work {
            Work::Load(load) => {
                let server = servers.0[index].as_ref().map_err(String::clone)?;
                server.work(load, Until::Time(plan.slice), cores)
            }
            Work::Among { connections, .. } => {
                idle_clients[index].as_ref().map_err(String::clone)?;
                let server = servers.0[index].as_ref().map_err(String::clone)?;
                let load = Load::Echo { connections };
                server.work(load, Until::Time(plan.slice), cores)
            }
            Work::Together { connections } => {
                let server = servers.0[index].as_ref().map_err(String::clone)?;
                let load = Load::Echo { connections };
                server.work(load, Until::Time(plan.slice), &cores.together())
            }
            Work::Dispatch { registered, ready } => {
                let command = peers[index].command.as_ref().map_err(String::clone)?;
                let rounds = plan.events.div_ceil(ready).max(2);
                run::dispatch(command, [registered, ready, rounds], cores)
            }
            Work::Http => return Err("http has servers of its own".to_owned()),
        };
        cost.map_err(|err| err.to_string())
    };
    by_turns(peers, plan.rounds, one)
}

/// Measures each peer between two runs of the reference; `one` runs the peer of an index.
///
/// A peer that fails once has no outcome. If the reference fails, the pairs of that run are lost;
/// if it fails twice in a row, the measurement ends. Returns an error if the reference can't be
/// run.
pub fn by_turns(
    peers: &[Peer],
    rounds: usize,
    one: impl Fn(usize) -> Result<Cost, String>,
) -> Result<Outcomes, String> {
    let one = |index: usize| match one(index) {
        Ok(cost) if cost.operations > 0.0 && cost.cpu > 0.0 => Ok(cost),
        Ok(_) => Err("nothing was done".to_owned()),
        Err(why) => Err(why),
    };
    let is_reference = |peer: &Peer| peer.name == REFERENCE;
    let reference = peers.iter().position(is_reference).ok_or("no reference")?;
    let there_is_none = |why: &String| format!("{REFERENCE}: {why}");
    peers[reference].command.as_ref().map_err(there_is_none)?;
    let mut costs: Vec<Result<Vec<(Cost, f64)>, String>> = Vec::new();
    costs.resize_with(peers.len(), || Ok(Vec::new()));
    let mut failure = None;
    'rounds: for _ in 0..rounds {
        let mut before = one(reference);
        for (index, costs) in costs.iter_mut().enumerate() {
            let Ok(so_far) = costs else { continue };
            let cost = match one(index) {
                Ok(cost) => cost,
                Err(why) if index == reference => {
                    failure = Some(why);
                    continue;
                }
                Err(why) => {
                    *costs = Err(why);
                    continue;
                }
            };
            let after = one(reference);
            match (&before, &after) {
                (Ok(before), Ok(after)) => {
                    so_far.push((cost, 2.0 * cost.each() / (before.each() + after.each())));
                }
                (Err(why), Ok(_)) | (Ok(_), Err(why)) => failure = Some(why.clone()),
                (Err(_), Err(why)) => {
                    failure = Some(why.clone());
                    break 'rounds;
                }
            }
            before = after;
        }
    }
    let outcome = |costs: Result<Vec<(Cost, f64)>, String>| {
        let costs = costs?;
        let lost = (costs.len() < rounds).then(|| {
            let (count, why) = (rounds - costs.len(), failure.as_deref().unwrap_or("?"));
            format!("{count} of {rounds} pairs are lost, as {REFERENCE} failed: {why}")
        });
        if let (true, Some(lost)) = (costs.is_empty(), &lost) {
            return Err(lost.clone());
        }
        let spread = |value: fn(&(Cost, f64)) -> f64| {
            let values: Vec<f64> = costs.iter().map(value).collect();
            Spread::of(&values).ok_or("no rounds".to_owned())
        };
        Ok(Outcome {
            ratio: spread(|(_, ratio)| *ratio)?,
            cpu: spread(|(cost, _)| cost.each())?,
            throughput: spread(|(cost, _)| cost.operations / cost.wall * 1e9)?,
            pairs: costs.len(),
            lost,
        })
    };
    Ok(costs.into_iter().map(outcome).collect())
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use super::by_turns;
    use crate::peers::{Peer, REFERENCE};
    use crate::run::Cost;

    fn peers() -> Vec<Peer> {
        let peer = |name| Peer {
            name,
            command: Ok(Vec::new()),
        };
        vec![peer(REFERENCE), peer("good"), peer("bad")]
    }

    fn cost() -> Cost {
        Cost {
            operations: 1.0,
            cpu: 1.0,
            wall: 1.0,
        }
    }

    #[test]
    fn a_failure_costs_its_peer_or_its_pairs() {
        /// Number of the reference's run that follows the first one of "good".
        const FAILING: usize = 4;
        let turns = Cell::new(0);
        let outcomes = by_turns(&peers(), 4, |index| {
            if index == 2 {
                return Err("it is bad".to_owned());
            }
            turns.set(turns.get() + usize::from(index == 0));
            if index == 0 && turns.get() == FAILING {
                return Err("a bad moment".to_owned());
            }
            Ok(cost())
        });
        let outcomes = outcomes.expect("outcomes");
        assert!(outcomes[0].as_ref().expect("the reference").lost.is_none());
        let lost = outcomes[1].as_ref().expect("the good").lost.as_ref();
        let lost = lost.expect("a pair that was lost");
        assert!(
            lost.starts_with("1 of 4") && lost.contains("a bad moment"),
            "{lost}"
        );
        assert_eq!(outcomes[2].as_ref().expect_err("bad"), "it is bad");
    }

    #[test]
    fn a_reference_that_is_broken_is_the_cause() {
        let turns = Cell::new(0);
        let outcomes = by_turns(&peers(), 1000, |index| {
            turns.set(turns.get() + 1);
            match index {
                0 => Err("broken".to_owned()),
                _ => Ok(cost()),
            }
        });
        for outcome in outcomes.expect("outcomes") {
            assert!(outcome.expect_err("none").contains("broken"));
        }
        assert!(turns.get() < 10, "{} turns", turns.get());
        let none = peers().split_off(1);
        assert!(by_turns(&none, 1, |_| Ok(cost())).is_err());
    }
}
