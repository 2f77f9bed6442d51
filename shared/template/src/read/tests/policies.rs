//! Roles and what is attached to them; buckets and trails.

use super::{inventory, notes, role, source};
use loopguard_model::{Principals, Scoped};
use loopguard_pattern::Term;

const POLICY: &str = "PolicyDocument: {Statement: {Effect: Allow, Action: 'a:B', Resource: '*'}}";

#[test]
fn policies_beside_a_role_are_joined_to_it() {
    let inventory = inventory(&format!(
        "Resources:\n  Role: {{Type: 'AWS::IAM::Role', Properties: {{Path: /app/, ManagedPolicyArns: [!Ref Managed, 'arn:aws:iam::aws:policy/ReadOnlyAccess'], PermissionsBoundary: !Ref Managed}}}}\n  Named: {{Type: 'AWS::IAM::Role', Properties: {{RoleName: named, PermissionsBoundary: b}}}}\n  One: {{Type: 'AWS::IAM::Policy', Properties: {{PolicyName: one, Roles: [!Ref Role, named], {POLICY}}}}}\n  Two: {{Type: 'AWS::IAM::RolePolicy', Properties: {{PolicyName: two, RoleName: !Ref Role, {POLICY}}}}}\n  Managed: {{Type: 'AWS::IAM::ManagedPolicy', Properties: {{{POLICY}}}}}\n  Stranger: {{Type: 'AWS::IAM::Policy', Properties: {{PolicyName: s, Roles: [elsewhere], {POLICY}}}}}\n"
    ));
    let found = role(&inventory, "Role");
    assert_eq!(found.arn.to_string(), "arn:aws:iam::${AWS::AccountId}:role/app/${Role}");
    let names: Vec<&str> = found.policies.iter().map(|policy| &*policy.name).collect();
    assert_eq!(names, ["one", "two", "Managed"]);
    assert_eq!(found.attached_unread, [Term::literal("arn:aws:iam::aws:policy/ReadOnlyAccess")]);
    assert_eq!(found.boundary.as_ref().unwrap().statements.len(), 1);
    let other = role(&inventory, "named");
    assert_eq!(other.policies.len(), 1);
    assert_eq!(other.boundary_unread, Some(Term::literal("b")));
    assert_eq!(notes(&inventory).len(), 1);
    assert!(notes(&inventory)[0].contains("role `elsewhere`"), "{:?}", notes(&inventory));
}

#[test]
fn who_may_take_a_role_on_is_read() {
    let inventory = inventory(
        "Resources:\n  Own: {Type: 'AWS::IAM::Role', Properties: {AssumeRolePolicyDocument: {Statement: {Effect: Allow, Action: 'sts:AssumeRole', Principal: {AWS: !GetAtt FRole.Arn}}}}}\n  Text: {Type: 'AWS::IAM::Role', Properties: {AssumeRolePolicyDocument: '{\"Statement\": []}'}}\n  Silent: {Type: 'AWS::IAM::Role'}\n  F: {Type: 'AWS::Serverless::Function'}\n  G: {Type: 'AWS::Serverless::Function', Properties: {AssumeRolePolicyDocument: {Statement: {Effect: Allow, Action: 'sts:AssumeRole', Principal: '*'}}}}\n  M: {Type: 'AWS::Serverless::StateMachine', Properties: {Events: {E: {Type: EventBridgeRule, Properties: {Pattern: {source: [a]}}}}}}\n",
    );
    let trusted = |name: &str| {
        let statements = role(&inventory, name).trust.as_ref().map(|trust| &trust.statements);
        let names = statements?.iter().filter_map(|statement| match &statement.principals {
            Some(Principals::Only(list)) => list.first().map(|one| format!("{} {}", one.kind, one.name)),
            _ => None,
        });
        Some(names.collect::<Vec<_>>().join(","))
    };
    let own = "AWS arn:aws:iam::${AWS::AccountId}:role/${FRole}";
    for (name, expected) in [
        ("Own", Some(own)),
        ("Text", Some("")),
        ("Silent", None),
        ("FRole", Some("Service lambda.amazonaws.com")),
        ("GRole", Some("* *")),
        ("MRole", Some("Service states.amazonaws.com")),
        ("MERole", Some("Service events.amazonaws.com")),
    ] {
        assert_eq!(trusted(name).as_deref(), expected, "{name}");
    }
}

