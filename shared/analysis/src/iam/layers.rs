//! What several layers of policies leave together.

use crate::iam::custom::EventLimits;
use crate::iam::grant::{Grant, Reach};
use crate::iam::terms::{common, covers};
use loopguard_pattern::Term;

/// What a statement surely refuses of an action.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Refusal {
    /// All of it.
    All,
    /// On the resources that fit one of these texts.
    These(Vec<Term>),
    /// On all resources but those that fit one of these texts.
    AllBut(Vec<Term>),
    /// For the custom events that these limits leave out.
    Events(EventLimits),
}

/// The most pairs of resources that are compared for one action; IAM lets no policy name so many. Beyond, the layer is
/// taken to allow what the others do.
const MOST_PAIRS: usize = 1 << 14;

/// Returns the grants as far as one of another layer's allows them.
pub(crate) fn narrowed(grants: Vec<Grant>, layer: &[Grant]) -> Vec<Grant> {
    let open = |one: &Grant| one.reach == Reach::Any && one.except.is_empty();
    let limits = one_limit(layer);
    let narrow = |mut grant: Grant| {
        if let Some(limits) = limits {
            grant.limits.and(limits);
        }
        if layer.iter().any(open) { Some(grant) } else { within(grant, layer) }
    };
    if layer.is_empty() {
        return Vec::new();
    }
    grants.into_iter().filter_map(narrow).collect()
}

/// The limits on custom events that all of a layer's grants share.
fn one_limit(layer: &[Grant]) -> Option<&EventLimits> {
    let first = &layer.first()?.limits;
    layer.iter().all(|grant| grant.limits == *first).then_some(first)
}

fn within(grant: Grant, layer: &[Grant]) -> Option<Grant> {
    if let [only] = layer
        && only.reach == Reach::Any
    {
        let except = merged(grant.except, &only.except);
        return cut(Grant { except, ..grant });
    }
    let mut wanted: Vec<&Term> = Vec::new();
    for one in layer {
        match &one.reach {
            // Any but some, beside others: what is left out here may be allowed there.
            Reach::Any => return Some(grant),
            Reach::These(terms) => wanted.extend(terms),
        }
    }
    let reach = match &grant.reach {
        Reach::Any => wanted.into_iter().cloned().collect(),
        Reach::These(terms) => {
            if terms.len().saturating_mul(wanted.len()) > MOST_PAIRS {
                return Some(grant);
            }
            let mut found: Vec<Term> = Vec::new();
            for term in terms {
                for other in &wanted {
                    if let Some(both) = common(term, other)
                        && !found.contains(&both)
                    {
                        found.push(both);
                    }
                }
            }
            found
        }
    };
    cut(Grant { reach: Reach::These(reach), ..grant })
}

/// Returns the grants without what is refused.
pub(crate) fn without(grants: Vec<Grant>, refusals: &[Refusal]) -> Vec<Grant> {
    if refusals.contains(&Refusal::All) {
        return Vec::new();
    }
    grants.into_iter().filter_map(|grant| left_of(grant, refusals)).collect()
}

fn left_of(mut grant: Grant, refusals: &[Refusal]) -> Option<Grant> {
    for refusal in refusals {
        match refusal {
            Refusal::All => return None,
            Refusal::These(terms) => grant.except = merged(grant.except, terms),
            Refusal::AllBut(terms) => {
                let allowed = Grant { reach: Reach::These(terms.clone()), ..grant.clone() };
                grant = within(grant, std::slice::from_ref(&allowed))?;
            }
            Refusal::Events(limits) => grant.limits.and(limits),
        }
    }
    cut(grant)
}

/// Returns the grant without the texts that are wholly left out; none iff nothing is left.
fn cut(mut grant: Grant) -> Option<Grant> {
    if grant.limits.is_void() {
        return None;
    }
    if let Reach::These(terms) = &mut grant.reach {
        if terms.len().saturating_mul(grant.except.len()) <= MOST_PAIRS {
            terms.retain(|term| !grant.except.iter().any(|refused| covers(refused, term)));
        }
        if terms.is_empty() {
            return None;
        }
    }
    Some(grant)
}

/// What is left out for want of room may be allowed.
fn merged(mut except: Vec<Term>, more: &[Term]) -> Vec<Term> {
    for term in more {
        if except.len() < MOST_EXCEPTIONS && !except.contains(term) {
            except.push(term.clone());
        }
    }
    except
}

/// The most resources that a grant leaves out.
const MOST_EXCEPTIONS: usize = 64;
