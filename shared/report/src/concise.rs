//! One line for each finding, as compilers print them: `file:line:col: error[code]: headline`.

use crate::diagnostic::{Diagnostic, diagnostics};
use crate::view::{Index, View};
use crate::words::totals;
use crate::{Paint, Summary, escaped};
use std::fmt::Write;

/// Returns a line for each finding, in the order of the report, and one with the totals.
pub fn concise(view: &View<'_>, paint: Paint) -> String {
    let index = Index::of(view);
    let mut out = String::new();
    for diagnostic in diagnostics(&index).iter().filter(|told| told.is_told()) {
        // Writing to a string does not fail.
        let _ = writeln!(out, "{}", line(diagnostic, paint));
    }
    let _ = writeln!(out, "{}", totals(&Summary::of(view.report.analysis)));
    out
}

/// Returns a finding in one line.
pub(crate) fn line(told: &Diagnostic<'_>, paint: Paint) -> String {
    let place = paint.bold(&escaped(&told.origin.to_string()));
    let code = paint.severity(told.severity, &format!("{}[{}]", told.severity.as_str(), told.code));
    let new = if told.is_new == Some(true) { " (new)" } else { "" };
    format!("{place}: {code}: {}{new}", escaped(&told.headline))
}
