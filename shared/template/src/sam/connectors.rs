//! SAM connectors: permissions that the transform gives to a role for what it connects to.

use crate::facts::{self, ConnectorFact, PolicyStatement, RoleOf, connector};
use crate::nodes::{at, attribute, elements, list, literal, object, reference, string};
use crate::notes::Notes;
use crate::template::Resource;
use loopguard_pattern::json::{Span, Value};

/// The types that have a role of their own, each with the property that holds it, and whether SAM makes one where it is
/// left out.
const ROLES: &[(&str, &str, bool)] = &[
    ("AWS::Serverless::Function", "Role", true),
    ("AWS::Lambda::Function", "Role", false),
    ("AWS::Serverless::StateMachine", "Role", true),
    ("AWS::StepFunctions::StateMachine", "RoleArn", false),
    ("AWS::AppSync::DataSource", "ServiceRoleArn", false),
];

/// Plain types of SAM's own that connectors are told by.
const PLAIN: &[(&str, &str)] = &[
    ("AWS::Serverless::Function", "AWS::Lambda::Function"),
    ("AWS::Serverless::StateMachine", "AWS::StepFunctions::StateMachine"),
    ("AWS::Serverless::SimpleTable", "AWS::DynamoDB::Table"),
    ("AWS::Serverless::Api", "AWS::ApiGateway::RestApi"),
    ("AWS::Serverless::HttpApi", "AWS::ApiGatewayV2::Api"),
];

/// The type whose role is its targets'.
const RULE: &str = "AWS::Events::Rule";

/// Returns for each connector the policies that it gives to roles, and to what a rule delivers to. Where what it gives cannot be told, its source's role
/// may do anything: a policy without statements says so.
pub(super) fn policies(resources: &[Resource], notes: &Notes) -> Vec<Resource> {
    let mut policies = Vec::new();
    for resource in resources {
        if &*resource.class == "AWS::Serverless::Connector" {
            let source = resource.properties.get("Source").map(|given| End::given(given, resources));
            let written = Written { id: &resource.id, at: resource, properties: &resource.properties };
            policies.extend(written.policies(&source.unwrap_or_default(), resources, notes));
        }
        for connector in resource.connectors.members() {
            let id = format!("{}{}", resource.id, connector.key);
            let Some(properties) = connector.value.get("Properties") else { continue };
            let written = Written { id: &id, at: resource, properties };
            policies.extend(written.policies(&End::of(resource), resources, notes));
        }
    }
    policies
}

/// One end of a connector, as far as it can be told.
#[derive(Debug, Clone, Default)]
struct End {
    class: Option<String>,
    arn: Option<Value>,
    name: Option<Value>,
    /// The role's ARN, or its name.
    role: Option<Value>,
}

impl End {
    /// Returns what a reference names: a resource of the template by its id, or one elsewhere by its type and ARN.
    fn given(given: &Value, resources: &[Resource]) -> Self {
        if let Some(id) = given.get("Id").and_then(literal) {
            let found = resources.iter().find(|resource| resource.id == id);
            return found.map(Self::of).unwrap_or_default();
        }
        Self {
            class: given.get("Type").and_then(literal).map(|class| plain(&class)),
            arn: given.get("Arn").cloned(),
            name: given.get("Name").cloned(),
            role: given.get("RoleName").cloned(),
        }
    }

    fn of(resource: &Resource) -> Self {
        let span = resource.span;
        let arn = match &*resource.class {
            "AWS::SNS::Topic" | "AWS::AppSync::DataSource" => reference(span, &resource.id),
            _ => attribute(span, &resource.id, "Arn"),
        };
        Self {
            class: Some(plain(&resource.class)),
            arn: Some(arn),
            name: Some(attribute(span, &resource.id, "Name")),
            role: role_of(resource),
        }
    }
}

fn plain(class: &str) -> String {
    PLAIN.iter().find(|(sam, _)| *sam == class).map_or(class, |(_, plain)| plain).to_owned()
}

fn role_of(resource: &Resource) -> Option<Value> {
    if &*resource.class == RULE {
        let targets = resource.properties.get("Targets").map(elements).unwrap_or_default();
        return targets.iter().find_map(|target| target.get("RoleArn")).cloned();
    }
    let (_, property, made) = ROLES.iter().find(|(class, ..)| *class == &*resource.class)?;
    let generated = || made.then(|| reference(resource.span, &format!("{}Role", resource.id)));
    resource.properties.get(property).cloned().or_else(generated)
}

/// A connector as it is written.
#[derive(Debug)]
struct Written<'a> {
    id: &'a str,
    /// The resource that it stands in.
    at: &'a Resource,
    properties: &'a Value,
}

