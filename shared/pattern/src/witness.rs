//! A concrete event, and the texts that its symbols were given.

use crate::json::{self, Member, ValueKind, quoted};
use crate::set::Member as Picked;
use crate::set::text::Letters;
use crate::{Branch, Event, EventPattern, Symbol, SymbolKind};
use std::collections::BTreeMap;
use std::sync::Arc;

/// An event that shows an overlap.
///
/// ```
/// use loopguard_pattern::{EventSet, Overlap, Schema, Symbol, overlap};
/// let name = Symbol::created("AWS::S3::Bucket.name", "Media");
/// let set = EventSet::open().with_terms("detail.bucket", [name.clone().into()]);
/// let Overlap::Yes(witness) = overlap(&set, &set, &Schema::scalar()) else { panic!() };
/// let text = &witness.assignment[&name];
/// assert_eq!(witness.event, format!(r#"{{"detail":{{"bucket":"{text}"}}}}"#));
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Witness {
    /// The event as JSON text.
    pub event: String,
    /// The texts that stand for the symbols of both sides.
    pub assignment: BTreeMap<Symbol, Arc<str>>,
}

/// Members of the envelope that every event has, as JSON, with values that stand for any (EventBridge user guide,
/// "Events"; `TestEventPattern` refuses an event without them).
///
/// ```
/// use loopguard_pattern::ENVELOPE;
/// assert!(ENVELOPE.contains(&("version", "\"0\"")));
/// ```
pub const ENVELOPE: &[(&str, &str)] = &[
    ("version", "\"0\""),
    ("id", "\"00000000-0000-4000-8000-000000000000\""),
    ("detail-type", "\"any\""),
    ("source", "\"any\""),
    ("account", "\"123456789012\""),
    ("time", "\"2026-01-01T00:00:00Z\""),
    ("region", "\"us-east-1\""),
    ("resources", "[]"),
    ("detail", "{}"),
];

impl Witness {
    /// Returns the event with the members of the envelope that it lacks, so that it can be given to
    /// `aws events test-event-pattern`. Whether a pattern still matches must be asked again: it may want one
    /// of these members to be absent.
    ///
    /// ```
    /// use loopguard_pattern::{Event, Witness, parse};
    /// let witness = Witness { event: r#"{"source":"aws.s3"}"#.to_owned(), assignment: Default::default() };
    /// let whole = Event::parse(&witness.with_envelope())?;
    /// assert!(parse(r#"{"source":["aws.s3"],"id":[{"exists":true}]}"#)?.matches_event(&whole)?);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn with_envelope(&self) -> String {
        let ValueKind::Object(members) = json::parse(&self.event).kind else { return self.event.clone() };
        let Some(inner) = self.event.strip_prefix('{') else { return self.event.clone() };
        let mut event = String::from("{");
        for (key, value) in ENVELOPE {
            let known = |member: &Member| {
                *member.key == **key
                    || member.key.strip_prefix(*key).is_some_and(|rest| rest.starts_with('.'))
            };
            if !members.iter().any(known) {
                for piece in ["\"", key, "\":", value, ","] {
                    event.push_str(piece);
                }
            }
        }
        if members.is_empty() {
            event.pop();
        }
        event + inner
    }
}

/// A tree of members by the parts of their paths; each place may hold leaves and members.
#[derive(Debug, Default)]
pub(crate) struct Tree {
    leaves: Vec<String>,
    members: BTreeMap<String, Tree>,
}

impl Tree {
    pub(crate) fn put(&mut self, path: &str, leaf: String) {
        let mut place = self;
        for key in path.split('.') {
            place = place.members.entry(key.to_owned()).or_default();
        }
        if !place.leaves.contains(&leaf) {
            place.leaves.push(leaf);
        }
    }

    /// Writes the tree as JSON; several values at one place become an array.
    pub(crate) fn json(&self) -> String {
        let object = || {
            let members: Vec<String> =
                self.members.iter().map(|(key, tree)| format!("{}:{}", quoted(key), tree.json())).collect();
            format!("{{{}}}", members.join(","))
        };
        match (self.leaves.as_slice(), self.members.is_empty()) {
            ([], _) => object(),
            ([one], true) => one.clone(),
            (several, true) => format!("[{}]", several.join(",")),
            (several, false) => format!("[{},{}]", several.join(","), object()),
        }
    }

    /// Writes both trees as one event, in which each member of the root is an array of both.
    pub(crate) fn side_by_side(&self, other: &Self) -> String {
        let keys: std::collections::BTreeSet<&String> =
            self.members.keys().chain(other.members.keys()).collect();
        let members: Vec<String> = keys
            .into_iter()
            .map(|key| {
                let both: Vec<String> = [self.members.get(key), other.members.get(key)]
                    .into_iter()
                    .flatten()
                    .map(Self::json)
                    .collect();
                format!("{}:[{}]", quoted(key), both.join(","))
            })
            .collect();
        format!("{{{}}}", members.join(","))
    }
}

pub(crate) fn leaf(member: &Picked, assignment: &BTreeMap<char, Arc<str>>) -> String {
    match member {
        Picked::Json(text) => text.clone(),
        Picked::Text(text) => {
            let mut given = String::new();
            for character in text.chars() {
                match assignment.get(&character) {
                    Some(value) => given.push_str(value),
                    None => given.push(character),
                }
            }
            quoted(&given)
        }
    }
}

/// Gives each symbol a text of its own that reads like what it stands for.
pub(crate) fn assign(letters: &Letters) -> (BTreeMap<char, Arc<str>>, BTreeMap<Symbol, Arc<str>>) {
    let (mut by_letter, mut by_symbol) = (BTreeMap::new(), BTreeMap::new());
    for (symbol, letter) in letters.symbols() {
        let text = value(symbol, letter);
        by_letter.insert(letter, text.clone());
        by_symbol.insert(symbol.clone(), text);
    }
    (by_letter, by_symbol)
}

fn value(symbol: &Symbol, letter: char) -> Arc<str> {
    match &*symbol.name {
        "AWS::AccountId" => "123456789012".into(),
        "AWS::Region" => "us-east-1".into(),
        "AWS::Partition" => "aws".into(),
        name => {
            let number = u32::from(letter) & 0xff;
            let plain: String = name
                .chars()
                .map(|c| if c.is_ascii_alphanumeric() { c.to_ascii_lowercase() } else { '-' })
                .collect();
            match symbol.kind {
                SymbolKind::Created => format!("{plain}-1a2b{number}").into(),
                SymbolKind::Given => format!("{plain}-{number}").into(),
            }
        }
    }
}

/// Returns whether the branch, its symbols given texts, matches the event.
pub(crate) fn accepted(
    branch: Option<&Arc<Branch>>,
    event: &Event,
    values: &BTreeMap<Symbol, Arc<str>>,
) -> bool {
    branch.is_none_or(|branch| {
        let pattern = EventPattern { branches: vec![(**branch).clone()], notes: Vec::new() };
        pattern.assign(&|symbol| values.get(symbol).cloned()).matches_event(event) == Ok(true)
    })
}
