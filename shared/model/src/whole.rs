//! The resource that an ARN names, where it names a part or a version of it.

use loopguard_pattern::{Part, Term};

/// What of an ARN names the resource, where more may follow.
#[derive(Debug, Clone, Copy)]
enum Ends {
    /// Before the first of this text.
    Before(&'static str),
    /// After seven fields between colons, of which the sixth is this text: what follows is a version or an alias.
    Named(&'static str),
}

/// Where resources end in ARNs, by service. Calls that write name the whole resource, and so does all that is compared
/// with them.
///
/// Sources: Lambda developer guide, versions and aliases; Step Functions developer guide, versions and aliases; DynamoDB
/// developer guide, Streams; Kinesis developer guide, consumers with enhanced fan-out (`EventSourceArn` of a mapping may
/// be the consumer's); service authorization reference of CloudWatch Logs (`log-group:NAME:*` are its log streams).
const ENDS: [(&str, Ends); 5] = [
    ("lambda", Ends::Named("function")),
    ("states", Ends::Named("stateMachine")),
    ("dynamodb", Ends::Before("/stream/")),
    ("kinesis", Ends::Before("/consumer/")),
    ("logs", Ends::Before(":*")),
];

/// Returns the ARN of the resource of which the ARN names a version, an alias, a stream, a consumer or all parts; others
/// stay as they are.
///
/// Separators are looked for in the known parts alone: accounts, regions and names that AWS makes hold none.
pub fn whole(arn: &Term) -> Term {
    match ENDS.iter().find(|(named, _)| has_field(arn, 2, named)) {
        Some((_, Ends::Before(separator))) => before(arn, separator),
        Some((_, Ends::Named(kind))) if has_field(arn, 5, kind) => fields(arn, 7),
        _ => arn.clone(),
    }
}

/// Returns true iff the field of that number between colons is this text.
fn has_field(arn: &Term, at: usize, text: &str) -> bool {
    // Nearly all ARNs are one text, in which nothing has to be joined.
    match arn.as_str() {
        Some(arn) => arn.split(':').nth(at) == Some(text),
        None => field(arn, at).is_some_and(|field| field.as_str() == Some(text)),
    }
}

/// Returns the field of that number between colons.
fn field(arn: &Term, at: usize) -> Option<Term> {
    let mut found = Term::default();
    let mut number = 0;
    for part in arn.parts() {
        match part {
            Part::Symbol(symbol) if number == at => found = Term::concat([found, symbol.clone().into()]),
            Part::Symbol(_) => {}
            Part::Literal(text) => {
                for (colons, piece) in text.split(':').enumerate() {
                    number += usize::from(colons > 0);
                    if number == at {
                        found.push_str(piece);
                    }
                }
            }
        }
    }
    (number >= at).then_some(found)
}

/// Returns the first so many fields, with the colons between them.
fn fields(arn: &Term, count: usize) -> Term {
    let mut kept = Term::default();
    let mut colons = 0;
    for part in arn.parts() {
        match part {
            Part::Symbol(symbol) => kept = Term::concat([kept, symbol.clone().into()]),
            Part::Literal(text) => {
                let end = text.match_indices(':').nth(count - colons - 1).map(|(at, _)| at);
                if end.is_none() && arn.as_str().is_some() {
                    return arn.clone();
                }
                kept.push_str(end.and_then(|end| text.get(..end)).unwrap_or(text));
                if end.is_some() {
                    return kept;
                }
                colons += text.matches(':').count();
            }
        }
    }
    kept
}

/// Returns what stands before the first `separator` in the known text.
fn before(arn: &Term, separator: &str) -> Term {
    let mut kept = Term::default();
    for part in arn.parts() {
        match part {
            Part::Symbol(symbol) => kept = Term::concat([kept, symbol.clone().into()]),
            Part::Literal(text) => match text.split_once(separator) {
                Some((first, _)) => {
                    kept.push_str(first);
                    return kept;
                }
                None => kept.push_str(text),
            },
        }
    }
    kept
}

#[cfg(test)]
mod tests {
    use super::whole;
    use loopguard_pattern::{Symbol, Term};

    fn of(arn: &str) -> String {
        whole(&Term::literal(arn)).to_string()
    }

    #[test]
    fn parts_and_versions_lead_to_their_resource() {
        for (arn, resource) in [
            ("arn:aws:lambda:r:1:function:f:live", "arn:aws:lambda:r:1:function:f"),
            ("arn:aws:lambda:r:1:function:f", "arn:aws:lambda:r:1:function:f"),
            ("arn:aws:lambda:r:1:layer:l:3", "arn:aws:lambda:r:1:layer:l:3"),
            ("arn:aws:states:r:1:stateMachine:m:7", "arn:aws:states:r:1:stateMachine:m"),
            ("arn:aws:states:r:1:execution:m:7", "arn:aws:states:r:1:execution:m:7"),
            ("arn:aws:dynamodb:r:1:table/t/stream/2026-01-01T00:00:00.000", "arn:aws:dynamodb:r:1:table/t"),
            ("arn:aws:dynamodb:r:1:table/t", "arn:aws:dynamodb:r:1:table/t"),
            ("arn:aws:kinesis:r:1:stream/s/consumer/c:1700000000", "arn:aws:kinesis:r:1:stream/s"),
            ("arn:aws:logs:r:1:log-group:/a/b:*", "arn:aws:logs:r:1:log-group:/a/b"),
            ("arn:aws:logs:r:1:log-group:/a/b", "arn:aws:logs:r:1:log-group:/a/b"),
            ("arn:aws:sqs:r:1:q", "arn:aws:sqs:r:1:q"),
            ("", ""),
            ("arn", "arn"),
        ] {
            assert_eq!(of(arn), resource, "{arn}");
        }
    }

    #[test]
    fn symbols_stay_and_are_never_cut() {
        let name = || Term::from(Symbol::created("function", "F"));
        let arn = |end: &str| {
            Term::concat([Term::literal("arn:aws:lambda:r:1:function:"), name(), Term::literal(end)])
        };
        assert_eq!(whole(&arn(":live")), arn(""));
        assert_eq!(whole(&arn("")), arn(""));
        assert_eq!(whole(&name()), name());
    }
}
