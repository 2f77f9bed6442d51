//! What carries events on without a rule.

use super::{inventory, notes};
use loopguard_model::{Connection, ConnectionKind, Inventory};

/// Returns each connection in one line, scope written short.
fn lines(inventory: &Inventory) -> Vec<String> {
    inventory.connections.iter().map(line).collect()
}

fn line(connection: &Connection) -> String {
    let short = |text: String| text.replace("${AWS::Region}:${AWS::AccountId}", "@");
    let from = connection.from.as_ref().map_or_else(|| "-".to_owned(), |from| short(from.to_string()));
    let off = if connection.enabled { "" } else { " off" };
    let (kind, to) = (connection.kind.as_str(), short(connection.to.arn.to_string()));
    format!("{} {kind}{off}: {from} -> {to}", connection.name)
}

#[test]
fn subscriptions_of_either_form_are_read_where_they_end_in_aws() {
    let inventory = inventory(
        r#"
Resources:
  Topic:
    Type: AWS::SNS::Topic
    Properties:
      Subscription:
        - {Protocol: email, Endpoint: ops@example.com}
        - {Protocol: lambda, Endpoint: !GetAtt Worker.Arn}
  Worker: {Type: 'AWS::Lambda::Function', Properties: {Role: !GetAtt R.Arn}}
  R: {Type: 'AWS::IAM::Role'}
  Queue: {Type: 'AWS::SQS::Queue'}
  ToQueue:
    Type: AWS::SNS::Subscription
    Properties:
      TopicArn: !Ref Topic
      Protocol: sqs
      Endpoint: !GetAtt Queue.Arn
      FilterPolicyScope: MessageBody
      FilterPolicy: {source: [orders]}
      RedrivePolicy: {deadLetterTargetArn: 'arn:aws:sqs:eu-west-1:111122223333:lost'}
  Big:
    Type: AWS::SNS::Subscription
    Properties: {TopicArn: !Ref Topic, Protocol: lambda, Endpoint: !GetAtt Worker.Arn, FilterPolicy: '{"size":["big"]}'}
  ToWeb: {Type: 'AWS::SNS::Subscription', Properties: {TopicArn: !Ref Topic, Protocol: https, Endpoint: 'https://example.com'}}
"#,
    );
    assert_eq!(
        lines(&inventory),
        [
            "Topic#2 subscription: arn:aws:sns:@:${Topic} -> arn:aws:lambda:@:function:${Worker}",
            "ToQueue subscription: arn:aws:sns:@:${Topic} -> arn:aws:sqs:@:${Queue}",
            "ToQueue dead-letter queue: arn:aws:sns:@:${Topic} -> arn:aws:sqs:eu-west-1:111122223333:lost",
            "Big subscription: arn:aws:sns:@:${Topic} -> arn:aws:lambda:@:function:${Worker}",
        ]
    );
    assert!(notes(&inventory).is_empty(), "{:?}", notes(&inventory));
    let matches = |at: usize, event: &str| {
        loopguard_pattern::matches(&inventory.connections[at].filters[0], event) == Ok(true)
    };
    assert!(matches(1, r#"{"source":"orders"}"#) && !matches(1, r#"{"source":"bills"}"#));
    assert!(matches(3, r#"{"MessageAttributes":{"size":"big"}}"#) && !matches(3, r#"{"size":"big"}"#));
}

#[test]
fn mappings_take_from_whole_tables_and_end_in_functions_by_any_name() {
    let inventory = inventory(
        r#"
Parameters: {Deployed: {Type: String}}
Resources:
  Table: {Type: 'AWS::DynamoDB::Table', Properties: {StreamSpecification: {StreamViewType: NEW_IMAGE}}}
  F: {Type: 'AWS::Lambda::Function', Properties: {FunctionName: worker}}
  G: {Type: 'AWS::Lambda::Function'}
  ByName:
    Type: AWS::Lambda::EventSourceMapping
    Properties:
      EventSourceArn: !GetAtt Table.StreamArn
      FunctionName: !Ref G
      Enabled: false
      FilterCriteria: {Filters: [{Pattern: '{"eventName":["INSERT"]}'}]}
      DestinationConfig: {OnFailure: {Destination: !GetAtt Lost.Arn}}
  Lost: {Type: 'AWS::SQS::Queue'}
  Literal:
    Type: AWS::Lambda::EventSourceMapping
    Properties:
      EventSourceArn: arn:aws:dynamodb:eu-west-1:111122223333:table/t/stream/2024-01-01T00:00:00.000
      FunctionName: worker
  Given: {Type: 'AWS::Lambda::EventSourceMapping', Properties: {EventSourceArn: !GetAtt Lost.Arn, FunctionName: !Ref Deployed}}
  Arn: {Type: 'AWS::Lambda::EventSourceMapping', Properties: {EventSourceArn: !GetAtt Lost.Arn, FunctionName: !GetAtt F.Arn}}
"#,
    );
    assert_eq!(
        lines(&inventory),
        [
            "ByName event-source mapping off: arn:aws:dynamodb:@:table/${Table} -> arn:aws:lambda:@:function:${G}",
            "ByName destination on failure off: arn:aws:dynamodb:@:table/${Table} -> arn:aws:sqs:@:${Lost}",
            "Literal event-source mapping: arn:aws:dynamodb:eu-west-1:111122223333:table/t -> arn:aws:lambda:@:function:worker",
            "Given event-source mapping: arn:aws:sqs:@:${Lost} -> ${Deployed}",
            "Arn event-source mapping: arn:aws:sqs:@:${Lost} -> arn:aws:lambda:@:function:worker",
        ]
    );
    let filter = &inventory.connections[0].filters[0];
    assert_eq!(loopguard_pattern::matches(filter, r#"{"eventName":"REMOVE"}"#), Ok(false));
}

#[test]
fn pipes_and_schedules_keep_their_parameters_and_roles() {
    let inventory = inventory(
        r#"
Resources:
  Table: {Type: 'AWS::DynamoDB::Table'}
  R: {Type: 'AWS::IAM::Role'}
  F: {Type: 'AWS::Lambda::Function'}
  Bus: {Type: 'AWS::Events::EventBus', Properties: {Name: shop}}
  Pipe:
    Type: AWS::Pipes::Pipe
    Properties:
      RoleArn: !GetAtt R.Arn
      Source: !GetAtt Table.StreamArn
      SourceParameters:
        DynamoDBStreamParameters: {StartingPosition: LATEST, DeadLetterConfig: {Arn: 'arn:aws:sqs:eu-west-1:1:lost'}}
        FilterCriteria: {Filters: [{Pattern: '{"eventName": ["INSERT"]}'}]}
      Enrichment: !GetAtt F.Arn
      Target: !GetAtt Bus.Arn
      TargetParameters:
        EventBridgeEventBusParameters: {Source: table, DetailType: changed}
        InputTemplate: '{"a": <$.b>}'
  Nightly:
    Type: AWS::Scheduler::Schedule
    Properties:
      ScheduleExpression: rate(1 day)
      State: DISABLED
      FlexibleTimeWindow: {Mode: 'OFF'}
      Target:
        Arn: arn:aws:scheduler:::aws-sdk:eventbridge:putEvents
        RoleArn: !GetAtt R.Arn
        Input: '{"Entries":[]}'
"#,
    );
    assert_eq!(
        lines(&inventory),
        [
            "Pipe pipe enrichment: arn:aws:dynamodb:@:table/${Table} -> arn:aws:lambda:@:function:${F}",
            "Pipe pipe: arn:aws:dynamodb:@:table/${Table} -> arn:aws:events:@:event-bus/shop",
            "Pipe dead-letter queue: arn:aws:dynamodb:@:table/${Table} -> arn:aws:sqs:eu-west-1:1:lost",
            "Nightly schedule off: - -> arn:aws:scheduler:::aws-sdk:eventbridge:putEvents",
        ]
    );
    let [_, pipe, _, nightly] = inventory.connections.as_slice() else { panic!("four") };
    let parameter = |connection: &Connection, name: &str| connection.to.parameters[name].to_string();
    assert_eq!(parameter(pipe, "EventBridgeEventBusParameters.Source"), "table");
    assert_eq!(parameter(pipe, "EventBridgeEventBusParameters.DetailType"), "changed");
    assert_eq!(pipe.to.role.as_ref(), Some(&inventory.roles[0].arn));
    assert_eq!(pipe.filters.len(), 1);
    assert_eq!(parameter(nightly, "Input"), r#"{"Entries":[]}"#);
    assert_eq!(nightly.to.role.as_ref(), Some(&inventory.roles[0].arn));
    assert_eq!(nightly.to.parameters.len(), 1);
    assert!(notes(&inventory).is_empty(), "{:?}", notes(&inventory));
}

#[test]
fn destinations_and_dead_letter_queues_hang_on_their_owners() {
    let inventory = inventory(
        r#"
Resources:
  F: {Type: 'AWS::Lambda::Function', Properties: {DeadLetterConfig: {TargetArn: !Ref Topic}}}
  Topic: {Type: 'AWS::SNS::Topic'}
  Runs:
    Type: AWS::Lambda::EventInvokeConfig
    Properties:
      FunctionName: !Ref F
      Qualifier: $LATEST
      DestinationConfig:
        OnSuccess: {Destination: !Sub 'arn:aws:events:${AWS::Region}:${AWS::AccountId}:event-bus/default'}
        OnFailure: {Destination: !GetAtt Lost.Arn}
  Lost: {Type: 'AWS::SQS::Queue'}
  Work: {Type: 'AWS::SQS::Queue', Properties: {RedrivePolicy: {deadLetterTargetArn: !GetAtt Lost.Arn, maxReceiveCount: 3}}}
  Text: {Type: 'AWS::SQS::Queue', Properties: {RedrivePolicy: !Sub '{"deadLetterTargetArn":"${Lost.Arn}","maxReceiveCount":3}'}}
  Bus: {Type: 'AWS::Events::EventBus', Properties: {Name: shop, DeadLetterConfig: {Arn: !GetAtt Lost.Arn}}}
  Logs: {Type: 'AWS::Logs::LogGroup', Properties: {LogGroupName: /app}}
  Reader: {Type: 'AWS::Logs::SubscriptionFilter', Properties: {LogGroupName: !Ref Logs, DestinationArn: !GetAtt F.Arn, FilterPattern: ''}}
"#,
    );
    assert_eq!(
        lines(&inventory),
        [
            "F dead-letter queue: arn:aws:lambda:@:function:${F} -> arn:aws:sns:@:${Topic}",
            "Runs destination on success: arn:aws:lambda:@:function:${F} -> arn:aws:events:@:event-bus/default",
            "Runs destination on failure: arn:aws:lambda:@:function:${F} -> arn:aws:sqs:@:${Lost}",
            "Work dead-letter queue: arn:aws:sqs:@:${Work} -> arn:aws:sqs:@:${Lost}",
            "Text dead-letter queue: arn:aws:sqs:@:${Text} -> arn:aws:sqs:@:${Lost}",
            "Bus dead-letter queue: arn:aws:events:@:event-bus/shop -> arn:aws:sqs:@:${Lost}",
            "Reader log subscription: arn:aws:logs:@:log-group:/app -> arn:aws:lambda:@:function:${F}",
        ]
    );
}

#[test]
fn buckets_notify_in_the_form_of_either_writer() {
    let inventory = inventory(
        r"
Resources:
  Media:
    Type: AWS::S3::Bucket
    Properties:
      BucketName: media
      NotificationConfiguration:
        LambdaConfigurations:
          - Event: s3:ObjectCreated:*
            Function: !GetAtt F.Arn
            Filter: {S3Key: {Rules: [{Name: prefix, Value: in/}]}}
        QueueConfigurations: [{Event: 's3:ObjectRemoved:*', Queue: 'arn:aws:sqs:eu-west-1:1:q'}]
        TopicConfigurations: [{Event: 's3:ObjectRemoved:*', Topic: 'arn:aws:sns:eu-west-1:1:t'}]
  F: {Type: 'AWS::Lambda::Function'}
  Plain: {Type: 'AWS::S3::Bucket'}
  PlainNotifications:
    Type: Custom::S3BucketNotifications
    Properties:
      BucketName: !Ref Plain
      NotificationConfiguration:
        EventBridgeConfiguration: {}
        LambdaFunctionConfigurations: [{Events: ['s3:ObjectCreated:*'], LambdaFunctionArn: !GetAtt F.Arn}]
",
    );
    assert_eq!(
        lines(&inventory),
        [
            "Media bucket notification: arn:aws:s3:::media -> arn:aws:lambda:@:function:${F}",
            "Media bucket notification: arn:aws:s3:::media -> arn:aws:sqs:eu-west-1:1:q",
            "Media bucket notification: arn:aws:s3:::media -> arn:aws:sns:eu-west-1:1:t",
            "PlainNotifications bucket notification: arn:aws:s3:::${Plain} -> arn:aws:lambda:@:function:${F}",
        ]
    );
    let first = &inventory.connections[0];
    assert_eq!(first.to.parameters["Filter.S3Key.Rules.0.Value"].to_string(), "in/");
    assert_eq!(first.origin.place().unwrap().line, 9);
    assert_eq!(inventory.bucket_notifications.values().copied().collect::<Vec<_>>(), [false, true]);
}

#[test]
fn what_sam_makes_of_events_is_read() {
    let inventory = inventory(
        r"
Transform: AWS::Serverless-2016-10-31
Resources:
  Uploads: {Type: 'AWS::S3::Bucket'}
  Topic: {Type: 'AWS::SNS::Topic'}
  Queue: {Type: 'AWS::SQS::Queue'}
  Table: {Type: 'AWS::DynamoDB::Table'}
  F:
    Type: AWS::Serverless::Function
    Properties:
      DeadLetterQueue: {Type: SQS, TargetArn: !GetAtt Queue.Arn}
      EventInvokeConfig:
        DestinationConfig:
          OnSuccess: {Type: EventBridge, Destination: 'arn:aws:events:eu-west-1:1:event-bus/default'}
          OnFailure: {Type: SQS}
      Events:
        Work: {Type: SQS, Properties: {Queue: !GetAtt Queue.Arn, BatchSize: 10, Enabled: false}}
        Rows: {Type: DynamoDB, Properties: {Stream: !GetAtt Table.StreamArn, StartingPosition: LATEST}}
        Told: {Type: SNS, Properties: {Topic: !Ref Topic, FilterPolicy: {kind: [a]}}}
        Held: {Type: SNS, Properties: {Topic: !Ref Topic, SqsSubscription: true}}
        Put: {Type: S3, Properties: {Bucket: !Ref Uploads, Events: ['s3:ObjectCreated:*', 's3:ObjectRemoved:*']}}
        Nightly: {Type: ScheduleV2, Properties: {ScheduleExpression: rate(1 day), Input: '{}', State: ENABLED}}
        Lines: {Type: CloudWatchLogs, Properties: {LogGroupName: /app, FilterPattern: ''}}
",
    );
    let f = "arn:aws:lambda:@:function:${F}";
    assert_eq!(
        lines(&inventory),
        [
            format!("Uploads#1 bucket notification: arn:aws:s3:::${{Uploads}} -> {f}"),
            format!("Uploads#2 bucket notification: arn:aws:s3:::${{Uploads}} -> {f}"),
            format!("F dead-letter queue: {f} -> arn:aws:sqs:@:${{Queue}}"),
            format!("FWork event-source mapping off: arn:aws:sqs:@:${{Queue}} -> {f}"),
            format!("FRows event-source mapping: arn:aws:dynamodb:@:table/${{Table}} -> {f}"),
            format!("FTold subscription: arn:aws:sns:@:${{Topic}} -> {f}"),
            "FHeld subscription: arn:aws:sns:@:${Topic} -> arn:aws:sqs:@:${FHeldQueue}".to_owned(),
            format!("FHeldEventSourceMapping event-source mapping: arn:aws:sqs:@:${{FHeldQueue}} -> {f}"),
            format!("FNightly schedule: - -> {f}"),
            format!("FLines log subscription: arn:aws:logs:@:log-group:/app -> {f}"),
            format!(
                "FEventInvokeConfig destination on success: {f} -> arn:aws:events:eu-west-1:1:event-bus/default"
            ),
            format!(
                "FEventInvokeConfig destination on failure: {f} -> arn:aws:sqs:@:${{FEventInvokeConfigOnFailureQueue}}"
            ),
        ]
    );
    let nightly =
        inventory.connections.iter().find(|connection| connection.kind == ConnectionKind::Schedule).unwrap();
    let role = inventory.role(nightly.to.role.as_ref().unwrap()).unwrap();
    assert!(role.policies[0].statements.len() == 1 && nightly.to.parameters["Input"].to_string() == "{}");
    assert!(inventory.rules.is_empty(), "a schedule of EventBridge Scheduler is no rule");
    assert!(notes(&inventory).is_empty(), "{:?}", notes(&inventory));
}

/// What cannot be read is told, and what it would filter counts as passing.
#[test]
fn broken_connections_are_told() {
    let inventory = inventory(
        r#"
Parameters: {P: {Type: String}}
Resources:
  A: {Type: 'AWS::Lambda::EventSourceMapping', Properties: {SelfManagedEventSource: {}, FunctionName: f}}
  B: {Type: 'AWS::SNS::Subscription', Properties: {TopicArn: 'arn:aws:sns:eu-west-1:1:t', Protocol: sqs}}
  C:
    Type: AWS::Pipes::Pipe
    Properties:
      Source: arn:aws:sqs:eu-west-1:1:q
      Target: arn:aws:sqs:eu-west-1:1:r
      SourceParameters: {FilterCriteria: {Filters: [{Pattern: '{"a":'}, {Pattern: '{"a":["b"]}'}]}}
  D: {Type: 'AWS::Scheduler::Schedule', Properties: [1]}
  E: {Type: 'AWS::SQS::Queue', Properties: {RedrivePolicy: '{"deadLetterTargetArn"'}}
  F: {Type: 'AWS::SNS::Topic', Properties: {Subscription: !Ref P}}
  G: {Type: 'AWS::SQS::Queue', Properties: {RedrivePolicy: !Ref P}}
"#,
    );
    let told = notes(&inventory);
    for part in [
        "`A` names nothing in AWS",
        "`B` does not say what it hands on to",
        "`D` are not an object",
        "`RedrivePolicy` is not",
    ] {
        assert!(told.iter().any(|note| note.contains(part)), "{part}: {told:?}");
    }
    let pipe = inventory.connections.iter().find(|connection| &*connection.name == "C").unwrap();
    assert!(pipe.filters.is_empty() && told.iter().any(|note| note.contains("pattern")), "{told:?}");
    assert!(inventory.connections.iter().any(|connection| &*connection.name == "B"));
}
