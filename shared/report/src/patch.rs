//! A remedy as a change of the user's own file.

use loopguard_model::FilePlace;
use loopguard_pattern::EventPattern;
use loopguard_pattern::json::{self, Member, Value, ValueKind};
use std::fmt::Write;

/// Lines that a patch shows before and after what it adds.
pub(crate) const CONTEXT: usize = 3;

/// Returns the edit that makes `old`, which stands in the file as YAML or JSON, the pattern `new`; `None` where the
/// change is more than one member beside what is there, or the place is not found for sure. Nothing is taken away: comments,
/// order and style of the file stay.
pub(crate) fn edit(place: &FilePlace, text: &str, old: &EventPattern, new: &str) -> Option<Edit> {
    let added = added(old, new)?;
    let lines: Vec<&str> = text.split_inclusive('\n').collect();
    braces(place, text, old, &added).or_else(|| block(place, text, &lines, old, &added))
}

/// Returns the one member that `new` has beside what `old` is.
pub(crate) fn added(old: &EventPattern, new: &str) -> Option<Member> {
    let new = json::parse_strict(new).ok()?;
    let old = old.to_string();
    new.members().iter().enumerate().find_map(|(at, member)| {
        let mut rest = new.members().to_vec();
        rest.remove(at);
        let rest = Value { kind: ValueKind::Object(rest), span: new.span };
        let rest = EventPattern::from_value(&rest).ok()?;
        (rest.to_string() == old).then(|| member.clone())
    })
}

fn elements(value: &Value) -> Option<&[Value]> {
    match &value.kind {
        ValueKind::Array(items) => Some(items),
        _ => None,
    }
}

/// A change of a file.
#[derive(Debug)]
pub(crate) struct Edit {
    /// The line, from 0, behind which lines are added.
    pub(crate) at: usize,
    /// What that line becomes, where it changes.
    pub(crate) changed: Option<String>,
    /// Lines behind it.
    pub(crate) added: Vec<String>,
}

/// Where the values of the pattern begin and end, in bytes.
fn extent(old: &EventPattern) -> Option<(usize, usize)> {
    let spans = || old.branches().iter().flat_map(|branch| branch.fields().iter().map(|field| field.span));
    Some((spans().map(|span| span.start).min()?, spans().map(|span| span.end).max()?))
}

/// The edit of a pattern in braces: a member before the last of them.
fn braces(place: &FilePlace, text: &str, old: &EventPattern, added: &Member) -> Option<Edit> {
    let (first, last) = extent(old)?;
    let before = text.get(place.span.start..first)?;
    // The last whole word: `Pattern` stands within `EventPattern`, too.
    let word = |(at, _): &(usize, &str)| {
        before.get(..*at).is_some_and(|before| !before.ends_with(|c: char| c.is_ascii_alphanumeric()))
    };
    let key = KEYS.iter().filter_map(|key| before.rfind(key).map(|at| (at, *key))).filter(word).max()?;
    let (at, name) = (place.span.start + key.0, key.1);
    let colon = at + name.len();
    let json = text.get(..at)?.ends_with('"');
    let value = text.get(colon..)?.trim_start_matches('"').trim_start().strip_prefix(':')?;
    let open = text.len() - value.trim_start().len();
    let close = closing(text, open)?;
    let inner = text.get(open + 1..close)?.trim_end();
    let end = open + 1 + inner.len();
    if close < last || inner.trim().is_empty() || inner.ends_with(',') {
        return None;
    }
    let member = if json {
        format!(", {}: {}", json::quoted(&added.key), in_json(&added.value)?)
    } else {
        format!(", {}: {}", plain(&added.key)?, flow(&added.value)?)
    };
    let line = line_at(text, end)?;
    let start = text.get(..end)?.rfind('\n').map_or(0, |at| at + 1);
    let stop = text.get(end..)?.find('\n').map_or(text.len(), |at| end + at + 1);
    let changed = format!("{}{member}{}", text.get(start..end)?, text.get(end..stop)?);
    // A comment behind the last value would swallow what is put there.
    let commented = text.get(start..end)?.contains(" #");
    (!commented).then_some(Edit { at: line, changed: Some(changed), added: Vec::new() })
}

/// The keys that hold a pattern: of rules, and of SAM's events.
const KEYS: [&str; 2] = ["EventPattern", "Pattern"];