#[test]
fn a_policy_of_one_file_belongs_to_the_role_of_another() {
    let role_file =
        "Resources:\n  R: {Type: 'AWS::IAM::Role'}\nOutputs:\n  O: {Value: !Ref R, Export: {Name: role}}\n";
    let policy_file = format!(
        "Resources:\n  P: {{Type: 'AWS::IAM::Policy', Properties: {{Roles: [!ImportValue role], {POLICY}}}}}\n"
    );
    let both = crate::read(
        &[source("a.yaml", role_file), source("b.yaml", &policy_file)],
        &crate::Options::default(),
    );
    assert_eq!(role(&both, "R").policies.len(), 1);
    assert_eq!(notes(&both), Vec::<String>::new());
}

#[test]
fn what_runs_is_named_as_targets_name_it() {
    let inventory = inventory(
        "Resources:\n  D: {Type: 'AWS::SSM::Document', Properties: {Name: doc, Content: {schemaVersion: '0.3', assumeRole: !GetAtt R.Arn}}}\n  R: {Type: 'AWS::IAM::Role'}\n  T: {Type: 'AWS::ECS::TaskDefinition', Properties: {Family: fam, TaskRoleArn: !Ref R}}\n  B: {Type: 'AWS::CodeBuild::Project', Properties: {Name: build, ServiceRole: !Ref R}}\n  J: {Type: 'AWS::Batch::JobDefinition', Properties: {JobDefinitionName: job, ContainerProperties: {JobRoleArn: !GetAtt R.Arn}}}\n  M: {Type: 'AWS::StepFunctions::StateMachine', Properties: {RoleArn: !GetAtt R.Arn, DefinitionString: !Sub '{\"StartAt\": \"${R}\"}'}}\n",
    );
    let arns: Vec<String> = inventory
        .workloads
        .iter()
        .map(|workload| workload.arn.to_string().replace("${AWS::Region}:${AWS::AccountId}", "here"))
        .collect();
    assert_eq!(
        arns,
        [
            "arn:aws:ssm:here:document/doc",
            "arn:aws:ecs:here:task-definition/fam:${T}",
            "arn:aws:codebuild:here:project/build",
            "arn:aws:batch:here:job-definition/job:${J}",
            "arn:aws:states:here:stateMachine:${M}",
        ]
    );
    let role = &role(&inventory, "R").arn;
    assert!(
        inventory.workloads.iter().all(|workload| workload.role.as_ref() == Some(role)),
        "names become ARNs"
    );
    let definition = inventory.workloads[4].definition.clone().unwrap();
    let start = definition.get("StartAt").and_then(loopguard_pattern::json::Value::scalar).unwrap();
    assert_eq!(start.to_string(), "${R}");
}

