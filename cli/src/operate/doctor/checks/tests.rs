use super::{Conversation, examine};
use crate::exit::Exit;
use loopguard_account::{CallError, Pause, Timestamp};
use loopguard_aws::{ChangeRule, Function, Installation, Listeners, Mapping, Queue};
use loopguard_model::{Scope, Trails};
use loopguard_pattern::Term;

const OWN: &str = "arn:aws:iam::111122223333:role/guard";

/// A guard that works.
fn well() -> Installation {
    let pattern = format!(
        r#"{{"source":["aws.events"],"detail":{{"eventName":["PutTargets"],"userIdentity":{{"$or":[
        {{"sessionContext":{{"sessionIssuer":{{"arn":[{{"anything-but":"{OWN}"}}]}}}}}},
        {{"sessionContext":{{"sessionIssuer":{{"arn":[{{"exists":false}}]}}}}}}]}}}}}}"#
    );
    let environment = [
        ("LOOPGUARD_MODE", "enforce"),
        ("LOOPGUARD_SCOPE", "*"),
        ("LOOPGUARD_OWN_ROLE_ARN", OWN),
        ("LOOPGUARD_TOPIC_ARN", "arn:aws:sns:eu-west-1:111122223333:alerts"),
    ];
    Installation {
        trails: Ok(Trails {
            logging: true,
            management_writes: true,
            management_reads: false,
            data: Vec::new(),
            parts: Vec::new(),
        }),
        rules: Ok(vec![ChangeRule {
            name: "loopguard-changes-1".to_owned(),
            is_on: true,
            pattern,
            queue_arn: Some("arn:aws:sqs:eu-west-1:111122223333:changes".to_owned()),
        }]),
        queue: Some(Ok(Queue { waiting: 0, dead: Some(0) })),
        mappings: Some(Ok(vec![Mapping { function: "arn:f".to_owned(), is_on: true }])),
        function: Some(Ok(Function {
            arn: "arn:f".to_owned(),
            broken: None,
            environment: environment.map(|(key, value)| (key.to_owned(), value.to_owned())).into(),
        })),
        listeners: Some(Ok(Listeners { confirmed: 1, pending: 0 })),
    }
}

fn judged(found: &Installation, pause: Option<Pause>) -> (String, Exit) {
    let scope = Scope {
        partition: Term::literal("aws"),
        account: Term::literal("111122223333"),
        region: Term::literal("eu-west-1"),
    };
    let tried = Some(Timestamp(1_767_607_200_000));
    let (pause, lacks) = (Some(Ok(pause)), Some(Ok(Vec::new())));
    let with = Conversation { scope: &scope, by: "ana", pause, lacks, tried, now: Timestamp(1_000) };
    let told = examine(found, &with);
    let lacks = Some(Ok(vec!["sns:Publish".to_owned()]));
    let lacking = examine(found, &Conversation { lacks, pause: None, ..with });
    assert_eq!(lacking.exit, Exit::Found);
    assert!(lacking.text.contains("the guard's role may not sns:Publish"), "{}", lacking.text);
    let never = examine(found, &Conversation { tried: None, lacks: None, pause: None, ..with });
    let (asks, tried) =
        ("nobody has seen this guard stop a loop", "stopped for trial at 2026-01-05T10:00:00Z");
    // Whoever does not let it act is not asked to try it.
    let acts = told.text.contains("mode `enforce`");
    assert_eq!((never.text.contains(asks), told.text.contains(tried)), (acts, acts), "{}", never.text);
    assert_eq!(never.exit, told.exit, "that is a remark");
    (told.text, told.exit)
}

#[test]
fn a_guard_that_works_is_told_so() {
    let (text, exit) = judged(&well(), None);
    assert_eq!(exit, Exit::Clean, "{text}");
    assert!(
        !text.contains("BAD") && !text.contains("note") && text.ends_with("the guard can do its work\n"),
        "{text}"
    );
}

/// What is wrong, and what the doctor must say of it.
type Ill = (fn(&mut Installation), &'static str);

#[test]
fn what_keeps_the_guard_from_its_work_is_found() {
    let ills: [Ill; 11] = [
        (|found| found.trails.as_mut().unwrap().logging = false, "no trail logs here"),
        (|found| found.trails.as_mut().unwrap().management_writes = false, "none selects management events"),
        (|found| found.rules = Ok(Vec::new()), "there is no guard in eu-west-1"),
        (
            |found| found.rules.as_mut().unwrap()[0].is_on = false,
            "aws events enable-rule --name loopguard-changes-1",
        ),
        (
            |found| found.rules.as_mut().unwrap()[0].pattern = r#"{"source":["x"]}"#.to_owned(),
            "does not hear a change",
        ),
        (
            |found| found.rules.as_mut().unwrap()[0].pattern = r#"{"source":["aws.events"]}"#.to_owned(),
            "hears the guard's own calls",
        ),
        (
            |found| found.queue = Some(Ok(Queue { waiting: 9, dead: Some(3) })),
            "3 changes could not be looked at",
        ),
        (|found| found.mappings = Some(Ok(Vec::new())), "no function takes from the queue"),
        (
            |found| {
                let Some(Ok(function)) = &mut found.function else { panic!() };
                function.environment.insert("LOOPGUARD_MODE".to_owned(), "enforced".to_owned());
            },
            "`enforced` is not a mode; the nearest is `enforce`",
        ),
        (
            |found| found.listeners = Some(Ok(Listeners { confirmed: 0, pending: 1 })),
            "nobody is told; 1 subscriptions",
        ),
        (
            |found| found.trails = Err(CallError::unsupported("cloudtrail:DescribeTrails", "t", "denied")),
            "allow `cloudtrail:DescribeTrails`",
        ),
    ];
    for (make, says) in ills {
        let mut found = well();
        make(&mut found);
        let (text, exit) = judged(&found, None);
        assert!(exit == Exit::Found && text.contains(says), "{says}: {text}");
    }
}

#[test]
fn what_is_worth_knowing_is_no_fault() {
    let pause = Pause { until: Some(Timestamp(2_000)), at: Timestamp(0), by: "ana".into() };
    let (text, exit) = judged(&well(), Some(pause.clone()));
    assert!(exit == Exit::Clean && text.contains("paused by ana until"), "{text}");
    let over = Pause { until: Some(Timestamp(500)), ..pause };
    assert!(judged(&well(), Some(over)).0.contains("the guard is not paused"));
    let mut found = well();
    let Some(Ok(function)) = &mut found.function else { panic!() };
    function.environment.remove("LOOPGUARD_SCOPE");
    let (text, exit) = judged(&found, None);
    assert!(exit == Exit::Clean && text.contains("the scope is empty: nothing is disabled"), "{text}");
}
