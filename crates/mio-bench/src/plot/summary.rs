//! The summary: the cost of this layer, and whether a faster one exists.

use std::fmt::Write;

use super::{escape, label};
use crate::peers::{REFERENCE, is_ours};
use crate::report::Report;
use crate::stats::Spread;
use crate::works::Outcomes;

/// The peer of this crate that works like the reference.
const OURS: &str = "mio, edge";

/// With fewer pairs the quartiles mean little.
const ENOUGH: usize = 10;

/// Writes two tables: a verdict for each workload, and all ratios.
pub(super) fn write(page: &mut String, report: &Report) {
    let rounds = report.plan.rounds;
    let _ = writeln!(
        page,
        "<p>Each figure is the server's processor time for an operation, as a ratio to \
         {REFERENCE}: 1.05 is 5 % more than the loop written by hand in C. Less is better. It is \
         the median of {rounds} pairs that ran next to each other.</p>"
    );
    if rounds < ENOUGH {
        page.push_str(
            "<p><b>This was a quick run.</b> So few pairs are good for a look, and no more: \
             small differences are chance.</p>\n",
        );
    }
    page.push_str("<h2>What does this layer cost, and is there a faster one?</h2>\n");
    answers(page, report);
    let _ = write!(
        page,
        "<p class=\"note\">Faster: its quarters are below those of our best by more than the \
         noise. That is from the lower to the upper quarter of the reference beside itself, and to \
         1.00 where that lies outside. With short reads or levels a message takes a system call \
         less.</p>\n\
         <h2>Each work and each peer</h2>\n\
         <p><span class=\"key less\">less</span> and <span class=\"key more\">more</span> than \
         {REFERENCE}; without a colour it can't be told apart from it.</p>\n"
    );
    matrix(page, report);
}

/// Returns the name and the ratio of the best peer for which `is_meant` returns `true`.
fn best<'a>(
    report: &'a Report,
    outcomes: &Outcomes,
    is_meant: impl Fn(&str) -> bool,
) -> Option<(&'a str, Spread)> {
    let peers = report.peers.iter().zip(outcomes);
    let ratios =
        peers.filter_map(|(peer, outcome)| Some((peer.name, outcome.as_ref().ok()?.ratio)));
    ratios
        .filter(|(name, _)| is_meant(name))
        .min_by(|one, other| one.1.middle.total_cmp(&other.1.middle))
}

fn answers(page: &mut String, report: &Report) {
    let _ = writeln!(
        page,
        "<div class=\"wide\"><table><thead><tr><th>work</th><th>{OURS}</th>\
         <th class=\"text\" colspan=\"2\">the best of ours</th>\
         <th class=\"text\" colspan=\"2\">the best of the others</th>\
         <th class=\"text\">is that one faster?</th></tr></thead><tbody>"
    );
    for (work, outcomes) in &report.works {
        let plain = best(report, outcomes, |name| name == OURS);
        let reference = best(report, outcomes, |name| name == REFERENCE);
        let ours = best(report, outcomes, is_ours);
        let other = best(report, outcomes, |name| !is_ours(name));
        // The reference compared with itself should be 1, so its deviation is noise too.
        let noise = |ratio: Spread| ratio.high.max(1.0) - ratio.low.min(1.0);
        let noise = reference.map_or(f64::INFINITY, |(_, ratio)| noise(ratio));
        let pairs = outcomes.iter().flatten().map(|outcome| outcome.pairs);
        let pairs = pairs.min().unwrap_or(0);
        let answer = match (ours, other) {
            (Some(_), Some(_)) if pairs < ENOUGH => "too few pairs to tell",
            (Some((_, ours)), Some((_, other))) if other.high + noise < ours.low => "yes",
            (Some((_, ours)), Some((_, other))) if ours.high + noise < other.low => "no, ours is",
            (Some(_), Some(_)) => "no difference can be told",
            _ => "-",
        };
        let plain = plain.map_or("-".to_owned(), |(_, ratio)| format!("{:.2}", ratio.middle));
        let _ = writeln!(
            page,
            "<tr><th>{}</th><td class=\"ours\">{plain}</td>{}{}\
             <td class=\"text\">{answer}</td></tr>",
            work.name(),
            named(ours),
            named(other)
        );
    }
    page.push_str("</tbody></table></div>\n");
}

/// Returns two table cells.
fn named(peer: Option<(&str, Spread)>) -> String {
    match peer {
        Some((name, ratio)) => format!(
            "<td>{:.2}</td><td class=\"text\">{}</td>",
            ratio.middle,
            escape(name)
        ),
        None => "<td>-</td><td></td>".to_owned(),
    }
}

fn matrix(page: &mut String, report: &Report) {
    page.push_str("<div class=\"wide\"><table><thead><tr><th></th>");
    for (work, _) in &report.works {
        // In two lines, so that the columns are narrow.
        let _ = write!(page, "<th>{}</th>", work.name().replacen(' ', "<br>", 1));
    }
    page.push_str("</tr></thead><tbody>\n");
    let reference = report.peers.iter().position(|peer| peer.name == REFERENCE);
    let ratio = |outcomes: &Outcomes, index: usize| Some(outcomes.get(index)?.as_ref().ok()?.ratio);
    for (index, peer) in report.peers.iter().enumerate() {
        let mut works = report.works.iter();
        if works.all(|(_, outcomes)| ratio(outcomes, index).is_none()) {
            continue;
        }
        let (label, name) = (label(peer.name), escape(peer.name));
        let _ = write!(page, "<tr><th class=\"{label}\">{name}</th>");
        for (_, outcomes) in &report.works {
            let Some(own) = ratio(outcomes, index) else {
                page.push_str("<td>-</td>");
                continue;
            };
            let class = match reference.and_then(|index| ratio(outcomes, index)) {
                // The reference compared with itself may deviate too.
                Some(noise) if own.high < noise.low.min(1.0) => "less",
                Some(noise) if own.low > noise.high.max(1.0) => "more",
                _ => "",
            };
            let _ = write!(page, "<td class=\"{class}\">{:.2}</td>", own.middle);
        }
        page.push_str("</tr>\n");
    }
    page.push_str("</tbody></table></div>\n");
}
