//! The page with the plots. It needs no network, and follows the reader's colour scheme.

mod bars;
mod dots;
mod summary;

use std::fmt::Write;

use crate::peers::{REFERENCE, is_ours};
use crate::report::Report;

/// Returns the whole page.
pub fn page(report: &Report) -> String {
    let about = report.about.iter();
    let about: Vec<String> = about
        .map(|(what, value)| format!("{what}: {value}"))
        .collect();
    let mut page = format!(
        "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width\">\n\
         <title>mio-bench</title><style>{}</style></head><body>\n\
         <h1>What a readiness layer costs</h1>\n<p class=\"about\">{}</p>\n",
        include_str!("style.css"),
        escape(&about.join(" · "))
    );
    if !report.works.is_empty() {
        summary::write(&mut page, report);
        let _ = write!(
            page,
            "<h2>Work by work</h2>\n<p>A dot is the median of the ratios to {REFERENCE}, and a \
             line reaches from one quarter of them to the other. <b class=\"key\" \
             style=\"color: var(--ours)\">●</b>ours <b class=\"key\" \
             style=\"color: var(--other)\">●</b>others. The shaded band is the reference beside \
             itself. The scale is logarithmic.</p>\n"
        );
    }
    for (work, outcomes) in &report.works {
        let _ = write!(
            page,
            "<h3>{}</h3>\n<p>{}</p>\n{}",
            work.name(),
            work.what(),
            dots::plot(report, &work.name(), outcomes)
        );
    }
    bars::write(&mut page, report);
    let missing = report.missing();
    if !missing.is_empty() {
        page.push_str("<h2>Missing</h2>\n<ul>\n");
        for (what, why) in missing {
            let _ = writeln!(page, "<li>{}: {}</li>", escape(&what), escape(&why));
        }
        page.push_str("</ul>\n");
    }
    let _ = write!(
        page,
        "<h2>All figures</h2>\n<details><summary>As text</summary>\n<pre>{}</pre>\n</details>\n\
         </body></html>\n",
        escape(&report.text())
    );
    page
}

/// Returns the CSS class of a peer.
fn class(name: &str) -> &'static str {
    if is_ours(name) { "ours" } else { "other" }
}

/// Returns the CSS class of a peer's name.
fn label(name: &str) -> &'static str {
    match name {
        REFERENCE => "reference",
        name if is_ours(name) => "ours",
        _ => "",
    }
}

fn escape(text: &str) -> String {
    let text = text.replace('&', "&amp;").replace('<', "&lt;");
    text.replace('>', "&gt;")
}
