//! Values that a definition copies from the event that started it.

use super::{role, scan};
use loopguard_analysis::Verdict;

const CREATED: &str =
    "{source: [aws.s3], detail-type: [Object Created], detail: {bucket: {name: [in, both]}}}";

/// A rule on new objects of the buckets `in` and `both` that starts a machine with one task.
fn of(target: &str, bucket: &str) -> super::Scan {
    let rule = format!(
        "  R:\n    Type: AWS::Events::Rule\n    Properties:\n      EventPattern: {CREATED}\n      Targets: [{{Id: t, Arn: !Ref Machine, RoleArn: !GetAtt Delivery.Arn{target}}}]\n"
    );
    let machine = format!(
        "  Machine:\n    Type: AWS::StepFunctions::StateMachine\n    Properties:\n      RoleArn: !GetAtt Work.Arn\n      Definition: {{StartAt: A, States: {{A: {{Type: Task, Resource: 'arn:aws:states:::aws-sdk:s3:putObject', Parameters: {{{bucket}, Key: k}}, End: true}}}}}}\n"
    );
    scan(&[rule, machine, role("Delivery", "'*'", "*"), role("Work", "'*'", "*")].concat())
}

#[test]
fn the_events_own_bucket_is_one_that_the_rule_hears() {
    let scan = of("", "Bucket.$: $.detail.bucket.name");
    scan.is_declared_loop("R");
    assert!(scan.notes("R").contains("copied from `detail.bucket.name`"), "{}", scan.notes("R"));
    of("", "Bucket.$: $$.Execution.Input.detail.bucket.name").is_declared_loop("R");
    of(", InputPath: $.detail", "Bucket.$: $.bucket.name").is_declared_loop("R");
    let transformed =
        ", InputTransformer: {InputPathsMap: {b: $.detail.bucket.name}, InputTemplate: '{\"name\": <b>}'}";
    of(transformed, "Bucket.$: $.name").is_declared_loop("R");
}

#[test]
fn constants_of_the_targets_input_are_known() {
    of(", Input: '{\"to\": \"elsewhere\"}'", "Bucket.$: $.to").is("R", Verdict::None);
    of(", Input: '{\"to\": \"both\"}'", "Bucket.$: $.to").is_declared_loop("R");
    let prefixed = ", InputTransformer: {InputPathsMap: {b: $.detail.bucket.name}, InputTemplate: '{\"name\": \"out-<b>\"}'}";
    of(prefixed, "Bucket.$: $.name").is("R", Verdict::None);
}

#[test]
fn what_the_target_does_not_hand_over_is_not_known() {
    of(", InputPath: $.detail.object", "Bucket.$: $.detail.bucket.name").is("R", Verdict::Loop);
    of(", Input: '{\"to\": 1'", "Bucket.$: $.to").is("R", Verdict::Loop);
    of("", "Bucket.$: $.detail.other").is("R", Verdict::Loop);
}
