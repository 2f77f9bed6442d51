//! What one actor reaches: its emissions against the listeners that may hear them.

use super::allowed::allowed_operations;
use super::build::{Cut, Ground, Reach, Reached, capped};
use super::starts;
use crate::actor::{Act, Actor};
use crate::arn::{Arn, surely_differ};
use crate::catalogue::{Kind, Operation};
use crate::emission::{
    Bus, Emission, Family, Identity, Outcome, custom, generic_native, generic_record, native, record, replay,
};
use crate::glob::Glob;
use crate::iam::{Access, Bound, EventLimits, Grant, Reach as Resources, Read, bind};
use crate::limits::{Arrives, Refinement, arrives, presence};
use crate::listener::Listener;
use crate::meet::{Meet, meet};
use crate::{Certainty, Emits, Gain, Status};
use loopguard_model::{Gap, Need, Role, Rule, Scope};
use loopguard_pattern::Term;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// Returns what the actor reaches. `own` is the rule that it acts for.
pub(crate) fn of(actor: &Actor<'_>, own: usize, ground: &Ground<'_>) -> Reach {
    let mut finder =
        Finder { ground, rule: actor.rule, reach: Reach::default(), best: BTreeMap::new(), through: None };
    match &actor.act {
        Act::Deliver { kind, target, workload, identity } => {
            finder.deliver(kind, target, *workload, identity);
        }
        Act::Work { role, identity } => {
            finder.role(role, identity, &mut BTreeSet::new(), 0);
        }
        Act::Anything { identity, need, why } => {
            let needs = need.iter().cloned().collect();
            finder.anything(identity, &Rests { needs, why: Some(why.clone()), ..Rests::default() });
        }
        Act::Forward { bus } => finder.forward(bus, own),
        Act::End { .. } => {}
    }
    finder.finish()
}

/// Collects the best edge per listener and kind of status.
pub(super) struct Finder<'a, 'g> {
    pub(super) ground: &'g Ground<'a>,
    pub(super) rule: &'g Rule,
    reach: Reach,
    best: BTreeMap<(usize, u8), Reached>,
    /// The workload that the target starts and that acts now, where it is not the target itself.
    through: Option<Term>,
}

/// What an emission rests on beside itself.
#[derive(Default)]
pub(super) struct Rests {
    needs: BTreeSet<Need>,
    gap: Option<Gap>,
    why: Option<String>,
}

impl Finder<'_, '_> {
    fn finish(self) -> Reach {
        Reach { reached: self.best.into_values().collect(), ..self.reach }
    }

    /// Returns true iff a live edge to the listener is at least this sure already.
    fn has(&self, listener: usize, certainty: Certainty) -> bool {
        self.best
            .get(&(listener, 0))
            .is_some_and(|edge| edge.certainty >= certainty && edge.gain >= Gain::Sometimes)
    }

    /// Tries the emission on one listener; returns true iff it is heard.
    pub(super) fn try_on(&mut self, at: usize, emission: &Emission, rests: &Rests) -> bool {
        let Some(listener) = self.ground.listeners.all.get(at) else { return false };
        let Some(heard_by) = self.ground.inventory.rules.get(listener.rule) else { return false };
        let arrives = arrives(emission, &self.rule.scope, heard_by);
        if arrives == Arrives::No {
            self.cut(
                at,
                Refinement::Bus,
                emission,
                listener,
                "it does not arrive on that bus or in that region",
            );
            return false;
        }
        let (mut certainty, witness, mut why) = match meet(listener, emission, self.ground.schema) {
            Meet::No(refinement, path) => {
                self.cut(at, refinement, emission, listener, &format!("they differ in `{path}`"));
                return false;
            }
            Meet::Yes(witness) => (emission.certainty, Some(witness), rests.why.clone()),
            Meet::Unknown(reason) => (Certainty::Assumed, None, Some(reason)),
        };
        certainty = capped(certainty, arrives).min(certainty);
        if arrives == Arrives::Perhaps && why.is_none() {
            why = Some(format!(
                "whether bus `{}` is the one that the event goes to is not known",
                heard_by.bus
            ));
        }
        let mut presence = presence(emission, listener, self.ground.inventory);
        if let Some(doubt) = presence.doubt.take() {
            certainty = Certainty::Assumed;
            why = why.or(Some(doubt));
        }
        presence.needs.extend(rests.needs.iter().cloned());
        let sure = emission.every_run
            && certainty > Certainty::Assumed
            && listener.pattern.branches().iter().any(|branch| emission.fields.surely_match(branch));
        let status = presence.status();
        let reached = Reached {
            rule: listener.rule,
            certainty,
            gain: if sure { Gain::Each } else { Gain::Sometimes },
            passed_on: false,
            facts: Arc::new(super::build::HopFacts {
                action: emission.action.clone(),
                emits: emits(emission, witness.as_ref()),
                witness,
                policy: emission.policy.clone(),
                note: self.note(emission),
                needs: presence.needs,
                gap: rests.gap.clone(),
                assumptions: presence.assumptions,
                why,
            }),
            status,
        };
        self.keep(at, reached);
        true
    }

