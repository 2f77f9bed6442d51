use super::{Snapshot, is_snapshot, read, read_live};
use crate::{ConnectionKind, Facts, Need, Origin, RuleState, Trigger};
use loopguard_pattern::Term;

const EXAMPLE: &str = include_str!("../../../../docs/snapshot.md");

/// The example of the page.
fn example() -> &'static str {
    EXAMPLE.split("```json\n").nth(1).unwrap().split("```").next().unwrap()
}

fn term(text: &str) -> Term {
    Term::literal(text)
}

/// A snapshot of one account with these sections beside its name.
fn of(sections: &str) -> String {
    format!(
        r#"{{"loopguard_snapshot": 1, "accounts": [{{"account": "111122223333", "region": "eu-west-1"{sections}}}]}}"#
    )
}

fn refused(text: &str) -> String {
    read(text, "a.json").unwrap_err().to_string()
}

#[test]
fn the_pages_example_is_read() {
    let Snapshot { inventory, taken_at, .. } = read(example(), "account.json").unwrap();
    assert_eq!(&*taken_at, "2026-03-01T12:00:00Z");
    let rule = &inventory.rules[0];
    assert_eq!((rule.name.clone(), rule.bus.clone()), (term("close-bucket"), term("default")));
    assert_eq!(rule.state, RuleState::Enabled);
    assert!(matches!(rule.trigger, Trigger::Pattern(_)));
    assert_eq!(&*rule.tags["team"], "media");
    let target = &rule.targets.as_ref().unwrap()[0];
    let function = inventory.workload(&target.arn).unwrap();
    let said: Vec<String> = function.properties.iter().map(|(way, value)| format!("{way}={value}")).collect();
    let expected = [
        "Architectures.0=arm64",
        "LoggingConfig.LogGroup=/media",
        "MemorySize=256",
        "Runtime=provided.al2023",
    ];
    assert_eq!(said, expected, "what a run costs hangs on three of these");
    let closer = inventory.role(function.role.as_ref().unwrap()).unwrap();
    let names: Vec<&str> = closer.policies.iter().map(|policy| &*policy.name).collect();
    assert_eq!(names, ["inline", "arn:aws:iam::111122223333:policy/shared"]);
    assert!(closer.policies.iter().all(|policy| policy.unread.is_empty() && policy.statements.len() == 1));
    let trust = closer.trust.as_ref().unwrap();
    assert!(trust.unread.is_empty() && trust.statements[0].principals.is_some());
    assert_eq!(closer.attached_unread, [term("arn:aws:iam::aws:policy/ReadOnlyAccess")]);
    let Origin::File(place) = &rule.origin else { panic!("{:?}", rule.origin) };
    let line = example().lines().nth(place.line as usize - 1).unwrap();
    assert!(line.contains("close-bucket"), "{line}");
    assert!(example().get(place.span.start..).unwrap().starts_with("{\"Name\": \"close-bucket\""));
}

#[test]
fn every_section_of_the_example_is_read() {
    let inventory = read(example(), "account.json").unwrap().inventory;
    let classes: Vec<&str> = inventory.workloads.iter().map(|workload| &*workload.class).collect();
    assert_eq!(
        classes,
        [
            "AWS::Lambda::Function",
            "AWS::StepFunctions::StateMachine",
            "AWS::SSM::Document",
            "AWS::CodeBuild::Project",
            "AWS::ECS::TaskDefinition",
            "AWS::ECS::TaskDefinition",
        ]
    );
    assert!(inventory.workloads[1].definition.is_some());
    assert!(inventory.workloads.iter().all(|workload| workload.role.is_some()));
    let kinds: Vec<ConnectionKind> = inventory.connections.iter().map(|one| one.kind).collect();
    assert_eq!(
        kinds,
        [
            ConnectionKind::DeadLetter,
            ConnectionKind::Subscription,
            ConnectionKind::EventSourceMapping,
            ConnectionKind::OnSuccess,
            ConnectionKind::OnFailure,
            ConnectionKind::PipeEnrichment,
            ConnectionKind::Pipe,
            ConnectionKind::Schedule,
            ConnectionKind::DeadLetter,
            ConnectionKind::BucketNotification,
        ]
    );
    assert_eq!(inventory.connections[2].filters.len(), 1);
    assert!(inventory.connections[7].from.is_none() && !inventory.connections[7].enabled);
    assert_eq!(inventory.connections[6].to.role, Some(term("arn:aws:iam::111122223333:role/pipes")));
    let trails = inventory.trails.unwrap();
    assert!(trails.logging && trails.management_writes && !trails.management_reads);
    assert_eq!(trails.data, ["AWS::S3::Object".into()]);
    assert!(inventory.bucket_notifications[&term("watched")]);
    let notes: Vec<&str> = inventory.notes.iter().map(|note| &*note.message).collect();
    assert_eq!(notes.len(), 1, "{notes:?}");
    assert!(
        notes[0].contains("scheduler:GetSchedule on `default/nightly`: AccessDeniedException"),
        "{notes:?}"
    );
}

