//! Inventories of templates: accounts, regions and names are symbols.

use super::build::{Build, Done, account, term};
use crate::Verdict;
use loopguard_model::Scope;

const ACL: &str = r#"{"source":["aws.s3"],"detail-type":["AWS API Call via CloudTrail"],"detail":{"eventName":["PutBucketAcl"]}}"#;
const FUNCTION: &str = "arn:<?AWS::Partition>:lambda:<?AWS::Region>:<?AWS::AccountId>:function:<AWS::Lambda::Function.name:Fixer>";
const ROLE: &str = "arn:<?AWS::Partition>:iam::<?AWS::AccountId>:role/<AWS::IAM::Role.name:FixerRole>";

/// A stack with a function, its role and one statement.
fn stack(pattern: &str, statement: &str) -> Done {
    let mut built: Build = account();
    built.inventory.scope = Scope {
        partition: term("<?AWS::Partition>"),
        account: term("<?AWS::AccountId>"),
        region: term("<?AWS::Region>"),
    };
    let mut built = built.rule("RevertAcl", pattern, FUNCTION).role("FixerRole", statement).workload(
        "AWS::Lambda::Function",
        FUNCTION,
        "<AWS::Lambda::Function.name:Fixer>",
        Some("FixerRole"),
    );
    if let Some(role) = built.inventory.roles.last_mut() {
        role.arn = term(ROLE);
        role.name = term("<AWS::IAM::Role.name:FixerRole>");
    }
    if let Some(workload) = built.inventory.workloads.last_mut() {
        workload.role = Some(term(ROLE));
    }
    built.close()
}

fn guarded(guard: &str) -> String {
    ACL.replace(r#""eventName""#, &format!(r#""userIdentity":{{{guard}}},"eventName""#))
}

#[test]
fn a_stack_whose_function_reverts_acls_is_a_loop() {
    let done = stack(ACL, r#"{"Effect":"Allow","Action":"s3:PutBucketAcl","Resource":"*"}"#);
    assert_eq!(done.verdict("RevertAcl"), Verdict::Loop, "{}", done.reasons("RevertAcl"));
    assert!(done.finding("RevertAcl").hops.iter().all(|hop| hop.witness.is_some()));
}

#[test]
fn a_guard_by_the_roles_own_arn_holds_without_knowing_it() {
    for guard in [
        format!(r#""sessionContext":{{"sessionIssuer":{{"arn":[{{"anything-but":"{ROLE}"}}]}}}}"#),
        format!(r#""sessionContext":{{"sessionIssuer":{{"arn":[{{"anything-but":["{ROLE}"]}}]}}}}"#),
        r#""sessionContext":{"sessionIssuer":{"userName":[{"anything-but":"<AWS::IAM::Role.name:FixerRole>"}]}}"#
            .to_owned(),
    ] {
        let done = stack(&guarded(&guard), r#"{"Effect":"Allow","Action":"s3:PutBucketAcl","Resource":"*"}"#);
        assert_eq!(done.verdict("RevertAcl"), Verdict::None, "{guard}: {}", done.reasons("RevertAcl"));
        assert!(done.reasons("RevertAcl").starts_with("identity:"), "{}", done.reasons("RevertAcl"));
    }
}

#[test]
fn a_guard_by_another_role_of_the_stack_does_not_hold() {
    let other = ROLE.replace("FixerRole", "OtherRole");
    let guard = format!(r#""sessionContext":{{"sessionIssuer":{{"arn":[{{"anything-but":"{other}"}}]}}}}"#);
    let done = stack(&guarded(&guard), r#"{"Effect":"Allow","Action":"s3:PutBucketAcl","Resource":"*"}"#);
    assert_eq!(done.verdict("RevertAcl"), Verdict::Loop, "{}", done.reasons("RevertAcl"));
}

#[test]
fn a_bus_of_another_form_is_another_bus() {
    let statement = r#"{"Effect":"Allow","Action":"events:PutEvents","Resource":"arn:<?AWS::Partition>:events:<?AWS::Region>:<?AWS::AccountId>:event-bus/<?Stack>-bus"}"#;
    let done = stack(r#"{"source":["orders"]}"#, statement);
    assert_eq!(done.verdict("RevertAcl"), Verdict::None, "{}", done.reasons("RevertAcl"));
}

#[test]
fn two_buckets_of_a_stack_differ_and_one_is_itself() {
    let pattern = |bucket: &str| {
        format!(
            r#"{{"source":["aws.s3"],"detail-type":["Object Created"],"detail":{{"bucket":{{"name":["<AWS::S3::Bucket.name:{bucket}>"]}}}}}}"#
        )
    };
    let statement = r#"{"Effect":"Allow","Action":"s3:PutObject","Resource":"arn:<?AWS::Partition>:s3:::<AWS::S3::Bucket.name:Out>/*"}"#;
    assert_eq!(stack(&pattern("Out"), statement).verdict("RevertAcl"), Verdict::Loop);
    assert_eq!(stack(&pattern("In"), statement).verdict("RevertAcl"), Verdict::None);
}
