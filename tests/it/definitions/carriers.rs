//! What carries events on without a rule.

use super::{calls, role, rule, scan};
use loopguard_analysis::Verdict;

/// A function under a role of its own with one statement.
fn function(id: &str, actions: &str, resource: &str) -> String {
    format!("  {id}:\n    Type: AWS::Lambda::Function\n    Properties: {{Role: !GetAtt {id}Role.Arn}}\n")
        + &role(&format!("{id}Role"), actions, resource)
}

/// A role that may put events of one source.
fn puts(id: &str, source: &str) -> String {
    format!(
        "  {id}:\n    Type: AWS::Lambda::Function\n    Properties: {{Role: !GetAtt {id}Role.Arn}}\n  {id}Role:\n    Type: AWS::IAM::Role\n    Properties:\n      AssumeRolePolicyDocument: {{}}\n      Policies: [{{PolicyName: p, PolicyDocument: {{Statement: [{{Effect: Allow, Action: events:PutEvents, Resource: '*', Condition: {{StringEquals: {{events:source: {source}}}}}}}]}}}}]\n"
    )
}

/// A rule whose target has no role.
fn plain(id: &str, pattern: &str, target: &str) -> String {
    format!(
        "  {id}:\n    Type: AWS::Events::Rule\n    Properties: {{EventPattern: {pattern}, Targets: [{{Id: t, Arn: {target}}}]}}\n"
    )
}

fn resource(id: &str, class: &str, properties: &str) -> String {
    format!("  {id}:\n    Type: {class}\n    Properties: {{{properties}}}\n")
}

const BUS: &str = "!Sub 'arn:aws:events:${AWS::Region}:${AWS::AccountId}:event-bus/default'";

#[test]
fn l33_three_hops_of_custom_events() {
    let all = |last: &str| {
        scan(
            &[
                plain("A", "{source: [a]}", "!GetAtt F.Arn"),
                puts("F", "b"),
                plain("B", "{source: [b]}", "!GetAtt G.Arn"),
                puts("G", "c"),
                plain("C", "{source: [c]}", "!GetAtt H.Arn"),
                puts("H", last),
            ]
            .concat(),
        )
    };
    let found = all("a");
    for rule in ["A", "B", "C"] {
        found.is(rule, Verdict::Loop);
    }
    let found = all("d");
    for rule in ["A", "B", "C"] {
        found.is(rule, Verdict::None);
    }
}

#[test]
fn l37_a_table_s_stream_and_a_pipe() {
    let all = |source: &str, written: &str| {
        scan(
            &[
                plain("R", "{source: [table.changed]}", "!GetAtt F.Arn"),
                function("F", "dynamodb:UpdateItem", &format!("arn:aws:dynamodb:*:*:table/{written}")),
                resource("T", "AWS::DynamoDB::Table", "TableName: t, StreamSpecification: {StreamViewType: NEW_IMAGE}"),
                role("PipeRole", "'*'", "*"),
                resource(
                    "P",
                    "AWS::Pipes::Pipe",
                    &format!(
                        "Source: !GetAtt T.StreamArn, Target: {BUS}, RoleArn: !GetAtt PipeRole.Arn, TargetParameters: {{EventBridgeEventBusParameters: {{Source: {source}, DetailType: d}}}}"
                    ),
                ),
            ]
            .concat(),
        )
    };
    all("table.changed", "t").is("R", Verdict::Loop);
    all("other", "t").is("R", Verdict::None);
    all("table.changed", "u").is("R", Verdict::None);
}

#[test]
fn l41_a_destination_on_failure() {
    let all = |kind: &str| {
        scan(
            &[
                plain("R", "{source: [orders]}", "!GetAtt F.Arn"),
                function("F", "logs:PutLogEvents", "*"),
                resource(
                    "Config",
                    "AWS::Lambda::EventInvokeConfig",
                    &format!("FunctionName: !Ref F, Qualifier: $LATEST, DestinationConfig: {{{kind}: {{Destination: {BUS}}}}}"),
                ),
                plain(
                    "Failed",
                    "{source: [lambda], detail-type: [Lambda Function Invocation Result - Failure]}",
                    "!GetAtt G.Arn",
                ),
                puts("G", "orders"),
            ]
            .concat(),
        )
    };
    all("OnFailure").is("R", Verdict::Loop);
    all("OnSuccess").is("R", Verdict::None);
}

