//! API calls: their record, the events they cause, what they start.

use crate::bus::{hits, name_in};
use crate::event::{Event, Past};
use crate::facts::{NativeFact, Phase, Recording, RunnerFact};
use crate::fill;
use crate::identity::{Identity, Session};
use crate::log::Happening;
use crate::relay::Ended;
use crate::rules::text;
use crate::script::{Entry, Run, ScriptedCall};
use crate::world::{Act, World};
use loopguard_model::{Workload, whole};
use serde_json::{Value, json};
use std::sync::Arc;

/// The region in which global services are recorded (CloudTrail User Guide, global service events).
const GLOBAL_REGION: &str = "us-east-1";

/// An API call to be made.
#[derive(Debug, Clone)]
pub(crate) struct Call {
    pub(crate) identity: Identity,
    /// `s3:PutBucketAcl`.
    pub(crate) api: Arc<str>,
    pub(crate) parameters: Value,
    pub(crate) error: Option<Arc<str>>,
    /// What a workload that the call starts receives.
    pub(crate) input: Arc<Value>,
    pub(crate) entries: Vec<Entry>,
    /// How many runs one call starts.
    pub(crate) runs: u64,
    /// Whoever calls waits for what the call starts; what nobody waits for leaves its outcome to destinations.
    pub(crate) waits: bool,
    pub(crate) past: Past,
    /// What the call answers, where no table says it.
    pub(crate) answer: Option<Value>,
}

/// A call that a running workload is to make.
#[derive(Debug, Clone)]
pub(crate) struct RunCall {
    run: Arc<Running>,
    call: ScriptedCall,
}

/// A workload that runs.
#[derive(Debug)]
struct Running {
    identity: Identity,
    input: Arc<Value>,
    past: Past,
}

/// What a successful call set going.
struct Started {
    /// Context of the rows of native events.
    context: Value,
    ends_after: u64,
}

impl Call {
    /// Returns a call that no rule led to.
    pub(crate) fn from_outside(
        identity: Identity,
        api: &str,
        parameters: Value,
        error: Option<&str>,
    ) -> Self {
        let waits = parameters.get("invocationType").and_then(Value::as_str) != Some("Event");
        Self {
            identity,
            api: api.into(),
            parameters,
            waits,
            error: error.map(Into::into),
            input: Arc::default(),
            entries: Vec::new(),
            runs: 1,
            past: Past::default(),
            answer: None,
        }
    }
}

impl World {
    /// Makes a call: what it starts, its record, the events it causes.
    pub(crate) fn perform(&mut self, call: &Call) {
        self.note(Happening::Called {
            api: call.api.clone(),
            error: call.error.clone(),
            cause: call.past.cause.clone(),
        });
        if call.error.is_some() {
            self.record(call, &Value::Null);
            return;
        }
        let started: Vec<Started> = (0..call.runs).map(|_| self.start(call)).collect();
        let template = self.facts.call(&call.api).and_then(|fact| fact.answers.clone());
        let context = started.first().map(|started| &started.context);
        let filled = template.zip(context).and_then(|(template, context)| fill::fill(&template, context));
        self.record(call, &call.answer.clone().or(filled).unwrap_or_default());
        self.natives(call, &started);
        self.leave(call);
        self.replay(call);
        for entry in &call.entries {
            let detail = fill::fill(&entry.detail, &call.input).unwrap_or_default();
            let event = self.event(&entry.source, &entry.detail_type, &json!([]), &detail, call.past.clone());
            self.soon(0, Act::Arrive { bus: entry.bus.as_str().into(), event });
        }
    }

    /// Makes a call of a script, if its conditions hold.
    pub(crate) fn perform_scripted(&mut self, planned: &RunCall) {
        let (run, call) = (&planned.run, &planned.call);
        if call.when.as_ref().is_some_and(|pattern| !hits(pattern, &run.input.to_string())) {
            return;
        }
        if let Some(changes) = &call.changes {
            let (key, to) = (fill::insert(&changes.key, &run.input), fill::insert(&changes.to, &run.input));
            if self.states.get(&key) == Some(&to) {
                return;
            }
            if call.error.is_none() {
                self.states.insert(key, to);
            }
        }
        let identity = match &call.role {
            Some(role) => Identity::from_arn(role),
            None => run.identity.clone(),
        };
        let parameters = fill::fill(&call.parameters, &run.input).unwrap_or_default();
        let made = Call {
            input: run.input.clone(),
            entries: call.entries.clone(),
            past: run.past.clone(),
            ..Call::from_outside(identity, &call.api, parameters, call.error.as_deref())
        };
        for _ in 0..call.times {
            self.perform(&made);
        }
    }

