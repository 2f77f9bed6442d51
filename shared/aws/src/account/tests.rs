use crate::AwsAccount;
use crate::replay::{Call, Replay, account_at};
use loopguard_account::{Account, Alert};
use loopguard_analysis::{Certainty, Code, Verdict};
use loopguard_decision::{AlertChange, Mode, Refusal, Step, Timestamp, Urgency};
use loopguard_model::{Facts, Need, RuleState, Trigger};
use loopguard_pattern::Term;
use std::sync::atomic::{AtomicBool, Ordering};

const ROLE: &str = "arn:aws:iam::111122223333:role/team/fixer";

fn events(call: &Call) -> (u16, String) {
    let body = match call.operation.as_str() {
        "DescribeRule" => {
            r#"{"Name":"r","Arn":"arn:aws:events:eu-west-1:111122223333:rule/orders/r","EventBusName":"orders",
            "EventPattern":"{\"source\":[\"aws.s3\"]}","State":"ENABLED_WITH_ALL_CLOUDTRAIL_MANAGEMENT_EVENTS",
            "ManagedBy":"config.amazonaws.com"}"#
        }
        "ListTargetsByRule" if call.content.contains("NextToken") => {
            r#"{"Targets":[{"Id":"2","Arn":"arn:aws:ecs:eu-west-1:111122223333:cluster/c","RoleArn":"arn:role",
            "EcsParameters":{"TaskDefinitionArn":"arn:task","TaskCount":2,"LaunchType":"FARGATE"},
            "InputTransformer":{"InputPathsMap":{"id":"$.id"},"InputTemplate":"<id>"}}]}"#
        }
        "ListTargetsByRule" => {
            r#"{"Targets":[{"Id":"1","Arn":"arn:aws:sns:eu-west-1:111122223333:t","Input":"{}"}],"NextToken":"n"}"#
        }
        "ListTagsForResource" => r#"{"Tags":[{"Key":"team","Value":"media"}]}"#,
        "ListRules" if call.content.contains("NextToken") => {
            r#"{"Rules":[{"Name":"b","ScheduleExpression":"rate(1 day)","State":"DISABLED"}]}"#
        }
        "ListRules" => {
            r#"{"Rules":[{"Name":"a","EventPattern":"{\"source\":[\"aws.s3\"","State":"ENABLED"}],"NextToken":"n"}"#
        }
        "ListEventBuses" if call.content.contains("NextToken") => r#"{"EventBuses":[{"Name":"orders"}]}"#,
        "ListEventBuses" => r#"{"EventBuses":[{"Name":"default"}],"NextToken":"n"}"#,
        "DisableRule" | "TagResource" => "",
        "RemoveTargets" => r#"{"FailedEntryCount":0,"FailedEntries":[]}"#,
        other => panic!("`{other}` is not in the script"),
    };
    (200, body.to_owned())
}

#[tokio::test]
async fn a_rule_is_read_with_targets_and_tags() {
    let replay = Replay::start(events);
    let rule = replay.account().rule("orders", "r").await.unwrap().unwrap();
    assert_eq!(rule.key.to_string(), "r");
    assert_eq!((&*rule.key.bus, &*rule.key.source), ("orders", "111122223333/eu-west-1"));
    assert_eq!(rule.state, RuleState::EnabledWithAllManagementEvents);
    assert_eq!(rule.managed_by.as_deref(), Some("config.amazonaws.com"));
    let tags = replay.account().tags("orders", "r").await.unwrap();
    assert_eq!(tags.get("team").map(|value| &**value), Some("media"));
    assert!(matches!(&rule.trigger, Trigger::Pattern(pattern) if pattern.branches().len() == 1));
    let targets = rule.targets.unwrap();
    let ids: Vec<&str> = targets.iter().map(|target| &*target.id).collect();
    assert_eq!(ids, ["1", "2"]);
    let parameters: Vec<(&str, String)> =
        targets[1].parameters.iter().map(|(name, value)| (&**name, value.to_string())).collect();
    assert_eq!(
        parameters,
        [
            ("EcsParameters.LaunchType", "FARGATE".to_owned()),
            ("EcsParameters.TaskCount", "2".to_owned()),
            ("EcsParameters.TaskDefinitionArn", "arn:task".to_owned()),
            ("InputTransformer.InputPathsMap.id", "$.id".to_owned()),
            ("InputTransformer.InputTemplate", "<id>".to_owned()),
        ]
    );
    assert_eq!(
        replay.operations(),
        ["DescribeRule", "ListTargetsByRule", "ListTargetsByRule", "ListTagsForResource"]
    );
}

