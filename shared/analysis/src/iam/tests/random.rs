//! What a scan says of a role against what [`decide`] says of each concrete request, on random policies.

use crate::Catalogue;
use crate::iam::caller::context_of;
use crate::iam::{Access, Answer, Grant, Layers, Reach, Request, Source, covers, decide};
use loopguard_model::{Inventory, Origin, Policy, ResourcePolicy, Role, Scope, ScpLevel};
use loopguard_pattern::Term;
use proptest::prelude::*;
use proptest::test_runner::{RngAlgorithm, TestRng, TestRunner};
use serde_json::{Value, json};
use std::cell::RefCell;
use std::sync::LazyLock;

const RESOURCES: [&str; 8] = [
    "arn:aws:s3:::media",
    "arn:aws:s3:::media/in/a",
    "arn:aws:s3:::media/out/a",
    "arn:aws:s3:::meadow",
    "arn:aws:s3:::logs/fixer/x",
    "arn:aws:sqs:eu-west-1:111122223333:work",
    "arn:aws:sqs:us-east-1:111122223333:work",
    "*",
];

const CALLS: [&str; 5] =
    ["s3:PutObject", "s3:PutBucketAcl", "s3:DeleteObject", "sqs:SendMessage", "sts:AssumeRole"];

fn scope() -> Scope {
    Scope { partition: "aws".into(), account: "111122223333".into(), region: "eu-west-1".into() }
}

const SHORT: &str = "short";

/// Few words, so that statements meet.
fn one_of(words: &'static [&'static str]) -> impl Strategy<Value = Vec<&'static str>> {
    proptest::collection::vec(proptest::sample::select(words), 1..3)
}

fn actions() -> impl Strategy<Value = (&'static str, Vec<&'static str>)> {
    let words =
        one_of(&["*", "s3:*", "s3:Put*", "s3:PutObject", "s3:?utBucketAcl", "sqs:*", "sts:AssumeRole"]);
    (prop_oneof![4 => Just("Action"), 1 => Just("NotAction")], words)
}

fn resources() -> impl Strategy<Value = (&'static str, Vec<&'static str>)> {
    let words = one_of(&[
        "*",
        "arn:aws:s3:::*",
        "arn:aws:s3:::media",
        "arn:aws:s3:::me*",
        "arn:aws:s3:::me?ia",
        "arn:aws:s3:::media/*",
        "arn:aws:s3:::*/out/*",
        "arn:aws:s3:::media/out/*",
        "arn:aws:s3:::logs/${aws:PrincipalTag/team}/*",
        "arn:aws:s3:::logs/${aws:username}/*",
        "arn:aws:s3:::logs/${aws:PrincipalAccount}/*",
        "arn:aws:s3:::${aws:PrincipalTag/team, 'media'}/*",
        "arn:aws:sqs:*:*:work",
        "arn:aws:sqs:eu-west-1:*:*",
        SHORT,
    ]);
    (prop_oneof![4 => Just("Resource"), 1 => Just("NotResource")], words)
}

fn condition() -> impl Strategy<Value = Option<Value>> {
    prop_oneof![
        6 => Just(None),
        1 => Just(Some(json!({"StringEquals": {"aws:RequestedRegion": "eu-west-1"}}))),
        1 => Just(Some(json!({"StringNotEquals": {"aws:RequestedRegion": ["eu-west-1", "us-east-1"]}}))),
        1 => Just(Some(json!({"ArnNotLike": {"aws:PrincipalArn": "arn:aws:iam::*:role/fix*"}}))),
        1 => Just(Some(json!({"StringEquals": {"aws:PrincipalTag/team": "media"}}))),
        1 => Just(Some(json!({"Null": {"aws:SourceArn": "true"}}))),
        1 => Just(Some(json!({"Bool": {"aws:SecureTransport": "false"}}))),
    ]
}

