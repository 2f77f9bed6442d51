//! The report as one page: no network, no other file, readable without its script.
//!
//! Written as plain text: the page has a dozen shapes of element, and a template language would be one more dependency to
//! pass foreign text through. Every foreign text goes through `prose` or `marked_up`.

mod anchors;
mod chronicle;
mod finding;
mod policy;
mod rules;

use crate::Summary;
use crate::diagnostic::{Diagnostic, diagnostics};
use crate::figure::{MOST_PARTS, OverviewLinks, Parts, STYLE, overview};
use crate::markup::{marked_up, prose};
use crate::view::{Index, View};
use crate::words::{counted, totals};
use anchors::Anchors;
use loopguard_analysis::{Code, MOST_ENTRIES, Verdict};
use loopguard_decision::cost::{Prices, Range};
use std::cmp::Reverse;
use std::collections::BTreeSet;
use std::fmt::{self, Write};

/// Findings with a picture, and of the others those with a line.
const MOST_PICTURES: usize = 40;
const MOST_LINES: usize = 200;
/// Places listed for one kind of what is told of single rules.
const MOST_PLACES: usize = 50;

const PAGE_STYLE: &str = include_str!("html/page.css");
const SCRIPT: &str = include_str!("html/filter.js");

pub use chronicle::{Chapter, Tone, chronicle};

/// Returns the report as a page. Same report, same bytes.
pub fn html(view: &View<'_>) -> String {
    let mut out = String::new();
    // Writing to a string does not fail.
    let summary = Summary::of(view.report.analysis);
    let title = format!("Loopguard: {}", totals(&summary));
    let _ = document(&mut out, &title, SCRIPT, |out| write(out, &Index::of(view), &summary));
    out
}

/// Writes a page of that title around its body; the script may be empty.
fn document(
    out: &mut String,
    title: &str,
    script: &str,
    body: impl FnOnce(&mut String) -> fmt::Result,
) -> fmt::Result {
    let style = format!("{PAGE_STYLE}{STYLE}");
    writeln!(
        out,
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <meta http-equiv=\"Content-Security-Policy\" content=\"{}\">\n\
         <meta name=\"color-scheme\" content=\"light dark\">\n\
         <title>{}</title>\n<style>{style}</style>\n</head>\n<body>",
        policy::policy(&style, script),
        marked_up(title)
    )?;
    body(out)?;
    if !script.is_empty() {
        writeln!(out, "<script>{script}</script>")?;
    }
    writeln!(out, "</body>\n</html>")
}

fn write<'a>(out: &mut String, index: &Index<'a>, summary: &Summary) -> fmt::Result {
    let (mut loops, others): (Vec<Diagnostic<'a>>, Vec<Diagnostic<'a>>) =
        diagnostics(index).into_iter().partition(|told| told.finding.is_some_and(|f| !f.hops.is_empty()));
    loops.sort_by_key(|told| (Reverse(told.severity), Reverse(likely(told))));
    let parts = Parts::of(loops.iter().filter_map(|told| told.finding));
    // Of each group that is drawn one loop is told, however many the groups before it have.
    let first: BTreeSet<&str> =
        parts.parts.iter().take(MOST_PARTS).filter_map(|part| part.first()).map(|first| &*first.id).collect();
    if let Some(lines) = loops.get_mut(MOST_PICTURES..) {
        lines.sort_by_key(|told| !first.contains(told.id));
    }
    // One loop is its own overview.
    let parts = Some(parts).filter(|parts| parts.parts.len() > 1);
    header(out, index, summary, &loops, parts.is_some())?;
    out.push_str("<main>\n");
    let rows = rules::shown(index);
    let told = loops.get(..MOST_PICTURES + MOST_LINES).unwrap_or(&loops);
    let anchors = Anchors::of(told, &rows);
    if let Some(parts) = &parts {
        overview_section(out, index, &loops, parts, &anchors)?;
    }
    loops_section(out, index, &loops, &anchors)?;
    others_section(out, &others)?;
    rules::section(out, index, &rows, &anchors)?;
    granted(out, index)?;
    out.push_str("</main>\n");
    footer(out, index)
}

fn likely(told: &Diagnostic<'_>) -> Option<loopguard_decision::cost::Money> {
    told.cost.as_ref().map(|cost| cost.per_million.likely)
}

