//! Automation runbooks.

use super::{Scan, calls, role, scan};
use loopguard_analysis::{Certainty, Gain, Verdict};

/// A rule on `pattern` that runs a runbook with these steps; `content` stands before the steps, `input` in the target.
fn runs(pattern: &str, content: &str, steps: &str, input: &str, more: &str) -> Scan {
    let rule = format!(
        "  R:\n    Type: AWS::Events::Rule\n    Properties:\n      EventPattern: {pattern}\n      Targets: [{{Id: t, Arn: !Sub 'arn:aws:ssm:${{AWS::Region}}:${{AWS::AccountId}}:automation-definition/${{Doc}}:$DEFAULT', RoleArn: !GetAtt Delivery.Arn{input}}}]\n"
    );
    let document = format!(
        "  Doc:\n    Type: AWS::SSM::Document\n    Properties:\n      DocumentType: Automation\n      Content: {{schemaVersion: '0.3', {content}mainSteps: [{steps}]}}\n"
    );
    scan(&[rule, document, role("Delivery", "'*'", "*"), role("Work", "'*'", "*"), more.to_owned()].concat())
}

const ROLE: &str = "assumeRole: !GetAtt Work.Arn, ";

fn on_stop() -> String {
    calls("aws.ec2", "StopInstances")
}

fn step(name: &str, action: &str, inputs: &str) -> String {
    format!("{{name: {name}, action: 'aws:{action}', inputs: {{{inputs}}}}}")
}

#[test]
fn actions_call_what_the_table_says() {
    let stop = step("s", "changeInstanceState", "InstanceIds: ['{{ Id }}'], DesiredState: stopped");
    let scan = runs(&on_stop(), ROLE, &stop, "", "");
    scan.is_declared_loop("R");
    assert_eq!(scan.gain("R"), Gain::Each);
    let start = step("s", "changeInstanceState", "InstanceIds: ['{{ Id }}'], DesiredState: running");
    runs(&on_stop(), ROLE, &start, "", "").is("R", Verdict::None);
    let either = step("s", "changeInstanceState", "InstanceIds: ['{{ Id }}'], DesiredState: '{{ State }}'");
    let scan = runs(&on_stop(), ROLE, &either, "", "");
    scan.is_declared_loop("R");
    assert_eq!(scan.gain("R"), Gain::Sometimes);
    let check =
        step("s", "changeInstanceState", "InstanceIds: [i], DesiredState: stopped, CheckStateOnly: true");
    runs(&on_stop(), ROLE, &check, "", "").is("R", Verdict::None);
}

#[test]
fn any_api_is_called_by_name() {
    for api in ["StopInstances", "stop_instances"] {
        let call = step("s", "executeAwsApi", &format!("Service: ec2, Api: {api}, InstanceIds: [i-1]"));
        runs(&on_stop(), ROLE, &call, "", "").is_declared_loop("R");
    }
    let other = step("s", "executeAwsApi", "Service: ec2, Api: DescribeInstances");
    runs(&on_stop(), ROLE, &other, "", "").is("R", Verdict::None);
}

#[test]
fn parameters_are_the_inputs_or_their_defaults() {
    let put = step("s", "executeAwsApi", "Service: s3, Api: PutBucketAcl, Bucket: '{{ Bucket }}'");
    let pattern = calls("aws.s3", "PutBucketAcl")
        .replace("eventName", "requestParameters: {bucketName: [a]}, eventName");
    let content = format!("{ROLE}parameters: {{Bucket: {{type: String, default: b}}}}, ");
    let of = |input: &str| runs(&pattern, &content, &put, input, "");
    of("").is("R", Verdict::None);
    of(", Input: '{\"Bucket\": [\"a\"]}'").is_declared_loop("R");
    of(", Input: '{\"Bucket\": [\"c\"]}'").is("R", Verdict::None);
    of(", InputTransformer: {InputPathsMap: {b: $.detail.requestParameters.bucketName}, InputTemplate: '{\"Bucket\": [<b>]}'}").is_declared_loop("R");
}

#[test]
fn the_role_may_come_with_the_input() {
    let stop = step("s", "executeAwsApi", "Service: ec2, Api: StopInstances");
    let guard = on_stop().replace(
        "detail: {",
        "detail: {userIdentity: {sessionContext: {sessionIssuer: {arn: [{anything-but: 'arn:aws:iam::111122223333:role/work'}]}}}, ",
    );
    let content = "assumeRole: '{{ AutomationAssumeRole }}', parameters: {AutomationAssumeRole: {type: String, default: ''}}, ";
    let of = |role: &str| {
        let input =
            format!(", Input: '{{\"AutomationAssumeRole\": [\"arn:aws:iam::111122223333:role/{role}\"]}}'");
        runs(&guard, content, &stop, &input, "")
    };
    of("work").is("R", Verdict::None);
    of("other").is_declared_loop("R");
    // Without one it runs as its caller.
    runs(&on_stop(), content, &stop, "", "").is_declared_loop("R");
}

#[test]
fn scripts_fall_back_on_the_role() {
    let script = step("s", "executeScript", "Runtime: python3.11, Handler: h, Script: x");
    let scan = runs(&on_stop(), ROLE, &script, "", "");
    assert_eq!(scan.verdict("R"), (Verdict::Loop, Some(Certainty::Broad)), "{}", scan.reasons("R"));
}

#[test]
fn commands_and_webhooks_are_unknown_and_say_so() {
    for (step, words) in [
        (step("s", "runCommand", "DocumentName: AWS-RunShellScript"), "instance profile"),
        (step("s", "invokeWebhook", "IntegrationName: x"), "webhook"),
        (step("s", "executeAutomation", "DocumentName: AWS-StopEC2Instance"), "AWS-StopEC2Instance"),
    ] {
        let scan = runs(&on_stop(), ROLE, &step, "", "");
        scan.is("R", Verdict::Unknown);
        assert!(scan.reasons("R").contains(words), "{}", scan.reasons("R"));
    }
}

#[test]
fn a_nested_runbook_runs_as_its_caller() {
    let nested = "  Inner:\n    Type: AWS::SSM::Document\n    Properties:\n      Name: inner\n      DocumentType: Automation\n      Content: {schemaVersion: '0.3', mainSteps: [{name: s, action: 'aws:executeAwsApi', inputs: {Service: ec2, Api: StopInstances}}]}\n";
    let outer = step("s", "executeAutomation", "DocumentName: inner");
    runs(&on_stop(), ROLE, &outer, "", nested).is_declared_loop("R");
    let start =
        step("s", "executeAwsApi", "Service: ssm, Api: StartAutomationExecution, DocumentName: !Ref Inner");
    runs(&on_stop(), ROLE, &start, "", nested).is_declared_loop("R");
}

#[test]
fn branches_make_calls_unsure() {
    let steps = [
        "{name: b, action: 'aws:branch', inputs: {Choices: [{NextStep: s, Variable: '{{ x.y }}', StringEquals: z}], Default: e}}".to_owned(),
        step("s", "executeAwsApi", "Service: ec2, Api: StopInstances"),
        "{name: e, action: 'aws:sleep', inputs: {Duration: PT1S}, isEnd: true}".to_owned(),
    ];
    let scan = runs(&on_stop(), ROLE, &steps.join(", "), "", "");
    scan.is_declared_loop("R");
    assert_eq!(scan.gain("R"), Gain::Sometimes);
}