#[tokio::test]
async fn a_listing_is_read_to_its_end() {
    let replay = Replay::start(events);
    let need = Need::RulesOfBus { bus: Term::literal("default") };
    let Facts::Rules(rules) = replay.account().answer(&need).await.unwrap() else { panic!("not rules") };
    assert_eq!(rules.len(), 2);
    assert!(matches!(rules[0].trigger, Trigger::Unreadable(_)), "a broken pattern is kept as unreadable");
    assert_eq!(&*rules[0].path, "arn:aws:events:eu-west-1:111122223333:rule/a");
    assert!(matches!(&rules[1].trigger, Trigger::Schedule(text) if &**text == "rate(1 day)"));
    assert_eq!(rules[1].state, RuleState::Disabled);
    assert!(rules[1].targets.is_none());
}

#[tokio::test]
async fn all_rules_of_all_buses_are_named() {
    let rules = Replay::start(events).account().rules().await.unwrap();
    let named: Vec<String> = rules.iter().map(ToString::to_string).collect();
    assert_eq!(named, ["default/a", "default/b", "orders/a", "orders/b"]);
}

#[tokio::test]
async fn disabling_names_rule_and_bus_and_keeps_the_request_id() {
    let replay = Replay::start(events);
    let receipt = replay.account().disable_rule("orders", "r").await.unwrap();
    assert_eq!(&*receipt.request_id, "req-1");
    let body = replay.content("DisableRule");
    assert!(body.contains(r#""Name":"r""#) && body.contains(r#""EventBusName":"orders""#), "{body}");
}

#[tokio::test]
async fn a_disabled_rule_is_tagged_with_its_incident() {
    let replay = Replay::start(events);
    replay.account().mark_rule("orders", "r", "i-1").await.unwrap();
    replay.account().mark_rule("default", "r", "i-1").await.unwrap();
    let sent: Vec<serde_json::Value> =
        replay.contents("TagResource").iter().map(|body| serde_json::from_str(body).unwrap()).collect();
    for (sent, name) in sent.iter().zip(["orders/r", "r"]) {
        let arn = format!("arn:aws:events:eu-west-1:111122223333:rule/{name}");
        let tags = serde_json::json!([{"Key": "loopguard:incident", "Value": "i-1"}]);
        assert_eq!((&sent["ResourceARN"], &sent["Tags"]), (&arn.into(), &tags));
    }
}

fn failing(status: u16, code: &'static str) -> Replay {
    Replay::start(move |_| (status, format!(r#"{{"__type":"{code}","message":"the reason"}}"#)))
}

#[tokio::test]
async fn a_rule_that_is_gone_is_none() {
    let account = failing(400, "ResourceNotFoundException").account();
    assert!(account.rule("default", "r").await.unwrap().is_none());
    let need = Need::Targets { bus: Term::literal("default"), rule: Term::literal("r") };
    assert!(matches!(account.answer(&need).await, Ok(Facts::Missing)));
}

#[tokio::test]
async fn errors_keep_code_request_and_whether_later_may_help() {
    for (status, code, retryable) in [
        (400, "AccessDeniedException", false),
        (400, "ManagedRuleException", false),
        (400, "ThrottlingException", true),
        (400, "ConcurrentModificationException", true),
        (500, "InternalException", true),
        (503, "Whatever", true),
    ] {
        let error = failing(status, code).account().disable_rule("default", "r").await.unwrap_err();
        assert_eq!((error.code.as_deref(), error.retryable), (Some(code), retryable));
        assert_eq!(error.request_id.as_deref(), Some("req-1"));
        assert_eq!(
            error.to_string(),
            format!("events:DisableRule on `r`: {code}: the reason (request req-1)")
        );
    }
}

#[tokio::test]
async fn a_reminder_is_a_delayed_message_in_the_guards_own_queue() {
    let replay = Replay::start(|_| (200, r#"{"MessageId":"m-1"}"#.to_owned()));
    let queue = "https://sqs.eu-west-1.amazonaws.com/111122223333/changes";
    let account = replay.account().with_queue(Some(queue.to_owned()));
    account.remind("look again", 900).await.unwrap();
    let sent: serde_json::Value = serde_json::from_str(&replay.content("SendMessage")).unwrap();
    assert_eq!(
        sent,
        serde_json::json!({"QueueUrl": queue, "MessageBody": "look again", "DelaySeconds": 900})
    );

    let replay = Replay::start(|call| panic!("{call:?}"));
    replay.account().remind("look again", 900).await.unwrap();
    assert!(replay.operations().is_empty(), "without a queue nothing is sent");
}

#[tokio::test]
async fn no_answer_at_all_may_help_later_and_says_why() {
    let error = account_at("http://127.0.0.1:1").disable_rule("default", "r").await.unwrap_err();
    assert!(error.retryable && error.code.is_none());
    assert!(error.message.contains("onnect"), "the chain of causes is kept: {}", error.message);
}

#[tokio::test]
async fn what_runs_in_other_services_is_said_to_be_unread() {
    let account = account_at("http://127.0.0.1:1");
    let arn = Term::literal("arn:aws:batch:eu-west-1:111122223333:job-definition/j:1");
    let error = account.answer(&Need::Workload { arn }).await.unwrap_err();
    assert!(!error.retryable && error.message.contains("not read"), "{error}");
}

/// Answers of services that name their operation by path.
fn rest(call: &Call) -> (u16, String) {
    let told = |body: &str| (200, body.to_owned());
    match (call.operation.as_str(), call.content.as_str()) {
        ("DescribeTrails", _) => told(r#"{"trailList":[{"Name":"t","TrailARN":"arn:t"}]}"#),
        ("GetTrailStatus", _) => told(r#"{"IsLogging":true}"#),
        ("GetEventSelectors", _) => told(
            r#"{"AdvancedEventSelectors":[{"FieldSelectors":[{"Field":"eventCategory","Equals":["Management"]},
            {"Field":"readOnly","Equals":["false"]}]},{"FieldSelectors":[{"Field":"eventCategory","Equals":["Data"]},
            {"Field":"resources.type","Equals":["AWS::S3::Object"]}]}]}"#,
        ),
        ("DescribeTaskDefinition", _) => told(&format!(
            r#"{{"taskDefinition":{{"taskDefinitionArn":"arn:aws:ecs:eu-west-1:111122223333:task-definition/t:9",
            "family":"t","taskRoleArn":"{ROLE}","containerDefinitions":[]}}}}"#
        )),
        ("BatchGetProjects", _) => told(r#"{"projects":[],"projectsNotFound":["gone"]}"#),
        ("GetDocument", _) => (400, r#"{"__type":"InvalidDocument"}"#.to_owned()),
        (_, path) if path.contains("/absent") => {
            (404, "<Error><Code>NoSuchBucket</Code><Message>no</Message></Error>".to_owned())
        }
        (_, path) if path.contains("notification") => told(
            "<NotificationConfiguration><QueueConfiguration><Id>new</Id><Queue>arn:aws:sqs:eu-west-1:111122223333:q\
             </Queue><Event>s3:ObjectCreated:*</Event></QueueConfiguration><EventBridgeConfiguration/>\
             </NotificationConfiguration>",
        ),
        (_, path) if path.contains("event-source-mappings") => told(
            r#"{"EventSourceMappings":[{"UUID":"u","EventSourceArn":"arn:aws:sqs:eu-west-1:111122223333:q",
            "FunctionArn":"arn:aws:lambda:eu-west-1:111122223333:function:f","State":"Disabled"},
            {"UUID":"v","EventSourceArn":"arn:aws:dynamodb:eu-west-1:111122223333:table/t/stream/2026-01-01T00:00:00.000",
            "FunctionArn":"arn:aws:lambda:eu-west-1:111122223333:function:f","State":"Enabled"}]}"#,
        ),
        (_, path) if path.contains("/v1/pipes/p") => told(
            r#"{"Name":"p","Source":"arn:aws:sqs:eu-west-1:111122223333:queue-of-another-name",
            "Target":"arn:aws:events:eu-west-1:111122223333:event-bus/default","RoleArn":"arn:r"}"#,
        ),
        (_, path) if path.contains("/v1/pipes") => told(r#"{"Pipes":[{"Name":"p"}]}"#),
        ("DescribeSubscriptionFilters", input) if input.contains("\"/aws/events/all\"") => told(
            r#"{"subscriptionFilters":[{"filterName":"on","logGroupName":"/aws/events/all","filterPattern":"",
            "destinationArn":"arn:aws:lambda:eu-west-1:111122223333:function:f"}]}"#,
        ),
        (operation, path) => panic!("`{operation}` {path} is not in the script"),
    }
}

