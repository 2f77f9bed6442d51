//! Rules as listeners: what each could hear, so that only those calls are looked at.

use crate::catalogue::{Catalogue, Event, Kind, MOST_UNTOLD, Native, Operation, Service};
use crate::emission::{API_CALL, Field, Fields};
use crate::glob::Glob;
use crate::{Aspect, accept};
use loopguard_model::Inventory;
use loopguard_pattern::{Branch, EventPattern, EventSet, Field as WantedField, MatcherKind, Term};
use rustc_hash::FxHashMap;
use std::cell::OnceCell;
use std::collections::{BTreeMap, BTreeSet};
use std::hash::{Hash, Hasher};
use std::rc::Rc;
use std::sync::Arc;

/// More services than this in one pattern, and it counts as listening to everything.
const WIDE: usize = 24;

/// A rule with a pattern.
#[derive(Debug)]
pub(crate) struct Listener {
    /// The rule's place in the inventory.
    pub(crate) rule: usize,
    /// Its pattern.
    pub(crate) pattern: Arc<EventPattern>,
    /// The pattern as a set of events, made when it is first needed: most events are decided on without.
    set: OnceCell<EventSet>,
    /// The bus that it listens on.
    pub(crate) bus: Term,
    /// Path -> the texts that the branches list there, where each branch lists texts and nothing else.
    pub(crate) listed: Rc<BTreeMap<Arc<str>, Vec<Arc<str>>>>,
    /// It asks who makes a call, so that it hears one caller and not the other.
    by_caller: bool,
    /// The first listener that hears just what this one hears: perhaps itself.
    twin: usize,
}

impl Listener {
    /// Returns the pattern as a set of events.
    pub(crate) fn set(&self) -> &EventSet {
        self.set.get_or_init(|| EventSet::from(&*self.pattern))
    }
}

/// What a pattern asks, wherever its parts stand: rules of a large account ask the same again and again.
#[derive(Debug, Clone, Copy)]
struct Asked<'p>(&'p EventPattern);

impl PartialEq for Asked<'_> {
    fn eq(&self, other: &Self) -> bool {
        let kinds = |field: &WantedField, other: &WantedField| {
            let own = field.matchers.iter().map(|matcher| &matcher.kind);
            own.eq(other.matchers.iter().map(|matcher| &matcher.kind))
        };
        let fields = |branch: &Branch, other: &Branch| {
            let same =
                |(one, other): (&WantedField, &WantedField)| one.path == other.path && kinds(one, other);
            branch.fields().len() == other.fields().len()
                && branch.fields().iter().zip(other.fields()).all(same)
        };
        let (own, other) = (self.0.branches(), other.0.branches());
        own.len() == other.len() && own.iter().zip(other).all(|(one, other)| fields(one, other))
    }
}

// Numbers of patterns are finite.
impl Eq for Asked<'_> {}

impl Hash for Asked<'_> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        for field in self.0.branches().iter().flat_map(Branch::fields) {
            field.path.hash(state);
            field.matchers.iter().for_each(|matcher| matcher.kind.hash(state));
        }
    }
}

/// What is read from a pattern.
#[derive(Debug)]
struct Read {
    /// The calls it may hear, themselves or by a native event; none where that is nearly all.
    calls: Rc<[Arc<str>]>,
    /// It may hear nearly everything.
    wide: bool,
    /// It may hear custom events.
    custom: bool,
    /// The events that it may hear and of which no row says what causes them.
    untold: Rc<[Event]>,
    listed: Rc<BTreeMap<Arc<str>, Vec<Arc<str>>>>,
    by_caller: bool,
}

impl Read {
    fn new(pattern: &EventPattern, catalogue: &Catalogue) -> Self {
        let untold = untold(pattern, catalogue);
        let calls = calls(pattern, &untold, catalogue);
        let reserved = catalogue.has(Aspect::ReservedSources);
        Self {
            wide: calls.is_none(),
            calls: calls.into_iter().flatten().collect(),
            untold: untold.into(),
            custom: !reserved || pattern.branches().iter().any(accept::may_be_custom),
            listed: listed(pattern).into(),
            by_caller: pattern.branches().iter().any(asks_for_caller),
        }
    }
}

