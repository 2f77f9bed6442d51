//! State machines.

use super::{Scan, calls, role, rule, scan};
use loopguard_analysis::{Certainty, Gain, Verdict};

/// A machine under role `Work` with a definition.
fn machine(definition: &str) -> String {
    format!(
        "  Machine:\n    Type: AWS::StepFunctions::StateMachine\n    Properties:\n      RoleArn: !GetAtt Work.Arn\n      Definition: {definition}\n"
    )
}

fn task(resource: &str, parameters: &str, next: &str) -> String {
    format!("{{Type: Task, Resource: 'arn:aws:states:::{resource}', Parameters: {{{parameters}}}, {next}}}")
}

/// A rule on `pattern` that starts a machine whose role may do anything.
fn runs(pattern: &str, definition: &str) -> Scan {
    runs_as(pattern, definition, &role("Work", "'*'", "*"))
}

fn runs_as(pattern: &str, definition: &str, work: &str) -> Scan {
    let delivery = role("Delivery", "states:StartExecution", "*");
    scan(&[rule("R", pattern, "!Ref Machine"), machine(definition), delivery, work.to_owned()].concat())
}

const ACL: &str = "aws-sdk:s3:putBucketAcl";

fn on_acl() -> String {
    calls("aws.s3", "PutBucketAcl")
}

#[test]
fn a_call_on_every_path_is_declared_and_sure() {
    let definition = format!("{{StartAt: A, States: {{A: {}}}}}", task(ACL, "Bucket: b", "End: true"));
    let scan = runs(&on_acl(), &definition);
    scan.is_declared_loop("R");
    assert_eq!(scan.gain("R"), Gain::Each);
    assert!(scan.notes("R").contains("state `A`"), "{}", scan.notes("R"));
}

#[test]
fn what_the_role_allows_and_the_definition_does_not_do_does_not_matter() {
    let definition = format!(
        "{{StartAt: A, States: {{A: {}}}}}",
        task("aws-sdk:s3:getBucketAcl", "Bucket: b", "End: true")
    );
    runs(&on_acl(), &definition).is("R", Verdict::None);
}

#[test]
fn a_refused_call_is_an_event_too() {
    let definition = format!("{{StartAt: A, States: {{A: {}}}}}", task(ACL, "Bucket: b", "End: true"));
    let work = role("Work", "s3:GetObject", "*");
    runs_as(&on_acl(), &definition, &work).is_declared_loop("R");
    let success = on_acl().replace("detail: {", "detail: {errorCode: [{exists: false}], ");
    runs_as(&success, &definition, &work).is("R", Verdict::None);
}

#[test]
fn behind_a_choice_a_call_is_not_sure() {
    let call = task(ACL, "Bucket: b", "End: true");
    let definition = format!(
        "{{StartAt: C, States: {{C: {{Type: Choice, Choices: [{{Variable: $.detail.userIdentity.invokedBy, IsPresent: true, Next: A}}], Default: Z}}, A: {call}, Z: {{Type: Succeed}}}}}}"
    );
    let scan = runs(&on_acl(), &definition);
    scan.is_declared_loop("R");
    assert_eq!(scan.gain("R"), Gain::Sometimes);
    assert!(scan.notes("R").contains("may be guarded: choice `C`"), "{}", scan.notes("R"));
}

#[test]
fn two_equal_calls_are_many() {
    let definition = format!(
        "{{StartAt: A, States: {{A: {}, B: {}}}}}",
        task(ACL, "Bucket: b", "Next: B"),
        task(ACL, "Bucket: b", "End: true")
    );
    assert_eq!(runs(&on_acl(), &definition).gain("R"), Gain::Many);
}