#[tokio::test]
async fn trails_are_read_with_what_they_select() {
    let replay = Replay::start(rest);
    let Facts::Trails(trails) = replay.account().answer(&Need::Trails).await.unwrap() else { panic!() };
    assert!(trails.logging && trails.management_writes && !trails.management_reads);
    assert_eq!(trails.data, ["AWS::S3::Object".into()]);
    assert_eq!(replay.operations(), ["DescribeTrails", "GetTrailStatus", "GetEventSelectors"]);
    let denied = failing(400, "AccessDeniedException").account();
    let error = denied.answer(&Need::Trails).await.unwrap_err();
    assert_eq!(error.operation, "cloudtrail:DescribeTrails");
}

#[tokio::test]
async fn a_bucket_tells_whether_it_sends_events() {
    let account = Replay::start(rest).account();
    let sends = |bucket: &str| Need::BucketNotification { bucket: Term::literal(bucket) };
    assert!(matches!(account.answer(&sends("watched")).await, Ok(Facts::BucketNotification(true))));
    assert!(matches!(account.answer(&sends("absent")).await, Ok(Facts::Missing)));
}

#[tokio::test]
async fn consumers_are_those_of_the_resource_alone() {
    let account = Replay::start(rest).account();
    let of = |arn: &str| Need::Consumers { arn: Term::literal(arn) };
    let queue = of("arn:aws:sqs:eu-west-1:111122223333:q");
    let Facts::Connections(found) = account.answer(&queue).await.unwrap() else { panic!() };
    assert_eq!(found.len(), 1, "the pipe's queue only begins with the same name: {found:?}");
    assert_eq!(found[0].kind, loopguard_model::ConnectionKind::EventSourceMapping);
    assert!(!found[0].enabled);
    let table = of("arn:aws:dynamodb:eu-west-1:111122223333:table/t");
    let Facts::Connections(found) = account.answer(&table).await.unwrap() else { panic!() };
    assert_eq!(found.len(), 1, "the mapping names the table's stream: {found:?}");
    let group = of("arn:aws:logs:eu-west-1:111122223333:log-group:/aws/events/all");
    let Facts::Connections(found) = account.answer(&group).await.unwrap() else { panic!() };
    assert_eq!(found[0].kind, loopguard_model::ConnectionKind::LogSubscription);
    let Facts::Connections(found) = account.answer(&of("arn:aws:s3:::watched")).await.unwrap() else {
        panic!()
    };
    assert_eq!(found[0].to.arn, Term::literal("arn:aws:sqs:eu-west-1:111122223333:q"));
}

