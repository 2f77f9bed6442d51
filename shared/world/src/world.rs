//! The clock, the queue of what happens next, and the account.

use crate::Settings;
use crate::brakes::Brakes;
use crate::calls::{Call, RunCall};
use crate::concrete::Names;
use crate::event::{Event, Past};
use crate::facts::Facts;
use crate::history::History;
use crate::identity::Identity;
use crate::log::{Counts, Entry, Happening};
use crate::meters::Meters;
use crate::relay::{Ended, HandOver};
use crate::rng::Streams;
use crate::rules::{Acting, LiveRule, text};
use crate::script::{EventAt, Script};
use loopguard_model::{Inventory, Rule, Trails};
use loopguard_pattern::Term;
use serde_json::{Value, json};
use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet, BinaryHeap, VecDeque};
use std::sync::Arc;

/// An account with a virtual clock.
#[derive(Debug)]
pub struct World {
    pub(crate) settings: Settings,
    pub(crate) facts: Facts,
    pub(crate) script: Script,
    pub(crate) account: Inventory,
    pub(crate) rules: Vec<LiveRule>,
    pub(crate) states: BTreeMap<String, String>,
    pub(crate) assumed: BTreeMap<Arc<str>, u64>,
    pub(crate) warm: BTreeMap<Arc<str>, u64>,
    pub(crate) rng: Streams,
    pub(crate) log: Vec<Entry>,
    pub(crate) meters: Meters,
    pub(crate) history: History,
    pub(crate) brakes: Brakes,
    names: Names,
    now: u64,
    sequence: u64,
    jobs: BinaryHeap<Reverse<Job>>,
    watched: BTreeSet<String>,
    /// Targets that take nothing.
    refusing: BTreeSet<String>,
    inbox: VecDeque<Message>,
    /// The last events of each bus, for replays.
    archives: BTreeMap<Arc<str>, VecDeque<Event>>,
    events: u64,
    hand_overs: u64,
    /// Runs that calls have started.
    pub(crate) runs: u64,
}

/// The most events of a bus that an archive holds here.
const ARCHIVED: usize = 20;

/// A world that cannot be built.
#[derive(Debug, thiserror::Error)]
pub enum WorldError {
    /// The built-in tables are broken.
    #[error("the world's own tables cannot be read")]
    Facts(#[source] Box<toml::de::Error>),
    /// The script deploys a rule that the account does not have.
    #[error(
        "the script deploys rule `{rule}` on bus `{bus}`, which the account does not have; it has {known}"
    )]
    NoSuchRule {
        /// The rule's name in the script.
        rule: String,
        /// Its bus.
        bus: String,
        /// The names of the rules there are.
        known: String,
    },
}

/// Something delivered to a watched target.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    /// When it arrived, in milliseconds since the start of the virtual clock.
    pub at: u64,
    /// The ARN of the watched target.
    pub target: Arc<str>,
    /// The event as JSON text.
    pub text: Arc<str>,
}

/// Why a run of the clock ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stop {
    /// The time was reached.
    Time,
    /// Nothing more can happen.
    Quiet,
    /// A watched target got a message.
    Message,
    /// The number of events was reached.
    Events,
}

/// How far the clock may run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Up to this time, in milliseconds since the start, included.
    pub until: u64,
    /// Up to this many events on buses since the start; also the most hand-overs without a rule, and the most runs.
    pub events: u64,
}

/// Something that will happen.
#[derive(Debug)]
struct Job {
    at: u64,
    sequence: u64,
    act: Act,
}

#[derive(Debug)]
pub(crate) enum Act {
    Arrive { bus: Arc<str>, event: Event },
    Invoke { rule: usize, target: Box<loopguard_model::Target>, event: Event, past: Past },
    Call(Box<Call>),
    RunCall(Box<RunCall>),
    Put(EventAt),
    PutRule { rule: usize, planned: Box<Rule>, by: Identity },
    PutTargets { rule: usize, planned: Box<Rule>, by: Identity },
    HandOver(Box<HandOver>),
    Ended(Box<Ended>),
    Settle { rule: usize, acting: Arc<Acting>, version: u64 },
}

