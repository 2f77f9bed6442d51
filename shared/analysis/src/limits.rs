//! What limits an edge: buses, regions, rule states, trails, bucket notifications.

use crate::accept;
use crate::bus::Arrives;
use crate::catalogue::Catalogue;
use crate::emission::{Emission, Family, Field};
use crate::glob::Glob;
use crate::listener::Listener;
use crate::selection::{Selected, is_in_part, selected};
use crate::{Aspect, Status};
use loopguard_model::{Inventory, Need, Rule, RuleState, Scope, Trails};
use loopguard_pattern::Term;
use std::collections::BTreeSet;
use std::sync::Arc;

/// Where a refinement cut what would have been an edge.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Refinement {
    Bus,
    Source,
    Name,
    Access,
    Resource,
    Identity,
    Filter,
}

impl Refinement {
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Bus => "bus",
            Self::Source => "source",
            Self::Name => "name",
            Self::Access => "access",
            Self::Resource => "resource",
            Self::Identity => "identity",
            Self::Filter => "filter",
        }
    }

    /// Returns the refinement that a path of the event belongs to.
    pub(crate) fn of_path(path: &str) -> Self {
        if path.contains("userIdentity") || path.ends_with("userAgent") || path.ends_with("sourceIPAddress") {
            Self::Identity
        } else if matches!(path, "source" | "detail-type" | "account" | "region") {
            Self::Source
        } else if matches!(path, "detail.eventName" | "detail.eventSource") {
            Self::Name
        } else {
            Self::Resource
        }
    }
}

/// Returns whether the event arrives where the rule listens.
pub(crate) fn arrives(emission: &Emission, from: &Scope, rule: &Rule, catalogue: &Catalogue) -> Arrives {
    if !catalogue.has(Aspect::BusesElsewhere) && emission.bus.is_elsewhere(from) {
        return Arrives::No;
    }
    match &emission.region {
        Some(region) => emission.bus.arrives(&Scope { region: region.clone(), ..from.clone() }, rule),
        None => emission.bus.arrives(from, rule),
    }
}

/// What is known of an edge's presence: its status, what would say more, what is taken for granted.
#[derive(Debug, Default)]
pub(crate) struct Presence {
    pub(crate) off: Option<Arc<str>>,
    pub(crate) needs: BTreeSet<Need>,
    pub(crate) assumptions: BTreeSet<String>,
    /// Why the edge is no more than assumed, where that is so.
    pub(crate) doubt: Option<String>,
    /// Only some of the events that are left open here arrive.
    pub(crate) in_part: bool,
}

impl Presence {
    pub(crate) fn status(&self) -> Status {
        self.off.clone().map_or(Status::Live, Status::Off)
    }

    fn switch(&mut self, why: String) {
        if self.off.is_none() {
            self.off = Some(why.into());
        }
    }
}

/// What arrivals have in common that take the same for granted: the kind of event, the rule's state, whether its
/// pattern asks for calls.
pub(crate) type PresenceKey = (Family, RuleState, bool);

/// Returns the key of what the arrival takes for granted; none where it hangs on the one rule.
pub(crate) fn presence_key(
    emission: &Emission,
    listener: &Listener,
    inventory: &Inventory,
) -> Option<PresenceKey> {
    let rule = inventory.rules.get(listener.rule)?;
    let parts = |trails: &Trails| is_in_part(emission, trails);
    if emission.family == Family::Bucket || inventory.trails.as_ref().is_some_and(parts) {
        return None;
    }
    let asks = listener.pattern.branches().iter().any(asks_for_calls);
    Some((emission.family.clone(), rule.state, asks))
}