/// Returns the byte of the brace that closes the one at `open`; quoted texts are passed over.
fn closing(text: &str, open: usize) -> Option<usize> {
    let mut depth = 0usize;
    let mut quote = None;
    let mut escaped = false;
    for (at, byte) in text.bytes().enumerate().skip(open) {
        match (quote, byte) {
            (Some(_), _) if escaped => escaped = false,
            (Some(b'"'), b'\\') => escaped = true,
            (Some(open), _) if byte == open => quote = None,
            (None, b'"' | b'\'') => quote = Some(byte),
            (None, b'{') => depth += 1,
            (None, b'}') if depth == 1 => return Some(at),
            (None, b'}') => depth = depth.checked_sub(1)?,
            (None, _) if depth == 0 => return None,
            _ => {}
        }
    }
    None
}

/// The edit of a pattern in YAML's block style: lines below its last.
fn block(place: &FilePlace, text: &str, lines: &[&str], old: &EventPattern, added: &Member) -> Option<Edit> {
    let Block { indent, last } = Block::of(place, text, lines, old)?;
    let ending = if text.contains("\r\n") { "\r\n" } else { "\n" };
    let margin = " ".repeat(indent);
    let key = plain(&added.key)?;
    let mut below = Vec::new();
    match elements(&added.value) {
        Some(several) if several.len() > 1 => {
            below.push(format!("{margin}{key}:{ending}"));
            for one in several {
                below.push(format!("{margin}  - {}{ending}", flow(one)?));
            }
        }
        _ => below.push(format!("{margin}{key}: {}{ending}", flow(&added.value)?)),
    }
    // A last line without a line break would have to be changed, too.
    lines.get(last)?.ends_with('\n').then_some(Edit { at: last, changed: None, added: below })
}

/// Where a pattern in block style stands in a file.
struct Block {
    /// Columns before its keys.
    indent: usize,
    /// Its last line, from 0.
    last: usize,
}

impl Block {
    /// Finds the lines between the key of the pattern and the last of its values. All of them have to be of the block.
    fn of(place: &FilePlace, text: &str, lines: &[&str], old: &EventPattern) -> Option<Self> {
        let (start, end) = extent(old)?;
        let first = line_at(text, start)?;
        let last = line_at(text, end.checked_sub(1)?)?;
        let rule = line_at(text, place.span.start)?;
        let key = (rule..=first).rev().find(|at| lines.get(*at).is_some_and(|line| is_key(line)))?;
        let within = lines.get(key + 1..=last)?;
        let told = |line: &&&str| !line.trim().is_empty() && !line.trim_start().starts_with('#');
        let indent = indent_of(within.iter().find(told)?);
        let inside = within.iter().filter(told).all(|line| indent_of(line) >= indent);
        (inside && indent > indent_of(lines.get(key)?)).then_some(Self { indent, last })
    }
}

fn is_key(line: &str) -> bool {
    line.trim().strip_suffix(':').is_some_and(|key| KEYS.contains(&key))
}

pub(crate) fn indent_of(line: &str) -> usize {
    line.len() - line.trim_start_matches(' ').len()
}

/// The number of the line, from 0, that holds the byte.
pub(crate) fn line_at(text: &str, byte: usize) -> Option<usize> {
    Some(text.get(..byte)?.matches('\n').count())
}

/// Returns the value as YAML in flow style; `None` where it holds what a template cannot say.
fn flow(value: &Value) -> Option<String> {
    Some(match &value.kind {
        ValueKind::Object(members) => {
            let pair = |member: &Member| Some(format!("{}: {}", plain(&member.key)?, flow(&member.value)?));
            let pairs: Option<Vec<String>> = members.iter().map(pair).collect();
            format!("{{{}}}", pairs?.join(", "))
        }
        ValueKind::Array(items) => {
            let items: Option<Vec<String>> = items.iter().map(flow).collect();
            format!("[{}]", items?.join(", "))
        }
        ValueKind::Bool(value) => value.to_string(),
        ValueKind::String(_) => text(&value.scalar()?.as_literal()?)?,
        _ => return None,
    })
}