/// All listeners, with an index from calls.
#[derive(Debug)]
pub(crate) struct Listeners {
    pub(crate) all: Vec<Listener>,
    /// `prefix:Operation` -> listeners that may hear the call or a native event of it.
    of_call: BTreeMap<Arc<str>, Vec<usize>>,
    /// The operations of these calls, each with its listeners.
    heard: Vec<(Arc<Operation>, Vec<usize>)>,
    /// Listeners that may hear custom events.
    pub(crate) custom: Vec<usize>,
    /// Listeners that may hear nearly everything.
    pub(crate) wide: Vec<usize>,
    /// The paths that these ask for.
    pub(crate) asked_by_wide: BTreeSet<Arc<str>>,
    /// Listener -> the calls it may hear, themselves or by a native event.
    calls_of: Vec<Rc<[Arc<str>]>>,
    /// Rule -> its listener.
    of_rule: BTreeMap<usize, usize>,
    /// IAM prefix -> the events that are listened to and that each write of the service is taken to cause.
    ///
    /// Each with what a reader should know of it.
    untold: BTreeMap<Arc<str>, BTreeMap<Event, Arc<str>>>,
    /// Listener -> why nobody knows by whose calls an event comes about that it may hear.
    unplaced: BTreeMap<usize, Arc<str>>,
}

impl Listeners {
    /// Returns the rules of the inventory that have a pattern.
    pub(crate) fn new(inventory: &Inventory, catalogue: &Catalogue) -> Self {
        let mut listeners = Self {
            all: Vec::new(),
            of_call: BTreeMap::new(),
            heard: Vec::new(),
            custom: Vec::new(),
            wide: Vec::new(),
            asked_by_wide: BTreeSet::new(),
            calls_of: Vec::new(),
            of_rule: BTreeMap::new(),
            untold: BTreeMap::new(),
            unplaced: BTreeMap::new(),
        };
        let mut read: FxHashMap<Asked<'_>, Rc<Read>> = FxHashMap::default();
        let mut twins = FxHashMap::default();
        for (rule, known) in inventory.rules.iter().enumerate() {
            let Some(pattern) = known.trigger.pattern() else { continue };
            let at = listeners.all.len();
            let asked = Asked(pattern);
            let read = read.entry(asked).or_insert_with(|| Rc::new(Read::new(pattern, catalogue))).clone();
            for call in read.calls.iter() {
                listeners.of_call.entry(call.clone()).or_default().push(at);
            }
            if read.untold.len() > MOST_UNTOLD {
                let why = format!(
                    "it names more than {MOST_UNTOLD} events of which it is not known what causes them"
                );
                listeners.unplaced.insert(at, why.into());
            }
            for event in read.untold.iter().take(MOST_UNTOLD) {
                let prefixes = catalogue.prefixes_of_source(&event.0);
                if prefixes.is_empty() {
                    let (source, detail_type) = event;
                    let why = || {
                        format!("no service is known whose calls cause `{detail_type}` of `{source}`").into()
                    };
                    listeners.unplaced.entry(at).or_insert_with(why);
                }
                for prefix in prefixes {
                    let of_service = listeners.untold.entry(prefix).or_default();
                    of_service.entry(event.clone()).or_insert_with(|| catalogue.untold_note(event).into());
                }
            }
            if read.custom {
                listeners.custom.push(at);
            }
            if read.wide {
                listeners.wide.push(at);
                let fields = pattern.branches().iter().flat_map(Branch::fields);
                listeners.asked_by_wide.extend(fields.map(|field| field.path.clone()));
            }
            listeners.calls_of.push(read.calls.clone());
            listeners.of_rule.insert(rule, at);
            listeners.all.push(Listener {
                rule,
                pattern: pattern.clone(),
                set: OnceCell::new(),
                bus: known.bus.clone(),
                listed: read.listed.clone(),
                by_caller: read.by_caller,
                twin: *twins.entry((asked, &known.bus, &known.scope, known.state)).or_insert(at),
            });
        }
        let heard: Vec<_> = listeners
            .of_call
            .iter()
            .flat_map(|(call, heard_by)| {
                catalogue
                    .operations_of(call)
                    .into_iter()
                    .map(|operation| (operation.clone(), heard_by.clone()))
            })
            .collect();
        Self { heard, ..listeners }
    }

