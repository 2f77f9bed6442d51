//! From an event on a bus to the delivery to a target.

use crate::calls::Call;
use crate::event::{Event, Past};
use crate::facts::DeliveryCaller;
use crate::fill;
use crate::identity::{Identity, Session};
use crate::log::{Happening, Matched};
use crate::rules::text;
use crate::world::{Act, World};
use loopguard_model::{Target, whole};
use serde_json::{Map, Value, json};
use std::sync::Arc;

/// How long EventBridge keeps the credentials of a target's role: an hour, which is what roles give unless told
/// otherwise. That EventBridge keeps them is not verified.
const CREDENTIALS_MS: u64 = 3_600_000;

/// The name under which EventBridge makes its calls.
const EVENTBRIDGE: &str = "events.amazonaws.com";

/// On whose behalf something is delivered: a rule, or a connection with what it takes from.
#[derive(Debug)]
pub(crate) struct By {
    pub(crate) arn: Arc<str>,
    pub(crate) name: Arc<str>,
}

/// What is delivered to a target.
#[derive(Debug)]
pub(crate) struct Delivery {
    pub(crate) by: By,
    pub(crate) event: Arc<Value>,
    /// What the target receives.
    pub(crate) input: Value,
    /// Whoever delivers waits for the run that this starts.
    pub(crate) waits: bool,
}

impl World {
    /// Matches an event against the rules of a bus.
    pub(crate) fn arrive(&mut self, bus: &str, event: &Event) {
        // An event that cannot be read (it is too large) matches nothing; AWS would not have taken it.
        let Ok(read) = loopguard_pattern::Event::parse(&event.text) else { return };
        self.archive(bus, event);
        let hits: Vec<usize> =
            (0..self.rules.len()).filter(|index| self.is_hit(*index, bus, event.read_only, &read)).collect();
        for index in hits {
            self.matched(index, event);
        }
    }

    fn is_hit(&self, index: usize, bus: &str, read_only: bool, event: &loopguard_pattern::Event) -> bool {
        self.rules.get(index).is_some_and(|live| {
            *live.bus == *bus
                && live.acting.sees(read_only)
                && live
                    .acting
                    .pattern
                    .as_ref()
                    .is_some_and(|pattern| pattern.matches_event(event).unwrap_or(false))
        })
    }

    fn matched(&mut self, index: usize, event: &Event) {
        let (past, round) = Past::after(event, index);
        let Some(live) = self.rules.get_mut(index) else { return };
        live.counts.matched += 1;
        let (bus, rule) = (live.bus.clone(), live.name.clone());
        self.meter_match(&bus, &rule);
        let Some(live) = self.rules.get_mut(index) else { return };
        live.counts.rounds = live.counts.rounds.max(round);
        let member = |path: &str| fill::at(&event.json, path).and_then(Value::as_str).map(Arc::<str>::from);
        let matched = Matched {
            rule: live.name.clone(),
            bus: live.bus.clone(),
            event: event.id.clone(),
            cause: event.past.cause.clone(),
            round,
            source: member("$.source").unwrap_or_default(),
            detail_type: member("$.detail-type").unwrap_or_default(),
            event_name: member("$.detail.eventName"),
        };
        if self.settings.most_rounds.is_some_and(|most| round > most) {
            self.note(Happening::Matched(matched));
            return;
        }
        let acting = live.acting.clone();
        let duplicates = self.settings.duplicates_per_mille;
        let twice = self.rng.of(&matched.rule).within((0, 999)) < duplicates;
        for target in &acting.targets {
            for _ in 0..if twice { 2 } else { 1 } {
                let delay = self.rng.of(&matched.rule).within(self.settings.delivery_latency);
                let (target, event, past) = (Box::new(target.clone()), event.clone(), past.clone());
                self.soon(delay, Act::Invoke { rule: index, target, event, past });
            }
        }
        self.note(Happening::Matched(matched));
    }

    /// Delivers an event to a target.
    pub(crate) fn invoke(&mut self, rule: usize, target: &Target, event: &Event, past: Past) {
        let Some(live) = self.rules.get_mut(rule) else { return };
        live.counts.invocations += 1;
        let (bus, rule_arn, rule_name) = (live.bus.clone(), live.arn.clone(), live.name.clone());
        self.meter_delivery(&bus, &rule_name);
        let arn = text(&target.arn);
        if self.is_refusing(&arn) {
            self.meter_failure(&bus, &rule_name);
            self.note(Happening::NotDelivered { rule: rule_name });
            return;
        }
        self.offer(&arn, &sent(target, event));
        if let Some(bus) = self.local_bus(&arn) {
            self.forward(&bus, &rule_name, event, past);
            return;
        }
        let by = By { arn: rule_arn, name: rule_name };
        let input = received(target, event);
        let delivery = Delivery { by, event: event.json.clone(), input, waits: false };
        self.deliver(target, delivery, &past, |world, caller, past| world.delivering(caller, target, past));
    }

