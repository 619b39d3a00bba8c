//! HTTP/1.1 with keep-alive, under `wrk` with 64 connections.
//!
//! The peers are those of the other workloads, whose servers reply to each request instead of
//! echoing, and two more that have an HTTP server of their own.

use std::ffi::OsString;
use std::io::{self, Read, Write};
use std::net::{Ipv4Addr, TcpStream};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use crate::client::{self, LIMIT};
use crate::peers::{self, Peer};
use crate::run::{Cores, Server};
use crate::servers::ANSWER;
use crate::works::{self, Outcomes, Plan};

/// Number of slices of a run. `wrk` reconnects for each run, which must be a small part of it, and
/// checks ten times a second whether the run is over.
const SLICES: u32 = 4;

/// Warm-up of a peer with a JIT compiler: this many runs, but no longer than this time.
const WARM_UP: (u32, Duration) = (30, Duration::from_secs(10));

/// The jars of Netty in Debian's packages.
const JARS: [&str; 8] = [
    "jctools-core",
    "netty-buffer",
    "netty-codec",
    "netty-codec-http",
    "netty-common",
    "netty-handler",
    "netty-resolver",
    "netty-transport",
];

/// The names of the peers that serve HTTP and do no other work.
pub(crate) const NAMES: [&str; 2] = ["Node.js", "Netty"];

/// Returns those peers.
pub fn peers(install: bool) -> Vec<Peer> {
    let peer = |name, command| Peer { name, command };
    vec![
        peer(NAMES[0], node(install)),
        peer(NAMES[1], netty(install)),
    ]
}

fn node(install: bool) -> Result<Vec<OsString>, String> {
    peers::with_packages(&["nodejs"], install, || runs("node", "--version"))?;
    let script = peers::sources().join("http_node.js");
    Ok(vec!["node".into(), script.into()])
}

fn netty(install: bool) -> Result<Vec<OsString>, String> {
    let folder = peers::folder().map_err(|err| err.to_string())?;
    let jars = JARS.map(|name| format!("/usr/share/java/{name}.jar"));
    let path = jars.join(":");
    let packages = ["libnetty-java", "default-jdk-headless"];
    peers::with_packages(&packages, install, || {
        if let Some(jar) = jars.iter().find(|jar| !Path::new(jar).exists()) {
            return Err(format!("no {jar}"));
        }
        runs("java", "-version")?;
        let mut javac = Command::new("javac");
        javac.args(["-cp", &path, "-d"]).arg(&folder);
        javac.arg(peers::sources().join("HttpNetty.java"));
        peers::build(&mut javac, &folder.join("HttpNetty.class"))
    })?;
    let mut path = OsString::from(path + ":");
    path.push(folder);
    Ok(vec!["java".into(), "-cp".into(), path, "HttpNetty".into()])
}

fn runs(program: &str, argument: &str) -> Result<(), String> {
    let mut command = Command::new(program);
    command.arg(argument).stdin(Stdio::null());
    match command.output() {
        Ok(output) if output.status.success() => Ok(()),
        Ok(output) => Err(format!("{program} {argument}: {}", output.status)),
        Err(err) => Err(format!("{program}: {err}")),
    }
}

/// Measures all these peers. Returns an error if there is no `wrk` or no reference.
pub fn measure(
    peers: &[Peer],
    install: bool,
    plan: Plan,
    cores: &Cores,
) -> Result<Outcomes, String> {
    // It prints its version, and fails.
    peers::with_packages(&["wrk"], install, || {
        let result = Command::new("wrk").arg("-v").output();
        result.map(drop).map_err(|err| format!("wrk: {err}"))
    })?;
    let turn = plan.slice * SLICES;
    let start = |peer: &Peer| -> Result<Server, String> {
        let command = peers::for_http(peer, install)?;
        let start = || -> io::Result<Server> {
            let server = Server::start_for("http", &command, cores)?;
            check(&server).map_err(client::explain)?;
            if command[0] == "node" || command[0] == "java" {
                wrk(&server, (turn * WARM_UP.0).min(WARM_UP.1), cores)?;
            }
            Ok(server)
        };
        start().map_err(|err| first_line(&err.to_string()))
    };
    let servers: Vec<Result<Server, String>> = peers.iter().map(start).collect();
    works::by_turns(peers, plan.rounds, |index| {
        let server = servers[index].as_ref().map_err(String::clone)?;
        let mut time = turn;
        loop {
            let cost = server.cost(|| wrk(server, time, cores));
            let cost = cost.map_err(|err| err.to_string())?;
            // On a busy machine a server may have served nothing.
            if cost.operations > 0.0 || time > WARM_UP.1 {
                return Ok(cost);
            }
            time *= 2;
        }
    })
}

