//! What is kept, when, and that nothing hangs on it.

use super::super::Outcome;
use crate::event::look_message;
use crate::fake::{Fake, fixer, harmless, home, looping, on_acl};
use crate::{Guard, Known};
use loopguard_account::{Ledger, MemoryLedger, RuleRef};
use loopguard_analysis::{Catalogue, judge_with};
use loopguard_decision::{Settings, Timestamp};
use loopguard_model::snapshot;
use loopguard_pattern::Term;
use serde_json::{Value, json};
use std::sync::Arc;

const NOW: Timestamp = Timestamp(1_700_000_000_000);
const MINUTE: u64 = 60_000;

struct Place {
    fake: Fake,
    ledger: MemoryLedger,
    known: Known,
    settings: Settings,
}

impl Place {
    fn of(fake: Fake, mode: &str) -> Self {
        let pairs = [("LOOPGUARD_MODE", mode), ("LOOPGUARD_SCOPE", "*"), ("LOOPGUARD_INVENTORY", "seen")];
        let settings = Settings::from_pairs(pairs).unwrap();
        Self { fake, ledger: MemoryLedger::default(), known: Known::default(), settings }
    }

    /// Has the rules looked at, so many minutes later.
    async fn look(&self, rules: &[&str], minutes: u64) -> Outcome {
        let rules: Vec<RuleRef> = rules.iter().map(|name| named(name)).collect();
        self.handle(&look_message(&rules, &format!("scan-{minutes}")), minutes).await
    }

    /// Tells of a change of the rule, so many minutes later.
    async fn change(&self, rule: &str, minutes: u64) -> Outcome {
        let event = json!({
            "detail-type": "AWS API Call via CloudTrail", "source": "aws.events",
            "account": "111122223333", "region": "eu-west-1",
            "detail": {
                "eventSource": "events.amazonaws.com", "eventName": "PutTargets", "eventID": format!("e-{minutes}"),
                "eventTime": "2026-11-23T10:00:00Z", "requestParameters": {"rule": rule, "targets": []},
            },
        });
        self.handle(&event.to_string(), minutes).await
    }

    async fn handle(&self, message: &str, minutes: u64) -> Outcome {
        let guard = Guard {
            account: &self.fake,
            ledger: Some(&self.ledger),
            known: &self.known,
            catalogue: &Catalogue::embedded(),
            settings: &self.settings,
            home: &home(),
        };
        guard.handle(message, "attempt", Timestamp(NOW.0 + minutes * MINUTE)).await.unwrap()
    }

    fn versions(&self, rule: &str) -> Vec<Arc<str>> {
        self.fake.state().inventory.versions(&named(rule))
    }
}

fn named(rule: &str) -> RuleRef {
    RuleRef { bus: "default".into(), name: rule.into() }
}

/// Returns the findings of what is kept, without the account.
fn found(text: &str) -> Vec<String> {
    let kept = snapshot::read(text, "seen.json").unwrap();
    let mut inventory = kept.inventory.clone();
    let analysis = judge_with(&mut inventory, &Catalogue::embedded(), |need| kept.answer(need));
    analysis.findings.iter().map(|finding| finding.id.to_string()).collect()
}

#[tokio::test]
async fn an_incident_names_what_its_decision_rests_on() {
    let place = Place::of(Fake::with([looping("again"), harmless("beside")]), "enforce");
    place.change("again", 0).await;
    let incident = place.fake.state().alerts[0].incident.clone().unwrap();
    let basis = place.ledger.basis(&incident).await.unwrap().unwrap();
    let [kept] = place.versions("again").try_into().unwrap();
    assert_eq!((&*basis.version, basis.at), ("1", NOW));
    assert!(basis.object.ends_with("/inventory/default/again.json"), "{}", basis.object);
    assert_eq!(found(&kept), ["self-trigger:again"], "what it was, not what became of it");
    let told: Value = serde_json::from_str(&kept).unwrap();
    assert_eq!(told["taken_at"], NOW.to_string());
    assert_eq!(told["look"]["rule"], "default/again");
    assert_eq!(told["look"]["findings"][0]["verdict"], "loop");
    let hangs_on: Vec<&str> =
        told["look"]["hangs_on"].as_array().unwrap().iter().filter_map(Value::as_str).collect();
    assert_eq!(hangs_on, ["states:again"]);
    let rules: Vec<&Value> =
        told["accounts"][0]["rules"].as_array().unwrap().iter().map(|rule| &rule["Name"]).collect();
    assert_eq!(rules, ["again"], "rules that are not reached are left out");
}