#[test]
fn a_fresh_snapshot_names_operations() {
    let inventory = read_live(example()).unwrap().inventory;
    let Origin::Api { operation, at } = &inventory.rules[0].origin else { panic!() };
    assert_eq!((&**operation, &**at), ("events:ListRules", "2026-03-01T12:00:00Z"));
}

#[test]
fn other_documents_are_refused_with_their_place() {
    for (text, message) in [
        ("", "a.json:1:1: not JSON: "),
        ("{\"loopguard_snapshot\": 1,\n", "a.json:2:1: not JSON: "),
        ("[]", "a.json:1:1: an object was expected, and here is a list"),
        ("{\"Resources\": {}}", "a.json:1:1: not a snapshot: it has no `loopguard_snapshot`"),
        (
            "{\"loopguard_snapshot\": 2}",
            "`loopguard_snapshot`: version 2 of the format, and this loopguard reads",
        ),
        ("{\"loopguard_snapshot\": 0}", "`loopguard_snapshot`: not a version of the format"),
        (
            "{\"loopguard_snapshot\": \"1\"}",
            "`loopguard_snapshot`: a number was expected, and here is a text",
        ),
        ("{\"loopguard_snapshot\": 1}", "`accounts` is missing"),
        ("{\"loopguard_snapshot\": 1, \"accounts\": []}", "`accounts`: an empty list"),
        ("{\"loopguard_snapshot\": 1, \"accounts\": [{}]}", "`accounts[0]`: `account` is missing"),
    ] {
        let told = refused(text);
        assert!(told.contains(message), "{text}: {told}");
    }
}

