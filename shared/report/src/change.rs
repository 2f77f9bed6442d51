//! A remedy as a change of the user's own files.

use crate::condition::{self, condition};
use crate::patch::{Edit, added, diff, edit};
use crate::view::Index;
use crate::words::place_of;
use loopguard_analysis::{Finding, PolicyRemedy, Remedy};
use loopguard_model::Origin;
use std::ops::Range;
use std::sync::Arc;

/// What to change, and how.
pub(crate) struct Change<'a> {
    pub(crate) headline: &'a str,
    /// What else it loses; may be empty.
    pub(crate) loses: &'a str,
    /// The change of files; empty where it cannot be told as one.
    pub(crate) edits: Vec<FileEdit>,
    /// The new pattern, or the condition, as JSON.
    pub(crate) json: String,
    /// What to do with it, for people: of a pattern only what is added, where that is all.
    pub(crate) instead: String,
    /// Where it goes, in words; empty for a rule's pattern.
    pub(crate) places: Vec<String>,
}

/// The most bytes of a line that people read. A template without line breaks is one line, and no diff of it is for people.
const LONGEST_LINE: usize = 2_000;

impl Change<'_> {
    /// Returns the edits as people can read them; none where a line is too long for that, so that `instead` has to say it.
    pub(crate) fn readable(&self) -> &[FileEdit] {
        if self.edits.iter().all(FileEdit::is_readable) { &self.edits } else { &[] }
    }
}

/// A change of one file.
#[derive(Debug)]
pub(crate) struct FileEdit {
    pub(crate) file: Arc<str>,
    pub(crate) text: Arc<str>,
    pub(crate) edit: Edit,
}

impl FileEdit {
    /// Returns the change as a unified diff.
    pub(crate) fn diff(&self) -> Option<String> {
        let lines: Vec<&str> = self.text.split_inclusive('\n').collect();
        diff(&self.file, &lines, &self.edit)
    }

    /// Returns what is put where, and nothing that stays as it is.
    pub(crate) fn replacement(&self) -> Option<Replacement> {
        let line = self.text.split_inclusive('\n').nth(self.edit.at)?.trim_end_matches(['\n', '\r']);
        let Some(changed) = &self.edit.changed else {
            let new = self.edit.added.concat();
            return Some(Replacement {
                old: line.to_owned(),
                at: line.len()..line.len(),
                new,
                is_below: true,
            });
        };
        let changed = changed.trim_end_matches(['\n', '\r']);
        let same = |(a, b): &(char, char)| a == b;
        let bytes = |pairs: &mut dyn Iterator<Item = (char, char)>| -> usize {
            pairs.take_while(same).map(|(c, _)| c.len_utf8()).sum()
        };
        let before = bytes(&mut line.chars().zip(changed.chars()));
        let (rest, new) = (line.get(before..)?, changed.get(before..)?);
        let behind = bytes(&mut rest.chars().rev().zip(new.chars().rev()));
        let new = new.get(..new.len() - behind)?.to_owned();
        Some(Replacement { old: line.to_owned(), at: before..line.len() - behind, new, is_below: false })
    }

    fn is_readable(&self) -> bool {
        self.diff().is_some_and(|diff| diff.lines().all(|line| line.len() <= LONGEST_LINE))
    }

    /// Whether the diff fits its file as it is printed.
    fn is_plain(&self) -> bool {
        let plain = |c: char| !c.is_control() || c == '\n' || c == '\r' || c == '\t';
        self.diff().is_some_and(|diff| diff.chars().all(plain))
    }
}

/// A change within one line, or lines below it.
pub(crate) struct Replacement {
    /// The line as it is, without its end.
    pub(crate) old: String,
    /// The bytes of the line that go.
    pub(crate) at: Range<usize>,
    /// What comes instead; whole lines, if it comes below.
    pub(crate) new: String,
    pub(crate) is_below: bool,
}

/// Returns the changes that a finding offers.
pub(crate) fn changes<'a>(index: &Index<'a>, finding: &'a Finding) -> Vec<Change<'a>> {
    let patterns = finding.remedies.iter().map(|remedy| of_pattern(index, remedy));
    patterns.chain(finding.policy_remedies.iter().map(|remedy| of_policy(index, remedy))).collect()
}

pub(crate) fn of_pattern<'a>(index: &Index<'a>, remedy: &'a Remedy) -> Change<'a> {
    Change {
        headline: &remedy.headline,
        loses: &remedy.loses,
        edits: pattern_edit(index, remedy).filter(FileEdit::is_plain).into_iter().collect(),
        json: remedy.pattern.clone(),
        instead: instead(index, remedy),
        places: Vec::new(),
    }
}

fn pattern_edit(index: &Index<'_>, remedy: &Remedy) -> Option<FileEdit> {
    let rule = index.rules.get(&remedy.rule)?;
    let Origin::File(place) = &rule.origin else { return None };
    let text = index.view.texts.of(&place.file)?;
    let edit = edit(place, &text, rule.trigger.pattern()?, &remedy.pattern)?;
    Some(FileEdit { file: place.file.clone(), text, edit })
}

fn instead(index: &Index<'_>, remedy: &Remedy) -> String {
    let old = index.rules.get(&remedy.rule).and_then(|rule| rule.trigger.pattern());
    let key = old.and_then(|old| added(old, &remedy.pattern)).map(|member| member.key);
    let whole: Option<serde_json::Value> = serde_json::from_str(&remedy.pattern).ok();
    let value = key.as_ref().and_then(|key| whole.as_ref()?.get(&**key).map(|value| (key, value)));
    match value {
        Some((key, value)) => format!("add to the pattern of `{}`: \"{key}\": {value}", remedy.rule.id),
        None => format!("make the pattern of `{}`: {}", remedy.rule.id, remedy.pattern),
    }
}

pub(crate) fn of_policy<'a>(index: &Index<'a>, remedy: &'a PolicyRemedy) -> Change<'a> {
    let edits = condition::edits(remedy, &index.view.texts).unwrap_or_default();
    Change {
        headline: &remedy.headline,
        loses: &remedy.loses,
        edits: if edits.iter().all(FileEdit::is_plain) { edits } else { Vec::new() },
        instead: format!("add to the statement: \"Condition\": {}", condition(remedy)),
        json: condition(remedy),
        places: remedy.statements.iter().map(place_of).collect(),
    }
}
