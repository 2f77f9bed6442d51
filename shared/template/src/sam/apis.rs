//! SAM's APIs, and the events that make methods of them.

use super::events::delivery_role;
use super::{Owner, allowing, policies, renamed, sources};
use crate::nodes::{at, attribute, list, literal, object, reference, string};
use crate::template::Resource;
use loopguard_pattern::json::{Member, Value};

const ROUTE: &str = "AWS::ApiGatewayV2::Route";

/// The APIs that the transform makes for events that name none: event, logical id, type.
const IMPLICIT: [(&str, &str, &str); 2] = [
    ("Api", "ServerlessRestApi", "AWS::ApiGateway::RestApi"),
    ("HttpApi", "ServerlessHttpApi", "AWS::ApiGatewayV2::Api"),
];

/// What a GraphQL API does with its tables, where nothing else is said.
const ON_TABLES: [(&str, &[&str]); 2] = [
    ("Read", &["dynamodb:GetItem", "dynamodb:Query", "dynamodb:Scan", "dynamodb:BatchGetItem"]),
    ("Write", &["dynamodb:PutItem", "dynamodb:UpdateItem", "dynamodb:DeleteItem", "dynamodb:BatchWriteItem"]),
];

/// Returns the method that an event makes, and for a state machine the role that starts it. A method and a route are written
/// alike here: both call the function, or do what the role allows.
pub(super) fn route(owner: &Owner<'_>, event: &Member, properties: &Value, kind: &str) -> Vec<Resource> {
    let span = event.key_span;
    let implicit = IMPLICIT.iter().find(|(of, ..)| *of == kind).map(|(_, id, _)| reference(span, id));
    let named = properties.get("RestApiId").or_else(|| properties.get("ApiId")).cloned();
    let Some(api) = named.or(implicit) else { return Vec::new() };
    let text = |key: &str| properties.get(key).and_then(literal);
    let key = match (text("Method"), text("Path")) {
        (Some(method), Some(path)) => format!("{method} {path}"),
        _ => "$default".to_owned(),
    };
    let mut made = Vec::new();
    let target = if &*owner.resource.class == "AWS::Serverless::StateMachine" {
        made.push(delivery_role(owner, event, "apigateway.amazonaws.com"));
        attribute(span, &sources::role_of(owner, event), "Arn")
    } else {
        owner.arn.clone()
    };
    let route = object(span, [("ApiId", api), ("RouteKey", string(span, &key)), ("Target", target)]);
    let path = format!("{}.Properties.Events.{}", owner.resource.path, event.key);
    made.push(Resource { path: path.into(), ..owner.makes(&event.key, ROUTE, span, route) });
    made
}

/// Returns the APIs that routes are of and that stand nowhere.
pub(super) fn implicit(resources: &[Resource]) -> Vec<Resource> {
    let missing = |(_, id, class): &(&str, &str, &str)| {
        if resources.iter().any(|resource| *resource.id == **id) {
            return None;
        }
        let is_of = |route: &&Resource| {
            &*route.class == ROUTE
                && at(&route.properties, "ApiId.Ref").and_then(literal).as_deref() == Some(*id)
        };
        let first = resources.iter().find(is_of)?;
        let owner = Owner::new(first, reference(first.span, id));
        let made = owner.makes("", class, first.span, object(first.span, []));
        Some(Resource { id: (*id).into(), ..made })
    };
    IMPLICIT.iter().filter_map(missing).collect()
}

/// Returns the plain API: what SAM calls its definition is its body.
pub(super) fn plain(resource: Resource) -> Resource {
    let class = if &*resource.class == "AWS::Serverless::Api" { IMPLICIT[0].2 } else { IMPLICIT[1].2 };
    let body = renamed(&resource.properties, "DefinitionBody", "Body");
    let properties = renamed(&body, "DefinitionUri", "BodyS3Location");
    Resource { class: class.into(), properties, ..resource }
}

/// Returns the plain API with its data sources and their roles.
pub(super) fn graphql(resource: Resource) -> Vec<Resource> {
    let sources = resource.properties.get("DataSources").cloned();
    let api = Resource { class: "AWS::AppSync::GraphQLApi".into(), ..resource };
    let mut made = Vec::new();
    for kind in sources.iter().flat_map(Value::members) {
        for source in kind.value.members() {
            made.extend(data_source(&api, &kind.key, source));
        }
    }
    made.insert(0, api);
    made
}

fn data_source(api: &Resource, kind: &str, source: &Member) -> Vec<Resource> {
    let span = source.key_span;
    let owner = Owner::new(api, attribute(span, &api.id, "Arn"));
    let given = |key: &str| source.value.get(key).cloned();
    let mut members = vec![("ApiId", attribute(span, &api.id, "ApiId"))];
    let mut made = Vec::new();
    if kind == "Lambda" {
        let Some(function) = given("FunctionArn") else { return Vec::new() };
        members.push(("Type", string(span, "AWS_LAMBDA")));
        members.push(("LambdaConfig", object(span, [("LambdaFunctionArn", function)])));
    } else {
        members.push(("Type", string(span, "AMAZON_DYNAMODB")));
        let role = given("ServiceRoleArn").unwrap_or_else(|| {
            let suffix = format!("{}Role", source.key);
            made.push(table_role(&owner, &suffix, source));
            attribute(span, &format!("{}{suffix}", api.id), "Arn")
        });
        members.push(("ServiceRoleArn", role));
    }
    made.push(owner.makes(&source.key, "AWS::AppSync::DataSource", span, object(span, members)));
    made
}

/// Returns the role under which the API reads and writes a table.
fn table_role(owner: &Owner<'_>, suffix: &str, source: &Member) -> Resource {
    let span = source.key_span;
    let asked = source.value.get("Permissions").map(crate::nodes::elements);
    let is_asked =
        |what: &str| asked.is_none_or(|asked| asked.iter().any(|one| literal(one).as_deref() == Some(what)));
    let actions: Vec<&str> = ON_TABLES
        .iter()
        .filter(|(what, _)| is_asked(what))
        .flat_map(|(_, actions)| *actions)
        .copied()
        .collect();
    let table = source.value.get("TableArn").cloned().unwrap_or_else(|| string(span, "*"));
    let document = allowing(span, &actions, table);
    let policy = object(span, [("PolicyName", string(span, "Tables")), ("PolicyDocument", document)]);
    let trust = policies::trusting(span, "appsync.amazonaws.com");
    let properties = object(span, [(policies::TRUST, trust), ("Policies", list(span, vec![policy]))]);
    owner.makes(suffix, "AWS::IAM::Role", span, properties)
}