#[test]
fn a_value_of_another_type_is_an_error_at_its_place() {
    for (sections, message) in [
        (r#", "rules": {}"#, "`accounts[0].rules`: a list was expected, and here is an object"),
        (r#", "rules": [{"Name": ""}]"#, "`accounts[0].rules[0].Name`: an empty text"),
        (
            r#", "rules": [{"Name": "r", "Targets": [{"Id": 1}]}]"#,
            "`accounts[0].rules[0].Targets[0].Id`: a text",
        ),
        (
            r#", "roles": [{"Arn": "a", "RoleName": "r", "RolePolicyList": [{"PolicyName": "p"}]}]"#,
            "`PolicyDocument` is missing",
        ),
        (
            r#", "roles": [{"Arn": "a", "RoleName": "r", "RolePolicyList": [{"PolicyName": "p", "PolicyDocument": 1}]}]"#,
            "an object was expected",
        ),
        (r#", "trails": [{"Status": {"IsLogging": "yes"}}]"#, "true or false was expected"),
    ] {
        let told = refused(&of(sections));
        assert!(told.starts_with("a.json:1:") && told.contains(message), "{sections}: {told}");
    }
}

#[test]
fn what_the_format_does_not_know_is_noted_and_what_the_api_adds_is_not() {
    let text = of(r#", "rules": [{"Name": "r", "FutureMember": 1}], "galaxies": []"#);
    let notes = read(&text, "a.json").unwrap().inventory.notes;
    let notes: Vec<&str> = notes.iter().map(|note| &*note.message).collect();
    assert_eq!(notes, ["`accounts[0]`: `galaxies` is not known and was passed over"]);
}

#[test]
fn service_control_policies_bind_their_account_level_by_level() {
    let text = of(r#", "service_control_policies": [
        {"TargetId": "r-1", "Policies": [{"Name": "FullAWSAccess", "Content": {"Statement": {"Effect": "Allow", "Action": "*", "Resource": "*"}}}]},
        {"Policies": [{"Name": "regions", "Content": "{\"Statement\": []}"}, {"Name": "broken", "Content": "{"}]}]"#);
    let inventory = read(&text, "a.json").unwrap().inventory;
    let [root, account] = inventory.scps.as_slice() else { panic!("{:?}", inventory.scps) };
    assert_eq!(root.account, Some(inventory.scope.account.clone()));
    assert_eq!((root.policies.len(), root.policies[0].statements.len()), (1, 1));
    let unread: Vec<usize> = account.policies.iter().map(|policy| policy.unread.len()).collect();
    assert_eq!(unread, [0, 1]);
    assert!(inventory.notes.is_empty(), "{:?}", inventory.notes);
    assert!(
        refused(&of(r#", "service_control_policies": [{"Policies": [{"Name": "x"}]}]"#))
            .contains("`Content` is missing")
    );
}

#[test]
fn unreadable_parts_are_told_and_the_rest_is_read() {
    let text = of(r#", "rules": [{"Name": "r", "EventPattern": "{", "State": "SLEEPING"}],
        "state_machines": [{"stateMachineArn": "m", "name": "m", "roleArn": "r", "definition": "no JSON"}],
        "documents": [{"Name": "d", "Content": "assumeRole: x"}],
        "roles": [{"Arn": "a", "RoleName": "r", "RolePolicyList": [{"PolicyName": "p", "PolicyDocument": "%zz"}]}],
        "event_source_mappings": [{"UUID": "u", "FunctionArn": "f",
            "FilterCriteria": {"Filters": [{"Pattern": "{\"a\":[1]}"}, {"Pattern": "{"}]}}]"#);
    let inventory = read(&text, "a.json").unwrap().inventory;
    assert!(matches!(inventory.rules[0].trigger, Trigger::Unreadable(_)));
    assert_eq!(inventory.rules[0].state, RuleState::Unknown);
    assert!(inventory.rules[0].targets.is_none(), "targets that are not there were not read");
    assert_eq!(inventory.workloads.len(), 1, "a runbook without a known role is left out");
    assert!(inventory.workloads[0].definition.is_none());
    assert_eq!(inventory.roles[0].policies[0].unread.len(), 1);
    assert!(inventory.roles[0].trust.is_none(), "who may take the role on was not read");
    assert!(inventory.connections[0].filters.is_empty(), "everything counts as passing");
    assert_eq!(inventory.notes.len(), 3, "{:?}", inventory.notes);
}

#[test]
fn a_snapshot_knows_what_does_not_exist_from_what_was_not_read() {
    let text = of(r#", "buses": [{"Name": "default"}], "rules": [], "functions": [], "roles": [],
        "gaps": [{"section": "functions", "operation": "lambda:ListFunctions", "reason": "AccessDenied: no"}]"#);
    let snapshot = read(&text, "a.json").unwrap();
    let says = |need: Need| match snapshot.answer(&need) {
        Ok(facts) => format!("{facts:?}"),
        Err(gap) => gap.reason.to_string(),
    };
    let arn = |text: &str| term(text);
    assert_eq!(says(Need::RulesOfBus { bus: term("default") }), "Rules([])");
    assert_eq!(says(Need::RulesOfBus { bus: term("other") }), "Missing");
    let function = arn("arn:aws:lambda:eu-west-1:111122223333:function:f");
    assert_eq!(says(Need::Workload { arn: function }), "lambda:ListFunctions: AccessDenied: no");
    let machine = arn("arn:aws:states:eu-west-1:111122223333:stateMachine:m");
    assert_eq!(says(Need::Workload { arn: machine }), "the snapshot has no `state_machines`");
    assert_eq!(says(Need::Role { arn: arn("arn:aws:iam::111122223333:role/r") }), "Missing");
    assert!(
        says(Need::Role { arn: arn("arn:aws:iam::999999999999:role/r") }).contains("account `999999999999`")
    );
    let elsewhere = arn("arn:aws:lambda:us-east-1:111122223333:function:f");
    assert!(says(Need::Workload { arn: elsewhere }).contains("region `us-east-1`"));
    assert_eq!(says(Need::Trails), "the snapshot has no `trails`");
}

#[test]
fn regions_join_and_trails_stay_known_only_where_both_are() {
    let account = |region: &str, more: &str| {
        format!(r#"{{"account": "1", "region": "{region}", "rules": [{{"Name": "r"}}]{more}}}"#)
    };
    let text = |second: &str| {
        let accounts = [account("eu-west-1", r#", "trails": []"#), account("us-east-1", second)].join(",");
        format!(r#"{{"loopguard_snapshot": 1, "accounts": [{accounts}]}}"#)
    };
    let one = read(&text(""), "a.json").unwrap();
    assert_eq!(one.scopes().count(), 2);
    assert_eq!(one.inventory.rules.len(), 2);
    assert_ne!(one.inventory.rules[0].key, one.inventory.rules[1].key);
    assert!(one.inventory.trails.is_none());
    let trail = r#", "trails": [{"Name": "t", "Status": {"IsLogging": true}, "EventSelectors": []}]"#;
    let both = read(&text(trail), "a.json").unwrap().inventory.trails.unwrap();
    assert!(both.logging && both.management_writes && both.management_reads);
}

#[test]
fn snapshots_are_told_from_templates() {
    assert!(is_snapshot(&of("")));
    assert!(is_snapshot("\u{feff} {\"loopguard_snapshot\": 9}"));
    assert!(!is_snapshot("{\"Resources\": {}}") && !is_snapshot("# \"loopguard_snapshot\"\nResources: {}"));
    assert!(read(&format!("\u{feff}{}", of("")), "a.json").is_ok());
}

#[test]
fn answers_hold_facts_where_all_was_read() {
    let group = r#"{"logGroupName": "/a/b", "subscriptionFilters": []}"#;
    for (sections, arn, told) in [
        (r#", "subscriptions": []"#, "sns:eu-west-1:111122223333:t", true),
        ("", "sns:eu-west-1:111122223333:t", false),
        (r#", "event_source_mappings": [], "pipes": []"#, "sqs:eu-west-1:111122223333:q", true),
        (r#", "pipes": []"#, "sqs:eu-west-1:111122223333:q", false),
        (&format!(r#", "log_groups": [{group}]"#), "logs:eu-west-1:111122223333:log-group:/a/b", true),
        (&format!(r#", "log_groups": [{group}]"#), "logs:eu-west-1:111122223333:log-group:/a", false),
        (r#", "subscriptions": [], "pipes": []"#, "logs:eu-west-1:111122223333:log-group:/a/b", false),
    ] {
        let snapshot = read(&of(sections), "a.json").unwrap();
        let answer = snapshot.answer(&Need::Consumers { arn: term(&format!("arn:aws:{arn}")) });
        let is_told = matches!(&answer, Ok(Facts::Connections(found)) if found.is_empty());
        assert_eq!(is_told, told, "{sections} {arn}: {answer:?}");
    }
}

/// Where what is received too often goes is known of the queues that were asked.
#[test]
fn dead_letter_queues_are_read_where_they_were_asked() {
    let of_queue = "arn:aws:sqs:eu-west-1:111122223333:";
    let redrive = format!(r#""RedrivePolicy": "{{\"deadLetterTargetArn\":\"{of_queue}lost\"}}""#);
    let text = of(&format!(
        r#", "event_source_mappings": [], "pipes": [], "queues": [{{"QueueArn": "{of_queue}work", {redrive}}}, {{"QueueArn": "{of_queue}calm"}}],
        "subscriptions": [{{"SubscriptionArn": "arn:s", "TopicArn": "arn:t", "Endpoint": "https://example.com", {redrive}}}],
        "gaps": [{{"section": "queues", "operation": "sqs:GetQueueAttributes", "subject": "dark", "reason": "AccessDenied: no"}}]"#
    ));
    let snapshot = read(&text, "a.json").unwrap();
    let lost = term(&format!("{of_queue}lost"));
    let dead: Vec<String> = snapshot
        .inventory
        .connections
        .iter()
        .filter(|one| one.kind == ConnectionKind::DeadLetter && one.to.arn == lost)
        .map(|one| one.from.as_ref().unwrap().to_string())
        .collect();
    assert_eq!(dead, ["arn:t".to_owned(), format!("{of_queue}work")]);
    let says = |queue: &str| {
        let need = Need::Consumers { arn: term(&format!("{of_queue}{queue}")) };
        snapshot.answer(&need).map(|_| ()).map_err(|gap| gap.reason.to_string())
    };
    assert_eq!(says("calm"), Ok(()));
    assert_eq!(says("dark"), Err("sqs:GetQueueAttributes on `dark`: AccessDenied: no".to_owned()));
    for (policy, told) in
        [(r#""{\"maxReceiveCount\":1}""#, 1), (r#""""#, 0), (r#"{"deadLetterTargetArn": "arn:q"}"#, 0)]
    {
        let text =
            of(&format!(r#", "queues": [{{"QueueArn": "{of_queue}work", "RedrivePolicy": {policy}}}]"#));
        assert_eq!(read(&text, "a.json").unwrap().inventory.notes.len(), told, "{policy}");
    }
}

/// What takes from queues says nothing of their dead-letter queues, and a report says so.
#[test]
fn queues_that_were_not_read_are_assumed_to_have_no_dead_letter_queues() {
    let mapping = r#", "event_source_mappings": [{"UUID": "u", "FunctionArn": "f", "EventSourceArn": "arn:aws:sqs:r:1:q"}]"#;
    let assumes = |sections: &str| {
        let inventory = read(&of(sections), "a.json").unwrap().inventory;
        inventory.assumptions.iter().any(|one| one.contains("dead-letter"))
    };
    assert!(assumes(mapping));
    assert!(!assumes("") && !assumes(&format!(r#"{mapping}, "queues": []"#)));
}

/// Queues and topics to which EventBridge cannot deliver, as of templates.
#[test]
fn what_lets_eventbridge_not_deliver_is_closed() {
    let arn = |service: &str, name: &str| format!("arn:aws:{service}:eu-west-1:111122223333:{name}");
    let policy = |service: &str, name: &str, principal: &str| {
        let statement =
            format!(r#"{{"Effect": "Allow", "Principal": {principal}, "Action": "*", "Resource": "*"}}"#);
        format!(r#"{{"ResourceArn": "{}", "Policy": {{"Statement": {statement}}}}}"#, arn(service, name))
    };
    let policies = [
        policy("sqs", "open", r#"{"Service": "events.amazonaws.com"}"#),
        policy("sqs", "account", r#"{"AWS": "111122223333"}"#),
        policy("sns", "all", r#""*""#),
        policy("sns", "other", r#"{"Service": "s3.amazonaws.com"}"#),
        policy("lambda", "function:f", r#"{"Service": "s3.amazonaws.com"}"#),
    ];
    let queue = |name: &str| format!(r#"{{"QueueArn": "{}"}}"#, arn("sqs", name));
    let text = of(&format!(
        r#", "queues": [{}, {}], "resource_policies": [{}]"#,
        queue("open"),
        queue("bare"),
        policies.join(",")
    ));
    let closed = read(&text, "a.json").unwrap().inventory.closed;
    let expected = [arn("sns", "other"), arn("sqs", "account"), arn("sqs", "bare")];
    assert_eq!(closed, expected.iter().map(|arn| term(arn)).collect());
}

#[test]
fn subscription_filters_take_from_their_log_group() {
    let text = of(r#", "log_groups": [{"logGroupName": "/aws/events/all", "subscriptionFilters": [
        {"filterName": "on", "destinationArn": "arn:aws:lambda:eu-west-1:111122223333:function:f"}]}]"#);
    let inventory = read(&text, "a.json").unwrap().inventory;
    let [one] = inventory.connections.as_slice() else { panic!("{:?}", inventory.connections) };
    assert_eq!(one.kind, ConnectionKind::LogSubscription);
    assert_eq!(one.from, Some(term("arn:aws:logs:eu-west-1:111122223333:log-group:/aws/events/all")));
}

#[test]
fn connections_take_from_the_whole_of_what_their_source_is_a_part() {
    let mapping = |id: &str, source: &str| {
        format!(
            r#"{{"UUID": "{id}", "EventSourceArn": "{source}", "FunctionArn": "arn:aws:lambda:eu-west-1:1:function:f"}}"#
        )
    };
    let mappings = [
        mapping("a", "arn:aws:dynamodb:eu-west-1:1:table/orders/stream/2026-01-01T00:00:00.000"),
        mapping("b", "arn:aws:kinesis:eu-west-1:1:stream/orders/consumer/c:1700000000"),
    ];
    let text = of(&format!(r#", "event_source_mappings": [{}]"#, mappings.join(",")));
    let connections = read(&text, "a.json").unwrap().inventory.connections;
    let from: Vec<_> = connections.iter().map(|one| one.from.as_ref().unwrap().to_string()).collect();
    assert_eq!(
        from,
        ["arn:aws:dynamodb:eu-west-1:1:table/orders", "arn:aws:kinesis:eu-west-1:1:stream/orders"]
    );
}