    /// Starts what the call starts, if anything, and returns the context of its events.
    fn start(&mut self, call: &Call) -> Started {
        let id = self.rng.of(&call.api).uuid();
        let root = json!({"request": call.parameters});
        let path = self.facts.call(&call.api).and_then(|fact| fact.starts.clone());
        let reference = path.and_then(|path| fill::at(&root, &path).map(fill::plain));
        let workload = reference.as_deref().and_then(|reference| self.workload(reference).cloned());
        let name = workload.as_ref().map(|one| text(&one.name));
        let name = name.unwrap_or_else(|| name_in(reference.as_deref().unwrap_or_default()).into());
        let mut context = json!({
            "request": call.parameters, "call": {"api": &*call.api, "operation": operation(&call.api)},
            "id": id, "name": &*name, "letters": self.rng.of(&call.api).letters(), "started": reference,
            "account": self.settings.account, "region": self.settings.region,
        });
        if workload.as_ref().is_some_and(|function| self.turns_away(function, call)) {
            return Started { context, ends_after: 0 };
        }
        let class = workload.as_ref().map_or("*", |one| &*one.class);
        let Some(runner) = self.facts.runner(class).cloned() else {
            return Started { context, ends_after: self.settings.run_ms };
        };
        let execution = fill::insert(&runner.execution, &context);
        context = fill::merge(context, json!({ "execution": execution }));
        let arn = workload.as_ref().map(|one| text(&one.arn)).unwrap_or_default();
        let run = reference.and_then(|_| self.script.run_of(&arn, &name)).cloned();
        let ends_after = run.as_ref().map_or(self.settings.run_ms, Run::length);
        let identity = running_as(&runner, workload.as_ref(), &context);
        if workload.is_some() {
            self.warm_up(&runner, &arn, &identity, &context, &call.past);
        }
        if workload.is_some() && !call.waits {
            let failed = run.as_ref().is_some_and(|run| run.fails);
            let ended = Ended { arn: arn.clone(), failed, past: call.past.clone() };
            self.soon(ends_after, Act::Ended(Box::new(ended)));
        }
        self.runs += u64::from(workload.is_some());
        if workload.is_some() {
            self.meter_run(&arn, &name, ends_after);
        }
        if let Some(run) = run {
            let running = Running { identity, input: call.input.clone(), past: call.past.clone() };
            self.plan_run(run, &Arc::new(running));
        }
        Started { context, ends_after }
    }

    /// Makes the platform's own call where the workload has not run for a while.
    fn warm_up(
        &mut self,
        runner: &RunnerFact,
        arn: &Arc<str>,
        identity: &Identity,
        context: &Value,
        past: &Past,
    ) {
        let Some(cold) = &runner.cold_start else { return };
        let last = self.warm.insert(arn.clone(), self.now());
        if last.is_some_and(|last| self.now().saturating_sub(last) < cold.idle_ms) {
            return;
        }
        let parameters = fill::fill(&cold.parameters, context).unwrap_or_default();
        let call =
            Call { past: past.clone(), ..Call::from_outside(identity.clone(), &cold.api, parameters, None) };
        self.perform(&call);
    }

    /// Puts what has arrived on a bus there again, if the call is one that replays.
    fn replay(&mut self, call: &Call) {
        let path = self.facts.call(&call.api).and_then(|fact| fact.replays_on.clone());
        let root = json!({"request": call.parameters});
        let named = path.and_then(|path| fill::at(&root, &path).map(fill::plain));
        let Some(bus) = named.and_then(|arn| self.local_bus(&arn)) else { return };
        let name = fill::at(&root, "$.request.replayName").cloned().unwrap_or_default();
        for event in self.archived(&bus) {
            let json = fill::merge((*event.json).clone(), json!({ "replay-name": name }));
            let text = json.to_string().into();
            let event = Event { json: Arc::new(json), text, past: call.past.clone(), ..event };
            self.soon(0, Act::Arrive { bus: bus.as_str().into(), event });
        }
    }

    fn plan_run(&mut self, run: Run, running: &Arc<Running>) {
        for call in run.calls {
            self.soon(call.after_ms, Act::RunCall(Box::new(RunCall { run: running.clone(), call })));
        }
    }

    /// Returns the workload that a call names, by ARN, by name, or by family without revision.
    fn workload(&self, reference: &str) -> Option<&Workload> {
        let wanted = text(&whole(&reference.into()));
        let family = |name: &str| {
            let tail = name.rsplit('/').next().unwrap_or(name);
            tail.split(':').next().unwrap_or(tail).to_owned()
        };
        let by_arn = |one: &&Workload| text(&whole(&one.arn)) == wanted;
        let by_name = |one: &&Workload| *text(&one.name) == *family(&wanted);
        let workloads = &self.account.workloads;
        workloads.iter().find(by_arn).or_else(|| workloads.iter().find(by_name))
    }

