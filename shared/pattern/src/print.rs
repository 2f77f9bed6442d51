//! A pattern as JSON text again.

use crate::json::quoted;
use crate::{
    Affix, AnythingBut, Branch, EventPattern, Field, MatcherKind, NumericRange, Part, Term, Wildcard,
};
use std::fmt;

impl fmt::Display for EventPattern {
    /// Writes a pattern of the same branches: flat paths in the engine's order, and one `$or` where there
    /// are several branches. Symbols are written as `${Name}`, opaque values as texts.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.branches.as_slice() {
            [one] => branch(f, one),
            several => {
                f.write_str("{\"$or\":[")?;
                for (index, one) in several.iter().enumerate() {
                    comma(f, index)?;
                    branch(f, one)?;
                }
                f.write_str("]}")
            }
        }
    }
}

fn comma(f: &mut fmt::Formatter<'_>, index: usize) -> fmt::Result {
    if index > 0 { f.write_str(",") } else { Ok(()) }
}

fn branch(f: &mut fmt::Formatter<'_>, branch: &Branch) -> fmt::Result {
    f.write_str("{")?;
    for (index, one) in branch.fields.iter().enumerate() {
        comma(f, index)?;
        field(f, one)?;
    }
    f.write_str("}")
}

fn field(f: &mut fmt::Formatter<'_>, field: &Field) -> fmt::Result {
    string(f, &field.path)?;
    f.write_str(":[")?;
    for (index, one) in field.matchers.iter().enumerate() {
        comma(f, index)?;
        matcher(f, &one.kind)?;
    }
    f.write_str("]")
}

pub(crate) fn matcher(f: &mut fmt::Formatter<'_>, kind: &MatcherKind) -> fmt::Result {
    match kind {
        MatcherKind::Exists(flag) => write!(f, "{{\"exists\":{flag}}}"),
        MatcherKind::Null => f.write_str("null"),
        MatcherKind::Bool(flag) => write!(f, "{flag}"),
        MatcherKind::Exact(text) => term(f, text),
        MatcherKind::Number(number) => f.write_str(&number.text),
        MatcherKind::Prefix(affix) => affixed(f, "prefix", affix),
        MatcherKind::Suffix(affix) => affixed(f, "suffix", affix),
        MatcherKind::EqualsIgnoreCase(text) => operator(f, "equals-ignore-case", |f| term(f, text)),
        MatcherKind::Wildcard(text) => operator(f, "wildcard", |f| wildcard(f, text)),
        MatcherKind::Numeric(range) => operator(f, "numeric", |f| numeric(f, range)),
        MatcherKind::Cidr(cidr) => write!(f, "{{\"cidr\":\"{}/{}\"}}", cidr.address, cidr.mask),
        MatcherKind::AnythingBut(but) => operator(f, "anything-but", |f| anything_but(f, but)),
        MatcherKind::Opaque(text) => string(f, text),
    }
}

fn operator(
    f: &mut fmt::Formatter<'_>,
    name: &str,
    argument: impl FnOnce(&mut fmt::Formatter<'_>) -> fmt::Result,
) -> fmt::Result {
    write!(f, "{{\"{name}\":")?;
    argument(f)?;
    f.write_str("}")
}

fn affixed(f: &mut fmt::Formatter<'_>, name: &str, affix: &Affix) -> fmt::Result {
    operator(f, name, |f| {
        if affix.ignore_case {
            operator(f, "equals-ignore-case", |f| term(f, &affix.text))
        } else {
            term(f, &affix.text)
        }
    })
}

fn anything_but(f: &mut fmt::Formatter<'_>, but: &AnythingBut) -> fmt::Result {
    match but {
        AnythingBut::Strings(terms) => list(f, terms, term),
        AnythingBut::Numbers(numbers) => list(f, numbers, |f, number| f.write_str(&number.text)),
        AnythingBut::Prefix(terms) => operator(f, "prefix", |f| list(f, terms, term)),
        AnythingBut::Suffix(terms) => operator(f, "suffix", |f| list(f, terms, term)),
        AnythingBut::EqualsIgnoreCase(terms) => operator(f, "equals-ignore-case", |f| list(f, terms, term)),
        AnythingBut::Wildcard(wildcards) => operator(f, "wildcard", |f| list(f, wildcards, wildcard)),
    }
}

fn list<T>(
    f: &mut fmt::Formatter<'_>,
    items: &[T],
    one: impl Fn(&mut fmt::Formatter<'_>, &T) -> fmt::Result,
) -> fmt::Result {
    f.write_str("[")?;
    for (index, item) in items.iter().enumerate() {
        comma(f, index)?;
        one(f, item)?;
    }
    f.write_str("]")
}

fn numeric(f: &mut fmt::Formatter<'_>, range: &NumericRange) -> fmt::Result {
    let mut parts = Vec::new();
    if let (true, Some((value, _))) = (range.equality, &range.low) {
        parts.push(format!("\"=\",{}", value.text));
    } else {
        if let Some((value, included)) = &range.low {
            parts.push(format!("\"{}\",{}", if *included { ">=" } else { ">" }, value.text));
        }
        if let Some((value, included)) = &range.high {
            parts.push(format!("\"{}\",{}", if *included { "<=" } else { "<" }, value.text));
        }
    }
    write!(f, "[{}]", parts.join(","))
}

fn wildcard(f: &mut fmt::Formatter<'_>, wildcard: &Wildcard) -> fmt::Result {
    let pieces: Vec<String> =
        wildcard.pieces.iter().map(|piece| plain(piece).replace('\\', "\\\\").replace('*', "\\*")).collect();
    string(f, &pieces.join("*"))
}

fn plain(term: &Term) -> String {
    term.parts()
        .iter()
        .map(|part| match part {
            Part::Literal(text) => text.to_string(),
            Part::Symbol(symbol) => symbol.to_string(),
        })
        .collect()
}

fn term(f: &mut fmt::Formatter<'_>, term: &Term) -> fmt::Result {
    string(f, &plain(term))
}

/// Writes a JSON string.
fn string(f: &mut fmt::Formatter<'_>, text: &str) -> fmt::Result {
    f.write_str(&quoted(text))
}
