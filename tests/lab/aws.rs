//! The calls that tests make: the account's owner sets up what the guard shall find.
//!
//! Requests are unsigned but name the account as their access key, which the lab takes for the root user.
//! What runs in the lab (the guard) signs its requests, and the lab checks them.

mod functions;

use super::http::{self, Answer};
use super::{ACCOUNT, REGION};
use serde_json::{Value, json};
use std::time::Duration;

/// A client of the local AWS that acts as the root user.
#[derive(Debug, Clone)]
pub(crate) struct Aws {
    port: u16,
}

/// Temporary credentials of a role.
#[derive(Debug, Clone)]
pub(crate) struct Credentials {
    pub(crate) access_key: String,
    pub(crate) secret: String,
    pub(crate) token: String,
}

impl Aws {
    pub(crate) fn new(port: u16) -> Self {
        Self { port }
    }

    /// Calls an operation of EventBridge.
    pub(crate) fn events(&self, operation: &str, input: &Value) -> Value {
        self.json("events", "AWSEvents", operation, input)
    }

    /// Calls an operation of Step Functions.
    pub(crate) fn states(&self, operation: &str, input: &Value) -> Value {
        self.json("states", "AWSStepFunctions", operation, input)
    }

    /// Calls an operation of ECS.
    pub(crate) fn ecs(&self, operation: &str, input: &Value) -> Value {
        self.json("ecs", "AmazonEC2ContainerServiceV20141113", operation, input)
    }

    /// Calls an operation of CloudTrail.
    pub(crate) fn cloudtrail(&self, operation: &str, input: &Value) -> Value {
        let prefix = "com.amazonaws.cloudtrail.v20131101.CloudTrail_20131101";
        self.json("cloudtrail", prefix, operation, input)
    }

    /// Calls an operation of SQS.
    pub(crate) fn sqs(&self, operation: &str, input: &Value) -> Value {
        self.json("sqs", "AmazonSQS", operation, input)
    }

    /// Calls an operation of DynamoDB.
    pub(crate) fn dynamodb(&self, operation: &str, input: &Value) -> Value {
        self.json("dynamodb", "DynamoDB_20120810", operation, input)
    }

    /// Makes a table as the template does, for the guard's ledger.
    pub(crate) fn ledger(&self, name: &str) {
        let keys = [("pk", "HASH"), ("sk", "RANGE")];
        let schema = keys.map(|(name, kind)| json!({"AttributeName": name, "KeyType": kind}));
        let attributes = keys.map(|(name, _)| json!({"AttributeName": name, "AttributeType": "S"}));
        let input = json!({
            "TableName": name, "BillingMode": "PAY_PER_REQUEST",
            "KeySchema": schema, "AttributeDefinitions": attributes,
        });
        self.dynamodb("CreateTable", &input);
    }

    /// Returns the items of a kind in the ledger, by key.
    pub(crate) fn ledger_items(&self, table: &str, kind: &str) -> Vec<Value> {
        let input = json!({
            "TableName": table, "ConsistentRead": true, "KeyConditionExpression": "pk = :pk",
            "ExpressionAttributeValues": {":pk": {"S": kind}},
        });
        self.dynamodb("Query", &input)["Items"].as_array().cloned().unwrap_or_default()
    }

    /// Makes a queue whose received messages come back after `visibility` seconds, and to which rules and
    /// topics may send.
    pub(crate) fn queue(&self, name: &str, visibility: u32) -> Queue {
        let arn = format!("arn:aws:sqs:{REGION}:{ACCOUNT}:{name}");
        let policy = json!({
            "Version": "2012-10-17",
            "Statement": [{
                "Effect": "Allow",
                "Principal": {"Service": ["events.amazonaws.com", "sns.amazonaws.com"]},
                "Action": "sqs:SendMessage",
                "Resource": arn,
            }],
        });
        let attributes = json!({"VisibilityTimeout": visibility.to_string(), "Policy": policy.to_string()});
        let made = self.sqs("CreateQueue", &json!({"QueueName": name, "Attributes": attributes}));
        Queue { url: text(&made["QueueUrl"]), arn }
    }

    /// Sends a message.
    pub(crate) fn send_message(&self, queue: &Queue, body: &str) {
        self.sqs("SendMessage", &json!({"QueueUrl": queue.url, "MessageBody": body}));
    }

    /// Returns how many messages of a queue are held back.
    pub(crate) fn delayed(&self, queue: &Queue) -> usize {
        self.messages(queue, "ApproximateNumberOfMessagesDelayed")
    }

