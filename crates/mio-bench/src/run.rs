//! Starts servers and clients, and reads the resource usage of servers.

use std::ffi::OsString;
use std::fs;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::process::{Child, ChildStdout, Command, Output, Stdio};
use std::thread;
use std::time::Duration;

use rustix::thread::{CpuSet, sched_getaffinity, sched_setaffinity};

use crate::client::{Load, Until};
use crate::{ffi, peers};

/// The cost of some work.
#[derive(Clone, Copy, Debug)]
pub struct Cost {
    /// The number of operations.
    pub operations: f64,
    /// Nanoseconds of CPU time of the server.
    pub cpu: f64,
    /// Nanoseconds of wall-clock time.
    pub wall: f64,
}

impl Cost {
    /// Returns the CPU time per operation.
    pub fn each(self) -> f64 {
        self.cpu / self.operations
    }
}

/// The cores of the server and of the client.
#[derive(Clone, Debug)]
pub struct Cores {
    all: CpuSet,
    server: CpuSet,
    client: CpuSet,
    /// The cores of the server and of the client.
    numbers: [usize; 2],
    are_together: bool,
}

impl Cores {
    /// Chooses the first two cores that this process may use, or one for both if there is only one.
    pub fn choose() -> io::Result<Cores> {
        let all = sched_getaffinity(None)?;
        let mut allowed = (0..CpuSet::MAX_CPU).filter(|core| all.is_set(*core));
        let first = allowed.next().unwrap_or(0);
        let second = allowed.next().unwrap_or(first);
        let one = |core| {
            let mut set = CpuSet::new();
            set.set(core);
            set
        };
        Ok(Cores {
            all,
            server: one(first),
            client: one(second),
            numbers: [first, second],
            are_together: false,
        })
    }

    /// Describes the cores.
    pub fn text(&self) -> String {
        match self.numbers {
            [one, other] if one == other => format!("server and client on {one}"),
            [server, client] => format!("server on {server}, client on {client}"),
        }
    }

    /// Pins this thread to the core of the servers.
    pub fn pin_to_server(&self) -> io::Result<()> {
        sched_setaffinity(None, &self.server)?;
        Ok(())
    }

    /// Runs a program to its end on the core of the clients.
    pub fn output_of_client(&self, command: &mut Command) -> io::Result<Output> {
        command.stdin(Stdio::null());
        command.stdout(Stdio::piped()).stderr(Stdio::piped());
        self.spawn(&self.client, command)?.wait_with_output()
    }

    /// Returns cores with the client on the core of the server.
    ///
    /// The client runs as `SCHED_BATCH`, so that its wake-up does not preempt the server's write.
    /// Otherwise its next message would arrive before the server checks for more, and the server
    /// would seldom wait.
    pub fn together(&self) -> Cores {
        Cores {
            client: self.server,
            are_together: true,
            ..*self
        }
    }

    /// Starts a child, which inherits this affinity.
    fn spawn(&self, set: &CpuSet, command: &mut Command) -> io::Result<Child> {
        sched_setaffinity(None, set)?;
        let child = command.spawn();
        sched_setaffinity(None, &self.all)?;
        child.map_err(|err| peers::named(command, err))
    }
}

/// A child that ends when this is dropped.
#[derive(Debug)]
struct Process {
    child: Child,
    output: BufReader<ChildStdout>,
}

impl Process {
    fn start(command: &[OsString], set: &CpuSet, cores: &Cores) -> io::Result<Process> {
        let mut builder = Command::new(&command[0]);
        builder.args(&command[1..]);
        builder.stdin(Stdio::piped()).stdout(Stdio::piped());
        // A process writes to stderr only to report its failure.
        builder.stderr(Stdio::piped());
        let mut child = cores.spawn(set, &mut builder)?;
        let output = child.stdout.take().expect("a pipe");
        let output = BufReader::new(output);
        Ok(Process { child, output })
    }

    fn line(&mut self) -> io::Result<String> {
        let mut line = String::new();
        if self.output.read_line(&mut line)? == 0 {
            let mut why = String::new();
            if let Some(errors) = &mut self.child.stderr {
                errors.read_to_string(&mut why)?;
            }
            let status = self.child.wait()?;
            return Err(io::Error::other(format!("{status}: {}", why.trim())));
        }
        Ok(line.trim().to_owned())
    }

    /// Returns the exit code, if the child has ended.
    fn code(&mut self) -> Option<i32> {
        self.child.try_wait().ok()??.code()
    }

    /// Closes its input, which ends it, and waits.
    fn end(&mut self) -> io::Result<()> {
        drop(self.child.stdin.take());
        self.child.wait()?;
        Ok(())
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.end();
    }
}

/// A running server.
#[derive(Debug)]
pub struct Server {
    process: Process,
    /// The port that it listens on.
    pub port: String,
}

impl Server {
    /// Starts an echo server, under a tool if `tool` is not empty.
    pub fn start(tool: &[OsString], command: &[OsString], cores: &Cores) -> io::Result<Server> {
        Server::start_for("echo", &[tool, command].concat(), cores)
    }