#[test]
fn nested_calls_are_found() {
    let inner = format!("{{StartAt: A, States: {{A: {}}}}}", task(ACL, "Bucket: b", "End: true"));
    for (definition, gain) in [
        (
            format!(
                "{{StartAt: P, States: {{P: {{Type: Parallel, Branches: [{inner}, {inner}], End: true}}}}}}"
            ),
            Gain::Many,
        ),
        (
            format!(
                "{{StartAt: M, States: {{M: {{Type: Map, ItemsPath: $.x, Iterator: {inner}, End: true}}}}}}"
            ),
            Gain::Sometimes,
        ),
        (
            format!(
                "{{QueryLanguage: JSONata, StartAt: M, States: {{M: {{Type: Map, Items: [1, 2], ItemProcessor: {inner}, End: true}}}}}}"
            ),
            Gain::Many,
        ),
    ] {
        let scan = runs(&on_acl(), &definition);
        scan.is_declared_loop("R");
        assert_eq!(scan.gain("R"), gain, "{definition}");
    }
}

#[test]
fn constants_tell_buckets_and_prefixes_apart() {
    let pattern = "{source: [aws.s3], detail-type: [Object Created], detail: {bucket: {name: [data]}, object: {key: [{prefix: in/}]}}}";
    for (parameters, verdict) in [
        ("Bucket: data, Key: in/x", Verdict::Loop),
        ("Bucket: data, Key: out/x", Verdict::None),
        ("Bucket: other, Key: in/x", Verdict::None),
        ("Bucket: data, Key.$: $.any", Verdict::Loop),
        ("Bucket: data, Key.$: \"States.Format('out/{}', $.x)\"", Verdict::None),
        ("Bucket: data, Key.$: \"States.Format('in/{}', $.x)\"", Verdict::Loop),
    ] {
        let definition = format!(
            "{{StartAt: A, States: {{A: {}}}}}",
            task("aws-sdk:s3:putObject", parameters, "End: true")
        );
        runs(pattern, &definition).is("R", verdict);
    }
}

#[test]
fn events_that_are_put_have_the_entries_source() {
    let entry = |source: &str| {
        task(
            "events:putEvents",
            &format!("Entries: [{{Source: {source}, DetailType: d, Detail: {{}}}}]"),
            "End: true",
        )
    };
    let pattern = "{source: [orders]}";
    let of = |source: &str| format!("{{StartAt: A, States: {{A: {}}}}}", entry(source));
    let scan = runs(pattern, &of("orders"));
    scan.is_declared_loop("R");
    assert_eq!(scan.gain("R"), Gain::Each);
    runs(pattern, &of("other")).is("R", Verdict::None);
}

#[test]
fn what_a_task_calls_goes_on() {
    let definition = "{StartAt: A, States: {A: {Type: Task, Resource: !GetAtt F.Arn, End: true}}}";
    let function = "  F:\n    Type: AWS::Lambda::Function\n    Properties: {Role: !GetAtt FRole.Arn}\n";
    let all = |actions: &str| {
        scan(
            &[
                rule("R", &on_acl(), "!Ref Machine"),
                machine(definition),
                role("Delivery", "states:StartExecution", "*"),
                role("Work", "lambda:InvokeFunction", "*"),
                function.to_owned(),
                role("FRole", actions, "*"),
            ]
            .concat(),
        )
    };
    let found = all("s3:PutBucketAcl");
    assert_eq!(found.verdict("R"), (Verdict::Loop, Some(Certainty::Permitted)), "{}", found.reasons("R"));
    all("s3:GetObject").is("R", Verdict::None);
}

#[test]
fn what_is_behind_is_unknown_and_says_so() {
    for (task, words) in [
        ("{Type: Task, Resource: 'arn:aws:states:::http:invoke', End: true}", "HTTP endpoint"),
        ("{Type: Task, Resource: 'arn:aws:states:eu-west-1:111122223333:activity:a', End: true}", "activity"),
        (
            "{Type: Task, Resource: 'arn:aws:lambda:eu-west-1:111122223333:function:gone', End: true}",
            "was not read",
        ),
        (
            "{Type: Task, Resource: 'arn:aws:states:::aws-sdk:lookoutvision:startModel', End: true}",
            "catalogue",
        ),
    ] {
        let scan = runs(&on_acl(), &format!("{{StartAt: A, States: {{A: {task}}}}}"));
        scan.is("R", Verdict::Unknown);
        assert!(scan.reasons("R").contains(words), "{}", scan.reasons("R"));
    }
}