    /// Returns how many messages of a queue may be received now.
    pub(crate) fn visible(&self, queue: &Queue) -> usize {
        self.messages(queue, "ApproximateNumberOfMessages")
    }

    fn messages(&self, queue: &Queue, attribute: &str) -> usize {
        let asked =
            self.sqs("GetQueueAttributes", &json!({"QueueUrl": queue.url, "AttributeNames": [attribute]}));
        text(&asked["Attributes"][attribute]).parse().unwrap()
    }

    /// Receives at most ten messages that are visible now.
    pub(crate) fn receive(&self, queue: &Queue) -> Vec<Value> {
        self.receive_at_most(queue, 10)
    }

    /// Receives the first message that is visible now.
    pub(crate) fn receive_one(&self, queue: &Queue) -> Option<Value> {
        self.receive_at_most(queue, 1).pop()
    }

    fn receive_at_most(&self, queue: &Queue, most: u32) -> Vec<Value> {
        let input = json!({
            "QueueUrl": queue.url,
            "MaxNumberOfMessages": most,
            "AttributeNames": ["All"],
            "MessageAttributeNames": ["All"],
        });
        self.sqs("ReceiveMessage", &input)["Messages"].as_array().cloned().unwrap_or_default()
    }

    /// Deletes a received message.
    pub(crate) fn delete(&self, queue: &Queue, message: &Value) {
        let input = json!({"QueueUrl": queue.url, "ReceiptHandle": message["ReceiptHandle"]});
        self.sqs("DeleteMessage", &input);
    }

    /// Makes an enabled rule on the default bus with these targets, and returns its ARN.
    pub(crate) fn rule(&self, name: &str, pattern: &Value, targets: &[Value]) -> String {
        let input = json!({"Name": name, "EventPattern": pattern.to_string(), "State": "ENABLED"});
        let made = self.events("PutRule", &input);
        self.events("PutTargets", &json!({"Rule": name, "Targets": targets}));
        text(&made["RuleArn"])
    }

    /// Makes a rule of the default bus one that a service manages.
    pub(crate) fn manage(&self, name: &str, service: &str) {
        let rule = self.events("DescribeRule", &json!({"Name": name}));
        let (pattern, state) = (&rule["EventPattern"], &rule["State"]);
        let input = json!({"Name": name, "EventPattern": pattern, "State": state, "ManagedBy": service});
        self.events("PutRule", &input);
    }

    /// Returns the state of a rule on the default bus, such as `ENABLED`.
    pub(crate) fn rule_state(&self, name: &str) -> String {
        text(&self.events("DescribeRule", &json!({"Name": name}))["State"])
    }

    /// Puts a custom event on the default bus.
    pub(crate) fn put_event(&self, source: &str, detail_type: &str, detail: &Value) {
        let entry = json!({"Source": source, "DetailType": detail_type, "Detail": detail.to_string()});
        let put = self.events("PutEvents", &json!({"Entries": [entry]}));
        assert_eq!(put["FailedEntryCount"], 0, "{put}");
    }

    /// Makes a role that a principal may assume, with one inline policy, and returns its ARN.
    ///
    /// `principal` is the value of the trust policy's `Principal`.
    pub(crate) fn role(&self, name: &str, principal: &Value, statements: &Value) -> String {
        let trust = json!({
            "Version": "2012-10-17",
            "Statement": [{"Effect": "Allow", "Principal": principal, "Action": "sts:AssumeRole"}],
        });
        let made = self.query(
            "iam",
            &[("Action", "CreateRole"), ("RoleName", name), ("AssumeRolePolicyDocument", &trust.to_string())],
        );
        self.allow(name, statements);
        element(&made, "Arn")
    }

    /// Puts statements in place of those of the role's inline policy.
    pub(crate) fn allow(&self, role: &str, statements: &Value) {
        let policy = json!({"Version": "2012-10-17", "Statement": statements});
        self.query(
            "iam",
            &[
                ("Action", "PutRolePolicy"),
                ("RoleName", role),
                ("PolicyName", "inline"),
                ("PolicyDocument", &policy.to_string()),
            ],
        );
    }

    /// Returns credentials of a session of a role.
    pub(crate) fn assume_role(&self, role_arn: &str, session: &str) -> Credentials {
        let answer = self
            .query("sts", &[("Action", "AssumeRole"), ("RoleArn", role_arn), ("RoleSessionName", session)]);
        Credentials {
            access_key: element(&answer, "AccessKeyId"),
            secret: element(&answer, "SecretAccessKey"),
            token: element(&answer, "SessionToken"),
        }
    }