fn header(
    out: &mut String,
    index: &Index<'_>,
    summary: &Summary,
    loops: &[Diagnostic<'_>],
    has_overview: bool,
) -> fmt::Result {
    let sure = |told: &&Diagnostic<'_>| told.finding.is_some_and(|finding| finding.verdict == Verdict::Loop);
    let day: Range = loops.iter().filter(sure).filter_map(|told| told.day(index.view.rate)).sum();
    writeln!(
        out,
        "<header>\n<h1>Loopguard</h1>\n<p>Rules of Amazon EventBridge that trigger themselves.</p>"
    )?;
    out.push_str("<dl class=\"cards\">\n");
    let card = |out: &mut String, class: &str, number: &str, words: &str| {
        writeln!(out, "<div class=\"card {class}\"><dt>{words}</dt><dd>{}</dd></div>", marked_up(number))
    };
    card(out, "", &summary.rules.to_string(), "rules")?;
    let words = [
        (Verdict::Loop, "error", "in a loop"),
        (Verdict::Unknown, "warning", "unknown"),
        (Verdict::Latent, "warning", "one switch from a loop"),
        (Verdict::Bounded, "note", "in a bounded loop"),
        (Verdict::Dead, "warning", "dead"),
        (Verdict::None, "", "without a loop"),
    ];
    for (verdict, class, words) in words {
        let count = summary.count(verdict);
        if count > 0 {
            card(out, class, &count.to_string(), words)?;
        }
    }
    if day.high > loopguard_decision::cost::Money::ZERO {
        let words = format!("a day, if every loop runs {} rounds a second", index.view.rate);
        card(out, "error", &format!("about {}", day.likely), &words)?;
    }
    out.push_str("</dl>\n");
    if day.high > loopguard_decision::cost::Money::ZERO {
        writeln!(
            out,
            "<p class=\"muted\">From {} to {} a day, at list prices of {} as of {}; each loop says what its figure rests on.</p>",
            day.low,
            day.high,
            marked_up(index.view.prices.region()),
            Prices::dated()
        )?;
    }
    out.push_str("<nav aria-label=\"Sections\">");
    if has_overview {
        out.push_str("<a href=\"#overview\">Overview</a> ");
    }
    out.push_str("<a href=\"#loops\">Loops</a> <a href=\"#others\">Other findings</a> <a href=\"#rules\">All rules</a> <a href=\"#granted\">Taken for granted</a></nav>\n</header>\n");
    Ok(())
}

fn overview_section(
    out: &mut String,
    index: &Index<'_>,
    loops: &[Diagnostic<'_>],
    parts: &Parts<'_>,
    anchors: &Anchors<'_>,
) -> fmt::Result {
    let part = |at: usize| {
        let part = parts.parts.get(at).map(Vec::as_slice).unwrap_or_default();
        let first = part.iter().find_map(|finding| anchors.to_finding(&finding.id));
        Some(first.unwrap_or_else(|| "#loops".to_owned()))
    };
    let links = OverviewLinks { part: &part, entry: &|key| anchors.to_rule(key) };
    writeln!(out, "<section aria-labelledby=\"overview\">\n<h2 id=\"overview\">Overview</h2>")?;
    let count = parts.parts.len();
    let most = MOST_PARTS;
    let many = loops.iter().filter_map(|told| told.finding).any(|f| f.entered_from.len() >= MOST_ENTRIES);
    writeln!(
        out,
        "<p>{} of rules that can start each other, each one box. Dashed boxes lead in.{}{}</p>",
        counted(count, "group"),
        if count > most { format!(" The first {most} are drawn.") } else { String::new() },
        if many { " Of more than eight rules that lead into one loop eight are known here." } else { "" }
    )?;
    picture(out, "All loops", &overview(index, parts, &links))?;
    out.push_str("</section>\n");
    Ok(())
}

/// A picture that may be wider than the page: it scrolls by itself, with the keyboard, too.
fn picture(out: &mut String, what: &str, svg: &str) -> fmt::Result {
    if svg.is_empty() {
        return Ok(());
    }
    writeln!(
        out,
        "<div class=\"picture\" role=\"region\" tabindex=\"0\" aria-label=\"{}\">\n{svg}</div>",
        marked_up(what)
    )
}

fn loops_section<'a>(
    out: &mut String,
    index: &Index<'a>,
    loops: &[Diagnostic<'a>],
    anchors: &Anchors<'_>,
) -> fmt::Result {
    writeln!(out, "<section aria-labelledby=\"loops\">\n<h2 id=\"loops\">Loops</h2>")?;
    if loops.is_empty() {
        writeln!(out, "<p>No rule is in a cycle; the table says what keeps each apart.</p>")?;
    }
    if loops.len() > MOST_PICTURES {
        writeln!(
            out,
            "<p>Of {}, the {MOST_PICTURES} gravest have a picture.</p>",
            counted(loops.len(), "loop")
        )?;
    }
    for told in loops.iter().take(MOST_PICTURES) {
        finding::article(out, index, told, anchors)?;
    }
    let rest = loops.get(MOST_PICTURES..).unwrap_or_default();
    if !rest.is_empty() {
        let shown = rest.len().min(MOST_LINES);
        writeln!(
            out,
            "<details><summary>{} without a picture</summary>\n<ul class=\"lines\">",
            counted(rest.len(), "more loop")
        )?;
        for told in rest.iter().take(MOST_LINES) {
            line(out, told, &format!(" id=\"{}\"", anchors::finding(&told.fingerprint)))?;
        }
        out.push_str("</ul>\n");
        if rest.len() > shown {
            let left = rest.len() - shown;
            writeln!(
                out,
                "<p>{left} more are left out of this page; <code>--format json</code> has them all.</p>"
            )?;
        }
        out.push_str("</details>\n");
    }
    out.push_str("</section>\n");
    Ok(())
}

fn line(out: &mut String, told: &Diagnostic<'_>, id: &str) -> fmt::Result {
    writeln!(
        out,
        "<li{id}><span class=\"badge {0}\">{0}</span> {1} <code class=\"place\">{2}</code></li>",
        told.severity.as_str(),
        prose(&told.headline),
        marked_up(&told.origin.to_string())
    )
}

/// What is told of single rules, by kind: hundreds of rules may lack the same.
fn others_section(out: &mut String, others: &[Diagnostic<'_>]) -> fmt::Result {
    writeln!(out, "<section aria-labelledby=\"others\">\n<h2 id=\"others\">Other findings</h2>")?;
    let mut codes: Vec<(Reverse<_>, Code)> =
        others.iter().map(|told| (Reverse(told.severity), told.code)).collect();
    codes.sort_unstable();
    codes.dedup();
    if codes.is_empty() {
        writeln!(out, "<p>None.</p>")?;
    }
    for (Reverse(severity), code) in codes {
        let of_code: Vec<&Diagnostic<'_>> = others.iter().filter(|told| told.code == code).collect();
        writeln!(
            out,
            "<details><summary><span class=\"badge {0}\">{0}</span> {1}: {2} <code>{3}</code></summary>\n<ul class=\"lines\">",
            severity.as_str(),
            counted(of_code.len(), "time"),
            prose(code.summary()),
            code.as_str()
        )?;
        for told in of_code.iter().take(MOST_PLACES) {
            line(out, told, "")?;
        }
        out.push_str("</ul>\n");
        if of_code.len() > MOST_PLACES {
            writeln!(out, "<p>{} more are left out of this page.</p>", of_code.len() - MOST_PLACES)?;
        }
        out.push_str("</details>\n");
    }
    out.push_str("</section>\n");
    Ok(())
}

fn granted(out: &mut String, index: &Index<'_>) -> fmt::Result {
    let (inventory, analysis) = (index.view.report.inventory, index.view.report.analysis);
    writeln!(out, "<section aria-labelledby=\"granted\">\n<h2 id=\"granted\">Taken for granted</h2>\n<ul>")?;
    for assumption in &analysis.assumptions {
        writeln!(out, "<li>{}</li>", prose(assumption))?;
    }
    out.push_str("</ul>\n");
    let unread: BTreeSet<String> =
        inventory.notes.iter().map(|note| format!("{}: {}", note.origin, note.message)).collect();
    let gaps = analysis.gaps.iter().map(|gap| format!("not known: {gap}"));
    let told: Vec<String> = unread.into_iter().chain(gaps).collect();
    if !told.is_empty() {
        writeln!(out, "<details><summary>{} not read</summary>\n<ul>", counted(told.len(), "thing"))?;
        for text in told.iter().take(MOST_LINES) {
            writeln!(out, "<li>{}</li>", prose(text))?;
        }
        out.push_str("</ul>\n");
        if told.len() > MOST_LINES {
            writeln!(out, "<p>{} more are left out of this page.</p>", told.len() - MOST_LINES)?;
        }
        out.push_str("</details>\n");
    }
    out.push_str("</section>\n");
    Ok(())
}

fn footer(out: &mut String, index: &Index<'_>) -> fmt::Result {
    let catalogue = index.view.report.catalogue;
    writeln!(
        out,
        "<footer><p>loopguard {}; facts of AWS: {} operations of {} services, from {}.</p></footer>",
        env!("CARGO_PKG_VERSION"),
        catalogue.operations,
        catalogue.services,
        marked_up(&catalogue.generated_from)
    )
}