    /// Returns the listeners, wide ones aside, that may hear the call or a native event of it.
    pub(crate) fn listing(&self, call: &str) -> &[usize] {
        self.of_call.get(call).map(Vec::as_slice).unwrap_or_default()
    }

    /// Returns the listeners that may hear the call or a native event of it.
    pub(crate) fn of_call(&self, call: &str) -> Vec<usize> {
        let mut found: BTreeSet<usize> = self.wide.iter().copied().collect();
        found.extend(self.of_call.get(call).into_iter().flatten());
        found.into_iter().collect()
    }

    /// Returns the listener that the rule is, if it has a pattern.
    pub(crate) fn of_rule(&self, rule: usize) -> Option<usize> {
        self.of_rule.get(&rule).copied()
    }

    /// Returns the events that somebody listens to and that a write of the service of this IAM prefix is taken to cause,
    /// since no row says what causes them; each with what a reader should know of it.
    pub(crate) fn untold_of(&self, prefix: &str) -> impl Iterator<Item = (&Event, &Arc<str>)> {
        self.untold.get(prefix).into_iter().flatten()
    }

    /// Returns why nobody knows by whose calls an event comes about that the listener may hear, if that is so.
    pub(crate) fn unplaced(&self, at: usize) -> Option<&Arc<str>> {
        self.unplaced.get(&at)
    }

    /// Returns the first listener that hears just what this one hears: perhaps itself.
    pub(crate) fn twin(&self, at: usize) -> usize {
        self.all.get(at).map_or(at, |listener| listener.twin)
    }

    /// Returns true iff the listener hears one caller and not the other.
    pub(crate) fn asks_for_caller(&self, at: usize) -> bool {
        self.all.get(at).is_some_and(|listener| listener.by_caller)
    }

    /// Returns the calls that are indexed for the listener; none for one that hears nearly everything.
    pub(crate) fn calls_of(&self, at: usize) -> &[Arc<str>] {
        self.calls_of.get(at).map(|calls| &**calls).unwrap_or_default()
    }

    /// Returns the calls with those first that belong to a service which the listener's rule names as the source.
    pub(crate) fn nearest_first<'c>(&self, at: usize, mut calls: Vec<&'c Arc<str>>) -> Vec<&'c Arc<str>> {
        let listed = self.all.get(at).and_then(|listener| listener.listed.get("source"));
        let is_named = |call: &Arc<str>| {
            let prefix = call.split_once(':').map(|(prefix, _)| prefix);
            listed.into_iter().flatten().any(|source| source.strip_prefix("aws.") == prefix)
        };
        calls.sort_by_key(|call| !is_named(call));
        calls
    }

    /// Returns the operations that some listener, wide ones aside, may hear, each with these listeners.
    pub(crate) fn heard(&self) -> &[(Arc<Operation>, Vec<usize>)] {
        &self.heard
    }
}

/// Returns the paths at which every branch lists texts and nothing else, with the texts of all branches.
fn listed(pattern: &EventPattern) -> BTreeMap<Arc<str>, Vec<Arc<str>>> {
    let Some((first, others)) = pattern.branches().split_first() else { return BTreeMap::new() };
    let of_path = |path: &Arc<str>| {
        let mut texts = accept::listed(first, path)?;
        for branch in others {
            texts.extend(accept::listed(branch, path)?);
        }
        texts.sort();
        texts.dedup();
        Some((path.clone(), texts))
    };
    first.fields().iter().filter_map(|field| of_path(&field.path)).collect()
}

