//! IAM policy documents, read once into types.

use crate::Origin;
use loopguard_pattern::Term;
use loopguard_pattern::json::{Member, Value, ValueKind, parse_strict};
use std::sync::Arc;

/// A policy attached to a role.
#[derive(Debug, Clone)]
pub struct Policy {
    /// The policy's name or ARN, for people.
    pub name: Arc<str>,
    /// Its `Version`, if it has one; only `2012-10-17` has policy variables.
    pub version: Option<Arc<str>>,
    /// The statements in order.
    pub statements: Vec<Statement>,
    /// Parts of the document that could not be read: what and why. Each may hide a permission.
    pub unread: Vec<Arc<str>>,
    /// Where the policy stands.
    pub origin: Origin,
}

/// As whom EventBridge delivers where a target has no role.
const EVENTBRIDGE: &str = "events.amazonaws.com";

impl Policy {
    /// Returns false only if the policy surely lets EventBridge do nothing.
    pub fn may_let_eventbridge_in(&self) -> bool {
        let may_be = |one: &Principal| match one.name.as_literal().as_deref() {
            Some(name) => name == "*" || (&*one.kind == "Service" && name == EVENTBRIDGE),
            None => true,
        };
        let lets_in = |statement: &Statement| match &statement.principals {
            Some(Principals::Only(list)) => statement.effect == Effect::Allow && list.iter().any(may_be),
            Some(Principals::AllBut(_)) | None => true,
        };
        !self.unread.is_empty() || self.statements.iter().any(lets_in)
    }
}

/// One statement.
#[derive(Debug, Clone)]
pub struct Statement {
    /// Its `Sid`, if it has one.
    pub sid: Option<Arc<str>>,
    /// Allow or deny.
    pub effect: Effect,
    /// Whom it is for; absent in all but resource and trust policies.
    pub principals: Option<Principals>,
    /// The actions, wildcards included; case does not matter.
    pub actions: Scoped,
    /// The resources; absent in trust policies.
    pub resources: Option<Scoped>,
    /// The conditions, all of which must hold.
    pub conditions: Vec<Condition>,
    /// Bytes of the statement in its source.
    pub span: loopguard_pattern::json::Span,
}

/// Whether a statement grants or refuses.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Effect {
    /// `Allow`.
    Allow,
    /// `Deny`.
    Deny,
}

/// Whom a statement of a resource or trust policy is for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Principals {
    /// `Principal`: one of these.
    Only(Vec<Principal>),
    /// `NotPrincipal`: none of these.
    AllBut(Vec<Principal>),
}

/// One principal of a statement.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Principal {
    /// `AWS`, `Service`, `Federated`, `CanonicalUser`, or `*` for everyone.
    pub kind: Arc<str>,
    /// ARN, account, name of a service, or `*`.
    pub name: Term,
}

/// A list, or everything but a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Scoped {
    /// `Action`, `Resource`: one of these.
    Only(Vec<Term>),
    /// `NotAction`, `NotResource`: none of these.
    AllBut(Vec<Term>),
}

/// One condition: an operator, a key, its values.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Condition {
    /// `StringEquals`, `ForAnyValue:StringLike` ...
    pub operator: Arc<str>,
    /// `events:source` ...
    pub key: Arc<str>,
    /// The values as text.
    pub values: Vec<Term>,
}

impl Policy {
    /// Returns a policy without statements.
    pub fn empty(name: &str, origin: Origin) -> Self {
        Self { name: name.into(), version: None, statements: Vec::new(), unread: Vec::new(), origin }
    }

    /// Returns true iff `${...}` in it is a variable, not plain text.
    pub fn has_variables(&self) -> bool {
        self.version.as_deref() == Some("2012-10-17")
    }

    /// Returns the policy that `document` holds. What cannot be read is kept in `unread`, never dropped.
    pub fn from_value(name: &str, document: &Value, origin: Origin) -> Self {
        let mut policy =
            Self { version: document.get("Version").and_then(text), ..Self::empty(name, origin) };
        if let Some(unknown) = not_known(document) {
            policy.unread.push(format!("its document {unknown}").into());
            return policy;
        }
        match document.get("Statement").map(|value| (&value.kind, value)) {
            Some((ValueKind::Array(items), _)) => {
                for item in items {
                    policy.read_statement(item);
                }
            }
            Some((_, one)) => policy.read_statement(one),
            None => policy.unread.push("the document has no `Statement`".into()),
        }
        policy
    }

    /// Returns the policy of a document as IAM sends it: JSON text, percent-encoded (RFC 3986, IAM API reference of
    /// `GetRolePolicy`) or plain. What cannot be read is kept in `unread`.
    pub fn from_text(name: &str, document: &str, origin: Origin) -> Self {
        let read =
            decoded(document).and_then(|text| parse_strict(&text).map_err(|error| error.to_string().into()));
        match read {
            Ok(value) => Self::from_value(name, &value, origin),
            Err(why) => Self { unread: vec![why], ..Self::empty(name, origin) },
        }
    }

    fn read_statement(&mut self, value: &Value) {
        match statement(value) {
            Ok(statement) => self.statements.push(statement),
            Err(why) => self.unread.push(why),
        }
    }
}