#[test]
fn l53_a_resolver_puts_events() {
    let api = resource("Api", "AWS::AppSync::GraphQLApi", "Name: a, AuthenticationType: AWS_IAM");
    let source = |properties: &str| {
        resource(
            "Source",
            "AWS::AppSync::DataSource",
            &format!("ApiId: !GetAtt Api.ApiId, Name: s, ServiceRoleArn: !GetAtt Work.Arn, {properties}"),
        )
    };
    let all = |more: &str| {
        scan(
            &[
                rule("R", "{source: [chat]}", "!GetAtt Api.GraphQLEndpointArn"),
                role("Delivery", "appsync:GraphQL", "*"),
                role("Work", "events:PutEvents", "*"),
                api.clone(),
                more.to_owned(),
            ]
            .concat(),
        )
    };
    all(&source(&format!("Type: AMAZON_EVENTBRIDGE, EventBridgeConfig: {{EventBusArn: {BUS}}}")))
        .is("R", Verdict::Loop);
    all(&source("Type: HTTP, HttpConfig: {Endpoint: 'https://x'}")).is("R", Verdict::Unknown);
    all(&source("Type: NONE")).is("R", Verdict::Unknown);
    all("").is("R", Verdict::Unknown);
    let function = function("F", "events:PutEvents", "*");
    let lambda = source("Type: AWS_LAMBDA, LambdaConfig: {LambdaFunctionArn: !GetAtt F.Arn}");
    all(&(lambda + &function)).is("R", Verdict::Loop);
}

#[test]
fn queues_topics_and_streams_lead_on() {
    let function = function("F", "s3:PutBucketAcl", "*");
    let on_acl = calls("aws.s3", "PutBucketAcl");
    let queue = [
        plain("R", &on_acl, "!GetAtt Q.Arn"),
        resource("Q", "AWS::SQS::Queue", "QueueName: q"),
        resource(
            "M",
            "AWS::Lambda::EventSourceMapping",
            "EventSourceArn: !GetAtt Q.Arn, FunctionName: !Ref F",
        ),
        function.clone(),
    ];
    scan(&queue.concat()).is("R", Verdict::Loop);
    let topic = [
        plain("R", &on_acl, "!Ref T"),
        resource("T", "AWS::SNS::Topic", "TopicName: t"),
        resource(
            "S",
            "AWS::SNS::Subscription",
            "TopicArn: !Ref T, Protocol: lambda, Endpoint: !GetAtt F.Arn",
        ),
        function.clone(),
    ];
    scan(&topic.concat()).is("R", Verdict::Loop);
    let stream = [
        rule("R", &on_acl, "!GetAtt K.Arn"),
        role("Delivery", "kinesis:PutRecord", "*"),
        resource("K", "AWS::Kinesis::Stream", "Name: k, ShardCount: 1"),
        resource(
            "M",
            "AWS::Lambda::EventSourceMapping",
            "EventSourceArn: !GetAtt K.Arn, FunctionName: !Ref F",
        ),
        function,
    ];
    scan(&stream.concat()).is("R", Verdict::Loop);
}

#[test]
fn a_dead_letter_queue_leads_on() {
    let all = [
        "  R:\n    Type: AWS::Events::Rule\n    Properties: {EventPattern: ".to_owned()
            + &calls("aws.s3", "PutBucketAcl")
            + ", Targets: [{Id: t, Arn: !GetAtt G.Arn, DeadLetterConfig: {Arn: !GetAtt Q.Arn}}]}\n",
        function("G", "s3:GetObject", "*"),
        resource("Q", "AWS::SQS::Queue", "QueueName: q"),
        resource(
            "M",
            "AWS::Lambda::EventSourceMapping",
            "EventSourceArn: !GetAtt Q.Arn, FunctionName: !Ref F",
        ),
        function("F", "s3:PutBucketAcl", "*"),
    ];
    scan(&all.concat()).is("R", Verdict::Loop);
}

#[test]
fn a_bucket_s_notification_leads_on() {
    let all = |written: &str| {
        scan(
            &[
                plain("R", "{source: [orders]}", "!GetAtt F.Arn"),
                function("F", "s3:PutObject", &format!("arn:aws:s3:::{written}/*")),
                resource(
                    "B",
                    "AWS::S3::Bucket",
                    "BucketName: files, NotificationConfiguration: {LambdaConfigurations: [{Event: 's3:ObjectCreated:*', Function: !GetAtt G.Arn}]}",
                ),
                puts("G", "orders"),
            ]
            .concat(),
        )
    };
    all("files").is("R", Verdict::Loop);
    all("others").is("R", Verdict::None);
}