/// Returns true iff the branch has a condition on what the caller of a call decides, or on something above it.
fn asks_for_caller(branch: &Branch) -> bool {
    branch.fields().iter().any(|field| is_of_caller(&field.path))
}

/// Returns true iff the caller of a call decides on the path, or on something below it.
pub(crate) fn is_of_caller(path: &str) -> bool {
    path == "detail"
        || path == "detail.userIdentity"
        || path.starts_with("detail.userIdentity.")
        || ["detail.sourceIPAddress", "detail.userAgent"]
            .iter()
            .any(|known| path == *known || path.strip_prefix(known).is_some_and(|rest| rest.starts_with('.')))
}

/// Returns the calls whose records or native events the pattern may accept; none: too many to list.
fn calls(pattern: &EventPattern, untold: &[Event], catalogue: &Catalogue) -> Option<BTreeSet<Arc<str>>> {
    let mut calls = BTreeSet::new();
    for (source, _) in untold {
        let services = catalogue.prefixes_of_source(source);
        let services = services.iter().flat_map(|prefix| catalogue.services_of_prefix(prefix));
        let writes = services.flat_map(Service::operations).filter(|operation| !operation.read_only);
        calls.extend(writes.map(|operation| operation.call.clone()));
    }
    for branch in pattern.branches() {
        if accept::may(branch, "detail-type", API_CALL) || !catalogue.has(Aspect::DetailTypes) {
            for operation in recorded(branch, catalogue)? {
                if operation.kind != Kind::Unlogged {
                    calls.insert(operation.call.clone());
                }
            }
        }
        let envelope = Envelope::of(branch, catalogue);
        for kind in catalogue.targets() {
            if let Some(call) = &kind.call
                && kind.native.iter().any(|native| envelope.hears(&native.event))
            {
                calls.insert(call.clone());
            }
        }
        let named = accept::listed(branch, "detail-type").filter(|_| catalogue.has(Aspect::DetailTypes));
        let natives: Box<dyn Iterator<Item = &Native>> = match &named {
            Some(types) => Box::new(types.iter().flat_map(|text| catalogue.natives_of_type(text))),
            None => Box::new(catalogue.natives().iter()),
        };
        let of_calls = catalogue.has(Aspect::CallsOfNativeEvents);
        let is_shown = |native: &&Native| !of_calls || accept::may_be_native(branch, &native.event);
        for native in natives.filter(|native| envelope.hears(&native.event)).filter(is_shown) {
            calls.extend(native.apis.iter().cloned());
            for prefix in &native.writes_of {
                let writes = catalogue
                    .services_of_prefix(prefix)
                    .flat_map(Service::operations)
                    .filter(|operation| operation.kind == Kind::Management && !operation.read_only);
                calls.extend(writes.map(|operation| operation.call.clone()));
            }
        }
    }
    let caused = catalogue.seconds().iter().filter(|row| row.causes.iter().any(|call| calls.contains(call)));
    calls.extend(caused.flat_map(|row| row.calls.iter().cloned()).collect::<Vec<_>>());
    Some(calls)
}

/// Returns the events that the pattern may accept and of which no row says what causes them.
fn untold(pattern: &EventPattern, catalogue: &Catalogue) -> Vec<Event> {
    if !catalogue.has(Aspect::UntoldEvents) {
        return Vec::new();
    }
    let events: BTreeSet<Event> =
        pattern.branches().iter().flat_map(|branch| catalogue.untold_events(branch)).collect();
    events.into_iter().collect()
}

/// What a branch asks of the source and the detail-type, found once for all rows of the tables.
struct Envelope<'b> {
    source: Option<&'b WantedField>,
    detail_type: Option<&'b WantedField>,
}

impl<'b> Envelope<'b> {
    fn of(branch: &'b Branch, catalogue: &Catalogue) -> Self {
        let wanted = |path, aspect| branch.field(path).filter(|_| catalogue.has(aspect));
        Self {
            source: wanted("source", Aspect::Sources),
            detail_type: wanted("detail-type", Aspect::DetailTypes),
        }
    }

