//! ARNs whose parts may be symbols.

use crate::glob::{fits, is_plain_name};
use loopguard_pattern::{Part, Term};

/// An ARN taken apart: `arn:partition:service:region:account:resource`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Arn {
    pub(crate) service: Term,
    pub(crate) region: Term,
    pub(crate) account: Term,
    /// What stands behind the fifth colon, colons included.
    pub(crate) resource: Term,
}

impl Arn {
    /// Returns the parts of `arn`, if its literal text has the five colons.
    pub(crate) fn parse(arn: &Term) -> Option<Self> {
        if let Some(text) = arn.as_str() {
            return Self::of_text(text);
        }
        let mut fields: Vec<Term> = vec![Term::default()];
        for part in arn.parts() {
            match part {
                Part::Symbol(symbol) => append(&mut fields, symbol.clone().into()),
                Part::Literal(text) => {
                    let mut rest: &str = text;
                    while fields.len() < 6
                        && let Some((before, after)) = rest.split_once(':')
                    {
                        append_text(&mut fields, before);
                        fields.push(Term::default());
                        rest = after;
                    }
                    append_text(&mut fields, rest);
                }
            }
        }
        let [arn, _partition, service, region, account, resource] = <[Term; 6]>::try_from(fields).ok()?;
        (arn.as_str() == Some("arn")).then_some(Self { service, region, account, resource })
    }

    /// Returns the parts of a text that is all known, as nearly all are.
    fn of_text(arn: &str) -> Option<Self> {
        let [service, region, account, resource] = fields_of(arn)?.map(Term::literal);
        Some(Self { service, region, account, resource })
    }

    /// Returns the resource part behind `start`, if it begins so.
    pub(crate) fn resource_after(&self, start: &str) -> Option<Term> {
        strip_prefix(&self.resource, start)
    }
}

/// Returns service, region, account and resource of an ARN that is all known.
pub(crate) fn fields_of(arn: &str) -> Option<[&str; 4]> {
    let mut fields = arn.strip_prefix("arn:")?.splitn(5, ':').skip(1);
    Some([fields.next()?, fields.next()?, fields.next()?, fields.next()?])
}

fn append(fields: &mut [Term], more: Term) {
    if let Some(last) = fields.last_mut() {
        *last = Term::concat([std::mem::take(last), more]);
    }
}

fn append_text(fields: &mut [Term], text: &str) {
    if let Some(last) = fields.last_mut() {
        last.push_str(text);
    }
}

/// Returns the term without the literal text `start`, if it begins so.
pub(crate) fn strip_prefix(term: &Term, start: &str) -> Option<Term> {
    if start.is_empty() {
        return Some(term.clone());
    }
    if let Some(text) = term.as_str() {
        return text.strip_prefix(start).map(Term::literal);
    }
    let mut parts = term.parts().iter();
    let Some(Part::Literal(first)) = parts.next() else { return None };
    let rest = first.strip_prefix(start)?;
    Some(Term::concat(std::iter::once(Term::literal(rest)).chain(parts.map(one_part))))
}

fn one_part(part: &Part) -> Term {
    match part {
        Part::Literal(text) => Term::literal(text),
        Part::Symbol(symbol) => symbol.clone().into(),
    }
}

/// Returns the ARN of the resource itself: of the API behind an endpoint, of the document behind a run of it, of what a
/// version, a stream or another part is one of; others stay as they are.
pub(crate) fn unqualified(arn: &Term) -> Term {
    // Most ARNs are of neither service, and need not be taken apart to know it.
    let service = arn.as_str().and_then(|text| text.split(':').nth(2));
    if service.is_none_or(|service| service == "appsync" || service == "ssm") {
        if let Some(api) = api_of(arn) {
            return api;
        }
        if is_runbook(arn) {
            return document_of(arn);
        }
    }
    loopguard_model::whole(arn)
}

/// The GraphQL API of an endpoint: data sources name the API, rules name its endpoint.
fn api_of(arn: &Term) -> Option<Term> {
    let parsed = Arn::parse(arn)?;
    let ours = parsed.service.as_literal().as_deref() == Some("appsync");
    parsed.resource_after("endpoints/graphql-api/").filter(|_| ours)?;
    Some(Term::concat(arn.parts().iter().map(|part| match part {
        Part::Literal(text) => Term::literal(&text.replace("endpoints/graphql-api/", "apis/")),
        Part::Symbol(symbol) => symbol.clone().into(),
    })))
}