/// Returns the value as JSON, texts with names of the template in them as `Fn::Sub`.
fn in_json(value: &Value) -> Option<String> {
    Some(match &value.kind {
        ValueKind::Object(members) => {
            let pair =
                |member: &Member| Some(format!("{}: {}", json::quoted(&member.key), in_json(&member.value)?));
            let pairs: Option<Vec<String>> = members.iter().map(pair).collect();
            format!("{{{}}}", pairs?.join(", "))
        }
        ValueKind::Array(items) => {
            let items: Option<Vec<String>> = items.iter().map(in_json).collect();
            format!("[{}]", items?.join(", "))
        }
        ValueKind::Bool(value) => value.to_string(),
        ValueKind::String(_) => {
            let text = value.scalar()?.as_literal()?;
            match text.contains("${") {
                true if names_are_known(&text) => format!("{{\"Fn::Sub\": {}}}", json::quoted(&text)),
                true => return None,
                false => json::quoted(&text),
            }
        }
        _ => return None,
    })
}

/// A key without quotes; `None` where it needed some.
fn plain(key: &str) -> Option<&str> {
    let word = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '$' || c == '_';
    (!key.is_empty() && key.chars().all(word)).then_some(key)
}

/// A text, quoted; one with names of the template in it as `!Sub`.
pub(crate) fn text(text: &str) -> Option<String> {
    let quoted = format!("'{}'", text.replace('\'', "''"));
    if !text.contains("${") {
        return Some(quoted);
    }
    names_are_known(text).then(|| format!("!Sub {quoted}"))
}

/// Whether each `${...}` holds a name that `Fn::Sub` can take: a logical id, a parameter, an attribute or `AWS::...`.
pub(crate) fn names_are_known(text: &str) -> bool {
    let mut names = text.split("${").skip(1).map(|rest| rest.split_once('}').map(|(name, _)| name));
    names.all(|name| {
        name.is_some_and(|name| {
            let parts = name.strip_prefix("AWS::").unwrap_or(name);
            !parts.is_empty() && parts.chars().all(|c| c.is_ascii_alphanumeric() || c == '.')
        })
    })
}

/// The edit as a unified diff.
pub(crate) fn diff(file: &str, lines: &[&str], edit: &Edit) -> Option<String> {
    let at = edit.at;
    let from = (at + 1).saturating_sub(CONTEXT);
    let to = (at + 1 + CONTEXT).min(lines.len());
    let mut hunk: Vec<(char, &str)> = lines.get(from..at)?.iter().map(|line| (' ', *line)).collect();
    let line = lines.get(at)?;
    match &edit.changed {
        Some(changed) => hunk.extend([('-', *line), ('+', changed.as_str())]),
        None => hunk.push((' ', *line)),
    }
    hunk.extend(edit.added.iter().map(|line| ('+', line.as_str())));
    hunk.extend(lines.get(at + 1..to)?.iter().map(|line| (' ', *line)));
    let count = |left_out: char| hunk.iter().filter(|(sign, _)| *sign != left_out).count();
    // A folder that was named as `.` stands before its files; `git apply` takes no such path.
    let named = file.trim_start_matches("./");
    let mut out = format!("--- a/{named}\n+++ b/{named}\n");
    // Writing to a string does not fail.
    let _ = writeln!(out, "@@ -{},{} +{},{} @@", from + 1, count('+'), from + 1, count('-'));
    for (sign, line) in &hunk {
        let _ = write!(out, "{sign}{line}");
        if !line.ends_with('\n') {
            out.push_str("\n\\ No newline at end of file\n");
        }
    }
    Some(out)
}

#[cfg(test)]
mod tests {
    use super::{Edit, diff, text};

    #[test]
    fn a_patch_names_files_as_git_does() {
        let edit = Edit { at: 0, changed: None, added: vec!["b\n".into()] };
        let patch = diff("./infra/t.yaml", &["a\n"], &edit).unwrap();
        assert!(
            patch.starts_with("--- a/infra/t.yaml\n+++ b/infra/t.yaml\n@@ -1,1 +1,2 @@\n a\n+b\n"),
            "{patch}"
        );
    }

    #[test]
    fn texts_are_what_a_template_can_say() {
        assert_eq!(text("a'b").as_deref(), Some("'a''b'"));
        let role = "arn:${AWS::Partition}:iam::${AWS::AccountId}:role/${FixerRole}";
        assert_eq!(text(role).unwrap(), format!("!Sub '{role}'"));
        assert_eq!(text("${Stack-Export:x}"), None);
        assert_eq!(text("${open"), None);
    }
}