impl Written<'_> {
    fn policies(&self, source: &End, resources: &[Resource], notes: &Notes) -> Vec<Resource> {
        let destinations = self.properties.get("Destination").map(elements).unwrap_or_default();
        let ends = destinations.iter().map(|given| End::given(given, resources));
        let one = |(place, destination): (usize, End)| {
            if let Some((role, document)) = self.document(source, &destination) {
                return match role {
                    Some(role) => Some(self.policy(place, role, document)),
                    None => self.delivery(place, source, &destination),
                };
            }
            let message = format!("the permissions that connector `{}` gives are not read", self.id);
            notes.tell(self.at.span, message);
            let open = object(self.at.span, []);
            source.role.clone().map(|role| self.policy(place, role, open))
        };
        ends.enumerate().filter_map(one).collect()
    }

    /// Returns whose role the connector gives what, or no role where it gives none anything; none if it cannot be told.
    fn document(&self, source: &End, destination: &End) -> Option<(Option<Value>, Value)> {
        let fact = connector(source.class.as_deref()?, destination.class.as_deref()?)?;
        let role = match fact.role {
            None => return Some((None, object(self.at.span, []))),
            Some(RoleOf::Source) => source.role.clone(),
            Some(RoleOf::Destination) => destination.role.clone(),
        };
        let ends = [("Source", source), ("Destination", destination)];
        let statements: Option<Vec<Value>> =
            self.allowed(fact)?.into_iter().map(|statement| self.statement(statement, &ends)).collect();
        let statements = list(self.at.span, statements?);
        Some((Some(role?), object(self.at.span, [("Statement", statements)])))
    }

    /// Returns what the connector's permissions allow; none where one of them is not known.
    fn allowed(&self, fact: &'static ConnectorFact) -> Option<Vec<&'static PolicyStatement>> {
        let permissions = at(self.properties, "Permissions").map(elements)?;
        let each: Option<Vec<_>> = permissions
            .iter()
            .map(|access| literal(access).and_then(|access| fact.allows(&access)))
            .collect();
        Some(each?.into_iter().flatten().collect())
    }

    fn statement(&self, allows: &PolicyStatement, ends: &[(&str, &End)]) -> Option<Value> {
        let span = self.at.span;
        let resource = |form: &String| filled(span, form, ends);
        let resources: Option<Vec<Value>> = allows.resources.iter().map(resource).collect();
        let actions = allows.actions.iter().map(|action| string(span, action)).collect();
        let entries = [
            ("Effect", string(span, "Allow")),
            ("Action", list(span, actions)),
            ("Resource", list(span, resources?)),
        ];
        Some(object(span, entries))
    }

    /// Returns the policy of the destination's own that lets a rule deliver to it; none where that needs none.
    fn delivery(&self, place: usize, source: &End, destination: &End) -> Option<Resource> {
        let fact = facts::guard(destination.class.as_deref()?)?;
        let (of, path) = (fact.of.as_deref()?, fact.document.as_deref()?);
        source.class.as_deref().filter(|class| *class == RULE)?;
        let (span, arn) = (self.at.span, destination.arn.clone()?);
        let statement = object(
            span,
            [
                ("Effect", string(span, "Allow")),
                ("Principal", object(span, [("Service", string(span, "events.amazonaws.com"))])),
                ("Action", string(span, "*")),
                ("Resource", arn.clone()),
            ],
        );
        let document = object(span, [("Statement", list(span, vec![statement]))]);
        let properties = object(span, [(of, list(span, vec![arn])), (path, document)]);
        Some(self.made(place, &fact.class, properties))
    }

    fn policy(&self, place: usize, role: Value, document: Value) -> Resource {
        let span = self.at.span;
        let properties = [
            // Policies of one name would be one policy.
            ("PolicyName", string(span, &format!("connector {}{}", self.id, nth(place)))),
            ("Roles", list(span, vec![role])),
            ("PolicyDocument", document),
        ];
        self.made(place, "AWS::IAM::Policy", object(span, properties))
    }

    /// A resource that the transform makes for the destination at that place.
    fn made(&self, place: usize, class: &str, properties: Value) -> Resource {
        let span = self.at.span;
        Resource {
            id: format!("{}Policy{}", self.id, nth(place)).into(),
            class: class.into(),
            properties,
            path: self.at.path.clone(),
            span,
            condition: self.at.condition.clone(),
            connectors: object(span, []),
            asset: None,
        }
    }
}

/// Returns how what is made for the destination at that place is told from what is made for the first.
fn nth(place: usize) -> String {
    if place == 0 { String::new() } else { format!("Destination{place}") }
}

/// Returns the form with what it says of the ends filled in; none where that is not known.
fn filled(span: Span, form: &str, ends: &[(&str, &End)]) -> Option<Value> {
    let mut variables = Vec::new();
    for (end, known) in ends {
        for (member, value) in [("Arn", &known.arn), ("Name", &known.name)] {
            let variable = format!("{end}{member}");
            if form.contains(&format!("${{{variable}}}")) {
                variables.push((variable, value.clone()?));
            }
        }
    }
    let variables = object(span, variables.iter().map(|(name, value)| (name.as_str(), value.clone())));
    Some(object(span, [("Fn::Sub", list(span, vec![string(span, form), variables]))]))
}