    /// Deploys a template as a stack, and waits until all of it is there.
    pub(crate) fn deploy(&self, stack: &str, template: &str) {
        let parameters = [
            ("Action", "CreateStack"),
            ("StackName", stack),
            ("TemplateBody", template),
            ("Capabilities.member.1", "CAPABILITY_NAMED_IAM"),
        ];
        self.query("cloudformation", &parameters);
        let state = || {
            let told = self.query("cloudformation", &[("Action", "DescribeStacks"), ("StackName", stack)]);
            Some(element(&told, "StackStatus")).filter(|state| !state.ends_with("_IN_PROGRESS"))
        };
        let state = super::wait_for(Duration::from_secs(30), state);
        assert_eq!(state.as_deref(), Some("CREATE_COMPLETE"), "stack `{stack}`");
    }

    /// Makes a trail that logs every management event.
    ///
    /// The lab delivers calls to rules with or without one; on AWS, and to the analysis, one must log.
    pub(crate) fn trail(&self, name: &str) {
        let bucket = format!("{name}-bucket");
        let input = json!({"Name": name, "S3BucketName": bucket, "IsMultiRegionTrail": true});
        self.cloudtrail("CreateTrail", &input);
        self.cloudtrail("StartLogging", &json!({"Name": name}));
    }

    /// Makes a topic and returns its ARN.
    pub(crate) fn topic(&self, name: &str) -> String {
        element(&self.query("sns", &[("Action", "CreateTopic"), ("Name", name)]), "TopicArn")
    }

    /// Sends everything published to a topic to a queue as well.
    pub(crate) fn subscribe(&self, topic_arn: &str, queue: &Queue) {
        let parameters = [
            ("Action", "Subscribe"),
            ("TopicArn", topic_arn),
            ("Protocol", "sqs"),
            ("Endpoint", queue.arn.as_str()),
        ];
        self.query("sns", &parameters);
    }

    /// Makes a state machine that passes its input on and is done, and returns its ARN.
    pub(crate) fn state_machine(&self, name: &str, role_arn: &str) -> String {
        let definition = json!({"StartAt": "Done", "States": {"Done": {"Type": "Pass", "End": true}}});
        let input = json!({"name": name, "definition": definition.to_string(), "roleArn": role_arn});
        text(&self.states("CreateStateMachine", &input)["stateMachineArn"])
    }

    /// Starts a state machine.
    pub(crate) fn start(&self, state_machine: &str) {
        self.states("StartExecution", &json!({"stateMachineArn": state_machine, "input": "{}"}));
    }

    /// Returns the sum of a metric of EventBridge for a rule since it is there.
    pub(crate) fn measured(&self, metric: &str, rule: &str) -> f64 {
        let answer = self.query(
            "monitoring",
            &[
                ("Action", "GetMetricStatistics"),
                ("Namespace", "AWS/Events"),
                ("MetricName", metric),
                ("Dimensions.member.1.Name", "RuleName"),
                ("Dimensions.member.1.Value", rule),
                ("StartTime", "2000-01-01T00:00:00Z"),
                ("EndTime", "2100-01-01T00:00:00Z"),
                ("Period", "3600"),
                ("Statistics.member.1", "Sum"),
            ],
        );
        answer.split("<Sum>").skip(1).filter_map(|rest| rest.split('<').next()?.parse::<f64>().ok()).sum()
    }

    /// Writes into CloudWatch that so many were counted so many minutes ago, of a rule or (without a name) of the account.
    pub(crate) fn measure(&self, metric: &str, rule: Option<&str>, minutes_ago: u64, count: u64) {
        self.measure_of(("AWS/Events", metric), rule.map(|rule| ("RuleName", rule)), minutes_ago, count);
    }

    /// The same of a metric of a namespace, by a dimension with its value.
    pub(crate) fn measure_of(
        &self,
        (namespace, metric): (&str, &str),
        of: Option<(&str, &str)>,
        minutes_ago: u64,
        count: u64,
    ) {
        let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_secs();
        let (at, count) = ((now - 60 * minutes_ago).to_string(), count.to_string());
        let mut parameters = vec![
            ("Action", "PutMetricData"),
            ("Namespace", namespace),
            ("MetricData.member.1.MetricName", metric),
            ("MetricData.member.1.Timestamp", &at),
            ("MetricData.member.1.Value", &count),
        ];
        if let Some((dimension, value)) = of {
            parameters.push(("MetricData.member.1.Dimensions.member.1.Name", dimension));
            parameters.push(("MetricData.member.1.Dimensions.member.1.Value", value));
        }
        self.query("monitoring", &parameters);
    }

