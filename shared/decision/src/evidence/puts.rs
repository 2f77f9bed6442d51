//! Custom events carry no caller, but the records of the calls that put them do, where a trail selects these data events.

use super::hop::HopRef;
use super::install::{Claim, Wanted};
use super::tripwire::{ID, Sample, TRIPWIRE_PREFIX};
use crate::ledger::digest;
use crate::{RuleRef, Timestamp};
use loopguard_analysis::Finding;
use loopguard_model::{Inventory, RuleState};
use loopguard_pattern::json::quoted;
use serde::{Deserialize, Serialize};
use std::fmt;
use std::sync::Arc;

/// The resource type whose data events are calls of `PutEvents` (CloudTrail user guide, data events).
const PUTS: &str = "AWS::Events::EventBus";

/// The call, as an IAM action.
const ACTION: &str = "events:PutEvents";

/// A function's own calls are made as a session of its own name.
const FUNCTION: &str = "AWS::Lambda::Function";

/// CloudTrail's records come to this bus alone.
const BUS: &str = "default";

/// A rule that counts the calls by which one function puts events. It shows no cause: a call may put any events, on any bus.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PutsCounter {
    /// The hop whose events are put so.
    pub hop: HopRef,
    /// Its rule, on the default bus.
    pub rule: RuleRef,
    /// Its pattern.
    pub text: Arc<str>,
    /// Who calls.
    pub caller: Arc<str>,
    /// Which of the calls it counts.
    pub sample: Sample,
}

/// Whether the calls that put a loop's custom events are recorded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Puts {
    /// No hop of the loop is a custom event of a function.
    None,
    /// No trail that was read selects them.
    NotRecorded,
    /// They are, and these count them.
    Recorded(Vec<PutsCounter>),
}

/// How many calls a function made while a rule matched events.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct PutsCount {
    /// Who calls.
    pub caller: Arc<str>,
    /// How many calls, or so many they stand for under sampling.
    pub calls: u64,
    /// The rule that hears.
    pub rule: RuleRef,
    /// How many events it matched.
    pub matched: u64,
    /// In so many minutes.
    pub minutes: u64,
}

impl Puts {
    /// Returns whether somebody records who puts the events of the finding's hops, and what would count the calls.
    pub fn of(finding: &Finding, inventory: &Inventory, sample: Sample) -> Self {
        let hops = finding.hops.iter().zip(HopRef::of(finding, inventory));
        let custom = hops.filter(|(hop, _)| hop.caller.is_none() && &*hop.action == ACTION);
        let counters: Vec<PutsCounter> = custom
            .filter_map(|(hop, name)| {
                let is_it = |one: &&loopguard_model::Workload| one.arn.to_string() == *hop.target.arn;
                let workload = inventory.workloads.iter().find(is_it)?;
                if &*workload.class != FUNCTION {
                    return None;
                }
                let role = workload.role.as_ref()?.as_literal()?;
                Some(counter(name?, session(&role, &workload.name.as_literal()?)?, sample))
            })
            .collect();
        let trails = inventory.trails.as_ref();
        let recorded =
            trails.is_some_and(|trails| trails.logging && trails.data.iter().any(|one| &**one == PUTS));
        match (counters.is_empty(), recorded) {
            (true, _) => Self::None,
            (false, false) => Self::NotRecorded,
            (false, true) => Self::Recorded(counters),
        }
    }

    /// Returns what counts the calls.
    pub fn counters(&self) -> &[PutsCounter] {
        match self {
            Self::Recorded(counters) => counters,
            Self::None | Self::NotRecorded => &[],
        }
    }
}

/// `arn:aws:iam::ACCOUNT:role/PATH/ROLE` -> `arn:aws:sts::ACCOUNT:assumed-role/ROLE/NAME`.
fn session(role: &str, name: &str) -> Option<Arc<str>> {
    let fields: Vec<&str> = role.splitn(6, ':').collect();
    let [_, partition, "iam", _, account, resource] = fields.as_slice() else { return None };
    let role = resource.strip_prefix("role/")?.rsplit('/').next()?;
    Some(format!("arn:{partition}:sts::{account}:assumed-role/{role}/{name}").into())
}

fn counter(hop: HopRef, caller: Arc<str>, sample: Sample) -> PutsCounter {
    let id = if sample.is_all() {
        String::new()
    } else {
        format!(r#","{ID}":[{{"prefix":{}}}]"#, quoted(&sample.prefix().to_string()))
    };
    let text = format!(
        r#"{{"source":["aws.events"],"detail":{{"eventSource":["events.amazonaws.com"],"eventName":["PutEvents"],"userIdentity":{{"arn":[{}]}}}}{id}}}"#,
        quoted(&caller)
    );
    let name = format!("{TRIPWIRE_PREFIX}{:016x}", digest(format!("puts\n{caller}").as_bytes()));
    PutsCounter {
        hop,
        rule: RuleRef { bus: BUS.into(), name: name.into() },
        text: text.into(),
        caller,
        sample,
    }
}

impl PutsCounter {
    /// Returns the rule as it is wanted for a suspicion of that finding. It hangs on nothing else of the loop.
    pub fn wanted(&self, finding: &str, per_minute: u64) -> Wanted {
        Wanted {
            rule: self.rule.clone(),
            text: self.text.clone(),
            state: RuleState::Enabled,
            finding: format!("puts {} {finding}", self.rule.name).into(),
            claim: Claim::Suspected { per_minute },
        }
    }
}

/// Calls are counted for so many minutes before they are told.
pub const PUTS_MINUTES: u64 = 5;

/// Returns true iff a counter that has stood since then has counted for long enough.
pub fn puts_counted(since: Timestamp, settle: u64, now: Timestamp) -> bool {
    // It acts a moment after it was made.
    let minutes = PUTS_MINUTES + settle + 1;
    now.0 >= since.0.saturating_add(minutes * 60_000)
}

impl fmt::Display for PutsCount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { caller, calls, rule, matched, minutes } = self;
        let share = (calls * 100).checked_div(*matched).unwrap_or(0);
        write!(
            f,
            "`{caller}` called PutEvents {calls} times within {minutes} minutes, in which rule {rule} matched {matched} events ({share} calls for 100 events)"
        )
    }
}

