//! The name of an event bus, however a template writes it.

use loopguard_model::Scope;
use loopguard_pattern::{Part, Term};

/// Returns the bus's name: a name as it is, the name out of an ARN of the same account and region; an ARN
/// of another account or region stays whole.
pub(crate) fn name(written: &Term, scope: &Scope) -> Term {
    if *written == Term::default() {
        return Term::literal("default");
    }
    let Some(resource) = fields_behind(written, scope) else { return written.clone() };
    let mut parts = resource.parts().iter();
    match parts.next() {
        Some(Part::Literal(first)) => match first.strip_prefix("event-bus/") {
            Some(rest) => {
                Term::concat(std::iter::once(Term::literal(rest)).chain(parts.map(|part| match part {
                    Part::Literal(text) => Term::literal(text),
                    Part::Symbol(symbol) => symbol.clone().into(),
                })))
            }
            None => written.clone(),
        },
        _ => written.clone(),
    }
}

/// Returns the resource part of an `events` ARN of this scope, or none for any other term.
fn fields_behind(arn: &Term, scope: &Scope) -> Option<Term> {
    let mut fields: Vec<Term> = vec![Term::default()];
    for part in arn.parts() {
        match part {
            Part::Symbol(symbol) => {
                let last = fields.last_mut()?;
                *last = Term::concat([std::mem::take(last), symbol.clone().into()]);
            }
            Part::Literal(text) => {
                for (at, piece) in text.split(':').enumerate() {
                    if at > 0 {
                        fields.push(Term::default());
                    }
                    fields.last_mut()?.push_str(piece);
                }
            }
        }
    }
    let [arn, _, service, region, account, resource] = fields.as_slice() else { return None };
    let here = *region == scope.region && *account == scope.account;
    let events = *arn == Term::literal("arn") && *service == Term::literal("events");
    (here && events).then(|| resource.clone())
}
