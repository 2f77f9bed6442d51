use super::{Braking, FunctionSeen, brake, braked_function};
use crate::fixtures::{hop, inventory, key, looping, place, rule, settings};
use crate::table::Brake;
use crate::{Mode, RuleRef, Scope, Settings};
use loopguard_analysis::{Catalogue, Finding, analyse};
use loopguard_model::{
    Connection, ConnectionKind, Inventory, Origin, Policy, Role, Rule, Target, Trails, Trigger, Workload,
};
use loopguard_pattern::{Term, json};
use std::collections::BTreeMap;
use std::sync::Arc;

const FUNCTION: &str = "arn:aws:lambda:eu-west-1:111122223333:function:fixer";

fn api() -> Origin {
    Origin::Api { operation: "test".into(), at: "".into() }
}

fn target(id: &str, arn: &str) -> Target {
    Target { id: id.into(), arn: Term::literal(arn), role: None, parameters: BTreeMap::new(), origin: api() }
}

fn managed(targets: &[Target]) -> Rule {
    Rule { managed_by: Some("svc.amazonaws.com".into()), targets: Some(targets.to_vec()), ..rule("a") }
}

/// What the API tells of a function that one rule runs.
fn seen() -> FunctionSeen {
    let statement = statement(r#""events.amazonaws.com""#, "arn:aws:events:eu-west-1:111122223333:rule/a");
    FunctionSeen {
        arn: FUNCTION.into(),
        role: "arn:aws:iam::111122223333:role/fixer".into(),
        reserved: Some(7),
        rules: [RuleRef { bus: "default".into(), name: "a".into() }].into(),
        policies: vec![policy(&statement)],
        ..FunctionSeen::default()
    }
}

fn statement(service: &str, source: &str) -> String {
    format!(
        r#"{{"Sid":"s","Effect":"Allow","Principal":{{"Service":{service}}},"Action":"lambda:InvokeFunction",
        "Resource":"{FUNCTION}","Condition":{{"ArnLike":{{"AWS:SourceArn":"{source}"}}}}}}"#
    )
}

