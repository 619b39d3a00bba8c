//! Ratios as dots on a logarithmic scale.

use std::fmt::Write;

use super::{class, escape, label};
use crate::peers::REFERENCE;
use crate::report::Report;
use crate::stats::Spread;
use crate::works::Outcomes;

const ROW: usize = 22;
const LEFT: f64 = 200.0;
const WIDTH: f64 = 820.0;
const RIGHT: f64 = 70.0;
/// Space for the scale and its name.
const BELOW: usize = 44;

/// Candidates for ticks. Each is drawn if there is room, the first ones first.
const TICKS: [f64; 20] = [
    1.0, 2.0, 0.5, 1.5, 5.0, 10.0, 100.0, 3.0, 20.0, 50.0, 200.0, 0.1, 0.25, 0.9, 1.1, 1.25, 0.75,
    0.95, 1.05, 1000.0,
];

/// Returns a plot with a row for each peer, in the order of its ratio.
pub(super) fn plot(report: &Report, name: &str, outcomes: &Outcomes) -> String {
    let peers = report.peers.iter().zip(outcomes);
    let mut rows: Vec<(&str, Spread)> = peers
        .filter_map(|(peer, outcome)| Some((peer.name, outcome.as_ref().ok()?.ratio)))
        .collect();
    rows.sort_by(|one, other| one.1.middle.total_cmp(&other.1.middle));
    let least = rows.iter().map(|row| row.1.low).fold(0.9, f64::min);
    let most = rows.iter().map(|row| row.1.high).fold(1.1, f64::max);
    let (least, most) = (least.max(0.01).ln() - 0.02, most.ln() + 0.02);
    let x = |ratio: f64| {
        LEFT + (ratio.max(0.01).ln() - least) / (most - least) * (WIDTH - LEFT - RIGHT)
    };
    let end = rows.len() * ROW;
    let mut plot = format!(
        "<svg viewBox=\"0 0 {WIDTH} {}\" role=\"img\" aria-label=\"{name}: ratios\">\n",
        end + BELOW
    );
    if let Some((_, noise)) = rows.iter().find(|row| row.0 == REFERENCE) {
        let (low, high) = (x(noise.low), x(noise.high));
        let _ = writeln!(
            plot,
            "<rect class=\"noise\" x=\"{low:.1}\" width=\"{:.1}\" y=\"0\" height=\"{end}\"/>",
            high - low
        );
    }
    scale(&mut plot, x, end);
    for (index, (name, ratio)) in rows.iter().enumerate() {
        let (y, class) = (index * ROW + ROW / 2, class(name));
        let _ = writeln!(
            plot,
            "<text class=\"{}\" text-anchor=\"end\" x=\"{}\" y=\"{}\">{}</text>\
             <line class=\"{class}\" stroke-width=\"3\" x1=\"{:.1}\" x2=\"{:.1}\" y1=\"{y}\" \
             y2=\"{y}\"/><circle class=\"{class}\" cx=\"{:.1}\" cy=\"{y}\" r=\"5\"/>\
             <text class=\"soft\" x=\"{}\" y=\"{}\">{:.2}</text>",
            label(name),
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

/// Draws the lines of the scale, their ratios, and its name.
fn scale(plot: &mut String, x: impl Fn(f64) -> f64, end: usize) {
    let mut taken: Vec<f64> = Vec::new();
    for ratio in TICKS {
        let at = x(ratio);
        let is_outside = !(LEFT..=WIDTH - RIGHT).contains(&at);
        // The labels must not overlap.
        if is_outside || taken.iter().any(|other| (at - other).abs() < 34.0) {
            continue;
        }
        taken.push(at);
        let class = if ratio == 1.0 { "one" } else { "grid" };
        let _ = writeln!(
            plot,
            "<line class=\"{class}\" x1=\"{at:.1}\" x2=\"{at:.1}\" y1=\"0\" y2=\"{end}\"/>\
             <text class=\"soft\" text-anchor=\"middle\" x=\"{at:.1}\" y=\"{}\">{ratio}</text>",
            end + 16
        );
    }
    let _ = writeln!(
        plot,
        "<text class=\"soft\" text-anchor=\"middle\" x=\"{:.1}\" y=\"{}\">processor time per \
         operation, as a ratio to {REFERENCE}; left is less</text>",
        (LEFT + WIDTH - RIGHT) / 2.0,
        end + 36
    );
}
