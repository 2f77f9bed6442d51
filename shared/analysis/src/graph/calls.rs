//! Calls that stand in a definition or in code.

mod entries;
mod feeding;

use super::actors::anything;
use super::allowance::Allowance;
use super::bounds::bounds as of_grant;
use super::build::{Builder, Part};
use super::edge::{Edge, Fact};
use super::request::{MOST_LISTED, given, glob_of, is_arn, listed, requested};
use super::{class, takeover};
use crate::arn;
use crate::catalogue::Operation;
use crate::definition::{Definition, Later, Step, Unknown};
use crate::emission::Identity;
use crate::glob::Glob;
use crate::iam::{Bound, Grant, Read};
use crate::start::Start;
use crate::{Aspect, Certainty, Gain, Status};
use loopguard_model::{Call, Given, Need, Role, Runs, Scope, Workload};
use loopguard_pattern::Term;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// Whether what was read is all that the workload does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Told {
    /// It is: what else its role allows does not matter.
    All,
    /// It may do more.
    Part,
}

/// Who makes the calls.
#[derive(Debug, Clone, Copy)]
pub(super) struct By<'i, 'a> {
    /// The actor's node.
    pub(super) at: usize,
    pub(super) scope: &'a Scope,
    /// The role; none where its policies were not read.
    pub(super) role: Option<&'a Role>,
    pub(super) identity: &'i Identity,
    /// What the run starts with.
    pub(super) start: &'i Start,
}

/// Adds the calls that the workload's definition and code make.
pub(super) fn add<'a>(
    builder: &mut Builder<'a, '_>,
    by: &By<'_, 'a>,
    workload: Option<&'a Workload>,
) -> Told {
    let Some(workload) = workload else { return Told::Part };
    let ground = builder.ground;
    let code = workload.code.iter().filter(|_| ground.catalogue.has(Aspect::CodedCalls));
    for (at, call) in code.flat_map(|code| &code.calls).enumerate() {
        for (scope, most) in regions_of(builder, by, call) {
            let by = &By { scope, ..*by };
            let certainty = of_code(call).min(most);
            let mut making =
                Making { builder: &mut *builder, by, call, certainty, runs: call.runs, step: None };
            let decided = making.decided();
            let allowed = decided.as_ref().is_none_or(|decided| decided.allowed);
            making.add(decided);
            let later = ground.index.later(workload).iter();
            let schedules =
                |later: &&Later| later.of == at && allowed && ground.catalogue.has(Aspect::Schedules);
            for Later { call, .. } in later.filter(schedules) {
                let mut making =
                    Making { builder: &mut *builder, by, call, certainty, runs: call.runs, step: None };
                let decided = making.decided();
                making.add(decided);
            }
        }
    }
    match builder.ground.index.definition(workload) {
        Some(definition) => of_definition(builder, by, definition),
        None => Told::Part,
    }
}

/// Returns the places where a call of code is made, as its client's region tells them, each with how surely at most. Where no
/// rule was read, nobody hears it.
fn regions_of<'a>(
    builder: &mut Builder<'a, '_>,
    by: &By<'_, 'a>,
    call: &Call,
) -> Vec<(&'a Scope, Certainty)> {
    let (catalogue, index) = (builder.ground.catalogue, &builder.ground.index);
    let operation = catalogue.spelled(&call.service, &call.operation);
    // The region of a bucket is its own, whichever the client names; some services have none.
    let decides = |operation: &Arc<Operation>| !operation.global && catalogue.places(&operation.prefix).0;
    let region = call.region.as_ref().filter(|_| catalogue.has(Aspect::ClientRegions));
    let own = (by.scope, Certainty::Observed);
    let Some(region) = region.filter(|_| operation.is_none_or(decides)) else { return vec![own] };
    match region {
        Given::Constant(region) if *region == by.scope.region => vec![own],
        Given::Constant(region) if arn::surely_differ(region, &by.scope.region) => {
            let there = index.place(&by.scope.account, region, by.scope);
            if there.is_none() {
                builder.graph.assumptions.insert(format!(
                    "what code calls in {region}, where no rule was read, causes nothing here"
                ));
            }
            there.map(|there| (there, Certainty::Observed)).into_iter().collect()
        }
        // It may be the own region, and any other.
        _ => {
            let others = index.other_regions(by.scope).map(|there| (there, Certainty::Assumed));
            std::iter::once((by.scope, Certainty::Permitted)).chain(others).collect()
        }
    }
}

