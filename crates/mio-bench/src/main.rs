//! All peers on the same workloads, in one run: see BENCHMARKS.md.

#[cfg(peers)]
fn main() -> std::process::ExitCode {
    driver::main()
}

#[cfg(not(peers))]
fn main() {
    println!("the peers run on Linux");
}

#[cfg(peers)]
mod driver {
    use std::env;
    use std::fs;
    use std::io;
    use std::process::ExitCode;
    use std::time::{Duration, Instant};

    use mio_bench::calls::{Counts, NOT_QUICK, Tool};
    use mio_bench::client::{self, Load, Until};
    use mio_bench::datagrams;
    use mio_bench::http;
    use mio_bench::idle;
    use mio_bench::peers::{self, Peer, REFERENCE};
    use mio_bench::plot;
    use mio_bench::report::{self, Report, Table};
    use mio_bench::run::Cores;
    use mio_bench::servers::{self, Task};
    use mio_bench::timers;
    use mio_bench::wakes;
    use mio_bench::works::{self, Plan, Servers, WORKS, Work};

    const USAGE: &str = "usage: mio-bench [--quick] [--install] [--peers WORD] [--works WORD]

  --quick        fewer and shorter runs: within two minutes
  --install      installs what the peers need, and wrk, strace and valgrind, with apt-get
  --peers WORD   only peers whose name contains the word, and the reference
  --works WORD   only works whose name contains the word
  --help         this, and the names of works and peers";

    /// Numbers of idle connections, and whether each takes too long for a quick run.
    const IDLE: [(usize, bool); 2] = [(10_000, false), (idle::MOST, true)];

    pub(super) fn main() -> ExitCode {
        let arguments: Vec<String> = env::args().skip(1).collect();
        let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
        let result = match words[..] {
            ["server", name, "echo"] => servers::run(name, Task::Echo),
            ["server", name, "http"] => servers::run(name, Task::Http),
            ["server", name, "dispatch", registered, ready, rounds] => {
                dispatch(name, [registered, ready, rounds])
            }
            ["client", port, load, connections, until] => {
                run_client(port, load, connections, until)
            }
            _ if words.contains(&"--help") => {
                println!("{USAGE}\n");
                println!("works: {}", work_names().join("; "));
                println!("peers: {}", peers::names().join("; "));
                Ok(())
            }
            _ => match Options::parse(&words) {
                Ok(options) => compare(&options),
                Err(why) => {
                    eprintln!("mio-bench: {why}\n{USAGE}");
                    return ExitCode::from(2);
                }
            },
        };
        match result {
            Ok(()) => ExitCode::SUCCESS,
            Err(err) => {
                eprintln!("mio-bench: {err}");
                ExitCode::FAILURE
            }
        }
    }

    type MeasureTable = fn() -> io::Result<Table>;

    const WAKES: [(&str, MeasureTable); 3] = [
        ("lateness", wakes::lateness),
        ("wake-up", wakes::round_trips),
        ("wake storm", wakes::storm),
    ];

    #[derive(Default)]
    struct Options {
        quick: bool,
        install: bool,
        peers: Option<String>,
        works: Option<String>,
    }

    impl Options {
        /// Parses the arguments. Returns an error if they are invalid or leave nothing to do.
        fn parse(words: &[&str]) -> Result<Options, String> {
            let mut options = Options::default();
            let mut words = words.iter();
            while let Some(word) = words.next() {
                let mut value = || match words.next() {
                    Some(value) => Ok(Some((*value).to_owned())),
                    None => Err(format!("{word} needs a word")),
                };
                match *word {
                    "--quick" => options.quick = true,
                    "--install" => options.install = true,
                    "--peers" => options.peers = value()?,
                    "--works" => options.works = value()?,
                    _ => return Err(format!("what is {word}?")),
                }
            }
            let (works, peers) = (work_names(), peers::names());
            if let Some(word) = &options.works {
                if !works.iter().any(|name| name.contains(word)) {
                    let all = works.join("; ");
                    return Err(format!("no work has {word:?} in its name: {all}"));
                }
            }
            if let Some(word) = &options.peers {
                if !peers.iter().any(|name| name.contains(word)) {
                    let all = peers.join("; ");
                    return Err(format!("no peer has {word:?} in its name: {all}"));
                }
            }
            Ok(options)
        }

        fn wants(&self, work: &str) -> bool {
            self.works.as_ref().is_none_or(|word| work.contains(word))
        }

        fn wants_peer(&self, peer: &Peer) -> bool {
            let is_wanted = |word: &String| peer.name == REFERENCE || peer.name.contains(word);
            self.peers.as_ref().is_none_or(is_wanted)
        }

        fn plan(&self) -> Plan {
            if self.quick {
                Plan {
                    rounds: 3,
                    slice: Duration::from_millis(25),
                    events: 10_000,
                }
            } else {
                Plan {
                    rounds: 15,
                    slice: Duration::from_millis(250),
                    events: 100_000,
                }
            }
        }
    }

