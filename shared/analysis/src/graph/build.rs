//! From the inventory to the graph.

use super::class::{Class, Opened};
use super::ears::Ears;
use super::edge::{Edge, Fact};
use super::events::Refusal;
use super::operations::Operations;
use super::permissions::Granted;
use super::refused::Refused;
use super::resources::Resources;
use super::takeover::Takeovers;
use super::wide::Overheard;
use super::within::Within;
use super::{actors, events, node, settled};
use crate::actor::{self, Act, Actor};
use crate::audience::Audience;
use crate::callers::Callers;
use crate::catalogue::{Catalogue, Operation};
use crate::definition::Definitions;
use crate::emission::Identity;
use crate::iam::Bound;
use crate::index::Index;
use crate::limits::{Presence, PresenceKey};
use crate::listener::Listeners;
use crate::{Aspect, Status};
use loopguard_model::{Answers, Inventory, Need, Role, RuleState, Scope, Workload};
use loopguard_pattern::{Schema, Term};
use rustc_hash::FxHashMap;
use std::borrow::Cow;
use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;
use std::sync::Arc;

/// What building needs at every step.
pub(crate) struct Ground<'a> {
    pub(crate) inventory: &'a Inventory,
    pub(crate) index: Index<'a>,
    pub(crate) catalogue: &'a Catalogue,
    pub(crate) listeners: &'a Listeners,
    pub(crate) schema: Schema,
    /// The reads that were answered: those of the inventory, and those that added no fact to it.
    pub(crate) answers: Cow<'a, Answers>,
    /// The events of calls, made once per call.
    pub(super) calls: RefCell<events::Known>,
    /// What an arrival takes for granted, made once per kind of arrival.
    pub(crate) presences: RefCell<BTreeMap<PresenceKey, Arc<Presence>>>,
    /// The services that roles trust, gathered once per place.
    pub(super) trusted_services: RefCell<BTreeMap<Scope, BTreeSet<Arc<str>>>>,
    /// How often an event was held against a pattern.
    pub(crate) compared: Cell<usize>,
    /// What alone is to be built, beside the rules; none: all.
    within: Option<&'a Within>,
}

impl<'a> Ground<'a> {
    pub(crate) fn new(
        inventory: &'a Inventory,
        catalogue: &'a Catalogue,
        listeners: &'a Listeners,
        definitions: &'a Definitions<'a>,
        within: Option<&'a Within>,
    ) -> Self {
        Self {
            inventory,
            index: Index::new(inventory, definitions),
            catalogue,
            listeners,
            schema: Schema::events(),
            answers: Cow::Borrowed(inventory.answers()),
            calls: RefCell::new(FxHashMap::default()),
            presences: RefCell::new(BTreeMap::new()),
            trusted_services: RefCell::new(BTreeMap::new()),
            compared: Cell::new(0),
            within,
        }
    }

    /// Returns true iff what the role allows is asked for.
    pub(super) fn asks_role(&self, role: &Role) -> bool {
        self.within.is_none_or(|within| within.has_role(role))
    }

    /// Returns true iff what the workload does is asked for.
    pub(super) fn asks_workload(&self, workload: &Workload) -> bool {
        self.within.is_none_or(|within| within.has_workload(workload))
    }
}

