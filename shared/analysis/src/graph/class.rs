//! Classes of events, and the edges from them to the rules that hear them.

use super::build::{Builder, ClassKey, Ground, Key, Kind, Part};
use super::delivery::{self, Delivered};
use super::ears::Ears;
use super::edge::{Edge, Fact};
use super::hear::{Heard, Hearing, Prepared, hear};
use super::{events, node};
use crate::Gain;
use crate::actor::Actor;
use crate::audience::Audience;
use crate::catalogue::Operation;
use crate::emission::{Emission, Family, Identity};
use crate::iam::Bound;
use crate::limits::Refinement;
use crate::selection::by_resource;
use loopguard_model::Scope;
use loopguard_pattern::Branch;
use rustc_hash::FxHashMap;
use std::rc::Rc;
use std::sync::Arc;

/// A class of events: what one call or delivery causes.
#[derive(Debug)]
pub(crate) enum Class<'a> {
    /// The events of a call, made anew when they are asked for.
    Call(OfCall<'a>),
    /// The events of a delivery, made anew by whoever delivers.
    Delivered(Delivered),
    /// Others, the plainest first, and whether no caller is written in, since none of the rules asks for one.
    Own(Vec<Emission>, bool),
}

/// A call, as far as it decides on its events.
#[derive(Debug, Clone)]
pub(crate) struct OfCall<'a> {
    pub(super) scope: &'a Scope,
    pub(super) operation: Arc<Operation>,
    /// The resource; none: any, for the rules that hear it whatever the resource is.
    pub(super) bound: Option<Arc<Bound>>,
    /// A caller, where the rules ask for one: one of those that they do not tell apart.
    pub(super) caller: Option<Identity>,
    pub(super) part: Part,
}

impl OfCall<'_> {
    /// Returns the events.
    pub(super) fn emissions(&self, ground: &Ground<'_>) -> Vec<Emission> {
        let open = Bound::open();
        self.of(ground, self.bound.as_deref().unwrap_or(&open), self.caller.as_ref())
    }

    fn of(&self, ground: &Ground<'_>, bound: &Bound, caller: Option<&Identity>) -> Vec<Emission> {
        let all = self.plain(ground, bound, caller);
        if !self.says(bound) {
            return all;
        }
        let mut full: Vec<Emission> = all.iter().filter_map(Emission::with_request).collect();
        full.extend(all);
        full
    }

    fn plain(&self, ground: &Ground<'_>, bound: &Bound, caller: Option<&Identity>) -> Vec<Emission> {
        events::of_call(ground, self.scope, &self.operation, bound, caller, self.part.refusal())
    }

    /// The call itself says what its resource is.
    fn says(&self, bound: &Bound) -> bool {
        self.part == Part::Made && !bound.is_granted()
    }
}

impl Class<'_> {
    /// Returns the events as the actor causes them.
    pub(super) fn emissions(&self, ground: &Ground<'_>, actor: &Actor<'_>) -> Vec<Emission> {
        match self {
            Self::Call(call) => call.emissions(ground),
            Self::Delivered(which) => delivery::emissions(ground, actor, *which),
            Self::Own(emissions, _) => emissions.clone(),
        }
    }

    /// Returns true iff no caller is written in, since none of the rules that hear it asks for one.
    pub(super) fn is_anybodys(&self) -> bool {
        match self {
            Self::Call(call) => call.caller.is_none(),
            Self::Delivered(_) => false,
            Self::Own(_, anybodys) => *anybodys,
        }
    }

    /// Returns the event in that place as the actor causes it on the resource, with what is known of the resource; if no
    /// actor is given, as anybody does.
    pub(super) fn told(
        &self,
        ground: &Ground<'_>,
        place: usize,
        on: Option<&Arc<Bound>>,
        actor: Option<&Actor<'_>>,
    ) -> Option<(Emission, Option<Arc<Bound>>)> {
        match self {
            Self::Delivered(which) => {
                let mut all = delivery::emissions(ground, actor?, *which);
                (place < all.len()).then(|| (all.swap_remove(place), None))
            }
            Self::Own(emissions, _) => Some((emissions.get(place)?.clone(), None)),
            Self::Call(call) => {
                let caller = actor.and_then(|actor| actor.act.identity());
                let caller = call.caller.as_ref().map(|known| caller.unwrap_or(known));
                if let Some(bound) = call.bound.as_ref().filter(|bound| call.says(bound)) {
                    let mut all = call.of(ground, bound, caller);
                    return (place < all.len()).then(|| (all.swap_remove(place), Some(bound.clone())));
                }
                let bound = call.bound.as_ref().or(on).cloned().unwrap_or_else(|| Bound::open().into());
                let (scope, refusal) = (call.scope, call.part.refusal());
                let plain =
                    events::one_of_call(ground, scope, &call.operation, &bound, caller, refusal, place)?;
                let full = Some(&plain).filter(|_| call.says(&bound)).and_then(Emission::with_request);
                Some((full.unwrap_or(plain), Some(bound)))
            }
        }
    }
}

