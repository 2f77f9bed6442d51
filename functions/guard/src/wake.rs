//! Changes of what rules reach: roles, functions, machines, documents, pipes, topics, buckets, trails.

use crate::gather::Gathered;
use loopguard_analysis::Verdict;
use loopguard_decision::RuleRef;
use loopguard_model::{Inventory, Need};
use loopguard_pattern::Term;
use serde::Deserialize;
use serde_json::Value;
use std::collections::BTreeSet;
use std::sync::{Arc, OnceLock};

/// One row of `wakes.toml`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Wake {
    /// CloudTrail's `eventSource`.
    pub(crate) source: String,
    /// CloudTrail's `eventName`s, without dates.
    pub(crate) calls: Vec<String>,
    /// The member of the request that names what was changed.
    at: Option<String>,
    /// Why a loop may be open now.
    #[allow(dead_code, reason = "read by people")]
    why: String,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Table {
    wake: Vec<Wake>,
}

/// The subject of a change that may touch any rule.
const ALL: &str = "cloudtrail:*";

/// Returns the rows.
pub(crate) fn wakes() -> &'static [Wake] {
    static TABLE: OnceLock<Table> = OnceLock::new();
    // The text is part of the program, and a test reads it.
    &TABLE.get_or_init(|| toml::from_str(include_str!("wakes.toml")).unwrap_or_default()).wake
}

/// Returns what a call changed that rules may reach, as the index names it; empty for any other call.
pub(crate) fn subjects(source: &str, name: &str, parameters: Option<&Value>) -> BTreeSet<Arc<str>> {
    let rows =
        wakes().iter().filter(|row| row.source == source && row.calls.iter().any(|call| is_call(name, call)));
    rows.filter_map(|row| match &row.at {
        None => Some(ALL.into()),
        Some(at) => subject_of(source, parameters?.get(at)?.as_str()?),
    })
    .collect()
}

/// Lambda's names carry the date of the API's version: `UpdateFunctionCode20150331v2`.
fn is_call(name: &str, call: &str) -> bool {
    name.strip_prefix(call).is_some_and(|rest| {
        rest.is_empty() || (rest.starts_with("20") && rest.bytes().all(|b| b.is_ascii_digit() || b == b'v'))
    })
}

/// Returns the subject that a request names: by service and last name, so that a name and an ARN of it are one. Two things
/// of one name wake each other's rules, which costs a look and nothing else.
fn subject_of(source: &str, text: &str) -> Option<Arc<str>> {
    let service = source.strip_suffix(".amazonaws.com").unwrap_or(source);
    if text.starts_with("arn:") {
        by_arn(text)
    } else {
        Some(format!("{service}:{}", last(service, text)?).into())
    }
}

fn by_arn(arn: &str) -> Option<Arc<str>> {
    let fields: Vec<&str> = arn.splitn(6, ':').collect();
    let [_, _, service, _, _, resource] = fields.as_slice() else { return None };
    Some(format!("{service}:{}", last(service, resource)?).into())
}

/// The name within a resource: `function:NAME:ALIAS`, `role/PATH/NAME`, `stateMachine:NAME`, `NAME`; of a table's stream
/// the table.
fn last<'a>(service: &str, resource: &'a str) -> Option<&'a str> {
    let name = match service {
        "lambda" => resource.strip_prefix("function:").unwrap_or(resource).split(':').next(),
        "states" => resource.split(':').find(|part| !["stateMachine", "express", "execution"].contains(part)),
        "dynamodb" => resource.split('/').nth(1),
        _ => resource.rsplit(['/', ':']).next(),
    };
    name.filter(|name| !name.is_empty())
}

/// The subject that rules are noted under which are in a loop, or may be, so that whoever watches rates finds them. No
/// service has this name.
pub const LOOPING: &str = "loopguard:looping";

/// Returns all that the rule's verdict hangs on, as the index names it; and [`LOOPING`] if that is a loop, or may be.
pub(crate) fn reached(gathered: &Gathered, rule: &RuleRef) -> BTreeSet<Arc<str>> {
    let looping = is_looping(gathered, rule).then(|| LOOPING.into());
    hanging_on(gathered).into_iter().chain(looping).collect()
}

/// Returns all that the verdict hangs on, as the index names it.
pub(crate) fn hanging_on(gathered: &Gathered) -> BTreeSet<Arc<str>> {
    gathered.asked.iter().flat_map(|need| hangs_on(need, &gathered.inventory)).collect()
}