/// What a node is that is no rule.
#[derive(Debug)]
pub(crate) enum Kind<'a> {
    /// Something that acts.
    Actor(Actor<'a>),
    /// What a role allows, as far as the rules can hear it.
    Permissions(Granted),
    /// A resource that hands on, or any of a kind.
    Resource,
    /// A class of events.
    Class(Class<'a>),
    /// The roles that one takes on.
    Takeover,
}

/// The graph.
#[derive(Debug)]
pub(crate) struct Graph<'a> {
    pub(crate) nodes: usize,
    /// How many nodes are rules.
    pub(super) rule_nodes: usize,
    /// What the other nodes are, from `rule_nodes` on.
    pub(super) kinds: Vec<Kind<'a>>,
    /// Sorted by `from`, then as they were found.
    pub(crate) edges: Vec<Edge<'a>>,
    /// Where the edges of each node begin; one more at the end.
    starts: Vec<usize>,
    /// Per rule: the nodes that act for it.
    pub(super) actors_of: Vec<Vec<usize>>,
    /// Nodes from which edges are what a role allows, each with the role; one node may be of many roles.
    pub(super) uses: Vec<(usize, &'a Role)>,
    /// What the ends of ways take for granted.
    pub(crate) assumptions: BTreeSet<String>,
    /// What ways end at because nothing is known to take from it.
    pub(crate) ends: BTreeSet<Term>,
    /// The buses, by name, that targets put events on.
    pub(crate) buses: BTreeSet<Term>,
    /// Rules whose targets were not read and that nothing read leads to.
    pub(crate) unasked: BTreeSet<usize>,
}

impl<'a> Graph<'a> {
    /// Builds the graph of the inventory.
    pub(crate) fn build(ground: &Ground<'a>) -> Self {
        let mut builder = Builder::new(ground);
        builder.rules();
        builder.passed_on();
        let mut graph = builder.graph.sorted();
        settled::bound(ground, &mut graph);
        graph
    }

    fn sorted(mut self) -> Self {
        self.edges.sort_by_key(|edge| edge.from);
        self.nodes = self.rule_nodes + self.kinds.len();
        self.starts = (0..=self.nodes).map(|at| self.edges.partition_point(|edge| edge.from < at)).collect();
        self
    }

    /// Returns the places of the edges from the node.
    pub(crate) fn places_of(&self, node: usize) -> std::ops::Range<usize> {
        let at = |node: usize| self.starts.get(node).copied().unwrap_or(self.edges.len());
        at(node)..at(node + 1)
    }

    /// Returns the edges from the node.
    pub(crate) fn edges_of(&self, node: usize) -> &[Edge<'a>] {
        self.edges.get(self.places_of(node)).unwrap_or_default()
    }

    /// Returns the rule of a node; none: it is no rule.
    pub(crate) fn rule_of(&self, node: usize) -> Option<usize> {
        (node < self.rule_nodes).then_some(node / 2)
    }

    /// Returns what a node is that is no rule.
    pub(super) fn kind(&self, node: usize) -> Option<&Kind<'a>> {
        self.kinds.get(node.checked_sub(self.rule_nodes)?)
    }

    /// Returns true iff a target of the rule makes calls of its own.
    pub(crate) fn works(&self, rule: usize) -> bool {
        self.actors_of.get(rule).into_iter().flatten().any(|at| {
            let Some(Kind::Actor(actor)) = self.kind(*at) else { return false };
            matches!(actor.act, Act::Work { .. } | Act::TakenOn { .. } | Act::Anything { .. })
        })
    }

    /// Returns true iff something acts for the rule that makes calls or puts events.
    pub(crate) fn acts(&self, rule: usize) -> bool {
        self.actors_of.get(rule).into_iter().flatten().any(
            |at| matches!(self.kind(*at), Some(Kind::Actor(actor)) if !matches!(actor.act, Act::End { .. })),
        )
    }
}

/// Names a node that is made once.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) enum Key {
    Actor(String),
    Permissions(String),
    Resource(Term),
    /// A resource that a call gives something to, where filters tell calls apart.
    Fed(Term, Arc<str>),
    /// All of a kind, or those of them that may wait for an answer.
    AnyOf(Arc<str>, bool),
    /// What EventBridge sends to a dead-letter queue from that place.
    DeadLetters(Scope, Term),
    Takeover(String),
    Class(ClassKey),
}

/// Names a class.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct ClassKey {
    /// The place: its number among those of the builder.
    pub(super) scope: usize,
    /// The call, or what else makes the class one.
    pub(super) what: Arc<str>,
    pub(super) bound: Option<Arc<Bound>>,
    /// The caller, where it is written in, or what callers are that nobody tells apart.
    pub(super) caller: Option<String>,
    /// Which rules may hear it, and whether the call is refused: other classes of the same call.
    pub(super) part: Part,
}

/// A part of a call's class.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Part {
    /// For the rules that listen to the call.
    Listed(Refusal),
    /// For the rules that listen to nearly everything.
    Wide(Refusal),
    /// For both, from a call that is known to be made.
    Made,
    /// The same, refused.
    Refused,
}

