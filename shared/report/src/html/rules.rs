//! The table of all rules, with a filter for those who let scripts run.

use super::anchors::{self, Anchors};
use crate::markup::{marked_up, prose};
use crate::view::Index;
use crate::words::counted;
use loopguard_analysis::{RuleVerdict, Verdict};
use std::fmt::{self, Write};

/// Rows of the table; those in loops come first.
const MOST_ROWS: usize = 1_000;
/// The longest reason that is told, in characters.
const LONGEST_REASON: usize = 220;

/// Returns the rules that have a row.
pub(super) fn shown<'a>(index: &Index<'a>) -> Vec<&'a RuleVerdict> {
    let mut rules: Vec<&RuleVerdict> = index.view.report.analysis.rules.iter().collect();
    rules.sort_by_key(|rule| (rank(rule.verdict), std::cmp::Reverse(rule.certainty)));
    rules.truncate(MOST_ROWS);
    rules
}

pub(super) fn section(
    out: &mut String,
    index: &Index<'_>,
    rules: &[&RuleVerdict],
    anchors: &Anchors<'_>,
) -> fmt::Result {
    let all = index.view.report.analysis.rules.len();
    writeln!(out, "<section aria-labelledby=\"rules\">\n<h2 id=\"rules\">All rules</h2>")?;
    if all > rules.len() {
        writeln!(
            out,
            "<p>The first {MOST_ROWS} of {}, those in loops first; <code>--format json</code> has them all.</p>",
            counted(all, "rule")
        )?;
    }
    out.push_str(FILTER);
    out.push_str("<div class=\"picture\" role=\"region\" tabindex=\"0\" aria-labelledby=\"rules\"><table>\n<thead><tr><th scope=\"col\">rule</th><th scope=\"col\">verdict</th><th scope=\"col\">where</th><th scope=\"col\">why</th></tr></thead>\n<tbody>\n");
    for (at, rule) in rules.iter().enumerate() {
        row(out, index, rule, &anchors::row(at), anchors)?;
    }
    out.push_str("</tbody>\n</table></div>\n</section>\n");
    Ok(())
}

/// Shown by the script alone: without it there is nothing to filter with.
const FILTER: &str = "<form id=\"filter\" role=\"search\" hidden>\n\
<label for=\"words\">Rules with</label> <input id=\"words\" type=\"search\" autocomplete=\"off\">\n\
<label for=\"verdict\">and verdict</label> <select id=\"verdict\"><option value=\"\">any</option><option>loop</option><option>unknown</option><option>latent</option><option>bounded</option><option>dead</option><option>none</option></select>\n\
<output id=\"count\" for=\"words verdict\"></output>\n</form>\n";

fn rank(verdict: Verdict) -> u8 {
    match verdict {
        Verdict::Loop => 0,
        Verdict::Unknown => 1,
        Verdict::Latent => 2,
        Verdict::Bounded => 3,
        Verdict::Dead => 4,
        Verdict::None => 5,
    }
}

fn row(
    out: &mut String,
    index: &Index<'_>,
    rule: &RuleVerdict,
    id: &str,
    anchors: &Anchors<'_>,
) -> fmt::Result {
    let read = index.rules.get(&rule.key);
    let place = read.map(|read| read.origin.to_string()).unwrap_or_default();
    let off = read.is_some_and(|read| read.state.as_str() == "DISABLED");
    let state = if off { ", off" } else { "" };
    let sure = rule.certainty.map(|certainty| format!(" ({certainty})")).unwrap_or_default();
    let reason = rule.reasons.first().map_or("", String::as_str);
    let short: String = reason.chars().take(LONGEST_REASON).collect();
    let cut = if short.len() < reason.len() { " …" } else { "" };
    let more = match rule.reasons.len() {
        0 | 1 => String::new(),
        count => format!(" (and {} more)", counted(count - 1, "reason")),
    };
    let name = format!("<code>{}</code>", marked_up(&rule.key.id));
    let name =
        anchors.to_loop_of(&rule.key).map_or(name.clone(), |link| format!("<a href=\"{link}\">{name}</a>"));
    writeln!(
        out,
        "<tr id=\"{id}\" data-verdict=\"{0}\"><th scope=\"row\">{name}<span class=\"muted\"> on {1}{state}</span></th><td><span class=\"verdict {0}\">{0}</span>{sure}</td><td><code class=\"place\">{2}</code></td><td>{3}{cut}{more}</td></tr>",
        rule.verdict.as_str(),
        marked_up(&rule.key.bus),
        marked_up(&place),
        prose(&short)
    )
}
