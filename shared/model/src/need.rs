//! What the analysis would have to read to decide more, and what could not be read.

use crate::{Connection, Role, Rule, Target, Trails, Workload};
use loopguard_pattern::Term;
use std::fmt;
use std::sync::Arc;

/// One read. It is answered once, with facts or with a [`Gap`].
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Need {
    /// All rules of a bus, patterns and states included, targets not.
    RulesOfBus {
        /// The bus by name.
        bus: Term,
    },
    /// The targets of one rule.
    Targets {
        /// The bus by name.
        bus: Term,
        /// The rule by name.
        rule: Term,
    },
    /// What runs behind an ARN: a function, a state machine, a task definition ...
    Workload {
        /// The ARN, version and alias left out.
        arn: Term,
    },
    /// What takes from a topic, a queue, a stream, a table's stream or a function, and hands it on.
    Consumers {
        /// The ARN of what is taken from.
        arn: Term,
    },
    /// A role with its policies.
    Role {
        /// The ARN.
        arn: Term,
    },
    /// Whether a trail delivers CloudTrail events here, and which data events it selects.
    Trails,
    /// Whether a bucket sends its events to EventBridge.
    BucketNotification {
        /// The bucket by name.
        bucket: Term,
    },
}

impl fmt::Display for Need {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::RulesOfBus { bus } => write!(f, "the rules of bus `{bus}`"),
            Self::Targets { bus, rule } => write!(f, "the targets of rule `{rule}` on bus `{bus}`"),
            Self::Workload { arn } => write!(f, "what runs as `{arn}`"),
            Self::Consumers { arn } => write!(f, "what consumes `{arn}`"),
            Self::Role { arn } => write!(f, "the policies of role `{arn}`"),
            Self::Trails => f.write_str("the trails and their event selectors"),
            Self::BucketNotification { bucket } => write!(f, "the notifications of bucket `{bucket}`"),
        }
    }
}

/// A need that could not be answered.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Gap {
    /// What was asked.
    pub need: Need,
    /// Why there is no answer (`not in the templates read`, `AccessDenied: iam:GetRolePolicy`).
    pub reason: Arc<str>,
}

impl fmt::Display for Gap {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({})", self.need, self.reason)
    }
}

/// The answer to a need.
#[derive(Debug, Clone)]
pub enum Facts {
    /// To [`Need::RulesOfBus`].
    Rules(Vec<Rule>),
    /// To [`Need::Targets`].
    Targets(Vec<Target>),
    /// To [`Need::Workload`].
    Workload(Box<Workload>),
    /// To [`Need::Consumers`].
    Connections(Vec<Connection>),
    /// To [`Need::Role`].
    Role(Box<Role>),
    /// To [`Need::Trails`].
    Trails(Trails),
    /// To [`Need::BucketNotification`]: whether the bucket sends its events to EventBridge.
    BucketNotification(bool),
    /// The thing asked for does not exist.
    Missing,
}

impl Facts {
    /// Returns true iff there is nothing that an inventory could add.
    pub fn is_empty(&self) -> bool {
        match self {
            Self::Missing => true,
            Self::Rules(rules) => rules.is_empty(),
            Self::Connections(connections) => connections.is_empty(),
            Self::Targets(_)
            | Self::Workload(_)
            | Self::Role(_)
            | Self::Trails(_)
            | Self::BucketNotification(_) => false,
        }
    }
}