    /// Returns true if the branch may accept the native event.
    fn hears(&self, (source, detail_type): &(Arc<str>, Arc<str>)) -> bool {
        // Detail-types tell more events apart.
        accept::may_be(self.detail_type, detail_type) && accept::may_be(self.source, source)
    }
}

/// Returns the operations whose CloudTrail record the branch may accept; none: too many to list.
fn recorded<'a>(branch: &Branch, catalogue: &'a Catalogue) -> Option<Vec<&'a Arc<Operation>>> {
    let from = |operation: &&Arc<Operation>| {
        operation.event_sources.iter().any(|source| hears_source(branch, source, catalogue))
    };
    if let Some(names) = accept::listed(branch, "detail.eventName")
        && catalogue.has(Aspect::CallNames)
    {
        let named = names.iter().flat_map(|name| catalogue.operations_of_event_name(name));
        return Some(named.filter(from).collect());
    }
    let heard: Vec<_> = catalogue
        .services()
        .iter()
        .filter(|service| service.event_sources.iter().any(|source| hears_source(branch, source, catalogue)))
        .collect();
    if heard.len() > WIDE {
        return None;
    }
    let may_name = |operation: &&Arc<Operation>| {
        !catalogue.has(Aspect::CallNames)
            || operation.event_names.iter().any(|name| accept::may(branch, "detail.eventName", name))
    };
    Some(heard.into_iter().flat_map(Service::operations).filter(may_name).collect())
}

fn hears_source(branch: &Branch, event_source: &str, catalogue: &Catalogue) -> bool {
    if !catalogue.has(Aspect::Sources) {
        return true;
    }
    // The event source first: there is nothing to be made for it.
    if !accept::may(branch, "detail.eventSource", event_source) {
        return false;
    }
    let source = ["aws.", event_source.strip_suffix(".amazonaws.com").unwrap_or(event_source)].concat();
    accept::may(branch, "source", &source)
}

/// Returns the path by which every branch surely refuses the event, judged by what it names exactly; none if some
/// branch may accept it. Cheap: it saves most overlaps.
pub(crate) fn refuses<'p>(pattern: &'p EventPattern, fields: &Fields) -> Option<&'p str> {
    let mut last = None;
    for branch in pattern.branches() {
        last = Some(refused_at(branch, fields)?);
    }
    last
}

fn refused_at<'p>(branch: &'p Branch, fields: &Fields) -> Option<&'p str> {
    /// The paths that tell most events apart, and that reasons name first.
    const FIRST: [&str; 4] = ["source", "detail-type", "detail.eventSource", "detail.eventName"];
    if fields.custom_source && !accept::may_be_custom(branch) {
        return Some("source");
    }
    let first = FIRST.into_iter().filter_map(|path| branch.field(path));
    let others = branch.fields().iter().filter(|wanted| !FIRST.contains(&&*wanted.path));
    first.chain(others).find(|wanted| refuses_field(branch, wanted, fields)).map(|wanted| &*wanted.path)
}

/// Returns true only if no value that the event can have at the path is one that the branch accepts there.
///
/// The event's side holds every value that the path can have, so that arrays change nothing.
fn refuses_field(branch: &Branch, wanted: &WantedField, fields: &Fields) -> bool {
    let no_value = |globs: &[Glob]| {
        !globs.is_empty()
            && globs.iter().all(|glob| {
                glob.as_exact()
                    .and_then(loopguard_pattern::Term::as_str)
                    .is_some_and(|text| !accept::may(branch, &wanted.path, text))
            })
    };
    let no_absence = || {
        !wanted
            .matchers
            .iter()
            .any(|matcher| matches!(matcher.kind, MatcherKind::Exists(false) | MatcherKind::Opaque(_)))
    };
    match fields.get(&wanted.path) {
        Some(Field::Exactly(globs)) => no_value(globs),
        Some(Field::Maybe(globs)) => no_value(globs) && no_absence(),
        Some(Field::Absent) => no_absence(),
        Some(Field::Flag(_)) | None => false,
    }
}
