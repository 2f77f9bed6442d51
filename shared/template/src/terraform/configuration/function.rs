//! Terraform's functions, as far as they decide what rules and roles say.

use super::evaluator::{Evaluator, entries, is_function};
use super::expression::Frame;
use super::operation::flag;
use super::template::joined;
use crate::nodes::{list, literal, object, same, string};
use crate::terraform::policy_document::{placed, unwrapped};
use hcl_edit::expr::Expression;
use loopguard_pattern::json::{self, Member, Span, Value, ValueKind};
use std::sync::Arc;

/// The longest text that a function makes.
const MAX_TEXT: usize = 1 << 18;

impl Evaluator<'_> {
    pub(super) fn function(
        &self,
        name: &str,
        arguments: &[&Expression],
        expand: bool,
        base: usize,
        frame: &Frame,
        span: Span,
    ) -> Value {
        let mut values: Vec<Value> =
            arguments.iter().map(|argument| self.expression(argument, base, frame)).collect();
        if expand && let Some(last) = values.pop() {
            match last.kind {
                ValueKind::Array(items) => values.extend(items),
                _ => return self.unknown(span),
            }
        }
        if let "file" | "templatefile" = name {
            return self.file(name, &values, frame, span);
        }
        call(name, &values, span).unwrap_or_else(|| self.unknown(span))
    }

    /// Returns the text of a file beside the module, its variables filled in.
    fn file(&self, name: &str, values: &[Value], frame: &Frame, span: Span) -> Value {
        let module = self.module(frame.instance);
        let path = values.first().and_then(literal);
        let found =
            module.zip(path.as_ref()).and_then(|(module, path)| self.files.beside(&module.file, path));
        let Some((_, text)) = found else {
            let shown = path.unwrap_or_else(|| "of a path that is not known".into());
            self.notes
                .tell(span, format!("the file `{shown}` is not read; what it says is taken as unknown"));
            return self.unknown(span);
        };
        if name == "file" {
            return string(span, text);
        }
        let names = values.get(1).and_then(entries).unwrap_or_default();
        let names = names.into_iter().filter_map(|(key, value)| Some((literal(&key)?, value)));
        let frame = Frame { instance: frame.instance, names: names.collect() };
        self.text(text, &frame, span)
    }
}

/// Returns what a function gives, if that can be told.
fn call(name: &str, values: &[Value], span: Span) -> Option<Value> {
    let first = values.first();
    match name {
        "jsonencode" => Some(object(span, [("Fn::ToJsonString", first?.clone())])),
        "jsondecode" => {
            let inner = unwrapped(first?);
            match literal(inner) {
                Some(text) => Some(placed(json::parse_strict(&text).ok()?, span)),
                None => (!same(inner, first?)).then(|| inner.clone()),
            }
        }
        "tostring" | "tonumber" | "tobool" | "tolist" | "tomap" | "sensitive" | "nonsensitive"
        | "abspath" | "pathexpand" => first.cloned(),
        "toset" | "distinct" => Some(list(span, distinct(items(first?)?))),
        "compact" => {
            let empty = |value: &Value| {
                value.kind == ValueKind::Null || literal(value).is_some_and(|text| text.is_empty())
            };
            Some(list(span, items(first?)?.iter().filter(|value| !empty(value)).cloned().collect()))
        }
        "concat" => {
            let all: Option<Vec<&[Value]>> = values.iter().map(items).collect();
            Some(list(span, all?.concat()))
        }
        "flatten" => {
            let mut flat = Vec::new();
            flatten(items(first?)?, &mut flat, 0);
            Some(list(span, flat))
        }
        "merge" => merge(values, span),
        "zipmap" => {
            let pairs = items(first?)?.iter().zip(items(values.get(1)?)?);
            let members = pairs.map(|(key, value)| {
                Some(Member { key: literal(key)?, key_span: key.span, value: value.clone() })
            });
            Some(Value { kind: ValueKind::Object(members.collect::<Option<_>>()?), span })
        }
        "keys" => Some(list(span, entries(first?)?.into_iter().map(|(key, _)| key).collect())),
        "values" => Some(list(span, entries(first?)?.into_iter().map(|(_, value)| value).collect())),
        "length" => {
            let count = match literal(first?) {
                Some(text) => text.chars().count(),
                None => entries(first?)?.len(),
            };
            Some(Value { kind: ValueKind::Number(count.to_string().into()), span })
        }
        "lookup" => {
            let key = literal(values.get(1)?)?;
            let found =
                entries(first?)?.into_iter().find(|(own, _)| literal(own).is_some_and(|own| own == key));
            found
                .map(|(_, value)| value)
                .filter(|value| value.kind != ValueKind::Null)
                .or_else(|| values.get(2).cloned())
        }
        "element" => {
            let all = items(first?)?;
            let at = literal(values.get(1)?)?.parse::<usize>().ok()?;
            all.get(at.checked_rem(all.len())?).cloned()
        }
        "one" => match items(first?)? {
            [] => Some(Value { kind: ValueKind::Null, span }),
            [only] => Some(only.clone()),
            _ => None,
        },
        // What fails is not known to fail: an unknown value is kept.
        "try" | "coalesce" | "coalescelist" => {
            let nothing = |value: &&Value| match &value.kind {
                ValueKind::Null => false,
                ValueKind::String(term) => name == "try" || *term != loopguard_pattern::Term::default(),
                ValueKind::Array(items) => name == "try" || !items.is_empty(),
                _ => true,
            };
            values.iter().find(nothing).or(values.last()).cloned()
        }
        "contains" => {
            let wanted = literal(values.get(1)?)?;
            let all: Option<Vec<Arc<str>>> = items(first?)?.iter().map(literal).collect();
            Some(Value { kind: ValueKind::Bool(all?.contains(&wanted)), span })
        }
        "alltrue" | "anytrue" => {
            let flags: Option<Vec<bool>> = items(first?)?.iter().map(flag).collect();
            let all = name == "alltrue";
            let holds = flags
                .map(|flags| if all { flags.into_iter().all(|f| f) } else { flags.into_iter().any(|f| f) });
            Some(Value { kind: ValueKind::Bool(holds?), span })
        }
        "range" => {
            let end =
                literal(first?)?.parse::<usize>().ok().filter(|end| *end <= 1_000 && values.len() == 1)?;
            let number = |at: usize| Value { kind: ValueKind::Number(at.to_string().into()), span };
            Some(list(span, (0..end).map(number).collect()))
        }
        "join" => {
            let delimiter = literal(first?)?;
            let mut pieces = Vec::new();
            for list in values.get(1..)? {
                for item in items(list)? {
                    if !pieces.is_empty() {
                        pieces.push(string(span, &delimiter));
                    }
                    pieces.push(item.clone());
                }
            }
            if pieces.is_empty() { Some(string(span, "")) } else { Some(joined(pieces, span)) }
        }
        "format" => format(values, span),
        "formatlist" => {
            let all = items(values.get(1).filter(|_| values.len() == 2)?)?;
            let made = all.iter().map(|item| format(&[first?.clone(), item.clone()], span));
            Some(list(span, made.collect::<Option<_>>()?))
        }
        _ => text(name, values, span),
    }
}

