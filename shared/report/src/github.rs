//! Workflow commands of GitHub Actions, which show findings beside the lines of a pull request.

use crate::Summary;
use crate::diagnostic::{Diagnostic, diagnostics};
use crate::escape::escaped;
use crate::story::Mark;
use crate::view::{Index, View};
use crate::words::totals;
use loopguard_analysis::Severity;
use std::fmt::Write;

/// Returns a workflow command for each finding, and a line with the totals. With a base only what is new is told.
pub fn github(view: &View<'_>) -> String {
    let index = Index::of(view);
    let mut out = String::new();
    let all = diagnostics(&index);
    for diagnostic in all.iter().filter(|told| told.is_told() && told.is_new != Some(false)) {
        // Writing to a string does not fail.
        let _ = writeln!(out, "{}", command(&index, diagnostic));
    }
    let _ = writeln!(out, "{}", totals(&Summary::of(view.report.analysis)));
    out
}

fn command<'a>(index: &Index<'a>, told: &Diagnostic<'a>) -> String {
    let marks = told.marks(index);
    let name = match told.severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
        Severity::Note => "notice",
    };
    let spot = marks.iter().find(|mark| mark.is_primary).and_then(|mark| mark.spot.as_ref());
    let place = match (spot, told.origin.place()) {
        (Some(spot), _) => format!(
            "file={},line={},col={},endColumn={},",
            property(&spot.file),
            spot.line,
            spot.column,
            spot.end_column
        ),
        (None, Some(place)) => {
            format!("file={},line={},col={},", property(&place.file), place.line, place.column)
        }
        (None, None) => String::new(),
    };
    let mut message = escaped(&told.headline);
    for line in marks
        .iter()
        .map(Mark::text)
        .filter(|text| !text.is_empty())
        .chain(told.facts.iter().map(|fact| fact.text.clone()))
    {
        message.push('\n');
        message.push_str(&escaped(&line));
    }
    let title = property(&format!("loopguard {}", told.code));
    format!("::{name} {place}title={title}::{}", data(&message))
}

/// A message: only a line break could end it, and a percent sign could look like an escape.
fn data(text: &str) -> String {
    text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

/// A value among others.
fn property(text: &str) -> String {
    data(&escaped(text)).replace(':', "%3A").replace(',', "%2C")
}

#[cfg(test)]
mod tests {
    use super::{data, property};

    #[test]
    fn nothing_ends_a_command_before_its_end() {
        assert_eq!(data("50%\n::error::x\r"), "50%25%0A::error::x%0D");
        assert_eq!(property("a,b:c\n::error::"), "a%2Cb%3Ac\\u{a}%3A%3Aerror%3A%3A");
    }
}
