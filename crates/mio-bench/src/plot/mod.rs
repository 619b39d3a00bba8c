//! The page with the plots. It needs no network, and follows the reader's colours.

use std::fmt::Write;

use crate::peers::REFERENCE;
use crate::report::Report;
use crate::stats::Spread;
use crate::works::Outcomes;

const STYLE: &str = "
:root { color-scheme: light dark; --paper: #fcfcfb; --ink: #222; --soft: #666; --line: #ddd;
  --ours: #0a66c2; --other: #777; }
@media (prefers-color-scheme: dark) { :root { --paper: #16181b; --ink: #e8e8e6; --soft: #a0a0a0;
  --line: #383b40; --ours: #6cb2ff; --other: #9a9a9a; } }
body { background: var(--paper); color: var(--ink); font: 15px/1.5 system-ui, sans-serif;
  max-width: 60rem; margin: 2rem auto; padding: 0 1rem; }
svg { width: 100%; height: auto; } text { fill: var(--ink); font: 12px system-ui, sans-serif; }
.soft { fill: var(--soft); } .grid { stroke: var(--line); } .one { stroke: var(--soft); }
.ours { fill: var(--ours); stroke: var(--ours); }
.other { fill: var(--other); stroke: var(--other); }
text.ours { stroke: none; font-weight: 600; }
pre { overflow-x: auto; border: 1px solid var(--line); padding: 1rem; font-size: 12px; }
";

const ROW: usize = 22;
const LEFT: f64 = 200.0;
const WIDTH: f64 = 820.0;
const RIGHT: f64 = 70.0;

/// The whole page.
pub fn page(report: &Report) -> String {
    let mut page = format!(
        "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width\">\n\
         <title>mio-bench</title><style>{STYLE}</style></head><body>\n\
         <h1>What a readiness layer costs</h1>\n\
         <p>The server's processor time for each operation, as a ratio to {REFERENCE}: less is \
         better. A dot is the median of {} pairs that ran next to each other, a bar reaches from \
         one quarter to the other. The reference's own row shows the noise. The scale is \
         logarithmic.</p>\n",
        report.plan.rounds
    );
    for (work, outcomes) in &report.works {
        let _ = write!(page, "<h2>{}</h2>\n{}", work.name(), plot(report, outcomes));
    }
    let _ = write!(
        page,
        "<h2>All figures</h2>\n<pre>{}</pre>\n</body></html>\n",
        escape(&report.text())
    );
    page
}

/// A row for each peer, in the order of its ratio.
fn plot(report: &Report, outcomes: &Outcomes) -> String {
    let peers = report.peers.iter().zip(outcomes);
    let mut rows: Vec<(&str, bool, Spread)> = peers
        .filter_map(|(peer, outcome)| Some((peer.name, peer.is_ours, outcome.as_ref().ok()?.ratio)))
        .collect();
    rows.sort_by(|one, other| one.2.middle.total_cmp(&other.2.middle));
    let least = rows.iter().map(|row| row.2.low).fold(0.9, f64::min);
    let most = rows.iter().map(|row| row.2.high).fold(1.1, f64::max);
    let (least, most) = (least.max(0.01).ln() - 0.02, most.ln() + 0.02);
    let x = |ratio: f64| {
        LEFT + (ratio.max(0.01).ln() - least) / (most - least) * (WIDTH - LEFT - RIGHT)
    };
    let height = rows.len() * ROW + 30;
    let mut plot =
        format!("<svg viewBox=\"0 0 {WIDTH} {height}\" role=\"img\" aria-label=\"ratios\">\n");
    let mut free = f64::NEG_INFINITY;
    for ratio in [
        0.25, 0.5, 0.75, 0.9, 1.0, 1.1, 1.25, 1.5, 2.0, 3.0, 5.0, 10.0, 20.0, 50.0, 100.0, 200.0,
    ] {
        let at = x(ratio);
        let is_outside = !(LEFT..=WIDTH - RIGHT).contains(&at);
        // The labels must not run into each other.
        if is_outside || (at - free < 34.0 && ratio != 1.0) {
            continue;
        }
        free = at;
        let class = if ratio == 1.0 { "one" } else { "grid" };
        let end = height - 24;
        let _ = writeln!(
            plot,
            "<line class=\"{class}\" x1=\"{at:.1}\" x2=\"{at:.1}\" y1=\"0\" y2=\"{end}\"/>\
             <text class=\"soft\" text-anchor=\"middle\" x=\"{at:.1}\" y=\"{}\">{ratio}</text>",
            height - 8
        );
    }
    for (index, (name, is_ours, ratio)) in rows.iter().enumerate() {
        let y = index * ROW + ROW / 2;
        let class = if *is_ours { "ours" } else { "other" };
        let text = if *is_ours { " class=\"ours\"" } else { "" };
        let _ = writeln!(
            plot,
            "<text{text} text-anchor=\"end\" x=\"{}\" y=\"{}\">{}</text>\
             <line class=\"{class}\" stroke-width=\"3\" x1=\"{:.1}\" x2=\"{:.1}\" y1=\"{y}\" \
             y2=\"{y}\"/><circle class=\"{class}\" cx=\"{:.1}\" cy=\"{y}\" r=\"5\"/>\
             <text class=\"soft\" x=\"{}\" y=\"{}\">{:.2}</text>",
            LEFT - 14.0,
            y + 4,
            escape(name),
            x(ratio.low),
            x(ratio.high),
            x(ratio.middle),
            WIDTH - RIGHT + 16.0,
            y + 4,
            ratio.middle
        );
    }
    plot.push_str("</svg>\n");
    plot
}

fn escape(text: &str) -> String {
    let text = text.replace('&', "&amp;").replace('<', "&lt;");
    text.replace('>', "&gt;")
}
