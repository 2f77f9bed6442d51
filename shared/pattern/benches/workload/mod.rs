//! Rules and CloudTrail events of the kind that accounts have, from a seed.

use serde_json::{Value, json};

/// A small generator of numbers (xorshift64*), so that every run sees the same workload.
pub struct Rng(u64);

impl Rng {
    pub fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1)
    }

    pub fn next(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_F491_4F6C_DD1D)
    }

    pub fn below(&mut self, bound: usize) -> usize {
        (self.next() >> 11) as usize % bound
    }

    pub fn pick<'a, T: ?Sized>(&mut self, items: &[&'a T]) -> &'a T {
        items[self.below(items.len())]
    }

    fn share(&mut self) -> f64 {
        (self.next() >> 11) as f64 / (1_u64 << 53) as f64
    }
}

const SERVICES: &[(&str, &[&str])] = &[
    (
        "s3",
        &[
            "PutBucketAcl",
            "PutObjectAcl",
            "DeleteBucket",
            "PutBucketPolicy",
            "CreateBucket",
            "PutBucketVersioning",
        ],
    ),
    (
        "ec2",
        &[
            "RunInstances",
            "TerminateInstances",
            "AuthorizeSecurityGroupIngress",
            "RevokeSecurityGroupIngress",
            "CreateTags",
            "StartInstances",
            "StopInstances",
            "CreateVolume",
        ],
    ),
    (
        "iam",
        &[
            "CreateRole",
            "AttachRolePolicy",
            "PutRolePolicy",
            "DeleteRole",
            "CreateUser",
            "CreateAccessKey",
            "TagRole",
        ],
    ),
    (
        "lambda",
        &[
            "CreateFunction20150331",
            "UpdateFunctionCode20150331v2",
            "UpdateFunctionConfiguration20150331v2",
            "AddPermission20150331v2",
        ],
    ),
    ("events", &["PutRule", "PutTargets", "EnableRule", "DisableRule", "DeleteRule", "RemoveTargets"]),
    ("sns", &["CreateTopic", "Subscribe", "SetTopicAttributes"]),
    ("sqs", &["CreateQueue", "SetQueueAttributes", "PurgeQueue"]),
    ("dynamodb", &["CreateTable", "UpdateTable", "DeleteTable", "TagResource"]),
    ("kms", &["CreateKey", "ScheduleKeyDeletion", "PutKeyPolicy", "CreateGrant"]),
    ("rds", &["CreateDBInstance", "ModifyDBInstance", "DeleteDBInstance", "AddTagsToResource"]),
    ("ecs", &["UpdateService", "RegisterTaskDefinition", "RunTask"]),
    ("cloudformation", &["CreateStack", "UpdateStack", "DeleteStack", "ExecuteChangeSet"]),
    ("ssm", &["PutParameter", "SendCommand", "StartAutomationExecution"]),
    ("logs", &["CreateLogGroup", "PutRetentionPolicy", "PutSubscriptionFilter"]),
    ("secretsmanager", &["PutSecretValue", "RotateSecret"]),
    ("eks", &["CreateCluster", "UpdateNodegroupConfig"]),
];
const REGIONS: &[&str] = &["us-east-1", "us-west-2", "eu-west-1", "eu-central-1", "ap-southeast-2"];
const TEAMS: &[&str] = &["payments", "search", "orders", "ml", "infra", "web", "data", "audit"];

/// Returns the patterns of `count` rules; the first of a longer list are those of a shorter one.
pub fn rules(count: usize) -> Vec<String> {
    let mut rng = Rng::new(7);
    (0..count).map(|index| rule(&mut rng, index).to_string()).collect()
}

fn rule(rng: &mut Rng, index: usize) -> Value {
    let (service, calls) = SERVICES[rng.below(SERVICES.len())];
    let team = rng.pick(TEAMS);
    let names: Vec<&str> = (0..=rng.below(4)).map(|_| rng.pick(calls)).collect();
    let source = format!("aws.{service}");
    let mut top = json!({"source": [source], "detail-type": ["AWS API Call via CloudTrail"]});
    let mut detail = json!({"eventSource": [format!("{service}.amazonaws.com")], "eventName": names});
    match rng.share() {
        x if x < 0.10 => detail["errorCode"] = json!([{"exists": false}]),
        x if x < 0.20 => {
            let arn = format!("arn:aws:sts::*:assumed-role/{team}-{index}/*");
            detail["userIdentity"] = json!({"arn": [{"anything-but": {"wildcard": arn}}]});
        }
        x if x < 0.30 => {
            let role = format!("{team}-role-{index}");
            detail["userIdentity"] =
                json!({"sessionContext": {"sessionIssuer": {"userName": [{"anything-but": [role]}]}}});
        }
        x if x < 0.40 => {
            let member = if service == "s3" { "bucketName" } else { "name" };
            detail["requestParameters"] = json!({member: [{"prefix": format!("{team}-{}", index % 500)}]});
        }
        x if x < 0.46 => {
            let role = format!("{team}-*-{}", index % 200);
            detail["requestParameters"] = json!({"roleName": [{"wildcard": role}]});
        }
        x if x < 0.52 => {
            let verb = rng.pick(&["Put", "Create", "Delete", "Update", "Modify"]);
            detail["eventName"] = json!([{"prefix": verb}]);
        }
        x if x < 0.56 => detail["sourceIPAddress"] = json!([{"cidr": format!("10.{}.0.0/16", index % 256)}]),
        x if x < 0.60 => {
            detail["readOnly"] = json!([false]);
            top["region"] = json!([rng.pick(REGIONS)]);
        }
        x if x < 0.64 => {
            return json!({"source": [source], "detail-type": [{"anything-but": ["AWS API Call via CloudTrail"]}],
                "detail": {"state": [format!("x{index}")]}});
        }
        x if x < 0.70 => {
            return json!({"source": [format!("com.{team}.app{index}")], "detail-type": ["Order Placed", "Order Shipped"],
                "detail": {"amount": [{"numeric": [">=", index % 1000]}]}});
        }
        x if x < 0.75 => top["account"] = json!([account(index)]),
        x if x < 0.78 => {
            detail = json!({"$or": [{"eventName": detail["eventName"]}, {"errorCode": ["AccessDenied"]}],
                "eventSource": detail["eventSource"]});
        }
        _ => {}
    }
    top["detail"] = detail;
    top
}

