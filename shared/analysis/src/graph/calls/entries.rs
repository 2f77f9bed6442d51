//! The events that a call of `PutEvents` puts.

use super::Making;
use crate::Aspect;
use crate::Certainty;
use crate::bus::Bus;
use crate::catalogue::Operation;
use crate::emission::custom;
use crate::glob::Glob;
use crate::graph::allowance::Allowance;
use crate::graph::build::{ClassKey, Part};
use crate::graph::buses;
use crate::graph::class::{self, Class};
use crate::graph::ears::{Ears, Who};
use crate::graph::request::{entries, glob_of};
use crate::graph::shown::Shown;
use crate::iam::{EventLimits, Grant};
use std::collections::BTreeMap;
use std::sync::Arc;

/// One event of `PutEvents`.
struct Entry {
    limits: EventLimits,
    /// Where it goes.
    buses: Vec<Bus>,
    shown: Shown,
}

impl Making<'_, '_, '_> {
    /// Returns true iff the policies allow each entry of `PutEvents` on some bus.
    pub(super) fn may_put(&self, allowance: &Allowance) -> bool {
        self.entries(&allowance.grants).iter().all(|Entry { limits, buses, .. }| {
            let allows = |bus| allowance.allows_event(limits, bus, self.builder, self.by.scope);
            buses.iter().any(allows)
        })
    }

    /// Puts the entries of `PutEvents` that the policies allow.
    pub(super) fn put_events(&mut self, allowance: &Allowance, operation: &Arc<Operation>) {
        for Entry { limits, buses, shown } in self.entries(&allowance.grants) {
            for bus in buses {
                if allowance.allows_event(&limits, &bus, self.builder, self.by.scope) {
                    self.put_event(&limits, &shown, bus, operation);
                }
            }
        }
    }

    /// The entries of `PutEvents`: each with the source, detail-type and bus that the request gives, else with those that
    /// the grants allow.
    fn entries(&self, grants: &[Grant]) -> Vec<Entry> {
        let starts = self.by.start.iter();
        let all = starts.flat_map(|start| entries(self.call).into_iter().map(move |entry| (start, entry)));
        let entry = |(start, entry): (&BTreeMap<Arc<str>, Glob>, Arc<str>)| {
            let given = |member: &str| {
                let value = self.call.request.get(&*format!("Entries.{entry}.{member}"));
                let value = value.filter(|_| self.request_counts());
                value.and_then(|given| glob_of(given, start)).filter(|glob| !glob.is_any())
            };
            let allowed = |pick: fn(&EventLimits) -> &Option<Vec<Glob>>| match grants {
                [one] => pick(&one.limits).clone(),
                _ => None,
            };
            let limits = EventLimits {
                sources: given("Source").map(|glob| vec![glob]).or_else(|| allowed(|limits| &limits.sources)),
                detail_types: given("DetailType")
                    .map(|glob| vec![glob])
                    .or_else(|| allowed(|limits| &limits.detail_types)),
                ..EventLimits::default()
            };
            let buses = match given("EventBusName") {
                Some(bus) => vec![Bus::of_value(&bus, self.by.scope)],
                None => self.buses_of_unnamed(&entry, grants),
            };
            Entry { limits, buses, shown: self.shown(&entry) }
        };
        all.map(entry).collect()
    }

    /// Returns the buses of an entry for which no bus is known: where it names none, the default one.
    fn buses_of_unnamed(&self, entry: &str, grants: &[Grant]) -> Vec<Bus> {
        let mut allowed = buses::of_grants(grants, self.by.scope, self.builder.ground);
        if !self.leaves_out(entry, "EventBusName") {
            return allowed;
        }
        let default = Bus::default_here();
        if self.step.is_some() {
            return vec![default];
        }
        // What code does with the entry before it is sent is not followed, so that the others stay.
        let unnamed = |bus: &Bus| bus.name.as_exact().is_none();
        if allowed.is_empty() || allowed.iter().any(unnamed) {
            allowed.push(default);
        }
        allowed
    }

    /// Returns what a definition says of the entry's event; what code makes of one is not followed.
    fn shown(&self, entry: &str) -> Shown {
        let counts = self.step.is_some()
            && self.request_counts()
            && self.builder.ground.catalogue.has(Aspect::DefinedDetails);
        if counts {
            Shown::of(self.call, entry, self.leaves_out(entry, "Resources"))
        } else {
            Shown::default()
        }
    }

    /// Returns true iff the request is written without that member for the entry.
    fn leaves_out(&self, entry: &str, left_out: &str) -> bool {
        let of_entry = format!("Entries.{entry}.");
        let mut members =
            self.call.request.keys().filter_map(|name| name.strip_prefix(&*of_entry)).peekable();
        self.builder.ground.catalogue.has(Aspect::DefaultBus)
            && members.peek().is_some()
            && members.all(|member| !member.is_empty() && member.split('.').next() != Some(left_out))
    }

    fn put_event(&mut self, limits: &EventLimits, shown: &Shown, bus: Bus, operation: &Arc<Operation>) {
        self.builder.sends_to(&bus, self.by.scope);
        let known = bus.name.as_exact().is_some();
        let mut emission =
            custom(self.builder.ground.catalogue, limits, bus, self.by.scope, Certainty::Observed);
        emission.every_run = true;
        shown.write(&mut emission.fields);
        let key = ClassKey {
            scope: self.builder.place(self.by.scope),
            what: format!("entry {limits:?} {:?} {shown:?}", emission.bus).into(),
            bound: None,
            caller: None,
            part: Part::Made,
        };
        let (ears, own) = (Ears::all(Who::Custom), |emissions| Class::Own(emissions, true));
        let class = class::make(self.builder, key, self.by.scope, ears, || vec![emission], own);
        // Where the bus is not said, that the event arrives on this one is only permitted.
        let certainty = if known { self.certainty } else { self.certainty.min(Certainty::Permitted) };
        self.edge(class, operation, certainty);
    }
}