impl World {
    /// Returns the account of `inventory` at the start of its clock, with everything that the script plans.
    ///
    /// Symbols get the values that the settings give them, else their own names.
    /// Without facts about trails one is taken to log all management calls that write.
    pub fn new(inventory: &Inventory, script: &Script, settings: Settings) -> Result<Self, WorldError> {
        let facts = Facts::embedded().map_err(|error| WorldError::Facts(Box::new(error)))?;
        let names = Names::new(inventory, &settings);
        let mut account = names.inventory(inventory);
        account.trails.get_or_insert_with(|| Trails {
            logging: true,
            management_writes: true,
            management_reads: false,
            ..Trails::default()
        });
        let mut world = Self {
            rng: Streams::new(settings.seed),
            facts,
            script: script.clone(),
            rules: Vec::new(),
            states: BTreeMap::new(),
            assumed: BTreeMap::new(),
            warm: BTreeMap::new(),
            log: Vec::new(),
            meters: Meters::default(),
            history: History::default(),
            brakes: Brakes::default(),
            names,
            now: 0,
            sequence: 0,
            jobs: BinaryHeap::new(),
            watched: BTreeSet::new(),
            refusing: BTreeSet::new(),
            inbox: VecDeque::new(),
            archives: BTreeMap::new(),
            events: 0,
            hand_overs: 0,
            runs: 0,
            settings,
            account,
        };
        let rules: Vec<Rule> = world.account.rules.drain(..).collect();
        for rule in rules {
            world.add_live(rule);
        }
        world.plan()?;
        Ok(world)
    }

    /// Adds a rule of another source (the guard's own), in force at once, and watches its targets.
    pub fn listen(&mut self, rule: &Rule) {
        let rule = self.names.rule(rule);
        for target in rule.targets.iter().flatten() {
            self.watch(&text(&target.arn));
        }
        self.add_live(rule);
    }

    /// Returns a term of the account's sources as this world writes it: every symbol with its value.
    pub fn text_of(&self, term: &Term) -> Arc<str> {
        text(&self.names.term(term))
    }

    pub(crate) fn add_live(&mut self, rule: Rule) {
        let live = LiveRule::new(rule, &self.settings.account, &self.settings.region);
        self.rules.push(live);
    }

    /// Puts what is delivered to the target of that ARN into the queue of [`World::take_message`], too.
    pub fn watch(&mut self, target_arn: &str) {
        self.watched.insert(target_arn.to_owned());
    }

    /// Has the target of that ARN refuse what rules deliver to it, or take it again: a policy or a key that leaves them out.
    pub fn set_refusing(&mut self, target_arn: &str, refuses: bool) {
        if refuses {
            self.refusing.insert(target_arn.to_owned());
        } else {
            self.refusing.remove(target_arn);
        }
    }

    pub(crate) fn is_refusing(&self, target_arn: &str) -> bool {
        self.refusing.contains(target_arn)
    }

    /// Returns the oldest message to a watched target, once.
    pub fn take_message(&mut self) -> Option<Message> {
        self.inbox.pop_front()
    }

    /// Puts an event of an application on a bus, as `PutEvents` does, and returns its id.
    pub fn put_event(&mut self, bus: &str, source: &str, detail_type: &str, detail: &Value) -> Arc<str> {
        let event = self.event(source, detail_type, &json!([]), detail, Past::default());
        let id = event.id.clone();
        self.soon(0, Act::Arrive { bus: bus.into(), event });
        id
    }

    /// Puts an event on a bus as it would come there, and returns its id: source, detail-type, resources and detail are the
    /// event's own, the rest of the envelope is this world's.
    pub fn put(&mut self, bus: &str, event: &Value) -> Arc<str> {
        let text = |name: &str| event.get(name).and_then(Value::as_str).unwrap_or_default();
        let member = |name: &str, or: Value| event.get(name).cloned().unwrap_or(or);
        let (resources, detail) = (member("resources", json!([])), member("detail", json!({})));
        let event = self.event(text("source"), text("detail-type"), &resources, &detail, Past::default());
        let id = event.id.clone();
        self.soon(0, Act::Arrive { bus: bus.into(), event });
        id
    }

