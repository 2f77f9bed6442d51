//! SAM resources written out as the plain CloudFormation resources that the transform makes of them.
//!
//! Only what the inventory looks at is written out: functions, state machines, their roles and the rules of
//! their events. Each made node stands where the node stands that it was made from. Logical ids are those of
//! the transform, because templates refer to them.

mod apis;
mod connectors;
mod events;
mod globals;
mod policies;
mod sources;

use crate::nodes::{attribute, list, literal, object, reference, string};
use crate::notes::Notes;
use crate::template::Resource;
use loopguard_pattern::json::{Member, Span, Value, ValueKind};

/// Returns the resources with SAM's written out.
pub(crate) fn written_out(resources: Vec<Resource>, globals: &Value, notes: &Notes) -> Vec<Resource> {
    let connected = connectors::policies(&resources, notes);
    let mut all = Vec::with_capacity(resources.len() + connected.len());
    let mut notifications = Vec::new();
    for resource in resources {
        match &*resource.class {
            "AWS::Serverless::Function" => {
                notifications.extend(function(resource, globals, notes, &mut all));
            }
            "AWS::Serverless::StateMachine" => state_machine(resource, globals, notes, &mut all),
            "AWS::Serverless::Api" | "AWS::Serverless::HttpApi" => all.push(apis::plain(resource)),
            "AWS::Serverless::GraphQLApi" => all.extend(apis::graphql(resource)),
            class => {
                let class =
                    PLAIN.iter().find(|(sam, _)| *sam == class).map_or(class, |(_, plain)| plain).into();
                all.push(Resource { class, ..resource });
            }
        }
    }
    all.extend(connected);
    sources::notify(&mut all, notifications);
    let implicit = apis::implicit(&all);
    all.extend(implicit);
    all
}

/// SAM types that become one resource of a plain type under the same logical id.
const PLAIN: &[(&str, &str)] = &[("AWS::Serverless::SimpleTable", "AWS::DynamoDB::Table")];

/// Adds what the function becomes, and returns what its S3 events write to buckets.
fn function(
    resource: Resource,
    globals: &Value,
    notes: &Notes,
    all: &mut Vec<Resource>,
) -> Vec<sources::Notification> {
    let properties = globals::merged(globals.get("Function"), &resource.properties);
    let resource = Resource { properties, ..resource };
    let owner = Owner::new(&resource, attribute(resource.span, &resource.id, "Arn"));
    let mut made = Vec::new();
    if resource.properties.get("Role").is_none() {
        made.push(policies::function_role(&owner, notes));
    }
    if let Some(alias) = resource.properties.get("AutoPublishAlias") {
        made.extend(published(&resource, alias));
    }
    let notifications = events::write_out(&owner, notes, &mut made);
    made.extend(sources::invoke_config(&resource));
    let properties = renamed(&with_role(&resource, "Role"), "DeadLetterQueue", "DeadLetterConfig");
    all.push(Resource { class: "AWS::Lambda::Function".into(), properties, ..resource });
    all.extend(made);
    notifications
}

fn state_machine(resource: Resource, globals: &Value, notes: &Notes, all: &mut Vec<Resource>) {
    let properties = globals::merged(globals.get("StateMachine"), &resource.properties);
    let resource = Resource { properties, ..resource };
    let owner = Owner::new(&resource, reference(resource.span, &resource.id));
    let mut made = Vec::new();
    if resource.properties.get("Role").is_none() {
        made.push(policies::state_machine_role(&owner, notes));
    }
    events::write_out(&owner, notes, &mut made);
    let named = renamed(&with_role(&resource, "RoleArn"), "Name", "StateMachineName");
    let properties = renamed(&named, "Type", "StateMachineType");
    all.push(Resource { class: "AWS::StepFunctions::StateMachine".into(), properties, ..resource });
    all.extend(made);
}

/// A SAM resource that owns events and perhaps a role.
#[derive(Debug)]
struct Owner<'a> {
    resource: &'a Resource,
    /// Its ARN as a raw tree.
    arn: Value,
}

impl<'a> Owner<'a> {
    fn new(resource: &'a Resource, arn: Value) -> Self {
        Self { resource, arn }
    }

    /// Returns a resource that the transform makes for this one.
    fn makes(&self, suffix: &str, class: &str, span: Span, properties: Value) -> Resource {
        Resource {
            id: format!("{}{suffix}", self.resource.id).into(),
            class: class.into(),
            properties,
            path: self.resource.path.clone(),
            span,
            condition: self.resource.condition.clone(),
            connectors: object(span, []),
            asset: None,
        }
    }
}

/// Returns the alias and the version that `AutoPublishAlias` makes, under the names that templates refer to.
fn published(function: &Resource, alias: &Value) -> [Resource; 2] {
    let span = alias.span;
    let made = |suffix: &str, class: &str, properties: Value| Resource {
        id: format!("{}.{suffix}", function.id).into(),
        class: class.into(),
        properties,
        path: function.path.clone(),
        span,
        condition: function.condition.clone(),
        connectors: object(span, []),
        asset: None,
    };
    let owner = ("FunctionName", reference(span, &function.id));
    [
        made("Alias", "AWS::Lambda::Alias", object(span, [owner.clone(), ("Name", alias.clone())])),
        made("Version", "AWS::Lambda::Version", object(span, [owner])),
    ]
}

/// Returns the properties with SAM's `Role`, or the role the transform makes, under the plain property's name.
fn with_role(resource: &Resource, property: &str) -> Value {
    let role = match resource.properties.get("Role") {
        Some(role) => role.clone(),
        None => attribute(resource.span, &format!("{}Role", resource.id), "Arn"),
    };
    let mut kept: Vec<Member> =
        resource.properties.members().iter().filter(|member| &*member.key != "Role").cloned().collect();
    kept.push(Member { key: property.into(), key_span: role.span, value: role });
    Value { kind: ValueKind::Object(kept), span: resource.properties.span }
}

fn renamed(properties: &Value, from: &str, to: &str) -> Value {
    let span = properties.span;
    let renamed = properties.members().iter().cloned().map(|mut member| {
        if &*member.key == from {
            member.key = to.into();
        }
        member
    });
    Value { kind: ValueKind::Object(renamed.collect()), span }
}

/// Returns a policy document of one statement that allows `action` on `resource`.
fn allowing(span: Span, actions: &[&str], resource: Value) -> Value {
    let actions = actions.iter().map(|action| string(span, action)).collect();
    let statement = object(
        span,
        [("Effect", string(span, "Allow")), ("Action", list(span, actions)), ("Resource", resource)],
    );
    object(span, [("Statement", list(span, vec![statement]))])
}

/// Returns whether a flag is set.
fn is_true(value: Option<&Value>) -> bool {
    value.and_then(literal).is_some_and(|text| &*text == "true")
}

#[cfg(test)]
mod tests;
