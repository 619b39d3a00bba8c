//! The tables, as text and as JSON.

use std::ffi::OsStr;
use std::fmt::Write;
use std::fs;
use std::process::{Command, Stdio};

use mio::SelectorKind;

use crate::calls::Counts;
use crate::peers::{self, Peer, REFERENCE};
use crate::run::Cores;
use crate::stats::Spread;
use crate::works::{Outcome, Outcomes, Plan, Work};

/// The results of one run.
#[derive(Debug)]
pub struct Report {
    /// The compared peers.
    pub peers: Vec<Peer>,
    /// The plan of the measurement.
    pub plan: Plan,
    /// The machine, and the time.
    pub about: Vec<(&'static str, String)>,
    /// The workloads with their outcomes, in the order of the peers. The last peers may have none.
    pub works: Vec<(Work, Outcomes)>,
    /// The counts, in the order of the peers.
    pub counts: Vec<Option<Counts>>,
    /// The tables that have columns of their own.
    pub tables: Vec<Table>,
    /// The workloads and tables that could not be measured, or the peers missing in them, and the
    /// reasons.
    pub missing: Vec<(String, String)>,
}

/// A table of a workload that some peers do.
#[derive(Debug)]
pub struct Table {
    /// Its name.
    pub name: String,
    /// The meaning of its figures.
    pub what: String,
    /// The heads of its columns.
    pub columns: Vec<&'static str>,
    /// The names of the peers, with their figures.
    pub rows: Vec<(&'static str, Vec<f64>)>,
}

impl Table {
    fn text(&self, text: &mut String) {
        let _ = writeln!(text);
        wrap(text, &format!("{}: {}", self.name, self.what));
        let _ = write!(text, "{:<26}", "");
        for column in &self.columns {
            let _ = write!(text, "{column:>14}");
        }
        text.push('\n');
        for (name, figures) in &self.rows {
            let _ = write!(text, "{name:<26}");
            for figure in figures {
                let _ = write!(text, "{:>14}", self::figure(*figure));
            }
            text.push('\n');
        }
    }

