//! Values written as JSON within a text: `Fn::ToJsonString`, and Terraform's `jsonencode` between other words.

use super::Resolver;
use crate::nodes::list;
use loopguard_pattern::json::{Value, ValueKind, quoted};
use loopguard_pattern::{Part, Term};

impl Resolver<'_> {
    /// Returns the list with the JSON text in the place of each `Fn::ToJsonString`, where that is known.
    pub(super) fn with_json_texts(&self, raw: &Value) -> Value {
        let ValueKind::Array(items) = &raw.kind else { return raw.clone() };
        let written = |item: &Value| match item.members() {
            [only] if &*only.key == "Fn::ToJsonString" => {
                let term = self.value(&only.value).and_then(|value| json_text(&value))?;
                Some(Value { kind: ValueKind::String(term), span: item.span })
            }
            _ => None,
        };
        list(raw.span, items.iter().map(|item| written(item).unwrap_or_else(|| item.clone())).collect())
    }
}

/// Returns a resolved value as JSON, symbols kept; none where a part of it has no known shape.
fn json_text(value: &Value) -> Option<Term> {
    Some(match &value.kind {
        ValueKind::Null => Term::literal("null"),
        ValueKind::Bool(_) | ValueKind::Number(_) => value.scalar()?,
        ValueKind::String(term) => quoted_term(term),
        ValueKind::Array(items) => {
            let items: Vec<Term> = items.iter().map(json_text).collect::<Option<_>>()?;
            between("[", items, "]")
        }
        ValueKind::Object(members) => {
            let members = members.iter().map(|member| {
                let key = Term::literal(&format!("{}:", quoted(&member.key)));
                Some(Term::concat([key, json_text(&member.value)?]))
            });
            between("{", members.collect::<Option<_>>()?, "}")
        }
        ValueKind::Opaque(_) | ValueKind::Broken(_) => return None,
    })
}

fn quoted_term(term: &Term) -> Term {
    let inner = term.parts().iter().map(|part| match part {
        Part::Literal(text) => {
            let quoted = quoted(text);
            Term::literal(quoted.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')).unwrap_or(&quoted))
        }
        Part::Symbol(symbol) => symbol.clone().into(),
    });
    between("\"", vec![Term::concat(inner)], "\"")
}

fn between(open: &str, items: Vec<Term>, close: &str) -> Term {
    let mut all = vec![Term::literal(open)];
    for (at, item) in items.into_iter().enumerate() {
        if at > 0 {
            all.push(Term::literal(","));
        }
        all.push(item);
    }
    all.push(Term::literal(close));
    Term::concat(all)
}
