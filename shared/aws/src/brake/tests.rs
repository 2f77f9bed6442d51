use super::counted;
use crate::replay::{Call, Replay};
use crate::{AwsAccount, Clients, Home};
use aws_config::retry::RetryConfig;
use aws_sdk_cloudwatch::types::MetricDataResult;
use loopguard_account::{Account, Backlog, Concurrency, Operator};
use serde_json::{Value, json};

const FUNCTION: &str = "arn:aws:lambda:eu-west-1:111122223333:function:fixer";

/// Which operation of Lambda a call by path is.
fn lambda(content: &str) -> &'static str {
    let known = [
        ("/configuration", "GetFunctionConfiguration"),
        ("/event-invoke-config/list", "ListFunctionEventInvokeConfigs"),
        ("/tags/", "ListTags"),
        ("/concurrency", "Concurrency"),
        ("/aliases", "ListAliases"),
        ("/versions", "ListVersionsByFunction"),
        ("/policy", "GetPolicy"),
        ("/event-source-mappings", "ListEventSourceMappings"),
        ("/urls", "ListFunctionUrlConfigs"),
    ];
    known.into_iter().find(|(path, _)| content.contains(path)).unwrap_or_else(|| panic!("{content}")).1
}

const MISSING: &str = r#"{"__type":"ResourceNotFoundException","Message":"none"}"#;

/// A function with an alias and a version, which rules of two buses, a queue and a URL run.
fn script(call: &Call) -> (u16, String) {
    let body = match call.operation.as_str() {
        "ListEventBuses" => json!({"EventBuses": [{"Name": "default"}, {"Name": "orders"}]}),
        "ListRuleNamesByTarget" if call.content.contains(":live") && call.content.contains("orders") => {
            json!({"RuleNames": ["of-alias"]})
        }
        "ListRuleNamesByTarget" if call.content.contains(":live") || call.content.contains("orders") => {
            json!({"RuleNames": []})
        }
        "ListRuleNamesByTarget" if call.content.contains("NextToken") => json!({"RuleNames": ["b"]}),
        "ListRuleNamesByTarget" if call.content.contains("fixer\"") => {
            json!({"RuleNames": ["a"], "NextToken": "n"})
        }
        "ListRuleNamesByTarget" => json!({"RuleNames": []}),
        "path" => match lambda(&call.content) {
            "GetFunctionConfiguration" => json!({
                "FunctionName": "fixer", "FunctionArn": FUNCTION, "Role": "arn:aws:iam::111122223333:role/fixer",
                "DeadLetterConfig": {"TargetArn": "arn:aws:sqs:eu-west-1:111122223333:dead"},
                "Environment": {"Variables": {"SECRET": "x"}},
            }),
            "ListFunctionEventInvokeConfigs" => json!({"FunctionEventInvokeConfigs": [
                {"FunctionArn": FUNCTION, "DestinationConfig": {"OnFailure": {"Destination": "arn:on-failure"},
                    "OnSuccess": {"Destination": "arn:on-success"}}}]}),
            "ListTags" => json!({"Tags": {"team": "media"}}),
            "Concurrency" => json!({"ReservedConcurrentExecutions": 5}),
            "ListAliases" => json!({"Aliases": [{"AliasArn": format!("{FUNCTION}:live"), "Name": "live"}]}),
            "ListVersionsByFunction" => json!({"Versions": [
                {"FunctionArn": format!("{FUNCTION}:$LATEST")}, {"FunctionArn": format!("{FUNCTION}:1")}]}),
            "GetPolicy" if call.content.contains("Qualifier=live") => json!({"Policy": "{\"of\":\"live\"}"}),
            "GetPolicy" if call.content.contains("Qualifier") => return (404, MISSING.to_owned()),
            "GetPolicy" => json!({"Policy": "{\"of\":\"all\"}"}),
            "ListEventSourceMappings" => json!({"EventSourceMappings": [{"EventSourceArn": "arn:queue"}]}),
            "ListFunctionUrlConfigs" => {
                json!({"FunctionUrlConfigs": [{"FunctionUrl": "https://x.lambda-url/",
                "FunctionArn": FUNCTION, "AuthType": "NONE", "CreationTime": "t", "LastModifiedTime": "t"}]})
            }
            other => panic!("`{other}` is not in the script"),
        },
        other => panic!("`{other}` is not in the script"),
    };
    (200, body.to_string())
}

