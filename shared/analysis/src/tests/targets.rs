//! Every kind of target by good ARNs of it, and by ARNs that are like them and no such target.

use crate::actor::kind_of;
use crate::catalogue::Catalogue;
use loopguard_pattern::Term;
use std::collections::BTreeSet;

/// Kind; what stands behind `arn:aws:`; the same of what is none.
const SAMPLES: &[(&str, &[&str], &[&str])] = &[
    (
        "lambda",
        &[
            "lambda:REGION:ACCOUNT:function:fix",
            "lambda:REGION:ACCOUNT:function:fix:live",
            "lambda:REGION:ACCOUNT:function:fix:$LATEST",
        ],
        &[
            "lambda:REGION:ACCOUNT:layer:fix",
            "lambda:REGION:ACCOUNT:function:",
            "lambda:REGION:ACCOUNT:event-source-mapping:fix",
        ],
    ),
    (
        "stepfunctions",
        &["states:REGION:ACCOUNT:stateMachine:order", "states:REGION:ACCOUNT:stateMachine:order:live"],
        &["states:REGION:ACCOUNT:activity:order", "states:REGION:ACCOUNT:execution:order:run"],
    ),
    (
        "ecs",
        &["ecs:REGION:ACCOUNT:cluster/main"],
        &["ecs:REGION:ACCOUNT:service/main/web", "ecs:REGION:ACCOUNT:task-definition/web:1"],
    ),
    (
        "batch",
        &["batch:REGION:ACCOUNT:job-queue/nightly"],
        &["batch:REGION:ACCOUNT:job-definition/nightly:1", "batch:REGION:ACCOUNT:job-queue/"],
    ),
    (
        "codebuild",
        &["codebuild:REGION:ACCOUNT:project/site"],
        &["codebuild:REGION:ACCOUNT:build/site:1", "codebuild:REGION:ACCOUNT:report-group/site"],
    ),
    (
        "codepipeline",
        &["codepipeline:REGION:ACCOUNT:release"],
        &["codepipeline:REGION:ACCOUNT:webhook:release", "codepipeline:REGION:ACCOUNT:release/stage"],
    ),
    (
        "sns",
        &["sns:REGION:ACCOUNT:alarms", "sns:REGION:ACCOUNT:alarms.fifo"],
        &["sns:REGION:ACCOUNT:alarms:0b2c1d6e-subscription", "sns:REGION:ACCOUNT:app/GCM/name"],
    ),
    (
        "sqs",
        &["sqs:REGION:ACCOUNT:jobs", "sqs:REGION:ACCOUNT:jobs.fifo"],
        &["sqs:REGION:ACCOUNT:", "sqs:REGION:ACCOUNT:jobs:1"],
    ),
    (
        "kinesis",
        &["kinesis:REGION:ACCOUNT:stream/clicks"],
        &["kinesis:REGION:ACCOUNT:channel/clicks", "kinesis:REGION:ACCOUNT:stream/"],
    ),
    (
        "firehose",
        &["firehose:REGION:ACCOUNT:deliverystream/lake"],
        &["firehose:REGION:ACCOUNT:deliverystream/", "firehose:REGION:ACCOUNT:stream/lake"],
    ),
    (
        "event-bus",
        &[
            "events:REGION:ACCOUNT:event-bus/default",
            "events:eu-north-1:999999999999:event-bus/central",
            "events:REGION:ACCOUNT:event-bus/aws.partner/example.com/acme/1",
        ],
        &["events:REGION:ACCOUNT:rule/default", "events:REGION:ACCOUNT:archive/all"],
    ),
    (
        "event-bus-v2",
        &["events:REGION:ACCOUNT:event-busv2/orders/abcdefghijklmnopqrstuvwxy"],
        &["events:REGION:ACCOUNT:event-bus/orders", "events:REGION:ACCOUNT:event-busv2/"],
    ),
    (
        "api-destination",
        &["events:REGION:ACCOUNT:api-destination/hook/11111111-2222-3333-4444-555555555555"],
        &["events:REGION:ACCOUNT:connection/hook/1111"],
    ),
    (
        "api-gateway",
        &[
            "execute-api:REGION:ACCOUNT:a1b2c3d4e5/prod/POST/orders",
            "execute-api:REGION:ACCOUNT:a1b2c3d4e5/*/GET",
        ],
        &["apigateway:REGION::/restapis/a1b2c3d4e5"],
    ),
    (
        "appsync",
        &[
            "appsync:REGION:ACCOUNT:endpoints/graphql-api/abcdefghijklmnop",
            "appsync:REGION:ACCOUNT:apis/abcdefghijklmnop",
        ],
        &["appsync:REGION:ACCOUNT:"],
    ),
    (
        "ec2-create-snapshot",
        &["events:REGION:ACCOUNT:target/create-snapshot"],
        &["events:REGION:ACCOUNT:target/create-snapshots", "ec2:REGION::snapshot/snap-1"],
    ),
    (
        "ec2-reboot",
        &["events:REGION:ACCOUNT:target/reboot-instance"],
        &["events:REGION:ACCOUNT:target/reboot-instances"],
    ),
    (
        "ec2-stop",
        &["events:REGION:ACCOUNT:target/stop-instance"],
        &["events:REGION:ACCOUNT:target/stop", "ec2:REGION:ACCOUNT:instance/i-1"],
    ),
    (
        "ec2-terminate",
        &["events:REGION:ACCOUNT:target/terminate-instance"],
        &["events:REGION:ACCOUNT:target/start-instance"],
    ),
    (
        "ssm-run-command",
        &["ssm:REGION:ACCOUNT:document/patch", "ssm:REGION::document/AWS-RunShellScript"],
        &["ssm:REGION:ACCOUNT:parameter/patch", "ssm:REGION:ACCOUNT:document/"],
    ),
    (
        "ssm-automation",
        &[
            "ssm:REGION:ACCOUNT:automation-definition/restart:$DEFAULT",
            "ssm:REGION:*:automation-definition/AWS-StopEC2Instance",
        ],
        &["ssm:REGION:ACCOUNT:automation-execution/1", "ssm:REGION:ACCOUNT:document/restart"],
    ),
    (
        "ssm-opsitem",
        &["ssm:REGION:ACCOUNT:opsitem"],
        &["ssm:REGION:ACCOUNT:opsitem/oi-1", "ssm:REGION:ACCOUNT:opsmetadata/1"],
    ),
    (
        "incident-manager",
        &["ssm-incidents::ACCOUNT:response-plan/outage"],
        &["ssm-incidents::ACCOUNT:incident-record/outage/1"],
    ),
    (
        "glue-workflow",
        &["glue:REGION:ACCOUNT:workflow/load"],
        &["glue:REGION:ACCOUNT:job/load", "glue:REGION:ACCOUNT:crawler/load"],
    ),
    (
        "sagemaker-pipeline",
        &["sagemaker:REGION:ACCOUNT:pipeline/train"],
        &["sagemaker:REGION:ACCOUNT:endpoint/train"],
    ),
    (
        "redshift-data",
        &["redshift:REGION:ACCOUNT:cluster:dwh"],
        &["redshift:REGION:ACCOUNT:snapshot:dwh/1", "redshift:REGION:ACCOUNT:namespace:1"],
    ),
    (
        "redshift-data-serverless",
        &["redshift-serverless:REGION:ACCOUNT:workgroup/11111111-2222"],
        &["redshift-serverless:REGION:ACCOUNT:namespace/1111"],
    ),
    (
        "inspector",
        &["inspector:REGION:ACCOUNT:target/0-abc/template/0-def"],
        &["inspector2:REGION:ACCOUNT:finding/1", "inspector:REGION:ACCOUNT:rulespackage/0-abc"],
    ),
    (
        "logs",
        &["logs:REGION:ACCOUNT:log-group:/aws/events/all", "logs:REGION:ACCOUNT:log-group:/aws/events/all:*"],
        &["logs:REGION:ACCOUNT:destination:all", "logs:REGION:ACCOUNT:log-group:"],
    ),
    (
        "imagebuilder",
        &["imagebuilder:REGION:ACCOUNT:image-pipeline/base"],
        &[
            "imagebuilder:REGION:ACCOUNT:image/base/1.0.0/1",
            "imagebuilder:REGION:ACCOUNT:image-recipe/base/1.0.0",
        ],
    ),
];

