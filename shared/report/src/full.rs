//! The report for people: source lines with labels, facts, changes as diffs.

use crate::change::{Change, FileEdit};
use crate::diagnostic::{Diagnostic, diagnostics, of_finding};
use crate::safe_source::SafeSource;
use crate::story::{Mark, Spot};
use crate::view::{Index, View};
use crate::words::totals;
use crate::{Base, Paint, Report, Summary, escaped};
use annotate_snippets::{AnnotationKind, Group, Level, Origin as Place, Patch, Renderer, Snippet};
use loopguard_analysis::{Finding, Severity};
use loopguard_decision::cost::Prices;
use std::fmt::{self, Write};
use std::ops::Range;

/// Lines of a file between two labels that are read along with them; what is farther apart is shown as two pieces.
const NEAR_LINES: u32 = 400;

/// Returns the report for a terminal: findings, then what was not understood, then assumptions and totals.
/// Same report, same bytes.
pub fn full(view: &View<'_>, paint: Paint) -> String {
    let index = Index::of(view);
    let mut out = String::new();
    // Writing to a string does not fail.
    let _ = write(&mut out, &index, paint);
    out
}

/// Returns one finding as [`full`] tells it, without the texts of files; empty where the levels leave it out.
pub fn finding(report: &Report<'_>, finding: &Finding) -> String {
    let prices = Prices::of_region("us-east-1");
    let index = Index::of(&View::of(*report, &prices));
    let told = of_finding(&index, finding);
    told.map(|told| rendered(&index, &told, Paint::Plain) + "\n").unwrap_or_default()
}

fn write(out: &mut String, index: &Index<'_>, paint: Paint) -> fmt::Result {
    let Report { inventory, analysis, .. } = index.view.report;
    let all: Vec<Diagnostic<'_>> = diagnostics(index).into_iter().filter(Diagnostic::is_told).collect();
    for diagnostic in all.iter().filter(|told| told.is_new != Some(false)) {
        writeln!(out, "{}\n", rendered(index, diagnostic, paint))?;
    }
    if let Some(base) = index.view.base {
        compared(out, base, &all, paint)?;
    }
    for note in &inventory.notes {
        writeln!(out, "note: {}: {}", escaped(&note.origin.to_string()), escaped(&note.message))?;
    }
    if !inventory.notes.is_empty() {
        writeln!(out)?;
    }
    if !analysis.assumptions.is_empty() {
        writeln!(out, "taken for granted:")?;
        for assumption in &analysis.assumptions {
            writeln!(out, "  - {}", escaped(assumption))?;
        }
        writeln!(out)?;
    }
    writeln!(out, "{}", totals(&Summary::of(analysis)))
}

fn compared(out: &mut String, base: &Base, all: &[Diagnostic<'_>], paint: Paint) -> fmt::Result {
    let fixed = base.fixed(all.iter().map(|told| told.fingerprint.as_str()));
    for diagnostic in all.iter().filter(|told| told.is_new == Some(false)) {
        writeln!(out, "unchanged: {}", crate::concise::line(diagnostic, paint))?;
    }
    for was in &fixed {
        writeln!(out, "fixed: {}[{}]: {}", was.severity, was.code, escaped(&was.headline))?;
    }
    writeln!(out, "{}\n", escaped(&since(base, all)))
}

/// Returns the comparison in one line.
pub(crate) fn since(base: &Base, all: &[Diagnostic<'_>]) -> String {
    let fixed = base.fixed(all.iter().map(|told| told.fingerprint.as_str())).len();
    let new = all.iter().filter(|told| told.is_new == Some(true)).count();
    format!("since {}: {new} new, {fixed} fixed, {} unchanged", base.name(), all.len() - new)
}

fn level(severity: Severity) -> Level<'static> {
    match severity {
        Severity::Error => Level::ERROR,
        Severity::Warning => Level::WARNING,
        Severity::Note => Level::NOTE,
    }
}

pub(crate) fn rendered<'a>(index: &Index<'a>, told: &Diagnostic<'a>, paint: Paint) -> String {
    let (marks, changes) = (told.marks(index), told.changes(index));
    let title = level(told.severity).primary_title(escaped(&told.headline)).id(told.code.as_str());
    let shown = pieces(&marks);
    let mut group = if shown.is_empty() {
        Group::with_title(title).element(place(told))
    } else {
        let shown = shown.iter().map(|piece| piece.snippet());
        Group::with_title(title).elements(shown.collect::<Vec<_>>())
    };
    // A step whose text is not at hand is told in words.
    for mark in marks.iter().filter(|mark| mark.spot.is_none() && !mark.label.is_empty()) {
        let text = format!("{} ({})", escaped(&mark.label), escaped(&mark.origin.to_string()));
        group = group.element(Level::INFO.no_name().message(text));
    }
    for fact in &told.facts {
        group = group.element(Level::NOTE.message(escaped(&fact.text)));
    }
    let mut groups = vec![group];
    groups.extend(changes.iter().map(offered));
    if let Some(why) = told.no_remedy {
        let title = Level::HELP.secondary_title(format!("none proved: {}", escaped(why)));
        groups.push(Group::with_title(title));
    }
    let renderer = if paint == Paint::Ansi { Renderer::styled() } else { Renderer::plain() };
    renderer.render(&groups)
}

