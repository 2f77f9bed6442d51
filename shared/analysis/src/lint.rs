//! What is worth telling about a rule whatever its verdict: one file per code.

mod bucket_events;
mod catch_all;
mod closed_target;
mod data_events;
mod event_name;
mod event_name_spelling;
mod no_dead_letter_queue;
mod no_trail;
mod pattern_reading;
mod read_only_events;
mod refused_pattern;
mod resources_of_calls;
#[cfg(test)]
mod tests;

use crate::accept;
use crate::catalogue::{Catalogue, Operation};
use crate::emission::API_CALL;
use crate::{Code, Verdict};
use loopguard_model::{Inventory, Origin, Rule, RuleKey};
use loopguard_pattern::{Branch, EventPattern};
use std::cell::OnceCell;
use std::collections::BTreeMap;
use std::sync::Arc;

/// Something worth telling about one rule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lint {
    /// Stable and readable: the code and the rule, as `catch-all:Everything`.
    pub id: Arc<str>,
    /// What kind it is.
    pub code: Code,
    /// The rule.
    pub rule: RuleKey,
    /// What it is, in a sentence.
    pub message: String,
    /// Where the rule stands.
    pub origin: Origin,
}

/// What a lint looks at.
struct Site<'a> {
    rule: &'a Rule,
    inventory: &'a Inventory,
    catalogue: &'a Catalogue,
    /// What the branches on API calls list as names, found once for all lints.
    calls: OnceCell<Vec<Calls<'a>>>,
}

/// The event names that a branch lists, each with the operations that it may stand for there.
struct Calls<'a> {
    branch: &'a Branch,
    named: Vec<(Arc<str>, Vec<&'a Arc<Operation>>)>,
}

/// One lint: returns its sentences about the rule.
type Look = fn(&Site<'_>) -> Vec<String>;

const LINTS: [(Code, Look); 12] = [
    (Code::RefusedPattern, refused_pattern::look),
    (Code::CatchAll, catch_all::look),
    (Code::PatternReading, pattern_reading::look),
    (Code::EventName, event_name::look),
    (Code::EventNameSpelling, event_name_spelling::look),
    (Code::ResourcesOfCalls, resources_of_calls::look),
    (Code::ReadOnlyEvents, read_only_events::look),
    (Code::NoTrail, no_trail::look),
    (Code::DataEvents, data_events::look),
    (Code::BucketEvents, bucket_events::look),
    (Code::ClosedTarget, closed_target::look),
    (Code::NoDeadLetterQueue, no_dead_letter_queue::look),
];

/// Returns what is worth telling, rule by rule. Of a dead rule only what is no other word for its being dead.
pub(crate) fn all(inventory: &Inventory, catalogue: &Catalogue, verdicts: &[Verdict]) -> Vec<Lint> {
    let mut lints = Vec::new();
    let mut ids: BTreeMap<String, usize> = BTreeMap::new();
    for (rule, verdict) in inventory.rules.iter().zip(verdicts) {
        let site = Site { rule, inventory, catalogue, calls: OnceCell::new() };
        for (code, look) in LINTS {
            if *verdict == Verdict::Dead && code != Code::NoDeadLetterQueue && code != Code::RefusedPattern {
                continue;
            }
            for message in look(&site) {
                let plain = format!("{code}:{}", rule.key);
                let number = ids.entry(plain.clone()).or_default();
                *number += 1;
                let id = if *number == 1 { plain } else { format!("{plain}#{number}") };
                lints.push(Lint {
                    id: id.into(),
                    code,
                    rule: rule.key.clone(),
                    message,
                    origin: rule.origin.clone(),
                });
            }
        }
    }
    lints
}

impl<'a> Site<'a> {
    fn pattern(&self) -> Option<&'a EventPattern> {
        self.rule.trigger.pattern().map(|pattern| &**pattern)
    }

    /// The branches that say that they are about API calls, with the calls that they name.
    fn calls(&self) -> &[Calls<'a>] {
        let on_calls = |branch: &&Branch| {
            accept::listed(branch, "detail-type")
                .is_some_and(|listed| listed.iter().all(|detail_type| &**detail_type == API_CALL))
        };
        self.calls.get_or_init(|| {
            let branches = self.pattern().into_iter().flat_map(EventPattern::branches).filter(on_calls);
            branches.map(|branch| Calls { branch, named: self.named_by(branch) }).collect()
        })
    }

    fn named_by(&self, branch: &Branch) -> Vec<(Arc<str>, Vec<&'a Arc<Operation>>)> {
        let names = accept::listed(branch, "detail.eventName").unwrap_or_default();
        let here = |operation: &&Arc<Operation>| {
            operation.event_sources.iter().any(|source| hears_source(branch, source))
        };
        let of = |name: &Arc<str>| {
            self.catalogue.operations_of_event_name(name).into_iter().filter(here).collect()
        };
        names.into_iter().map(|name| (name.clone(), of(&name))).collect()
    }
}

/// Returns true if the branch may accept calls whose `eventSource` this is.
fn hears_source(branch: &Branch, event_source: &str) -> bool {
    let source = ["aws.", event_source.strip_suffix(".amazonaws.com").unwrap_or(event_source)].concat();
    accept::may(branch, "source", &source) && accept::may(branch, "detail.eventSource", event_source)
}

/// Returns the names in backticks, the first three of them.
fn list(names: &[Arc<str>]) -> String {
    let mut told: Vec<String> = names.iter().take(3).map(|name| format!("`{name}`")).collect();
    if names.len() > 3 {
        told.push(format!("{} more", names.len() - 3));
    }
    told.join(", ")
}
