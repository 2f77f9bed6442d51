//! Patterns near events that happened.

use super::draw::{Account, Check, Listens, Path, Test};
use serde_json::{Map, Value, json};

/// Members whose values are never the same again.
const PASSING: &[&str] = &[
    "id",
    "time",
    "eventTime",
    "requestID",
    "eventID",
    "accessKeyId",
    "creationDate",
    "request-id",
    "executionArn",
    "taskArn",
    "build-id",
    "jobArn",
    "jobId",
    "input",
    "name",
    "principalId",
    "arn",
    "logStreamName",
    "requestId",
    "resources",
    "version",
    "roleSessionName",
];

/// Paths at which most events have nothing.
const MISSING: &[&[&str]] = &[
    &["detail", "errorCode"],
    &["detail", "userIdentity", "invokedBy"],
    &["detail", "userIdentity", "sessionContext", "sessionIssuer", "arn"],
    &["detail", "responseElements"],
    &["detail", "requestParameters", "bucketName"],
    &["detail", "tier"],
    &["detail", "errorMessage"],
    &["detail", "state"],
];

/// A leaf of an event.
type Leaf = (Vec<String>, Value);

/// Returns the pattern of each rule. `events` holds for each rule what a run of it causes.
pub(super) fn patterns(account: &Account, events: &[Vec<Value>]) -> Vec<Value> {
    let branch = |rule: usize, listens: &Listens| {
        let of = listens.of.map_or(rule, |of| of % account.rules.len());
        let heard =
            if events[of].is_empty() { events.iter().find(|some| !some.is_empty()) } else { events.get(of) };
        heard.map_or_else(
            || json!({"source": ["nobody"]}),
            |heard| near(&heard[listens.event % heard.len()], &listens.checks),
        )
    };
    let whole = |(at, rule): (usize, &super::draw::Rule)| {
        let mut branches: Vec<Value> = rule.listens.iter().map(|listens| branch(at, listens)).collect();
        if branches.len() > 1 { json!({ "$or": branches }) } else { branches.remove(0) }
    };
    account.rules.iter().enumerate().map(whole).collect()
}

fn near(event: &Value, checks: &[Check]) -> Value {
    let mut leaves = Vec::new();
    collect(event, &mut Vec::new(), &mut leaves);
    let mut pattern = Map::new();
    for check in checks {
        if let Some((path, test)) = tested(&leaves, *check) {
            insert(&mut pattern, &path, test);
        }
    }
    if pattern.is_empty() {
        pattern.insert("source".to_owned(), json!([{"prefix": ""}]));
    }
    Value::Object(pattern)
}

/// Returns the path that the check looks at and what it asks there; none where the event has no such place.
fn tested(leaves: &[Leaf], check: Check) -> Option<Leaf> {
    let at = |path: &[&str]| leaves.iter().find(|(leaf, _)| leaf == path);
    let below = |path: &[&str], nth: usize| {
        let all: Vec<&Leaf> = leaves
            .iter()
            .filter(|(leaf, _)| leaf.len() > path.len() && leaf.iter().zip(path).all(|(a, b)| a == b))
            .collect();
        if all.is_empty() { None } else { Some(all[nth % all.len()]) }
    };
    let found = match check.path {
        Path::Source => at(&["source"]),
        Path::DetailType => at(&["detail-type"]),
        Path::EventSource => at(&["detail", "eventSource"]),
        Path::EventName => at(&["detail", "eventName"]),
        Path::Request(nth) => below(&["detail", "requestParameters"], nth),
        Path::Identity(nth) => below(&["detail", "userIdentity"], nth),
        Path::Anywhere(nth) => below(&[], nth),
        Path::Missing(nth) => {
            let path = MISSING[nth % MISSING.len()];
            let path = path.iter().map(|&key| key.to_owned()).collect();
            return Some((path, json!([{"exists": false}])));
        }
    };
    found.map(|(path, value)| (path.clone(), test(value, check.test)))
}

fn test(value: &Value, test: Test) -> Value {
    let Some(text) = value.as_str() else {
        return match test {
            Test::Exists => json!([{"exists": true}]),
            Test::NotTheOther if value.is_number() => json!([{"numeric": [">=", 0]}]),
            _ => json!([value]),
        };
    };
    // Cut within letters; the texts are plain.
    let (begin, end) = text.split_at(text.len() / 2);
    match test {
        Test::Exactly => json!([text]),
        Test::OneOfTwo => json!(["something-else", text]),
        Test::Beginning => json!([{"prefix": begin}]),
        Test::End => json!([{"suffix": end}]),
        Test::Wildcard => json!([{"wildcard": format!("{begin}*")}]),
        Test::AnyCase => json!([{"equals-ignore-case": text.to_uppercase()}]),
        Test::Exists => json!([{"exists": true}]),
        Test::NotTheOther => json!([{"anything-but": ["something-else"]}]),
        Test::NotThis => json!([{"anything-but": [text]}]),
        Test::TheOther => json!(["something-else"]),
    }
}

fn insert(pattern: &mut Map<String, Value>, path: &[String], test: Value) {
    let Some((first, rest)) = path.split_first() else { return };
    if rest.is_empty() {
        pattern.entry(first).or_insert(test);
    } else if let Value::Object(inner) = pattern.entry(first).or_insert_with(|| json!({})) {
        insert(inner, rest, test);
    }
}

fn collect(value: &Value, path: &mut Vec<String>, leaves: &mut Vec<Leaf>) {
    match value {
        Value::Object(members) => {
            for (key, member) in members {
                // The ARNs and ids of identities are of use where they are a role's.
                let of_issuer = path.last().is_some_and(|last| last == "sessionIssuer");
                if PASSING.contains(&key.as_str()) && !of_issuer {
                    continue;
                }
                path.push(key.clone());
                collect(member, path, leaves);
                path.pop();
            }
        }
        Value::Array(items) => items.iter().for_each(|item| collect(item, path, leaves)),
        leaf => leaves.push((path.clone(), leaf.clone())),
    }
}
