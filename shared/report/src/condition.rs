//! A condition in a policy as a change of the user's own file.

use crate::change::FileEdit;
use crate::patch::{CONTEXT, Edit, indent_of, line_at, names_are_known, text as quoted};
use crate::view::Texts;
use loopguard_analysis::{PolicyRemedy, StatementPlace};
use loopguard_model::Origin;
use loopguard_pattern::json;
use std::sync::Arc;

/// Returns the condition as JSON: `{"StringNotEquals": {"events:source": ["orders"]}}`.
pub(crate) fn condition(remedy: &PolicyRemedy) -> String {
    let values: Vec<String> = remedy.values.iter().map(|value| json::quoted(&value.to_string())).collect();
    block(&json::quoted(&remedy.operator), &json::quoted(&remedy.key), &values)
}

fn block(operator: &str, key: &str, values: &[String]) -> String {
    format!("{{{operator}: {{{key}: [{}]}}}}", values.join(", "))
}

/// Returns edits that put the condition into each statement; none where one of them is not found for sure in a file,
/// or has conditions already, or two are so near that one diff would not fit after the other. Where a policy template of SAM
/// makes a statement of the only role, one that denies the same is put before it instead, which all of the role obeys.
pub(crate) fn edits(remedy: &PolicyRemedy, texts: &Texts<'_>) -> Option<Vec<FileEdit>> {
    if let [_] = remedy.roles.as_slice()
        && let Some(denial) = remedy.statements.iter().find_map(|statement| denial(remedy, statement, texts))
    {
        return Some(vec![denial]);
    }
    let mut edits: Vec<FileEdit> = Vec::new();
    for statement in &remedy.statements {
        let (file, text) = file_of(statement, texts)?;
        let lines: Vec<&str> = text.split_inclusive('\n').collect();
        let at = Statement::of(statement, &text)?;
        let edit = at.in_braces(remedy).or_else(|| at.in_block(remedy, &lines))?;
        let is_near = |other: &FileEdit| other.file == file && other.edit.at.abs_diff(edit.at) <= NEAR;
        if edits.iter().any(is_near) {
            return None;
        }
        edits.push(FileEdit { file, text, edit });
    }
    Some(edits)
}

/// Lines within which two diffs are in each other's way.
const NEAR: usize = 2 * CONTEXT + 1;

fn denial(remedy: &PolicyRemedy, statement: &StatementPlace, texts: &Texts<'_>) -> Option<FileEdit> {
    let (file, text) = file_of(statement, texts)?;
    let edit = Statement::of(statement, &text)?.before(remedy)?;
    Some(FileEdit { file, text, edit })
}

fn file_of(statement: &StatementPlace, texts: &Texts<'_>) -> Option<(Arc<str>, Arc<str>)> {
    let Origin::File(place) = &statement.origin else { return None };
    Some((place.file.clone(), texts.of(&place.file)?))
}

/// A statement, or the policy template that makes it, within a file.
struct Statement<'t> {
    text: &'t str,
    start: usize,
    /// The byte behind it, white space left out.
    end: usize,
    /// Its own text.
    own: &'t str,
    is_plain: bool,
}

impl<'t> Statement<'t> {
    fn of(place: &StatementPlace, text: &'t str) -> Option<Self> {
        let own = text.get(place.span.start..place.span.end)?.trim_end();
        let (start, end) = (place.span.start, place.span.start + own.len());
        let word = |key: &str| own.contains(&format!("{key}:")) || own.contains(&format!("\"{key}\""));
        let is_plain = word("Effect") && word("Action");
        (!place.has_conditions && !word("Condition")).then_some(Self { text, start, end, own, is_plain })
    }

    /// A statement in braces: a member before the last of them.
    fn in_braces(&self, remedy: &PolicyRemedy) -> Option<Edit> {
        if !self.is_plain || !self.own.starts_with('{') {
            return None;
        }
        let inner = self.own.strip_suffix('}')?.trim_end();
        let json = self.own.trim_start_matches('{').trim_start().starts_with('"');
        let member = member(remedy, json)?;
        self.insert(self.start + inner.len(), &format!(", {member}"))
    }

