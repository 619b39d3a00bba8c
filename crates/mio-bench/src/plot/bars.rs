//! Tables with a bar beside each figure.

use std::fmt::Write;

use super::{class, escape, label};
use crate::report::{self, Report};

/// Writes the tables that have columns of their own.
pub(super) fn write(page: &mut String, report: &Report) {
    if !report.counts.is_empty() {
        let peers = report.peers.iter().zip(&report.counts);
        let rows = peers.filter_map(|(peer, counts)| {
            let counts = counts.as_ref()?;
            Some((peer.name, report::numbers(counts).to_vec()))
        });
        let rows: Vec<_> = rows.collect();
        let _ = writeln!(page, "<h2>counts</h2>\n<p>{}</p>", report::COUNTS_ARE);
        table(page, &report::COUNTS, &rows);
    }
    for part in &report.tables {
        let rows = part.rows.iter().map(|(name, figures)| {
            let figures = figures.iter().map(|figure| Some(*figure));
            (*name, figures.collect())
        });
        let rows: Vec<_> = rows.collect();
        let what = escape(&part.what);
        let _ = writeln!(page, "<h2>{}</h2>\n<p>{what}</p>", escape(&part.name));
        table(page, &part.columns, &rows);
    }
}

/// Writes a row for each name, and a column for each head that has figures.
fn table(page: &mut String, heads: &[&str], rows: &[(&str, Vec<Option<f64>>)]) {
    let columns: Vec<(usize, f64)> = (0..heads.len())
        .filter_map(|index| Some((index, longest(rows.iter().filter_map(|row| row.1[index]))?)))
        .collect();
    page.push_str("<div class=\"wide\"><table><thead><tr><th></th>");
    for (index, _) in &columns {
        let _ = write!(page, "<th>{}</th>", escape(heads[*index]));
    }
    page.push_str("</tr></thead><tbody>\n");
    for (name, figures) in rows {
        let (class, label, name) = (class(name), label(name), escape(name));
        let _ = write!(page, "<tr><th class=\"{label}\">{name}</th>");
        for (index, longest) in &columns {
            match figures[*index] {
                Some(figure) => {
                    let _ = write!(page, "<td>{}", report::figure(figure));
                    // The uncertainty of a figure is not compared.
                    if heads[*index] != "±" {
                        page.push_str(&bar(figure / longest, class));
                    }
                    page.push_str("</td>");
                }
                None => page.push_str("<td>-</td>"),
            }
        }
        page.push_str("</tr>\n");
    }
    page.push_str("</tbody></table></div>\n");
    let is_cut = |row: &(&str, Vec<Option<f64>>)| {
        let mut columns = columns.iter();
        columns.any(|(index, longest)| row.1[*index].is_some_and(|figure| figure > *longest))
    };
    if rows.iter().any(is_cut) {
        page.push_str("<p class=\"note\">A bar with an arrow is longer than its column.</p>\n");
    }
}

/// Returns the value of a whole bar: the greatest, unless it is so far above the median that the
/// other bars would not be visible. Longer bars are cut.
fn longest(figures: impl Iterator<Item = f64>) -> Option<f64> {
    let mut figures: Vec<f64> = figures.collect();
    figures.sort_unstable_by(f64::total_cmp);
    let greatest = *figures.last()?;
    let middle = figures[figures.len() / 2];
    let is_far = middle > 0.0 && greatest > 20.0 * middle;
    let seen = if is_far { 4.0 * middle } else { greatest };
    Some(seen.max(f64::MIN_POSITIVE))
}

/// Returns a bar of this part of the whole; a cut one ends in an arrow.
fn bar(part: f64, class: &str) -> String {
    let end = part.clamp(0.0, 1.0) * 90.0;
    let arrow = if part > 1.0 {
        format!("<path class=\"{class}\" d=\"M92 0 L100 5 L92 10 z\"/>")
    } else {
        String::new()
    };
    format!(
        "<svg class=\"bar\" viewBox=\"0 0 100 10\" preserveAspectRatio=\"none\">\
         <rect class=\"{class}\" width=\"{end:.1}\" height=\"10\"/>{arrow}</svg>"
    )
}
