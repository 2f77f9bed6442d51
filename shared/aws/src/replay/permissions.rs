//! Every call that a test sees on the wire stands in `permissions.toml`, so that the list is what is really called.

use super::Call;

/// Operations of services that are named by method and path: the service, the method, a text in the path, the operation.
/// The first that fits counts.
const BY_PATH: [(&str, &str, &str, &str); 20] = [
    ("lambda", "GET", "/event-invoke-config/list", "ListFunctionEventInvokeConfigs"),
    ("lambda", "GET", "/event-source-mappings", "ListEventSourceMappings"),
    ("lambda", "GET", "/configuration", "GetFunctionConfiguration"),
    ("lambda", "GET", "/tags/", "ListTags"),
    ("lambda", "GET", "/concurrency", "GetFunctionConcurrency"),
    ("lambda", "PUT", "/concurrency", "PutFunctionConcurrency"),
    ("lambda", "DELETE", "/concurrency", "DeleteFunctionConcurrency"),
    ("lambda", "GET", "/aliases", "ListAliases"),
    ("lambda", "GET", "/versions", "ListVersionsByFunction"),
    ("lambda", "GET", "/policy", "GetPolicy"),
    ("lambda", "GET", "/urls", "ListFunctionUrlConfigs"),
    ("lambda", "GET", "/functions", "ListFunctions"),
    ("pipes", "GET", "/v1/pipes/", "DescribePipe"),
    ("pipes", "GET", "/v1/pipes", "ListPipes"),
    ("scheduler", "GET", "/schedules/", "GetSchedule"),
    ("scheduler", "GET", "/schedules", "ListSchedules"),
    ("s3", "PUT", "x-id=PutObject", "PutObject"),
    ("s3", "GET", "notification", "GetBucketNotification"),
    ("s3", "GET", "?policy", "GetBucketPolicy"),
    ("s3", "GET", "/", "ListAllMyBuckets"),
];

/// Panics iff the call is not listed, for the functions where an account asks; the test that made it then gets no answer.
pub(super) fn check(service: &str, call: &Call, by_account: bool) {
    let listed: toml::Table = crate::PERMISSIONS.parse().unwrap();
    let action = action(service, call);
    let mut parts = vec![
        "both",
        "guard",
        "events",
        "enforce",
        "braking",
        "brake",
        "interrupt",
        "inventory",
        "sentinel",
        "tripwires",
        "budgets",
    ];
    if !by_account {
        parts.push("command");
    }
    let is_listed = parts.iter().any(|part| listed[*part].get(&action).is_some());
    assert!(is_listed, "`{action}` is not in permissions.toml for {parts:?}");
}

fn action(service: &str, call: &Call) -> String {
    if call.operation != "path" {
        return format!("{service}:{}", call.operation);
    }
    let fits = |(of, method, text, _): &&(&str, &str, &str, &str)| {
        *of == service && call.content.starts_with(method) && call.content.contains(text)
    };
    let (_, _, _, operation) =
        BY_PATH.iter().find(fits).unwrap_or_else(|| panic!("{service}: {}", call.content));
    format!("{service}:{operation}")
}
