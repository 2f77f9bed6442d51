//! The hops of a cycle as places with labels, in the order in which they happen.

use crate::view::Index;
use loopguard_analysis::{Finding, Hop};
use loopguard_model::{FilePlace, Origin, Rule};
use loopguard_pattern::json::Span;
use loopguard_pattern::{Field, MatcherKind};
use serde_json::Value;
use std::ops::Range;
use std::sync::Arc;

/// The longest line of a file that is shown as it stands, in bytes. JSON on one line is no help to anybody.
const LONGEST_LINE: usize = 220;

/// One step of the story, with where it stands.
#[derive(Debug, Clone)]
pub(crate) struct Mark {
    /// Its place in the order of things, from 1, because files are shown from top to bottom; none for what only explains the step
    /// before it.
    pub(crate) number: Option<usize>,
    /// What happens there, as foreign text.
    pub(crate) label: String,
    /// The box that it is about, where rules and what they run are boxes by turns, from 0.
    pub(crate) about: usize,
    /// Where it stands, in words.
    pub(crate) origin: Origin,
    /// The text there; none where the file is not at hand.
    pub(crate) spot: Option<Spot>,
    /// Whether it is what a reader should look at first.
    pub(crate) is_primary: bool,
}

/// A range within one line of a file whose text is at hand.
#[derive(Debug, Clone)]
pub(crate) struct Spot {
    pub(crate) file: Arc<str>,
    pub(crate) text: Arc<str>,
    pub(crate) span: Range<usize>,
    /// From 1.
    pub(crate) line: u32,
    /// In characters, from 1.
    pub(crate) column: u32,
    /// Behind the last character.
    pub(crate) end_column: u32,
}

impl Mark {
    /// Marks where a fact stands; without a label it only points.
    pub(crate) fn at(index: &Index<'_>, origin: &Origin, label: &str, is_primary: bool) -> Self {
        Self::of(origin, Spot::of_origin(index, origin), label, is_primary)
    }

    fn of(origin: &Origin, spot: Option<Spot>, label: &str, is_primary: bool) -> Self {
        Self { number: None, label: label.to_owned(), about: 0, origin: origin.clone(), spot, is_primary }
    }

    /// Returns the label with its number.
    pub(crate) fn text(&self) -> String {
        self.number.map_or_else(|| self.label.clone(), |number| format!("{number}: {}", self.label))
    }
}

impl Spot {
    /// Returns the spot of a span, cut at the end of its first line; none where the text does not have it.
    pub(crate) fn of(index: &Index<'_>, file: &Arc<str>, span: Span) -> Option<Self> {
        let text = index.view.texts.of(file)?;
        let before = text.get(..span.start)?;
        let line_start = before.rfind('\n').map_or(0, |at| at + 1);
        let rest = text.get(line_start..)?;
        let line_text = rest.split('\n').next()?;
        if line_text.len() > LONGEST_LINE {
            return None;
        }
        let own = text.get(span.start..span.end.max(span.start))?.split('\n').next()?.trim_end();
        // A range that ends before it begins to show anything stands for the line.
        let own = if own.is_empty() { text.get(span.start..)?.split('\n').next()?.trim_end() } else { own };
        let count = |text: &str| u32::try_from(text.chars().count()).unwrap_or(u32::MAX);
        let column = count(text.get(line_start..span.start)?).saturating_add(1);
        let end = span.start + own.len();
        let line = u32::try_from(before.matches('\n').count()).unwrap_or(u32::MAX).saturating_add(1);
        let end_column = column.saturating_add(count(own));
        Some(Self { file: file.clone(), text: text.clone(), span: span.start..end, line, column, end_column })
    }

    fn of_origin(index: &Index<'_>, origin: &Origin) -> Option<Self> {
        let place = origin.place()?;
        Self::of(index, &place.file, place.span)
    }
}

