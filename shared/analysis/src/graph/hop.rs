//! From a cycle of the graph to hops from rule to rule, as a finding tells them.

use super::bounds::bounds;
use super::build::{Graph, Ground, Kind};
use super::class::Class;
use super::edge::{Edge, Fact};
use crate::actor::{Act, Actor, kind_of};
use crate::catalogue::Operation;
use crate::emission::{Emission, Fields, Identity};
use crate::finding::{Caller, Emits, EventWitness, Hop, HopOrigins, HopTarget};
use crate::iam::{Access, Bound, Grant};
use crate::limits::Presence;
use crate::meet::{Meet, example, meet, meet_sets, members};
use crate::{Certainty, Gain, Status};
use loopguard_model::{Call, Gap, Need, Role, Target};
use rustc_hash::FxHashMap;
use std::collections::BTreeSet;
use std::rc::Rc;
use std::sync::Arc;

/// Where a record shows the session that made the call.
const CALLER_PATH: &str = "detail.userIdentity.arn";

/// One hop with what a finding needs beside it.
#[derive(Debug)]
pub(crate) struct Told {
    pub(crate) hop: Hop,
    /// The rule that hears.
    pub(crate) to: usize,
    /// Who makes the call, where somebody does.
    pub(crate) identity: Option<Identity>,
    /// What is known of the event.
    pub(crate) event: Option<Event>,
    pub(crate) needs: BTreeSet<Need>,
    pub(crate) gap: Option<Gap>,
}

/// An event that is heard: as whoever causes it, and who causes it.
#[derive(Debug, Clone)]
pub(crate) struct Event {
    emission: Rc<Emission>,
    /// The resource, as far as it is known.
    bound: Option<Arc<Bound>>,
    /// What the caller shows, where the emission does not say it.
    caller: Option<Rc<Fields>>,
}

impl Event {
    /// Returns what is known of it.
    pub(crate) fn fields(&self) -> Fields {
        let mut fields = self.emission.fields.clone();
        for (path, field) in self.caller.iter().flat_map(|caller| caller.iter()) {
            fields.set(path.clone(), field.clone());
        }
        fields
    }
}

/// Returns the edges of a cycle, given from a rule on, hop by hop.
pub(crate) fn ways<'g, 'a>(graph: &'g Graph<'a>, cycle: &[usize]) -> Vec<Vec<&'g Edge<'a>>> {
    let edges: Vec<&Edge<'a>> = cycle.iter().filter_map(|place| graph.edges.get(*place)).collect();
    let ends_hop = |edge: &&Edge<'_>| graph.rule_of(edge.to).is_some();
    edges.split_inclusive(ends_hop).map(<[_]>::to_vec).collect()
}

/// A class, the place of an event in it, and the resource.
type EventKey = (usize, usize, Option<Arc<Bound>>);

/// An event as whoever shows as its caller causes it, and the first of the listeners that hear it alike.
type WitnessKey = (EventKey, Option<usize>, usize);

/// Tells hops; keeps what several of them have in common.
pub(crate) struct Teller<'g, 'a> {
    graph: &'g Graph<'a>,
    ground: &'g Ground<'a>,
    /// The events as anybody causes them; none where a class has no such event.
    events: FxHashMap<EventKey, Option<Event>>,
    /// Actor -> what it shows as a caller.
    callers: FxHashMap<usize, Rc<Fields>>,
    /// What was found for hops of which one hears just what the other does: cycles share their hops.
    witnesses: FxHashMap<WitnessKey, Option<EventWitness>>,
    /// Actor and call -> what allows it.
    grants: FxHashMap<(usize, Arc<str>), Rc<[Grant]>>,
}

impl<'g, 'a> Teller<'g, 'a> {
    pub(crate) fn new(graph: &'g Graph<'a>, ground: &'g Ground<'a>) -> Self {
        Self {
            graph,
            ground,
            events: FxHashMap::default(),
            callers: FxHashMap::default(),
            witnesses: FxHashMap::default(),
            grants: FxHashMap::default(),
        }
    }