#[tokio::test]
async fn what_targets_name_is_read_under_the_name_they_use() {
    let account = Replay::start(rest).account();
    let arn = Term::literal("arn:aws:ecs:eu-west-1:111122223333:task-definition/t");
    let need = Need::Workload { arn: arn.clone() };
    let Facts::Workload(task) = account.answer(&need).await.unwrap() else { panic!() };
    assert_eq!((task.arn, task.role), (arn, Some(Term::literal(ROLE))));
    for gone in ["codebuild:eu-west-1:111122223333:project/gone", "ssm:eu-west-1:111122223333:document/gone"]
    {
        let need = Need::Workload { arn: Term::literal(&format!("arn:aws:{gone}")) };
        assert!(matches!(account.answer(&need).await, Ok(Facts::Missing)), "{gone}");
    }
}

#[tokio::test]
async fn a_function_is_read_with_its_role() {
    let answer = format!(r#"{{"FunctionName":"fixer","FunctionArn":"arn:x","Role":"{ROLE}"}}"#);
    let replay = Replay::start(move |_| (200, answer.clone()));
    let arn = "arn:aws:lambda:eu-west-1:111122223333:function:fixer:live";
    let need = Need::Workload { arn: Term::literal(arn) };
    let Facts::Workload(workload) = replay.account().answer(&need).await.unwrap() else {
        panic!("no workload")
    };
    assert_eq!(workload.arn, Term::literal("arn:aws:lambda:eu-west-1:111122223333:function:fixer"));
    assert_eq!((workload.name, workload.role), (Term::literal("fixer"), Some(Term::literal(ROLE))));
}

#[tokio::test]
async fn a_state_machine_is_read_with_role_and_definition() {
    let arn = "arn:aws:states:eu-west-1:111122223333:stateMachine:m";
    let answer = format!(
        r#"{{"stateMachineArn":"{arn}","name":"m","roleArn":"{ROLE}","type":"STANDARD","creationDate":1,
        "definition":"{{\"StartAt\":\"A\"}}"}}"#
    );
    let replay = Replay::start(move |_| (200, answer.clone()));
    let need = Need::Workload { arn: Term::literal(arn) };
    let Facts::Workload(workload) = replay.account().answer(&need).await.unwrap() else {
        panic!("no workload")
    };
    assert_eq!((&*workload.class, workload.arn), ("AWS::StepFunctions::StateMachine", Term::literal(arn)));
    assert_eq!((workload.name, workload.role), (Term::literal("m"), Some(Term::literal(ROLE))));
    assert!(workload.definition.is_some());
    assert_eq!(replay.operations(), ["DescribeStateMachine"]);

    let gone = failing(400, "StateMachineDoesNotExist").account();
    assert!(matches!(gone.answer(&need).await, Ok(Facts::Missing)));
}

