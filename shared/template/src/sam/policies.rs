//! The role that the transform makes of `Policies`.

use super::{Owner, allowing};
use crate::facts;
use crate::nodes::{elements, list, literal, object, string};
use crate::notes::Notes;
use crate::template::Resource;
use loopguard_pattern::json::{Member, Span, Value, ValueKind};

const MANAGED: &str = "arn:${AWS::Partition}:iam::aws:policy/";

/// Returns the role of a function without `Role`.
pub(super) fn function_role(owner: &Owner<'_>, notes: &Notes) -> Resource {
    let properties = &owner.resource.properties;
    let span = owner.resource.span;
    let mut role = RoleParts::default();
    let durable = properties.get("DurableConfig").is_some();
    role.attach(span, if durable { DURABLE } else { "service-role/AWSLambdaBasicExecutionRole" });
    if properties.get("VpcConfig").is_some() {
        role.attach(span, "service-role/AWSLambdaVPCAccessExecutionRole");
    }
    if let Some(tracing) = properties.get("Tracing").filter(|v| literal(v).is_none_or(|t| &*t == "Active")) {
        role.attach(tracing.span, "AWSXrayWriteOnlyAccess");
    }
    for event in properties.get("Events").map(Value::members).unwrap_or_default() {
        polled(event, &mut role);
    }
    destinations(properties, &mut role);
    role.add(owner, notes);
    role.into_resource(owner, "lambda.amazonaws.com")
}

const DURABLE: &str = "service-role/AWSLambdaBasicDurableExecutionRolePolicy";

/// Adds what reading from the event's source needs.
fn polled(event: &Member, role: &mut RoleParts) {
    let span = event.key_span;
    match event.value.get("Type").and_then(literal).as_deref() {
        Some("SQS") => role.attach(span, "service-role/AWSLambdaSQSQueueExecutionRole"),
        Some("Kinesis") => role.attach(span, "service-role/AWSLambdaKinesisExecutionRole"),
        Some("DynamoDB") => role.attach(span, "service-role/AWSLambdaDynamoDBExecutionRole"),
        Some("MSK") => role.attach(span, "service-role/AWSLambdaMSKExecutionRole"),
        Some("MQ") => {
            let actions = ["mq:DescribeBroker", "secretsmanager:GetSecretValue"];
            role.document(span, allowing(span, &actions, string(span, "*")));
        }
        Some("DocumentDB") => {
            let actions = [
                "ec2:CreateNetworkInterface",
                "ec2:DeleteNetworkInterface",
                "ec2:Describe*",
                "rds:Describe*",
                "secretsmanager:GetSecretValue",
            ];
            role.document(span, allowing(span, &actions, string(span, "*")));
        }
        _ => {}
    }
}

/// Returns the role of a state machine without `Role`.
pub(super) fn state_machine_role(owner: &Owner<'_>, notes: &Notes) -> Resource {
    let mut role = RoleParts::default();
    if let Some(tracing) = owner.resource.properties.get("Tracing") {
        role.attach(tracing.span, "AWSXrayWriteOnlyAccess");
    }
    role.add(owner, notes);
    role.into_resource(owner, "states.amazonaws.com")
}

/// Adds what dead-letter queues and destinations need.
fn destinations(properties: &Value, role: &mut RoleParts) {
    let places = [
        properties.get("DeadLetterQueue").map(|queue| (queue, "TargetArn")),
        crate::nodes::at(properties, "EventInvokeConfig.DestinationConfig.OnSuccess")
            .map(|to| (to, "Destination")),
        crate::nodes::at(properties, "EventInvokeConfig.DestinationConfig.OnFailure")
            .map(|to| (to, "Destination")),
    ];
    for (place, member) in places.into_iter().flatten() {
        let action = place.get("Type").and_then(literal).and_then(|kind| match &*kind {
            "SQS" => Some("sqs:SendMessage"),
            "SNS" => Some("sns:Publish"),
            "Lambda" => Some("lambda:InvokeFunction"),
            "EventBridge" => Some("events:PutEvents"),
            _ => None,
        });
        if let (Some(action), Some(resource)) = (action, place.get(member)) {
            role.document(place.span, allowing(place.span, &[action], resource.clone()));
        }
    }
}

/// The property that says who may take a role on.
pub(super) const TRUST: &str = "AssumeRolePolicyDocument";

