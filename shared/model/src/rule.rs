//! Rules and their targets.

use crate::{Origin, Scope};
use loopguard_pattern::{EventPattern, Term};
use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

/// Names one rule within an inventory: a logical id or a name, made unique by its place.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RuleKey {
    /// The bus, as a display text (`default`, `orders`, `${Bus}`).
    pub bus: Arc<str>,
    /// File (templates) or account and region (accounts); keeps equal names of merged sources apart.
    pub source: Arc<str>,
    /// Name or logical id: what users call the rule.
    pub id: Arc<str>,
}

impl fmt::Display for RuleKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.id)
    }
}

/// An EventBridge rule.
#[derive(Debug, Clone)]
pub struct Rule {
    /// Its key.
    pub key: RuleKey,
    /// The full path in its template (`Resources.Fixer.Properties.Events.OnAcl`), or the ARN in an account.
    pub path: Arc<str>,
    /// The rule's name; a created symbol where the template leaves it to CloudFormation.
    pub name: Term,
    /// The name of its bus: `default`, another name, or a symbol; never an ARN of the same account.
    pub bus: Term,
    /// Where it lives.
    pub scope: Scope,
    /// Whether it is on.
    pub state: RuleState,
    /// What it listens to.
    pub trigger: Trigger,
    /// Its targets; `None` until they have been read.
    pub targets: Option<Vec<Target>>,
    /// The service that manages the rule, if one does: such a rule cannot be disabled.
    pub managed_by: Option<Arc<str>>,
    /// Its tags as far as known.
    pub tags: BTreeMap<Arc<str>, Arc<str>>,
    /// Where the rule stands.
    pub origin: Origin,
}

/// Whether a rule is on, and for which events.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum RuleState {
    /// Off.
    Disabled,
    /// On, but for read-only management events that come through CloudTrail.
    Enabled,
    /// On, for those too.
    EnabledWithAllManagementEvents,
    /// Not known (a parameter without a default); counts as on.
    Unknown,
}

impl RuleState {
    /// Returns the value as the API and templates write it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Disabled => "DISABLED",
            Self::Enabled => "ENABLED",
            Self::EnabledWithAllManagementEvents => "ENABLED_WITH_ALL_CLOUDTRAIL_MANAGEMENT_EVENTS",
            Self::Unknown => "UNKNOWN",
        }
    }

    /// Returns the state that `text` names, as the API writes it.
    pub fn from_api(text: &str) -> Option<Self> {
        [Self::Disabled, Self::Enabled, Self::EnabledWithAllManagementEvents]
            .into_iter()
            .find(|state| state.as_str() == text)
    }
}

/// What makes a rule fire.
#[derive(Debug, Clone)]
pub enum Trigger {
    /// Events that match.
    Pattern(Arc<EventPattern>),
    /// The clock alone: a root, nothing starts it.
    Schedule(Arc<str>),
    /// Both a pattern and a schedule.
    Both(Arc<EventPattern>, Arc<str>),
    /// A pattern that AWS would refuse, or that could not be read: the reason.
    Unreadable(Arc<str>),
}

impl Trigger {
    /// Returns the trigger that the API tells as the text of a pattern and a schedule expression.
    pub fn from_api(pattern: Option<&str>, schedule: Option<&str>) -> Self {
        let schedule = schedule.filter(|text| !text.is_empty());
        match (pattern.filter(|text| !text.is_empty()).map(loopguard_pattern::parse), schedule) {
            (Some(Ok(pattern)), None) => Self::Pattern(Arc::new(pattern)),
            (Some(Ok(pattern)), Some(schedule)) => Self::Both(Arc::new(pattern), schedule.into()),
            (Some(Err(error)), _) => Self::Unreadable(error.to_string().into()),
            (None, Some(schedule)) => Self::Schedule(schedule.into()),
            (None, None) => Self::Unreadable("the rule has neither a pattern nor a schedule".into()),
        }
    }

    /// Returns the pattern, if there is one that can be read.
    pub fn pattern(&self) -> Option<&Arc<EventPattern>> {
        match self {
            Self::Pattern(pattern) | Self::Both(pattern, _) => Some(pattern),
            Self::Schedule(_) | Self::Unreadable(_) => None,
        }
    }
}

/// One target of a rule.
#[derive(Debug, Clone)]
pub struct Target {
    /// Its id within the rule.
    pub id: Arc<str>,
    /// What it points at.
    pub arn: Term,
    /// The role that EventBridge assumes to deliver, if any.
    pub role: Option<Term>,
    /// Other members, flattened: `Input`, `InputPath`, `EcsParameters.TaskDefinitionArn` ...
    pub parameters: BTreeMap<Arc<str>, Term>,
    /// Where the target stands.
    pub origin: Origin,
}
