//! The report as Markdown, for a comment on a pull request.

use crate::change::{Change, FileEdit};
use crate::diagnostic::{Diagnostic, diagnostics};
use crate::full::{rendered, since};
use crate::graph::mermaid;
use crate::view::{Index, View};
use crate::words::{counted, totals};
use crate::{Paint, Summary, escaped};
use loopguard_analysis::Finding;
use std::fmt::{self, Write};

/// GitHub takes 65,536 characters for a comment; what is longer than this is told by number.
const MOST_CHARACTERS: usize = 60_000;

/// The most rows of the table.
const MOST_ROWS: usize = 50;

/// The most loops that are drawn: a picture as wide as a comment shows no more.
const MOST_DRAWN: usize = 6;

/// Returns a comment: the totals, a table of the findings, a picture of a few, each folded with its source lines and its change. What would make it
/// too long for a comment is left out and counted. With a base, what is unchanged is only counted.
pub fn markdown(view: &View<'_>) -> String {
    let mut out = String::new();
    // Writing to a string does not fail.
    let _ = write(&mut out, &Index::of(view));
    out
}

fn write<'a>(out: &mut String, index: &Index<'a>) -> fmt::Result {
    let all: Vec<Diagnostic<'a>> = diagnostics(index).into_iter().filter(Diagnostic::is_told).collect();
    let shown: Vec<&Diagnostic<'a>> = all.iter().filter(|told| told.is_new != Some(false)).collect();
    writeln!(out, "### Loopguard: {}\n", totals(&Summary::of(index.view.report.analysis)))?;
    if let Some(base) = index.view.base {
        writeln!(out, "{}\n", inline(&since(base, &all)))?;
        for was in base.fixed(all.iter().map(|told| told.fingerprint.as_str())).iter().take(MOST_ROWS) {
            writeln!(out, "- fixed: {}", inline(&was.headline))?;
        }
        out.push('\n');
    }
    if !shown.is_empty() {
        writeln!(out, "| | finding | where | a day, if it runs away |\n|---|---|---|---|")?;
        for told in shown.iter().take(MOST_ROWS) {
            writeln!(out, "{}", row(index, told))?;
        }
        out.push('\n');
    }
    let loops: Vec<&Finding> =
        shown.iter().filter_map(|told| told.finding).filter(|finding| !finding.hops.is_empty()).collect();
    if (1..=MOST_DRAWN).contains(&loops.len()) {
        writeln!(out, "{}", fenced("mermaid", &mermaid(index, &loops)))?;
    }
    let mut left = shown.len().saturating_sub(MOST_ROWS);
    for told in shown.iter().take(MOST_ROWS) {
        let details = details(index, told);
        if out.len() + details.len() > MOST_CHARACTERS {
            left += 1;
        } else {
            out.push_str(&details);
        }
    }
    if left > 0 {
        writeln!(
            out,
            "Of {} the details are left out here, to keep the comment short.\n",
            counted(left, "finding")
        )?;
    }
    let assumptions = &index.view.report.analysis.assumptions;
    if !assumptions.is_empty() {
        writeln!(out, "<details><summary>taken for granted</summary>\n")?;
        for assumption in assumptions {
            writeln!(out, "- {}", inline(assumption))?;
        }
        writeln!(out, "\n</details>")?;
    }
    Ok(())
}

fn row(index: &Index<'_>, told: &Diagnostic<'_>) -> String {
    let day = told.day(index.view.rate);
    let cells = [
        format!("**{}** {}", told.severity.as_str(), told.code),
        inline(&told.headline),
        code(&told.origin.to_string()),
        day.map(|day| format!("{day} at {} a second", index.view.rate)).unwrap_or_default(),
    ];
    // A table takes a bar for the end of a cell, within code as well.
    let cells: Vec<String> = cells.iter().map(|cell| cell.replace('|', "\\|")).collect();
    format!("| {} |", cells.join(" | "))
}

fn details<'a>(index: &Index<'a>, told: &Diagnostic<'a>) -> String {
    let mut out = String::new();
    let text = rendered(index, told, Paint::Plain);
    // Writing to a string does not fail.
    let _ = writeln!(out, "<details><summary>{}</summary>\n", html(&told.headline));
    let _ = writeln!(out, "{}", fenced("text", &text));
    for diff in told.changes(index).iter().flat_map(Change::readable).filter_map(FileEdit::diff) {
        let _ = writeln!(out, "{}", fenced("diff", &diff));
    }
    let _ = writeln!(out, "</details>\n");
    out
}

/// A block that no text within can end.
fn fenced(language: &str, text: &str) -> String {
    let fence = "`".repeat(longest_ticks(text).max(2) + 1);
    format!("{fence}{language}\n{}\n{fence}\n", text.trim_end_matches('\n'))
}

fn longest_ticks(text: &str) -> usize {
    text.split(|c| c != '`').map(str::len).max().unwrap_or(0)
}

/// A piece of code that no text within can end.
fn code(text: &str) -> String {
    let text = escaped(text);
    let ticks = "`".repeat(longest_ticks(&text) + 1);
    let space = if ticks.len() > 1 { " " } else { "" };
    format!("{ticks}{space}{text}{space}{ticks}")
}

/// A sentence: what stands between ticks is code, the rest is text and nothing else, not even a mention of somebody.
fn inline(text: &str) -> String {
    let text = escaped(text);
    let parts: Vec<&str> = text.split('`').collect();
    let in_pairs = parts.len() % 2 == 1;
    let mut out = String::new();
    for (at, part) in parts.iter().enumerate() {
        if at % 2 == 1 && in_pairs && !part.is_empty() {
            out.push_str(&code(part));
        } else {
            if at > 0 && !in_pairs {
                out.push_str("\\`");
            }
            plain(&mut out, part);
        }
    }
    out
}

fn plain(out: &mut String, text: &str) {
    for character in text.chars() {
        match character {
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '&' => out.push_str("&amp;"),
            '@' => out.push_str("@<!-- -->"),
            '\\' | '*' | '_' | '[' | ']' | '#' | '~' | '!' => out.extend(['\\', character]),
            other => out.push(other),
        }
    }
}

/// Within a tag nothing is Markdown.
fn html(text: &str) -> String {
    let text = escaped(text).replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
    text.replace('@', "@<!-- -->").replace('`', "&#96;")
}

#[cfg(test)]
mod tests {
    use super::{code, fenced, html, inline};

    #[test]
    fn no_text_ends_its_fence() {
        assert_eq!(fenced("text", "a\n```\nb\n"), "````text\na\n```\nb\n````\n");
        assert_eq!(code("a`b"), "`` a`b ``");
    }

    #[test]
    fn foreign_text_is_neither_markup_nor_a_mention() {
        assert_eq!(
            inline("rule `A|b` is *x* of @all <b>"),
            "rule `A|b` is \\*x\\* of @<!-- -->all &lt;b&gt;"
        );
        assert_eq!(inline("an odd ` tick"), "an odd \\` tick");
        assert_eq!(html("<script>"), "&lt;script&gt;");
    }
}
