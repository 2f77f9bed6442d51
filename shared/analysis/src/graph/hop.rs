//! From a cycle of the graph to hops from rule to rule, as a finding tells them.

use super::bounds::bounds;
use super::build::{Graph, Ground, Kind};
use super::class::Class;
use super::edge::{Edge, Fact};
use crate::actor::{Act, Actor};
use crate::catalogue::Operation;
use crate::emission::{Emission, Fields, Identity};
use crate::finding::{Emits, EventWitness, Hop, HopOrigins, HopTarget};
use crate::iam::{Access, Bound, Grant};
use crate::limits::Presence;
use crate::meet::{Meet, meet, meet_sets, member};
use crate::{Certainty, Gain, Status};
use loopguard_model::{Call, Gap, Need, Scope, Target};
use std::collections::BTreeSet;
use std::sync::Arc;

/// One hop with what a finding needs beside it.
#[derive(Debug)]
pub(crate) struct Told {
    pub(crate) hop: Hop,
    /// The rule that hears.
    pub(crate) to: usize,
    /// Who makes the call, where somebody does.
    pub(crate) identity: Option<Identity>,
    /// What is known of the event.
    pub(crate) fields: Fields,
    pub(crate) needs: BTreeSet<Need>,
    pub(crate) gap: Option<Gap>,
}

/// Returns the edges of a cycle, given from a rule on, hop by hop.
pub(crate) fn ways<'g, 'a>(graph: &'g Graph<'a>, cycle: &[usize]) -> Vec<Vec<&'g Edge<'a>>> {
    let edges: Vec<&Edge<'a>> = cycle.iter().filter_map(|place| graph.edges.get(*place)).collect();
    let ends_hop = |edge: &&Edge<'_>| graph.rule_of(edge.to).is_some();
    edges.split_inclusive(ends_hop).map(<[_]>::to_vec).collect()
}