/// Returns a trust policy that lets the service take the role on.
pub(super) fn trusting(span: Span, service: &str) -> Value {
    let statement = object(
        span,
        [
            ("Effect", string(span, "Allow")),
            ("Principal", object(span, [("Service", string(span, service))])),
            ("Action", string(span, "sts:AssumeRole")),
        ],
    );
    object(span, [("Statement", list(span, vec![statement]))])
}

/// What a role is made of.
#[derive(Debug, Default)]
struct RoleParts {
    inline: Vec<Value>,
    attached: Vec<Value>,
}

impl RoleParts {
    fn attach(&mut self, span: Span, managed: &str) {
        let arn = string(span, &format!("{MANAGED}{managed}"));
        self.attached.push(object(span, [("Fn::Sub", arn)]));
    }

    fn document(&mut self, span: Span, document: Value) {
        let name = format!("Policy{}", self.inline.len());
        self.inline.push(object(span, [("PolicyName", string(span, &name)), ("PolicyDocument", document)]));
    }

    /// Adds what the owner's `Policies` say.
    fn add(&mut self, owner: &Owner<'_>, notes: &Notes) {
        for policy in owner.resource.properties.get("Policies").map(elements).unwrap_or_default() {
            self.policy(policy, notes);
        }
    }

    fn policy(&mut self, policy: &Value, notes: &Notes) {
        match (&policy.kind, policy.members()) {
            // A name without its path, which only IAM's own list tells, or an ARN.
            (ValueKind::String(_), _) => self.attached.push(policy.clone()),
            (_, [only]) if &*only.key == "Fn::If" => {
                // Either side may hold; a statement too many is safe, one too few is not.
                if let [_, yes, no] = elements(&only.value) {
                    for side in [yes, no] {
                        for policy in elements(side) {
                            self.policy(policy, notes);
                        }
                    }
                }
            }
            (_, [only]) if &*only.key == "Ref" => {
                if literal(&only.value).is_none_or(|name| &*name != "AWS::NoValue") {
                    self.attached.push(policy.clone());
                }
            }
            (_, [only]) if only.key.starts_with("Fn::") => self.attached.push(policy.clone()),
            (ValueKind::Object(_), _) if policy.get("Statement").is_some() => {
                self.document(policy.span, policy.clone());
            }
            (_, [only]) => self.template(only, policy, notes),
            _ => notes.tell(policy.span, "this policy is neither a name, a document nor a policy template"),
        }
    }

    /// Adds a SAM policy template (`S3CrudPolicy: {BucketName: ..}`).
    fn template(&mut self, member: &Member, policy: &Value, notes: &Notes) {
        let Some(template) = facts::policy_template(&member.key) else {
            let message = format!("policy template `{}` is not known; it may allow anything", member.key);
            notes.tell(policy.span, message);
            self.attached.push(string(policy.span, &member.key));
            return;
        };
        let statements = template.statements.iter().map(|statement| {
            let resources = statement.resources.iter().map(|form| filled(form, member)).collect();
            let actions = statement.actions.iter().map(|action| string(policy.span, action)).collect();
            let entries = [
                ("Effect", string(policy.span, "Allow")),
                ("Action", list(policy.span, actions)),
                ("Resource", list(policy.span, resources)),
            ];
            object(policy.span, entries)
        });
        let statements = list(policy.span, statements.collect());
        self.document(policy.span, object(policy.span, [("Statement", statements)]));
    }

    /// Returns the role; the owner may say itself who takes it on, else its service does.
    fn into_resource(self, owner: &Owner<'_>, service: &str) -> Resource {
        let span = owner.resource.span;
        let given = owner.resource.properties.get(TRUST).cloned();
        let mut properties = vec![
            (TRUST, given.unwrap_or_else(|| trusting(span, service))),
            ("Policies", list(span, self.inline)),
            ("ManagedPolicyArns", list(span, self.attached)),
        ];
        for name in ["PermissionsBoundary", "RolePath"] {
            if let Some(value) = owner.resource.properties.get(name) {
                properties.push((if name == "RolePath" { "Path" } else { name }, value.clone()));
            }
        }
        owner.makes("Role", "AWS::IAM::Role", span, object(span, properties))
    }
}

/// Returns a resource of a policy template: its form with the template's parameters as variables.
fn filled(form: &str, member: &Member) -> Value {
    let span = member.key_span;
    object(span, [("Fn::Sub", list(member.value.span, vec![string(span, form), member.value.clone()]))])
}
