//! What the rules of a made-up account listen to.

use super::{Draw, Shape, arn, bucket_count};
use serde_json::{Value, json};

/// A service with calls that rules like to hear.
pub(super) struct Topic {
    pub(super) prefix: &'static str,
    pub(super) calls: &'static [&'static str],
    /// The resource that policies name, `{}` for its name.
    pub(super) resource: &'static str,
}

pub(super) const TOPICS: &[Topic] = &[
    Topic {
        prefix: "s3",
        calls: &[
            "PutBucketAcl",
            "PutBucketPolicy",
            "DeleteBucketPolicy",
            "PutBucketTagging",
            "CreateBucket",
            "PutBucketVersioning",
        ],
        resource: "arn:aws:s3:::bucket-{}",
    },
    Topic {
        prefix: "ec2",
        calls: &[
            "AuthorizeSecurityGroupIngress",
            "RevokeSecurityGroupIngress",
            "CreateTags",
            "RunInstances",
            "CreateVolume",
            "StopInstances",
            "ModifyInstanceAttribute",
        ],
        resource: "*",
    },
    Topic {
        prefix: "iam",
        calls: &["CreateUser", "PutRolePolicy", "AttachRolePolicy", "CreateAccessKey", "PutUserPolicy"],
        resource: "arn:aws:iam::111122223333:role/role-{}",
    },
    Topic {
        prefix: "dynamodb",
        calls: &["CreateTable", "UpdateTable", "TagResource", "DeleteTable"],
        resource: "arn:aws:dynamodb:us-east-1:111122223333:table/table-{}",
    },
    Topic {
        prefix: "lambda",
        calls: &["UpdateFunctionConfiguration", "CreateFunction", "AddPermission", "TagResource"],
        resource: "arn:aws:lambda:us-east-1:111122223333:function:work-{}",
    },
    Topic {
        prefix: "ssm",
        calls: &["PutParameter", "StartAutomationExecution", "SendCommand"],
        resource: "arn:aws:ssm:us-east-1:111122223333:parameter/app/{}",
    },
    Topic { prefix: "kms", calls: &["DisableKey", "PutKeyPolicy", "ScheduleKeyDeletion"], resource: "*" },
    Topic {
        prefix: "secretsmanager",
        calls: &["PutSecretValue", "UpdateSecret", "CreateSecret"],
        resource: "arn:aws:secretsmanager:us-east-1:111122223333:secret:secret-{}",
    },
    Topic {
        prefix: "sqs",
        calls: &["CreateQueue", "SetQueueAttributes"],
        resource: "arn:aws:sqs:us-east-1:111122223333:queue-{}",
    },
    Topic {
        prefix: "sns",
        calls: &["CreateTopic", "SetTopicAttributes", "Subscribe"],
        resource: "arn:aws:sns:us-east-1:111122223333:topic-{}",
    },
    Topic { prefix: "logs", calls: &["CreateLogGroup", "PutRetentionPolicy"], resource: "*" },
    Topic { prefix: "cloudformation", calls: &["UpdateStack", "CreateStack"], resource: "*" },
    Topic { prefix: "ecs", calls: &["UpdateService", "RegisterTaskDefinition"], resource: "*" },
    Topic { prefix: "rds", calls: &["ModifyDBInstance", "CreateDBInstance"], resource: "*" },
];

/// Returns what a rule on that bus listens to.
pub(super) fn pattern(shape: &Shape, bus: usize, draw: &mut Draw) -> Value {
    if bus > 0 {
        return custom(shape, draw);
    }
    if draw.chance(shape.catch_all) {
        return json!({"source": [{"prefix": "aws."}]});
    }
    match draw.below(10) {
        0..5 => call(shape, draw),
        5..9 => native(shape, draw),
        _ => custom(shape, draw),
    }
}

fn call(shape: &Shape, draw: &mut Draw) -> Value {
    let topic = draw.pick(TOPICS);
    let names: Vec<&str> = (0..=draw.below(3)).map(|_| *draw.pick(topic.calls)).collect();
    let mut detail = json!({"eventSource": [format!("{}.amazonaws.com", topic.prefix)], "eventName": names});
    match draw.below(10) {
        0 => detail["errorCode"] = json!([{"exists": false}]),
        1 if topic.prefix == "s3" => {
            detail["requestParameters"] =
                json!({"bucketName": [format!("bucket-{}", draw.below(bucket_count(shape)))]});
        }
        2 => {
            let role = format!("arn:aws:iam::111122223333:role/role-{}", draw.below(shape.roles));
            detail["userIdentity"] =
                json!({"sessionContext": {"sessionIssuer": {"arn": [{"anything-but": role}]}}});
        }
        _ => {}
    }
    json!({"source": [format!("aws.{}", topic.prefix)], "detail-type": ["AWS API Call via CloudTrail"], "detail": detail})
}

fn native(shape: &Shape, draw: &mut Draw) -> Value {
    let bucket = format!("bucket-{}", draw.below(bucket_count(shape)));
    let work = draw.below(shape.roles);
    match draw.below(9) {
        0 | 1 => {
            json!({"source": ["aws.s3"], "detail-type": ["Object Created"], "detail": {"bucket": {"name": [bucket]}}})
        }
        2 => json!({"source": ["aws.s3"], "detail-type": ["Object Created"],
            "detail": {"bucket": {"name": [bucket]}, "object": {"key": [{"prefix": "in/"}]}}}),
        3 => {
            json!({"source": ["aws.ec2"], "detail-type": ["EC2 Instance State-change Notification"], "detail": {"state": ["running", "stopped"]}})
        }
        4 => json!({"source": ["aws.states"], "detail-type": ["Step Functions Execution Status Change"],
            "detail": {"status": ["FAILED"], "stateMachineArn": [arn("states", &format!("stateMachine:work-{work}"))]}}),
        5 => json!({"source": ["aws.ecs"], "detail-type": ["ECS Task State Change"],
            "detail": {"lastStatus": ["STOPPED"], "group": [format!("family:work-{work}")]}}),
        6 => json!({"source": ["aws.codebuild"], "detail-type": ["CodeBuild Build State Change"],
            "detail": {"build-status": ["FAILED"], "project-name": [format!("work-{work}")]}}),
        7 => {
            json!({"source": ["aws.ssm"], "detail-type": ["Parameter Store Change"], "detail": {"name": [format!("/app/{work}")]}})
        }
        _ => {
            json!({"source": ["aws.guardduty"], "detail-type": ["GuardDuty Finding"], "detail": {"severity": [{"numeric": [">=", 7]}]}})
        }
    }
}

fn custom(shape: &Shape, draw: &mut Draw) -> Value {
    let source = source(shape, draw);
    let kinds: Vec<String> = (0..=draw.below(2)).map(|_| format!("Thing{}", draw.below(20))).collect();
    match draw.below(4) {
        0 => json!({"source": [source]}),
        1 => {
            json!({"source": [source], "detail-type": kinds, "detail": {"tier": ["gold"], "total": [{"numeric": [">", 100]}]}})
        }
        _ => json!({"source": [source], "detail-type": kinds}),
    }
}

pub(super) fn source(shape: &Shape, draw: &mut Draw) -> String {
    format!("team-{}.app", draw.below(bucket_count(shape)))
}
