//! One run of the account, alone or with the functions beside it.

use super::account::Subject;
use crate::beside;
use anyhow::Result;
use loopguard_account::Alert;
use loopguard_decision::{Notice, Step};
use loopguard_world::{Counts, Limits, Stop, World};
use std::collections::BTreeMap;
use std::sync::Arc;

const MINUTE: u64 = 60_000;
const HOUR: u64 = 60 * MINUTE;

/// Before the events come, what is deployed is in force.
pub(super) const EVENTS_AT: u64 = MINUTE;

/// A run ends at so many events on its buses: what multiplies would take the machine's memory, and has shown itself by then.
const MOST_EVENTS: u64 = 200_000;

/// What came of a run.
#[derive(Debug)]
pub(super) struct Course {
    /// Bus and rule -> how often it ran.
    pub(super) counts: BTreeMap<(Arc<str>, Arc<str>), Counts>,
    /// Where the run ended at its most events, the time of that in milliseconds.
    pub(super) cut: Option<u64>,
    /// What the guard told, and when.
    pub(super) alerts: Vec<(u64, Alert)>,
    /// What the sentinel told, and when.
    pub(super) notices: Vec<(u64, Notice)>,
}

impl Course {
    /// Runs the account alone for some hours of its clock.
    pub(super) fn alone(subject: &Subject, hours: u64) -> Result<Self> {
        let mut world = subject.world()?;
        let most = |until| Limits { until, events: MOST_EVENTS };
        let mut stop = world.run(most(EVENTS_AT));
        put(subject, &mut world);
        while stop != Stop::Events && world.now() < hours * HOUR {
            // What is told to nobody is not kept.
            world.forget();
            stop = world.run(most((world.now() + MINUTE).min(hours * HOUR)));
        }
        let cut = (stop == Stop::Events).then(|| world.now());
        Ok(Self { counts: counts(&world), cut, alerts: Vec::new(), notices: Vec::new() })
    }

    /// Runs it with both functions, whose owner has said this besides.
    pub(super) fn guarded(subject: &Subject, hours: u64, said: &[(String, String)]) -> Result<Self> {
        let world = subject.world()?;
        let rules = world.rule_names();
        let said: Vec<(&str, &str)> = said.iter().map(|(name, value)| (&**name, &**value)).collect();
        let rehearsal = beside::both(world, &subject.home(), &said)?;
        let mut rehearsal = rehearsal.with_most_events(MOST_EVENTS);
        let mut goes_on = rehearsal.run(EVENTS_AT);
        put(subject, &mut rehearsal.twin().world());
        let mut minute = EVENTS_AT;
        while goes_on && minute < hours * HOUR {
            minute += MINUTE;
            goes_on = rehearsal.run(minute.min(hours * HOUR));
            rehearsal.twin().world().forget();
        }
        let alerts = rehearsal.alerts().map(|(at, alert)| (at, alert.clone())).collect();
        let notices = rehearsal.notices().map(|(at, notice)| (at, notice.clone())).collect();
        let world = rehearsal.twin().world();
        let mut counts = counts(&world);
        counts.retain(|rule, _| rules.contains(rule));
        Ok(Self { counts, cut: (!goes_on).then(|| world.now()), alerts, notices })
    }

    /// Returns how often the rule ran.
    pub(super) fn runs(&self, bus: &str, rule: &str) -> u64 {
        let of = |((on, name), counts): (&(Arc<str>, Arc<str>), &Counts)| {
            (**on == *bus && **name == *rule).then_some(counts.matched)
        };
        self.counts.iter().find_map(of).unwrap_or_default()
    }

    /// Returns the last that was told of the rules while nothing was done.
    pub(super) fn left_on(&self, rules: &[(&str, &str)]) -> Option<&Alert> {
        let is_of = |(_, alert): &&(u64, Alert)| rules.contains(&(&*alert.bus, &*alert.rule));
        self.alerts.iter().rev().find(is_of).map(|(_, alert)| alert)
    }

    /// Returns when and how one of these rules was stopped first.
    pub(super) fn stopped(&self, rules: &[(&str, &str)]) -> Option<(u64, &Alert)> {
        let is_of = |alert: &Alert| rules.contains(&(&*alert.bus, &*alert.rule));
        let acted = |alert: &Alert| matches!(alert.step, Step::Disabled { .. });
        self.alerts.iter().find(|(_, alert)| acted(alert) && is_of(alert)).map(|(at, alert)| (*at, alert))
    }
}

fn put(subject: &Subject, world: &mut World) {
    for (bus, event) in &subject.events {
        world.put(bus, event);
    }
}

fn counts(world: &World) -> BTreeMap<(Arc<str>, Arc<str>), Counts> {
    let named = world.rule_names().into_iter();
    named.filter_map(|(bus, rule)| world.counts(&bus, &rule).map(|counts| ((bus, rule), counts))).collect()
}
