//! Kinds of targets: what delivery is, and what runs then.

use crate::catalogue::CatalogueError;
use crate::catalogue::error::check;
use crate::catalogue::packed;
use crate::definition::Ends;
use loopguard_pattern::{Part, Term};
use serde::Deserialize;
use std::collections::BTreeMap;
use std::sync::Arc;

/// Who calls when EventBridge delivers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Caller {
    /// The target's role, assumed by EventBridge.
    Role,
    /// The service principal, under the resource's policy.
    Service,
}

/// What continues after delivery.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Then {
    /// A workload with a role; the role says what it can do.
    Role,
    /// Whoever reads the queue, topic, stream or log group.
    Consumers,
    /// The rules of another bus.
    Bus,
    /// The subscribers of a custom bus of the newer kind.
    Busv2,
    /// What is known to stand behind it; where nothing is, anything.
    Behind,
    /// What is known to stand behind an HTTP interface; where nothing is, something that cannot be seen.
    Outside,
    /// A workload whose role no source reads yet.
    UnseenRole,
    /// Nothing beyond the call.
    Nothing,
}

impl Then {
    /// Returns true iff what is there may itself make calls under a role: a workload, or what delivers to where it is told.
    pub(crate) fn runs(self) -> bool {
        matches!(self, Self::Role | Self::Consumers)
    }
}

/// One kind of target.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct TargetKind {
    pub(crate) id: Arc<str>,
    /// Service and beginning of the resource part.
    pub(crate) arn: (Arc<str>, Arc<str>),
    /// Nothing stands behind the beginning.
    #[serde(default)]
    exact: bool,
    /// Characters that what stands behind the beginning does not have.
    without: Option<Arc<str>>,
    pub(crate) call: Option<Arc<str>>,
    /// The calls of which the role must allow one; none: `call`.
    #[serde(default)]
    permissions: Vec<Arc<str>>,
    /// What policies name as the resource of these calls.
    #[serde(default)]
    granted_on: GrantedOn,
    pub(crate) caller: Caller,
    pub(crate) class: Option<Arc<str>>,
    pub(crate) workload: Option<Arc<str>>,
    /// A member of the input that replaces the workload's role.
    pub(crate) overrides: Option<Arc<str>>,
    pub(crate) session: Option<Arc<str>>,
    pub(crate) invoked_by: Option<Arc<str>>,
    pub(crate) then: Then,
    /// The target's input names EC2 instances.
    #[serde(default)]
    pub(crate) instances: bool,
    /// What runs there, in words, where no role of it is read.
    pub(crate) unseen: Option<Arc<str>>,
    /// Nobody says that each delivery makes the call, or that its record arrives.
    #[serde(default)]
    pub(crate) inferred: bool,
    /// Where filters behind it find what a rule hands over; none: they see something else.
    pub(crate) seen: Option<Seen>,
    /// Native events come only if this parameter is `true`.
    pub(crate) only_with: Option<Arc<str>>,
    #[serde(default)]
    pub(crate) request: BTreeMap<Arc<str>, Vec<Arc<str>>>,
    #[serde(default)]
    pub(crate) native: Vec<TargetNative>,
    pub(crate) source: String,
    pub(crate) confidence: String,
}

/// What policies name as the resource of a delivery's call.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum GrantedOn {
    /// The target.
    Itself,
    /// Something else, or nothing.
    #[default]
    Other,
}

impl TargetKind {
    /// Returns true iff policies name the target as the resource of a delivery's call.
    pub(crate) fn is_granted_on_itself(&self) -> bool {
        self.granted_on == GrantedOn::Itself
    }

    /// Returns the calls of which one must be allowed for a delivery under a role.
    pub(crate) fn permissions(&self) -> impl Iterator<Item = &Arc<str>> {
        let call = self.call.as_ref().filter(|_| self.permissions.is_empty());
        self.permissions.iter().chain(call)
    }

    /// Returns true iff what stands behind the beginning of the ARN may name such a target.
    pub(crate) fn may_be_called(&self, name: &Term) -> bool {
        let refused = self.without.as_deref().unwrap_or_default();
        let fits = |part: &Part| match part {
            Part::Literal(text) => !text.contains(|character| refused.contains(character)),
            Part::Symbol(_) => true,
        };
        (*name == Term::default()) == self.exact && name.parts().iter().all(fits)
    }
}

/// Where a filter finds a message.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Seen {
    /// The path that the message stands below; none: it is all that the filter sees.
    below: Option<Arc<str>>,
    /// The path below which filters may ask for something that no delivery has.
    lacks: Option<Arc<str>>,
}

impl Seen {
    /// Returns the path within the message that a path of a filter is; none: it is none of the message's.
    pub(crate) fn place_of<'p>(&self, path: &'p str) -> Option<&'p str> {
        self.below.as_deref().map_or(Some(path), |below| path.strip_prefix(below)?.strip_prefix('.'))
    }

    /// Returns true iff no delivery has the path.
    pub(crate) fn lacks(&self, path: &str) -> bool {
        let lacks = self.lacks.as_deref();
        lacks.and_then(|lacks| path.strip_prefix(lacks)).is_some_and(|rest| rest.starts_with('.'))
    }
}

/// A native event of a delivery.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct TargetNative {
    pub(crate) event: (Arc<str>, Arc<str>),
    /// Fields that the target fixes: path -> texts.
    #[serde(default)]
    pub(crate) fields: BTreeMap<Arc<str>, Vec<Arc<str>>>,
    /// It does not come from a workload whose property has this value.
    pub(crate) unless: Option<(Arc<str>, Arc<str>)>,
    /// What a reader should know of it.
    #[serde(default)]
    pub(crate) note: Arc<str>,
    /// Every run causes, for each group, an event with one of the group's values.
    pub(crate) sure: Option<Sure>,
}

/// What every run causes.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Sure {
    pub(crate) path: Arc<str>,
    pub(crate) groups: Vec<Vec<Arc<str>>>,
    /// Values that a run has only if somebody else acts, or the service fails: a rule that asks for these alone hears what
    /// may come.
    #[serde(default)]
    aside: Vec<Arc<str>>,
    /// Values to which the definition of the workload must lead.
    #[serde(default)]
    ends: BTreeMap<Arc<str>, End>,
}

/// An end of a run that not every definition leads to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum End {
    Succeeds,
    Fails,
    TimesOut,
}

impl Sure {
    /// Returns the values of the group that runs have by themselves, by the ends that their definition leads to; of a
    /// definition that was not read no end is known.
    pub(crate) fn expected<'s>(&self, group: &'s [Arc<str>], ends: Option<Ends>) -> Vec<&'s Arc<str>> {
        let ends = ends.unwrap_or_default();
        let leads_to = |end: &End| match end {
            End::Succeeds => ends.succeeds,
            End::Fails => ends.fails,
            End::TimesOut => ends.times_out,
        };
        let expected =
            |value: &&Arc<str>| !self.aside.contains(value) && self.ends.get(&***value).is_none_or(leads_to);
        group.iter().filter(expected).collect()
    }
}

#[derive(Debug, Deserialize)]
struct Table {
    target: Vec<TargetKind>,
}

pub(crate) fn read() -> Result<Vec<TargetKind>, CatalogueError> {
    let table: Table = packed::TARGETS.read()?;
    for row in &table.target {
        check(packed::TARGETS.name, &row.source, &row.confidence)?;
    }
    Ok(table.target)
}