fn alert() -> Alert {
    Alert {
        at: Timestamp(0),
        urgency: Urgency::Notice,
        incident: None,
        finding: "self-trigger:r".into(),
        code: Code::SelfTrigger,
        verdict: Verdict::Loop,
        certainty: Some(Certainty::Declared),
        mode: Mode::Observe,
        change: AlertChange {
            course: Vec::new(),
            rule: "r & s".into(),
            call: "PutRule".into(),
            by: "".into(),
            event_id: "e".into(),
            at: "".into(),
            shown: None,
        },
        account: "111122223333".into(),
        region: "eu-west-1".into(),
        bus: "default".into(),
        rule: "r & s".into(),
        prior: RuleState::Enabled,
        choice: "it is the rule that was changed".into(),
        removes: Vec::new(),
        brake: None,
        rules: vec!["r & s".into()],
        step: Step::WouldDisable(Refusal::ModeObserve),
        hops: Vec::new(),
        remedies: Vec::new(),
        gaps: Vec::new(),
        times: 0,
    }
}

#[tokio::test]
async fn an_alert_is_a_message_with_subject_text_and_attributes() {
    let replay = Replay::start(|_| {
        let result = "<PublishResult><MessageId>m-1</MessageId></PublishResult>";
        (200, format!("<PublishResponse>{result}</PublishResponse>"))
    });
    let receipt = replay.account().publish(&alert()).await.unwrap();
    assert_eq!(&*receipt.request_id, "m-1");
    let body = replay.content("Publish");
    for part in [
        "TopicArn=arn%3Aaws%3Asns%3Aeu-west-1%3A111122223333%3Aalerts",
        "&Subject=Loopguard%20would%20disable%20r%20%26%20s",
        "&Message=Rule%20%60r%20%26%20s%60%20on%20bus",
        "Name=step&",
        "StringValue=would-disable",
        "StringValue=%7B%22format_version%22%3A1",
    ] {
        assert!(body.contains(part), "{part}: {body}");
    }
}