#[test]
fn what_is_outside_is_unknown_and_says_so() {
    let delivery = role("Delivery", "'*'", "*");
    let destination = resource(
        "D",
        "AWS::Events::ApiDestination",
        "Name: d, HttpMethod: POST, InvocationEndpoint: 'https://x', ConnectionArn: c",
    );
    for (target, words) in [
        ("!GetAtt D.Arn", "outside"),
        ("'arn:aws:execute-api:eu-west-1:111122223333:abc/prod/POST/x'", "outside"),
        (
            "'arn:aws:events:eu-west-1:111122223333:event-busv2/orders/abcdefghijklmnopqrstuvwxy'",
            "continues on a custom bus",
        ),
    ] {
        let all = [rule("R", "{source: [orders]}", target), destination.clone(), delivery.clone()];
        let found = scan(&all.concat());
        found.is("R", Verdict::Unknown);
        assert!(found.reasons("R").contains(words), "{}", found.reasons("R"));
    }
}

#[test]
fn a_schedule_is_a_root() {
    let all = [
        plain("R", &calls("aws.ec2", "StopInstances"), "!GetAtt F.Arn"),
        function("F", "logs:PutLogEvents", "*"),
        role("Work", "'*'", "*"),
        resource(
            "Nightly",
            "AWS::Scheduler::Schedule",
            "ScheduleExpression: rate(1 day), FlexibleTimeWindow: {Mode: 'OFF'}, Target: {Arn: 'arn:aws:scheduler:::aws-sdk:ec2:stopInstances', RoleArn: !GetAtt Work.Arn, Input: '{}'}",
        ),
    ];
    scan(&all.concat()).is("R", Verdict::None);
}

#[test]
fn projects_tasks_and_jobs_do_what_their_roles_allow() {
    let work = role("Work", "s3:PutBucketAcl", "*");
    let on_acl = calls("aws.s3", "PutBucketAcl");
    let delivery = role("Delivery", "'*'", "*");
    let project = resource("Project", "AWS::CodeBuild::Project", "ServiceRole: !GetAtt Work.Arn");
    let all = [rule("R", &on_acl, "!GetAtt Project.Arn"), project.clone(), work.clone(), delivery.clone()];
    scan(&all.concat()).is("R", Verdict::Loop);
    let state = "{source: [aws.codebuild], detail-type: [CodeBuild Build State Change]}";
    let all = [rule("R", state, "!GetAtt Project.Arn"), project, work, delivery];
    scan(&all.concat()).is_declared_loop("R");
}

#[test]
fn a_machine_s_tasks_start_projects_and_tasks() {
    let machine = |task: &str| {
        format!(
            "  Machine:\n    Type: AWS::StepFunctions::StateMachine\n    Properties:\n      RoleArn: !GetAtt Starter.Arn\n      Definition: {{StartAt: A, States: {{A: {task}}}}}\n"
        )
    };
    let common = [
        rule("R", &calls("aws.s3", "PutBucketAcl"), "!Ref Machine"),
        role("Delivery", "'*'", "*"),
        role("Starter", "[codebuild:StartBuild, ecs:RunTask, 'iam:PassRole', states:StartExecution]", "*"),
        role("Work", "s3:PutBucketAcl", "*"),
        resource("Project", "AWS::CodeBuild::Project", "Name: p, ServiceRole: !GetAtt Work.Arn"),
        resource("Tasks", "AWS::ECS::TaskDefinition", "Family: f, TaskRoleArn: !GetAtt Work.Arn"),
    ]
    .concat();
    for task in [
        "{Type: Task, Resource: 'arn:aws:states:::codebuild:startBuild.sync', Parameters: {ProjectName: p}, End: true}",
        "{Type: Task, Resource: 'arn:aws:states:::codebuild:startBuild', Parameters: {ProjectName: !Ref Project}, End: true}",
        "{Type: Task, Resource: 'arn:aws:states:::ecs:runTask.sync', Parameters: {Cluster: c, TaskDefinition: !Ref Tasks}, End: true}",
    ] {
        scan(&(machine(task) + &common)).is("R", Verdict::Loop);
    }
    let none =
        "{Type: Task, Resource: 'arn:aws:states:::dynamodb:getItem', Parameters: {TableName: t}, End: true}";
    scan(&(machine(none) + &common)).is("R", Verdict::None);
}
