//! `data "aws_iam_policy_document"`: statements in Terraform's words as a policy document.

use crate::nodes::{elements, list, literal, object, string};
use loopguard_pattern::Symbol;
use loopguard_pattern::json::{self, Member, Span, Value, ValueKind};

/// The function around a value with which a statement's resource begins; what follows is not known.
pub(super) const PART: &str = "Fn::TerraformPart";

/// Arguments of a statement and the members that they become.
const MEMBERS: &[(&str, &str)] = &[
    ("sid", "Sid"),
    ("actions", "Action"),
    ("not_actions", "NotAction"),
    ("resources", "Resource"),
    ("not_resources", "NotResource"),
];

/// Arguments that hold whole documents, of which the statements count too.
const SOURCES: &[&str] =
    &["source_json", "override_json", "source_policy_documents", "override_policy_documents"];

/// Returns the document of a settled body. A statement of the same `Sid` that overrides another is kept beside it:
/// an allowance too many is safe, one too few is not.
pub(super) fn document(body: &Value, span: Span) -> Value {
    if let Some(known) = body.get("json").filter(|value| value.kind != ValueKind::Null) {
        return Value { kind: known.kind.clone(), span };
    }
    let written = body.get("statement").map(elements).unwrap_or_default();
    let mut statements: Vec<Value> = written.iter().map(statement).collect();
    for source in SOURCES.iter().filter_map(|name| body.get(name)) {
        if matches!(source.kind, ValueKind::Opaque(_)) {
            statements.push(source.clone());
        }
        for document in elements(source) {
            statements.extend(statements_of(document));
        }
    }
    let version = body.get("version").cloned().filter(|value| value.kind != ValueKind::Null);
    let version = version.unwrap_or_else(|| string(body.span, "2012-10-17"));
    object(body.span, [("Version", version), ("Statement", list(body.span, statements))])
}

/// Returns the statements of another document; one that cannot be read stays as it is and may say anything.
fn statements_of(document: &Value) -> Vec<Value> {
    let parsed = match &document.kind {
        ValueKind::String(_) => match literal(document).map(|text| json::parse_strict(&text)) {
            Some(Ok(tree)) => placed(tree, document.span),
            _ => return vec![opaque(document)],
        },
        _ => unwrapped(document).clone(),
    };
    match parsed.get("Statement") {
        Some(statements) => elements(statements).to_vec(),
        None => vec![opaque(document)],
    }
}

fn opaque(value: &Value) -> Value {
    if matches!(value.kind, ValueKind::Opaque(_)) {
        return value.clone();
    }
    Value { kind: ValueKind::Opaque("a policy document".into()), span: value.span }
}

/// Returns the value behind `jsonencode`.
pub(super) fn unwrapped(value: &Value) -> &Value {
    match value.members() {
        [only] if &*only.key == "Fn::ToJsonString" => &only.value,
        _ => value,
    }
}

/// Returns the tree of a text that stands at `span` as a whole.
pub(crate) fn placed(tree: Value, span: Span) -> Value {
    let kind = match tree.kind {
        ValueKind::Array(items) => {
            ValueKind::Array(items.into_iter().map(|item| placed(item, span)).collect())
        }
        ValueKind::Object(members) => ValueKind::Object(
            members
                .into_iter()
                .map(|member| Member { key: member.key, key_span: span, value: placed(member.value, span) })
                .collect(),
        ),
        kind => kind,
    };
    Value { kind, span }
}

fn statement(written: &Value) -> Value {
    if !matches!(written.kind, ValueKind::Object(_)) {
        return opaque(written);
    }
    let effect = written.get("effect").filter(|value| value.kind != ValueKind::Null).cloned();
    let effect = effect.unwrap_or_else(|| string(written.span, "Allow"));
    let allows = literal(&effect).is_none_or(|effect| &*effect != "Deny");
    let mut made = vec![("Effect", effect)];
    for (argument, member) in MEMBERS {
        let present = |value: &&Value| !matches!(&value.kind, ValueKind::Null) && !is_empty(value);
        if let Some(value) = written.get(argument).filter(present) {
            made.push((member, completed(value, allows)));
        }
    }
    for (argument, member) in [("principals", "Principal"), ("not_principals", "NotPrincipal")] {
        if let Some(value) = principals(written, argument) {
            made.push((member, value));
        }
    }
    if let Some(conditions) = conditions(written) {
        made.push(("Condition", conditions));
    }
    object(written.span, made)
}

/// Returns resources of which only the beginning is known as all that begin so, where more is the safe side;
/// for a denial as a resource of which nothing is known.
fn completed(value: &Value, allows: bool) -> Value {
    match (&value.kind, value.members()) {
        (ValueKind::Array(items), _) => {
            list(value.span, items.iter().map(|item| completed(item, allows)).collect())
        }
        (_, [only]) if &*only.key == PART && allows => {
            let pieces = list(value.span, vec![only.value.clone(), string(value.span, "*")]);
            object(value.span, [("Fn::Join", list(value.span, vec![string(value.span, ""), pieces]))])
        }
        (_, [only]) if &*only.key == PART => {
            let symbol = Symbol::given("resource of a denial", &format!("byte {}", value.span.start));
            Value { kind: ValueKind::String(symbol.into()), span: value.span }
        }
        _ => value.clone(),
    }
}

fn is_empty(value: &Value) -> bool {
    match &value.kind {
        ValueKind::Array(items) => items.is_empty(),
        ValueKind::String(term) => *term == loopguard_pattern::Term::default(),
        _ => false,
    }
}

fn principals(statement: &Value, argument: &str) -> Option<Value> {
    let written =
        statement.get(argument).filter(|value| !is_empty(value) && value.kind != ValueKind::Null)?;
    let mut kinds: Vec<Member> = Vec::new();
    for block in elements(written) {
        let (Some(kind), Some(names)) = (block.get("type").and_then(literal), block.get("identifiers"))
        else {
            return Some(opaque(written));
        };
        merge(&mut kinds, &kind, names, block.span);
    }
    Some(Value { kind: ValueKind::Object(kinds), span: written.span })
}

fn conditions(statement: &Value) -> Option<Value> {
    let written =
        statement.get("condition").filter(|value| !is_empty(value) && value.kind != ValueKind::Null)?;
    let mut operators: Vec<Member> = Vec::new();
    for block in elements(written) {
        let said = |name: &str| block.get(name).and_then(literal);
        let (Some(operator), Some(variable), Some(values)) =
            (said("test"), said("variable"), block.get("values"))
        else {
            return Some(opaque(written));
        };
        let at = operators.iter().position(|member| member.key == operator).unwrap_or_else(|| {
            operators.push(Member { key: operator, key_span: block.span, value: object(block.span, []) });
            operators.len() - 1
        });
        if let Some(Member { value: Value { kind: ValueKind::Object(keys), .. }, .. }) = operators.get_mut(at)
        {
            merge(keys, &variable, values, block.span);
        }
    }
    Some(Value { kind: ValueKind::Object(operators), span: written.span })
}

/// Adds values to the list under a key.
fn merge(members: &mut Vec<Member>, key: &str, values: &Value, span: Span) {
    match members.iter_mut().find(|member| &*member.key == key) {
        Some(member) => {
            let mut all = elements(&member.value).to_vec();
            all.extend_from_slice(elements(values));
            member.value = list(span, all);
        }
        None => members.push(Member { key: key.into(), key_span: span, value: values.clone() }),
    }
}