/// Decodes `%XX`; a document that is plain JSON has no `%` before its first `{`.
fn decoded(document: &str) -> Result<String, Arc<str>> {
    if document.trim_start().starts_with('{') {
        return Ok(document.to_owned());
    }
    let mut bytes = Vec::with_capacity(document.len());
    let mut rest = document.bytes();
    while let Some(byte) = rest.next() {
        if byte != b'%' {
            bytes.push(byte);
            continue;
        }
        let digit = |byte: Option<u8>| byte.and_then(|byte| char::from(byte).to_digit(16));
        let (Some(high), Some(low)) = (digit(rest.next()), digit(rest.next())) else {
            return Err("the document is not percent-encoded JSON".into());
        };
        bytes.push(u8::try_from(high * 16 + low).unwrap_or_default());
    }
    String::from_utf8(bytes).map_err(|_| "the document is not UTF-8".into())
}

/// Returns what is told of a value that exists only after deployment, or of a text that cannot be read.
fn not_known(value: &Value) -> Option<String> {
    match &value.kind {
        ValueKind::Opaque(what) => Some(format!("is not known before deployment: `{what}`")),
        ValueKind::Broken(why) => Some(format!("is not JSON: {why}")),
        _ => None,
    }
}

fn statement(value: &Value) -> Result<Statement, Arc<str>> {
    if let Some(unknown) = not_known(value) {
        return Err(format!("a statement {unknown}").into());
    }
    let ValueKind::Object(_) = &value.kind else {
        return Err("a statement is not an object".into());
    };
    let effect = match value.get("Effect").and_then(text).as_deref() {
        Some("Allow") => Effect::Allow,
        Some("Deny") => Effect::Deny,
        Some(other) => return Err(format!("`Effect` is `{other}`, not `Allow` or `Deny`").into()),
        None if value.get("Effect").is_some() => return Err("`Effect` of a statement is not known".into()),
        None => return Err("a statement has no `Effect`".into()),
    };
    let actions =
        scoped(value, "Action", "NotAction")?.ok_or("a statement has neither `Action` nor `NotAction`")?;
    Ok(Statement {
        sid: value.get("Sid").and_then(text),
        effect,
        principals: principals(value)?,
        actions,
        resources: scoped(value, "Resource", "NotResource")?,
        conditions: conditions(value)?,
        span: value.span,
    })
}

fn scoped(statement: &Value, only: &str, all_but: &str) -> Result<Option<Scoped>, Arc<str>> {
    if let Some(value) = statement.get(only) {
        return terms(value, only).map(|terms| Some(Scoped::Only(terms)));
    }
    statement.get(all_but).map(|value| terms(value, all_but).map(Scoped::AllBut)).transpose()
}

fn principals(statement: &Value) -> Result<Option<Principals>, Arc<str>> {
    if let Some(value) = statement.get("Principal") {
        return listed(value, "Principal").map(|all| Some(Principals::Only(all)));
    }
    statement
        .get("NotPrincipal")
        .map(|value| listed(value, "NotPrincipal").map(Principals::AllBut))
        .transpose()
}

fn listed(value: &Value, what: &str) -> Result<Vec<Principal>, Arc<str>> {
    // `"*"` alone is everyone, as `{"AWS": "*"}` is.
    if let Some("*") = text(value).as_deref() {
        return Ok(vec![Principal { kind: "*".into(), name: Term::literal("*") }]);
    }
    let mut principals = Vec::new();
    for entry in members(value, what)? {
        let named = terms(&entry.value, what)?;
        principals.extend(named.into_iter().map(|name| Principal { kind: entry.key.clone(), name }));
    }
    Ok(principals)
}

fn conditions(statement: &Value) -> Result<Vec<Condition>, Arc<str>> {
    let Some(block) = statement.get("Condition") else { return Ok(Vec::new()) };
    let mut conditions = Vec::new();
    for operator in members(block, "Condition")? {
        for entry in members(&operator.value, "Condition")? {
            conditions.push(Condition {
                operator: operator.key.clone(),
                key: entry.key.clone(),
                values: terms(&entry.value, "Condition")?,
            });
        }
    }
    Ok(conditions)
}

fn members<'a>(value: &'a Value, what: &str) -> Result<&'a [Member], Arc<str>> {
    match &value.kind {
        ValueKind::Object(members) => Ok(members),
        _ => Err(format!("`{what}` is not an object").into()),
    }
}

fn terms(value: &Value, what: &str) -> Result<Vec<Term>, Arc<str>> {
    let wrong = || Arc::from(format!("`{what}` holds a value that is neither text nor a list of texts"));
    let one = |value: &Value| value.scalar().ok_or_else(wrong);
    match &value.kind {
        ValueKind::Array(items) => items.iter().map(one).collect(),
        _ => one(value).map(|term| vec![term]),
    }
}

fn text(value: &Value) -> Option<Arc<str>> {
    match &value.kind {
        ValueKind::String(term) => term.as_literal(),
        _ => None,
    }
}

#[cfg(test)]
mod tests;
