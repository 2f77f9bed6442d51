//! The real sentinel beside the real guard: a loop that only a permission shows runs, is suspected, watched and stopped.

mod interrupted;
mod minutes;
mod shown;
mod standing;

use super::site::actions;
use super::{Guarded, LONG, TABLE};
use crate::lab::access_list_rule;
use crate::lab::harness::function::{Deployment, Function};
use crate::lab::harness::{ACCOUNT, wait_for};
use crate::workspace;
use serde_json::{Value, json};

const RULE: &str = "close-bucket";

/// Deploys the sentinel with what `permissions.toml` gives it and nothing besides, and these settings.
pub(super) fn sentinel(account: &Guarded, name: &str, more: &[(&str, &str)]) -> Function {
    let aws = &account.aws;
    // The lab's ministack asks for the operation's own name; AWS for `budgets:ModifyBudget`.
    let mut actions = actions(&["both", "sentinel", "tripwires", "budgets"]);
    actions.push("budgets:CreateBudget".to_owned());
    let may = json!([{"Effect": "Allow", "Action": actions, "Resource": "*"}]);
    let role = aws.role(name, &json!({"AWS": "*"}), &may);
    let topic = aws.topic("loopguard-alerts");
    let settings = [
        ("LOOPGUARD_MODE", "enforce"),
        ("LOOPGUARD_SCOPE", "*"),
        ("LOOPGUARD_TABLE", TABLE),
        ("LOOPGUARD_QUEUE_URL", &account.changes.url),
        ("LOOPGUARD_TOPIC_ARN", &topic),
        ("LOOPGUARD_BUDGET_TOPIC_ARN", &topic),
        ("LOOPGUARD_TRIPWIRES", "on-suspicion"),
    ];
    let environment: Vec<(&str, &str)> = settings.iter().chain(more).copied().collect();
    Function::idle(
        &account.lab,
        &Deployment {
            name: "loopguard-sentinel",
            program: &workspace::binary("sentinel"),
            arguments: &[],
            credentials: aws.assume_role(&role, name),
            environment: &environment,
            queue: account.changes.clone(),
        },
    )
}

fn tripwires(account: &Guarded) -> Vec<Value> {
    let asked = json!({"NamePrefix": "loopguard-tripwire-"});
    account.aws.events("ListRules", &asked)["Rules"].as_array().unwrap().clone()
}

/// The loop runs for real. That it has run for a while is written into CloudWatch, so that nobody has to wait for that.
#[test]
fn a_permitted_loop_that_runs_is_suspected_watched_and_stopped() {
    let Some(account) = Guarded::deploy("the sentinel on a loop that runs", "enforce") else { return };
    let rule_arn = access_list_rule(&account.lab, RULE);
    account.aws.put_bucket_acl("watched", "private");
    account.alert("refused", RULE);
    account.leaves(RULE, &rule_arn);
    for minutes_ago in 2..20 {
        account.aws.measure("TriggeredRules", Some(RULE), minutes_ago, 600);
        account.aws.measure("InvocationsCreated", None, minutes_ago, 600);
    }

    // Suspected: somebody is told, a budget is there, and a tripwire for the loop's one hop.
    let watching = sentinel(&account, "loopguard-sentinel", &[]);
    let round = watching.ask(&json!({"loopguard": "watch"})).unwrap();
    assert_eq!(round["begun"].as_array().unwrap().len(), 1, "{round}");
    account.alert("suspected", RULE);
    let budgets = account.aws.budgets("DescribeBudgets", &json!({"AccountId": ACCOUNT}));
    let name = budgets["Budgets"][0]["BudgetName"].as_str();
    assert!(name.is_some_and(|name| name.starts_with("loopguard-close-bucket-")), "{budgets}");
    let made = tripwires(&account);
    assert_eq!(made.len(), 1, "{made:?}");
    let pattern = made[0]["EventPattern"].as_str().unwrap();
    assert!(pattern.contains("assumed-role/close-bucket-runs/close-bucket"), "{pattern}");

    // Watched: what the tripwire catches reaches the ledger through the guard.
    let suspicion = round["begun"][0].as_str().unwrap();
    let seen = || {
        let seen = account.aws.ledger_items(TABLE, &format!("sighting {suspicion}"));
        (seen.len() >= 3).then_some(seen)
    };
    let seen = wait_for(LONG, seen).expect("three events of the loop's own");
    assert!(seen.iter().all(|item| item["tripwire"]["S"] == made[0]["Name"]), "{seen:?}");
    assert_eq!(account.aws.rule_state(RULE), "ENABLED", "that takes windows of minutes to show");

    // The owner's ceiling does not wait for that: the guard is told, and acts.
    let ceiling = [("LOOPGUARD_CEILING", "100"), ("LOOPGUARD_CEILING_MINUTES", "2")];
    let strict = sentinel(&account, "loopguard-strict", &ceiling);
    let round = strict.ask(&json!({"loopguard": "watch"})).unwrap();
    assert_eq!(round["shown"][0], suspicion, "{round}");
    account.stops(RULE, &rule_arn);

    // Over: nothing that was made for it stays but the budget.
    let round = strict.ask(&json!({"loopguard": "watch"})).unwrap();
    assert_eq!(round["ended"][0], suspicion, "{round}");
    account.alert("calm", RULE);
    assert!(tripwires(&account).is_empty());
    assert!(account.aws.ledger_items(TABLE, "suspicion").is_empty());
}