/// Adds the calls that a definition makes, and what it does that nobody can tell.
fn of_definition<'a>(builder: &mut Builder<'a, '_>, by: &By<'_, 'a>, definition: &'a Definition) -> Told {
    let decided: Vec<Option<Decided>> = definition
        .steps
        .iter()
        .map(|step| Making::of_step(&mut *builder, by, step, step.call.runs).decided())
        .collect();
    // A refused call ends the run: what comes behind it is not made, and where it stands is not kept here.
    let is_refused = |decided: &Option<Decided>| decided.as_ref().is_some_and(|decided| !decided.allowed);
    let refused: Vec<bool> = decided.iter().map(is_refused).collect();
    let own = definition.steps.iter().zip(&refused).filter(|(step, _)| step.later.is_none());
    let count = own.filter(|(_, refused)| **refused).count();
    let catalogue = builder.ground.catalogue;
    let steps = definition.steps.iter().filter(|_| catalogue.has(Aspect::DefinedCalls));
    for (step, decided) in steps.zip(decided) {
        // A schedule that is not made calls nothing.
        let unmade = step.later.map(|at| refused.get(at).copied().unwrap_or_default());
        if unmade.is_some_and(|unmade| unmade || !catalogue.has(Aspect::Schedules)) {
            continue;
        }
        let call = &step.call;
        let runs = if count > usize::from(is_refused(&decided)) { Runs::Sometimes } else { call.runs };
        let mut making = Making::of_step(&mut *builder, by, step, runs);
        if !making.add(decided) && catalogue.has(Aspect::UnknownCalls) {
            let why = format!("the catalogue does not know `{}:{}`", call.service, call.operation);
            making.guess(None, why.into());
        }
    }
    let unknowns = definition.unknowns.iter().filter(|_| catalogue.has(Aspect::UnknownSteps));
    for Unknown { why, need, role } in unknowns {
        // What a role bounds does what the role allows.
        if let Some(role) = role.as_ref().and_then(|role| builder.ground.index.role(role)) {
            let to = builder.actor(takeover::under(role, by.scope, 1));
            let edge = Edge::sure(by.at, to, Fact::Takes(why.clone()));
            builder.edge(Edge { certainty: Certainty::Broad, gain: Gain::Sometimes, ..edge });
            continue;
        }
        let fact = Fact::guess(need.clone(), None, why.clone());
        anything(builder, by.at, by.scope, by.identity, &fact);
    }
    if definition.whole { Told::All } else { Told::Part }
}

/// A call that the user told of counts as declared.
fn of_code(call: &Call) -> Certainty {
    match call.origin {
        loopguard_model::Origin::Overlay(_) => Certainty::Declared,
        _ => Certainty::Coded,
    }
}

/// A call of the catalogue, and whether it goes through.
struct Decided {
    operation: Arc<Operation>,
    allowance: Allowance,
    /// False only if it is surely refused.
    allowed: bool,
}

struct Making<'b, 'a, 'g> {
    builder: &'b mut Builder<'a, 'g>,
    by: &'b By<'b, 'a>,
    call: &'a Call,
    certainty: Certainty,
    /// How often a run makes it, all things told.
    runs: Runs,
    /// The step of a definition that it is; none: it stands in code.
    step: Option<&'a Step>,
}

impl<'b, 'a, 'g> Making<'b, 'a, 'g> {
    fn of_step(builder: &'b mut Builder<'a, 'g>, by: &'b By<'b, 'a>, step: &'a Step, runs: Runs) -> Self {
        Self { builder, by, call: &step.call, certainty: Certainty::Declared, runs, step: Some(step) }
    }

