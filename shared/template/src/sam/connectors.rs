//! SAM connectors: permissions that the transform gives to a source for what it connects to.

use crate::nodes::{at, list, literal, object, reference, string};
use crate::notes::Notes;
use crate::template::Resource;

/// The properties that hold a source's role, by type; a SAM resource without one has a generated role.
const ROLES: &[(&str, &str)] = &[
    ("AWS::Serverless::Function", "Role"),
    ("AWS::Lambda::Function", "Role"),
    ("AWS::Serverless::StateMachine", "Role"),
    ("AWS::StepFunctions::StateMachine", "RoleArn"),
];

/// Returns for each connector a policy of its source's role. What it allows is not read, and a policy
/// without statements says just that: the role may do more than its other policies allow.
pub(super) fn policies(resources: &[Resource], notes: &Notes) -> Vec<Resource> {
    let mut policies = Vec::new();
    for resource in resources {
        if &*resource.class == "AWS::Serverless::Connector" {
            let source = at(&resource.properties, "Source.Id").and_then(literal);
            let source = source.and_then(|id| resources.iter().find(|resource| resource.id == id));
            policies.extend(policy(&resource.id, resource, source, notes));
        }
        for connector in resource.connectors.members() {
            let id = format!("{}{}", resource.id, connector.key);
            policies.extend(policy(&id, resource, Some(resource), notes));
        }
    }
    policies
}

fn policy(id: &str, written: &Resource, source: Option<&Resource>, notes: &Notes) -> Option<Resource> {
    let span = written.span;
    notes.tell(span, format!("the permissions that connector `{id}` gives are not read"));
    let source = source?;
    let (_, property) = ROLES.iter().find(|(class, _)| *class == &*source.class)?;
    let generated = || reference(span, &format!("{}Role", source.id));
    let role = source.properties.get(property).cloned().unwrap_or_else(generated);
    let properties = [
        ("PolicyName", string(span, &format!("connector {id}"))),
        ("Roles", list(span, vec![role])),
        ("PolicyDocument", object(span, [])),
    ];
    Some(Resource {
        id: format!("{id}Policy").into(),
        class: "AWS::IAM::Policy".into(),
        properties: object(span, properties),
        path: written.path.clone(),
        span,
        condition: written.condition.clone(),
        connectors: object(span, []),
        asset: None,
    })
}
