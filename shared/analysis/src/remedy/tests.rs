use crate::tests::build::{Build, Done, account, function_arn, role_arn};
use crate::{PolicyRemedy, Remedy, Verdict};
use loopguard_pattern::{matches, parse};

fn allow(action: &str, resource: &str) -> String {
    format!(r#"{{"Effect":"Allow","Action":"{action}","Resource":"{resource}"}}"#)
}

fn calls(source: &str, names: &str) -> String {
    format!(
        r#"{{"source":["{source}"],"detail-type":["AWS API Call via CloudTrail"],"detail":{{"eventName":[{names}]}}}}"#
    )
}

fn arn(name: &str) -> String {
    function_arn("eu-west-1", name)
}

fn only(done: &Done, rule: &str) -> Remedy {
    let finding = done.finding(rule);
    assert_eq!(finding.no_remedy, None);
    finding.remedies.first().cloned().expect("a remedy")
}

/// The account with the remedy applied to its rule.
fn applied(mut built: Build, remedy: &Remedy) -> Done {
    let pattern = parse(&remedy.pattern).expect("a valid pattern");
    let rules = &mut built.inventory.rules;
    let rule = rules.iter_mut().find(|rule| rule.key == remedy.rule).expect("the rule");
    rule.trigger = loopguard_model::Trigger::Pattern(std::sync::Arc::new(pattern));
    built.close()
}

#[test]
fn several_branches_keep_what_they_ask_for() {
    let pattern = r#"{"source":["aws.s3"],"detail-type":["AWS API Call via CloudTrail"],"$or":[{"detail":{"eventName":["PutBucketAcl"]}},{"detail":{"eventName":["PutBucketPolicy"],"awsRegion":["eu-west-1"]}}]}"#;
    let built = || account().rule("R", pattern, &arn("f")).function("f", &allow("s3:PutBucket*", "*"));
    let remedy = only(&built().close(), "R");
    assert_eq!(remedy.loses, "");
    assert_eq!(applied(built(), &remedy).verdict("R"), Verdict::None, "{}", remedy.pattern);
    let new = parse(&remedy.pattern).expect("a valid pattern");
    let event = |name: &str, identity: &str| {
        format!(
            r#"{{"source":"aws.s3","detail-type":"AWS API Call via CloudTrail","detail":{{"eventName":"{name}","awsRegion":"eu-west-1","userIdentity":{identity}}}}}"#
        )
    };
    let by = |role: &str| format!(r#"{{"sessionContext":{{"sessionIssuer":{{"arn":"{role}"}}}}}}"#);
    for name in ["PutBucketAcl", "PutBucketPolicy"] {
        assert_eq!(matches(&new, &event(name, r#"{"type":"Root"}"#)), Ok(true));
        assert_eq!(matches(&new, &event(name, &by(&role_arn("other")))), Ok(true));
        assert_eq!(matches(&new, &event(name, &by(&role_arn("f")))), Ok(false));
    }
}

#[test]
fn two_callers_are_left_out_together() {
    let built = || {
        account()
            .rule_on("default", "R", &calls("aws.s3", r#""PutBucketAcl""#), &[&arn("f"), &arn("g")])
            .function("f", &allow("s3:PutBucketAcl", "*"))
            .function("g", &allow("s3:PutBucketAcl", "*"))
    };
    let remedy = only(&built().close(), "R");
    assert!(remedy.pattern.contains("role/f") && remedy.pattern.contains("role/g"), "{}", remedy.pattern);
    assert_eq!(remedy.loses, "");
    assert_eq!(applied(built(), &remedy).verdict("R"), Verdict::None);
}

#[test]
fn a_condition_that_is_there_grows() {
    let pattern = calls("aws.s3", r#""PutBucketAcl""#).replace(
        r#""eventName""#,
        r#""userIdentity":{"sessionContext":{"sessionIssuer":{"arn":[{"anything-but":["arn:aws:iam::111122223333:role/x"]}]}}},"eventName""#,
    );
    let built = || account().rule("R", &pattern, &arn("f")).function("f", &allow("s3:PutBucketAcl", "*"));
    let remedy = only(&built().close(), "R");
    assert!(remedy.pattern.contains("role/x") && !remedy.pattern.contains("$or"), "{}", remedy.pattern);
    assert_eq!(applied(built(), &remedy).verdict("R"), Verdict::None);
}

#[test]
fn where_no_caller_is_known_the_resource_tells() {
    let pattern = r#"{"source":["aws.s3"],"detail-type":["Object Created"]}"#;
    let built = || {
        account().rule("R", pattern, &arn("f")).function("f", &allow("s3:PutObject", "arn:aws:s3:::out/*"))
    };
    let remedy = only(&built().close(), "R");
    assert!(remedy.pattern.contains("out") && remedy.loses.contains("whoever"), "{remedy:?}");
    assert_eq!(applied(built(), &remedy).verdict("R"), Verdict::None);
}

#[test]
fn what_few_things_share_is_left_out_before_what_many_do() {
    let pattern = r#"{"source":["aws.s3"],"detail-type":["Object Created"]}"#;
    let built = || {
        account()
            .rule("R", pattern, &arn("f"))
            .function("f", &allow("s3:PutObject", "arn:aws:s3:::files/out/*"))
    };
    let remedy = only(&built().close(), "R");
    assert!(remedy.pattern.contains("out/") && !remedy.pattern.contains("files"), "{remedy:?}");
    assert!(remedy.loses.contains("`detail.object.key`"), "{remedy:?}");
    assert_eq!(applied(built(), &remedy).verdict("R"), Verdict::None);
}

#[test]
fn what_others_of_the_role_lose_is_told_once() {
    let machine = "arn:aws:states:eu-west-1:111122223333:stateMachine:m";
    let project = "arn:aws:codebuild:eu-west-1:111122223333:project/b";
    let done = account()
        .rule("R", &calls("aws.s3", r#""PutBucketAcl""#), machine)
        .workload("AWS::StepFunctions::StateMachine", machine, "m", Some("f"))
        .workload("AWS::CodeBuild::Project", project, "b", Some("f"))
        .role("f", &allow("s3:PutBucketAcl", "*"))
        .close();
    assert_eq!(only(&done, "R").loses, "the calls of others that use the role");
}

#[test]
fn where_nothing_can_be_proved_the_reason_is_told() {
    let pattern = r#"{"source":[{"suffix":"orders"}]}"#;
    let done = account().rule("R", pattern, &arn("f")).function("f", &allow("events:PutEvents", "*")).close();
    let finding = done.finding("R");
    assert!(finding.remedies.is_empty() && finding.policy_remedies.is_empty());
    assert!(finding.no_remedy.as_ref().is_some_and(|why| why.contains("`events:source`")), "{finding:?}");
    let native =
        r#"{"source":["aws.s3"],"detail-type":["Object Created"],"detail":{"bucket":{"name":["in"]}}}"#;
    let done = account()
        .rule("R", native, &arn("f"))
        .function("f", &allow("s3:PutObject", "arn:aws:s3:::in/*"))
        .close();
    let why = done.finding("R").no_remedy.clone().expect("a reason");
    assert!(why.contains("carry no caller"), "{why}");
}

#[test]
fn rings_are_cut_at_one_rule() {
    let built = || {
        account()
            .rule("A", &calls("aws.s3", r#""PutBucketAcl""#), &arn("f"))
            .function("f", &allow("s3:PutBucketPolicy", "*"))
            .rule("B", &calls("aws.s3", r#""PutBucketPolicy""#), &arn("g"))
            .function("g", &allow("s3:PutBucketAcl", "*"))
    };
    let done = built().close();
    assert_eq!(done.analysis.findings.len(), 1);
    let remedy = only(&done, "A");
    let after = applied(built(), &remedy);
    assert_eq!((after.verdict("A"), after.verdict("B")), (Verdict::None, Verdict::None));
}

#[test]
fn rules_that_lead_into_a_loop_are_its_entries() {
    let done = account()
        .rule("A", &calls("aws.s3", r#""PutBucketAcl""#), &arn("f"))
        .function("f", &allow("s3:PutBucketAcl", "*"))
        .rule("Entry", &calls("aws.ec2", r#""RunInstances""#), &arn("g"))
        .function("g", &allow("s3:PutBucketAcl", "*"))
        .rule("Apart", &calls("aws.ec2", r#""RunInstances""#), &arn("h"))
        .function("h", &allow("s3:PutBucketPolicy", "*"))
        .close();
    let names: Vec<[&str; 2]> =
        done.finding("A").entered_from.iter().map(|entry| [&*entry.from.id, &*entry.to.id]).collect();
    assert_eq!(names, [["Entry", "A"]]);
}

#[test]
fn a_component_of_many_broad_rules_has_a_finding_per_rule_at_most() {
    let rules = 160;
    let mut built = account();
    for at in 0..rules {
        let name = format!("f{at}");
        built = built.rule(&format!("R{at}"), &calls("aws.s3", r#""PutBucketAcl""#), &arn(&name));
        built = built.function(&name, &allow("s3:*", "*"));
    }
    let analysis = built.close().analysis;
    assert!(analysis.findings.len() <= rules, "{}", analysis.findings.len());
    assert!(analysis.rules.iter().all(|rule| rule.verdict == Verdict::Loop));
    for finding in &analysis.findings {
        assert!(finding.hops.len() == 1 && finding.remedies.is_empty(), "{}", finding.id);
        let why = finding.no_remedy.as_ref().expect("a reason");
        assert!(why.starts_with("160 rules are in cycles with each other"), "{why}");
        assert_eq!(finding.entered_from.len(), crate::MOST_ENTRIES);
    }
}

/// Small accounts from a number: every proved remedy ends its rule's loop, and takes no event of anybody else.
#[test]
fn proved_remedies_hold_on_many_small_accounts() {
    let names = ["PutBucketAcl", "PutBucketPolicy", "PutBucketTagging"];
    let actions = ["s3:PutBucketAcl", "s3:PutBucketPolicy", "s3:PutBucket*", "s3:*", "ec2:RunInstances"];
    let mut proved = 0;
    let mut state: u64 = 7;
    let mut pick = |of: usize| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(state >> 33).expect("small") % of
    };
    for _ in 0..40 {
        let rules = 1 + pick(3);
        let mut parts = Vec::new();
        for at in 0..rules {
            let listed: Vec<String> =
                names.iter().filter(|_| pick(2) == 0).map(|name| format!("\"{name}\"")).collect();
            let listed = if listed.is_empty() { "\"PutBucketAcl\"".to_owned() } else { listed.join(",") };
            parts.push((at, calls("aws.s3", &listed), pick(rules), actions[pick(actions.len())]));
        }
        let built = || {
            let mut built = account();
            for (at, pattern, function, action) in &parts {
                built = built
                    .rule(&format!("R{at}"), pattern, &arn(&format!("f{function}")))
                    .function(&format!("f{at}"), &allow(action, "*"));
            }
            built
        };
        let done = built().close();
        for finding in &done.analysis.findings {
            let none = finding.no_remedy.is_some();
            assert_eq!(finding.remedies.len() + finding.policy_remedies.len() + usize::from(none), 1);
            for remedy in &finding.remedies {
                proved += 1;
                let after = applied(built(), remedy);
                assert_eq!(after.verdict(&remedy.rule.id), Verdict::None, "{parts:?}\n{}", remedy.pattern);
                if !remedy.loses.is_empty() {
                    continue;
                }
                let rule = done.inventory.rules.iter().find(|rule| rule.key == remedy.rule).expect("it");
                let old = rule.trigger.pattern().expect("a pattern");
                let new = parse(&remedy.pattern).expect("a pattern");
                for name in names {
                    for identity in [
                        r#"{"type":"Root"}"#.to_owned(),
                        r#"{"type":"IAMUser","arn":"arn:aws:iam::111122223333:user/u"}"#.to_owned(),
                        format!(
                            r#"{{"sessionContext":{{"sessionIssuer":{{"arn":"{}"}}}}}}"#,
                            role_arn("somebody-else")
                        ),
                    ] {
                        let event = format!(
                            r#"{{"source":"aws.s3","detail-type":"AWS API Call via CloudTrail","detail":{{"eventName":"{name}","userIdentity":{identity}}}}}"#
                        );
                        assert_eq!(
                            matches(old, &event),
                            matches(&new, &event),
                            "{event}\n{}",
                            remedy.pattern
                        );
                    }
                }
            }
        }
    }
    assert!(proved > 10, "{proved}");
}

/// The account with the condition put into the statements of its roles.
fn limited(mut built: Build, remedy: &PolicyRemedy) -> Done {
    for role in built.inventory.roles.iter_mut().filter(|role| remedy.roles.contains(&role.arn)) {
        for statement in role.policies.iter_mut().flat_map(|policy| &mut policy.statements) {
            statement.conditions.push(loopguard_model::Condition {
                operator: remedy.operator.clone(),
                key: remedy.key.clone(),
                values: remedy.values.clone(),
            });
        }
    }
    built.close()
}

#[test]
fn a_role_is_kept_from_the_events_that_close_the_loop() {
    let pattern = r#"{"source":["orders"],"detail-type":["Placed",{"prefix":"Paid"}]}"#;
    let built = || account().rule("R", pattern, &arn("f")).function("f", &allow("events:PutEvents", "*"));
    let done = built().close();
    let finding = done.finding("R");
    assert_eq!((finding.remedies.len(), &finding.no_remedy), (0, &None));
    let [remedy] = finding.policy_remedies.as_slice() else { panic!("{finding:?}") };
    assert_eq!((&*remedy.operator, &*remedy.key), ("StringNotLike", "events:detail-type"));
    let values: Vec<String> = remedy.values.iter().map(ToString::to_string).collect();
    assert_eq!(values, ["Placed", "Paid*"]);
    // It is all that the role puts, and other rules may hear it too.
    assert!(
        remedy.loses.starts_with("every event with detail-type `Placed`, `Paid*` that"),
        "{}",
        remedy.loses
    );
    assert_eq!(remedy.statements.len(), 1);
    assert_eq!(limited(built(), remedy).verdict("R"), Verdict::None);
}

#[test]
fn a_pattern_that_lists_sources_alone_is_kept_from_by_source_and_for_all_who_put_such_events() {
    let pattern = r#"{"source":["orders","payments"]}"#;
    let built = || {
        account()
            .rule_on("default", "R", pattern, &[&arn("f"), &arn("g")])
            .function("f", &allow("events:*", "*"))
            .function("g", &allow("events:PutEvents", "*"))
    };
    let done = built().close();
    let [remedy] = done.finding("R").policy_remedies.as_slice() else { panic!("{:?}", done.finding("R")) };
    assert_eq!((&*remedy.operator, &*remedy.key), ("StringNotEquals", "events:source"));
    assert_eq!((remedy.roles.len(), remedy.statements.len()), (2, 2));
    assert_eq!(limited(built(), remedy).verdict("R"), Verdict::None);
}

#[test]
fn a_pattern_that_lists_neither_is_not_kept_from_by_a_condition() {
    for pattern in [r#"{"detail":{"id":[1]}}"#, r#"{"source":[{"anything-but":["aws.x"]}]}"#] {
        let done =
            account().rule("R", pattern, &arn("f")).function("f", &allow("events:PutEvents", "*")).close();
        let finding = done.finding("R");
        assert!(finding.policy_remedies.is_empty() && finding.no_remedy.is_some(), "{finding:?}");
    }
}