fn place(told: &Diagnostic<'_>) -> Place<'static> {
    match told.origin.place() {
        Some(place) => {
            let number = |n: u32| usize::try_from(n).unwrap_or(usize::MAX);
            Place::path(escaped(&place.file)).line(number(place.line)).char_column(number(place.column))
        }
        None => Place::path(escaped(&told.origin.to_string())),
    }
}

/// Lines of one file with labels.
struct Piece<'m> {
    file: &'m str,
    first_line: u32,
    source: SafeSource,
    labels: Vec<(Range<usize>, &'m Mark)>,
}

/// Returns the marks by files, in the order in which the story first comes to each; marks far from each other make two pieces.
fn pieces(marks: &[Mark]) -> Vec<Piece<'_>> {
    let mut clusters: Vec<Vec<(&Mark, &Spot)>> = Vec::new();
    let mut placed: Vec<(&Mark, &Spot)> =
        marks.iter().filter_map(|mark| mark.spot.as_ref().map(|spot| (mark, spot))).collect();
    // The file of the primary label goes first, as the header names it.
    let first = placed.iter().find(|(mark, _)| mark.is_primary).map(|(_, spot)| spot.file.clone());
    placed.sort_by_key(|(_, spot)| (Some(&spot.file) != first.as_ref(), spot.file.clone(), spot.line));
    for (mark, spot) in placed {
        let near = |cluster: &Vec<(&Mark, &Spot)>| {
            cluster.last().is_some_and(|(_, last)| {
                last.file == spot.file && spot.line.saturating_sub(last.line) <= NEAR_LINES
            })
        };
        match clusters.last_mut().filter(|cluster| near(cluster)) {
            Some(cluster) => cluster.push((mark, spot)),
            None => clusters.push(vec![(mark, spot)]),
        }
    }
    clusters.iter().filter_map(|cluster| Piece::of(cluster)).collect()
}

impl<'m> Piece<'m> {
    fn of(cluster: &[(&'m Mark, &'m Spot)]) -> Option<Self> {
        let (_, first) = cluster.first()?;
        let (_, last) = cluster.last()?;
        let start = first.text.get(..first.span.start)?.rfind('\n').map_or(0, |at| at + 1);
        let rest = first.text.get(last.span.end..)?;
        let end = last.span.end + rest.find('\n').unwrap_or(rest.len());
        let source = SafeSource::of(first.text.get(start..end)?);
        let labels = cluster.iter().map(|(mark, spot)| {
            let at = |byte: usize| source.at(byte.saturating_sub(start));
            (at(spot.span.start)..at(spot.span.end), *mark)
        });
        let labels = labels.collect();
        Some(Self { file: &first.file, first_line: first.line, source, labels })
    }

    fn snippet(&self) -> Snippet<'_, annotate_snippets::Annotation<'_>> {
        let labels = self.labels.iter().map(|(span, mark)| {
            let kind = if mark.is_primary { AnnotationKind::Primary } else { AnnotationKind::Context };
            kind.span(span.clone()).label(Some(escaped(&mark.label)).filter(|label| !label.is_empty()))
        });
        Snippet::source(self.source.text())
            .path(escaped(self.file))
            .line_start(usize::try_from(self.first_line).unwrap_or(1))
            .annotations(labels)
    }
}

/// The change as a diff of its file, else as what to write.
fn offered<'a>(change: &'a Change<'_>) -> Group<'a> {
    let mut group = Group::with_title(Level::HELP.secondary_title(escaped(change.headline)));
    let edits = change.readable();
    group = group.elements(edits.iter().filter_map(patched));
    if edits.is_empty() {
        group = group.element(Level::HELP.no_name().message(escaped(&change.instead)));
    }
    for place in change.places.iter().filter(|_| edits.is_empty()) {
        group = group.element(Level::INFO.no_name().message(format!("in {}", escaped(place))));
    }
    if !change.loses.is_empty() {
        group = group.element(Level::NOTE.message(format!("loses: {}", escaped(change.loses))));
    }
    group
}

/// The edit over the line that it changes.
fn patched(of: &FileEdit) -> Option<Snippet<'static, Patch<'static>>> {
    let change = of.replacement()?;
    let new =
        if change.is_below { format!("\n{}", change.new.trim_end_matches(['\n', '\r'])) } else { change.new };
    let patch = Patch::new(change.at, new);
    Some(Snippet::source(change.old).path(escaped(&of.file)).line_start(of.edit.at + 1).patch(patch))
}