fn is_runbook(arn: &Term) -> bool {
    Arn::parse(arn).is_some_and(|parsed| {
        parsed.service.as_literal().as_deref() == Some("ssm")
            && parsed.resource_after("automation-definition/").is_some()
    })
}

/// The document of an `automation-definition/NAME:VERSION`.
fn document_of(runbook: &Term) -> Term {
    let (mut kept, mut colons) = (Term::default(), 0);
    for part in runbook.parts() {
        match part {
            Part::Symbol(symbol) => kept = Term::concat([kept, symbol.clone().into()]),
            Part::Literal(text) => {
                for character in text.replace("automation-definition/", "document/").chars() {
                    colons += usize::from(character == ':');
                    if colons == 6 {
                        return kept;
                    }
                    kept.push_str(character.encode_utf8(&mut [0; 4]));
                }
            }
        }
    }
    kept
}

/// Returns what stands in front of the first `separator` in the literal text, symbols kept.
pub(crate) fn before(term: &Term, separator: char) -> Term {
    let mut head = Term::default();
    for part in term.parts() {
        match part {
            Part::Literal(text) => match text.split_once(separator) {
                Some((before, _)) => {
                    head.push_str(before);
                    return head;
                }
                None => head.push_str(text),
            },
            Part::Symbol(symbol) => head = Term::concat([head, symbol.clone().into()]),
        }
    }
    head
}

/// Returns what stands in front of the first of the separators and behind it; none where the literal text has none, or a symbol in
/// front of it may hold one.
pub(crate) fn split_first(term: &Term, separators: &[char]) -> Option<(Term, Term)> {
    let mut head = Term::default();
    for (at, part) in term.parts().iter().enumerate() {
        match part {
            Part::Literal(text) => match text.split_once(separators) {
                Some((before, after)) => {
                    head.push_str(before);
                    let behind = term.parts().iter().skip(at + 1).map(one_part);
                    return Some((head, Term::concat(std::iter::once(Term::literal(after)).chain(behind))));
                }
                None => head.push_str(text),
            },
            Part::Symbol(symbol) if is_plain_name(symbol) => {
                head = Term::concat([head, symbol.clone().into()]);
            }
            Part::Symbol(_) => return None,
        }
    }
    None
}

/// Returns what stands behind the last `separator` in the literal text, symbols kept; the whole without one.
pub(crate) fn after_last(term: &Term, separator: char) -> Term {
    let mut tail = Term::default();
    for part in term.parts() {
        match part {
            Part::Literal(text) => match text.rsplit_once(separator) {
                Some((_, after)) => tail = Term::literal(after),
                None => tail.push_str(text),
            },
            Part::Symbol(symbol) => tail = Term::concat([tail, symbol.clone().into()]),
        }
    }
    tail
}

/// Returns true only if they differ whatever their symbols stand for: other texts, or two names that one stack makes
/// for two resources.
pub(crate) fn surely_differ(left: &Term, right: &Term) -> bool {
    match (left.as_str(), right.as_str()) {
        (Some(left), Some(right)) => left != right,
        (Some(text), None) => never(right, text),
        (None, Some(text)) => never(left, text),
        _ => match (left.parts(), right.parts()) {
            ([Part::Symbol(left)], [Part::Symbol(right)]) => {
                left != right && left.class == right.class && created(left) && created(right)
            }
            _ => false,
        },
    }
}

/// Returns true only if the term, in which a star stands for any run, is not the text whatever its symbols stand for.
fn never(term: &Term, text: &str) -> bool {
    let starred: String = term
        .parts()
        .iter()
        .map(|part| match part {
            Part::Literal(text) => text.as_ref(),
            Part::Symbol(_) => "*",
        })
        .collect();
    let stars = |part: &Part| matches!(part, Part::Literal(text) if text.contains(['*', '?']));
    if term.parts().iter().any(stars) { !fits(&starred, text, false) } else { !term.may_be(text) }
}

fn created(symbol: &loopguard_pattern::Symbol) -> bool {
    symbol.kind == loopguard_pattern::SymbolKind::Created
}