    fn note(&self, emission: &Emission) -> Arc<str> {
        match &self.through {
            None => emission.note.clone(),
            Some(name) if emission.note.is_empty() => {
                format!("through `{name}`, which the target may start").into()
            }
            Some(name) => format!("through `{name}`, which the target may start; {}", emission.note).into(),
        }
    }

    fn keep(&mut self, at: usize, reached: Reached) {
        let class = match reached.status {
            Status::Live => 0,
            Status::Off(_) => 1,
            Status::Bounded(_) => 2,
        };
        match self.best.get(&(at, class)) {
            Some(known) if (known.certainty, known.gain) >= (reached.certainty, reached.gain) => {}
            _ => {
                self.best.insert((at, class), reached);
            }
        }
    }

    fn cut(
        &mut self,
        at: usize,
        refinement: Refinement,
        emission: &Emission,
        listener: &Listener,
        why: &str,
    ) {
        let Some(rule) = self.ground.inventory.rules.get(listener.rule) else { return };
        if self.reach.cuts.get(&at).is_some_and(|known| known.refinement >= refinement) {
            return;
        }
        let what = if emission.action.is_empty() { "what it can cause" } else { &emission.action };
        let text = format!("`{what}` does not reach rule `{}`: {why}", rule.key);
        self.reach.cuts.insert(at, Cut { refinement, text });
    }

    /// Everything that a role allows, and what the workloads do that it may start.
    fn role(&mut self, role: &Role, identity: &Identity, seen: &mut BTreeSet<Term>, depth: usize) {
        if !seen.insert(role.arn.clone()) {
            return;
        }
        let access = Access::new(role, &self.rule.scope, self.ground.catalogue);
        self.work(&access, identity);
        for why in &access.unread {
            let need = Need::Role { arn: role.arn.clone() };
            let gap = Gap { need, reason: why.clone() };
            self.anything(
                identity,
                &Rests { gap: Some(gap), why: Some(why.to_string()), ..Rests::default() },
            );
        }
        if depth == starts::DEPTH {
            return;
        }
        let starts = starts::of(&access, self.ground);
        self.reach.assumptions.extend(starts.assumptions);
        let before = self.through.clone();
        for started in starts.started {
            self.through = Some(started.name);
            self.role(started.role, &started.identity, seen, depth + 1);
        }
        self.through = before;
    }

    /// Calls that a role allows.
    fn work(&mut self, access: &Access<'_>, identity: &Identity) {
        let listeners = self.ground.listeners;
        for (operation, heard_by) in listeners.heard() {
            let grants = access.grants(operation);
            if grants.is_empty() {
                self.refused(operation, heard_by);
            } else {
                self.call(operation, &grants, access, identity, heard_by);
            }
        }
        self.put_events(access);
        self.wide(access, identity);
    }

    fn refused(&mut self, operation: &Operation, heard_by: &[usize]) {
        for at in heard_by {
            let Some(listener) = self.ground.listeners.all.get(*at) else { continue };
            let Some(rule) = self.ground.inventory.rules.get(listener.rule) else { continue };
            if self.reach.cuts.get(at).is_some_and(|known| known.refinement >= Refinement::Access) {
                continue;
            }
            let text = format!("no policy allows `{}`, which rule `{}` hears", operation.call, rule.key);
            self.reach.cuts.insert(*at, Cut { refinement: Refinement::Access, text });
        }
    }

    fn call(
        &mut self,
        operation: &Operation,
        grants: &[Grant],
        access: &Access<'_>,
        identity: &Identity,
        heard_by: &[usize],
    ) {
        let best = best_of(access, grants);
        if heard_by.iter().all(|at| self.has(*at, best)) {
            return;
        }
        let emissions = self.emissions(operation, grants, access, identity);
        let rests =
            Rests { why: access.boundary_unread.as_ref().map(ToString::to_string), ..Rests::default() };
        for at in heard_by {
            for emission in &emissions {
                if !self.has(*at, emission.certainty) {
                    self.try_on(*at, emission, &rests);
                }
            }
        }
    }