fn account(index: usize) -> String {
    format!("{}", 111_111_111_111_u64 + (index % 40) as u64)
}

/// Returns `count` CloudTrail events of one to three kilobytes.
pub fn events(count: usize) -> Vec<String> {
    let mut rng = Rng::new(11);
    (0..count).map(|index| event(&mut rng, index).to_string()).collect()
}

fn event(rng: &mut Rng, index: usize) -> Value {
    let (service, calls) = SERVICES[rng.below(SERVICES.len())];
    let (team, region) = (rng.pick(TEAMS), rng.pick(REGIONS));
    let account = account(rng.below(40));
    let role = format!("{team}-role-{}", rng.below(3_000));
    let arn = format!("arn:aws:sts::{account}:assumed-role/{role}/session-{index}");
    let mut parameters = json!({
        "bucketName": format!("{team}-{}-bucket", rng.below(500)), "Host": format!("{team}.s3.amazonaws.com"), "acl": "",
        "roleName": format!("{team}-x-{}", rng.below(200)), "name": format!("{team}-{}-thing", rng.below(500)),
        "tagSet": {"items": [{"key": "Team", "value": team}, {"key": "Env", "value": rng.pick(&["prod", "dev"])}]},
        "policyDocument": "{\"Version\":\"2012-10-17\",\"Statement\":[{\"Effect\":\"Allow\",\"Action\":\"s3:*\",\"Resource\":\"*\"}]}"
    });
    if rng.share() < 0.3 {
        let ports: Vec<Value> = (0..=rng.below(6))
            .map(|_| json!({"ipProtocol": "tcp", "fromPort": 22, "toPort": 22, "ipRanges": {"items": [{"cidrIp": "0.0.0.0/0"}]}}))
            .collect();
        parameters["ipPermissions"] = json!({"items": ports});
    }
    let mut detail = json!({
        "eventVersion": "1.09",
        "userIdentity": {"type": "AssumedRole", "principalId": format!("AROA{index:016}:session-{index}"), "arn": arn,
            "accountId": account, "accessKeyId": format!("ASIAEXAMPLE{index:06}"),
            "sessionContext": {"sessionIssuer": {"type": "Role", "principalId": format!("AROA{index:016}"),
                "arn": format!("arn:aws:iam::{account}:role/{role}"), "accountId": account, "userName": role},
                "webIdFederationData": {}, "attributes": {"creationDate": "2026-03-01T00:00:00Z", "mfaAuthenticated": "false"}},
            "invokedBy": rng.pick(&["AWS Internal", "lambda.amazonaws.com"])},
        "eventTime": format!("2026-03-01T12:{:02}:{:02}Z", index % 60, index * 7 % 60),
        "eventSource": format!("{service}.amazonaws.com"), "eventName": rng.pick(calls), "awsRegion": region,
        "sourceIPAddress": if rng.share() < 0.7 { format!("10.{}.3.4", rng.below(256)) } else { "lambda.amazonaws.com".to_owned() },
        "userAgent": "Boto3/1.34.0 md/Botocore#1.34.0 ua/2.0 os/linux#5.10 lang/python#3.11 exec-env/AWS_Lambda_python3.11",
        "requestParameters": parameters,
        "responseElements": {"x-amz-request-id": format!("R{index:012}"), "functionArn": format!("arn:aws:lambda:{region}:{account}:function:{team}")},
        "additionalEventData": {"SignatureVersion": "SigV4", "CipherSuite": "ECDHE-RSA-AES128-GCM-SHA256",
            "bytesTransferredIn": rng.below(5_000), "AuthenticationMethod": "AuthHeader", "bytesTransferredOut": 0},
        "requestID": format!("{:032x}", rng.next()), "eventID": format!("{:032x}", rng.next()), "readOnly": false,
        "resources": [{"accountId": account, "type": "AWS::S3::Bucket", "ARN": format!("arn:aws:s3:::{team}-{index}")}],
        "eventType": "AwsApiCall", "managementEvent": true, "recipientAccountId": account, "eventCategory": "Management",
        "tlsDetails": {"tlsVersion": "TLSv1.3", "cipherSuite": "TLS_AES_128_GCM_SHA256",
            "clientProvidedHostHeader": format!("{service}.{region}.amazonaws.com")}
    });
    if rng.share() < 0.15 {
        detail["errorCode"] = json!("AccessDenied");
        detail["errorMessage"] = json!(format!("User: {arn} is not authorized"));
    }
    json!({"version": "0", "id": format!("{:032x}", rng.next()), "detail-type": "AWS API Call via CloudTrail",
        "source": format!("aws.{service}"), "account": account, "time": "2026-03-01T12:00:00Z", "region": region,
        "resources": [], "detail": detail})
}