#[test]
fn what_is_not_understood_falls_back_on_the_role() {
    for definition in [
        "{StartAt: A, States: {A: {Type: Quantum, End: true}}}",
        "{StartAt: A, States: {A: {Type: Task, Resource: !Ref Other, End: true}}}",
        "{States: {A: {Type: Succeed}}}",
        "{StartAt: A, States: {A: {Type: Pass, Next: Gone}}}",
        "{}",
        "{StartAt: A, States: {}}",
    ] {
        let scan = runs_as(&on_acl(), definition, &role("Work", "s3:PutBucketAcl", "*"));
        assert_eq!(scan.verdict("R"), (Verdict::Loop, Some(Certainty::Permitted)), "{definition}");
    }
}

#[test]
fn other_credentials_make_another_caller() {
    let with = |role: &str| {
        format!(
            "{{StartAt: A, States: {{A: {{Type: Task, Resource: 'arn:aws:states:::{ACL}', Parameters: {{Bucket: b}}, Credentials: {{RoleArn: 'arn:aws:iam::111122223333:role/{role}'}}, End: true}}}}}}"
        )
    };
    let guard = on_acl().replace(
        "detail: {",
        "detail: {userIdentity: {sessionContext: {sessionIssuer: {arn: [{anything-but: 'arn:aws:iam::111122223333:role/other'}]}}}, ",
    );
    runs(&guard, &with("other")).is("R", Verdict::None);
    runs(&guard, &with("another")).is_declared_loop("R");
}

#[test]
fn a_constant_of_the_request_makes_a_pattern_on_it_sure() {
    let definition = format!("{{StartAt: A, States: {{A: {}}}}}", task(ACL, "Bucket: b", "End: true"));
    let on = |bucket: &str| {
        on_acl().replace("detail: {", &format!("detail: {{requestParameters: {{bucketName: [{bucket}]}}, "))
    };
    let scan = runs(&on("b"), &definition);
    scan.is_declared_loop("R");
    assert_eq!(scan.gain("R"), Gain::Each);
    runs(&on("c"), &definition).is("R", Verdict::None);
}

#[test]
fn behind_a_refused_call_nothing_is_sure() {
    let definition = format!(
        "{{StartAt: A, States: {{A: {}, B: {}}}}}",
        task("aws-sdk:ec2:createTags", "", "Next: B"),
        task(ACL, "Bucket: b", "End: true")
    );
    let scan = runs_as(&on_acl(), &definition, &role("Work", "s3:PutBucketAcl", "*"));
    scan.is_declared_loop("R");
    assert_eq!(scan.gain("R"), Gain::Sometimes);
    let scan = runs_as(&on_acl(), &definition, &role("Work", "[s3:PutBucketAcl, ec2:CreateTags]", "*"));
    assert_eq!(scan.gain("R"), Gain::Each);
    // The refused call itself is made.
    let scan = runs_as(&calls("aws.ec2", "CreateTags"), &definition, &role("Work", "s3:PutBucketAcl", "*"));
    scan.is_declared_loop("R");
    assert_eq!(scan.gain("R"), Gain::Each);
}

#[test]
fn waiting_for_the_end_of_a_job_asks_for_it() {
    let parameters = "StateMachineArn: 'arn:aws:states:eu-west-1:111122223333:stateMachine:other'";
    let definition = format!(
        "{{StartAt: A, States: {{A: {}}}}}",
        task("states:startExecution.sync:2", parameters, "End: true")
    );
    let pattern = calls("aws.states", "DescribeExecution");
    let all = rule("R", &pattern, "!Ref Machine")
        .replace("EventPattern", "State: ENABLED_WITH_ALL_CLOUDTRAIL_MANAGEMENT_EVENTS\n      EventPattern");
    let common = [machine(&definition), role("Delivery", "'*'", "*"), role("Work", "'*'", "*")].concat();
    scan(&(all + &common)).is_declared_loop("R");
}