    fn json(&self) -> String {
        let row = |(name, figures): &(&str, Vec<f64>)| {
            let figures: Vec<String> = figures
                .iter()
                .map(|figure| format!("{figure:.3}"))
                .collect();
            format!("{}: [{}]", quote(name), figures.join(", "))
        };
        let rows: Vec<String> = self.rows.iter().map(row).collect();
        let columns: Vec<String> = self.columns.iter().map(|column| quote(column)).collect();
        format!(
            "    {{\"name\": {}, \"what\": {}, \"columns\": [{}], \"rows\": {{{}}}}}",
            quote(&self.name),
            quote(&self.what),
            columns.join(", "),
            rows.join(", ")
        )
    }
}

/// The columns of the counts.
pub(crate) const COUNTS: [&str; 5] = ["calls", "allocations", "instructions", "event", "poll"];

pub(crate) const COUNTS_ARE: &str = "system calls, allocations and instructions of user space per \
    echo (one connection); instructions of dispatching per event, with its write and read, and per \
    poll";

/// Formats a figure. More digits of a large one would be noise.
pub(crate) fn figure(figure: f64) -> String {
    let digits = if figure.abs() < 100.0 { 2 } else { 0 };
    format!("{figure:.digits$}")
}

/// Appends words, in lines that fit on a screen.
fn wrap(text: &mut String, words: &str) {
    const WIDTH: usize = 90;
    let mut used = 0;
    for word in words.split(' ') {
        let length = word.chars().count();
        if used > 0 {
            let is_full = used + 1 + length > WIDTH;
            text.push(if is_full { '\n' } else { ' ' });
            used = if is_full { 0 } else { used + 1 };
        }
        text.push_str(word);
        used += length;
    }
    text.push('\n');
}

/// Describes the machine and the build; with `with_http`, also the HTTP servers.
pub fn about(cores: &Cores, with_http: bool) -> Vec<(&'static str, String)> {
    let read = |path: &str| fs::read_to_string(path).unwrap_or_default();
    let processor = read("/proc/cpuinfo");
    let model = processor
        .lines()
        .find_map(|line| line.strip_prefix("model name"))
        .map_or("unknown", |line| line.trim_start_matches(['\t', ' ', ':']));
    let count = processor
        .lines()
        .filter(|line| line.starts_with("processor"))
        .count();
    let date = Command::new("date").args(["-u", "+%F %R UTC"]).output();
    let date = date.map(|output| String::from_utf8_lossy(&output.stdout).trim().to_owned());
    let selectors: Vec<String> = SelectorKind::available()
        .map(|kind| format!("{kind:?}"))
        .collect();
    let mut about = vec![
        ("processor", format!("{model}, {count} cores")),
        (
            "kernel",
            read("/proc/sys/kernel/osrelease").trim().to_owned(),
        ),
        ("load at the start", read("/proc/loadavg").trim().to_owned()),
        ("date", date.unwrap_or_default()),
        ("cores", cores.text()),
        ("selectors of this build", selectors.join(", ")),
    ];
    let versions = [
        ("C compiler", peers::compiler(), "--version", true),
        ("Node.js", "node".into(), "--version", with_http),
        ("Java", "java".into(), "-version", with_http),
    ];
    for (what, program, argument, is_used) in versions {
        let version = is_used.then(|| version(&program, argument)).flatten();
        about.extend(version.map(|version| (what, version)));
    }
    about
}

/// Returns the first line of a program's version output, or `None` if it is not installed.
fn version(program: &OsStr, argument: &str) -> Option<String> {
    let mut command = Command::new(program);
    let output = command.arg(argument).stdin(Stdio::null()).output().ok()?;
    let text = [output.stdout, output.stderr].concat();
    let text = String::from_utf8_lossy(&text);
    Some(text.lines().next()?.trim().to_owned())
}

impl Report {
    /// Returns the tables as text.
    pub fn text(&self) -> String {
        let mut text = String::new();
        for (what, value) in &self.about {
            let _ = writeln!(text, "{what}: {value}");
        }
        if !self.works.is_empty() {
            self.ratios(&mut text);
        }
        if !self.counts.is_empty() {
            self.count_table(&mut text);
        }
        for table in &self.tables {
            table.text(&mut text);
        }
        let missing = self.missing();
        if !missing.is_empty() {
            let _ = writeln!(text, "\nmissing:");
        }
        for (name, why) in missing {
            let _ = writeln!(text, "  {name}: {why}");
        }
        text
    }

    fn ratios(&self, text: &mut String) {
        let _ = writeln!(
            text,
            "\nserver's processor time per operation, as a ratio to {REFERENCE}:\n\
             median of {} pairs, and half the distance between the quarters (its own row is noise)",
            self.plan.rounds
        );
        self.matrix(text, |outcome| {
            let ratio = outcome.ratio;
            format!("{:.2} ±{:.2}", ratio.middle, ratio.half_width())
        });
        let _ = writeln!(text, "\nthousands of operations per second, medians");
        self.matrix(text, |outcome| {
            format!("{:.1}", outcome.throughput.middle / 1e3)
        });
    }

    fn matrix(&self, text: &mut String, cell: impl Fn(&Outcome) -> String) {
        let _ = write!(text, "{:<26}", "");
        for (work, _) in &self.works {
            let name = work.name();
            let name = name.strip_prefix("dispatch ").unwrap_or(&name);
            let _ = write!(text, "{name:>15}");
        }
        text.push('\n');
        for (index, peer) in self.peers.iter().enumerate() {
            let _ = write!(text, "{:<26}", peer.name);
            for (_, outcomes) in &self.works {
                let outcome = outcomes
                    .get(index)
                    .and_then(|outcome| outcome.as_ref().ok());
                let cell = outcome.map_or("-".to_owned(), &cell);
                let _ = write!(text, "{cell:>15}");
            }
            text.push('\n');
        }
    }