    /// All events of one permitted call: per grant and resource the success record, native events, failure record.
    fn emissions(
        &self,
        operation: &Operation,
        grants: &[Grant],
        access: &Access<'_>,
        identity: &Identity,
    ) -> Vec<Emission> {
        let catalogue = self.ground.catalogue;
        let scope = &self.rule.scope;
        let binding = catalogue.binding(operation);
        let mut emissions = Vec::new();
        for grant in grants {
            let certainty = certainty_of(access, grant);
            let mut plain = record(operation, identity, Outcome::Success, scope, certainty);
            for row in catalogue.natives_of(operation) {
                plain.push(native(operation, &row.event, &row.fields, &row.note(), scope, certainty));
            }
            plain.extend(record(operation, identity, Outcome::Failure, scope, certainty));
            for emission in &mut plain {
                emission.policy = Some((grant.origin.clone(), grant.span));
            }
            let bounds: Vec<Bound> = match (&grant.reach, binding) {
                (Resources::These(resources), Some(binding)) => resources
                    .iter()
                    .filter_map(|resource| {
                        match bind(resource, &binding.resource, binding.without.as_deref(), scope) {
                            Read::Is(bound) => Some(bound),
                            Read::IsNot => None,
                        }
                    })
                    .collect(),
                _ => vec![Bound::open()],
            };
            for bound in &bounds {
                for emission in &plain {
                    let mut emission = emission.clone();
                    if let Some(binding) = binding {
                        emission.bind(binding, bound, operation);
                    }
                    emissions.push(emission);
                }
            }
        }
        emissions
    }

    /// Custom events and replays.
    fn put_events(&mut self, access: &Access<'_>) {
        let scope = self.rule.scope.clone();
        for (call, replays) in [("events:PutEvents", false), ("events:StartReplay", true)] {
            let Some(operation) = self.ground.catalogue.operation(call).cloned() else { continue };
            for grant in access.grants(&operation) {
                let certainty = certainty_of(access, &grant);
                if replays && certainty == Certainty::Broad {
                    self.reach.assumptions.insert(
                        "no target replays an archive under a permission that does not name `events:StartReplay`"
                            .to_owned(),
                    );
                    continue;
                }
                let emissions = if replays {
                    vec![replay(&scope, certainty)]
                } else {
                    self.custom_events(&grant, certainty)
                };
                for mut emission in emissions {
                    emission.policy = Some((grant.origin.clone(), grant.span));
                    // An archive may hold events of AWS, so a replay may reach any rule.
                    let heard_by: Vec<usize> = if replays {
                        (0..self.ground.listeners.all.len()).collect()
                    } else {
                        self.ground.listeners.custom(exact_sources(&grant.limits).as_deref())
                    };
                    for at in heard_by {
                        self.try_on(at, &emission, &Rests::default());
                    }
                }
            }
        }
    }

    /// The events that a grant of `events:PutEvents` may put, bus by bus.
    fn custom_events(&mut self, grant: &Grant, certainty: Certainty) -> Vec<Emission> {
        let mut emissions = Vec::new();
        for (bus, here) in buses(grant, &self.rule.scope) {
            if let Some(name) = bus.as_exact() {
                self.reach.buses.insert(name.clone());
            }
            let certainty = if here { certainty } else { Certainty::Assumed };
            emissions.push(custom(&grant.limits, bus, &self.rule.scope, certainty));
        }
        emissions
    }

    /// Listeners that hear nearly everything: the surest call that they accept is enough.
    fn wide(&mut self, access: &Access<'_>, identity: &Identity) {
        if self.ground.listeners.wide.is_empty() {
            return;
        }
        let scope = self.rule.scope.clone();
        let mut hearing: Vec<usize> = Vec::new();
        let generic = generic_record(identity, &scope);
        let native = generic_native(&scope);
        for at in self.ground.listeners.wide.clone() {
            let Some(listener) = self.ground.listeners.all.get(at) else { continue };
            let meets = [&generic, &native]
                .iter()
                .any(|emission| !matches!(meet(listener, emission, self.ground.schema), Meet::No(..)));
            if meets {
                hearing.push(at);
            } else {
                self.try_on(at, &generic, &Rests::default());
            }
        }
        for operation in allowed_operations(access, self.ground) {
            hearing.retain(|at| !self.has(*at, Certainty::Permitted));
            if hearing.is_empty() {
                return;
            }
            if operation.kind == Kind::Unlogged {
                continue;
            }
            let grants = access.grants(&operation);
            let open: Vec<usize> = hearing
                .iter()
                .copied()
                .filter(|at| grants.iter().any(|grant| grant.narrow) || !self.has(*at, Certainty::Broad))
                .collect();
            self.call(&operation, &grants, access, identity, &open);
        }
    }

    /// Something that may cause anything.
    fn anything(&mut self, identity: &Identity, rests: &Rests) {
        let scope = self.rule.scope.clone();
        let emissions = [
            generic_record(identity, &scope),
            generic_native(&scope),
            custom(&EventLimits::default(), Glob::any(), &scope, Certainty::Assumed),
        ];
        for at in 0..self.ground.listeners.all.len() {
            for emission in &emissions {
                if !self.has(at, Certainty::Assumed) {
                    self.try_on(at, emission, rests);
                }
            }
        }
    }

