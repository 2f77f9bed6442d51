//! The calls that workloads of a drawn account make: as a script tells them, as a definition declares them, and what
//! IAM asks for.

use super::draw::Place;

/// A call. In its texts `{bucket}`, `{key}`, `{machine}` ... stand for the things that a step is about.
#[derive(Debug)]
pub(super) struct CallRow {
    /// As the twin knows it.
    pub(super) api: &'static str,
    /// The actions that IAM asks for, each with its resource.
    pub(super) needs: &'static [(&'static str, &'static str)],
    /// `requestParameters` of its record, as JSON.
    pub(super) request: &'static str,
    /// The resource of a task that makes it.
    pub(super) task: &'static str,
    /// The parameters of such a task, as JSON.
    pub(super) arguments: &'static str,
}

impl CallRow {
    /// Returns the kind of place in which the call leaves something.
    pub(super) fn feeds(&self) -> Option<Place> {
        FEEDS.iter().find(|(api, _)| *api == self.api).map(|(_, place)| *place)
    }
}

/// The calls that leave something where others take it from.
const FEEDS: &[(&str, Place)] = &[
    ("sqs:SendMessage", Place::Queue),
    ("sns:Publish", Place::Topic),
    ("kinesis:PutRecord", Place::Stream),
    ("dynamodb:PutItem", Place::Table),
    ("s3:PutObject", Place::Bucket),
    ("s3:DeleteObject", Place::Bucket),
    ("s3:PutObjectTagging", Place::Bucket),
];

/// Returns the first call that leaves something in such a place.
pub(super) fn feeding_of(place: Place) -> Option<usize> {
    (0..CALLS.len()).find(|at| CALLS[*at].feeds() == Some(place))
}

/// Returns the places of these calls in the table.
pub(super) fn feeding() -> Vec<usize> {
    (0..CALLS.len()).filter(|at| CALLS[*at].feeds().is_some()).collect()
}

const fn on_bucket(
    api: &'static str,
    needs: &'static [(&'static str, &'static str)],
    task: &'static str,
) -> CallRow {
    CallRow {
        api,
        needs,
        request: r#"{"bucketName":"{bucket}"}"#,
        task,
        arguments: r#"{"Bucket":"{bucket}"}"#,
    }
}

const fn on_object(
    api: &'static str,
    needs: &'static [(&'static str, &'static str)],
    task: &'static str,
) -> CallRow {
    CallRow {
        api,
        needs,
        request: r#"{"bucketName":"{bucket}","key":"{key}"}"#,
        task,
        arguments: r#"{"Bucket":"{bucket}","Key":"{key}"}"#,
    }
}

const fn on_instance(
    api: &'static str,
    needs: &'static [(&'static str, &'static str)],
    task: &'static str,
) -> CallRow {
    CallRow {
        api,
        needs,
        request: r#"{"instancesSet":{"items":[{"instanceId":"{instance}"}]}}"#,
        task,
        arguments: r#"{"InstanceIds":["{instance}"]}"#,
    }
}

