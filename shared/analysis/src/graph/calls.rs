//! Calls that stand in a definition or in code.

use super::actors::{anything, consumers};
use super::allowance::Allowance;
use super::bounds::bounds as of_grant;
use super::build::{Builder, ClassKey, Part};
use super::class::Class;
use super::ears::{Ears, Who};
use super::edge::{Edge, Fact};
use super::request::{MOST_LISTED, entries, given, glob_of, is_arn, listed, requested};
use super::resources::exactly;
use super::shown::Shown;
use super::{buses, class, takeover};
use crate::actor::{of_runbook, parameter_in};
use crate::arn;
use crate::bus::Bus;
use crate::catalogue::{Feed, Operation};
use crate::definition::{Definition, Later, RUNBOOK, Step, Unknown};
use crate::emission::{Identity, custom};
use crate::glob::Glob;
use crate::iam::{Bound, EventLimits, Grant, Read};
use crate::start::Start;
use crate::{Aspect, Certainty, Gain, Status};
use loopguard_model::{Call, Given, Need, Role, Runs, Scope, Workload};
use loopguard_pattern::{Symbol, Term};
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
        let puts = || {
            &*operation.call != "events:PutEvents"
                || self.entries(&allowance.grants).iter().all(|Entry { limits, buses, .. }| {
                    let allows = |bus| allowance.allows_event(limits, bus, self.builder, self.by.scope);
                    buses.iter().any(allows)
                })
        };
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

    /// Puts the entries of `PutEvents` that the policies allow.
    fn put_events(&mut self, allowance: &Allowance, operation: &Arc<Operation>) {
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

    /// What the request names as given something, in every run; none: that is not known.
    fn fed(&self, row: &Feed) -> Option<BTreeSet<Term>> {
        let members = row.member.iter().filter(|_| self.request_counts());
        let given = members.into_iter().find_map(|member| given(self.call, member));
        let exact = |start| glob_of(given?, start)?.as_exact().cloned();
        self.by.start.iter().map(exact).collect()
    }

    /// Returns false only if the policies surely refuse the call on the resource that it gives something to.
    fn may_feed(&self, operation: &Operation, allowance: &Allowance) -> bool {
        let Some(feed) = self.builder.operations.of_call(&operation.call).and_then(|known| known.feeds)
        else {
            return true;
        };
        let carriers = self.builder.ground.catalogue.carriers();
        let Some(values) = carriers.feeds().get(feed).and_then(|row| self.fed(row)) else { return true };
        let resources = &self.builder.resources;
        let allows = |value: &Term| {
            exactly(&resources.named(feed, value), value)
                .is_none_or(|arn| allowance.allows_feeding(feed, &arn, resources))
        };
        values.iter().any(allows)
    }

    /// The resources that the call gives something to.
    fn feed(&mut self, operation: &Arc<Operation>, grants: &[Grant]) {
        let Some(feed) = self.builder.operations.of_call(&operation.call).and_then(|known| known.feeds)
        else {
            return;
        };
        let Some(row) = self.builder.ground.catalogue.carriers().feeds().get(feed) else { return };
        if let Some(values) = self.fed(row) {
            for value in values {
                self.feed_one(operation, feed, row, &value);
            }
            return;
        }
        // Which one it is, is not said: any that the role allows.
        let permitted = self.certainty.min(Certainty::Permitted);
        for grant in grants {
            match self.builder.resources.reached_by(feed, grant) {
                Some(reached) => {
                    for arn in reached {
                        let to = self.builder.fed(feed, &arn, operation);
                        self.edge(to, operation, permitted);
                    }
                }
                None => {
                    if let Some(to) = self.builder.any_of(feed) {
                        self.edge(to, operation, permitted.min(Certainty::Broad));
                    }
                }
            }
        }
    }
}

impl<'a> Making<'_, 'a, '_> {
    /// The resource that the call names.
    fn feed_one(&mut self, operation: &Arc<Operation>, feed: usize, row: &Feed, value: &Term) {
        let mut named = self.builder.resources.named(feed, value);
        let runbook = self.runbook(row, value);
        let exact = exactly(&named, value);
        if exact.is_none() && runbook.is_none() {
            self.not_read(row, value);
        }
        if let Some((document, role)) = runbook {
            named.retain(|arn| *arn != arn::unqualified(&document.arn));
            let ground = self.builder.ground;
            if let Some(actor) = of_runbook(document, &role, self.by.scope, &ground.index, ground.catalogue) {
                let to = self.builder.actor(actor);
                self.edge(to, operation, self.certainty);
            }
        }
        for arn in named {
            let to = self.builder.fed(feed, &arn, operation);
            // Of one that it only may be, nobody knows.
            let sure = exact.as_ref() == Some(&arn);
            self.edge(to, operation, if sure { self.certainty } else { Certainty::Assumed });
        }
    }

    /// The runbook that the call starts and to which it gives a role, or lends its own.
    fn runbook(&self, row: &Feed, value: &Term) -> Option<(&'a Workload, Term)> {
        let arn = arn::Arn::parse(value).map_or_else(|| self.arn_of(row, value), |_| arn::unqualified(value));
        let document = self.builder.ground.index.workload(&arn)?;
        if &*document.class != RUNBOOK {
            return None;
        }
        let parameter = match &document.role {
            None => None,
            Some(role) => Some(parameter_in(role)?),
        };
        let given = |name: &str| {
            let one = given(self.call, &format!("Parameters.{name}.0"));
            one.or_else(|| given(self.call, &format!("Parameters.{name}"))).or_else(|| {
                given(self.call, &format!("RuntimeParameters.{name}"))
                    .or_else(|| given(self.call, &format!("RuntimeParameters.{name}.0")))
            })
        };
        let lends = self.builder.ground.catalogue.has(Aspect::LentRoles);
        let lent = || match self.by.identity {
            _ if !lends => None,
            Identity::Role { arn, .. } => arn.clone(),
            Identity::Service(_) | Identity::Unknown => None,
        };
        let role = match parameter.as_deref().and_then(given) {
            Some(Given::Constant(role)) => Some(role.clone()),
            Some(_) => Some(Symbol::given("runbook's role", &document.name.to_string()).into()),
            None => lent(),
        };
        Some((document, role?))
    }

    /// The call starts something, or gives something, of which nothing was read.
    fn not_read(&mut self, row: &Feed, value: &Term) {
        let arn = match arn::Arn::parse(value) {
            Some(_) => arn::unqualified(value),
            None => self.arn_of(row, &arn::after_last(value, '/')),
        };
        if row.runs {
            // What has no role makes no calls.
            let ground = self.builder.ground;
            if ground.index.workload(&arn).is_none() && ground.catalogue.has(Aspect::UnreadWorkloads) {
                let why = format!("what runs as `{arn}` was not read");
                self.guess(Some(Need::Workload { arn }), why.into());
            }
        } else {
            consumers(self.builder, self.by.at, &arn);
        }
    }

    fn arn_of(&self, row: &Feed, name: &Term) -> Term {
        let Scope { partition, account, region } = self.by.scope;
        let (service, start) = &row.arn;
        let colon = || Term::literal(":");
        let head = [Term::literal("arn:"), partition.clone(), colon(), Term::literal(service), colon()];
        let place = [region.clone(), colon(), account.clone(), colon(), Term::literal(start), name.clone()];
        Term::concat(head.into_iter().chain(place))
    }
}

/// One event of `PutEvents`.
struct Entry {
    limits: EventLimits,
    /// Where it goes.
    buses: Vec<Bus>,
    shown: Shown,
}
