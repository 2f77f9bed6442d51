//! The course against the twin, with the guard's own handler behind a queue that takes its time.

use super::super::super::tests::{NOW, ready};
use super::*;
use crate::demo;
use loopguard_account::{
    Account, Alert, CallError, Concurrency, FunctionSeen, GiveBack, InventoryStore, KeptTarget, MemoryLedger,
    Receipt, RuleRef, Stored, Tags as RuleTags,
};
use loopguard_analysis::Catalogue;
use loopguard_decision::Settings;
use loopguard_guard::{Guard, Known};
use loopguard_model::{Facts, Need, Rule};
use loopguard_template::{Options, Source};
use loopguard_world::{Script, Twin, World};
use std::cell::{Cell, RefCell};
use std::collections::BTreeSet;
use std::sync::Mutex;

const MACHINE: &str = "arn:aws:states:eu-west-1:111122223333:stateMachine:loopguard-selftest";

/// The stack's machine and the canary that is made at [`NOW`].
fn inventory() -> loopguard_model::Inventory {
    let canary = Canary::new(MACHINE, Tags::new(), NOW, 0);
    let template = format!(
        r#"
Resources:
  Role:
    Type: AWS::IAM::Role
    Properties:
      RoleName: loopguard-selftest
      AssumeRolePolicyDocument:
        Statement: [{{Effect: Allow, Principal: {{Service: [events.amazonaws.com, states.amazonaws.com]}}, Action: sts:AssumeRole}}]
      Policies:
        - PolicyName: again
          PolicyDocument: {{Statement: [{{Effect: Allow, Action: states:StartExecution, Resource: "{MACHINE}"}}]}}
  Machine:
    Type: AWS::StepFunctions::StateMachine
    Properties:
      StateMachineName: loopguard-selftest
      RoleArn: !GetAtt Role.Arn
      Definition: {{StartAt: Round, States: {{Round: {{Type: Succeed}}}}}}
  Canary:
    Type: AWS::Events::Rule
    Properties:
      Name: {}
      EventPattern: {}
      Targets: [{{Id: again, Arn: "{MACHINE}", RoleArn: "arn:aws:iam::111122223333:role/loopguard-selftest"}}]
"#,
        canary.name,
        canary.pattern()
    );
    let options = Options {
        account: Some("111122223333".into()),
        region: Some("eu-west-1".into()),
        ..Options::default()
    };
    loopguard_template::read(&[Source { file: "canary.yaml".into(), text: template.into() }], &options)
}

/// The twin with canaries.
struct Place {
    twin: Twin,
    rules: Mutex<BTreeSet<String>>,
    put_fails: bool,
    started: Mutex<usize>,
}

fn place(put_fails: bool) -> Place {
    let settings = loopguard_world::Settings {
        account: "111122223333".to_owned(),
        region: "eu-west-1".to_owned(),
        ..loopguard_world::Settings::with_seed(1)
    };
    let world = World::new(&inventory(), &Script::parse("").unwrap(), settings).unwrap();
    let left = [
        format!("selftest-loopguard-{}", NOW.0 / 1000 - 7200),
        format!("selftest-loopguard-{}", NOW.0 / 1000 - 60),
    ];
    Place {
        twin: Twin::new(world, "arn:aws:iam::111122223333:user/ana"),
        rules: Mutex::new(left.into()),
        put_fails,
        started: Mutex::new(0),
    }
}

impl InventoryStore for Place {
    async fn put(&self, rule: &RuleRef, text: &str) -> Result<Option<Stored>, CallError> {
        self.twin.put(rule, text).await
    }
}

impl GiveBack for Place {
    async fn give_back(&self, bus: &str, name: &str) -> Result<Receipt, CallError> {
        self.twin.give_back(bus, name).await
    }
}

impl Account for Place {
    async fn answer(&self, need: &Need) -> Result<Facts, CallError> {
        self.twin.answer(need).await
    }