/// Role, place, kind of target, the target where it decides, and who delivers.
pub(super) type Delivering = (Term, usize, Arc<str>, Option<Term>, Arc<str>);

/// Operations in the catalogue's order.
pub(super) type Covering = Arc<[Arc<Operation>]>;

/// Builds.
pub(super) struct Builder<'a, 'g> {
    pub(super) ground: &'g Ground<'a>,
    pub(super) graph: Graph<'a>,
    pub(super) nodes: FxHashMap<Key, usize>,
    pub(super) operations: Operations<'g>,
    pub(super) resources: Resources<'a>,
    pub(super) takeovers: Takeovers<'a>,
    /// Actors and resources whose edges are still to be made.
    pub(super) open: Vec<usize>,
    /// Where classes arise.
    places: Vec<Scope>,
    /// Role and the number of a place -> the node of what the role allows there.
    pub(super) permissions: FxHashMap<(*const Role, usize), usize>,
    /// The listeners that are meant, indexed.
    pub(super) audiences: FxHashMap<Ears, Rc<Audience>>,
    /// The same by who they are: many calls have the same listeners. With whether they are found by sources alone.
    pub(super) audiences_of: FxHashMap<(Vec<usize>, bool), Rc<Audience>>,
    /// What they ask of callers.
    callers: FxHashMap<Ears, Rc<Callers>>,
    /// The classes of calls on whatever resource.
    pub(super) opened: FxHashMap<ClassKey, Opened>,
    /// The classes of calls on one resource; none where nobody hears them.
    pub(super) bound: FxHashMap<ClassKey, Option<usize>>,
    /// Why deliveries are never made: many targets share one role.
    pub(super) refused: FxHashMap<Delivering, Option<Refused>>,
    /// Text of an action in a place -> operations that together reach every listener of nearly everything.
    pub(super) covering: FxHashMap<(Scope, Arc<str>), Covering>,
    /// A call in a place -> how listeners of nearly everything hear it.
    pub(super) overheard: FxHashMap<(usize, Arc<str>), Rc<Overheard>>,
}

impl<'a, 'g> Builder<'a, 'g> {
    fn new(ground: &'g Ground<'a>) -> Self {
        let rules = ground.inventory.rules.len();
        let graph = Graph {
            nodes: 0,
            rule_nodes: 2 * rules,
            kinds: Vec::new(),
            edges: Vec::new(),
            starts: Vec::new(),
            actors_of: vec![Vec::new(); rules],
            uses: Vec::new(),
            assumptions: BTreeSet::new(),
            ends: BTreeSet::new(),
            buses: BTreeSet::new(),
            unasked: BTreeSet::new(),
        };
        Self {
            ground,
            graph,
            nodes: FxHashMap::default(),
            operations: Operations::new(ground.listeners, ground.catalogue),
            resources: Resources::new(ground.inventory, ground.catalogue),
            takeovers: Takeovers::default(),
            open: Vec::new(),
            places: Vec::new(),
            permissions: FxHashMap::default(),
            audiences: FxHashMap::default(),
            audiences_of: FxHashMap::default(),
            callers: FxHashMap::default(),
            opened: FxHashMap::default(),
            bound: FxHashMap::default(),
            refused: FxHashMap::default(),
            covering: FxHashMap::default(),
            overheard: FxHashMap::default(),
        }
    }

    /// Returns the node of that key, made by `kind` if it is new, and whether it is.
    pub(super) fn node(&mut self, key: Key, kind: impl FnOnce() -> Kind<'a>) -> (usize, bool) {
        if let Some(known) = self.nodes.get(&key) {
            return (*known, false);
        }
        let at = self.new_node(kind());
        self.nodes.insert(key, at);
        (at, true)
    }

    /// Adds a node that nothing names.
    pub(super) fn new_node(&mut self, kind: Kind<'a>) -> usize {
        self.graph.kinds.push(kind);
        self.graph.rule_nodes + self.graph.kinds.len() - 1
    }

