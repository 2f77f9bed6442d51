use super::{TABLE, read, same_letters};
use crate::catalogue::Catalogue;

#[test]
fn operations_are_found_as_each_sdk_spells_them() {
    let catalogue = Catalogue::load().unwrap();
    for (service, operation, call) in [
        ("s3", "put_object", "s3:PutObject"),
        ("s3", "putObject", "s3:PutObject"),
        ("S3", "PutObject", "s3:PutObject"),
        ("s3", "list_objects_v2", "s3:ListObjectsV2"),
        ("events", "put_events", "events:PutEvents"),
        ("eventbridge", "putEvents", "events:PutEvents"),
        ("EventBridge", "PutEvents", "events:PutEvents"),
        ("CloudWatchEvents", "putRule", "events:PutRule"),
        ("sfn", "StartExecution", "states:StartExecution"),
        ("stepfunctions", "start_execution", "states:StartExecution"),
        ("StepFunctions", "startExecution", "states:StartExecution"),
        ("states", "startExecution", "states:StartExecution"),
        ("cloudwatch-logs", "PutRetentionPolicy", "logs:PutRetentionPolicy"),
        ("logs", "put_retention_policy", "logs:PutRetentionPolicy"),
        ("cloudwatch", "put_metric_alarm", "cloudwatch:PutMetricAlarm"),
        ("elbv2", "create_target_group", "elasticloadbalancing:CreateTargetGroup"),
        ("elastic-load-balancing-v2", "CreateTargetGroup", "elasticloadbalancing:CreateTargetGroup"),
        ("rds", "stop_db_instance", "rds:StopDBInstance"),
        ("dynamodb", "UpdateItem", "dynamodb:UpdateItem"),
        ("sesv2", "send_email", "ses:SendEmail"),
        ("cognitoidentityprovider", "adminDeleteUser", "cognito-idp:AdminDeleteUser"),
        ("config", "put_config_rule", "config:PutConfigRule"),
        ("iam", "put_user_policy", "iam:PutUserPolicy"),
    ] {
        let found = catalogue.spelled(service, operation).map(|operation| operation.call.to_string());
        assert_eq!(found.as_deref(), Some(call), "{service} {operation}");
    }
    assert!(catalogue.spelled("s3", "put_everything").is_none());
    assert!(catalogue.spelled("", "").is_none());
}

#[test]
fn every_operation_is_found_by_its_own_names() {
    let catalogue = Catalogue::load().unwrap();
    for service in catalogue.services() {
        for operation in service.operations() {
            let found = catalogue.spelled(&service.id, &operation.name);
            assert!(
                found.is_some_and(|found| found.call == operation.call),
                "{}:{}",
                service.id,
                operation.name
            );
        }
    }
}

#[test]
fn rows_name_services_and_sources() {
    let catalogue = Catalogue::load().unwrap();
    assert_eq!(read().unwrap().len(), TABLE.len());
    for row in TABLE.iter() {
        assert!(catalogue.services().iter().any(|service| service.id == row.id), "{}", row.id);
        assert!(!row.also.is_empty(), "{}", row.id);
    }
    assert!(same_letters("put_Object", "PUTobject") && !same_letters("a", "ab"));
}
