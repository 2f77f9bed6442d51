//! The report for people: source lines with labels, facts, changes as diffs.

use crate::bare::{self, Note, Section};
use crate::change::{Change, FileEdit};
use crate::diagnostic::{Diagnostic, Fact, diagnostics, of_finding};
use crate::safe_source::SafeSource;
use crate::story::{Mark, Spot};
use crate::view::{Index, View};
use crate::words::totals;
use crate::{Base, Paint, Report, Summary, escaped};
use annotate_snippets::{AnnotationKind, Group, Level, Message, Origin as Place, Patch, Renderer, Snippet};
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
    let shown = pieces(&marks);
    let parts = Parts {
        headline: escaped(&told.headline),
        place: escaped_place(told),
        notes: notes(told, &marks),
        offers: changes.iter().map(Offer::of).chain(told.no_remedy.map(Offer::none)).collect(),
    };
    let is_bare = shown.is_empty() && parts.offers.iter().all(|offer| offer.edits.is_empty());
    let bare = if is_bare && paint == Paint::Plain { bare::lines(&parts.sections(told)) } else { None };
    bare.unwrap_or_else(|| parts.laid_out(told, &shown, paint))
}

/// What is written of a finding beside the lines of its sources. All of its texts are escaped.
struct Parts<'c> {
    headline: String,
    place: Placed,
    notes: Vec<Note>,
    offers: Vec<Offer<'c>>,
}

/// Where a finding stands: the file, or words, with line and column where it has them.
type Placed = (String, Option<(u32, u32)>);

impl Parts<'_> {
    /// Returns the same as lines that no source stands between.
    fn sections(&self, told: &Diagnostic<'_>) -> Vec<Section> {
        let place = match &self.place {
            (file, Some((line, column))) => format!("{file}:{line}:{column}"),
            (words, None) => words.clone(),
        };
        let own = Section {
            heading: format!("{}[{}]: {}", told.severity.as_str(), told.code, self.headline),
            place: Some(place),
            notes: self.notes.clone(),
        };
        let offered = |offer: &Offer<'_>| Section {
            heading: format!("help: {}", offer.headline),
            place: None,
            notes: offer.notes.clone(),
        };
        std::iter::once(own).chain(self.offers.iter().map(offered)).collect()
    }

    /// Lays out the lines of the sources with their labels, and the rest around them.
    fn laid_out(&self, told: &Diagnostic<'_>, shown: &[Piece<'_>], paint: Paint) -> String {
        let title = level(told.severity).primary_title(self.headline.as_str()).id(told.code.as_str());
        let group = if shown.is_empty() {
            let (file, place) = &self.place;
            let number = |n: u32| usize::try_from(n).unwrap_or(usize::MAX);
            let origin = Place::path(file.as_str());
            let origin = match place {
                Some((line, column)) => origin.line(number(*line)).char_column(number(*column)),
                None => origin,
            };
            Group::with_title(title).element(origin)
        } else {
            let shown = shown.iter().map(|piece| piece.snippet());
            Group::with_title(title).elements(shown.collect::<Vec<_>>())
        };
        let mut groups = vec![group.elements(self.notes.iter().map(message))];
        groups.extend(self.offers.iter().map(|offer| {
            Group::with_title(Level::HELP.secondary_title(offer.headline.as_str()))
                .elements(offer.edits.iter().filter_map(patched))
                .elements(offer.notes.iter().map(message))
        }));
        let renderer = if paint == Paint::Ansi { Renderer::styled() } else { Renderer::plain() };
        renderer.render(&groups)
    }
}

fn message(note: &Note) -> Message<'_> {
    let level = if note.is_named { Level::NOTE } else { Level::INFO.no_name() };
    level.message(note.text.as_str())
}

fn escaped_place(told: &Diagnostic<'_>) -> Placed {
    match told.origin.place() {
        Some(place) => (escaped(&place.file), Some((place.line, place.column))),
        None => (escaped(&told.origin.to_string()), None),
    }
}

/// The steps whose text is not at hand, told in words, then the facts.
fn notes(told: &Diagnostic<'_>, marks: &[Mark]) -> Vec<Note> {
    let in_words = marks.iter().filter(|mark| mark.spot.is_none() && !mark.label.is_empty());
    let step = |mark: &Mark| {
        Note::plain(format!("{} ({})", escaped(&mark.text()), escaped(&mark.origin.to_string())))
    };
    let fact = |fact: &Fact| Note::named(escaped(&fact.text));
    in_words.map(step).chain(told.facts.iter().map(fact)).collect()
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
            kind.span(span.clone()).label(Some(escaped(&mark.text())).filter(|label| !label.is_empty()))
        });
        Snippet::source(self.source.text())
            .path(escaped(self.file))
            .line_start(usize::try_from(self.first_line).unwrap_or(1))
            .annotations(labels)
    }
}

/// What is offered: a change as a diff of its file, else as what to write.
struct Offer<'c> {
    headline: String,
    edits: &'c [FileEdit],
    notes: Vec<Note>,
}

impl<'c> Offer<'c> {
    fn of(change: &'c Change<'_>) -> Self {
        let edits = change.readable();
        let mut notes = Vec::new();
        if edits.is_empty() {
            notes.push(Note::plain(escaped(&change.instead)));
            notes.extend(change.places.iter().map(|place| Note::plain(format!("in {}", escaped(place)))));
        }
        if !change.loses.is_empty() {
            notes.push(Note::named(format!("loses: {}", escaped(change.loses))));
        }
        Self { headline: escaped(change.headline), edits, notes }
    }

    /// Says why there is nothing to offer.
    fn none(why: &str) -> Self {
        Self { headline: format!("none proved: {}", escaped(why)), edits: &[], notes: Vec::new() }
    }
}

/// The edit over the line that it changes.
fn patched(of: &FileEdit) -> Option<Snippet<'_, Patch<'_>>> {
    let change = of.replacement()?;
    let new =
        if change.is_below { format!("\n{}", change.new.trim_end_matches(['\n', '\r'])) } else { change.new };
    let patch = Patch::new(change.at, new);
    Some(Snippet::source(change.old).path(escaped(&of.file)).line_start(of.edit.at + 1).patch(patch))
}

#[cfg(test)]
mod tests;
