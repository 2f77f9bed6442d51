use crate::{Options, Source, read};

fn inventory(text: &str) -> loopguard_model::Inventory {
    read(&[Source { file: "t.yaml".into(), text: text.into() }], &Options::default())
}

#[test]
fn globals_fill_in_what_a_function_leaves_open() {
    let inventory = inventory(
        "Globals: {Function: {Role: 'arn:aws:iam::1:role/shared', Tags: {a: b}}}\nResources:\n  A: {Type: 'AWS::Serverless::Function', Properties: {Tags: {c: d}}}\n  B: {Type: 'AWS::Serverless::Function', Properties: {Role: 'arn:aws:iam::1:role/own'}}\n",
    );
    let roles: Vec<String> =
        inventory.workloads.iter().map(|workload| workload.role.clone().unwrap().to_string()).collect();
    assert_eq!(roles, ["arn:aws:iam::1:role/shared", "arn:aws:iam::1:role/own"]);
    assert!(inventory.roles.is_empty(), "no role is generated where one is given");
}

#[test]
fn a_generated_role_can_be_referred_to() {
    let inventory = inventory(
        "Resources:\n  F: {Type: 'AWS::Serverless::Function', Properties: {AutoPublishAlias: live}}\n  R: {Type: 'AWS::Events::Rule', Properties: {ScheduleExpression: x, Targets: [{Id: a, Arn: !Ref F.Alias, RoleArn: !GetAtt FRole.Arn}]}}\n",
    );
    let target = &inventory.rules[0].targets.as_ref().unwrap()[0];
    assert_eq!(target.role.as_ref(), Some(&inventory.roles[0].arn));
    assert_eq!(target.arn.to_string(), format!("{}:live", inventory.workloads[0].arn));
    assert!(inventory.workload(&target.arn).is_some(), "an alias runs its function");
}

#[test]
fn a_definition_elsewhere_is_told() {
    let inventory = inventory(
        "Resources:\n  M: {Type: 'AWS::Serverless::StateMachine', Properties: {DefinitionUri: m.json}}\n",
    );
    assert_eq!(inventory.notes.len(), 1, "{:?}", inventory.notes);
}

#[test]
fn a_connector_gives_what_sam_gives() {
    let inventory = inventory(
        "Resources:\n  T: {Type: 'AWS::DynamoDB::Table'}\n  Q: {Type: 'AWS::SQS::Queue'}\n  B: {Type: 'AWS::S3::Bucket'}\n  C: {Type: 'AWS::Serverless::Connector', Properties: {Source: {Id: F}, Destination: [{Id: T}, {Id: B}], Permissions: [Write]}}\n  D: {Type: 'AWS::Serverless::Connector', Properties: {Source: {Id: Q}, Destination: {Id: G}, Permissions: [Read, Write]}}\n  F: {Type: 'AWS::Serverless::Function'}\n  G:\n    Type: AWS::Serverless::Function\n    Properties: {Role: !GetAtt R.Arn}\n    Connectors: {ToM: {Properties: {Destination: {Id: M}, Permissions: [Write]}}}\n  R: {Type: 'AWS::IAM::Role'}\n  M: {Type: 'AWS::Serverless::StateMachine', Properties: {Definition: {}}}\n",
    );
    assert!(inventory.notes.is_empty(), "{:?}", inventory.notes);
    let allowed = |role: &str| -> Vec<String> {
        let role = inventory.roles.iter().find(|known| known.name.to_string() == role).unwrap();
        let named = role.policies.iter().filter(|policy| policy.name.starts_with("connector "));
        named.flat_map(|policy| &policy.statements).map(|statement| format!("{statement:?}")).collect()
    };
    let function = allowed("${FRole}");
    assert_eq!(function.len(), 2, "{function:#?}");
    assert!(
        function[0].contains("dynamodb:PutItem") && function[1].contains("s3:PutObject"),
        "{function:#?}"
    );
    let other = allowed("${R}");
    let all = other.join("\n");
    assert!(all.contains("sqs:DeleteMessage") && all.contains("states:StartExecution"), "{all}");
}

#[test]
fn a_connector_of_a_rule_lets_it_deliver() {
    let inventory = inventory(
        "Resources:\n  Q: {Type: 'AWS::SQS::Queue'}\n  T: {Type: 'AWS::SNS::Topic'}\n  Other: {Type: 'AWS::SQS::Queue'}\n  R:\n    Type: AWS::Events::Rule\n    Properties: {EventPattern: {source: [shop]}, Targets: [{Id: q, Arn: !GetAtt Q.Arn}, {Id: t, Arn: !Ref T}]}\n    Connectors: {Out: {Properties: {Destination: [{Id: Q}, {Id: T}], Permissions: [Write]}}}\n  S: {Type: 'AWS::Serverless::Connector', Properties: {Source: {Id: T}, Destination: {Id: Other}, Permissions: [Write]}}\n",
    );
    assert!(inventory.notes.is_empty(), "{:?}", inventory.notes);
    let closed: Vec<String> = inventory.closed.iter().map(ToString::to_string).collect();
    assert_eq!(closed.len(), 1, "only the one that a topic sends to: {closed:?}");
    assert!(closed[0].contains("${Other}"), "{closed:?}");
}

#[test]
fn a_connector_that_cannot_be_told_leaves_the_role_of_its_source_open() {
    let inventory = inventory(
        "Resources:\n  K: {Type: 'AWS::Kinesis::Stream'}\n  F:\n    Type: AWS::Serverless::Function\n    Connectors: {ToK: {Properties: {Destination: {Id: K}, Permissions: [Write]}}}\n",
    );
    let open: Vec<usize> = inventory
        .roles
        .iter()
        .map(|role| role.policies.iter().map(|policy| policy.unread.len()).sum())
        .collect();
    assert_eq!(open, [1]);
    let told = inventory.notes.iter().any(|note| note.message.contains("connector `FToK`"));
    assert!(told, "{:?}", inventory.notes);
}

#[test]
fn a_definition_in_a_file_that_is_read_is_found_and_filled_in() {
    let template = "Resources:\n  T: {Type: 'AWS::SNS::Topic'}\n  M: {Type: 'AWS::Serverless::StateMachine', Properties: {DefinitionUri: flows/m.asl.json, DefinitionSubstitutions: {Topic: !Ref T}}}\n";
    let definition = "{\"StartAt\": \"A\", \"States\": {\"A\": {\"TopicArn\": \"${Topic}\"}}}";
    let source = |file: &str, text: &str| Source { file: file.into(), text: text.into() };
    let files = [source("app/t.yaml", template), source("app/flows/m.asl.json", definition)];
    let inventory = read(&files, &Options::default());
    assert!(inventory.notes.is_empty(), "{:?}", inventory.notes);
    let found = inventory.workloads[0].definition.clone().unwrap();
    let topic = crate::nodes::at(&found, "States.A.TopicArn")
        .and_then(loopguard_pattern::json::Value::scalar)
        .unwrap();
    assert_eq!(topic.to_string(), "arn:aws:sns:${AWS::Region}:${AWS::AccountId}:${T}");
}
