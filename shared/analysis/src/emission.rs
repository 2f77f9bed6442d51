//! Events that a target can cause, as symbolic events.

mod custom;
mod fields;
mod generic;
mod identity;
mod record;

pub(crate) use custom::{custom, replay};
pub(crate) use fields::{Field, Fields, Path, all_but, values};
pub(crate) use generic::{generic_native, generic_record, generic_told};
pub(crate) use identity::Identity;
pub(crate) use record::{
    API_CALL, Outcome, home_region, native, record, resources, shows_call, shows_event_name,
};

use crate::bus::Bus;
use crate::few::Few;
use crate::glob::Glob;
use crate::{Certainty, Emits};
use loopguard_pattern::{Branch, Term};
use std::collections::BTreeSet;
use std::sync::Arc;

/// What kind of event it is, for the limits that apply.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Family {
    /// The CloudTrail record of a management call.
    Record {
        /// Rules in the plain enabled state do not see it.
        read_only: bool,
    },
    /// The CloudTrail record of a data call.
    DataRecord {
        /// The resource type that a trail must select, where it is known.
        resource_type: Option<Arc<str>>,
    },
    /// An event of the service itself.
    Native,
    /// A native event of a bucket: it comes only if the bucket sends its events to EventBridge.
    Bucket,
    /// An event that the caller puts.
    Custom,
    /// An event that a rule passes on.
    Forwarded,
}

/// One symbolic event, with what is known of how it comes about.
#[derive(Debug, Clone)]
pub(crate) struct Emission {
    /// What is known of it.
    pub(crate) fields: Fields,
    /// It in three words.
    pub(crate) emits: Emits,
    /// Paths whose values a permission says, not the call.
    pub(crate) granted: BTreeSet<Arc<str>>,
    /// The ARN of the resource of a call that it records, one of these; none: not known.
    pub(crate) resources: Few<Glob>,
    /// The call that causes it, as an IAM action.
    pub(crate) action: Arc<str>,
    /// How surely the target makes the call.
    pub(crate) certainty: Certainty,
    /// Every run causes it.
    pub(crate) every_run: bool,
    /// Which of its values it has nobody knows: to a rule that asks for some of them it is only permitted.
    pub(crate) only_whole: bool,
    /// Where it arrives: what AWS itself sends, on the default bus.
    pub(crate) bus: Bus,
    /// The region that it is sent in; none: where the actor is.
    pub(crate) region: Option<Term>,
    /// What kind it is.
    pub(crate) family: Family,
    /// What a reader should know.
    pub(crate) note: Arc<str>,
}

impl Emission {
    /// Returns true iff it stands for any event that a service of AWS may have.
    pub(crate) fn is_any_native(&self) -> bool {
        self.family == Family::Native && self.action.is_empty() && self.emits.source.is_empty()
    }

    /// Returns true iff CloudTrail records a call by it.
    pub(crate) fn is_of_call(&self) -> bool {
        matches!(self.family, Family::Record { .. } | Family::DataRecord { .. })
    }

    /// Returns true iff it is the record of a call, so that it shows the caller.
    pub(crate) fn is_record(&self) -> bool {
        let of_call = self.emits.detail_type.is_empty() || self.emits.event_name.is_some();
        of_call && self.is_of_call()
    }

    /// Returns true iff the branch asks for something that a permission alone says.
    pub(crate) fn is_granted(&self, branch: &Branch) -> bool {
        branch.fields().iter().any(|wanted| self.granted.contains(&wanted.path))
    }
}
