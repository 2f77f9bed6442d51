//! One loop on the page: its picture, its story line by line, facts and changes folded.

use super::anchors::{self, Anchors};
use super::picture;
use crate::change::{Change, FileEdit};
use crate::diagnostic::Diagnostic;
use crate::figure::{RingLinks, box_id, ring};
use crate::markup::{marked_up, prose};
use crate::story::{Mark, Spot};
use crate::view::Index;
use loopguard_analysis::Finding;
use std::fmt::{self, Write};

/// The longest event that is shown whole, in bytes.
const LONGEST_EVENT: usize = 8_000;

/// Writes all that is told of a loop. Boxes of the picture lead to the steps of the story, and these back to the boxes.
pub(super) fn article<'a>(
    out: &mut String,
    index: &Index<'a>,
    told: &Diagnostic<'a>,
    anchors: &Anchors<'_>,
) -> fmt::Result {
    let id = &told.fingerprint;
    let picture_id = format!("p-{id}");
    let new = if told.is_new == Some(true) { " <span class=\"badge note\">new</span>" } else { "" };
    writeln!(
        out,
        "<article id=\"{}\" aria-labelledby=\"h-{id}\">\n<h3 id=\"h-{id}\"><span class=\"badge {1}\">{1}</span>{new} {2}</h3>",
        anchors::finding(id),
        told.severity.as_str(),
        prose(&told.headline)
    )?;
    let money = told
        .day(index.view.rate)
        .map(|day| format!(" · about {} a day at {} rounds a second", day.likely, index.view.rate));
    writeln!(
        out,
        "<p class=\"muted\"><code>{}</code> · <code class=\"place\">{}</code>{}</p>",
        told.code.as_str(),
        marked_up(&told.origin.to_string()),
        marked_up(&money.unwrap_or_default())
    )?;
    let marks = told.marks(index);
    if let Some(finding) = told.finding {
        // A box leads to the first that is told of it; what makes no call of its own is told with the rule that runs it.
        let step = |at: usize| {
            let about = |at: usize| marks.iter().position(|mark| mark.about == at);
            let first = about(at).or_else(|| about(at.checked_sub(1)?));
            first.map(|first| format!("#{}", step_id(id, first)))
        };
        let links = RingLinks { step: &step, entry: &|key| anchors.to_rule(key) };
        picture(out, "Picture of the loop", &ring(index, finding, &picture_id, &links))?;
    }
    story(out, &marks, id, &picture_id)?;
    facts(out, told)?;
    for change in told.changes(index) {
        write_change(out, &change)?;
    }
    if let Some(why) = told.no_remedy {
        writeln!(out, "<p>No change could be proved: {}</p>", prose(why))?;
    }
    out.push_str("</article>\n");
    Ok(())
}

fn step_id(fingerprint: &str, at: usize) -> String {
    format!("s-{fingerprint}-{at}")
}

fn story(out: &mut String, marks: &[Mark], fingerprint: &str, picture: &str) -> fmt::Result {
    out.push_str("<ul class=\"story\">\n");
    for (at, mark) in marks.iter().enumerate() {
        let id = step_id(fingerprint, at);
        let number = mark.number.map_or_else(String::new, |number| {
            let to = box_id(picture, mark.about);
            format!("<a class=\"step\" href=\"#{to}\" title=\"in the picture\">{number}</a> ")
        });
        let place = mark.spot.as_ref().map_or_else(
            || mark.origin.to_string(),
            |spot| format!("{}:{}:{}", spot.file, spot.line, spot.column),
        );
        writeln!(
            out,
            "<li id=\"{id}\"><div>{number}{} <code class=\"place\">{}</code></div>",
            prose(&mark.label),
            marked_up(&place)
        )?;
        if let Some(lines) = mark.spot.as_ref().and_then(source_line) {
            writeln!(out, "<pre>{lines}</pre>")?;
        }
        out.push_str("</li>\n");
    }
    out.push_str("</ul>\n");
    Ok(())
}

/// The line, with what counts marked.
fn source_line(spot: &Spot) -> Option<String> {
    let before = spot.text.get(..spot.span.start)?.rsplit('\n').next()?;
    let own = spot.text.get(spot.span.clone())?;
    let behind = spot.text.get(spot.span.end..)?.split('\n').next()?;
    Some(format!(
        "{}<mark>{}</mark>{}",
        marked_up(before.trim_start()),
        marked_up(own),
        marked_up(behind.trim_end())
    ))
}

fn facts(out: &mut String, told: &Diagnostic<'_>) -> fmt::Result {
    out.push_str("<details><summary>The facts: events, how sure, what it costs</summary>\n<ul>\n");
    for fact in &told.facts {
        writeln!(out, "<li>{}</li>", prose(&fact.text))?;
    }
    for assumption in told.cost.iter().flat_map(|cost| &cost.assumptions) {
        writeln!(out, "<li class=\"muted\">the figures rest on: {}</li>", prose(assumption))?;
    }
    out.push_str("</ul>\n");
    if let Some(finding) = told.finding {
        events(out, finding)?;
    }
    out.push_str("</details>\n");
    Ok(())
}

fn events(out: &mut String, finding: &Finding) -> fmt::Result {
    for hop in &finding.hops {
        let Some(event) = crate::witness::event(hop) else { continue };
        let text = serde_json::to_string_pretty(&event).unwrap_or_default();
        if text.len() <= LONGEST_EVENT {
            writeln!(
                out,
                "<details><summary>The whole event after <code>{}</code></summary><pre>{}</pre></details>",
                marked_up(&hop.rule.id),
                lines(&text)
            )?;
        }
    }
    Ok(())
}

fn write_change(out: &mut String, change: &Change<'_>) -> fmt::Result {
    writeln!(out, "<details><summary>A change that ends it: {}</summary>", prose(change.headline))?;
    let edits = change.readable();
    for diff in edits.iter().filter_map(FileEdit::diff) {
        writeln!(out, "<pre class=\"diff\">{}</pre>", coloured(&diff))?;
    }
    if edits.is_empty() {
        writeln!(out, "<pre>{}</pre>", marked_up(&change.instead))?;
        for place in &change.places {
            writeln!(out, "<p>in {}</p>", prose(place))?;
        }
    }
    if !change.loses.is_empty() {
        writeln!(out, "<p>It loses: {}</p>", prose(change.loses))?;
    }
    out.push_str("</details>\n");
    Ok(())
}

/// Lines that are added or taken away look so; the sign stays, for who sees no colours.
fn coloured(diff: &str) -> String {
    let line = |line: &str| {
        let class = match line.chars().next() {
            Some('+') if !line.starts_with("+++") => "ins",
            Some('-') if !line.starts_with("---") => "del",
            _ => return marked_up(line),
        };
        format!("<{class}>{}</{class}>", marked_up(line))
    };
    diff.lines().map(line).collect::<Vec<_>>().join("\n")
}

fn lines(text: &str) -> String {
    text.lines().map(marked_up).collect::<Vec<_>>().join("\n")
}
