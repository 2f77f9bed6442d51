//! Findings and rules for tests.

use crate::{Change, Held, Mode, RuleRef, Scope, Settings, Timestamp, View};
use loopguard_analysis::{
    Certainty, Code, Emits, EventWitness, Finding, Gain, Hop, HopOrigins, HopTarget, Status, Verdict,
};
use loopguard_model::{Inventory, Origin, Rule, RuleKey, RuleState, Scope as Place, Trigger};
use loopguard_pattern::Term;

pub(crate) const NOW: Timestamp = Timestamp(1_700_000_000_000);

pub(crate) fn place() -> Place {
    let [partition, account, region] = ["aws", "111122223333", "eu-west-1"].map(Term::literal);
    Place { partition, account, region }
}

fn api() -> Origin {
    Origin::Api { operation: "events:DescribeRule".into(), at: "".into() }
}

pub(crate) fn key(name: &str) -> RuleKey {
    RuleKey { bus: "default".into(), source: "111122223333/eu-west-1".into(), id: name.into() }
}

pub(crate) fn rule(name: &str) -> Rule {
    Rule {
        key: key(name),
        path: format!("arn:aws:events:eu-west-1:111122223333:rule/{name}").into(),
        name: Term::literal(name),
        bus: Term::literal("default"),
        scope: place(),
        state: RuleState::Enabled,
        trigger: Trigger::Schedule("rate(1 day)".into()),
        targets: Some(Vec::new()),
        managed_by: None,
        tags: std::collections::BTreeMap::new(),
        origin: api(),
    }
}

pub(crate) fn hop(rule: &str) -> Hop {
    Hop {
        rule: key(rule),
        target: HopTarget {
            id: "t".into(),
            arn: "arn:aws:ecs:eu-west-1:111122223333:cluster/c".into(),
            kind: "ecs".into(),
        },
        via: Vec::new(),
        action: "ecs:RunTask".into(),
        caller: None,
        emits: Emits {
            source: "aws.ecs".into(),
            detail_type: "ECS Task State Change".into(),
            event_name: None,
        },
        certainty: Certainty::Declared,
        gain: Gain::Each,
        status: Status::Live,
        witness: Some(EventWitness { event: r#"{"source":"aws.ecs"}"#.into(), assignment: Vec::new() }),
        origins: HopOrigins {
            rule: api(),
            target: api(),
            call: None,
            policy: None,
            statement: None,
            because: None,
        },
        note: String::new(),
    }
}

/// A loop through these rules, every hop declared.
pub(crate) fn looping(rules: &[&str]) -> Finding {
    let code = if rules.len() == 1 { Code::SelfTrigger } else { Code::MultiRuleLoop };
    Finding {
        id: format!("{code}:{}", rules.join(",")).into(),
        code,
        verdict: Verdict::Loop,
        certainty: Some(Certainty::Declared),
        rules: rules.iter().map(|name| key(name)).collect(),
        hops: rules.iter().map(|name| hop(name)).collect(),
        entered_from: Vec::new(),
        remedies: Vec::new(),
        policy_remedies: Vec::new(),
        no_remedy: None,
        gaps: Vec::new(),
    }
}

pub(crate) fn inventory(rules: impl IntoIterator<Item = Rule>) -> Inventory {
    let mut inventory = Inventory::new(place());
    inventory.rules.extend(rules);
    inventory
}

pub(crate) fn change(rule: &str) -> Change {
    Change {
        rule: key(rule),
        call: "PutTargets".into(),
        by: "arn:aws:iam::111122223333:user/deployer".into(),
        event_id: "e-1".into(),
        at: "2023-11-14T22:13:05Z".into(),
        opens: true,
        removable: Vec::new(),
        braking: std::collections::BTreeMap::new(),
        shown: None,
    }
}

pub(crate) fn settings(mode: Mode, scope: Scope) -> Settings {
    Settings {
        mode,
        scope,
        topic_arn: None,
        event_bus: None,
        own_stack: None,
        own_role_arn: None,
        unprotected: Scope::nothing(),
        table: None,
        inventory: None,
        queue_url: None,
        brakes: crate::Brakes::Off,
        cap: 2,
        max_reads: 10,
        watch: crate::Watching::unsaid(),
        budget_topic_arn: None,
        selftest_arn: None,
    }
}

/// What a ledger without entries says of the rules.
pub(crate) fn held(rules: &[&str]) -> Held {
    rules.iter().map(|name| (RuleRef::of(&rule(name)), View::default())).collect()
}