    /// Starts a server for a task.
    pub fn start_for(task: &str, command: &[OsString], cores: &Cores) -> io::Result<Server> {
        let command = [command, &[task.into()]].concat();
        let mut process = Process::start(&command, &cores.server, cores)?;
        let port = process.line()?;
        Ok(Server { process, port })
    }

    /// Ends the server and waits for it.
    pub fn end(&mut self) -> io::Result<()> {
        self.process.end()
    }

    /// Returns the CPU time that all its threads have used so far, in nanoseconds.
    fn cpu(&self) -> io::Result<f64> {
        Ok(ffi::cpu_time_of(self.process.child.id())? as f64)
    }

    /// Returns its resident memory in kilobytes.
    pub fn memory(&self) -> io::Result<f64> {
        let text = fs::read_to_string(format!("/proc/{}/status", self.process.child.id()))?;
        let line = text.lines().find_map(|line| line.strip_prefix("VmRSS:"));
        let number = line.and_then(|line| line.split_whitespace().next());
        number
            .and_then(|number| number.parse().ok())
            .ok_or(io::Error::other("no VmRSS"))
    }

    /// Runs a client against the server.
    pub fn work(&self, load: Load, until: Until, cores: &Cores) -> io::Result<Cost> {
        let mut client = Client::start(self, load, until, cores)?;
        self.cost(|| client.go())
    }

    /// Returns the cost of `work`, which returns its number of operations and the nanoseconds that
    /// they took.
    pub fn cost(&self, work: impl FnOnce() -> io::Result<(f64, f64)>) -> io::Result<Cost> {
        let before = self.cpu()?;
        let (operations, wall) = work()?;
        // Until the server waits again.
        thread::sleep(Duration::from_millis(2));
        let cpu = self.cpu()? - before;
        Ok(Cost {
            operations,
            cpu,
            wall,
        })
    }
}

/// A client whose connections are made. Dropping it closes them.
#[derive(Debug)]
pub struct Client {
    process: Process,
}

impl Client {
    /// Starts a client and waits until it is connected.
    pub fn start(server: &Server, load: Load, until: Until, cores: &Cores) -> io::Result<Client> {
        let (load, connections) = match load {
            Load::Echo { connections } => ("echo", connections),
            Load::Churn => ("churn", 0),
            Load::Idle { connections } => ("idle", connections),
        };
        let until = match until {
            Until::Time(time) => format!("ms:{}", time.as_millis()),
            Until::Count(count) => format!("count:{count}"),
            Until::Rested(count) => format!("rested:{count}"),
        };
        let tool: &[OsString] = if cores.are_together {
            &["chrt".into(), "--batch".into(), "0".into()]
        } else {
            &[]
        };
        let command: [OsString; 6] = [
            peers::program()?.into(),
            "client".into(),
            server.port.clone().into(),
            load.into(),
            connections.to_string().into(),
            until.into(),
        ];
        let mut process = Process::start(&[tool, &command].concat(), &cores.client, cores)?;
        match process.line()?.as_str() {
            "ready" => Ok(Client { process }),
            line => Err(io::Error::other(format!("the client says {line}"))),
        }
    }

    /// Runs. Returns the number of operations and the nanoseconds that they took.
    pub fn go(&mut self) -> io::Result<(f64, f64)> {
        let input = self.process.child.stdin.as_mut().expect("a pipe");
        input.write_all(b"go\n")?;
        two_numbers(&self.process.line()?)
    }
}

/// The exit code of `timeout` if it ended the program.
pub(crate) const TIMED_OUT: i32 = 124;

/// Runs the dispatch workload of a peer: `ready` of `registered` eventfds, `rounds` times.
pub fn dispatch(
    command: &[OsString],
    [registered, ready, rounds]: [usize; 3],
    cores: &Cores,
) -> io::Result<Cost> {
    // A peer that missed an event would wait without end.
    let limit: [OsString; 2] = ["timeout".into(), "60".into()];
    let task = [registered, ready, rounds].map(|number| OsString::from(number.to_string()));
    let command = [&limit, command, &["dispatch".into()], &task].concat();
    let mut process = Process::start(&command, &cores.server, cores)?;
    let line = process.line().map_err(|err| match process.code() {
        Some(TIMED_OUT) => io::Error::other("no end within 60 s: it missed an event"),
        _ => err,
    })?;
    let (cpu, wall) = two_numbers(&line)?;
    Ok(Cost {
        operations: (ready * rounds) as f64,
        cpu,
        wall,
    })
}

fn two_numbers(line: &str) -> io::Result<(f64, f64)> {
    let mut numbers = line.split(' ').map(str::parse);
    match (numbers.next(), numbers.next()) {
        (Some(Ok(one)), Some(Ok(two))) => Ok((one, two)),
        _ => Err(io::Error::other(format!("no figures: {line}"))),
    }
}