/// Returns the steps of the cycle.
pub(crate) fn marks(index: &Index<'_>, finding: &Finding) -> Vec<Mark> {
    let mut marks = Vec::new();
    if finding.hops.is_empty() {
        let rule = finding.rules.first().and_then(|key| index.rules.get(key));
        return rule.map(|rule| Mark::at(index, &rule.origin, "", true)).into_iter().collect();
    }
    let several = finding.hops.len() > 1;
    let boxes = 2 * finding.hops.len();
    for (step, hop) in finding.hops.iter().enumerate() {
        let runs = format!("`{}` runs `{}`", hop.rule.id, name_of(hop));
        marks.push(Mark { about: 2 * step, ..Mark::at(index, &hop.origins.target, &runs, false) });
        marks.extend(calls(index, hop).into_iter().map(|mark| Mark { about: 2 * step + 1, ..mark }));
        let last = step + 1 == finding.hops.len();
        let next = finding.rules.get((step + 1) % finding.rules.len().max(1));
        let Some(rule) = next.and_then(|key| index.rules.get(key)) else { continue };
        let heard = match (last, several) {
            (true, true) => format!("its event matches `{}`: the circle is closed", rule.key.id),
            (true, false) => format!("its event matches `{}` again", rule.key.id),
            (false, _) => format!("its event matches `{}`", rule.key.id),
        };
        marks.push(Mark { about: (2 * step + 2) % boxes, ..heard_at(index, rule, hop, &heard, last) });
    }
    for (number, mark) in (1..).zip(marks.iter_mut().filter(|mark| mark.label != ALLOWED)) {
        mark.number = Some(number);
    }
    marks
}

/// What explains a step and is none.
const ALLOWED: &str = "its role allows it";

/// Returns what a target is called: the name within its ARN. Where several templates have that name, the file that it is told by
/// goes: the place says it.
pub(crate) fn name_of(hop: &Hop) -> String {
    let name = name_in(&hop.target.arn);
    let file = hop.origins.target.place().map(|place| format!(" of {}", place.file));
    match file.and_then(|file| name.strip_suffix(&file)) {
        Some(short) => short.to_owned(),
        None => name,
    }
}

fn name_in(arn: &str) -> String {
    // The dots of `${A.Arn}` and the colons of `${AWS::Region}` are no separators.
    let mut depth = 0usize;
    let mut from = 0;
    for (at, character) in arn.char_indices() {
        match character {
            '{' => depth += 1,
            '}' => depth = depth.saturating_sub(1),
            ':' | '/' if depth == 0 => from = at + 1,
            _ => {}
        }
    }
    let name = arn.get(from..).unwrap_or(arn);
    let plain = name.strip_prefix("${").and_then(|name| name.strip_suffix('}')).unwrap_or(name);
    if plain.is_empty() { arn.to_owned() } else { plain.to_owned() }
}

/// Where the call stands, and where it is allowed.
fn calls(index: &Index<'_>, hop: &Hop) -> Vec<Mark> {
    let mut marks = Vec::new();
    if let Some(call) = &hop.origins.call {
        let label = if hop.action.is_empty() {
            format!("which causes {}", event_words(hop))
        } else {
            format!("which calls {}", hop.action)
        };
        marks.push(Mark::at(index, call, &label, false));
    }
    if let Some(policy) = &hop.origins.policy {
        let spot = policy.place().and_then(|place| allowed_at(index, place, hop));
        let label = match (marks.is_empty(), hop.action.is_empty()) {
            (false, _) => ALLOWED.to_owned(),
            (true, false) => format!("which may call {}", hop.action),
            (true, true) => format!("which may cause {}", event_words(hop)),
        };
        marks.push(Mark::of(policy, spot, &label, false));
    }
    marks
}

/// Returns the event of a hop in two words.
pub(crate) fn event_words(hop: &Hop) -> String {
    match &hop.emits.event_name {
        Some(name) => format!("{} {name}", hop.emits.source),
        None if hop.emits.detail_type.is_empty() => hop.emits.source.to_string(),
        None => format!("{} `{}`", hop.emits.source, hop.emits.detail_type),
    }
}