    /// Returns what the call is and whether it goes through; none iff the catalogue does not know it.
    fn decided(&self) -> Option<Decided> {
        let catalogue = self.builder.ground.catalogue;
        let operation = catalogue.spelled(&self.call.service, &self.call.operation)?.clone();
        let allowance = Allowance::of(self.builder, self.by, self.call, &operation);
        let allowed = self.is_allowed(&operation, &allowance);
        Some(Decided { operation, allowance, allowed })
    }

    /// Returns false only if the call is surely refused. What code gives a call is read less surely than what a
    /// definition does, so that only the latter is refused for what it names.
    fn is_allowed(&self, operation: &Operation, allowance: &Allowance) -> bool {
        if self.step.is_none() {
            return allowance.is_any();
        }
        let catalogue = self.builder.ground.catalogue;
        let allows =
            |start| allowance.allows(&self.said(operation, start), operation, catalogue, self.by.scope);
        // One entry that is refused fails the call with all its entries.
        let puts = || &*operation.call != "events:PutEvents" || self.may_put(allowance);
        self.by.start.iter().any(allows) && puts() && self.may_feed(operation, allowance)
    }

    /// Adds what the call causes; returns false iff the catalogue does not know it.
    fn add(&mut self, decided: Option<Decided>) -> bool {
        let catalogue = self.builder.ground.catalogue;
        let Some(Decided { operation, allowance, allowed }) = decided else {
            if self.certainty == Certainty::Coded {
                self.builder.graph.assumptions.insert(format!(
                    "`{}:{}`, which the catalogue does not know, causes no event",
                    self.call.service, self.call.operation
                ));
            }
            return false;
        };
        // A call under other credentials has another caller, of whom only the role is known.
        let credentials = self.call.role.as_ref().filter(|_| catalogue.has(Aspect::OtherCredentials));
        let other = credentials.map(|arn| self.other_caller(arn));
        let identity = other.as_ref().unwrap_or(self.by.identity).clone();
        if &*operation.call == "events:PutEvents" && allowed && catalogue.has(Aspect::DefinedEvents) {
            self.put_events(&allowance, &operation);
        }
        self.events(&operation, &allowance.grants, &identity, allowed);
        if allowed && catalogue.has(Aspect::DefinedFeeds) && self.step.is_none_or(|step| step.leads_on) {
            self.feed(&operation, &allowance.grants);
        }
        true
    }

    /// The call may cause anything.
    fn guess(&mut self, need: Option<Need>, why: Arc<str>) {
        let fact = Fact::guess(need, None, why);
        anything(self.builder, self.by.at, self.by.scope, self.by.identity, &fact);
    }

    fn other_caller(&self, arn: &Term) -> Identity {
        let known = self.builder.ground.index.role(arn);
        Identity::Role {
            arn: Some(known.map_or_else(|| arn.clone(), |role| role.arn.clone())),
            name: Some(known.map_or_else(|| arn::after_last(arn, '/'), |role| role.name.clone())),
            session: None,
            invoked_by: None,
            direct: false,
        }
    }

    /// The records and native events of the call.
    fn events(&mut self, operation: &Arc<Operation>, grants: &[Grant], identity: &Identity, allowed: bool) {
        let part = if allowed { Part::Made } else { Part::Refused };
        // What is heard whatever the resource is, is made once.
        let mut made = BTreeSet::new();
        for bound in self.bounds(operation, grants).into_iter().map(Arc::new) {
            for caller in [None, Some(identity)] {
                let ears = part.ears(operation, caller.is_some());
                if self.builder.audience(ears).is_empty() {
                    continue;
                }
                let ends = class::of_call(self.builder, self.place(), operation, &bound, caller, part);
                for (to, on) in ends.each(&bound) {
                    if made.insert(to) {
                        self.made(to, operation, self.certainty, on);
                    }
                }
            }
        }
    }