fn policy(statements: &str) -> Arc<str> {
    format!(r#"{{"Version":"2012-10-17","Statement":[{statements}]}}"#).into()
}

fn stands(change: impl FnOnce(&mut FunctionSeen, &mut Inventory, &mut Settings)) -> (Brake, Vec<Arc<str>>) {
    let rule = managed(&[target("t", FUNCTION)]);
    let (mut function, mut inventory) = (seen(), inventory([rule.clone()]));
    let mut settings = settings(Mode::Enforce, Scope::all());
    change(&mut function, &mut inventory, &mut settings);
    brake(Some(&Braking::Seen(Box::new(function))), &rule, &inventory, &settings)
}

#[test]
fn what_one_rule_alone_runs_may_be_braked() {
    assert_eq!(stands(|_, _, _| {}), (Brake::Free, Vec::new()));
    // EventBridge may run it under a role, and then it has no policy.
    assert_eq!(stands(|function, _, _| function.policies.clear()).0, Brake::Free);
    let denied = statement(r#""sns.amazonaws.com""#, "arn:aws:sns:eu-west-1:111122223333:t");
    let denied = denied.replace("Allow", "Deny");
    assert_eq!(stands(|function, _, _| function.policies.push(policy(&denied))).0, Brake::Free);
}

/// Each way in which something else runs it, or may.
#[test]
fn what_something_else_runs_too_may_not() {
    let other = || RuleRef { bus: "orders".into(), name: "a".into() };
    let statements = [
        statement(r#""sns.amazonaws.com""#, "arn:aws:events:eu-west-1:111122223333:rule/a"),
        statement(r#""events.amazonaws.com""#, "arn:aws:events:eu-west-1:111122223333:rule/b"),
        statement(r#""events.amazonaws.com""#, "arn:aws:events:eu-west-1:111122223333:rule/*"),
        statement(r#"["events.amazonaws.com","s3.amazonaws.com"]"#, "arn:aws:events:eu-west-1:111122223333:rule/a"),
        r#"{"Effect":"Allow","Principal":{"Service":"events.amazonaws.com"},"Action":"lambda:InvokeFunction"}"#.to_owned(),
        r#"{"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::111122223333:root"},"Action":"lambda:*"}"#.to_owned(),
        r#"{"Effect":"Allow","Principal":"*","Action":"lambda:InvokeFunctionUrl"}"#.to_owned(),
    ];
    for statement in statements {
        let (brake, beside) = stands(|function, _, _| function.policies = vec![policy(&statement)]);
        assert_eq!((brake, beside.len()), (Brake::Shared, 1), "{statement}");
    }
    let (brake, beside) = stands(|function, _, _| function.rules.extend([other()]));
    assert_eq!((brake, &*beside), (Brake::Shared, ["rule orders/a".into()].as_slice()));
    let (brake, beside) = stands(|function, _, _| function.sources.extend(["its URL".into()]));
    assert_eq!((brake, &*beside), (Brake::Shared, ["its URL".into()].as_slice()));
    let qualified = Rule { targets: Some(vec![target("t", &format!("{FUNCTION}:live"))]), ..rule("b") };
    assert_eq!(stands(|_, inventory, _| inventory.rules.push(qualified)).1, ["rule default/b".into()]);
    let connection = Connection {
        kind: ConnectionKind::Subscription,
        name: "sub".into(),
        from: Some(Term::literal("arn:aws:sns:eu-west-1:111122223333:t")),
        to: target("t", FUNCTION),
        filters: Vec::new(),
        enabled: true,
        scope: place(),
        origin: api(),
    };
    assert_eq!(stands(|_, inventory, _| inventory.connections.push(connection)).0, Brake::Shared);
    let arn = Term::literal("arn:aws:states:eu-west-1:111122223333:stateMachine:m");
    let definition = format!(r#"{{"States":{{"S":{{"Parameters":["{FUNCTION}:1"]}}}}}}"#);
    let machine = Workload {
        definition: json::parse_strict(&definition).ok().map(Arc::new),
        ..Workload::new("AWS::StepFunctions::StateMachine", arn.clone(), arn, api())
    };
    assert_eq!(stands(|_, inventory, _| inventory.workloads.push(machine)).0, Brake::Shared);
    assert_eq!(stands(|function, _, _| function.policies.push("{".into())).0, Brake::Shared);
}

#[test]
fn what_was_not_read_may_be_anything() {
    let why = || vec![Arc::from("lambda:GetPolicy: AccessDenied")];
    assert_eq!(stands(|function, _, _| function.unread = why()), (Brake::Unread, why()));
    let unread = Braking::Unread { arn: FUNCTION.into(), why: why().swap_remove(0) };
    let rule = managed(&[target("t", FUNCTION)]);
    let settings = settings(Mode::Enforce, Scope::all());
    assert_eq!(brake(Some(&unread), &rule, &inventory([]), &settings), (Brake::Unread, why()));
    for none in [None, Some(&Braking::NoFunction)] {
        assert_eq!(brake(none, &rule, &inventory([]), &settings).0, Brake::NoFunction);
    }
}

#[test]
fn the_guards_own_functions_are_never_braked() {
    let role = |settings: &mut Settings| {
        settings.own_role_arn = Some("arn:aws:iam::111122223333:role/fixer".to_owned());
    };
    assert_eq!(stands(|_, _, settings| role(settings)).0, Brake::Own);
    let by_stack = stands(|function, _, settings| {
        settings.own_stack = Some("loopguard".to_owned());
        function.tags.insert("aws:cloudformation:stack-name".into(), "loopguard".into());
    });
    assert_eq!(by_stack.0, Brake::Own);
    let named = FUNCTION.replace("fixer", "loopguard-sentinel");
    assert_eq!(stands(|function, _, _| function.arn = named.into()).0, Brake::Own);
    assert_eq!(stands(|function, _, _| function.reserved = Some(0)).0, Brake::On);
}

/// A rule on `PutBucketAcl` whose function calls that, and perhaps another one that does.
fn acl_loop(targets: &[&str]) -> (Inventory, Vec<Finding>) {
    let pattern = r#"{"source":["aws.s3"],"detail-type":["AWS API Call via CloudTrail"],
        "detail":{"eventSource":["s3.amazonaws.com"],"eventName":["PutBucketAcl"]}}"#;
    let runs_as = "arn:aws:iam::111122223333:role/fixer";
    let document = r#"{"Statement":[{"Effect":"Allow","Action":"s3:PutBucketAcl","Resource":"*"}]}"#;
    let listed: Vec<Target> = targets.iter().map(|arn| target(arn, arn)).collect();
    let rule = Rule {
        trigger: Trigger::Pattern(Arc::new(loopguard_pattern::parse(pattern).unwrap())),
        ..managed(&listed)
    };
    let mut inventory = inventory([rule]);
    for arn in targets.iter().filter(|arn| arn.contains(":function:")) {
        let whole = arn.trim_end_matches(":live");
        inventory.workloads.push(Workload {
            role: Some(Term::literal(runs_as)),
            ..Workload::new("AWS::Lambda::Function", Term::literal(whole), Term::literal(whole), api())
        });
    }
    inventory.roles.push(Role {
        arn: Term::literal(runs_as),
        name: Term::literal("fixer"),
        trust: None,
        policies: vec![Policy::from_value("inline", &json::parse_strict(document).unwrap(), api())],
        attached_unread: Vec::new(),
        boundary: None,
        boundary_unread: None,
        origin: api(),
    });
    inventory.trails = Some(Trails { logging: true, management_writes: true, ..Trails::default() });
    let findings = analyse(&inventory, &Catalogue::embedded()).findings;
    (inventory, findings)
}

#[test]
fn all_loops_have_to_go_through_one_function() {
    let of = |targets: &[&str]| {
        let (inventory, findings) = acl_loop(targets);
        braked_function(&inventory, &Catalogue::embedded(), &findings, &key("a"))
    };
    let queue = "arn:aws:sqs:eu-west-1:111122223333:work";
    assert_eq!(of(&[FUNCTION]).as_deref(), Some(FUNCTION));
    assert_eq!(of(&[&format!("{FUNCTION}:live"), queue]).as_deref(), Some(FUNCTION), "an alias");
    let other = FUNCTION.replace("fixer", "other");
    assert_eq!(of(&[FUNCTION, &other]), None, "it goes on through the other");
    let elsewhere = FUNCTION.replace("eu-west-1", "eu-west-2");
    assert_eq!(of(&[&elsewhere]), None);
}

/// A loop through something else than a function has nothing to be braked.
#[test]
fn a_loop_through_no_function_has_none() {
    let rule = managed(&[target("t", &hop("a").target.arn)]);
    let found = braked_function(&inventory([rule]), &Catalogue::embedded(), &[looping(&["a"])], &key("a"));
    assert_eq!(found, None);
}
