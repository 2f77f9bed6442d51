//! What the request of a declared or coded call says.

use crate::arn;
use crate::catalogue::Binding;
use crate::glob::Glob;
use crate::iam::{Bound, Read};
use loopguard_model::{Call, Given, Scope};
use loopguard_pattern::Term;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// Returns the value of a request member, whatever the case of its first letter.
pub(super) fn given<'c>(call: &'c Call, member: &str) -> Option<&'c Given> {
    call.request.get(member).or_else(|| {
        call.request.iter().find(|(name, _)| name.eq_ignore_ascii_case(member)).map(|(_, given)| given)
    })
}

/// The most things that one request lists and that are told apart.
pub(super) const MOST_LISTED: usize = 32;

/// Returns the values of a request member: one, or those of a list.
pub(super) fn listed<'c>(call: &'c Call, member: &str) -> Vec<&'c Given> {
    if let Some(one) = given(call, member) {
        return vec![one];
    }
    let of_list = |name: &str| {
        let (list, place) = name.split_once('.')?;
        (list.eq_ignore_ascii_case(member) && place.bytes().all(|byte| byte.is_ascii_digit())).then_some(())
    };
    call.request.iter().filter(|(name, _)| of_list(name).is_some()).map(|(_, given)| given).collect()
}

pub(super) fn is_arn(term: &Term) -> bool {
    arn::strip_prefix(term, "arn:").is_some()
}

/// Returns what the request says of the call's resource.
///
/// A variable of the binding is the request member of its own name (`{bucket}`: `Bucket`) or of the name that
/// CloudTrail shows it under (`tableName`: `TableName`).
pub(super) fn requested(
    call: &Call,
    binding: &Binding,
    scope: &Scope,
    start: &BTreeMap<Arc<str>, Glob>,
) -> Bound {
    let mut bound = Bound::open();
    for (path, templates) in &binding.request {
        let Some(variable) = templates
            .iter()
            .find_map(|template| template.strip_prefix('{').and_then(|rest| rest.strip_suffix('}')))
            .map(|variable| variable.strip_suffix("!last").unwrap_or(variable))
        else {
            continue;
        };
        let shown = path.rsplit('.').next().unwrap_or_default();
        let Some(value) = given(call, variable).or_else(|| given(call, shown)) else { continue };
        match value {
            Given::Constant(term) if is_arn(term) => {
                if let Read::Is(of_arn) = binding.read(term, scope) {
                    bound.merge(of_arn);
                }
            }
            Given::Constant(term) if term.to_string().contains(':') && !binding.reads_names(variable) => {
                // A name with what it is qualified by (`family:3`) reads as the end of an ARN.
                if let Some(Read::Is(named)) = binding.read_named(variable, term, scope) {
                    bound.merge(named);
                }
            }
            other => {
                if let Some(glob) = glob_of(other, start).filter(|glob| !glob.is_any()) {
                    bound.set(variable, glob);
                }
            }
        }
    }
    bound
}

/// Returns what is known of a value; none: nothing.
pub(super) fn glob_of(given: &Given, start: &BTreeMap<Arc<str>, Glob>) -> Option<Glob> {
    match given {
        Given::Constant(term) => Some(Glob::exact(term.clone())),
        Given::StartsWith(term) => Some(Glob::any_after(term.clone())),
        Given::FromEvent(path) => start.get(path).cloned(),
    }
}

/// The numbers of the entries that the request says something about; one of which nothing is known where it does not.
pub(super) fn entries(call: &Call) -> Vec<Arc<str>> {
    let mut numbers: BTreeSet<Arc<str>> = BTreeSet::new();
    for name in call.request.keys() {
        if let Some((number, _)) = name.strip_prefix("Entries.").and_then(|rest| rest.split_once('.')) {
            numbers.insert(number.into());
        }
    }
    if numbers.is_empty() { vec!["0".into()] } else { numbers.into_iter().collect() }
}