    /// Where the call is made: in the account of the role whose credentials it uses.
    fn place(&self) -> &'a Scope {
        let account = self.call.role.as_ref().and_then(arn::Arn::parse).map(|arn| arn.account);
        let index = &self.builder.ground.index;
        let known = account.and_then(|account| index.place(&account, &self.by.scope.region, self.by.scope));
        known.unwrap_or(self.by.scope)
    }

    fn edge(&mut self, to: usize, operation: &Arc<Operation>, certainty: Certainty) {
        self.made(to, operation, certainty, None);
    }

    fn made(&mut self, to: usize, operation: &Arc<Operation>, certainty: Certainty, on: Option<&Arc<Bound>>) {
        let gain = match self.runs {
            Runs::Sometimes => Gain::Sometimes,
            Runs::Each => Gain::Each,
            Runs::Many => Gain::Many,
        };
        self.builder.edge(Edge {
            from: self.by.at,
            to,
            certainty,
            gain,
            status: Status::Live,
            fact: Fact::Makes { operation: Some(operation.clone()), call: Some(self.call), on: on.cloned() },
        });
    }

    /// The resources of the call: what the request says, else what the role allows.
    fn bounds(&self, operation: &Operation, grants: &[Grant]) -> BTreeSet<Bound> {
        let catalogue = self.builder.ground.catalogue;
        let said: BTreeSet<Bound> =
            self.by.start.iter().flat_map(|start| self.said_of_each(operation, start)).collect();
        if !said.contains(&Bound::open()) || catalogue.binding(operation).is_none() {
            return said;
        }
        let mut bounds = BTreeSet::new();
        for grant in grants {
            let reached = of_grant(grant, operation, catalogue, self.by.scope);
            bounds.extend(reached.into_iter().map(Bound::by_grant));
        }
        if bounds.is_empty() { said } else { bounds }
    }

    /// What the request says of the call's resource, and of what its native events show.
    fn said(&self, operation: &Operation, start: &BTreeMap<Arc<str>, Glob>) -> Bound {
        let catalogue = self.builder.ground.catalogue;
        if !self.request_counts() {
            return Bound::open();
        }
        let mut said = catalogue
            .binding(operation)
            .map_or_else(Bound::open, |binding| requested(self.call, binding, self.by.scope, start));
        for shows in catalogue.natives_of(operation).flat_map(|row| row.given.values()) {
            let value = given(self.call, &shows.member).and_then(|given| glob_of(given, start));
            if let Some(glob) = value.and_then(|value| shows.shown(value)) {
                said.set(&shows.variable, glob);
            }
        }
        said
    }

    /// The same for each of the things that the request lists.
    fn said_of_each(&self, operation: &Operation, start: &BTreeMap<Arc<str>, Glob>) -> Vec<Bound> {
        let mut all = vec![self.said(operation, start)];
        let Some(binding) =
            self.builder.ground.catalogue.binding(operation).filter(|_| self.request_counts())
        else {
            return all;
        };
        for (variable, members) in &binding.members {
            let values: Vec<&Given> =
                members.iter().flat_map(|member| listed(self.call, member)).take(MOST_LISTED).collect();
            if values.is_empty() || all.len() * values.len() > MOST_LISTED {
                continue;
            }
            let with = |bound: &Bound, given: &Given| {
                let mut bound = bound.clone();
                let read = match given {
                    Given::Constant(term) if is_arn(term) => Some(binding.read(term, self.by.scope)),
                    _ => None,
                };
                if let Some(Read::Is(of_arn)) = read {
                    bound.merge(of_arn);
                } else if let Some(glob) = glob_of(given, start).filter(|glob| !glob.is_any()) {
                    bound.set(variable, glob);
                }
                bound
            };
            all = all.iter().flat_map(|bound| values.iter().map(|given| with(bound, given))).collect();
        }
        all
    }

    /// What the request says is taken account of.
    fn request_counts(&self) -> bool {
        let aspect = match self.step {
            Some(_) => Aspect::DefinedRequests,
            None => Aspect::CodedRequests,
        };
        self.builder.ground.catalogue.has(aspect)
    }
}
