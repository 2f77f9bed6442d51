//! Rules that no event can match.

use crate::catalogue::Catalogue;
use crate::emission::{API_CALL, Fields, home_region};
use crate::meet::accepts;
use crate::{Aspect, accept};
use loopguard_model::Rule;
use loopguard_pattern::{Branch, EventSet, Overlap, Schema, Term, overlap};

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
    let detail_types = accept::listed(branch, "detail-type")?;
    if detail_types.iter().any(|detail_type| &**detail_type != API_CALL) {
        return None;
    }
    let sources = accept::listed(branch, "source")?;
    let mut global_only = true;
    for source in &sources {
        let Some(service) = source.strip_prefix("aws.") else {
            global_only = false;
            continue;
        };
        let event_source = format!("{service}.amazonaws.com");
        let mut known = catalogue.services_of_event_source(&event_source).peekable();
        if known.peek().is_none() && !is_quiet_source(source, catalogue) {
            return None;
        }
        if known.any(|service| !service.global) {
            global_only = false;
        }
    }
    let recorded = |source: &&std::sync::Arc<str>| {
        source.strip_prefix("aws.").is_some_and(|service| {
            catalogue.services_of_event_source(&format!("{service}.amazonaws.com")).next().is_some()
        })
    };
    if !sources.iter().any(|source| recorded(&source)) {
        let listed = sources.iter().map(|source| format!("`{source}`")).collect::<Vec<_>>().join(", ");
        return Some(format!("no API call is recorded with source {listed}"));
    }
    let home = home_region(&rule.scope);
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

/// Returns why no record can have the sources that the branch lists, if it lists event sources of other services:
/// a record's source is `aws.` and the event source without its domain, and no other event of AWS has an event source.
fn sources_apart(branch: &Branch) -> Option<String> {
    let sources = accept::listed(branch, "source")?;
    let event_sources = accept::listed(branch, "detail.eventSource")?;
    let of_aws = sources.iter().all(|source| source.starts_with("aws."));
    let fits = |event_source: &std::sync::Arc<str>| {
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

/// Returns true iff the source is one that native events have, so that its lack of API calls is known and not a gap.
fn is_quiet_source(source: &str, catalogue: &Catalogue) -> bool {
    catalogue.natives().iter().any(|native| &*native.event.0 == source)
}