    fn count_table(&self, text: &mut String) {
        let _ = writeln!(text);
        wrap(text, &format!("counts: {COUNTS_ARE}"));
        let _ = write!(text, "{:<26}", "");
        for name in COUNTS {
            let _ = write!(text, "{name:>14}");
        }
        text.push('\n');
        for (peer, counts) in self.peers.iter().zip(&self.counts) {
            let _ = write!(text, "{:<26}", peer.name);
            for number in counts.as_ref().map_or([None; 5], numbers) {
                let cell = number.map_or("-".to_owned(), figure);
                let _ = write!(text, "{cell:>14}");
            }
            text.push('\n');
        }
    }

    /// Returns the missing parts and the reasons, each reason once.
    pub fn missing(&self) -> Vec<(String, String)> {
        let mut missing = self.missing.clone();
        for (index, peer) in self.peers.iter().enumerate() {
            if let Err(why) = &peer.command {
                missing.push((peer.name.to_owned(), why.clone()));
                continue;
            }
            for (work, outcomes) in &self.works {
                let why = match outcomes.get(index) {
                    Some(Ok(outcome)) => outcome.lost.as_ref(),
                    Some(Err(why)) => Some(why),
                    None => None,
                };
                let entry = |why: &String| (format!("{}, {}", peer.name, work.name()), why.clone());
                missing.extend(why.map(entry));
            }
        }
        missing.extend(self.missing_counts());
        missing
    }

    /// Returns the parts that are missing in the counts. A reason that all peers share is reported
    /// once.
    fn missing_counts(&self) -> Vec<(String, String)> {
        type Why = fn(&Counts) -> Option<&String>;
        let columns: [(&str, Why); 4] = [
            ("system calls", |counts| counts.calls.as_ref().err()),
            ("allocations", |counts| counts.allocations.as_ref().err()),
            ("instructions", |counts| counts.instructions.as_ref().err()),
            ("instructions per event", |counts| {
                counts.dispatch.as_ref().err()
            }),
        ];
        let mut missing = Vec::new();
        for (what, why) in columns {
            let peers = self.peers.iter().zip(&self.counts);
            let all = peers.filter_map(|(peer, counts)| Some((peer.name, why(counts.as_ref()?))));
            let all: Vec<(&str, Option<&String>)> = all.collect();
            match all.first() {
                Some((_, Some(first))) if all.iter().all(|(_, why)| *why == Some(*first)) => {
                    missing.push((what.to_owned(), (*first).clone()));
                }
                _ => missing
                    .extend(all.iter().filter_map(|(name, why)| {
                        Some((format!("{name}, {what}"), why.cloned()?))
                    })),
            }
        }
        missing
    }

    /// Returns everything as JSON.
    pub fn json(&self) -> String {
        let mut text = String::from("{\n  \"about\": {");
        let about = self.about.iter();
        let about: Vec<String> = about
            .map(|(what, value)| format!("{}: {}", quote(what), quote(value)))
            .collect();
        let _ = write!(
            text,
            "{}}},\n  \"rounds\": {},\n",
            about.join(", "),
            self.plan.rounds
        );
        let _ = write!(
            text,
            "  \"reference\": {},\n  \"peers\": [\n",
            quote(REFERENCE)
        );
        let peers: Vec<String> = (0..self.peers.len())
            .map(|index| self.entry(index))
            .collect();
        text.push_str(&peers.join(",\n"));
        text.push_str("\n  ],\n  \"tables\": [\n");
        let tables: Vec<String> = self.tables.iter().map(Table::json).collect();
        text.push_str(&tables.join(",\n"));
        text.push_str("\n  ],\n  \"missing\": [\n");
        let missing = self.missing();
        let missing = missing.iter();
        let missing: Vec<String> = missing
            .map(|(what, why)| format!("    [{}, {}]", quote(what), quote(why)))
            .collect();
        text.push_str(&missing.join(",\n"));
        text.push_str("\n  ]\n}\n");
        text
    }