    /// The same event on another bus.
    fn forward(&mut self, bus: &Term, own: usize) {
        let Some(listener) = self.ground.listeners.all.iter().find(|listener| listener.rule == own) else {
            return;
        };
        self.reach.buses.insert(bus.clone());
        let set = listener.set.clone();
        for at in 0..self.ground.listeners.all.len() {
            self.try_forwarded(at, bus, &set);
        }
    }

    fn try_forwarded(&mut self, at: usize, bus: &Term, events: &loopguard_pattern::EventSet) {
        let Some(listener) = self.ground.listeners.all.get(at) else { return };
        let Some(rule) = self.ground.inventory.rules.get(listener.rule) else { return };
        let mut emission = generic_native(&self.rule.scope);
        emission.bus = Bus::Named(Glob::exact(bus.clone()));
        emission.family = Family::Forwarded;
        emission.certainty = Certainty::Declared;
        let arrives = arrives(&emission, &self.rule.scope, rule);
        if arrives == Arrives::No {
            self.cut(at, Refinement::Bus, &emission, listener, "it is on another bus");
            return;
        }
        let (certainty, witness, why) = match crate::meet::meet_sets(listener, events, self.ground.schema) {
            Meet::No(refinement, path) => {
                self.cut(at, refinement, &emission, listener, &format!("they differ in `{path}`"));
                return;
            }
            Meet::Yes(witness) => (Certainty::Declared, Some(witness), None),
            Meet::Unknown(reason) => (Certainty::Assumed, None, Some(reason)),
        };
        let presence = presence(&emission, listener, self.ground.inventory);
        let reached = Reached {
            rule: listener.rule,
            certainty: capped(certainty, arrives).min(certainty),
            gain: Gain::Sometimes,
            status: presence.status(),
            passed_on: true,
            facts: Arc::new(super::build::HopFacts {
                action: "".into(),
                emits: emits(&emission, witness.as_ref()),
                witness,
                policy: None,
                note: "the event goes on to another bus".into(),
                needs: presence.needs,
                gap: None,
                assumptions: presence.assumptions,
                why,
            }),
        };
        self.keep(at, reached);
    }
}

/// How sure a call is that the grant allows.
fn certainty_of(access: &Access<'_>, grant: &Grant) -> Certainty {
    match (&access.boundary_unread, grant.narrow) {
        (Some(_), _) => Certainty::Assumed,
        (None, true) => Certainty::Permitted,
        (None, false) => Certainty::Broad,
    }
}

/// How sure a call is that one of the grants allows.
fn best_of(access: &Access<'_>, grants: &[Grant]) -> Certainty {
    grants.iter().map(|grant| certainty_of(access, grant)).max().unwrap_or(Certainty::Assumed)
}

/// The sources that the limits list, if they list texts and nothing else.
fn exact_sources(limits: &EventLimits) -> Option<Vec<Arc<str>>> {
    limits.sources.as_ref()?.iter().map(|glob| glob.as_exact().and_then(Term::as_literal)).collect()
}

/// The buses that a grant of `events:PutEvents` reaches, each with whether it is surely one of this account.
fn buses(grant: &Grant, scope: &Scope) -> Vec<(Glob, bool)> {
    let Resources::These(resources) = &grant.reach else { return vec![(Glob::any(), true)] };
    let mut buses = Vec::new();
    for resource in resources {
        let account = Arn::parse(resource).map(|arn| arn.account);
        if account.as_ref().is_some_and(|account| is_other(account, &scope.account)) {
            continue;
        }
        let here = account.is_none_or(|account| {
            account == scope.account || account.as_literal().is_none() || scope.account.as_literal().is_some()
        });
        if let Read::Is(bound) = bind(resource, "event-bus/{bus}", None, scope) {
            buses.push((bound.get("bus").unwrap_or_else(Glob::any), here));
        }
    }
    buses
}

/// Returns true iff the account of a policy's resource is another one; a star may be this one.
fn is_other(account: &Term, own: &Term) -> bool {
    account.as_literal().is_some_and(|text| !text.contains('*')) && surely_differ(account, own)
}

/// The event in three words: as the tables say, else as the witness shows.
fn emits(emission: &Emission, witness: Option<&crate::EventWitness>) -> Emits {
    if !emission.emits.source.is_empty() {
        return emission.emits.clone();
    }
    let shown = |path: &str| witness.and_then(|witness| crate::meet::member(&witness.event, path));
    Emits {
        source: shown("source").unwrap_or_default(),
        detail_type: shown("detail-type").unwrap_or_default(),
        event_name: None,
    }
}