/// Returns the first line. Java prints many when it fails.
fn first_line(text: &str) -> String {
    text.lines().next().unwrap_or_default().to_owned()
}

/// Checks that a server sends the common reply, both to a request that arrives byte by byte and to
/// two that arrive together.
fn check(server: &Server) -> io::Result<()> {
    let port: u16 = server.port.parse().map_err(io::Error::other)?;
    let mut stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port))?;
    stream.set_nodelay(true)?;
    stream.set_read_timeout(Some(LIMIT))?;
    let request = format!("GET / HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n\r\n");
    for byte in request.bytes() {
        stream.write_all(&[byte])?;
    }
    expect(&mut stream, ANSWER)?;
    stream.write_all(request.repeat(2).as_bytes())?;
    expect(&mut stream, &ANSWER.repeat(2))
}

fn expect(stream: &mut TcpStream, answer: &str) -> io::Result<()> {
    let mut data = vec![0; answer.len()];
    stream.read_exact(&mut data)?;
    if data == answer.as_bytes() {
        Ok(())
    } else {
        let text = String::from_utf8_lossy(&data).into_owned();
        Err(io::Error::other(format!("the server says {text:?}")))
    }
}

/// Runs `wrk` against a server. Returns the number of requests and the nanoseconds that they took.
fn wrk(server: &Server, time: Duration, cores: &Cores) -> io::Result<(f64, f64)> {
    let url = format!("http://127.0.0.1:{}/", server.port);
    let seconds = time.as_secs_f64().to_string();
    // It only takes whole seconds, and prints its results when it is interrupted.
    let mut command = Command::new("timeout");
    command.args([
        "--signal=INT",
        &seconds,
        "wrk",
        "-t1",
        "-c64",
        "-d60s",
        &url,
    ]);
    let output = cores.output_of_client(&mut command)?;
    let text = String::from_utf8_lossy(&output.stdout);
    let why = String::from_utf8_lossy(&output.stderr);
    read(&text).map_err(|what| io::Error::other(format!("{what} {}", first_line(&why))))
}

/// Parses the output of `wrk`. Returns an error if any request failed.
fn read(text: &str) -> Result<(f64, f64), String> {
    let failed = |line: &&str| line.contains("errors:") || line.contains("Non-2xx");
    if let Some(line) = text.lines().find(failed) {
        return Err(format!("wrk: {}", line.trim()));
    }
    let requests = text.lines().find_map(|line| {
        let (count, _) = line.trim().split_once(" requests in ")?;
        count.parse::<f64>().ok()
    });
    let rate = text.lines().find_map(|line| {
        let rate = line.strip_prefix("Requests/sec:")?;
        rate.trim().parse::<f64>().ok()
    });
    match (requests, rate) {
        (Some(_), Some(0.0)) => Ok((0.0, 0.0)),
        (Some(requests), Some(rate)) => Ok((requests, requests / rate * 1e9)),
        _ => Err("wrk gave no figures".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::read;

    const GOOD: &str = "Running 1m test @ http://127.0.0.1:55119/
  1 threads and 64 connections
  Thread Stats   Avg      Stdev     Max   +/- Stdev
    Latency   206.89us  157.57us   3.24ms   97.01%
    Req/Sec   171.62k    15.95k  185.46k    80.00%
  85000 requests in 501.27ms, 8.30MB read
";
    const RATE: &str = "Requests/sec: 170000.00\nTransfer/sec:     16.55MB\n";

    #[test]
    fn figures_of_wrk() {
        assert_eq!(read(&format!("{GOOD}{RATE}")), Ok((85_000.0, 5e8)));
        let none = "  0 requests in 200.45ms, 0.00B read\nRequests/sec:      0.00\n";
        assert_eq!(read(none), Ok((0.0, 0.0)));
        assert!(read(GOOD).is_err());
        assert!(read("").is_err());
    }

    #[test]
    fn errors_of_wrk() {
        let sockets = "  Socket errors: connect 0, read 3, write 0, timeout 0\n";
        let status = "  Non-2xx or 3xx responses: 5\n";
        for line in [sockets, status] {
            let why = read(&format!("{GOOD}{line}{RATE}")).expect_err("errors");
            assert!(why.contains(line.trim()), "{why}");
        }
    }
}