#[cfg(test)]
mod tests {
    use super::{Puts, PutsCount, puts_counted};
    use crate::Timestamp;
    use crate::evidence::Sample;
    use crate::fixtures::{inventory, looping, rule};
    use loopguard_analysis::Finding;
    use loopguard_model::{Inventory, Origin, Trails, Workload};
    use loopguard_pattern::{Term, matches, parse};

    const FUNCTION: &str = "arn:aws:lambda:eu-west-1:111122223333:function:app";

    fn ground() -> (Finding, Inventory) {
        let mut finding = looping(&["a"]);
        finding.hops[0].caller = None;
        finding.hops[0].action = "events:PutEvents".into();
        finding.hops[0].target.arn = FUNCTION.into();
        let mut inventory = inventory([rule("a")]);
        inventory.workloads.push(Workload {
            class: "AWS::Lambda::Function".into(),
            arn: Term::literal(FUNCTION),
            name: Term::literal("app"),
            role: Some(Term::literal("arn:aws:iam::111122223333:role/team/app-role")),
            definition: None,
            code_source: None,
            code: None,
            properties: std::collections::BTreeMap::new(),
            origin: Origin::Api { operation: "lambda:GetFunctionConfiguration".into(), at: "".into() },
        });
        let data = vec!["AWS::Events::EventBus".into()];
        inventory.trails = Some(Trails { logging: true, data, ..Trails::default() });
        (finding, inventory)
    }

    #[test]
    fn the_calls_of_the_target_are_counted_and_no_others() {
        let (finding, inventory) = ground();
        let puts = Puts::of(&finding, &inventory, Sample::for_rate(60));
        let [counter] = puts.counters() else { panic!("{puts:?}") };
        let pattern = parse(&counter.text).unwrap();
        let heard = |id: &str, session: &str, name: &str| {
            let event = format!(
                r#"{{"id":"{id}","source":"aws.events","detail":{{"eventSource":"events.amazonaws.com","eventName":"{name}","userIdentity":{{"arn":"arn:aws:sts::111122223333:assumed-role/app-role/{session}"}}}}}}"#
            );
            matches(&pattern, &event).unwrap()
        };
        assert!(heard("0a", "app", "PutEvents"));
        assert!(!heard("a0", "app", "PutEvents"), "not in the sample");
        assert!(!heard("0a", "other", "PutEvents") && !heard("0a", "app", "PutRule"));
        let all = Puts::of(&finding, &inventory, Sample::all());
        assert_eq!(all.counters()[0].rule, counter.rule, "the sample is no part of the name");
        let wanted = counter.wanted("f", 7);
        assert!(wanted.rule.name.starts_with("loopguard-tripwire-") && &*wanted.rule.bus == "default");
        assert!(&*wanted.finding != "f", "it stands by itself");
    }

    #[test]
    fn what_no_trail_records_or_no_function_puts_is_not_counted() {
        let of = |change: fn(&mut (Finding, Inventory))| {
            let mut ground = ground();
            change(&mut ground);
            Puts::of(&ground.0, &ground.1, Sample::all())
        };
        assert_eq!(of(|ground| ground.1.trails.as_mut().unwrap().data.clear()), Puts::NotRecorded);
        assert_eq!(of(|ground| ground.1.trails.as_mut().unwrap().logging = false), Puts::NotRecorded);
        assert_eq!(of(|ground| ground.1.trails = None), Puts::NotRecorded);
        assert_eq!(of(|ground| ground.0.hops[0].action = "s3:PutObject".into()), Puts::None);
        assert_eq!(of(|ground| ground.1.workloads.clear()), Puts::None);
        assert_eq!(
            of(|ground| ground.1.workloads[0].class = "AWS::StepFunctions::StateMachine".into()),
            Puts::None
        );
    }

    #[test]
    fn a_count_says_its_numbers() {
        let Ok(rule) = "app/a".parse();
        let mut count = PutsCount { caller: "arn:c".into(), calls: 90, rule, matched: 100, minutes: 5 };
        let told = "`arn:c` called PutEvents 90 times within 5 minutes, in which rule app/a matched 100 events (90 calls for 100 events)";
        assert_eq!(count.to_string(), told);
        count.matched = 0;
        assert!(count.to_string().ends_with("(0 calls for 100 events)"));
        let minute = |at: u64| Timestamp(at * 60_000);
        assert!(!puts_counted(minute(10), 2, minute(17)) && puts_counted(minute(10), 2, minute(18)));
    }
}