fn is_looping(gathered: &Gathered, rule: &RuleRef) -> bool {
    let of_rule = gathered.inventory.rules.iter().find(|other| RuleRef::of(other) == *rule);
    of_rule.is_some_and(|rule| {
        let mut loops = gathered.analysis.findings.iter().filter(|finding| match finding.verdict {
            Verdict::Loop | Verdict::Unknown => true,
            Verdict::Dead | Verdict::Latent | Verdict::Bounded | Verdict::None => false,
        });
        loops.any(|finding| finding.rules.contains(&rule.key))
    })
}

fn hangs_on(need: &Need, inventory: &Inventory) -> Vec<Arc<str>> {
    let named = |term: &Term| term.as_literal().and_then(|text| by_arn(&text));
    match need {
        Need::Workload { arn } | Need::Consumers { arn } => named(arn).into_iter().collect(),
        Need::Role { arn } => {
            let role = inventory.role(arn);
            let policies = role.into_iter().flat_map(|role| role.policies.iter().chain(&role.boundary));
            let attached = policies.filter_map(|policy| by_arn(&policy.name));
            let unread =
                role.into_iter().flat_map(|role| role.attached_unread.iter().chain(&role.boundary_unread));
            named(arn).into_iter().chain(attached).chain(unread.filter_map(named)).collect()
        }
        Need::Trails => vec![ALL.into()],
        Need::BucketNotification { bucket } => {
            bucket.as_literal().map(|name| format!("s3:{name}").into()).into_iter().collect()
        }
        // Rules and targets wake by their own calls.
        Need::RulesOfBus { .. } | Need::Targets { .. } => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::{subjects, wakes};
    use serde_json::json;
    use std::collections::BTreeSet;

    fn woken(source: &str, name: &str, parameters: &serde_json::Value) -> Vec<String> {
        let source = format!("{source}.amazonaws.com");
        subjects(&source, name, Some(parameters)).iter().map(ToString::to_string).collect()
    }

    #[test]
    fn the_table_is_read() {
        let mut seen = BTreeSet::new();
        for wake in wakes() {
            assert!(wake.source.ends_with(".amazonaws.com") && !wake.why.is_empty());
            for call in &wake.calls {
                assert!(seen.insert((&wake.source, call, &wake.at)), "{call} stands there twice");
            }
        }
        assert!(seen.len() > 20);
    }

    #[test]
    fn a_name_and_an_arn_are_one() {
        let function = "arn:aws:lambda:eu-west-1:111122223333:function:fix";
        for named in ["fix", function, &format!("{function}:live"), "111122223333:function:fix"] {
            let woken = woken("lambda", "UpdateFunctionCode20150331v2", &json!({"functionName": named}));
            // An account and a name is the one form that is not told apart.
            assert!(woken == ["lambda:fix"] || named.starts_with('1'), "{named}: {woken:?}");
        }
        let arn = "arn:aws:iam::111122223333:policy/team/wide";
        assert_eq!(woken("iam", "CreatePolicyVersion", &json!({"policyArn": arn})), ["iam:wide"]);
        assert_eq!(woken("iam", "PutRolePolicy", &json!({"roleName": "fixer"})), ["iam:fixer"]);
        let machine = "arn:aws:states:eu-west-1:111122223333:stateMachine:m:alias";
        assert_eq!(woken("states", "UpdateStateMachine", &json!({"stateMachineArn": machine})), ["states:m"]);
        let queue = "arn:aws:sqs:eu-west-1:111122223333:q";
        assert_eq!(woken("pipes", "CreatePipe", &json!({"source": queue, "name": "p"})), ["sqs:q"]);
        let stream = "arn:aws:dynamodb:eu-west-1:111122223333:table/t/stream/2026";
        let mapping = json!({"eventSourceArn": stream});
        assert_eq!(woken("lambda", "CreateEventSourceMapping20150331", &mapping), ["dynamodb:t"]);
        assert_eq!(woken("cloudtrail", "StartLogging", &json!({})), ["cloudtrail:*"]);
    }

    #[test]
    fn other_calls_wake_nobody() {
        for (source, name) in
            [("lambda", "UpdateFunctionCodeSigningConfig"), ("iam", "GetRole"), ("s3", "PutBucketAcl")]
        {
            let woken =
                woken(source, name, &json!({"functionName": "f", "roleName": "r", "bucketName": "b"}));
            assert!(woken.is_empty(), "{name}: {woken:?}");
        }
        assert!(woken("iam", "PutRolePolicy", &json!({"roleName": 7})).is_empty());
        assert!(subjects("iam.amazonaws.com", "PutRolePolicy", None).is_empty());
    }
}