fn kind(sample: &str) -> Option<String> {
    let arn = format!("arn:aws:{}", sample.replace("REGION", "eu-west-1").replace("ACCOUNT", "111122223333"));
    kind_of(&Term::literal(&arn), &Catalogue::embedded()).map(|kind| kind.id.to_string())
}

#[test]
fn every_kind_is_known_by_its_arns() {
    for (id, good, bad) in SAMPLES {
        assert!(!good.is_empty() && !bad.is_empty(), "{id}");
        for sample in *good {
            assert_eq!(kind(sample).as_deref(), Some(*id), "{sample}");
        }
        for sample in *bad {
            assert_ne!(kind(sample).as_deref(), Some(*id), "{sample}");
        }
    }
    let sampled: BTreeSet<&str> = SAMPLES.iter().map(|(id, ..)| *id).collect();
    let catalogue = Catalogue::embedded();
    let known: BTreeSet<&str> = catalogue.targets().iter().map(|kind| &*kind.id).collect();
    assert_eq!(sampled, known);
}

#[test]
fn what_is_no_target_is_of_no_kind() {
    for sample in [
        "s3:::bucket",
        "dynamodb:REGION:ACCOUNT:table/orders",
        "lambda:function:fix",
        "",
        "iam::ACCOUNT:role/fix",
    ] {
        assert_eq!(kind(sample), None, "{sample}");
    }
}