    /// Returns the number of a place where classes arise.
    pub(super) fn place(&mut self, scope: &Scope) -> usize {
        let known = self.places.iter().position(|known| known == scope);
        known.unwrap_or_else(|| {
            self.places.push(scope.clone());
            self.places.len() - 1
        })
    }

    /// Returns a text that is equal for callers whom these listeners do not tell apart.
    pub(super) fn kind_of(&mut self, ears: &Ears, identity: &Identity, scope: &Scope) -> String {
        let listeners = self.ground.listeners;
        let asked = || Rc::new(Callers::new(ears.members(listeners), &listeners.all));
        self.callers.entry(ears.clone()).or_insert_with(asked).kind_of(identity, scope)
    }

    pub(super) fn edge(&mut self, edge: Edge<'a>) {
        self.graph.edges.push(edge);
    }

    /// Adds all rules; those whose targets were not read and that nobody has tried to read come in as far as
    /// something that was read leads to them.
    fn rules(&mut self) {
        let inventory = self.ground.inventory;
        let any_read = inventory.rules.iter().any(|rule| rule.targets.is_some());
        let mut waiting = BTreeSet::new();
        for (at, rule) in inventory.rules.iter().enumerate() {
            let need = Need::Targets { bus: rule.bus.clone(), rule: rule.name.clone() };
            if rule.targets.is_none() && any_read && !self.ground.answers.is_answered(&need) {
                waiting.insert(at);
            } else {
                self.rule(at);
            }
        }
        self.work_off();
        let reached: BTreeSet<usize> = self.graph.edges.iter().map(|edge| edge.to / 2).collect();
        for at in waiting {
            if reached.contains(&at) {
                self.rule(at);
            } else {
                self.graph.unasked.insert(at);
            }
        }
        self.work_off();
    }

    fn rule(&mut self, at: usize) {
        let Some(rule) = self.ground.inventory.rules.get(at) else { return };
        let disabled = rule.state == RuleState::Disabled && self.ground.catalogue.has(Aspect::DisabledRules);
        let off = disabled.then(|| Status::Off(format!("rule `{}` is disabled", rule.key).into()));
        let first = self.graph.edges.len();
        for (target, mut acting) in actor::of_rule(rule, &self.ground.index, self.ground.catalogue) {
            if target.is_some_and(|target| self.starts_nothing(&rule.scope, target, &acting)) {
                continue;
            }
            self.filter(at, target, &mut acting);
            if let Act::Forward { bus } = &acting.act {
                self.forward(at, target, bus);
            }
            let to = self.actor(acting);
            self.edge(Edge::sure(node(at, false), to, Fact::Runs(target)));
            if let Some(known) = self.graph.actors_of.get_mut(at) {
                known.push(to);
            }
            if let Some(queue) = target.and_then(|target| target.parameters.get("DeadLetterConfig.Arn")) {
                actors::dead_letter(self, node(at, false), &rule.scope, target, queue);
            }
        }
        if let Some(off) = off {
            for edge in self.graph.edges.get_mut(first..).unwrap_or_default() {
                if edge.status == Status::Live {
                    edge.status = off.clone();
                }
            }
        }
    }

    fn work_off(&mut self) {
        while let Some(at) = self.open.pop() {
            actors::expand(self, at);
        }
    }

    /// A rule that hears a passed-on event does the same, but for passing it on again.
    fn passed_on(&mut self) {
        let heard: BTreeSet<usize> = self
            .graph
            .edges
            .iter()
            .filter(|edge| edge.to < self.graph.rule_nodes && edge.to % 2 == 1)
            .map(|edge| edge.to)
            .collect();
        let mut again: Vec<Edge<'a>> = Vec::new();
        for edge in
            self.graph.edges.iter().filter(|edge| heard.contains(&(edge.from + 1)) && edge.from % 2 == 0)
        {
            let mut edge = Edge { from: edge.from + 1, ..edge.clone() };
            let once = matches!(edge.fact, Fact::Forwards { .. }) && edge.status == Status::Live;
            if once && self.ground.catalogue.has(Aspect::ForwardedOnce) {
                edge.status = Status::Bounded("an event goes from bus to bus only once".into());
            }
            again.push(edge);
        }
        self.graph.edges.extend(again);
    }
}
