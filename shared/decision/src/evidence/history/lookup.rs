//! What is looked up: CloudTrail takes one attribute and a stretch of time.

use crate::Timestamp;
use loopguard_pattern::{Branch, EventPattern, MatcherKind};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use std::fmt;
use std::sync::Arc;

/// More lookups than this for one rule take longer than they are worth: at two requests a second each takes half of one.
const MOST_LOOKUPS: usize = 10;

/// One lookup in CloudTrail's event history.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lookup {
    /// By what.
    pub by: LookupBy,
    /// From that second on.
    pub from: Timestamp,
    /// Until that second, it included.
    pub to: Timestamp,
}

/// The attribute that a lookup asks for.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum LookupBy {
    /// `EventName`.
    Name(Arc<str>),
    /// `EventSource`.
    Source(Arc<str>),
}

impl LookupBy {
    /// Returns the attribute's key and value as the API writes them.
    pub fn attribute(&self) -> (&'static str, &str) {
        match self {
            Self::Name(name) => ("EventName", name),
            Self::Source(source) => ("EventSource", source),
        }
    }
}

/// Why the history cannot show the events of a loop.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NoHistory {
    /// A rule's pattern names neither the calls nor the services that it hears.
    Unnamed,
    /// It names too many.
    TooMany {
        /// How many.
        names: usize,
    },
    /// It asks for a member that the history does not have.
    AsksFor {
        /// The member's path.
        path: Arc<str>,
    },
}

/// Returns the lookups that together find every record that the pattern matches.
pub(super) fn lookups(pattern: &EventPattern) -> Result<BTreeSet<LookupBy>, NoHistory> {
    let fields = pattern.branches().iter().flat_map(Branch::fields);
    // The event's own id is not that of the record.
    if let Some(id) = fields.into_iter().find(|field| &*field.path == "id") {
        return Err(NoHistory::AsksFor { path: id.path.clone() });
    }
    let names = all(pattern, "detail.eventName").map(|names| names.into_iter().map(LookupBy::Name).collect());
    let sources =
        || all(pattern, "detail.eventSource").map(|names| names.into_iter().map(LookupBy::Source).collect());
    let lookups: BTreeSet<LookupBy> = names.or_else(sources).ok_or(NoHistory::Unnamed)?;
    if lookups.len() > MOST_LOOKUPS {
        return Err(NoHistory::TooMany { names: lookups.len() });
    }
    Ok(lookups)
}

/// Returns the values of a path, where every branch names them one by one.
fn all(pattern: &EventPattern, path: &str) -> Option<BTreeSet<Arc<str>>> {
    let mut values = BTreeSet::new();
    for branch in pattern.branches() {
        for matcher in &branch.field(path)?.matchers {
            let MatcherKind::Exact(term) = &matcher.kind else { return None };
            values.insert(term.as_literal()?);
        }
    }
    Some(values)
}

impl fmt::Display for LookupBy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (key, value) = self.attribute();
        write!(f, "{key} `{value}`")
    }
}

impl fmt::Display for NoHistory {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unnamed => f.write_str("the pattern names neither calls nor services one by one"),
            Self::TooMany { names } => {
                write!(f, "the pattern names {names} calls or services, more than {MOST_LOOKUPS}")
            }
            Self::AsksFor { path } => {
                write!(f, "the pattern asks for `{path}`, which the history does not have")
            }
        }
    }
}
