//! Branches of a pattern as nested JSON, symbols kept.

use loopguard_pattern::json::{Member, Span, Value, ValueKind, quoted};
use loopguard_pattern::{Affix, AnythingBut, Branch, MatcherKind, Number, NumericRange, Term, Wildcard};

/// Returns the branch with a choice at the path, which it does not name: the alternative, or nothing there.
pub(super) fn with_choice(branch: &Branch, path: &str, other: &MatcherKind) -> Value {
    let mut members = plain(branch);
    let choice = |kind: &MatcherKind| {
        let mut members = Vec::new();
        insert(&mut members, path, list(vec![matcher(kind)]));
        object(members)
    };
    let either = list(vec![choice(other), choice(&MatcherKind::Exists(false))]);
    members.push(Member { key: "$or".into(), key_span: Span::default(), value: either });
    object(members)
}

/// Returns the union of the branches, each with this list at the path.
pub(super) fn of_branches<'b>(
    branches: impl Iterator<Item = (&'b Branch, &'b str, Vec<MatcherKind>)>,
) -> Value {
    let mut all: Vec<Value> = branches
        .map(|(branch, path, kinds)| {
            let mut members = Vec::new();
            for field in branch.fields().iter().filter(|field| &*field.path != path) {
                let matchers = field.matchers.iter().map(|known| matcher(&known.kind)).collect();
                insert(&mut members, &field.path, list(matchers));
            }
            insert(&mut members, path, list(kinds.iter().map(matcher).collect()));
            object(members)
        })
        .collect();
    if all.len() == 1
        && let Some(only) = all.pop()
    {
        return only;
    }
    object(vec![Member { key: "$or".into(), key_span: Span::default(), value: list(all) }])
}

fn plain(branch: &Branch) -> Vec<Member> {
    let mut members = Vec::new();
    for field in branch.fields() {
        let matchers = field.matchers.iter().map(|known| matcher(&known.kind)).collect();
        insert(&mut members, &field.path, list(matchers));
    }
    members
}

/// Puts a value at a path of keys joined by dots.
fn insert(members: &mut Vec<Member>, path: &str, value: Value) {
    let Some((head, rest)) = path.split_once('.') else {
        members.push(Member { key: path.into(), key_span: Span::default(), value });
        return;
    };
    let known = members
        .iter()
        .position(|member| &*member.key == head && matches!(member.value.kind, ValueKind::Object(_)));
    let at = known.unwrap_or(members.len());
    if known.is_none() {
        members.push(Member { key: head.into(), key_span: Span::default(), value: object(Vec::new()) });
    }
    if let Some(ValueKind::Object(inner)) = members.get_mut(at).map(|member| &mut member.value.kind) {
        insert(inner, rest, value);
    }
}

fn matcher(kind: &MatcherKind) -> Value {
    match kind {
        MatcherKind::Exists(flag) => operator("exists", of(ValueKind::Bool(*flag))),
        MatcherKind::Null => of(ValueKind::Null),
        MatcherKind::Bool(flag) => of(ValueKind::Bool(*flag)),
        MatcherKind::Exact(term) => string(term),
        MatcherKind::Number(number) => digits(number),
        MatcherKind::Prefix(affix) => operator("prefix", affixed(affix)),
        MatcherKind::Suffix(affix) => operator("suffix", affixed(affix)),
        MatcherKind::EqualsIgnoreCase(term) => operator("equals-ignore-case", string(term)),
        MatcherKind::Wildcard(text) => operator("wildcard", wildcard(text)),
        MatcherKind::Numeric(range) => operator("numeric", numeric(range)),
        MatcherKind::Cidr(cidr) => {
            operator("cidr", string(&Term::literal(&format!("{}/{}", cidr.address, cidr.mask))))
        }
        MatcherKind::AnythingBut(but) => operator("anything-but", anything_but(but)),
        MatcherKind::Opaque(text) => of(ValueKind::Opaque(text.clone())),
    }
}

fn anything_but(but: &AnythingBut) -> Value {
    let strings = |terms: &[Term]| list(terms.iter().map(string).collect());
    match but {
        AnythingBut::Strings(terms) => strings(terms),
        AnythingBut::Numbers(numbers) => list(numbers.iter().map(digits).collect()),
        AnythingBut::Prefix(terms) => operator("prefix", strings(terms)),
        AnythingBut::Suffix(terms) => operator("suffix", strings(terms)),
        AnythingBut::EqualsIgnoreCase(terms) => operator("equals-ignore-case", strings(terms)),
        AnythingBut::Wildcard(texts) => operator("wildcard", list(texts.iter().map(wildcard).collect())),
    }
}

fn affixed(affix: &Affix) -> Value {
    let text = string(&affix.text);
    if affix.ignore_case { operator("equals-ignore-case", text) } else { text }
}

fn wildcard(wildcard: &Wildcard) -> Value {
    let mut text = Term::default();
    for (at, piece) in wildcard.pieces.iter().enumerate() {
        if at > 0 {
            text.push_str("*");
        }
        let escaped = piece.parts().iter().map(|part| match part {
            loopguard_pattern::Part::Literal(text) => {
                Term::literal(&text.replace('\\', "\\\\").replace('*', "\\*"))
            }
            loopguard_pattern::Part::Symbol(symbol) => symbol.clone().into(),
        });
        text = Term::concat([text].into_iter().chain(escaped));
    }
    string(&text)
}

fn numeric(range: &NumericRange) -> Value {
    let word = |text: &str| string(&Term::literal(text));
    let mut parts = Vec::new();
    if let (true, Some((value, _))) = (range.equality, &range.low) {
        parts.extend([word("="), digits(value)]);
    } else {
        if let Some((value, included)) = &range.low {
            parts.extend([word(if *included { ">=" } else { ">" }), digits(value)]);
        }
        if let Some((value, included)) = &range.high {
            parts.extend([word(if *included { "<=" } else { "<" }), digits(value)]);
        }
    }
    list(parts)
}

fn digits(number: &Number) -> Value {
    of(ValueKind::Number(number.text.clone()))
}

fn operator(name: &str, argument: Value) -> Value {
    object(vec![Member { key: name.into(), key_span: Span::default(), value: argument }])
}

fn of(kind: ValueKind) -> Value {
    Value { kind, span: Span::default() }
}

fn string(text: &Term) -> Value {
    of(ValueKind::String(text.clone()))
}

fn list(items: Vec<Value>) -> Value {
    of(ValueKind::Array(items))
}

fn object(members: Vec<Member>) -> Value {
    of(ValueKind::Object(members))
}

/// Returns the value as JSON text, symbols as `${Name}`.
pub(super) fn write(value: &Value) -> String {
    match &value.kind {
        ValueKind::Null => "null".to_owned(),
        ValueKind::Bool(flag) => flag.to_string(),
        ValueKind::Opaque(text) => quoted(text),
        ValueKind::Number(text) | ValueKind::Broken(text) => text.to_string(),
        ValueKind::String(term) => quoted(&term.to_string()),
        ValueKind::Array(items) => format!("[{}]", items.iter().map(write).collect::<Vec<_>>().join(",")),
        ValueKind::Object(members) => {
            let member = |member: &Member| format!("{}:{}", quoted(&member.key), write(&member.value));
            format!("{{{}}}", members.iter().map(member).collect::<Vec<_>>().join(","))
        }
    }
}