    /// Returns the account as it is now, with every symbol's value.
    pub fn inventory(&self) -> Inventory {
        let mut account = self.account.clone();
        account.rules = self.rules.iter().filter_map(|live| live.described.clone()).collect();
        account
    }

    /// Makes an API call from outside, as the user or role of that ARN.
    pub fn call(&mut self, by: &str, api: &str, parameters: Value) {
        let call = Call::from_outside(Identity::from_arn(by), api, parameters, None);
        self.soon(0, Act::Call(Box::new(call)));
    }

    /// Returns the time in milliseconds since the start.
    pub fn now(&self) -> u64 {
        self.now
    }

    /// Returns the time in milliseconds since 1970.
    pub fn unix_millis(&self) -> u64 {
        self.settings.start.saturating_add(self.now)
    }

    /// Returns everything that happened so far, in order.
    pub fn log(&self) -> &[Entry] {
        &self.log
    }

    /// Forgets what happened so far, so that long runs keep no more than they have to. Counts and metrics stay.
    pub fn forget(&mut self) {
        self.log.clear();
    }

    /// Returns the counts of a rule; `None` iff there is no such rule.
    pub fn counts(&self, bus: &str, rule: &str) -> Option<Counts> {
        self.rules.iter().find(|live| *live.bus == *bus && *live.name == *rule).map(|live| live.counts)
    }

    /// Returns bus and name of every rule of the account, planned ones too, in their order.
    pub fn rule_names(&self) -> Vec<(Arc<str>, Arc<str>)> {
        self.rules.iter().map(|live| (live.bus.clone(), live.name.clone())).collect()
    }

    /// Returns how many events have arrived on buses.
    pub fn events(&self) -> u64 {
        self.events
    }

    /// Lets the next thing happen and returns its time; `None` iff nothing more can happen.
    pub fn step(&mut self) -> Option<u64> {
        let Reverse(job) = self.jobs.pop()?;
        self.now = self.now.max(job.at);
        self.act(job.act);
        Some(self.now)
    }

    /// Runs the clock until a limit is reached, nothing more can happen, or a watched target gets a message.
    ///
    /// At [`Stop::Time`] and [`Stop::Quiet`] the clock stands at `limits.until`.
    pub fn run(&mut self, limits: Limits) -> Stop {
        loop {
            if !self.inbox.is_empty() {
                return Stop::Message;
            }
            if self.events.max(self.hand_overs).max(self.runs) >= limits.events {
                return Stop::Events;
            }
            match self.jobs.peek() {
                None => {
                    self.now = self.now.max(limits.until);
                    return Stop::Quiet;
                }
                Some(Reverse(job)) if job.at > limits.until => {
                    self.now = self.now.max(limits.until);
                    return Stop::Time;
                }
                Some(_) => {
                    self.step();
                }
            }
        }
    }

    fn act(&mut self, act: Act) {
        match act {
            Act::Arrive { bus, event } => {
                self.events += 1;
                self.arrive(&bus, &event);
            }
            Act::Invoke { rule, target, event, past } => self.invoke(rule, &target, &event, past),
            Act::Call(call) => self.perform(&call),
            Act::RunCall(call) => self.perform_scripted(&call),
            Act::Put(put) => {
                self.put_event(&put.bus, &put.source, &put.detail_type, &put.detail);
                if let Some(every) = put.every_ms {
                    self.soon(every.get(), Act::Put(put));
                }
            }
            Act::PutRule { rule, planned, by } => self.put_rule(rule, planned, by),
            Act::PutTargets { rule, planned, by } => self.put_targets(rule, &planned, by),
            Act::HandOver(hand_over) => {
                self.hand_overs += 1;
                self.hand_over(&hand_over);
            }
            Act::Ended(ended) => self.ended(&ended),
            Act::Settle { rule, acting, version } => self.settle(rule, acting, version),
        }
    }