    /// Returns the valid values of `--works`.
    fn work_names() -> Vec<String> {
        let mut names: Vec<String> = WORKS.iter().map(|work| work.name()).collect();
        names.extend(IDLE.map(|(count, _)| format!("idle {count}")));
        names.extend(["counts", "timers", "datagrams"].map(str::to_owned));
        names.extend(WAKES.map(|(name, _)| name.to_owned()));
        names.push(Work::Http.name());
        names
    }

    fn compare(options: &Options) -> io::Result<()> {
        if cfg!(debug_assertions) {
            let why = "this build is not optimized: cargo run --release -p mio-bench";
            return Err(io::Error::other(why));
        }
        idle::raise_limit()?;
        let cores = Cores::choose()?;
        let with_http = options.wants(&Work::Http.name());
        let (start, about) = (Instant::now(), report::about(&cores, with_http));
        let mut peers = peers::all(options.install)?;
        peers.retain(|peer| options.wants_peer(peer));
        let plan = options.plan();
        let begin = |name: &str| eprintln!("{:4} s: {name}", start.elapsed().as_secs());
        // Failures are reported at the end, and the run continues.
        let (mut works, mut missing) = (Vec::new(), Vec::new());
        let servers = Servers::start(&peers, &cores);
        for work in WORKS {
            let name = work.name();
            if !options.wants(&name) {
                continue;
            }
            if options.quick && work.is_long() {
                missing.push((name, NOT_QUICK.to_owned()));
                continue;
            }
            begin(&name);
            match works::measure(work, &peers, &servers, plan, &cores) {
                Ok(outcomes) => works.push((work, outcomes)),
                Err(why) => missing.push((name, why)),
            }
        }
        drop(servers);
        let mut counts = Vec::new();
        if options.wants("counts") {
            begin("counts");
            if options.install {
                Tool::Calls.install();
            }
            if options.install && !options.quick {
                Tool::Instructions.install();
            }
            counts.extend(peers.iter().map(|peer| {
                let command = peer.command()?;
                Some(Counts::of(command, options.quick, &cores))
            }));
        }
        let mut tables = Vec::new();
        for (count, is_long) in IDLE {
            let name = format!("idle {count}");
            if options.wants(&name) && options.quick && is_long {
                missing.push((name, NOT_QUICK.to_owned()));
            } else if options.wants(&name) {
                begin(&name);
                let (table, without) = idle::measure(count, &peers, plan, &cores);
                tables.push(table);
                missing.extend(without);
            }
        }
        if options.wants("timers") {
            begin("timers");
            tables.push(timers::measure(options.quick));
        }
        if options.wants("datagrams") {
            begin("datagrams");
            match datagrams::measure(options.quick, &cores) {
                Ok(table) => tables.push(table),
                Err(err) => missing.push(("datagrams".to_owned(), err.to_string())),
            }
        }
        for (name, measure) in WAKES {
            if options.wants(name) {
                begin(name);
                match measure() {
                    Ok(table) => tables.push(table),
                    Err(err) => missing.push((name.to_owned(), err.to_string())),
                }
            }
        }
        // The last one, because it adds peers that do nothing else.
        let name = Work::Http.name();
        if options.wants(&name) {
            begin(&name);
            let more = http::peers(options.install).into_iter();
            let count = peers.len();
            peers.extend(more.filter(|peer| options.wants_peer(peer)));
            match http::measure(&peers, options.install, plan, &cores) {
                Ok(outcomes) => works.push((Work::Http, outcomes)),
                Err(why) => {
                    missing.push((name, why));
                    peers.truncate(count);
                }
            }
        }
        let report = Report {
            tables,
            peers,
            plan,
            about,
            works,
            counts,
            missing,
        };
        print!("{}", report.text());
        let folder = peers::target()?.join("bench");
        fs::write(folder.join("report.json"), report.json())?;
        fs::write(folder.join("report.html"), plot::page(&report))?;
        println!(
            "\nwritten: report.html and report.json in {}",
            folder.display()
        );
        Ok(())
    }

    fn dispatch(name: &str, numbers: [&str; 3]) -> io::Result<()> {
        let [registered, ready, rounds] = numbers.map(number);
        let task = Task::Dispatch {
            registered: registered?,
            ready: ready?,
            rounds: rounds?,
        };
        servers::run(name, task)
    }

    fn run_client(port: &str, load: &str, connections: &str, until: &str) -> io::Result<()> {
        let connections = number(connections)?;
        let load = match load {
            "echo" => Load::Echo { connections },
            "idle" => Load::Idle { connections },
            _ => Load::Churn,
        };
        let until = match until.split_once(':') {
            Some(("ms", time)) => Until::Time(Duration::from_millis(number(time)? as u64)),
            Some(("rested", count)) => Until::Rested(number(count)? as u64),
            Some((_, count)) => Until::Count(number(count)? as u64),
            None => return Err(io::Error::other("until when?")),
        };
        client::run(number(port)? as u16, load, until)
    }

    fn number(text: &str) -> io::Result<usize> {
        text.parse()
            .map_err(|_| io::Error::other(format!("no number: {text}")))
    }
}