#[tokio::test]
async fn without_a_topic_an_alert_is_only_logged() {
    let replay = Replay::start(|_| panic!("no call is due"));
    let with_topic = replay.account();
    let account = AwsAccount::new(with_topic.clients, with_topic.home, None);
    assert_eq!(&*account.publish(&alert()).await.unwrap().request_id, "");
    assert!(replay.operations().is_empty());
}

#[tokio::test]
async fn with_a_bus_an_alert_is_an_event_too() {
    let answered = |sns: bool, entry: &'static str| {
        Replay::start(move |call| match call.operation.as_str() {
            "Publish" if sns => {
                let result = "<PublishResult><MessageId>m-1</MessageId></PublishResult>";
                (200, format!("<PublishResponse>{result}</PublishResponse>"))
            }
            "PutEvents" => (200, format!(r#"{{"FailedEntryCount":0,"Entries":[{entry}]}}"#)),
            other => panic!("{other} is not due"),
        })
    };
    let (taken, refused) =
        (r#"{"EventId":"e-1"}"#, r#"{"ErrorCode":"InternalFailure","ErrorMessage":"later"}"#);
    let with_bus = |replay: &Replay, topic: bool| {
        let account = replay.account();
        let topic = account.topic_arn.clone().filter(|_| topic);
        AwsAccount::new(account.clients, account.home, topic).with_event_bus(Some("audit".to_owned()))
    };
    let replay = answered(true, taken);
    assert_eq!(&*with_bus(&replay, true).publish(&alert()).await.unwrap().request_id, "m-1");
    assert_eq!(replay.operations(), ["Publish", "PutEvents"]);
    let entry: serde_json::Value = serde_json::from_str(&replay.content("PutEvents")).unwrap();
    let entry = &entry["Entries"][0];
    assert_eq!((&entry["Source"], &entry["EventBusName"]), (&"loopguard".into(), &"audit".into()));
    let detail: serde_json::Value = serde_json::from_str(entry["Detail"].as_str().unwrap()).unwrap();
    assert_eq!(detail["step"], "would-disable");

    // The message is what counts; without one the event does.
    assert!(with_bus(&answered(true, refused), true).publish(&alert()).await.is_ok());
    let error = with_bus(&answered(false, refused), false).publish(&alert()).await.unwrap_err();
    assert!(error.retryable && error.code.as_deref() == Some("InternalFailure"), "{error}");
    assert_eq!(&*with_bus(&answered(false, taken), false).publish(&alert()).await.unwrap().request_id, "e-1");
}

/// IAM's answers, as its API reference shows them: XML, documents percent-encoded.
fn iam(call: &Call) -> (u16, String) {
    let document = "%7B%22Statement%22%3A%5B%7B%22Effect%22%3A%22Allow%22%2C%22Action%22%3A%22s3%3APutBucketAcl%22\
                    %2C%22Resource%22%3A%22*%22%7D%5D%7D";
    let result = match call.operation.as_str() {
        "GetRole" => format!(
            "<Role><Path>/team/</Path><RoleName>fixer</RoleName><RoleId>AROA</RoleId><Arn>{ROLE}</Arn>\
             <CreateDate>2026-01-01T00:00:00Z</CreateDate><PermissionsBoundary><PermissionsBoundaryType>Policy\
             </PermissionsBoundaryType><PermissionsBoundaryArn>arn:edge</PermissionsBoundaryArn>\
             </PermissionsBoundary></Role>"
        ),
        "ListRolePolicies" => {
            "<PolicyNames><member>inline</member></PolicyNames><IsTruncated>false</IsTruncated>".to_owned()
        }
        "GetRolePolicy" => format!(
            "<RoleName>fixer</RoleName><PolicyName>inline</PolicyName><PolicyDocument>{document}</PolicyDocument>"
        ),
        "ListAttachedRolePolicies" if call.content.contains("Marker") => {
            "<AttachedPolicies><member><PolicyArn>arn:denied</PolicyArn></member></AttachedPolicies>\
             <IsTruncated>false</IsTruncated>"
                .to_owned()
        }
        "ListAttachedRolePolicies" => {
            "<AttachedPolicies><member><PolicyArn>arn:open</PolicyArn></member></AttachedPolicies>\
             <IsTruncated>true</IsTruncated><Marker>m</Marker>"
                .to_owned()
        }
        "GetPolicy" if call.content.contains("denied") => {
            let error = "<ErrorResponse><Error><Type>Sender</Type><Code>AccessDenied</Code><Message>no</Message>\
                         </Error><RequestId>r</RequestId></ErrorResponse>";
            return (403, error.to_owned());
        }
        "GetPolicy" => "<Policy><DefaultVersionId>v3</DefaultVersionId></Policy>".to_owned(),
        "GetPolicyVersion" => {
            assert!(call.content.contains("VersionId=v3"), "{}", call.content);
            format!("<PolicyVersion><Document>{document}</Document></PolicyVersion>")
        }
        other => panic!("`{other}` is not in the script"),
    };
    let name = &call.operation;
    (200, format!("<{name}Response><{name}Result>{result}</{name}Result></{name}Response>"))
}

#[tokio::test]
async fn a_role_is_read_with_every_policy_and_what_is_denied_is_named() {
    let replay = Replay::start(iam);
    let need = Need::Role { arn: Term::literal(ROLE) };
    let Facts::Role(role) = replay.account().answer(&need).await.unwrap() else { panic!("not a role") };
    assert_eq!((role.arn, role.name), (Term::literal(ROLE), Term::literal("fixer")));
    let names: Vec<&str> = role.policies.iter().map(|policy| &*policy.name).collect();
    assert_eq!(names, ["inline", "arn:open"]);
    assert!(role.policies.iter().all(|policy| policy.statements.len() == 1 && policy.unread.is_empty()));
    assert_eq!(role.attached_unread, [Term::literal("arn:denied")]);
    assert_eq!(role.boundary.map(|policy| policy.name), Some("arn:edge".into()));
}

#[tokio::test]
async fn a_throttled_policy_fails_the_role_so_that_it_is_read_again() {
    let replay = Replay::start(|call| match call.operation.as_str() {
        "GetRolePolicy" => {
            let error = "<ErrorResponse><Error><Code>Throttling</Code><Message>Rate exceeded</Message></Error>\
                         </ErrorResponse>";
            (400, error.to_owned())
        }
        _ => iam(call),
    });
    let error = replay.account().answer(&Need::Role { arn: Term::literal(ROLE) }).await.unwrap_err();
    assert!(error.retryable, "{error}");
}

/// An account that keeps the laws as far as its answers are AWS's: one rule, which can be switched off.
#[tokio::test]
async fn the_laws_of_accounts_hold() {
    let is_on = AtomicBool::new(true);
    let replay = Replay::start(move |call| {
        let input = &call.content;
        let state = if is_on.load(Ordering::Relaxed) { "ENABLED" } else { "DISABLED" };
        let rule = format!(
            r#"{{"Name":"r","Arn":"arn:aws:events:eu-west-1:111122223333:rule/orders/r","EventBusName":"orders",
            "EventPattern":"{{\"source\":[\"aws.s3\"]}}","State":"{state}"}}"#
        );
        let body = match call.operation.as_str() {
            _ if input.contains("absent\"") => {
                return (400, r#"{"__type":"ResourceNotFoundException"}"#.to_owned());
            }
            "DescribeRule" => rule,
            "ListRules" => format!(r#"{{"Rules":[{rule}]}}"#),
            "DisableRule" => {
                is_on.store(false, Ordering::Relaxed);
                String::new()
            }
            _ => return events(call),
        };
        (200, body)
    });
    let checked = loopguard_account::laws::check(&replay.account(), "orders", "r", "absent").await;
    assert_eq!(checked, Ok(()));
    assert_eq!(replay.operations().iter().filter(|name| *name == "DisableRule").count(), 2);
}