#[tokio::test]
async fn a_function_is_read_with_all_that_runs_it() {
    let replay = Replay::start(script);
    let seen = replay.account().function(FUNCTION).await.unwrap().unwrap();
    let text = |texts: &[std::sync::Arc<str>]| texts.iter().map(ToString::to_string).collect::<Vec<_>>();
    assert_eq!(seen.unread, Vec::<std::sync::Arc<str>>::new());
    assert_eq!((&*seen.arn, &*seen.role), (FUNCTION, "arn:aws:iam::111122223333:role/fixer"));
    assert_eq!(seen.reserved, Some(5));
    assert_eq!(seen.tags.get("team").map(|tag| &**tag), Some("media"));
    let rules: Vec<String> = seen.rules.iter().map(ToString::to_string).collect();
    assert_eq!(rules, ["default/a", "default/b", "orders/of-alias"]);
    assert_eq!(text(&seen.policies), [r#"{"of":"all"}"#, r#"{"of":"live"}"#]);
    let sources: Vec<_> = seen.sources.iter().cloned().collect();
    assert_eq!(text(&sources), ["its URL https://x.lambda-url/", "the mapping of arn:queue"]);
    let failures: Vec<_> = seen.failures.iter().cloned().collect();
    assert_eq!(text(&failures), ["arn:aws:sqs:eu-west-1:111122223333:dead", "arn:on-failure"]);
}

/// Each call that is refused is named, and nothing of the function is taken for absent.
#[tokio::test]
async fn what_may_not_be_read_is_named() {
    let calls = [
        "ListFunctionEventInvokeConfigs",
        "ListTags",
        "Concurrency",
        "ListAliases",
        "ListVersionsByFunction",
        "GetPolicy",
        "ListEventSourceMappings",
        "ListFunctionUrlConfigs",
        "ListEventBuses",
        "ListRuleNamesByTarget",
    ];
    for refused in calls {
        let replay = Replay::start(move |call: &Call| {
            let is_it =
                call.operation == refused || (call.operation == "path" && lambda(&call.content) == refused);
            if is_it {
                return (403, r#"{"__type":"AccessDeniedException","Message":"no"}"#.to_owned());
            }
            script(call)
        });
        let seen = replay.account().function(FUNCTION).await.unwrap().unwrap();
        assert!(!seen.unread.is_empty(), "{refused}");
        assert!(seen.unread.iter().all(|why| why.contains(refused)), "{refused}: {:?}", seen.unread);
    }
    let throttled = Replay::start(|call: &Call| match call.operation.as_str() {
        "ListRuleNamesByTarget" => (400, r#"{"__type":"ThrottlingException","message":"slow"}"#.to_owned()),
        _ => script(call),
    });
    assert!(throttled.account().function(FUNCTION).await.unwrap_err().retryable);
}

#[tokio::test]
async fn a_function_of_very_many_versions_is_not_wholly_read() {
    let replay = Replay::start(|call: &Call| {
        if call.operation == "path" && lambda(&call.content) == "ListVersionsByFunction" {
            let versions: Vec<Value> =
                (0..30).map(|n| json!({"FunctionArn": format!("{FUNCTION}:{n}")})).collect();
            return (200, json!({ "Versions": versions }).to_string());
        }
        script(call)
    });
    let seen = replay.account().function(FUNCTION).await.unwrap().unwrap();
    assert!(seen.unread[0].contains("31 versions and aliases"), "{:?}", seen.unread);
}

#[tokio::test]
async fn what_does_not_exist_is_none() {
    let replay = Replay::start(|_: &Call| (404, MISSING.to_owned()));
    assert_eq!(replay.account().function(FUNCTION).await, Ok(None));
    assert_eq!(replay.account().concurrency(FUNCTION).await, Ok(Concurrency::NoFunction));
    assert!(replay.account().brake(FUNCTION).await.is_err());
}

/// The account as the command has it, with permissions that the guard has not.
fn operator(replay: &Replay) -> AwsAccount {
    let clients = Clients::new(&replay.config(RetryConfig::disabled()));
    AwsAccount::new(clients, Home::new("aws", "111122223333", "eu-west-1"), None)
}

/// Method and path of a call, the ARN as it was.
fn line(call: &Call) -> String {
    let mut words = call.content.split(' ');
    let (method, path) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
    format!("{method} {}", path.replace("%3A", ":"))
}

#[tokio::test]
async fn braking_and_releasing_are_one_call_each() {
    let replay = Replay::start(|_: &Call| (200, r#"{"ReservedConcurrentExecutions":0}"#.to_owned()));
    let receipt = replay.account().brake(FUNCTION).await.unwrap();
    assert_eq!(&*receipt.request_id, "req-1");
    assert_eq!(replay.account().concurrency(FUNCTION).await, Ok(Concurrency::Reserved(0)));
    let replay = Replay::start(|_: &Call| (200, "{}".to_owned()));
    let account = operator(&replay);
    assert_eq!(account.concurrency(FUNCTION).await, Ok(Concurrency::Unreserved));
    assert_eq!(&*account.release(FUNCTION, Some(5)).await.unwrap().request_id, "req-1");
    account.release(FUNCTION, None).await.unwrap();
    let lines: Vec<String> = replay.calls().iter().map(line).collect();
    assert_eq!(
        lines,
        [
            format!("GET /2019-09-30/functions/{FUNCTION}/concurrency"),
            format!("PUT /2017-10-31/functions/{FUNCTION}/concurrency"),
            format!("DELETE /2017-10-31/functions/{FUNCTION}/concurrency"),
        ]
    );
}

#[test]
fn the_backlog_is_what_lambda_counts() {
    let of = |id: &str, values: &[f64]| {
        MetricDataResult::builder().id(id).set_values(Some(values.to_vec())).build()
    };
    let results = [of("received", &[3.0, 4.0]), of("dropped", &[]), of("age", &[900.0, 61_000.0])];
    assert_eq!(counted(&results), Backlog { received: Some(7), dropped: None, age: Some(61_000) });
    assert_eq!(counted(&[]), Backlog::default(), "what was not measured is not known");
}