/// The nodes of a call's events: one leads to the rules that hear them whatever the resource is, the other to those that
/// hear them on this resource.
#[derive(Debug, Clone, Copy)]
pub(super) struct Ends {
    pub(super) shared: Option<usize>,
    pub(super) own: Option<usize>,
}

impl Ends {
    /// Returns the nodes, each with the resource if the node does not say it.
    pub(super) fn each<'b>(
        &self,
        bound: &'b Arc<Bound>,
    ) -> impl Iterator<Item = (usize, Option<&'b Arc<Bound>>)> + use<'b> {
        let shared = self.shared.map(|node| (node, Some(bound)));
        shared.into_iter().chain(self.own.map(|node| (node, None)))
    }
}

/// The events of a call on any resource, as the rules hear them.
#[derive(Debug, Clone)]
pub(super) struct Opened {
    shared: Option<usize>,
    /// Those of the rules that look at the resource.
    lookers: Rc<Audience>,
}

/// Returns the nodes of the events that a call of the operation on that resource causes; with the caller written in, if
/// one is given.
pub(super) fn of_call<'a>(
    builder: &mut Builder<'a, '_>,
    scope: &'a Scope,
    operation: &Arc<Operation>,
    bound: &Arc<Bound>,
    caller: Option<&Identity>,
    part: Part,
) -> Ends {
    if let Some(assumption) = bound.assumption() {
        builder.graph.assumptions.insert(assumption.to_owned());
    }
    let (key, call, Opened { shared, lookers }) = on_any(builder, scope, operation, caller, part);
    let told = matches!(part, Part::Made | Part::Refused);
    if lookers.is_empty() && !told {
        return Ends { shared, own: None };
    }
    let key = ClassKey { bound: Some(bound.clone()), ..key };
    if let Some(own) = builder.bound.get(&key) {
        return Ends { shared, own: *own };
    }
    let call = OfCall { bound: Some(bound.clone()), ..call };
    let emissions = prepared(call.emissions(builder.ground));
    let hearings = heard(builder.ground, scope, &emissions, &lookers);
    // What is sure to be called is kept even where nobody hears it: it tells why.
    let own = (told || !hearings.is_empty()).then(|| builder.class(Class::Call(call), hearings));
    builder.bound.insert(key, own);
    Ends { shared, own }
}

/// Returns true iff one of the rules that hear the call, whoever makes it, looks at its resource.
pub(super) fn is_looked_at<'a>(
    builder: &mut Builder<'a, '_>,
    scope: &'a Scope,
    operation: &Arc<Operation>,
    part: Part,
) -> bool {
    let (.., opened) = on_any(builder, scope, operation, None, part);
    !opened.lookers.is_empty()
}

/// Returns the call on whatever resource, with its key and how it is heard.
fn on_any<'a>(
    builder: &mut Builder<'a, '_>,
    scope: &'a Scope,
    operation: &Arc<Operation>,
    caller: Option<&Identity>,
    part: Part,
) -> (ClassKey, OfCall<'a>, Opened) {
    let ears = part.ears(operation, caller.is_some());
    let key = ClassKey {
        scope: builder.place(scope),
        what: operation.call.clone(),
        bound: None,
        caller: caller.map(|identity| builder.kind_of(&ears, identity, scope)),
        part,
    };
    let call = OfCall { scope, operation: operation.clone(), bound: None, caller: caller.cloned(), part };
    let opened = opened(builder, &key, &call, ears);
    (key, call, opened)
}