#[tokio::test]
async fn only_what_is_otherwise_is_another_version() {
    let (function, role) = fixer();
    let fake = Fake::with([on_acl("close"), harmless("beside")]);
    fake.state().workloads.push(function);
    fake.state().roles.push(role);
    let place = Place::of(fake, "observe");
    place.look(&["close", "beside"], 0).await;
    place.look(&["close", "beside"], 10).await;
    assert_eq!((place.versions("close").len(), place.versions("beside").len()), (1, 1));
    let since = place.ledger.record(&named("close")).await.unwrap().unwrap().at;
    assert_eq!(since, NOW);
    // A rule that nobody reaches is nothing to either.
    place.fake.state().rules.insert("third".to_owned(), harmless("third"));
    place.look(&["close"], 20).await;
    assert_eq!(place.versions("close").len(), 1);
    place.fake.state().roles[0].attached_unread.push(Term::literal("arn:aws:iam::aws:policy/More"));
    place.look(&["close", "beside"], 30).await;
    let versions = place.versions("close");
    assert_eq!((versions.len(), place.versions("beside").len()), (2, 1));
    assert!(!versions[0].contains("policy/More") && versions[1].contains("policy/More"));
    let last = place.ledger.record(&named("close")).await.unwrap().unwrap();
    assert_eq!((&*last.version, last.at.0), ("2", NOW.0 + 30 * MINUTE));
}

/// The reason of a gap is the same each time, though each answer of AWS has an id of its own.
#[tokio::test]
async fn what_cannot_be_read_is_kept_with_its_reason() {
    let fake =
        Fake::with([on_acl("close")]).failing("GetFunctionConfiguration", "AccessDeniedException", false);
    let place = Place::of(fake, "observe");
    place.look(&["close"], 0).await;
    place.look(&["close"], 10).await;
    let [kept] = place.versions("close").try_into().unwrap();
    assert!(kept.contains("AccessDeniedException") && !kept.contains("req-1"), "{kept}");
    assert_eq!(found(&kept).len(), 1);
}

#[tokio::test]
async fn a_failure_to_keep_it_keeps_nothing_else_from_being_done() {
    let fake = Fake::with([looping("again"), harmless("beside")]).failing("PutObject", "AccessDenied", false);
    let place = Place::of(fake, "enforce");
    place.change("again", 0).await;
    place.look(&["beside"], 0).await;
    assert!(place.fake.disabled().contains("again"));
    assert_eq!(place.fake.count("PutObject"), 1, "it is not tried at once again");
    assert_eq!((place.known.take_unkept(), place.known.take_unkept()), (2, 0));
    place.fake.state().failing.clear();
    place.look(&["beside"], 2).await;
    assert_eq!((place.versions("beside").len(), place.known.take_unkept()), (1, 0));
}

#[tokio::test]
async fn without_a_bucket_nothing_is_kept() {
    let mut place = Place::of(Fake::with([looping("again")]), "enforce");
    place.settings.inventory = None;
    place.change("again", 0).await;
    assert_eq!(place.fake.count("PutObject"), 0);
    assert_eq!(place.ledger.record(&named("again")).await, Ok(None));
    assert!(place.fake.disabled().contains("again"));
}

/// A rule that reaches more than may be kept is told as one that is not kept.
#[tokio::test]
async fn what_is_too_large_is_not_kept() {
    let mut rule = looping("again");
    let targets = rule.targets.as_mut().unwrap();
    targets[0].parameters.insert("Input".into(), Term::literal(&"x".repeat(super::MOST_BYTES)));
    let place = Place::of(Fake::with([rule]), "enforce");
    place.change("again", 0).await;
    assert_eq!((place.fake.count("PutObject"), place.known.take_unkept()), (0, 1));
    assert!(place.fake.disabled().contains("again"));
}