/// Returns the hop that these edges are, with its witness.
pub(crate) fn told(graph: &Graph<'_>, ground: &Ground<'_>, way: &[&Edge<'_>]) -> Option<Told> {
    Way::new(graph, ground, way)?.tell()
}

/// Returns the hop in one sentence.
pub(crate) fn sentence(graph: &Graph<'_>, ground: &Ground<'_>, way: &[&Edge<'_>]) -> Option<String> {
    let way = Way::new(graph, ground, way)?;
    let key = |rule: usize| ground.inventory.rules.get(rule).map(|rule| &rule.key);
    let (from, to) = (key(way.from)?, key(way.to)?);
    let target =
        way.target.map_or_else(|| "its targets".to_owned(), |target| format!("target `{}`", target.id));
    let action = way.action();
    let does =
        if action.is_empty() { "may cause an event".to_owned() } else { format!("can call `{action}`") };
    Some(format!("rule `{from}` runs {target}, which {does} that rule `{to}` matches ({})", way.certainty))
}

/// The edges of one hop, taken apart.
struct Way<'w, 'a> {
    ground: &'w Ground<'a>,
    from: usize,
    to: usize,
    target: Option<&'a Target>,
    via: Vec<String>,
    actor: Option<&'w Actor<'a>>,
    operation: Option<Arc<Operation>>,
    call: Option<&'a Call>,
    certainty: Certainty,
    gain: Gain,
    status: Status,
    presence: Option<Arc<Presence>>,
    /// The resource of the call, where the class does not say it.
    on: Option<Arc<Bound>>,
    /// The class, and which of its events is heard.
    heard: Option<(&'w Class<'a>, usize)>,
    emission: Option<(Emission, Option<Arc<Bound>>)>,
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
            emission: None,
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
            Fact::Hands(connection) => {
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
            Fact::Guesses { need, gap, why } => {
                self.need.clone_from(need);
                self.gap.clone_from(gap);
                self.why = Some(why.clone());
            }
            Fact::Hears { emission, presence, why } => {
                self.presence = Some(presence.clone());
                self.why = self.why.take().or_else(|| why.clone());
                if let Some(Kind::Class(class)) = graph.kind(edge.from) {
                    self.heard = Some((class, *emission));
                }
            }
            Fact::Forwards { target, why } => {
                self.target = *target;
                self.forwards = true;
                self.why.clone_from(why);
            }
        }
        if let Some(Kind::Actor(actor)) = graph.kind(edge.to) {
            self.actor = Some(actor);
            self.via.extend(actor.via.iter().cloned());
        }
    }

    fn scope(&self) -> &'a Scope {
        match self.actor {
            Some(actor) => actor.scope,
            None => &self.ground.inventory.scope,
        }
    }

    /// Makes the event that is heard.
    fn make(&mut self) {
        let Some((class, place)) = self.heard else { return };
        let scope = self.scope();
        let identity = self.actor.and_then(|actor| actor.act.identity());
        self.emission = class.told(self.ground, place, self.on.as_ref(), identity);
        if let Some((emission, _)) = &mut self.emission
            && class.is_anybodys()
            && emission.is_record()
            && let Some(identity) = identity
        {
            identity.write(scope, &mut emission.fields);
        }
    }

    fn tell(mut self) -> Option<Told> {
        self.make();
        let rule = self.ground.inventory.rules.get(self.from)?;
        let witness = self.witness();
        let policy = self.policy();
        let target = self.target.map_or_else(
            || HopTarget { id: "".into(), arn: "".into() },
            |target| HopTarget { id: target.id.clone(), arn: target.arn.to_string().into() },
        );
        let note = self.note();
        let mut needs: BTreeSet<Need> = self.need.iter().cloned().collect();
        needs.extend(self.presence.iter().flat_map(|presence| presence.needs.iter().cloned()));
        let hop = Hop {
            rule: rule.key.clone(),
            target,
            via: self.via.clone(),
            action: self.action(),
            emits: self.emits(witness.as_ref()),
            certainty: self.certainty,
            gain: self.gain,
            status: self.status.clone(),
            witness,
            origins: HopOrigins {
                rule: rule.origin.clone(),
                target: self.target.map_or_else(|| rule.origin.clone(), |target| target.origin.clone()),
                call: self.call.map(|call| call.origin.clone()),
                policy: policy.as_ref().map(|grant| grant.origin.clone()),
                statement: policy.as_ref().map(|grant| grant.span),
                because: policy.as_ref().map(Grant::because),
            },
            note,
        };
        let identity = self.identity();
        let fields = self.emission.map(|(emission, _)| emission.fields).unwrap_or_default();
        Some(Told { hop, to: self.to, identity, fields, needs, gap: self.gap })
    }

    fn action(&self) -> Arc<str> {
        self.operation.as_ref().map_or_else(|| "".into(), |operation| operation.action().clone())
    }

    /// Who makes the call: the role of its own credentials, where it has some.
    fn identity(&self) -> Option<Identity> {
        if self.call.is_some_and(|call| call.role.is_some()) {
            return None;
        }
        self.actor.and_then(|actor| actor.act.identity()).cloned()
    }

    fn note(&self) -> String {
        let mut parts: Vec<&str> = Vec::new();
        if self.forwards {
            parts.push("the event goes on to another bus");
        }
        parts.extend(self.emission.iter().map(|(emission, _)| &*emission.note));
        parts.extend(self.call.map(|call| &*call.note));
        parts.extend(self.why.as_deref());
        let guarded = self.guarded();
        parts.extend(guarded.as_deref());
        parts.retain(|part| !part.is_empty());
        parts.join("; ")
    }

    /// What in the code may keep it from answering its own events: told, never trusted.
    fn guarded(&self) -> Option<String> {
        let Act::Work { workload: Some(workload), .. } = &self.actor?.act else { return None };
        let (sentence, origin) = workload.code.as_ref()?.guards.first()?;
        Some(format!("may be guarded in code: {sentence} ({origin})"))
    }

    /// An event of the hop that the next rule's pattern accepts; none where that is not decided.
    fn witness(&self) -> Option<EventWitness> {
        let ground = self.ground;
        let listener = ground.listeners.all.get(ground.listeners.of_rule(self.to)?)?;
        let met = if let Some((emission, _)) = &self.emission {
            meet(listener, emission, ground.schema)
        } else {
            let own = ground.listeners.all.get(ground.listeners.of_rule(self.from)?)?;
            meet_sets(listener, &own.set, ground.schema)
        };
        match met {
            Meet::Yes(witness) => Some(witness),
            Meet::No(..) | Meet::Unknown(_) => None,
        }
    }

    /// The event in three words: as the tables say, else as the witness shows.
    fn emits(&self, witness: Option<&EventWitness>) -> Emits {
        if let Some((emission, _)) = &self.emission
            && !emission.emits.source.is_empty()
        {
            return emission.emits.clone();
        }
        let shown = |path: &str| witness.and_then(|witness| member(&witness.event, path));
        Emits {
            source: shown("source").unwrap_or_default(),
            detail_type: shown("detail-type").unwrap_or_default(),
            event_name: None,
        }
    }

    /// The grant that allows the call, as the actor's own role has it.
    fn policy(&self) -> Option<Grant> {
        // What a call in code is allowed by is told as well; a definition says enough, and other credentials are
        // another role's.
        let own = self.call.is_none_or(|call| call.role.is_none() && self.certainty == Certainty::Coded);
        let (Some(actor), Some(operation), true) = (self.actor, &self.operation, own) else { return None };
        let roles = match &actor.act {
            Act::Work { role: Some(role), .. } => vec![*role],
            Act::TakenOn { roles, .. } => roles.clone(),
            _ => return None,
        };
        let catalogue = self.ground.catalogue;
        let of_role =
            |role| Access::new(role, actor.scope, catalogue, self.ground.inventory).grants(operation);
        let grants = roles.into_iter().map(of_role).find(|grants| !grants.is_empty()).unwrap_or_default();
        let bound = self.emission.as_ref().and_then(|(_, bound)| bound.as_ref());
        let is_bound = |grant: &Grant| {
            bound.is_none_or(|bound| bounds(grant, operation, catalogue, actor.scope).contains(&**bound))
        };
        let mut fitting: Vec<&Grant> = grants.iter().filter(|grant| is_bound(grant)).collect();
        fitting.sort_by_key(|grant| !grant.narrow);
        fitting.first().copied().or(grants.first()).cloned()
    }
}