/// Returns what functions of known texts give.
fn text(name: &str, values: &[Value], span: Span) -> Option<Value> {
    let words: Vec<Arc<str>> = values.iter().map(literal).collect::<Option<_>>()?;
    let words: Vec<&str> = words.iter().map(|word| &**word).collect();
    let made = match (name, words.as_slice()) {
        ("lower", [one]) => one.to_lowercase(),
        ("upper", [one]) => one.to_uppercase(),
        ("trimspace", [one]) => one.trim().to_owned(),
        ("trimprefix", [one, start]) => one.strip_prefix(start).unwrap_or(one).to_owned(),
        ("trimsuffix", [one, end]) => one.strip_suffix(end).unwrap_or(one).to_owned(),
        ("replace", [one, from, to]) if !from.is_empty() && !from.starts_with('/') => {
            let fits = one.len().saturating_mul(to.len().max(1)) < MAX_TEXT;
            fits.then(|| one.replace(from, to))?
        }
        ("basename", [path]) => path.rsplit('/').next().unwrap_or(path).to_owned(),
        ("split", [delimiter, one]) if !delimiter.is_empty() => {
            return Some(list(span, one.split(delimiter).map(|piece| string(span, piece)).collect()));
        }
        ("startswith", [one, start]) => {
            return Some(Value { kind: ValueKind::Bool(one.starts_with(start)), span });
        }
        ("endswith", [one, end]) => return Some(Value { kind: ValueKind::Bool(one.ends_with(end)), span }),
        _ => return None,
    };
    Some(string(span, &made))
}

/// Returns a format of `%s` and `%d` filled in.
fn format(values: &[Value], span: Span) -> Option<Value> {
    let (form, mut rest) = values.split_first()?;
    let form = literal(form)?;
    let mut pieces = Vec::new();
    let mut open = &*form;
    while let Some((before, behind)) = open.split_once('%') {
        pieces.push(string(span, before));
        let verb = behind.chars().next()?;
        match verb {
            's' | 'd' | 'v' => {
                let (value, others) = rest.split_first()?;
                pieces.push(value.clone());
                rest = others;
            }
            '%' => pieces.push(string(span, "%")),
            _ => return None,
        }
        open = behind.get(verb.len_utf8()..)?;
    }
    pieces.push(string(span, open));
    Some(joined(pieces, span))
}

fn items(value: &Value) -> Option<&[Value]> {
    match &value.kind {
        ValueKind::Array(items) => Some(items),
        ValueKind::Null => Some(&[]),
        _ => None,
    }
}

fn distinct(items: &[Value]) -> Vec<Value> {
    let mut kept: Vec<Value> = Vec::new();
    for item in items {
        if !kept.iter().any(|own| same(own, item)) {
            kept.push(item.clone());
        }
    }
    kept
}

fn flatten(items: &[Value], flat: &mut Vec<Value>, depth: usize) {
    for item in items {
        match &item.kind {
            ValueKind::Array(inner) if depth < 50 => flatten(inner, flat, depth + 1),
            _ => flat.push(item.clone()),
        }
    }
}

fn merge(values: &[Value], span: Span) -> Option<Value> {
    let mut made: Vec<Member> = Vec::new();
    for value in values {
        let members = match &value.kind {
            ValueKind::Object(members) if !is_function(members) => members,
            ValueKind::Null => continue,
            _ => return None,
        };
        for member in members {
            made.retain(|own| own.key != member.key);
            made.push(member.clone());
        }
    }
    Some(Value { kind: ValueKind::Object(made), span })
}