    /// Returns the hop that these edges are, with its witness.
    pub(crate) fn told(&mut self, way: &[&'g Edge<'a>]) -> Option<Told> {
        let way = Way::new(self.graph, self.ground, way)?;
        let event = self.event(&way);
        let policy = self.policy(&way, event.as_ref());
        let witness = self.witness(&way, event.as_ref());
        way.tell(event, witness, policy.as_ref())
    }

    /// Returns the hop in one sentence.
    pub(crate) fn sentence(&self, way: &[&'g Edge<'a>]) -> Option<String> {
        let way = Way::new(self.graph, self.ground, way)?;
        let key = |rule: usize| self.ground.inventory.rules.get(rule).map(|rule| &rule.key);
        let (from, to) = (key(way.from)?, key(way.to)?);
        let target =
            way.target.map_or_else(|| "its targets".to_owned(), |target| format!("target `{}`", target.id));
        let action = way.action();
        let does =
            if action.is_empty() { "may cause an event".to_owned() } else { format!("can call `{action}`") };
        Some(format!(
            "rule `{from}` runs {target}, which {does} that rule `{to}` matches ({})",
            way.certainty
        ))
    }

    /// Makes the event that is heard.
    fn event(&mut self, way: &Way<'g, 'a>) -> Option<Event> {
        let (at, class, place) = way.heard?;
        let ground = self.ground;
        let make = |actor| {
            let (emission, bound) = class.told(ground, place, way.on.as_ref(), actor)?;
            Some(Event { emission: emission.into(), bound, caller: None })
        };
        if !class.is_anybodys() {
            return make(way.actor.map(|(_, actor)| actor));
        }
        let known = self.events.entry((at, place, way.on.clone()));
        let mut event = known.or_insert_with(|| make(None)).clone()?;
        if let Some((at, actor)) = way.actor.filter(|_| event.emission.is_record())
            && let Some(identity) = actor.act.identity()
        {
            let shown = || {
                let mut fields = Fields::default();
                identity.write(actor.scope, &mut fields);
                fields.into()
            };
            event.caller = Some(self.callers.entry(at).or_insert_with(shown).clone());
        }
        Some(event)
    }

    /// An event of the hop that the next rule's pattern accepts; none where that is not decided.
    fn witness(&mut self, way: &Way<'g, 'a>, event: Option<&Event>) -> Option<EventWitness> {
        let listeners = self.ground.listeners;
        let listener = listeners.of_rule(way.to)?;
        let Some(((at, class, place), event)) = way.heard.zip(event) else { return way.witness(event) };
        let is_anybodys = class.is_anybodys() && event.caller.is_none();
        let by = way.actor.filter(|_| !is_anybodys).map(|(at, _)| at);
        let key = ((at, place, way.on.clone()), by, listeners.twin(listener));
        self.witnesses.entry(key).or_insert_with(|| way.witness(Some(event))).clone()
    }

    /// The grant that allows the call, as the actor's own role has it.
    fn policy(&mut self, way: &Way<'g, 'a>, event: Option<&Event>) -> Option<Grant> {
        // What a call in code is allowed by is told as well, and so is the permission that alone says of a call what it
        // concerns; else a definition says enough, and other credentials are another role's.
        let own = way.call.is_none_or(|call| call.role.is_none() && way.certainty <= Certainty::Coded);
        let (Some((at, actor)), Some(operation), true) = (way.actor, &way.operation, own) else {
            return None;
        };
        let (catalogue, inventory) = (self.ground.catalogue, self.ground.inventory);
        let of_role = |role: &'a Role| Access::new(role, actor.scope, catalogue, inventory).grants(operation);
        let all = || -> Rc<[Grant]> {
            let roles = match &actor.act {
                Act::Work { role: Some(role), .. } => std::slice::from_ref(role),
                Act::TakenOn { roles, .. } => roles.as_slice(),
                _ => &[],
            };
            roles
                .iter()
                .map(|role| of_role(role))
                .find(|grants| !grants.is_empty())
                .unwrap_or_default()
                .into()
        };
        let grants = self.grants.entry((at, operation.call.clone())).or_insert_with(all);
        let bound = event.and_then(|event| event.bound.as_deref());
        let is_bound = |grant: &&Grant| {
            bound.is_none_or(|bound| bounds(grant, operation, catalogue, actor.scope).contains(bound))
        };
        let fitting = |narrow| grants.iter().filter(move |grant| grant.narrow == narrow).find(is_bound);
        fitting(true).or_else(|| fitting(false)).or(grants.first()).cloned()
    }
}

