//! What stands behind APIs and addresses: what was read of them, and what was not.

use super::{NAME_ENDS, Resources, is_wild};
use crate::Aspect;
use crate::arn::{Arn, split_first, surely_differ};
use crate::catalogue::{Catalogue, Feed, TargetKind, Then};
use crate::emission::Identity;
use crate::graph::actors::{anything, consumers};
use crate::graph::build::Builder;
use crate::graph::edge::Fact;
use crate::iam::{Grant, Reach, covers};
use loopguard_model::Scope;
use loopguard_pattern::Term;

/// What stands behind an API or an address, as far as it was read; else anything.
pub(in crate::graph) fn add_behind(
    builder: &mut Builder<'_, '_>,
    at: usize,
    scope: &Scope,
    arn: &Term,
    kinds: &[&TargetKind],
) {
    let found = builder.resources.behind(arn, builder.ground.catalogue);
    for resource in &found.resources {
        consumers(builder, at, resource);
    }
    let outside = kinds.iter().any(|kind| kind.then == Then::Outside);
    // A method that an API does not have calls nothing; the sources of a GraphQL API may stand elsewhere.
    let whole = found.whole && (outside || !found.resources.is_empty());
    if whole || (outside && !builder.ground.catalogue.has(Aspect::OutsideTargets)) {
        return;
    }
    let why = if outside {
        format!("what is behind `{arn}` is outside what can be read")
    } else {
        format!("what is behind `{arn}` was not read")
    };
    anything(builder, at, scope, &Identity::Unknown, &Fact::guess(None, None, why));
}

impl Resources<'_> {
    /// Returns what stands behind the ARN of an API, of one of its methods, or of an address.
    fn behind(&self, arn: &Term, catalogue: &Catalogue) -> Behind {
        if self.leads_on(arn) {
            return Behind { resources: vec![arn.clone()], whole: true };
        }
        let mut behind = Behind { resources: Vec::new(), whole: false };
        for (feed, row) in catalogue.carriers().feeds().iter().enumerate() {
            if !row.read.is_empty() && is_of(row, arn) {
                behind.resources.extend(self.named_by(feed, std::slice::from_ref(arn)));
                behind.whole = self.is_read(feed, row, arn);
            }
        }
        behind
    }

    /// Returns what the grant names of the row, or may name, beside all that was read of it.
    pub(in crate::graph) fn stranger(&self, feed: usize, row: &Feed, grant: &Grant) -> Option<Term> {
        if row.read.is_empty() {
            return None;
        }
        let any_read = self.read.contains_key(&feed);
        match &grant.reach {
            Reach::Any => (!any_read && grant.narrow).then(|| Term::literal("*")),
            Reach::These(resources) => {
                let is_strange = |resource: &&Term| match Arn::parse(resource) {
                    Some(arn) if is_wild(&arn.service) => grant.narrow && !any_read,
                    Some(arn) if surely_differ(&arn.service, &Term::literal(&row.arn.0)) => false,
                    Some(_) if names_no_thing(row, resource) => grant.narrow && !any_read,
                    Some(_) => !self.is_read(feed, row, resource),
                    None => grant.narrow && !any_read,
                };
                let strange = resources.iter().find(is_strange)?;
                (!grant.except.iter().any(|refused| covers(refused, strange))).then(|| strange.clone())
            }
        }
    }

    /// Returns true iff what the ARN is of, or a part of, was read.
    fn is_read(&self, feed: usize, row: &Feed, arn: &Term) -> bool {
        let name = thing_of(row, arn);
        name.is_some_and(|name| {
            self.read.get(&feed).into_iter().flatten().any(|read| thing_of(row, read).as_ref() == Some(&name))
        })
    }
}

/// What stands behind an API or an address.
#[derive(Debug)]
struct Behind {
    /// What it leads to.
    resources: Vec<Term>,
    /// It leads to nothing else.
    whole: bool,
}

/// Returns true iff the ARN is of the row's kind.
fn is_of(row: &Feed, arn: &Term) -> bool {
    Arn::parse(arn).is_some_and(|arn| {
        arn.service.as_literal().as_deref() == Some(&row.arn.0) && arn.resource_after(&row.arn.1).is_some()
    })
}

/// Returns the name of the thing itself that an ARN is of, or a part of.
fn thing_of(row: &Feed, arn: &Term) -> Option<Term> {
    let resource = Arn::parse(arn)?.resource_after(&row.arn.1)?;
    Some(split_first(&resource, &NAME_ENDS).map_or(resource, |(name, _)| name))
}

/// Returns true iff the policy's text leaves open which of the row's things it is about.
fn names_no_thing(row: &Feed, resource: &Term) -> bool {
    thing_of(row, resource).is_none_or(|name| is_wild(&name))
}
