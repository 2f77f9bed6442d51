//! Events that a caller puts, and events that an archive puts again.

use super::{Emission, Family, Field, Fields};
use crate::bus::Bus;
use crate::catalogue::Catalogue;
use crate::few::Few;
use crate::glob::Glob;
use crate::iam::EventLimits;
use crate::{Aspect, Certainty, Emits};
use loopguard_model::Scope;
use std::collections::BTreeSet;

/// Returns the events that `events:PutEvents` may put on the buses that fit.
///
/// A caller chooses source and detail-type, but for sources that begin with `aws.`, unless conditions limit them.
pub(crate) fn custom(
    catalogue: &Catalogue,
    limits: &EventLimits,
    bus: Bus,
    scope: &Scope,
    certainty: Certainty,
) -> Emission {
    let mut fields = Fields::default();
    let shown = catalogue.has(Aspect::ShownPlaces);
    if shown {
        fields.exactly("account", scope.account.clone());
    }
    if shown && bus.is_in_region_of(scope) {
        fields.exactly("region", scope.region.clone());
    }
    if catalogue.has(Aspect::ReplayNames) {
        fields.set("replay-name", Field::Absent);
    }
    match &limits.sources {
        Some(sources) => fields.set("source", Field::Exactly(sources.clone().into())),
        None => fields.custom_source = catalogue.has(Aspect::ReservedSources),
    }
    fields.leave_out("source", limits.no_sources.iter().cloned());
    fields.leave_out("detail-type", limits.no_detail_types.iter().cloned());
    let detail_types = limits.detail_types.clone().unwrap_or_else(|| vec![Glob::any()]);
    fields.set("detail-type", Field::Exactly(detail_types.into()));
    emission(fields, "events:PutEvents", bus.told_apart(catalogue), certainty)
}

/// Returns the events that `events:StartReplay` may put again.
pub(crate) fn replay(scope: &Scope, certainty: Certainty) -> Emission {
    let mut fields = Fields::default();
    fields.exactly("account", scope.account.clone());
    fields.set("replay-name", Field::Exactly(Glob::any().into()));
    emission(fields, "events:StartReplay", Bus::here(Glob::any()), certainty)
}

fn emission(fields: Fields, action: &str, bus: Bus, certainty: Certainty) -> Emission {
    Emission {
        fields,
        granted: BTreeSet::new(),
        resources: Few::default(),
        emits: Emits { source: "".into(), detail_type: "".into(), event_name: None },
        action: action.into(),
        certainty,
        every_run: false,
        only_whole: false,
        bus,
        region: None,
        family: Family::Custom,
        note: "".into(),
    }
}