/// The edges of one hop, taken apart.
struct Way<'w, 'a> {
    ground: &'w Ground<'a>,
    from: usize,
    to: usize,
    target: Option<&'a Target>,
    via: Vec<String>,
    /// What acts, and its node.
    actor: Option<(usize, &'w Actor<'a>)>,
    operation: Option<Arc<Operation>>,
    call: Option<&'a Call>,
    certainty: Certainty,
    gain: Gain,
    status: Status,
    presence: Option<Arc<Presence>>,
    /// The resource of the call, where the class does not say it.
    on: Option<Arc<Bound>>,
    /// The class, its node first, and which of its events is heard.
    heard: Option<(usize, &'w Class<'a>, usize)>,
    forwards: bool,
    why: Option<Arc<str>>,
    need: Option<Need>,
    gap: Option<Gap>,
}

impl<'w, 'a> Way<'w, 'a> {
    fn new(graph: &'w Graph<'a>, ground: &'w Ground<'a>, edges: &[&'w Edge<'a>]) -> Option<Self> {
        let mut way = Self {
            ground,
            from: graph.rule_of(edges.first()?.from)?,
            to: graph.rule_of(edges.last()?.to)?,
            target: None,
            via: Vec::new(),
            actor: None,
            operation: None,
            call: None,
            certainty: Certainty::Observed,
            gain: Gain::Many,
            status: Status::Live,
            presence: None,
            on: None,
            heard: None,
            forwards: false,
            why: None,
            need: None,
            gap: None,
        };
        for edge in edges {
            way.take(graph, edge);
        }
        Some(way)
    }

    fn take(&mut self, graph: &'w Graph<'a>, edge: &'w Edge<'a>) {
        self.certainty = self.certainty.min(edge.certainty);
        self.gain = self.gain.min(edge.gain);
        if self.status == Status::Live {
            self.status = edge.status.clone();
        }
        match &edge.fact {
            Fact::Runs(target) => self.target = *target,
            Fact::Hands { connection, why } => {
                self.why = self.why.take().or_else(|| why.clone());
                self.via.push(format!("{} `{}`", connection.kind.as_str(), connection.name));
            }
            Fact::Is | Fact::Has => {}
            Fact::Takes(how) => self.via.push(how.to_string()),
            Fact::Makes { operation, call, on } => {
                self.operation.clone_from(operation);
                self.on.clone_from(on);
                self.call = *call;
                if let Some(operation) = operation
                    && matches!(graph.kind(edge.to), Some(Kind::Resource))
                {
                    self.via.push(format!("`{}`", operation.action()));
                }
            }
            Fact::Guesses(guess) => {
                self.need.clone_from(&guess.need);
                self.gap.clone_from(&guess.gap);
                self.why = Some(guess.why.clone());
            }
            Fact::Hears { emission, presence, why } => {
                self.presence = Some(presence.clone());
                self.why = self.why.take().or_else(|| why.clone());
                if let Some(Kind::Class(class)) = graph.kind(edge.from) {
                    self.heard = Some((edge.from, class, *emission));
                }
            }
            Fact::Forwards { target, why } => {
                self.target = *target;
                self.forwards = true;
                self.why.clone_from(why);
            }
        }
        if let Some(Kind::Actor(actor)) = graph.kind(edge.to) {
            self.actor = Some((edge.to, actor));
            self.via.extend(actor.via.iter().cloned());
        }
    }