    async fn rule(&self, bus: &str, name: &str) -> Result<Option<Rule>, CallError> {
        self.twin.rule(bus, name).await
    }

    async fn tags(&self, bus: &str, name: &str) -> Result<RuleTags, CallError> {
        self.twin.tags(bus, name).await
    }

    async fn rules(&self) -> Result<Vec<RuleRef>, CallError> {
        self.twin.rules().await
    }

    async fn disable_rule(&self, bus: &str, name: &str) -> Result<Receipt, CallError> {
        self.twin.disable_rule(bus, name).await
    }

    async fn kept_targets(&self, bus: &str, name: &str) -> Result<Vec<KeptTarget>, CallError> {
        self.twin.kept_targets(bus, name).await
    }

    async fn remove_targets(&self, bus: &str, name: &str, ids: &[&str]) -> Result<Receipt, CallError> {
        self.twin.remove_targets(bus, name, ids).await
    }

    async fn mark_rule(&self, bus: &str, name: &str, incident: &str) -> Result<(), CallError> {
        self.twin.mark_rule(bus, name, incident).await
    }

    async fn function(&self, arn: &str) -> Result<Option<FunctionSeen>, CallError> {
        self.twin.function(arn).await
    }

    async fn concurrency(&self, function: &str) -> Result<Concurrency, CallError> {
        self.twin.concurrency(function).await
    }

    async fn brake(&self, function: &str) -> Result<Receipt, CallError> {
        self.twin.brake(function).await
    }

    async fn publish(&self, alert: &Alert) -> Result<Receipt, CallError> {
        self.twin.publish(alert).await
    }

    async fn remind(&self, message: &str, seconds: u32) -> Result<(), CallError> {
        self.twin.remind(message, seconds).await
    }
}

impl Canaries for Place {
    async fn put_canary(&self, canary: &Canary) -> Result<(), CallError> {
        // What a call has made stays when a later one fails.
        self.rules.lock().unwrap().insert(canary.name.to_string());
        assert_eq!(canary.tags.get("loopguard").map(|tag| &**tag), Some("enforce"));
        if self.put_fails {
            return Err(CallError::unsupported("events:PutTargets", &canary.name, "told to fail"));
        }
        Ok(())
    }

    async fn start_canary(&self, _: &Canary) -> Result<(), CallError> {
        *self.started.lock().unwrap() += 1;
        Ok(())
    }

    async fn rounds(&self, _: &Canary) -> Result<usize, CallError> {
        Ok(*self.started.lock().unwrap())
    }

    async fn canaries(&self) -> Result<Vec<std::sync::Arc<str>>, CallError> {
        Ok(self.rules.lock().unwrap().iter().map(|name| name.as_str().into()).collect())
    }

    async fn remove_canary(&self, name: &str) -> Result<(), CallError> {
        self.rules.lock().unwrap().remove(name);
        Ok(())
    }
}

/// A clock beside which the guard is woken after some time, if at all.
struct Beside<'a> {
    now: Cell<Timestamp>,
    wakes: Option<u64>,
    settings: Settings,
    site: &'a Place,
    ledger: &'a MemoryLedger,
    said: RefCell<String>,
}

impl Clock for Beside<'_> {
    fn now(&self) -> Timestamp {
        self.now.get()
    }

    async fn wait(&self, milliseconds: u64) {
        let before = self.now.get();
        self.now.set(Timestamp(before.0 + milliseconds));
        let woken = self.wakes.map(|after| NOW.0 + after);
        if woken.is_some_and(|at| before.0 < at && at <= self.now.get().0) {
            let (home, catalogue) = (demo::home(), Catalogue::embedded());
            let guard = Guard {
                account: self.site,
                ledger: Some(self.ledger),
                home: &home,
                catalogue: &catalogue,
                settings: &self.settings,
                known: &Known::default(),
            };
            let name = Canary::new(MACHINE, Tags::new(), NOW, 0).name;
            let change = json!({
                "detail-type": "AWS API Call via CloudTrail", "source": "aws.events", "account": "111122223333",
                "region": "eu-west-1", "detail": {
                    "eventSource": "events.amazonaws.com", "eventName": "PutTargets", "eventID": "e-1",
                    "eventTime": "2026-01-05T10:00:00Z", "requestParameters": {"rule": &*name},
                },
            });
            guard.handle(&change.to_string(), "attempt", self.now.get()).await.unwrap();
        }
    }

    fn says(&self, line: &str) {
        self.said.borrow_mut().push_str(line);
    }
}

