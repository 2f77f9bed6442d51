//! Declared resources as CloudFormation's.

use super::addition;
use super::declared::Declared;
use super::path::{collect, put};
use super::policy_document::{placed, unwrapped};
use super::settle::Settler;
use crate::facts::{self, TerraformFact};
use crate::nodes::{list, literal, object, string};
use crate::notes::Notes;
use crate::source_text::SourceText;
use crate::template::{Resource, Template};
use loopguard_pattern::Symbol;
use loopguard_pattern::json::{self, Member, Span, Value, ValueKind};
use std::collections::BTreeMap;
use std::sync::Arc;

/// Returns the template of what is declared.
pub(super) fn template(
    declared: &[Declared],
    source: Arc<SourceText>,
    unit: Arc<str>,
    notes: &Notes,
) -> Template {
    let settler = Settler::new(declared, &unit, notes);
    let mut resources = Vec::new();
    let mut existing = Vec::new();
    let mut additions = Vec::new();
    let mut unread: BTreeMap<&str, (usize, Span)> = BTreeMap::new();
    for one in declared {
        let Some(fact) = facts::terraform(&one.kind) else {
            if !one.data && facts::terraform_matters(&one.kind) {
                unread.entry(&one.kind).or_insert((0, one.span)).0 += 1;
            }
            continue;
        };
        if one.data && !fact.existing {
            continue;
        }
        let body = settler.settled(&one.body);
        if fact.owner.is_some() {
            additions.push(addition::Addition { declared: one, fact, body });
            continue;
        }
        let resource = resource(one, fact, &body, &unit);
        if one.data { existing.push(resource) } else { resources.push(resource) }
    }
    addition::join(&mut resources, additions, notes);
    for (kind, (count, span)) in unread {
        notes.tell(
            span,
            format!("`{kind}` is not read ({count} of them); it may be a target or carry events on"),
        );
    }
    Template::of_resources(source, unit, resources, existing)
}

fn resource(declared: &Declared, fact: &TerraformFact, body: &Value, unit: &str) -> Resource {
    Resource {
        id: declared.address.clone(),
        class: fact.class.as_str().into(),
        properties: properties(declared, fact, body, unit),
        path: declared.address.clone(),
        span: declared.span,
        condition: None,
        connectors: object(declared.span, []),
        asset: None,
    }
}

fn properties(declared: &Declared, fact: &TerraformFact, body: &Value, unit: &str) -> Value {
    let mut made = arguments(fact, body, declared.span);
    let name = facts::resource(&fact.class).map_or("", |class| class.name.as_str());
    let prefix = fact.prefix.as_ref().and_then(|prefix| body.get(prefix)).filter(|prefix| is_said(prefix));
    if let Some(prefix) = prefix.filter(|_| !name.is_empty() && crate::nodes::at(&made, name).is_none()) {
        let whole = format!("{} of {unit}", declared.address);
        let rest = Symbol::created(&format!("{}.name", fact.class), &whole);
        let rest = Value { kind: ValueKind::String(rest.into()), span: prefix.span };
        let parts =
            list(prefix.span, vec![string(prefix.span, ""), list(prefix.span, vec![prefix.clone(), rest])]);
        let value = object(prefix.span, [("Fn::Join", parts)]);
        put(&mut made, name, &[], &Member { key: name.into(), key_span: prefix.span, value });
    }
    made
}

/// Returns the arguments of a settled body as the properties that the table names.
pub(super) fn arguments(fact: &TerraformFact, body: &Value, span: Span) -> Value {
    let mut made = object(span, []);
    for (path, argument) in &fact.arguments {
        for (numbers, member) in collect(body, path) {
            if !is_said(&member.value) {
                continue;
            }
            let value = match literal(&member.value).and_then(|text| argument.values.get(&*text)) {
                Some(named) => string(member.value.span, named),
                None if argument.renamed.is_empty() => member.value.clone(),
                None => renamed(&member.value, &argument.renamed),
            };
            put(&mut made, &argument.to, &numbers, &Member { value, ..member.clone() });
        }
    }
    made
}

/// Returns whether a value says anything: Terraform writes what is not set as null or as an empty text.
fn is_said(value: &Value) -> bool {
    match &value.kind {
        ValueKind::Null => false,
        ValueKind::String(term) => *term != loopguard_pattern::Term::default(),
        _ => true,
    }
}

/// Returns a JSON document with some of its keys under other names.
fn renamed(value: &Value, names: &BTreeMap<String, String>) -> Value {
    let tree = match literal(value).map(|text| json::parse_strict(&text)) {
        Some(Ok(tree)) => placed(tree, value.span),
        _ => unwrapped(value).clone(),
    };
    let ValueKind::Object(members) = tree.kind else { return value.clone() };
    let members = members.into_iter().map(|mut member| {
        if let Some(name) = names.get(&*member.key) {
            member.key = name.as_str().into();
        }
        member
    });
    Value { kind: ValueKind::Object(members.collect()), span: tree.span }
}