    fn tell(
        self,
        event: Option<Event>,
        witness: Option<EventWitness>,
        policy: Option<&Grant>,
    ) -> Option<Told> {
        let rule = self.ground.inventory.rules.get(self.from)?;
        let catalogue = self.ground.catalogue;
        let target = self.target.map_or_else(
            || HopTarget { id: "".into(), arn: "".into(), kind: "".into() },
            |target| HopTarget {
                id: target.id.clone(),
                arn: target.arn.to_string().into(),
                kind: kind_of(&target.arn, catalogue).map_or("", |kind| &kind.id).into(),
            },
        );
        let note = self.note(event.as_ref());
        let mut needs: BTreeSet<Need> = self.need.iter().cloned().collect();
        needs.extend(self.presence.iter().flat_map(|presence| presence.needs.iter().cloned()));
        let hop = Hop {
            rule: rule.key.clone(),
            target,
            via: self.via.clone(),
            action: self.action(),
            caller: self.caller(event.as_ref()),
            emits: emits(event.as_ref(), witness.as_ref()),
            certainty: self.certainty,
            gain: self.gain,
            status: self.status.clone(),
            witness,
            origins: HopOrigins {
                rule: rule.origin.clone(),
                target: self.target.map_or_else(|| rule.origin.clone(), |target| target.origin.clone()),
                call: self.call.map(|call| call.origin.clone()),
                policy: policy.map(|grant| grant.origin.clone()),
                statement: policy.map(|grant| grant.span),
                because: policy.map(Grant::because),
            },
            note,
        };
        let identity = self.identity();
        Some(Told { hop, to: self.to, identity, event, needs, gap: self.gap })
    }

    fn action(&self) -> Arc<str> {
        self.operation.as_ref().map_or_else(|| "".into(), |operation| operation.action().clone())
    }

    /// Who makes the call: the role of its own credentials, where it has some.
    fn identity(&self) -> Option<Identity> {
        if self.call.is_some_and(|call| call.role.is_some()) {
            return None;
        }
        self.actor.and_then(|(_, actor)| actor.act.identity()).cloned()
    }

    /// The caller as the record of the call shows it; native and custom events show none.
    fn caller(&self, event: Option<&Event>) -> Option<Caller> {
        let identity = self.identity()?;
        let Identity::Role { arn: Some(role), .. } = &identity else { return None };
        if !event?.emission.is_record() {
            return None;
        }
        let own = identity.own(CALLER_PATH, self.actor?.1.scope);
        let session = own.and_then(|glob| glob.as_exact().cloned());
        Some(Caller { role: role.clone(), session })
    }

    fn note(&self, event: Option<&Event>) -> String {
        let mut parts: Vec<&str> = Vec::new();
        if self.forwards {
            parts.push("the event goes on to another bus");
        }
        parts.extend(event.map(|event| &*event.emission.note));
        parts.extend(self.call.map(|call| &*call.note));
        parts.extend(self.why.as_deref());
        let guarded = self.guarded();
        parts.extend(guarded.as_deref());
        parts.retain(|part| !part.is_empty());
        parts.join("; ")
    }

    /// What in the code may keep it from answering its own events: told, never trusted.
    fn guarded(&self) -> Option<String> {
        let Act::Work { workload: Some(workload), .. } = &self.actor?.1.act else { return None };
        let (sentence, origin) = workload.code.as_ref()?.guards.first()?;
        Some(format!("may be guarded in code: {sentence} ({origin})"))
    }

    /// Finds such an event.
    fn witness(&self, event: Option<&Event>) -> Option<EventWitness> {
        let ground = self.ground;
        let listener = ground.listeners.all.get(ground.listeners.of_rule(self.to)?)?;
        let met = if let Some(event) = event {
            if let Some(example) = example(&listener.pattern, &event.emission.fields, event.caller.as_deref())
            {
                return Some(example);
            }
            meet(listener, &event.fields(), ground.schema)
        } else {
            let own = ground.listeners.all.get(ground.listeners.of_rule(self.from)?)?;
            meet_sets(listener, own.set(), ground.schema)
        };
        match met {
            Meet::Yes(witness) => Some(witness),
            Meet::No(..) | Meet::Unknown(_) => None,
        }
    }
}

/// The event in three words: as the tables say, else as the witness shows.
fn emits(event: Option<&Event>, witness: Option<&EventWitness>) -> Emits {
    if let Some(event) = event
        && !event.emission.emits.source.is_empty()
    {
        return event.emission.emits.clone();
    }
    let shown = witness.map(|witness| members(&witness.event, ["source", "detail-type"]));
    let [source, detail_type] = shown.unwrap_or_default().map(Option::unwrap_or_default);
    Emits { source, detail_type, event_name: None }
}
