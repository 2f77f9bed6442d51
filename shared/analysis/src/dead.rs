//! Rules that no event can match.

use crate::catalogue::Catalogue;
use crate::emission::{API_CALL, Fields, home_region};
use crate::meet::accepts;
use crate::{Aspect, accept};
use loopguard_model::Rule;
use loopguard_pattern::{Branch, EventSet, Overlap, Schema, Term, overlap};
use std::sync::Arc;

/// Returns why no event can match the rule, if that is so.
pub(crate) fn why_dead(rule: &Rule, catalogue: &Catalogue) -> Option<String> {
    let pattern = rule.trigger.pattern()?;
    if rule.bus != Term::literal("default") || !catalogue.has(Aspect::DeadPatterns) {
        // A rule may pass anything on to another bus.
        return None;
    }
    if let Some(reason) = never_matches(pattern) {
        return Some(reason);
    }
    let mut why = None;
    for branch in pattern.branches() {
        why = Some(branch_dead(branch, rule, catalogue)?);
    }
    why
}

fn never_matches(pattern: &loopguard_pattern::EventPattern) -> Option<String> {
    let nothing =
        || matches!(overlap(&EventSet::from(pattern), &EventSet::open(), &Schema::any()), Overlap::No(_));
    (!accepts(pattern, &Fields::default()) && nothing())
        .then(|| "the pattern contradicts itself: no event at all can match it".to_owned())
}

fn branch_dead(branch: &Branch, rule: &Rule, catalogue: &Catalogue) -> Option<String> {
    if let Some(reason) = sources_apart(branch) {
        return Some(reason);
    }
    let services = recorded_as(branch, catalogue)?;
    if services.is_empty() {
        let sources = accept::listed(branch, "source")?;
        let listed = sources.iter().map(|source| format!("`{source}`")).collect::<Vec<_>>().join(", ");
        return Some(format!("no API call is recorded with source {listed}"));
    }
    let home = home_region(&rule.scope);
    let global_only = services
        .iter()
        .all(|service| catalogue.services_of_event_source(service).all(|service| service.global));
    if global_only
        && catalogue.has(Aspect::HomeRegions)
        && crate::arn::surely_differ(&rule.scope.region, &home)
    {
        return Some(format!(
            "calls of this global service are recorded in `{home}` only, and the rule is in `{}`",
            rule.scope.region
        ));
    }
    None
}

/// Returns the event sources that the calls are recorded with which the branch may accept, if it accepts records of calls
/// and nothing else, and of known services alone.
fn recorded_as(branch: &Branch, catalogue: &Catalogue) -> Option<Vec<Arc<str>>> {
    let types = accept::listed(branch, "detail-type");
    if types.as_ref().is_some_and(|types| types.iter().any(|detail_type| &**detail_type != API_CALL)) {
        return None;
    }
    let is_known = |service: &Arc<str>| catalogue.services_of_event_source(service).next().is_some();
    if let Some(services) = accept::listed(branch, "detail.eventSource")
        && !accept::may_be_custom(branch)
    {
        // Events of AWS with an event source that are no records of calls come from the same services.
        return services.iter().all(is_known).then_some(services);
    }
    let mut services = Vec::new();
    for source in accept::listed(branch, "source")? {
        // Nobody records a call with a source that AWS does not reserve.
        let Some(service) = source.strip_prefix("aws.") else {
            types.as_ref()?;
            continue;
        };
        let service: Arc<str> = format!("{service}.amazonaws.com").into();
        if types.is_none() && (catalogue.has_native_events(&source) || !is_known(&service)) {
            return None;
        }
        if is_known(&service) {
            services.push(service);
        } else if !catalogue.has_native_events(&source) {
            return None;
        }
    }
    Some(services)
}

/// Returns why no record can have the sources that the branch lists, if it lists event sources of other services:
/// a record's source is `aws.` and the event source without its domain, and no other event of AWS has an event source.
fn sources_apart(branch: &Branch) -> Option<String> {
    let sources = accept::listed(branch, "source")?;
    let event_sources = accept::listed(branch, "detail.eventSource")?;
    let of_aws = sources.iter().all(|source| source.starts_with("aws."));
    let fits = |event_source: &Arc<str>| {
        // What has another domain is not known.
        event_source
            .strip_suffix(".amazonaws.com")
            .is_none_or(|service| sources.iter().any(|source| source.strip_prefix("aws.") == Some(service)))
    };
    if !of_aws || event_sources.iter().any(fits) {
        return None;
    }
    let first = event_sources.first()?;
    let service = first.strip_suffix(".amazonaws.com").unwrap_or(first);
    Some(format!(
        "calls with event source `{first}` have source `aws.{service}`, which the pattern does not list"
    ))
}