    /// A statement in YAML's block style: a line below its last.
    fn in_block(&self, remedy: &PolicyRemedy, lines: &[&str]) -> Option<Edit> {
        if !self.is_plain || self.own.starts_with('{') {
            return None;
        }
        let first = line_at(self.text, self.start)?;
        let last = line_at(self.text, self.end.checked_sub(1)?)?;
        let begun = self.text.get(..self.start)?;
        let margin = begun.rsplit('\n').next()?;
        let indent = margin.chars().count();
        let dashed = margin.chars().all(|c| c == ' ' || c == '-');
        let told = |line: &&&str| !line.trim().is_empty() && !line.trim_start().starts_with('#');
        let inside = lines.get(first + 1..=last)?.iter().filter(told).all(|line| indent_of(line) >= indent);
        let ending = if self.text.contains("\r\n") { "\r\n" } else { "\n" };
        let line = format!("{}{}{ending}", " ".repeat(indent), member(remedy, false)?);
        let whole = lines.get(last)?.ends_with('\n');
        (dashed && inside && whole).then(|| Edit { at: last, changed: None, added: vec![line] })
    }

    /// A policy template of SAM: a document before it that denies what the condition refuses.
    fn before(&self, remedy: &PolicyRemedy) -> Option<Edit> {
        let name = self.own.trim_start_matches('{').trim_start().split(':').next()?;
        let is_template = name.ends_with("Policy") && name.chars().all(|c| c.is_ascii_alphanumeric());
        let denying = remedy.operator.replace("StringNot", "String");
        let values: Option<Vec<String>> =
            remedy.values.iter().map(|term| quoted(&term.to_string())).collect();
        let condition = block(&denying, &format!("'{}'", remedy.key), &values?);
        let document = format!(
            "{{Statement: [{{Effect: Deny, Action: 'events:PutEvents', Resource: '*', Condition: {condition}}}]}}"
        );
        if !is_template || self.is_plain {
            return None;
        }
        if self.own.starts_with('{') {
            return self.insert(self.start, &format!("{document}, "));
        }
        let margin = self.text.get(..self.start)?.rsplit('\n').next()?;
        let dash = margin.trim_end();
        let ending = if self.text.contains("\r\n") { "\r\n" } else { "\n" };
        let indent = dash.strip_suffix('-').filter(|before| before.chars().all(|c| c == ' '))?;
        let line = line_at(self.text, self.start)?.checked_sub(1)?;
        let added = vec![format!("{indent}- {document}{ending}")];
        Some(Edit { at: line, changed: None, added })
    }

    /// Puts a text at a byte of the file. A comment before it would swallow what is put there.
    fn insert(&self, at: usize, new: &str) -> Option<Edit> {
        let start = self.text.get(..at)?.rfind('\n').map_or(0, |at| at + 1);
        let stop = self.text.get(at..)?.find('\n').map_or(self.text.len(), |end| at + end + 1);
        let before = self.text.get(start..at)?;
        let changed = format!("{before}{new}{}", self.text.get(at..stop)?);
        let edit = Edit { at: line_at(self.text, at)?, changed: Some(changed), added: Vec::new() };
        (!before.contains(" #")).then_some(edit)
    }
}

/// The member that is added, in the file's own style.
fn member(remedy: &PolicyRemedy, json: bool) -> Option<String> {
    let value = |text: String| if json { in_json(&text) } else { quoted(&text) };
    let values: Option<Vec<String>> = remedy.values.iter().map(|term| value(term.to_string())).collect();
    let (operator, key) = (json::quoted(&remedy.operator), json::quoted(&remedy.key));
    Some(if json {
        format!("\"Condition\": {}", block(&operator, &key, &values?))
    } else {
        format!("Condition: {}", block(&remedy.operator, &format!("'{}'", remedy.key), &values?))
    })
}

/// A text as JSON; one with names of the template in it as `Fn::Sub`.
fn in_json(text: &str) -> Option<String> {
    if !text.contains("${") {
        return Some(json::quoted(text));
    }
    names_are_known(text).then(|| format!("{{\"Fn::Sub\": {}}}", json::quoted(text)))
}