fn opened<'a>(builder: &mut Builder<'a, '_>, key: &ClassKey, call: &OfCall<'a>, ears: Ears) -> Opened {
    if let Some(known) = builder.opened.get(key) {
        return known.clone();
    }
    let ground = builder.ground;
    for row in ground.catalogue.natives_of(&call.operation) {
        builder.graph.assumptions.extend(row.taken_as_absent.as_deref().map(str::to_owned));
    }
    let audience = builder.audience(ears);
    let (lookers, others): (Vec<Listens>, Vec<Listens>) = if audience.is_empty() {
        (Vec::new(), Vec::new())
    } else {
        let emissions = prepared(call.emissions(ground));
        let resource = Resource::of(ground, call.scope, &call.operation, &emissions);
        let looks = |listens: &Listens| resource.decides(listens.at, listens.asked.iter().copied());
        heard(ground, call.scope, &emissions, &audience).into_iter().partition(looks)
    };
    let shared = (!others.is_empty()).then(|| builder.class(Class::Call(call.clone()), others));
    let lookers = Audience::new(lookers.iter().map(|listens| listens.at), &ground.listeners.all).into();
    let opened = Opened { shared, lookers };
    builder.opened.insert(key.clone(), opened.clone());
    opened
}

fn prepared(emissions: Vec<Emission>) -> Vec<Prepared> {
    emissions.into_iter().map(Prepared::new).collect()
}

/// Returns the node of a class, made of what `emissions` returns, and its edges to these listeners if it is new.
pub(super) fn make<'a>(
    builder: &mut Builder<'a, '_>,
    key: ClassKey,
    scope: &Scope,
    heard_by: Ears,
    emissions: impl FnOnce() -> Vec<Emission>,
    class: impl FnOnce(Vec<Emission>) -> Class<'a>,
) -> usize {
    let key = Key::Class(key);
    if let Some(known) = builder.nodes.get(&key) {
        return *known;
    }
    let emissions = prepared(emissions());
    let audience = builder.audience(heard_by);
    let hearings = heard(builder.ground, scope, &emissions, &audience);
    let own = emissions.into_iter().map(|prepared| prepared.emission).collect();
    let at = builder.class(class(own), hearings);
    builder.nodes.insert(key, at);
    at
}

/// How a listener hears the events of a class.
struct Listens {
    at: usize,
    /// The places of the events that it is not known at sight not to hear.
    asked: Vec<usize>,
    /// The best of those that it hears, one for each status.
    best: Vec<(Heard, usize)>,
}

/// What hangs on the resource of a call, of which nothing is known.
pub(super) struct Resource<'e, 'g, 'a> {
    ground: &'g Ground<'a>,
    emissions: &'e [Prepared],
    /// The paths of each event that say something of it.
    shown: Vec<Vec<&'g Arc<str>>>,
    /// What happens to one known thing may happen elsewhere, or once.
    apart: bool,
}

impl<'e, 'g, 'a> Resource<'e, 'g, 'a> {
    /// Takes the events of the call on whatever resource.
    pub(super) fn of(
        ground: &'g Ground<'a>,
        scope: &Scope,
        operation: &'g Operation,
        emissions: &'e [Prepared],
    ) -> Self {
        let shown = emissions.iter().map(|prepared| events::shown(ground, operation, &prepared.emission));
        let apart = events::may_be_elsewhere(ground, scope, operation)
            || ground.catalogue.natives_of(operation).any(|row| row.settles.is_some());
        Self { ground, emissions, shown: shown.collect(), apart }
    }

    /// Returns false only if how the listener hears the events in these places is the same whatever the resource is.
    pub(super) fn decides(&self, at: usize, mut places: impl Iterator<Item = usize>) -> bool {
        if self.apart {
            return true;
        }
        let Some(listener) = self.ground.listeners.all.get(at) else { return true };
        let asks = |path: &str| {
            let fields = listener.pattern.branches().iter().flat_map(Branch::fields);
            fields.into_iter().any(|wanted| on_one_way(&wanted.path, path))
        };
        // Whether a bucket sends its events is asked of the one bucket, and whether a trail selects a resource of that.
        let of_resource = |emission: &Emission| {
            let trails = self.ground.inventory.trails.as_ref();
            emission.family == Family::Bucket || trails.is_some_and(|trails| by_resource(emission, trails))
        };
        places.any(|place| {
            self.emissions.get(place).is_none_or(|prepared| of_resource(&prepared.emission))
                || self.shown.get(place).into_iter().flatten().any(|path| asks(path))
        })
    }
}

