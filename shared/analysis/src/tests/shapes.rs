//! Known shapes of loops, and rules that look like loops and are none.

use super::build::{Build, account, account_in, function_arn};
use crate::Verdict::{self, Bounded, Dead, Latent, Loop, None, Unknown};
use loopguard_model::RuleState;

fn f() -> String {
    function_arn("eu-west-1", "f")
}

fn allow(action: &str, resource: &str) -> String {
    format!(r#"{{"Effect":"Allow","Action":"{action}","Resource":"{resource}"}}"#)
}

/// A rule on API calls of `source` with one of the names.
fn on_calls(source: &str, names: &str) -> String {
    format!(
        r#"{{"source":["{source}"],"detail-type":["AWS API Call via CloudTrail"],"detail":{{"eventName":[{names}]}}}}"#
    )
}

fn on_event(source: &str, detail_type: &str, detail: &str) -> String {
    let detail = if detail.is_empty() { String::new() } else { format!(r#","detail":{detail}"#) };
    format!(r#"{{"source":["{source}"],"detail-type":["{detail_type}"]{detail}}}"#)
}

/// One rule whose function may do one thing.
fn one(pattern: &str, action: &str, resource: &str) -> Build {
    account().rule("R", pattern, &f()).function("f", &allow(action, resource))
}

/// One rule with a target that runs as its own delivery says.
fn delivers(pattern: &str, target: &str, class: &str, parameters: &[(&str, &str)]) -> Build {
    let workload = parameters
        .iter()
        .find(|(key, _)| key.ends_with("Arn") || key.ends_with("JobDefinition"))
        .map_or(target, |(_, arn)| arn);
    account()
        .rule("R", pattern, target)
        .target("delivery", parameters)
        .role("delivery", &allow("*", "*"))
        .workload(class, workload, "work", Some("work"))
        .role("work", &allow("logs:PutLogEvents", "*"))
}

fn expect(id: &str, built: Build, verdicts: &[Verdict]) {
    let done = built.close();
    let found = done.verdict("R");
    assert!(verdicts.contains(&found), "{id}: {found}\n{}", done.reasons("R"));
    if found == Loop {
        for hop in &done.finding("R").hops {
            assert!(hop.witness.is_some(), "{id}: no witness");
        }
    }
}

#[test]
fn loops_through_a_function() {
    let cases: &[(&str, String, &str, &str)] = &[
        ("L01", on_calls("aws.s3", r#""PutBucketAcl""#), "s3:PutBucketAcl", "*"),
        (
            "L03",
            on_event("aws.s3", "Object Created", r#"{"bucket":{"name":["media"]}}"#),
            "s3:PutObject",
            "arn:aws:s3:::media/*",
        ),
        (
            "L09",
            on_calls("aws.ec2", r#""AuthorizeSecurityGroupIngress","RevokeSecurityGroupIngress""#),
            "ec2:RevokeSecurityGroupIngress",
            "*",
        ),
        ("L11", on_calls("aws.ec2", r#""RunInstances","CreateVolume","CreateTags""#), "ec2:CreateTags", "*"),
        (
            "L15",
            on_event("aws.securityhub", "Security Hub Findings - Imported", ""),
            "securityhub:BatchUpdateFindings",
            "*",
        ),
        (
            "L17",
            on_calls("aws.secretsmanager", r#""PutSecretValue","UpdateSecret""#),
            "secretsmanager:PutSecretValue",
            "*",
        ),
        (
            "L23",
            on_event(
                "aws.states",
                "Step Functions Execution Status Change",
                r#"{"status":["FAILED"],"stateMachineArn":["arn:aws:states:eu-west-1:111122223333:stateMachine:etl"]}"#,
            ),
            "states:RedriveExecution",
            "*",
        ),
        ("L27", on_event("aws.glue", "Glue Data Catalog Table State Change", ""), "glue:StartCrawler", "*"),
        (
            "L29",
            on_event("aws.cloudwatch", "CloudWatch Alarm State Change", r#"{"state":{"value":["ALARM"]}}"#),
            "cloudwatch:SetAlarmState",
            "*",
        ),
        (
            "L31",
            on_event("aws.autoscaling", "EC2 Instance Terminate Successful", ""),
            "autoscaling:SetInstanceHealth",
            "*",
        ),
        ("L39", r#"{"source":["orders"]}"#.to_owned(), "events:StartReplay", "*"),
        (
            "L43",
            on_calls("aws.lambda", r#"{"prefix":"UpdateFunctionConfiguration"}"#),
            "lambda:UpdateFunctionConfiguration",
            "*",
        ),
        (
            "L45",
            on_event("aws.cloudformation", "CloudFormation Stack Status Change", ""),
            "cloudformation:UpdateStack",
            "*",
        ),
    ];
    for (id, pattern, action, resource) in cases {
        expect(id, one(pattern, action, resource), &[Loop]);
    }
}

#[test]
fn loops_through_a_delivery() {
    let machine = "arn:aws:states:eu-west-1:111122223333:stateMachine:etl";
    let project = "arn:aws:codebuild:eu-west-1:111122223333:project/notifier";
    let queue = "arn:aws:batch:eu-west-1:111122223333:job-queue/q";
    let definition = "arn:aws:batch:eu-west-1:111122223333:job-definition/d:1";
    let cluster = "arn:aws:redshift:eu-west-1:111122223333:cluster:c";
    let logs = "arn:aws:logs:eu-west-1:111122223333:log-group:/aws/events/all";
    expect("L07", account().rule("R", r#"{"source":[{"prefix":"aws."}]}"#, logs), &[Loop]);
    expect(
        "L21",
        delivers(
            &on_event("aws.codebuild", "CodeBuild Build State Change", ""),
            project,
            "AWS::CodeBuild::Project",
            &[],
        ),
        &[Loop],
    );
    expect(
        "L25",
        delivers(
            &on_event("aws.batch", "Batch Job State Change", r#"{"status":["FAILED"]}"#),
            queue,
            "AWS::Batch::JobDefinition",
            &[("BatchParameters.JobDefinition", definition)],
        ),
        &[Loop],
    );
    expect(
        "L49",
        delivers(&on_calls("aws.sts", r#""AssumeRole""#), machine, "AWS::StepFunctions::StateMachine", &[])
            .with(|rule| rule.state = RuleState::EnabledWithAllManagementEvents),
        &[Loop],
    );
    let redshift = on_event("aws.redshift-data", "Redshift Data Statement Status Change", "");
    expect(
        "L51",
        account()
            .rule("R", &redshift, cluster)
            .target("delivery", &[("RedshiftDataParameters.WithEvent", "true")])
            .role("delivery", &allow("*", "*")),
        &[Loop],
    );
    expect(
        "L51 without events",
        account().rule("R", &redshift, cluster).target("delivery", &[]).role("delivery", &allow("*", "*")),
        &[None],
    );
    expect(
        "L05",
        account()
            .rule(
                "R",
                &on_calls("aws.s3", r#""PutObject","CompleteMultipartUpload""#)
                    .replace(r#""eventName""#, r#""requestParameters":{"bucketName":["data"]},"eventName""#),
                machine,
            )
            .target("delivery", &[])
            .workload("AWS::StepFunctions::StateMachine", machine, "etl", Some("etl"))
            .role("etl", &allow("s3:PutObject", "arn:aws:s3:::data/out/*")),
        &[Loop],
    );
    let pipeline = "arn:aws:codepipeline:eu-west-1:111122223333:build";
    expect(
        "L19",
        account()
            .rule(
                "R",
                &on_event(
                    "aws.codecommit",
                    "CodeCommit Repository State Change",
                    r#"{"referenceName":["main"]}"#,
                ),
                pipeline,
            )
            .target("delivery", &[])
            .workload("AWS::CodePipeline::Pipeline", pipeline, "build", Some("build"))
            .role("build", &allow("codecommit:GitPush", "*")),
        &[Loop],
    );
}

#[test]
fn loops_of_several_rules() {
    let automation =
        "arn:aws:ssm:eu-west-1:111122223333:automation-definition/AWS-EnableS3BucketEncryption:1";
    let config = on_event(
        "aws.config",
        "Config Rules Compliance Change",
        r#"{"newEvaluationResult":{"complianceType":["NON_COMPLIANT"]}}"#,
    );
    let built = account()
        .rule("R", &config, automation)
        .target("fix", &[])
        .role(
            "fix",
            &format!(
                "[{},{}]",
                allow("s3:PutEncryptionConfiguration", "*"),
                allow("ssm:StartAutomationExecution", "*")
            ),
        )
        .rule("Reset", &on_calls("aws.s3", r#""PutBucketEncryption""#), &f())
        .function("f", &allow("s3:PutEncryptionConfiguration", "*"));
    expect("L13", built, &[Loop]);

    let built = account()
        .rule("R", &on_calls("aws.events", r#""EnableRule","PutRule""#), &f())
        .function("f", &allow("events:DisableRule", "*"))
        .rule("Healer", &on_calls("aws.events", r#""DisableRule""#), &function_arn("eu-west-1", "g"))
        .function("g", &allow("events:EnableRule", "*"));
    expect("L47", built, &[Loop]);

    let bus = "arn:aws:events:eu-west-1:111122223333:event-busv2/orders/abcdefghijklmnopqrstuvwxy";
    let built = account().rule("R", r#"{"source":["orders"]}"#, bus).target("delivery", &[]);
    expect("L35", built, &[Unknown, Loop]);
}

#[test]
fn look_alikes() {
    let created = |detail: &str| on_event("aws.s3", "Object Created", detail);
    let cases: &[(&str, String, &str, &str, &[Verdict])] = &[
        (
            "N03",
            on_calls("aws.ec2", r#""TerminateInstances""#)
                .replace(r#""eventName""#, r#""errorCode":[{"exists":true}],"eventName""#),
            "sns:Publish",
            "*",
            &[None],
        ),
        (
            "N05",
            created(r#"{"bucket":{"name":["media"]},"object":{"key":[{"prefix":"in/"}]}}"#),
            "s3:PutObject",
            "arn:aws:s3:::media/out/*",
            &[None],
        ),
        (
            "N15",
            on_calls("aws.ssm", r#""PutParameter""#)
                .replace(r#""eventName""#, r#""requestParameters":{"name":["/app/in"]},"eventName""#),
            "ssm:PutParameter",
            "arn:aws:ssm:eu-west-1:111122223333:parameter/app/out",
            &[None],
        ),
        ("N17", on_calls("aws.ec2", r#""DescribeInstances""#), "ec2:DescribeInstances", "*", &[Latent, Dead]),
        ("N19", on_calls("aws.cloudwatch", r#""PutMetricAlarm""#), "cloudwatch:PutMetricAlarm", "*", &[Dead]),
        ("N21", on_event("aws.s3", "Object ACL Updated", ""), "s3:PutObjectAcl", "*", &[Bounded, Loop]),
        (
            "N25",
            r#"{"source":["orders"],"replay-name":[{"exists":false}]}"#.to_owned(),
            "events:StartReplay",
            "*",
            &[None],
        ),
    ];
    for (id, pattern, action, resource, verdicts) in cases {
        expect(id, one(pattern, action, resource), verdicts);
    }
    let media = created(r#"{"bucket":{"name":["media"]}}"#);
    expect(
        "N07",
        one(&media, "s3:PutObject", "arn:aws:s3:::media/*").bucket("media", false),
        &[Latent, Dead],
    );
    expect(
        "N23",
        one(&on_calls("aws.s3", r#""PutObject""#), "s3:PutObject", "*").trails(&[]),
        &[Latent, Dead],
    );
    let region = "eu-west-1";
    let users = on_calls("aws.iam", r#""CreateUser","PutUserPolicy""#);
    let built = account_in(region).rule("R", &users, &f()).function("f", &allow("iam:PutUserPolicy", "*"));
    expect("N13", built, &[Dead, None]);

    let cluster = "arn:aws:ecs:eu-west-1:111122223333:cluster/c";
    let definition = "arn:aws:ecs:eu-west-1:111122223333:task-definition/cleanup:1";
    let stopped =
        on_event("aws.ecs", "ECS Task State Change", r#"{"lastStatus":["STOPPED"],"group":["family:web"]}"#);
    let task = [("EcsParameters.TaskDefinitionArn", definition)];
    expect("N09", delivers(&stopped, cluster, "AWS::ECS::TaskDefinition", &task), &[None]);
    let own = stopped.replace("family:web", "family:cleanup");
    expect("N09 of its own family", delivers(&own, cluster, "AWS::ECS::TaskDefinition", &task), &[Loop]);

    let stop = "arn:aws:events:eu-west-1:111122223333:target/stop-instance";
    let instance = on_calls("aws.ec2", r#""StopInstances""#).replace(
        r#""eventName""#,
        r#""requestParameters":{"instancesSet":{"items":{"instanceId":["i-prod"]}}},"eventName""#,
    );
    let stopping = |input: &str| account().rule("R", &instance, stop).target("delivery", &[("Input", input)]);
    expect("N27", stopping("\"i-dev\""), &[None]);
    expect("N27 of its own instance", stopping("\"i-prod\""), &[Loop]);
}