/// Returns what keeps the event from reaching the rule now, its own switch aside.
pub(crate) fn presence(
    emission: &Emission,
    listener: &Listener,
    inventory: &Inventory,
    catalogue: &Catalogue,
) -> Presence {
    let mut presence = Presence::default();
    let Some(rule) = inventory.rules.get(listener.rule) else { return presence };
    match &emission.family {
        Family::Record { read_only } => {
            if *read_only && rule.state == RuleState::Enabled && catalogue.has(Aspect::ReadsUnseen) {
                presence.switch(
                    "the rule that hears it is in the state ENABLED, in which it does not see read-only management events"
                        .to_owned(),
                );
            }
            let selected = |trails: &Trails| {
                if *read_only { trails.management_reads } else { trails.management_writes }
            };
            let selects = Selects { selected: &selected, aspect: Aspect::TrailManagement };
            trails(emission, inventory, catalogue, &mut presence, &selects, "management events");
        }
        Family::DataRecord { resource_type } => {
            let selected = |trails: &Trails| match resource_type {
                Some(wanted) => trails.data.contains(wanted),
                None => !trails.data.is_empty(),
            };
            let what = resource_type.as_ref().map_or_else(
                || "these data events".to_owned(),
                |wanted| format!("data events of `{wanted}`"),
            );
            let selects = Selects { selected: &selected, aspect: Aspect::TrailData };
            trails(emission, inventory, catalogue, &mut presence, &selects, &what);
            // Who writes a rule on API calls has a trail in mind; who does not, need not have one that selects data.
            if inventory.trails.is_none()
                && catalogue.has(Aspect::UnreadTrails)
                && !listener.pattern.branches().iter().any(asks_for_calls)
            {
                presence.doubt = Some(format!("whether a trail selects {what} is not known"));
            }
        }
        Family::Bucket if catalogue.has(Aspect::BucketSwitches) => {
            bucket(emission, listener, inventory, &mut presence);
        }
        Family::Bucket | Family::Native | Family::Custom | Family::Forwarded => {}
    }
    presence
}

/// Returns true iff the branch says that it is about API calls.
fn asks_for_calls(branch: &loopguard_pattern::Branch) -> bool {
    ["detail-type", "detail.eventName", "detail.eventSource"].iter().any(|path| branch.field(path).is_some())
}

/// What a trail must select, and the aspect that this is.
struct Selects<'s> {
    selected: &'s dyn Fn(&Trails) -> bool,
    aspect: Aspect,
}

fn trails(
    emission: &Emission,
    inventory: &Inventory,
    catalogue: &Catalogue,
    presence: &mut Presence,
    selects: &Selects<'_>,
    what: &str,
) {
    match &inventory.trails {
        Some(_) if !catalogue.has(selects.aspect) => {}
        Some(trails) if !trails.logging => presence.switch("no trail logs here".to_owned()),
        Some(trails) if !(selects.selected)(trails) => presence.switch(format!("no trail selects {what}")),
        Some(trails) if catalogue.has(Aspect::TrailParts) && is_in_part(emission, trails) => {
            match selected(emission, trails) {
                Selected::No => {
                    presence.switch(format!("the part of {what} that trails select has none of these"));
                }
                Selected::Unknown => {
                    presence.doubt = Some(format!("whether a trail selects these of {what} is not known"));
                }
                Selected::Some => presence.in_part = true,
                Selected::Yes => {}
            }
        }
        Some(_) => {}
        None => {
            presence.needs.insert(Need::Trails);
            presence.assumptions.insert(format!("a trail logs here and selects {what}"));
        }
    }
}

/// A bucket sends its events only if it was told to.
fn bucket(emission: &Emission, listener: &Listener, inventory: &Inventory, presence: &mut Presence) {
    let mut buckets: Vec<Term> = Vec::new();
    match emission.fields.get("detail.bucket.name") {
        Some(Field::Exactly(globs)) if globs.iter().all(|glob| glob.as_exact().is_some()) => {
            buckets.extend(globs.iter().filter_map(Glob::as_exact).cloned());
        }
        _ => {
            for branch in listener.pattern.branches() {
                let Some(listed) = accept::listed_terms(branch, "detail.bucket.name") else {
                    buckets.clear();
                    break;
                };
                buckets.extend(listed);
            }
        }
    }
    if buckets.is_empty() {
        presence.assumptions.insert("the buckets concerned send their events to EventBridge".to_owned());
        return;
    }
    if buckets.iter().all(|bucket| inventory.bucket_notifications.get(bucket) == Some(&false)) {
        let names: Vec<String> = buckets.iter().map(|bucket| format!("`{bucket}`")).collect();
        presence.switch(format!("bucket {} does not send its events to EventBridge", names.join(", ")));
        return;
    }
    for bucket in buckets {
        if inventory.bucket_notifications.contains_key(&bucket) {
            continue;
        }
        presence.assumptions.insert(format!("bucket `{bucket}` sends its events to EventBridge"));
        presence.needs.insert(Need::BucketNotification { bucket });
    }
}
