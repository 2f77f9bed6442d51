//! Reasons of decisions.

use crate::iam::Truth;
use loopguard_model::{Effect, Policy};
use std::fmt;
use std::sync::Arc;

/// A kind of policy.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Layer {
    /// Of the principal itself.
    Identity,
    /// The permissions boundary.
    Boundary,
    /// A service control policy.
    Scp,
    /// The session policy.
    Session,
    /// Of the resource.
    Resource,
}

/// One reason of a decision.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Because {
    /// The kind of policy.
    pub layer: Layer,
    /// The policy's name; none where a whole layer does not allow.
    pub policy: Option<Arc<str>>,
    /// The statement's `Sid`, or `#` and its place, from 1 on.
    pub statement: Option<Arc<str>>,
    /// What the statement does; none where a layer says nothing.
    pub effect: Option<Effect>,
    /// Whether it applies.
    pub truth: Truth,
    /// What is not known, where it may apply.
    pub unknown: Vec<String>,
}

impl Because {
    pub(crate) fn statement(
        layer: Layer,
        policy: &Policy,
        index: usize,
        truth: Truth,
        unknown: Vec<String>,
    ) -> Self {
        let statement = policy.statements.get(index);
        let sid = statement.and_then(|statement| statement.sid.clone());
        Self {
            layer,
            policy: Some(policy.name.clone()),
            statement: Some(sid.unwrap_or_else(|| format!("#{}", index + 1).into())),
            effect: statement.map(|statement| statement.effect),
            truth,
            unknown,
        }
    }

    pub(crate) fn unread(layer: Layer, policy: &Arc<str>, why: &str) -> Self {
        Self {
            layer,
            policy: Some(policy.clone()),
            statement: None,
            effect: None,
            truth: Truth::Unknown,
            unknown: vec![why.to_owned()],
        }
    }

    pub(crate) fn silent(layer: Layer) -> Self {
        Self { layer, policy: None, statement: None, effect: None, truth: Truth::No, unknown: Vec::new() }
    }
}

impl fmt::Display for Layer {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(match self {
            Self::Identity => "identity policy",
            Self::Boundary => "permissions boundary",
            Self::Scp => "service control policy",
            Self::Session => "session policy",
            Self::Resource => "resource policy",
        })
    }
}

impl fmt::Display for Because {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Some(policy) = &self.policy else { return write!(out, "no {} allows it", self.layer) };
        write!(out, "{} `{policy}`", self.layer)?;
        if let Some(statement) = &self.statement {
            write!(out, ", statement `{statement}`")?;
        }
        match (self.effect, self.truth) {
            (Some(Effect::Allow), Truth::Yes) => out.write_str(": allows")?,
            (Some(Effect::Allow), _) => out.write_str(": may allow, not known: ")?,
            (Some(Effect::Deny), Truth::Yes) => out.write_str(": denies")?,
            (Some(Effect::Deny), _) => out.write_str(": may deny, not known: ")?,
            (None, _) => out.write_str(": ")?,
        }
        out.write_str(&self.unknown.join(", "))
    }
}
