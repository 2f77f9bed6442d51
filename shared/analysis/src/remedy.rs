//! Changes of a pattern that break a loop, each proved by analysing again.

use crate::emission::{API_CALL, Identity};
use crate::graph::Told;
use crate::{Catalogue, Remedy, Verdict, analyse_deep};
use loopguard_model::{Inventory, Rule, Scope, Trigger};
use loopguard_pattern::json::{self, Member, Span, Value, ValueKind};
use loopguard_pattern::{EventPattern, Term};
use std::sync::Arc;

const ISSUER: &str = "detail.userIdentity.sessionContext.sessionIssuer.arn";
const CALLER: &str = "detail.userIdentity.arn";

/// Returns the exclusion of the hop's caller from the next rule's pattern, if analysing again shows that it takes
/// the rule out of every cycle.
///
/// Events without a caller of that kind (root, users) stay: the exclusion is `$or` with `exists: false`. The whole
/// role is excluded iff nothing else that was read runs under it, else the one session.
pub(crate) fn exclude(
    told: &Told,
    heard_by: &Rule,
    inventory: &Inventory,
    catalogue: &Catalogue,
) -> Option<Remedy> {
    if *told.hop.emits.detail_type != *API_CALL {
        return None;
    }
    let Identity::Role { arn: Some(role), name: Some(name), session, .. } = told.identity.as_ref()? else {
        return None;
    };
    let users = inventory.workloads.iter().filter(|workload| workload.role.as_ref() == Some(role)).count();
    let (path, value, loses) = match session {
        Some(session) if users > 1 => (CALLER, caller(&heard_by.scope, name, session), String::new()),
        _ => {
            let loses = if users > 1 { "loses other users of the role" } else { "" };
            (ISSUER, role.clone(), loses.to_owned())
        }
    };
    let pattern = heard_by.trigger.pattern()?;
    let changed = with_exclusion(pattern, path, &value)?;
    let compiled = EventPattern::from_value(&changed).ok()?;
    let mut after = inventory.clone();
    let place = after.rules.iter().position(|rule| rule.key == heard_by.key)?;
    after.rules.get_mut(place)?.trigger = Trigger::Pattern(Arc::new(compiled));
    let proved = analyse_deep(&after, catalogue, false)
        .rules
        .get(place)
        .is_some_and(|rule| rule.verdict == Verdict::None);
    proved.then(|| Remedy {
        rule: heard_by.key.clone(),
        headline: format!("leave out the calls that `{value}` makes itself"),
        pattern: write(&changed),
        loses,
    })
}

fn caller(scope: &Scope, role: &Term, session: &Term) -> Term {
    let start =
        [Term::literal("arn:"), scope.partition.clone(), Term::literal(":sts::"), scope.account.clone()];
    let end = [Term::literal(":assumed-role/"), role.clone(), Term::literal("/"), session.clone()];
    Term::concat(start.into_iter().chain(end))
}

/// Returns the pattern as nested JSON with `path` restricted to anything but `value`, or absent.
///
/// None where the pattern has several branches, symbols, or a condition on the path already.
fn with_exclusion(pattern: &EventPattern, path: &str, value: &Term) -> Option<Value> {
    let [branch] = pattern.branches() else { return None };
    let text = pattern.to_string();
    if branch.field(path).is_some() || text.contains("${") {
        return None;
    }
    let ValueKind::Object(flat) = json::parse(&text).kind else { return None };
    let mut nested: Vec<Member> = Vec::new();
    for member in flat {
        insert(&mut nested, &member.key, member.value);
    }
    let other =
        object(vec![(path, list(vec![object(vec![("anything-but", list(vec![string(value.clone())]))])]))]);
    let absent = object(vec![(path, list(vec![object(vec![("exists", of(ValueKind::Bool(false)))])]))]);
    let unfold = |value: Value| match value.kind {
        ValueKind::Object(members) => {
            let mut nested = Vec::new();
            for member in members {
                insert(&mut nested, &member.key, member.value);
            }
            of(ValueKind::Object(nested))
        }
        kind => of(kind),
    };
    nested.push(Member {
        key: "$or".into(),
        key_span: Span::default(),
        value: list(vec![unfold(other), unfold(absent)]),
    });
    Some(of(ValueKind::Object(nested)))
}

/// Puts a value at a path of keys joined by dots.
fn insert(members: &mut Vec<Member>, path: &str, value: Value) {
    let Some((head, rest)) = path.split_once('.') else {
        members.push(Member { key: path.into(), key_span: Span::default(), value });
        return;
    };
    if !members.iter().any(|member| &*member.key == head) {
        members.push(Member {
            key: head.into(),
            key_span: Span::default(),
            value: of(ValueKind::Object(Vec::new())),
        });
    }
    let inner = members.iter_mut().find(|member| &*member.key == head).map(|member| &mut member.value.kind);
    if let Some(ValueKind::Object(inner)) = inner {
        insert(inner, rest, value);
    }
}

fn of(kind: ValueKind) -> Value {
    Value { kind, span: Span::default() }
}

fn string(text: Term) -> Value {
    of(ValueKind::String(text))
}

fn list(items: Vec<Value>) -> Value {
    of(ValueKind::Array(items))
}

fn object(members: Vec<(&str, Value)>) -> Value {
    let member = |(key, value): (&str, Value)| Member { key: key.into(), key_span: Span::default(), value };
    of(ValueKind::Object(members.into_iter().map(member).collect()))
}

/// Returns the value as JSON text, symbols as `${Name}`.
fn write(value: &Value) -> String {
    match &value.kind {
        ValueKind::Null => "null".to_owned(),
        ValueKind::Bool(flag) => flag.to_string(),
        ValueKind::Number(text) | ValueKind::Opaque(text) | ValueKind::Broken(text) => text.to_string(),
        ValueKind::String(term) => quoted(&term.to_string()),
        ValueKind::Array(items) => format!("[{}]", items.iter().map(write).collect::<Vec<_>>().join(",")),
        ValueKind::Object(members) => {
            let member = |member: &Member| format!("{}:{}", quoted(&member.key), write(&member.value));
            format!("{{{}}}", members.iter().map(member).collect::<Vec<_>>().join(","))
        }
    }
}

fn quoted(text: &str) -> String {
    let mut out = String::from("\"");
    for character in text.chars() {
        match character {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            control if control < ' ' => out.extend(format!("\\u{:04x}", u32::from(control)).chars()),
            other => out.push(other),
        }
    }
    out.push('"');
    out
}