fn statement(denies: u32) -> impl Strategy<Value = Value> {
    let effect = prop_oneof![3 => Just("Allow"), denies => Just("Deny")];
    (effect, actions(), resources(), condition()).prop_map(|(effect, actions, resources, condition)| {
        let mut statement = json!({"Effect": effect});
        statement[actions.0] = json!(actions.1);
        // What a text of fewer fields stands for is not known; but it is the same wherever it stands.
        let short = if effect == "Allow" { "arn:aws:s3:*" } else { "arn:aws:s3:**" };
        let named = resources.1.into_iter().map(|text| if text == SHORT { short } else { text });
        statement[resources.0] = named.collect();
        if let Some(condition) = condition {
            statement["Condition"] = condition;
        }
        statement
    })
}

fn policy() -> impl Strategy<Value = Policy> {
    let version = prop_oneof![4 => Just("2012-10-17"), 1 => Just("2008-10-17")];
    (version, proptest::collection::vec(statement(2), 1..4)).prop_map(|(version, statements)| {
        let text = json!({"Version": version, "Statement": statements}).to_string();
        Policy::from_text("random", &text, Origin::Assumed("a test".into()))
    })
}

/// The bucket that has a policy of its own.
const BUCKET: &str = "arn:aws:s3:::media";

/// A policy of the bucket. Not drawn are principals that leave it to the account, of which `decide` says less.
fn policy_of_bucket() -> impl Strategy<Value = Policy> {
    let resources = (
        prop_oneof![6 => Just("Resource"), 1 => Just("NotResource")],
        one_of(&["*", BUCKET, "arn:aws:s3:::media/*", "arn:aws:s3:::media/out/*"]),
    );
    let principal = one_of(&[
        "*",
        "arn:aws:iam::111122223333:role/fixer",
        "arn:aws:sts::111122223333:assumed-role/fixer/job",
        "arn:aws:iam::111122223333:role/other",
        "arn:aws:sts::111122223333:assumed-role/other/job",
    ]);
    let one = (statement(1), resources, principal).prop_map(|(mut statement, resources, principal)| {
        for member in ["Resource", "NotResource"] {
            statement.as_object_mut().unwrap().remove(member);
        }
        statement[resources.0] = json!(resources.1);
        statement["Principal"] = json!({"AWS": principal});
        statement
    });
    proptest::collection::vec(one, 1..3).prop_map(|statements| {
        let text = json!({"Version": "2012-10-17", "Statement": statements}).to_string();
        Policy::from_text("bucket", &text, Origin::Assumed("a test".into()))
    })
}

fn layers() -> impl Strategy<Value = (Vec<Policy>, Option<Policy>, Vec<Vec<Policy>>)> {
    let scps = prop_oneof![
        3 => Just(Vec::new()),
        1 => proptest::collection::vec(proptest::collection::vec(policy(), 1..3), 1..3),
    ];
    (proptest::collection::vec(policy(), 1..3), proptest::option::weighted(0.3, policy()), scps)
}

fn role(policies: Vec<Policy>, boundary: Option<Policy>) -> Role {
    Role {
        arn: Term::literal("arn:aws:iam::111122223333:role/fixer"),
        name: Term::literal("fixer"),
        trust: None,
        policies,
        attached_unread: Vec::new(),
        boundary,
        boundary_unread: None,
        origin: Origin::Assumed("a test".into()),
    }
}

/// Returns true iff the grant says that the call may be made on the resource.
fn allows(grant: &Grant, resource: &str) -> bool {
    let resource = Term::literal(resource);
    let reached = match &grant.reach {
        Reach::Any => true,
        // A question mark covers one character of a concrete resource.
        Reach::These(terms) => terms.iter().any(|term| {
            let pattern =
                term.to_string().replace("${aws:username}", "*").replace("${aws:PrincipalTag/team}", "*");
            crate::glob::fits(&pattern, &resource.to_string(), false) || covers(term, &resource)
        }),
    };
    reached && !grant.except.iter().any(|refused| covers(refused, &resource))
}

static CATALOGUE: LazyLock<Catalogue> = LazyLock::new(|| Catalogue::load().unwrap());

/// How many requests may be allowed, how many are refused, and how many of the refused ones a grant covers.
#[derive(Debug, Default)]
struct Count {
    allowed: usize,
    refused: usize,
    granted_in_vain: usize,
}