#[test]
fn sam_policies_of_every_form_are_read() {
    let inventory = inventory(
        "Transform: AWS::Serverless-2016-10-31\nGlobals: {Function: {Tracing: Active, Timeout: 3}}\nConditions: {C: !Equals [!Ref 'AWS::Region', eu-west-1]}\nResources:\n  Own: {Type: 'AWS::IAM::ManagedPolicy', Properties: {PolicyDocument: {Statement: {Effect: Allow, Action: 'o:O', Resource: '*'}}}}\n  F:\n    Type: AWS::Serverless::Function\n    Properties:\n      DeadLetterQueue: {Type: SQS, TargetArn: 'arn:q'}\n      Policies:\n        - AmazonS3ReadOnlyAccess\n        - AWSLambdaBasicExecutionRole\n        - !Ref Own\n        - S3CrudPolicy: {BucketName: !Ref 'AWS::StackName'}\n        - Statement: [{Effect: Allow, Action: 'a:B', Resource: '*'}]\n        - !If [C, {Statement: {Effect: Allow, Action: 'i:I', Resource: '*'}}, !Ref 'AWS::NoValue']\n        - NoSuchPolicy: {}\n",
    );
    let role = role(&inventory, "FRole");
    let actions: Vec<String> = role
        .policies
        .iter()
        .flat_map(|policy| &policy.statements)
        .map(|statement| match &statement.actions {
            Scoped::Only(actions) => actions[0].to_string(),
            Scoped::AllBut(_) => panic!("{statement:?}"),
        })
        .collect();
    assert_eq!(actions, ["sqs:SendMessage", "s3:GetObject", "a:B", "i:I", "o:O"]);
    let Some(Scoped::Only(buckets)) = &role.policies[1].statements[0].resources else { panic!() };
    assert_eq!(buckets[1].to_string(), "arn:aws:s3:::${AWS::StackName}/*");
    let attached: Vec<String> = role.attached_unread.iter().map(ToString::to_string).collect();
    assert_eq!(
        attached,
        [
            "arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole",
            "arn:aws:iam::aws:policy/AWSXrayWriteOnlyAccess",
            "AmazonS3ReadOnlyAccess",
            "NoSuchPolicy",
        ]
    );
    assert!(notes(&inventory)[0].contains("`NoSuchPolicy` is not known"), "{:?}", notes(&inventory));
}

#[test]
fn a_document_that_cannot_be_read_is_kept_as_unread() {
    let inventory = inventory(
        "Resources:\n  Role: {Type: 'AWS::IAM::Role', Properties: {Policies: [{PolicyName: p, PolicyDocument: {Statement: [{Effect: Perhaps}, !Transform {Name: x}]}}]}}\n",
    );
    assert_eq!(role(&inventory, "Role").policies[0].unread.len(), 2);
}

#[test]
fn buckets_tell_whether_they_send_events() {
    let inventory = inventory(
        "Resources:\n  A: {Type: 'AWS::S3::Bucket'}\n  B: {Type: 'AWS::S3::Bucket', Properties: {BucketName: b, NotificationConfiguration: {EventBridgeConfiguration: {EventBridgeEnabled: true}}}}\n  C: {Type: 'AWS::S3::Bucket'}\n  N: {Type: 'Custom::S3BucketNotifications', Properties: {BucketName: !Ref C, NotificationConfiguration: {EventBridgeConfiguration: {}}}}\n  D: {Type: 'AWS::S3::Bucket', Properties: {NotificationConfiguration: {EventBridgeConfiguration: {EventBridgeEnabled: !Ref Unknown}}}}\n",
    );
    let told: Vec<(String, bool)> =
        inventory.bucket_notifications.iter().map(|(name, on)| (name.to_string(), *on)).collect();
    assert_eq!(told, [("b".to_owned(), true), ("${A}".to_owned(), false), ("${C}".to_owned(), true)]);
}

#[test]
fn trails_tell_what_they_select() {
    let trails = |properties: &str| {
        inventory(&format!("Resources:\n  T: {{Type: 'AWS::CloudTrail::Trail', Properties: {properties}}}\n"))
            .trails
    };
    assert!(trails("{IsLogging: true}").unwrap().management_reads);
    assert_eq!(trails("{IsLogging: false}"), None);
    let data = trails(
        "{IsLogging: true, EventSelectors: [{ReadWriteType: WriteOnly, DataResources: [{Type: 'AWS::S3::Object', Values: ['arn:aws:s3']}]}]}",
    )
    .unwrap();
    assert!(!data.management_reads);
    assert_eq!(data.data, ["AWS::S3::Object".into()]);
    let advanced = trails(
        "{IsLogging: true, AdvancedEventSelectors: [{FieldSelectors: [{Field: eventCategory, Equals: [Data]}, {Field: resources.type, Equals: ['AWS::DynamoDB::Table']}]}]}",
    )
    .unwrap();
    assert_eq!(advanced.data, ["AWS::DynamoDB::Table".into()]);
}