    /// Keeps an event for replays, unless it is one of them; an archive takes each event once (EventBridge User Guide,
    /// archives).
    pub(crate) fn archive(&mut self, bus: &str, event: &Event) {
        if event.json.get("replay-name").is_some() {
            return;
        }
        let kept = self.archives.entry(bus.into()).or_default();
        kept.push_back(event.clone());
        if kept.len() > ARCHIVED {
            kept.pop_front();
        }
    }

    /// Returns what the archive of a bus holds.
    pub(crate) fn archived(&self, bus: &str) -> Vec<Event> {
        self.archives.get(bus).into_iter().flatten().cloned().collect()
    }

    /// Plans something `delay` milliseconds from now.
    pub(crate) fn soon(&mut self, delay: u64, act: Act) {
        self.sequence += 1;
        self.jobs.push(Reverse(Job { at: self.now.saturating_add(delay), sequence: self.sequence, act }));
    }

    pub(crate) fn note(&mut self, what: Happening) {
        self.log.push(Entry { at: self.now, what });
    }

    /// Hands a delivery to whoever watches the target.
    pub(crate) fn offer(&mut self, target: &str, text: &Arc<str>) {
        if self.watched.contains(target) {
            self.inbox.push_back(Message { at: self.now, target: target.into(), text: text.clone() });
        }
    }

    /// Returns a new event with its envelope.
    pub(crate) fn event(
        &mut self,
        source: &str,
        detail_type: &str,
        resources: &Value,
        detail: &Value,
        past: Past,
    ) -> Event {
        let id = self.rng.of(&format!("{source} {detail_type}")).uuid();
        let json = json!({
            "version": "0", "id": id, "detail-type": detail_type, "source": source,
            "account": self.settings.account, "time": crate::time::rfc3339(self.unix_millis()),
            "region": self.settings.region, "resources": resources, "detail": detail,
        });
        let text = json.to_string().into();
        Event { id: id.into(), json: Arc::new(json), text, past, forwarded: false, read_only: false }
    }

    fn plan(&mut self) -> Result<(), WorldError> {
        let script = self.script.clone();
        for deploy in &script.deploys {
            let found =
                self.rules.iter().position(|live| *live.bus == *deploy.bus && *live.name == *deploy.rule);
            let planned = found.and_then(|at| self.rules.get_mut(at)?.described.take());
            let (Some(rule), Some(planned)) = (found, planned) else {
                let known: Vec<String> = self.rules.iter().map(|live| format!("`{}`", live.name)).collect();
                let (rule, bus) = (deploy.rule.clone(), deploy.bus.clone());
                return Err(WorldError::NoSuchRule { rule, bus, known: known.join(", ") });
            };
            if let Some(live) = self.rules.get_mut(rule) {
                live.acting = Arc::new(Acting::of(None));
            }
            let by = Identity::from_arn(&deploy.by);
            self.soon(deploy.at_ms, Act::PutRule { rule, planned: Box::new(planned), by });
        }
        for call in &script.calls {
            let by = Identity::from_arn(&call.by);
            let made = Call::from_outside(by, &call.api, call.parameters.clone(), call.error.as_deref());
            for of in 0..u64::from(call.times) {
                let at = call.at_ms.saturating_add(call.every_ms.saturating_mul(of));
                self.soon(at, Act::Call(Box::new(made.clone())));
            }
        }
        for event in &script.events {
            self.soon(event.at_ms, Act::Put(event.clone()));
        }
        Ok(())
    }
}

impl PartialEq for Job {
    fn eq(&self, other: &Self) -> bool {
        self.sequence == other.sequence
    }
}

impl Eq for Job {}

impl PartialOrd for Job {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Job {
    /// Earlier first; what was planned first, first.
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        (self.at, self.sequence).cmp(&(other.at, other.sequence))
    }
}

#[cfg(test)]
pub(crate) mod tests;