type Given = (Vec<Policy>, Option<Policy>, Vec<Vec<Policy>>);

fn check(
    (policies, boundary, scps): Given,
    of_bucket: Option<&Policy>,
    count: &mut Count,
) -> Result<(), TestCaseError> {
    let mut inventory = Inventory::new(scope());
    inventory.scps = scps.into_iter().map(|policies| ScpLevel { account: None, policies }).collect();
    if let Some(policy) = of_bucket.cloned() {
        let resources = vec![Term::literal(BUCKET), Term::literal(&format!("{BUCKET}/*"))];
        inventory.resource_policies.add(ResourcePolicy { resources, policy });
    }
    let (role, scope) = (role(policies, boundary), scope());
    let access = Access::new(&role, &scope, &CATALOGUE, &inventory);
    let levels = inventory.scps.iter().map(|level| level.policies.iter().map(Source::Read).collect());
    let layers = Layers {
        identity: role.policies.iter().map(Source::Read).collect(),
        boundary: role.boundary.as_ref().map(Source::Read),
        scps: levels.collect(),
        ..Layers::default()
    };
    for call in CALLS {
        let operation = CATALOGUE.operation(call).unwrap();
        let grants = access.grants(operation);
        // No request is about a resource of another kind than its own.
        let is_own = |resource: &&str| CATALOGUE.may_allow_on(call, &Term::literal(resource));
        for resource in RESOURCES.into_iter().filter(is_own) {
            let context = context_of(&role, &scope, operation.global);
            let request = Request { action: call.into(), resource: resource.into(), context };
            // No other service looks at a bucket's policy.
            let asked = resource.starts_with(BUCKET) && call.starts_with("s3:");
            let of_bucket = of_bucket.filter(|_| asked);
            let layers = Layers { resource: of_bucket.map(Source::Read), ..layers.clone() };
            let decision = decide(&request, &layers);
            let granted = grants.iter().any(|grant| allows(grant, resource));
            if decision.answer == Answer::No {
                count.refused += 1;
                count.granted_in_vain += usize::from(granted);
                continue;
            }
            count.allowed += 1;
            prop_assert!(
                granted,
                "{call} on {resource} may be allowed ({:?}), and is not granted: {grants:?}",
                decision.because
            );
        }
    }
    Ok(())
}

/// What IAM may allow is granted; and, but for what no text can say, what it refuses is not.
#[test]
fn what_may_be_allowed_is_granted() {
    let config = ProptestConfig { cases: 4000, failure_persistence: None, ..ProptestConfig::default() };
    let count = RefCell::new(Count::default());
    let mut runner = TestRunner::new_with_rng(config, TestRng::deterministic_rng(RngAlgorithm::ChaCha));
    runner.run(&layers(), |given| check(given, None, &mut count.borrow_mut())).unwrap();
    let count = count.into_inner();
    assert!(count.allowed > 10_000 && count.refused > 20_000, "{count:?}");
    assert!(count.granted_in_vain * 20 < count.refused, "{count:?}");
}

/// So it is where a bucket has a policy of its own. There is no boundary: `decide` does not hold what a resource allows against
/// it, a scan does.
#[test]
fn what_a_bucket_may_allow_is_granted() {
    let config = ProptestConfig { cases: 1500, failure_persistence: None, ..ProptestConfig::default() };
    let count = RefCell::new(Count::default());
    let mut runner = TestRunner::new_with_rng(config, TestRng::deterministic_rng(RngAlgorithm::ChaCha));
    let drawn = (proptest::collection::vec(policy(), 1..3), policy_of_bucket());
    let run = |(policies, of_bucket)| {
        check((policies, None, Vec::new()), Some(&of_bucket), &mut count.borrow_mut())
    };
    runner.run(&drawn, run).unwrap();
    let count = count.into_inner();
    assert!(count.allowed > 5_000 && count.refused > 7_000, "{count:?}");
    assert!(count.granted_in_vain * 20 < count.refused, "{count:?}");
}