fn settings(mode: &str, scope: &str) -> Settings {
    let pairs = [("LOOPGUARD_MODE", mode), ("LOOPGUARD_SCOPE", scope)];
    Settings::from_pairs(pairs.map(|(key, value)| (key.to_owned(), value.to_owned()))).unwrap()
}

/// Runs a selftest beside a guard that is woken after so long.
fn run(site: &Place, mode: &str, scope: &str, wakes: Option<u64>) -> Result<Told> {
    let (home, catalogue, ledger) = (demo::home(), Catalogue::embedded(), MemoryLedger::default());
    let settings = settings(mode, scope);
    let order = Order { mode: settings.mode, scope: &settings.scope, machine: MACHINE, length: 900_000 };
    let clock = Beside {
        now: Cell::new(NOW),
        wakes,
        settings: settings.clone(),
        site,
        ledger: &ledger,
        said: RefCell::default(),
    };
    let told = ready(selftest(
        Site { account: site, home: &home, catalogue: &catalogue },
        &ledger,
        &clock,
        &order,
        std::future::pending(),
    ));
    let left: Vec<String> = site.rules.lock().unwrap().iter().cloned().collect();
    let told = told.map(|told| Told { text: clock.said.into_inner() + &told.text, ..told });
    assert_eq!(left, [format!("selftest-loopguard-{}", NOW.0 / 1000 - 60)], "one of another selftest stays");
    told
}

#[test]
fn a_guard_that_works_is_shown_to() {
    let site = place(false);
    let told = run(&site, "enforce", "*", Some(41_000)).unwrap();
    assert_eq!(told.exit, Exit::Clean, "{}", told.text);
    assert!(told.text.contains("the guard stopped a loop 42 s after it was made\n"), "{}", told.text);
    let steps: Vec<&str> =
        told.json["steps"].as_array().unwrap().iter().map(|step| step["what"].as_str().unwrap()).collect();
    assert_eq!(steps, ["made", "analysed", "seen", "disabled", "told"]);
    assert_eq!((&told.json["proved"], &told.json["after_ms"]), (&json!(true), &json!(42_000)));
    assert_eq!(told.json["rounds"], 1);
}

#[test]
fn a_guard_that_only_tells_has_to_tell() {
    for (mode, scope, says) in [
        ("observe", "*", "it would be disabled, but the mode is `observe`"),
        ("alert", "*", "it would be disabled, but the mode is `alert`"),
        ("enforce", "stack:shop", "it is not disabled: the rule is not in the scope"),
    ] {
        let told = run(&place(false), mode, scope, Some(5_000)).unwrap();
        assert_eq!(told.exit, Exit::Clean, "{mode}: {}", told.text);
        assert!(told.text.contains(says), "{mode}: {}", told.text);
        assert!(told.text.contains("the guard told of a loop 6 s after it was made"), "{}", told.text);
    }
}

#[test]
fn a_guard_that_is_not_woken_is_found() {
    let told = run(&place(false), "enforce", "*", None).unwrap();
    assert_eq!(told.exit, Exit::Found);
    assert!(told.text.contains("NOT PROVED: the guard did nothing within 15 minutes"), "{}", told.text);
    assert_eq!(told.json["proved"], false);
}

/// A rule that was half made is removed, and what went wrong is told.
#[test]
fn what_cannot_be_made_is_removed() {
    let error = run(&place(true), "enforce", "*", None).unwrap_err();
    assert!(format!("{error:#}").contains("told to fail"), "{error:#}");
}