    /// Calls an operation of AWS Budgets.
    pub(crate) fn budgets(&self, operation: &str, input: &Value) -> Value {
        self.json("budgets", "AWSBudgetServiceGateway", operation, input)
    }

    /// Makes a bucket of which accounts may still be granted access by lists.
    pub(crate) fn bucket(&self, name: &str) {
        let fields = [("x-amz-object-ownership", "ObjectWriter")];
        let answer = self.send("s3", "PUT", &format!("/{name}"), &fields, "");
        assert_eq!(answer.status, 200, "{}", answer.body);
    }

    /// Makes a bucket that keeps every version of its objects.
    pub(crate) fn versioned_bucket(&self, name: &str) {
        self.bucket(name);
        let enabled = "<VersioningConfiguration xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">\
            <Status>Enabled</Status></VersioningConfiguration>";
        let answer = self.send("s3", "PUT", &format!("/{name}?versioning"), &[], enabled);
        assert_eq!(answer.status, 200, "{}", answer.body);
    }

    /// Returns the versions of an object, the newest first.
    pub(crate) fn versions(&self, bucket: &str, key: &str) -> Vec<String> {
        let answer = self.send("s3", "GET", &format!("/{bucket}?versions&prefix={key}"), &[], "");
        assert_eq!(answer.status, 200, "{}", answer.body);
        let versions = answer.body.split("<Version>").skip(1);
        versions.map(|version| element(version, "VersionId")).collect()
    }

    /// Returns a version of an object.
    pub(crate) fn object(&self, bucket: &str, key: &str, version: &str) -> String {
        let answer = self.send("s3", "GET", &format!("/{bucket}/{key}?versionId={version}"), &[], "");
        assert_eq!(answer.status, 200, "{}", answer.body);
        answer.body
    }

    /// Sets the access list of a bucket to one of the canned ones, such as `private`.
    pub(crate) fn put_bucket_acl(&self, name: &str, acl: &str) {
        let answer = self.send("s3", "PUT", &format!("/{name}?acl"), &[("x-amz-acl", acl)], "");
        assert_eq!(answer.status, 200, "{}", answer.body);
    }

    fn json(&self, service: &str, prefix: &str, operation: &str, input: &Value) -> Value {
        let target = format!("{prefix}.{operation}");
        let fields = [("x-amz-target", target.as_str()), ("content-type", "application/x-amz-json-1.1")];
        let answer = self.send(service, "POST", "/", &fields, &input.to_string());
        assert_eq!(answer.status, 200, "{operation} {input}: {}", answer.body);
        // An operation without output may answer with nothing at all.
        serde_json::from_str(&answer.body).unwrap_or(Value::Null)
    }

    fn query(&self, service: &str, parameters: &[(&str, &str)]) -> String {
        let body: Vec<String> =
            parameters.iter().map(|(name, value)| format!("{name}={}", percent_encoded(value))).collect();
        let fields = [("content-type", "application/x-www-form-urlencoded")];
        let answer = self.send(service, "POST", "/", &fields, &body.join("&"));
        assert_eq!(answer.status, 200, "{parameters:?}: {}", answer.body);
        answer.body
    }

    fn send(&self, service: &str, method: &str, path: &str, fields: &[(&str, &str)], body: &str) -> Answer {
        let authorization = format!(
            "AWS4-HMAC-SHA256 Credential={ACCOUNT}/20260101/{REGION}/{service}/aws4_request, \
             SignedHeaders=host, Signature=unsigned"
        );
        let mut fields = fields.to_vec();
        fields.push(("authorization", &authorization));
        http::send(self.port, method, path, &fields, body).unwrap()
    }
}

/// A queue by both of its names.
#[derive(Debug, Clone)]
pub(crate) struct Queue {
    pub(crate) url: String,
    pub(crate) arn: String,
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_else(|| panic!("a string was expected, not `{value}`")).to_owned()
}

/// Returns the text of the first element of that name in an answer.
fn element(xml: &str, name: &str) -> String {
    let found = xml.split_once(&format!("<{name}>")).and_then(|(_, rest)| rest.split_once("</"));
    found.unwrap_or_else(|| panic!("no `{name}` in {xml}")).0.to_owned()
}

fn percent_encoded(value: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.~".contains(&byte);
    value
        .bytes()
        .map(|byte| if plain(byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") })
        .collect()
}