    /// Makes the call that a delivery is, as `caller` says; without a caller there is no delivery.
    pub(crate) fn deliver(
        &mut self,
        target: &Target,
        delivery: Delivery,
        past: &Past,
        caller: impl FnOnce(&mut Self, DeliveryCaller, &Past) -> Option<Identity>,
    ) {
        let arn = text(&target.arn);
        let Some(fact) = self.facts.target(&arn).cloned() else { return };
        let parameters = nested(target);
        let Delivery { by, event, input, waits } = delivery;
        let context = json!({
            "event": &*event, "input": input, "text": input.to_string(),
            "target": {"arn": &*arn, "name": name_in(&arn), "parameters": parameters},
            "rule": {"arn": &*by.arn, "name": &*by.name},
            "account": self.settings.account, "region": self.settings.region, "id": self.rng.of(&by.name).uuid(),
        });
        let Some(identity) = caller(self, fact.caller, past) else {
            self.note(Happening::NotDelivered { rule: by.name });
            if let Some(queue) = target.parameters.get("DeadLetterConfig.Arn") {
                self.bury(&text(queue), &input, past);
            }
            return;
        };
        let request = fill::fill(&fact.parameters, &context).unwrap_or_default();
        let runs =
            fact.repeat.and_then(|path| fill::at(&context, &path).and_then(Value::as_u64)).unwrap_or(1);
        let call = Call {
            input: Arc::new(input),
            runs,
            waits,
            past: past.clone(),
            ..Call::from_outside(identity, &fact.call, request, None)
        };
        self.perform(&call);
    }

    /// Returns as whom EventBridge delivers, which taking on a role makes a call of its own; `None` iff such a
    /// target needs a role and has none.
    fn delivering(&mut self, caller: DeliveryCaller, target: &Target, past: &Past) -> Option<Identity> {
        let service = Identity::Service(EVENTBRIDGE.into());
        let Some(role) = &target.role else {
            return (caller == DeliveryCaller::Service).then_some(service);
        };
        let role = text(role);
        let name: Arc<str> = self.rng.of(&role).hex().into();
        if self.assumed.get(&role).is_none_or(|until| *until <= self.now()) {
            self.assumed.insert(role.clone(), self.now().saturating_add(CREDENTIALS_MS));
            let parameters = json!({"roleArn": &*role, "roleSessionName": &*name});
            let mut call = Call::from_outside(service, "sts:AssumeRole", parameters, None);
            call.past = past.clone();
            self.perform(&call);
        }
        Some(Identity::Session(Session { role, name, invoked_by: Some(EVENTBRIDGE.into()), in_scope: None }))
    }

    /// Returns the name of the bus that the ARN names in this account and region.
    pub(crate) fn local_bus(&self, arn: &str) -> Option<String> {
        let here = format!(":events:{}:{}:event-bus/", self.settings.region, self.settings.account);
        arn.split_once(&here).map(|(_, name)| name.to_owned())
    }

    /// Sends an event to another bus: one hop and no further (EventBridge User Guide, eb-bus-to-bus).
    fn forward(&mut self, bus: &str, rule: &Arc<str>, event: &Event, past: Past) {
        if event.forwarded {
            self.note(Happening::HopRefused { rule: rule.clone() });
            return;
        }
        let event = Event { forwarded: true, past, ..event.clone() };
        self.soon(0, Act::Arrive { bus: bus.into(), event });
    }
}

/// Returns true iff the pattern matches the event.
pub(crate) fn hits(pattern: &loopguard_pattern::EventPattern, text: &str) -> bool {
    loopguard_pattern::matches(pattern, text).unwrap_or(false)
}

/// The predefined variable that stands for the whole event (EventBridge User Guide, input transformation).
const WHOLE_EVENT: &str = "<aws.events.event.json>";

/// Returns the text that a watched target gets: the event, or an input template in which the whole event stands. Other
/// variables of templates are not modelled.
fn sent(target: &Target, event: &Event) -> Arc<str> {
    let template = target.parameters.get("InputTransformer.InputTemplate").map(text);
    match template.filter(|template| template.contains(WHOLE_EVENT)) {
        Some(template) => template.replace(WHOLE_EVENT, &event.text).into(),
        None => event.text.clone(),
    }
}

/// Returns what the target receives: the event, the part or the constant that the target asks for.
/// An input transformer is not modelled; its target receives the event.
fn received(target: &Target, event: &Event) -> Value {
    if let Some(constant) = target.parameters.get("Input") {
        let constant = text(constant);
        return serde_json::from_str(&constant).unwrap_or_else(|_| Value::String(constant.to_string()));
    }
    let path = target.parameters.get("InputPath").map(text);
    match path.and_then(|path| fill::at(&event.json, &path).cloned()) {
        Some(part) => part,
        None => (*event.json).clone(),
    }
}

/// Returns the target's parameters as a tree: `EcsParameters.TaskCount` under `EcsParameters`.
fn nested(target: &Target) -> Value {
    let mut tree = Value::Object(Map::new());
    for (name, value) in &target.parameters {
        let value = text(value);
        let leaf = value.parse::<u64>().map_or_else(|_| Value::String(value.to_string()), Value::from);
        let branch = name.rsplit('.').fold(leaf, |below, key| json!({ key: below }));
        tree = fill::merge(tree, branch);
    }
    tree
}

/// Returns the name in an ARN: what stands behind the last `/` or `:`, versions left out.
pub(crate) fn name_in(arn: &str) -> String {
    let arn = text(&whole(&arn.into()));
    arn.rsplit(['/', ':']).next().unwrap_or_default().to_owned()
}
