//! AWS managed policies by name, so that their text need not be read.
//!
//! The table is generated; its newest version of a policy may be older than AWS's.

use crate::catalogue::CatalogueError;
use crate::catalogue::table::Table;
use loopguard_model::{Origin, Policy};
use loopguard_pattern::Term;
use loopguard_pattern::json::{Member, Span, Value, ValueKind, parse};

/// Separators within a row.
const STATEMENT: char = '\t';
const FIELD: char = '\u{1f}';
const ITEM: char = '\u{1e}';

/// A row for each policy.
pub(crate) const TABLE: &[u8] = include_bytes!("generated/policies.bin");

/// The policies, each read when it is first asked for.
#[derive(Debug, Default)]
pub(crate) struct Managed(Table<Policy>);

impl Managed {
    pub(crate) fn embedded() -> Result<Self, CatalogueError> {
        Table::read("policies.bin", TABLE).map(Self)
    }

    /// Returns the policy of that name.
    pub(crate) fn of(&self, name: &str) -> Option<&Policy> {
        self.0.get(name, |row| policy(name, row))
    }

    /// Returns all names, sorted.
    #[cfg(test)]
    pub(crate) fn names(&self) -> impl Iterator<Item = &str> {
        self.0.rows().map(|(name, _)| name)
    }
}

/// Returns the version, and each statement as one text.
pub(crate) fn told(row: &str) -> (String, Vec<String>) {
    let mut parts = row.split(STATEMENT);
    let version = parts.next().unwrap_or_default().split(FIELD).next().unwrap_or_default();
    (version.to_owned(), parts.map(told_statement).collect())
}

/// `Allow s3:GetObject, s3:PutObject on *`, with its conditions.
fn told_statement(row: &str) -> String {
    let mut fields = row.split(FIELD);
    let effect = if fields.next() == Some("A") { "Allow" } else { "Deny" };
    let list = |negated: bool, items: String| if negated { format!("all but {items}") } else { items };
    let actions =
        fields.nth(1).and_then(scoped).map(|(negated, items)| list(negated, whole(&items).join(", ")));
    let resources = fields.next().and_then(scoped).map(|(negated, items)| list(negated, items.join(", ")));
    let condition = fields.next().map(|text| format!(" if {text}")).unwrap_or_default();
    format!("{effect} {} on {}{condition}", actions.unwrap_or_default(), resources.unwrap_or_default())
}

/// Reads a row: version, path and language; then the statements.
fn policy(name: &str, row: &str) -> Policy {
    let mut parts = row.split(STATEMENT);
    let mut head = parts.next().unwrap_or_default().split(FIELD);
    let (version, _path) = (head.next().unwrap_or_default(), head.next());
    let language = head.next().unwrap_or_default();
    let statements = parts.map(statement).collect();
    let document = object([("Version", text(language)), ("Statement", of(ValueKind::Array(statements)))]);
    let origin = Origin::Assumed(
        format!("{name} {version}, as the built-in table of AWS managed policies has it").into(),
    );
    Policy::from_value(name, &document, origin)
}

/// Effect, Sid, actions, resources, conditions.
fn statement(row: &str) -> Value {
    let mut fields = row.split(FIELD);
    let effect = if fields.next() == Some("A") { "Allow" } else { "Deny" };
    let mut members = vec![("Effect", text(effect))];
    if let Some(sid) = fields.next().filter(|sid| !sid.is_empty()) {
        members.push(("Sid", text(sid)));
    }
    if let Some((negated, items)) = fields.next().and_then(scoped) {
        members.push((if negated { "NotAction" } else { "Action" }, texts(&whole(&items))));
    }
    if let Some((negated, items)) = fields.next().and_then(scoped) {
        let items = items.into_iter().map(str::to_owned);
        members.push((if negated { "NotResource" } else { "Resource" }, texts(&items.collect::<Vec<_>>())));
    }
    if let Some(condition) = fields.next() {
        members.push(("Condition", parse(condition)));
    }
    object(members)
}

/// `+` or `-`, then the items.
fn scoped(field: &str) -> Option<(bool, Vec<&str>)> {
    let mut rest = field.chars();
    let negated = match rest.next()? {
        '+' => false,
        '-' => true,
        _ => return None,
    };
    Some((negated, rest.as_str().split(ITEM).collect()))
}

/// Writes out the service that an action has in common with the one before it.
fn whole(actions: &[&str]) -> Vec<String> {
    let mut service = "";
    let mut all = Vec::new();
    for action in actions {
        match action.split_once(':') {
            Some((prefix, _)) => {
                service = prefix;
                all.push((*action).to_owned());
            }
            None if service.is_empty() || *action == "*" && all.is_empty() => all.push((*action).to_owned()),
            None => all.push(format!("{service}:{action}")),
        }
    }
    all
}

fn of(kind: ValueKind) -> Value {
    Value { kind, span: Span::default() }
}

fn text(text: &str) -> Value {
    of(ValueKind::String(Term::literal(text)))
}

fn texts(items: &[String]) -> Value {
    of(ValueKind::Array(items.iter().map(|item| text(item)).collect()))
}

fn object(members: impl IntoIterator<Item = (&'static str, Value)>) -> Value {
    let member = |(key, value): (&str, Value)| Member { key: key.into(), key_span: Span::default(), value };
    of(ValueKind::Object(members.into_iter().map(member).collect()))
}
