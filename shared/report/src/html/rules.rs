//! The table of all rules, with a filter for those who let scripts run.

use crate::markup::{marked_up, prose};
use crate::view::Index;
use crate::words::counted;
use loopguard_analysis::{RuleVerdict, Verdict};
use std::fmt::{self, Write};

/// Rows of the table; those in loops come first.
const MOST_ROWS: usize = 1_000;
/// The longest reason that is told, in characters.
const LONGEST_REASON: usize = 220;

pub(super) fn section(out: &mut String, index: &Index<'_>) -> fmt::Result {
    let mut rules: Vec<&RuleVerdict> = index.view.report.analysis.rules.iter().collect();
    rules.sort_by_key(|rule| (rank(rule.verdict), std::cmp::Reverse(rule.certainty)));
    let left = rules.len().saturating_sub(MOST_ROWS);
    writeln!(out, "<section aria-labelledby=\"rules\">\n<h2 id=\"rules\">All rules</h2>")?;
    if left > 0 {
        writeln!(
            out,
            "<p>The first {MOST_ROWS} of {}, those in loops first; <code>--format json</code> has them all.</p>",
            counted(rules.len(), "rule")
        )?;
    }
    out.push_str(FILTER);
    out.push_str("<div class=\"picture\" role=\"region\" tabindex=\"0\" aria-labelledby=\"rules\"><table>\n<thead><tr><th scope=\"col\">rule</th><th scope=\"col\">verdict</th><th scope=\"col\">where</th><th scope=\"col\">why</th></tr></thead>\n<tbody>\n");
    for rule in rules.iter().take(MOST_ROWS) {
        row(out, index, rule)?;
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

fn row(out: &mut String, index: &Index<'_>, rule: &RuleVerdict) -> fmt::Result {
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
    writeln!(
        out,
        "<tr data-verdict=\"{0}\"><th scope=\"row\"><code>{1}</code><span class=\"muted\"> on {2}{state}</span></th><td><span class=\"verdict {0}\">{0}</span>{sure}</td><td><code class=\"place\">{3}</code></td><td>{4}{cut}{more}</td></tr>",
        rule.verdict.as_str(),
        marked_up(&rule.key.id),
        marked_up(&rule.key.bus),
        marked_up(&place),
        prose(&short)
    )
}