    /// Writes the record of a call into the event history, and sends it to the default bus if a trail delivers it.
    fn record(&mut self, call: &Call, answers: &Value) {
        let recording = self.facts.recording(&call.api);
        let is_recorded = self.is_recorded(&recording);
        // Management events are there without any trail (CloudTrail user guide, event history).
        let is_kept = recording.data.is_none() && self.is_in_region(&recording);
        if !is_recorded && !is_kept {
            return;
        }
        // What no trail delivers draws nothing of what the others' ids are made of.
        let ids = if is_recorded { call.api.to_string() } else { format!("history {}", call.api) };
        let time = crate::time::rfc3339(self.unix_millis());
        let (address, agent) = call.identity.from();
        let mut detail = json!({
            "eventVersion": "1.11", "userIdentity": call.identity.element(&self.settings.account, &time),
            "eventTime": time, "eventSource": recording.event_source, "eventName": recording.event_name,
            "awsRegion": self.settings.region, "sourceIPAddress": address, "userAgent": agent,
            "requestParameters": call.parameters, "responseElements": answers,
            "requestID": self.rng.of(&ids).uuid(), "eventID": self.rng.of(&ids).uuid(), "readOnly": recording.read_only,
            "eventType": "AwsApiCall", "managementEvent": recording.data.is_none(),
            "eventCategory": if recording.data.is_none() { "Management" } else { "Data" },
            "recipientAccountId": self.settings.account,
        });
        if let Some(error) = &call.error {
            let failed = json!({"errorCode": &**error, "errorMessage": "scripted failure"});
            detail = fill::merge(detail, failed);
        }
        let detail = Arc::new(detail);
        if is_kept {
            self.keep_in_history(&recording.event_source, &recording.event_name, detail.clone());
        }
        if !is_recorded {
            return;
        }
        let home = recording.event_source.split('.').next().unwrap_or_default();
        let source = format!("aws.{home}");
        let event =
            self.event(&source, "AWS API Call via CloudTrail", &json!([]), &detail, call.past.clone());
        let read_only = recording.read_only && recording.data.is_none();
        let latency = self.rng.of(&call.api).within(self.settings.cloudtrail_latency);
        self.soon(latency, Act::Arrive { bus: "default".into(), event: Event { read_only, ..event } });
    }

    fn is_in_region(&self, recording: &Recording) -> bool {
        !recording.global || self.settings.region == GLOBAL_REGION
    }

    fn is_recorded(&self, recording: &Recording) -> bool {
        if !self.is_in_region(recording) {
            return false;
        }
        self.account.trails.as_ref().is_some_and(|trails| {
            trails.logging
                && match &recording.data {
                    Some(class) => trails.data.iter().any(|selected| **selected == **class),
                    None if recording.read_only => trails.management_reads,
                    None => trails.management_writes,
                }
        })
    }

    /// Sends the events that services make of a successful call.
    fn natives(&mut self, call: &Call, started: &[Started]) {
        let facts: Vec<NativeFact> = self.facts.natives(&call.api).cloned().collect();
        for fact in &facts {
            for started in started {
                self.native(fact, started, &call.past);
            }
        }
    }

    fn native(&mut self, fact: &NativeFact, started: &Started, past: &Past) {
        let context = &started.context;
        if let Some(path) = &fact.bucket {
            let bucket = fill::at(context, path).map(fill::plain).unwrap_or_default();
            if self.account.bucket_notifications.get(&bucket.as_str().into()) != Some(&true) {
                return;
            }
        }
        if let Some(state) = &fact.state {
            let key = fill::insert(&state.key, context);
            if self.states.get(&key) == Some(&state.becomes) {
                return;
            }
            self.states.insert(key, state.becomes.clone());
        }
        let (source, detail_type) = &fact.event;
        for step in &fact.step {
            let own = step.detail.clone().unwrap_or_else(|| json!({}));
            let detail = fill::fill(&fill::merge(fact.detail.clone(), own), context).unwrap_or_default();
            let resources = fill::fill(&fact.resources, context).unwrap_or_default();
            let delay = match step.at {
                Phase::Call => step.after_ms,
                Phase::End => started.ends_after.saturating_add(step.after_ms),
            };
            let event = self.event(source, detail_type, &resources, &detail, past.clone());
            self.soon(delay, Act::Arrive { bus: "default".into(), event });
        }
    }
}

impl Run {
    /// Returns how long a run takes: as long as the script says, and not less than until its last call.
    fn length(&self) -> u64 {
        let last = self.calls.iter().map(|call| call.after_ms).max().unwrap_or_default();
        self.takes_ms.unwrap_or_default().max(last)
    }
}

/// Returns as whom a workload calls.
fn running_as(runner: &RunnerFact, workload: Option<&Workload>, context: &Value) -> Identity {
    let Some((workload, role)) = workload.and_then(|one| one.role.as_ref().map(|role| (one, role))) else {
        return Identity::Service("unknown.amazonaws.com".into());
    };
    let in_scope = runner.in_scope.as_ref().map(|class| (text(&workload.arn), class.as_str().into()));
    Identity::Session(Session {
        role: text(role),
        name: fill::insert(&runner.session, context).into(),
        invoked_by: runner.invoked_by.as_deref().map(Into::into),
        in_scope,
    })
}

fn operation(api: &str) -> &str {
    api.split_once(':').map_or(api, |(_, operation)| operation)
}