/// The calls. Those that start or put something stand first and more than once: they are drawn more often.
pub(super) const CALLS: &[CallRow] = &[
    CallRow {
        api: "events:PutEvents",
        needs: &[("events:PutEvents", "arn:aws:events:{region}:111122223333:event-bus/{bus}")],
        request: "{}",
        task: "arn:aws:states:::events:putEvents",
        arguments: r#"{"Entries":[{"EventBusName":"{bus}","Source":"{app}","DetailType":"{type}","Detail":{"tier":"{tier}"}}]}"#,
    },
    on_bucket(
        "s3:PutBucketAcl",
        &[("s3:PutBucketAcl", "arn:aws:s3:::{bucket}")],
        "arn:aws:states:::aws-sdk:s3:putBucketAcl",
    ),
    on_object(
        "s3:PutObject",
        &[("s3:PutObject", "arn:aws:s3:::{bucket}/{key}")],
        "arn:aws:states:::aws-sdk:s3:putObject",
    ),
    CallRow {
        api: "states:StartExecution",
        needs: &[("states:StartExecution", "{machine}")],
        request: r#"{"stateMachineArn":"{machine}"}"#,
        task: "arn:aws:states:::states:startExecution",
        arguments: r#"{"StateMachineArn":"{machine}"}"#,
    },
    CallRow {
        api: "lambda:Invoke",
        needs: &[("lambda:InvokeFunction", "{function}")],
        request: r#"{"functionName":"{function}"}"#,
        task: "arn:aws:states:::lambda:invoke",
        arguments: r#"{"FunctionName":"{function}"}"#,
    },
    CallRow {
        api: "ecs:RunTask",
        needs: &[("ecs:RunTask", "{task}"), ("iam:PassRole", "{task-role}")],
        request: r#"{"taskDefinition":"{task}"}"#,
        task: "arn:aws:states:::ecs:runTask",
        arguments: r#"{"TaskDefinition":"{task}","Cluster":"main"}"#,
    },
    CallRow {
        api: "codebuild:StartBuild",
        needs: &[("codebuild:StartBuild", "{project-arn}")],
        request: r#"{"projectName":"{project}"}"#,
        task: "arn:aws:states:::codebuild:startBuild",
        arguments: r#"{"ProjectName":"{project}"}"#,
    },
    on_bucket(
        "s3:PutBucketLifecycleConfiguration",
        &[("s3:PutLifecycleConfiguration", "arn:aws:s3:::{bucket}")],
        "arn:aws:states:::aws-sdk:s3:putBucketLifecycleConfiguration",
    ),
    on_object(
        "s3:DeleteObject",
        &[("s3:DeleteObject", "arn:aws:s3:::{bucket}/{key}")],
        "arn:aws:states:::aws-sdk:s3:deleteObject",
    ),
    on_object(
        "s3:PutObjectTagging",
        &[("s3:PutObjectTagging", "arn:aws:s3:::{bucket}/{key}")],
        "arn:aws:states:::aws-sdk:s3:putObjectTagging",
    ),
    on_instance(
        "ec2:StopInstances",
        &[("ec2:StopInstances", "arn:aws:ec2:{region}:111122223333:instance/{instance}")],
        "arn:aws:states:::aws-sdk:ec2:stopInstances",
    ),
    on_instance(
        "ec2:StartInstances",
        &[("ec2:StartInstances", "arn:aws:ec2:{region}:111122223333:instance/{instance}")],
        "arn:aws:states:::aws-sdk:ec2:startInstances",
    ),
    CallRow {
        api: "ec2:DescribeInstances",
        needs: &[("ec2:DescribeInstances", "*")],
        request: "{}",
        task: "arn:aws:states:::aws-sdk:ec2:describeInstances",
        arguments: "{}",
    },
    CallRow {
        api: "iam:CreateUser",
        needs: &[("iam:CreateUser", "arn:aws:iam::111122223333:user/{name}")],
        request: r#"{"userName":"{name}"}"#,
        task: "arn:aws:states:::aws-sdk:iam:createUser",
        arguments: r#"{"UserName":"{name}"}"#,
    },
    CallRow {
        api: "lambda:UpdateFunctionConfiguration",
        needs: &[("lambda:UpdateFunctionConfiguration", "{function}")],
        request: r#"{"functionName":"{function}"}"#,
        task: "arn:aws:states:::aws-sdk:lambda:updateFunctionConfiguration",
        arguments: r#"{"FunctionName":"{function}"}"#,
    },
    CallRow {
        api: "cloudwatch:PutMetricAlarm",
        needs: &[("cloudwatch:PutMetricAlarm", "arn:aws:cloudwatch:{region}:111122223333:alarm:{name}")],
        request: r#"{"alarmName":"{name}"}"#,
        task: "arn:aws:states:::aws-sdk:cloudwatch:putMetricAlarm",
        arguments: r#"{"AlarmName":"{name}"}"#,
    },
    CallRow {
        api: "dynamodb:PutItem",
        needs: &[("dynamodb:PutItem", "arn:aws:dynamodb:{region}:111122223333:table/{name}")],
        request: r#"{"tableName":"{name}"}"#,
        task: "arn:aws:states:::dynamodb:putItem",
        arguments: r#"{"TableName":"{name}","Item":{}}"#,
    },
    CallRow {
        api: "ssm:PutParameter",
        needs: &[("ssm:PutParameter", "arn:aws:ssm:{region}:111122223333:parameter/{name}")],
        request: r#"{"name":"{name}"}"#,
        task: "arn:aws:states:::aws-sdk:ssm:putParameter",
        arguments: r#"{"Name":"{name}","Value":"1"}"#,
    },
    CallRow {
        api: "sqs:SendMessage",
        needs: &[("sqs:SendMessage", "arn:aws:sqs:{region}:111122223333:{name}")],
        request: r#"{"queueUrl":"https://sqs.{region}.amazonaws.com/111122223333/{name}"}"#,
        task: "arn:aws:states:::sqs:sendMessage",
        arguments: r#"{"QueueUrl":"https://sqs.{region}.amazonaws.com/111122223333/{name}","MessageBody":"1"}"#,
    },
    CallRow {
        api: "sns:Publish",
        needs: &[("sns:Publish", "arn:aws:sns:{region}:111122223333:{name}")],
        request: r#"{"topicArn":"arn:aws:sns:{region}:111122223333:{name}"}"#,
        task: "arn:aws:states:::sns:publish",
        arguments: r#"{"TopicArn":"arn:aws:sns:{region}:111122223333:{name}","Message":"1"}"#,
    },
    CallRow {
        api: "kinesis:PutRecord",
        needs: &[("kinesis:PutRecord", "arn:aws:kinesis:{region}:111122223333:stream/{name}")],
        request: r#"{"streamName":"{name}"}"#,
        task: "arn:aws:states:::aws-sdk:kinesis:putRecord",
        arguments: r#"{"StreamName":"{name}","Data":"1","PartitionKey":"1"}"#,
    },
];