/// The action within the statement that allows it, else the statement, else the policy.
fn allowed_at(index: &Index<'_>, place: &FilePlace, hop: &Hop) -> Option<Spot> {
    let whole = || Spot::of(index, &place.file, place.span);
    let Some(span) = hop.origins.statement else { return whole() };
    let text = index.view.texts.of(&place.file)?;
    let Some(own) = text.get(span.start..span.end).filter(|own| own.contains("ction")) else {
        return whole();
    };
    let service = hop.action.split(':').next().filter(|service| !service.is_empty());
    let star = service.map(|service| format!("{service}:"));
    let wanted = [Some(hop.action.to_string()).filter(|action| !action.is_empty()), star];
    let found = wanted.iter().flatten().find_map(|word| {
        let start = own.to_ascii_lowercase().find(&word.to_ascii_lowercase())?;
        let rest = own.get(start..)?;
        let end = rest.find(|c: char| c.is_whitespace() || matches!(c, '"' | '\'' | ',' | ']' | '}'));
        Some(Span { start: span.start + start, end: span.start + start + end.unwrap_or(rest.len()) })
    });
    Spot::of(index, &place.file, found.unwrap_or(span))
}

/// The value of the rule's pattern that the event meets, else the rule.
fn heard_at(index: &Index<'_>, rule: &Rule, hop: &Hop, label: &str, is_primary: bool) -> Mark {
    let spot = value_at(index, rule, hop).or_else(|| Spot::of_origin(index, &rule.origin));
    Mark::of(&rule.origin, spot, label, is_primary)
}

/// The fields that name an event, the most telling first.
const NAMING: [&str; 4] = ["detail.eventName", "detail-type", "detail.eventSource", "source"];

fn value_at(index: &Index<'_>, rule: &Rule, hop: &Hop) -> Option<Spot> {
    let place = rule.origin.place()?;
    let text = index.view.texts.of(&place.file)?;
    let pattern = rule.trigger.pattern()?;
    let event = crate::witness::event(hop);
    let naming = |path: &str| pattern.branches().iter().find_map(|branch| branch.field(path));
    let named = NAMING.iter().filter_map(|path| Some((*path, naming(path)?)));
    let spans = named.filter_map(|(path, field)| met(field, event.as_ref(), path));
    // Several files may be read as one text, in which a pattern's places are not those of its file: the text has to agree.
    spans
        .filter(|(span, literal)| text.get(span.start..span.end).is_some_and(|own| own.contains(&**literal)))
        .find_map(|(span, _)| Spot::of(index, &place.file, span))
}

/// The alternative of a field that the event has, with its text; the first where it has none of them literally.
fn met(field: &Field, event: Option<&Value>, path: &str) -> Option<(Span, Arc<str>)> {
    let mut values = field.matchers.iter().filter_map(|matcher| match &matcher.kind {
        MatcherKind::Exact(term) => Some((matcher.span, term.as_literal()?)),
        MatcherKind::Prefix(affix) => Some((matcher.span, affix.text.as_literal()?)),
        _ => None,
    });
    let wanted = event.and_then(|event| {
        let in_detail = path.strip_prefix("detail.").and_then(|name| event.get("detail")?.get(name));
        in_detail.or_else(|| event.get(path))?.as_str().map(str::to_owned)
    });
    let all: Vec<(Span, Arc<str>)> = values.by_ref().collect();
    let same = all.iter().find(|(_, literal)| wanted.as_deref() == Some(&**literal));
    same.or(all.first()).cloned()
}

#[cfg(test)]
mod tests {
    use super::name_in;

    #[test]
    fn targets_are_called_by_the_last_part_of_their_arns() {
        for (arn, name) in [
            ("arn:aws:lambda:${AWS::Region}:${AWS::AccountId}:function:${Fixer}", "Fixer"),
            ("arn:aws:events:eu-west-1:111122223333:event-bus/orders", "orders"),
            ("arn:aws:states:us-east-1:111122223333:stateMachine:${Prefix}-nightly", "${Prefix}-nightly"),
            ("${Machine.Arn}", "Machine.Arn"),
            ("arn:aws:s3:::", "arn:aws:s3:::"),
            ("odd } text", "odd } text"),
        ] {
            assert_eq!(name_in(arn), name);
        }
    }
}