    fn entry(&self, index: usize) -> String {
        let peer = &self.peers[index];
        let mut fields = vec![
            format!("\"name\": {}", quote(peer.name)),
            format!("\"ours\": {}", peers::is_ours(peer.name)),
        ];
        let works = self.works.iter();
        let works: Vec<String> = works
            .filter_map(|(work, outcomes)| {
                let outcome = outcomes.get(index)?.as_ref().ok()?;
                Some(format!(
                    "{}: {{\"ratio\": {}, \"nanoseconds\": {}, \"per_second\": {}}}",
                    quote(&work.name()),
                    spread(outcome.ratio),
                    spread(outcome.cpu),
                    spread(outcome.throughput)
                ))
            })
            .collect();
        fields.push(format!("\"works\": {{{}}}", works.join(", ")));
        let names = [
            "calls_per_echo",
            "allocations_per_echo",
            "instructions_per_echo",
            "instructions_per_event",
            "instructions_per_poll",
        ];
        let counts = self.counts.get(index).and_then(Option::as_ref);
        let numbers = counts.map_or([None; 5], numbers);
        for (name, number) in names.into_iter().zip(numbers) {
            fields.extend(number.map(|number| format!("\"{name}\": {number:.3}")));
        }
        format!("    {{{}}}", fields.join(", "))
    }
}

/// Returns the available counts.
pub(crate) fn numbers(counts: &Counts) -> [Option<f64>; 5] {
    let one = |count: &Result<f64, String>| count.as_ref().ok().copied();
    let dispatch = counts.dispatch.as_ref().ok();
    [
        one(&counts.calls),
        one(&counts.allocations),
        one(&counts.instructions),
        dispatch.map(|(event, _)| *event),
        dispatch.map(|(_, poll)| *poll),
    ]
}

fn spread(spread: Spread) -> String {
    format!(
        "[{:.4}, {:.4}, {:.4}]",
        spread.low, spread.middle, spread.high
    )
}

fn quote(text: &str) -> String {
    let mut quoted = String::from('"');
    for letter in text.chars() {
        match letter {
            '"' | '\\' => quoted.extend(['\\', letter]),
            letter if letter.is_control() => {
                let _ = write!(quoted, "\\u{:04x}", u32::from(letter));
            }
            letter => quoted.push(letter),
        }
    }
    quoted.push('"');
    quoted
}

#[cfg(test)]
mod tests {
    use super::{Report, quote};
    use crate::calls::Counts;
    use crate::peers::Peer;
    use crate::works::Plan;

    #[test]
    fn json_text() {
        assert_eq!(quote("a \"b\"\\\n"), r#""a \"b\"\\\u000a""#);
    }

    #[test]
    fn a_missing_count_names_its_peer_unless_it_is_all() {
        let peer = |name| Peer {
            name,
            command: Ok(Vec::new()),
        };
        let counts = |calls: Result<f64, String>| {
            Some(Counts {
                calls,
                allocations: Err("no tool".to_owned()),
                instructions: Ok(1.0),
                dispatch: Ok((1.0, 1.0)),
            })
        };
        let report = Report {
            peers: vec![peer("one"), peer("other")],
            plan: Plan {
                rounds: 1,
                slice: std::time::Duration::ZERO,
                events: 1,
            },
            about: Vec::new(),
            works: Vec::new(),
            counts: vec![counts(Ok(1.0)), counts(Err("it failed".to_owned()))],
            tables: Vec::new(),
            missing: Vec::new(),
        };
        let entry = |what: &str, why: &str| (what.to_owned(), why.to_owned());
        let expected = [
            entry("other, system calls", "it failed"),
            entry("allocations", "no tool"),
        ];
        assert_eq!(report.missing(), expected);
    }
}