/// Returns true iff the paths are the same or one lies below the other.
pub(super) fn on_one_way(left: &str, right: &str) -> bool {
    let below = |rest: &str| rest.is_empty() || rest.starts_with('.');
    left.strip_prefix(right).is_some_and(below) || right.strip_prefix(left).is_some_and(below)
}

/// Returns the listeners that hear one of the emissions.
fn heard(ground: &Ground<'_>, scope: &Scope, emissions: &[Prepared], heard_by: &Audience) -> Vec<Listens> {
    // Listener and the place of an event that it may hear: sorted, so that those of one listener stand together.
    let mut asked: Vec<(usize, usize)> = Vec::new();
    for (place, Prepared { emission, .. }) in emissions.iter().enumerate() {
        heard_by.each(&emission.fields, &emission.bus.name, &mut |at| asked.push((at, place)));
    }
    asked.sort_unstable();
    asked.dedup();
    // Rules with the same pattern on the same bus hear the same.
    let mut known: FxHashMap<usize, Vec<(Heard, usize)>> = FxHashMap::default();
    let best_of = |of_one: &[(usize, usize)]| {
        let (at, _) = *of_one.first()?;
        let asked: Vec<usize> = of_one.iter().map(|(_, place)| *place).collect();
        let twin = ground.listeners.twin(at);
        let best = known.entry(twin).or_insert_with(|| best(ground, scope, twin, emissions, &asked));
        (!best.is_empty()).then(|| Listens { at, asked, best: best.clone() })
    };
    asked.chunk_by(|(one, _), (other, _)| one == other).filter_map(best_of).collect()
}

fn best(
    ground: &Ground<'_>,
    scope: &Scope,
    at: usize,
    emissions: &[Prepared],
    asked: &[usize],
) -> Vec<(Heard, usize)> {
    // The best that arrives, and the best that something keeps off.
    let [mut live, mut off]: [Option<(Heard, usize)>; 2] = [None, None];
    for place in asked {
        let Some(prepared) = emissions.get(*place) else { continue };
        let Hearing::Heard(heard) = hear(ground, scope, at, prepared) else { continue };
        let is_live = heard.presence.off.is_none();
        let best = if is_live { &mut live } else { &mut off };
        let better = best
            .as_ref()
            .is_none_or(|(known, _)| (known.certainty, known.gain) < (heard.certainty, heard.gain));
        let done = is_live && heard.certainty == prepared.emission.certainty && heard.gain > Gain::Sometimes;
        if better {
            *best = Some((heard, *place));
        }
        if done {
            break;
        }
    }
    live.into_iter().chain(off).collect()
}

impl<'a> Builder<'a, '_> {
    /// Returns the node of a class that these listeners hear.
    fn class(&mut self, class: Class<'a>, heard_by: Vec<Listens>) -> usize {
        let from = self.new_node(Kind::Class(class));
        for listens in heard_by {
            let Some(listener) = self.ground.listeners.all.get(listens.at) else { continue };
            for (heard, emission) in listens.best {
                self.edge(Edge {
                    from,
                    to: node(listener.rule, false),
                    certainty: heard.certainty,
                    gain: heard.gain,
                    status: heard.presence.status(),
                    fact: Fact::Hears { emission, presence: heard.presence, why: heard.why },
                });
            }
        }
        from
    }
}

/// Returns true iff the listener hears one of the emissions, or that is not decided.
pub(super) fn is_heard(ground: &Ground<'_>, scope: &Scope, at: usize, emissions: Vec<Emission>) -> bool {
    let heard = |emission| matches!(hear(ground, scope, at, &Prepared::new(emission)), Hearing::Heard(_));
    emissions.into_iter().any(heard)
}

/// Returns why the listener does not hear the class's emissions: the furthest refinement.
pub(super) fn why_deaf(
    ground: &Ground<'_>,
    scope: &Scope,
    at: usize,
    emissions: Vec<Emission>,
) -> Option<(Refinement, String)> {
    let deaf = |emission: Emission| match hear(ground, scope, at, &Prepared::new(emission)) {
        Hearing::Deaf(refinement, why) => Some((refinement, why)),
        Hearing::Heard(_) => None,
    };
    emissions.into_iter().filter_map(deaf).max()
}
