//! Rules as they are described and as the bus acts on them.

use crate::log::Counts;
use loopguard_model::{Origin, Rule, RuleKey, RuleState, Target};
use loopguard_pattern::{EventPattern, Term};
use std::sync::Arc;

/// The most targets of a rule (EventBridge quotas).
pub(crate) const MAX_TARGETS: usize = 5;

/// A rule of the account.
#[derive(Debug)]
pub(crate) struct LiveRule {
    pub(crate) name: Arc<str>,
    pub(crate) bus: Arc<str>,
    pub(crate) arn: Arc<str>,
    /// What `DescribeRule` and `ListTargetsByRule` answer; `None` while the rule does not exist.
    pub(crate) described: Option<Rule>,
    /// What the bus acts on; lags behind.
    pub(crate) acting: Arc<Acting>,
    /// Counts changes, so that a late one does not overwrite a later one.
    pub(crate) version: u64,
    pub(crate) settled: u64,
    pub(crate) counts: Counts,
}

/// A rule as the bus knows it.
#[derive(Debug)]
pub(crate) struct Acting {
    pub(crate) state: RuleState,
    pub(crate) pattern: Option<Arc<EventPattern>>,
    pub(crate) targets: Vec<Target>,
}

impl LiveRule {
    /// Returns the rule, in force at once.
    ///
    /// The rule is known by its name and its ARN from here on, as in an account: nobody there knows its template.
    pub(crate) fn new(rule: Rule, account: &str, region: &str) -> Self {
        let (name, bus) = (text(&rule.name), text(&rule.bus));
        let path = if &*bus == "default" { name.to_string() } else { format!("{bus}/{name}") };
        let arn: Arc<str> = format!("arn:aws:events:{region}:{account}:rule/{path}").into();
        let rule = Rule {
            key: RuleKey { bus: bus.clone(), source: format!("{account}/{region}").into(), id: name.clone() },
            path: arn.clone(),
            origin: Origin::Api { operation: "events:DescribeRule".into(), at: "".into() },
            ..rule
        };
        let acting = Arc::new(Acting::of(Some(&rule)));
        Self {
            arn,
            name,
            bus,
            described: Some(rule),
            acting,
            version: 0,
            settled: 0,
            counts: Counts::default(),
        }
    }
}

impl Acting {
    pub(crate) fn of(rule: Option<&Rule>) -> Self {
        let Some(rule) = rule else {
            return Self { state: RuleState::Disabled, pattern: None, targets: Vec::new() };
        };
        Self {
            state: rule.state,
            pattern: rule.trigger.pattern().cloned(),
            targets: rule.targets.iter().flatten().take(MAX_TARGETS).cloned().collect(),
        }
    }

    /// Returns true iff the rule looks at such an event at all.
    pub(crate) fn sees(&self, read_only: bool) -> bool {
        match self.state {
            RuleState::Disabled => false,
            RuleState::Enabled | RuleState::Unknown => !read_only,
            RuleState::EnabledWithAllManagementEvents => true,
        }
    }
}

/// Returns a term as text. The account has no symbols left; were one there, it is called by its name.
pub(crate) fn text(term: &Term) -> Arc<str> {
    term.as_literal().unwrap_or_else(|| term.to_string().into())
}
