//! What stands behind the methods and routes of APIs, and behind the addresses of API destinations.
//!
//! A method is a resource of its own, named as policies name it: the API, any stage, the method, the path, in which a star stands
//! for what callers put there, and two where that may hold slashes.

use super::Reader;
use crate::embedded;
use crate::nodes::{at, literal};
use crate::template::Resource;
use loopguard_model::{Connection, ConnectionKind, Inventory, Target, Workload};
use loopguard_pattern::json::{Span, Value, ValueKind};
use loopguard_pattern::{Part, Term};
use std::collections::BTreeMap;
use std::sync::Arc;

/// What an API description says of a method's integration.
const INTEGRATION: &str = "x-amazon-apigateway-integration";

/// The class of a path's part.
const PATH: &str = "AWS::ApiGateway::Resource";

/// The class of what a route calls.
const CALLED: &str = "AWS::ApiGatewayV2::Integration";

/// A path that is not known.
const ANY_PATH: &str = "**";

/// The most resources between a path and the root of its API.
const MOST_PARENTS: usize = 64;

/// What a method or a route calls, as it is written.
#[derive(Debug, Default)]
struct Integration {
    kind: Option<Arc<str>>,
    uri: Option<Term>,
    /// A service that is called under the role, not by an address.
    by_role: bool,
    credentials: Option<Term>,
}

impl Reader<'_> {
    /// Adds what the resource says of an API.
    pub(super) fn api(&self, resource: &Resource, inventory: &mut Inventory) {
        match &*resource.class {
            "AWS::ApiGateway::RestApi" | "AWS::ApiGatewayV2::Api" => self.description(resource, inventory),
            "AWS::AppSync::GraphQLApi" => {
                let arn = self.resolver.resource_attribute(resource, "Arn");
                inventory.workloads.push(self.whole_api(resource, arn));
            }
            "AWS::ApiGateway::Method" => self.method(resource, inventory),
            "AWS::ApiGatewayV2::Route" => self.route(resource, inventory),
            "AWS::Events::ApiDestination" => self.address(resource, inventory),
            _ => {}
        }
    }

    /// An API of which all that it calls is read: what it says itself, and what methods and routes say of it.
    fn description(&self, resource: &Resource, inventory: &mut Inventory) {
        let api = self.resolver.resource_reference(resource);
        let properties = self.properties(resource);
        let body = properties.get("Body").map(|body| match &body.kind {
            ValueKind::String(text) => embedded::tree(text, body.span, &self.template.source),
            _ => body.clone(),
        });
        let unread = match &body {
            Some(body) => !matches!(body.kind, ValueKind::Object(_)),
            None => properties.get("BodyS3Location").is_some() || properties.get("CloneFrom").is_some(),
        };
        for path in body.iter().filter_map(|body| body.get("paths")).flat_map(Value::members) {
            for verb in path.value.members() {
                let Some(written) = verb.value.get(INTEGRATION) else { continue };
                let written = referred(body.as_ref(), written);
                let route = format!("{} {}", verb_of(&verb.key), path.key);
                let from =
                    self.route_arn(resource, &api, verb_of(&verb.key), Term::literal(&stars(&path.key)));
                let name = format!("{} {route}", resource.id).into();
                inventory.connections.extend(self.integration(name, from, &read(&written), verb.key_span));
            }
        }
        // An HTTP API may be made of one target alone.
        if let Some(target) = properties.member("Target") {
            let from = self.route_arn(resource, &api, "*", Term::literal(ANY_PATH));
            let uri = Some(self.resolver.as_term(&target.value));
            let credentials = self.text(&properties, "CredentialsArn");
            let integration = Integration { uri, credentials, ..Integration::default() };
            inventory.connections.extend(self.integration(
                resource.id.clone(),
                from,
                &integration,
                target.key_span,
            ));
        }
        if unread {
            let span = properties.member("Body").map_or(resource.span, |body| body.key_span);
            self.notes.tell(
                span,
                format!("what API `{}` calls is described elsewhere, which is not read", resource.id),
            );
        } else {
            let arn = Term::concat([self.api_arn(resource), api]);
            inventory.workloads.push(self.whole_api(resource, arn));
        }
    }

    fn whole_api(&self, resource: &Resource, arn: Term) -> Workload {
        let name = self.resolver.resource_reference(resource);
        Workload::new(&resource.class, arn, name, self.origin(resource.span))
    }

    fn method(&self, resource: &Resource, inventory: &mut Inventory) {
        let properties = self.properties(resource);
        let Some(integration) = properties.get("Integration") else { return };
        let term = |key: &str| self.text(&properties, key);
        let Some(api) = term("RestApiId") else { return };
        let verb = properties.get("HttpMethod").and_then(literal);
        let verb = verb.as_deref().map_or("*", verb_of);
        let path = term("ResourceId").map_or_else(|| Term::literal(ANY_PATH), |id| self.path_of(id));
        let from = self.route_arn(resource, &api, verb, path);
        inventory.connections.extend(self.integration(
            resource.id.clone(),
            from,
            &read(integration),
            resource.span,
        ));
    }

    /// Returns the path of the resource of a REST API; what it refers to where it is of another template.
    fn path_of(&self, id: Term) -> Term {
        let mut path: Vec<Term> = Vec::new();
        let mut id = id;
        for _ in 0..MOST_PARENTS {
            if is_root(&id) {
                break;
            }
            let Some(found) = self.part_of_api(PATH, &id) else {
                path.push(id);
                break;
            };
            let properties = self.properties(found);
            path.push(
                self.text(&properties, "PathPart").map_or_else(|| Term::literal("*"), |part| starred(&part)),
            );
            let Some(parent) = self.text(&properties, "ParentId") else { break };
            id = parent;
        }
        let slash = Term::literal("/");
        let mut joined = Vec::new();
        for part in path.into_iter().rev() {
            joined.extend([slash.clone(), part]);
        }
        if joined.is_empty() { slash } else { Term::concat(joined) }
    }

    /// Returns the resource of that class to which a method or a route refers so. An API has thousands of them, so that each is
    /// named once.
    fn part_of_api(&self, class: &str, id: &Term) -> Option<&Resource> {
        let parts = self.parts_of_apis.get_or_init(|| {
            let mut parts = BTreeMap::new();
            for resource in self.template.resources.iter().filter(|one| [PATH, CALLED].contains(&&*one.class))
            {
                parts.entry(self.resolver.resource_reference(resource)).or_insert(resource);
                if &*resource.class == PATH {
                    parts.entry(self.resolver.resource_attribute(resource, "ResourceId")).or_insert(resource);
                }
            }
            parts
        });
        parts.get(id).copied().filter(|found| &*found.class == class)
    }

    fn route(&self, resource: &Resource, inventory: &mut Inventory) {
        let properties = self.properties(resource);
        let (Some(api), Some(target)) = (self.text(&properties, "ApiId"), self.text(&properties, "Target"))
        else {
            return;
        };
        let key = properties.get("RouteKey").and_then(literal);
        let (verb, path) = match key.as_deref().and_then(|key| key.split_once(' ')) {
            Some((verb, path)) => (verb_of(verb).to_owned(), stars(path)),
            // `$default`, a route of a WebSocket, or one that is not known.
            None => ("*".to_owned(), ANY_PATH.to_owned()),
        };
        let from = self.route_arn(resource, &api, &verb, Term::literal(&path));
        let id = crate::nodes::after(&target, "integrations/");
        let integration = match id.and_then(|id| self.part_of_api(CALLED, &id)) {
            Some(found) => read(&self.properties(found)),
            None => Integration { uri: Some(target), ..Integration::default() },
        };
        inventory.connections.extend(self.integration(
            resource.id.clone(),
            from,
            &integration,
            resource.span,
        ));
    }

    /// Returns the beginning of the ARNs of APIs.
    fn api_arn(&self, resource: &Resource) -> Term {
        self.resolver.scope_form(resource, "arn:{partition}:execute-api:{region}:{account}:")
    }

    /// Returns the method's ARN; the path begins with a slash, or is a star.
    fn route_arn(&self, resource: &Resource, api: &Term, verb: &str, path: Term) -> Term {
        let slash = if path == Term::literal(ANY_PATH) { "/" } else { "" };
        let method = Term::literal(&format!("/*/{verb}{slash}"));
        Term::concat([self.api_arn(resource), api.clone(), method, path])
    }

    /// Returns what the method calls; none where it calls nothing.
    fn integration(
        &self,
        name: Arc<str>,
        from: Term,
        integration: &Integration,
        span: Span,
    ) -> Option<Connection> {
        if integration.kind.as_deref().is_some_and(|kind| kind.eq_ignore_ascii_case("MOCK")) {
            return None;
        }
        let called = integration.uri.as_ref().filter(|_| !integration.by_role);
        let to = called.and_then(|uri| self.called_by(uri)).or_else(|| {
            let service = integration.by_role || integration.uri.as_ref().is_some_and(is_service);
            integration.credentials.clone().filter(|_| service)
        });
        let to = to.or_else(|| integration.uri.clone()).unwrap_or_else(|| self.resolver.expression(span));
        Some(self.leads(name, from, to, span))
    }

    fn leads(&self, name: Arc<str>, from: Term, to: Term, span: Span) -> Connection {
        let origin = self.origin(span);
        Connection {
            kind: ConnectionKind::Integration,
            name: name.clone(),
            from: Some(from),
            to: Target { id: name, arn: to, role: None, parameters: BTreeMap::new(), origin: origin.clone() },
            filters: Vec::new(),
            enabled: true,
            scope: self.stacks.scope.clone(),
            origin,
        }
    }

    /// Returns the function or the API behind an address; none where it is something else.
    fn called_by(&self, uri: &Term) -> Option<Term> {
        use crate::nodes::{after, before};
        if let Some(function) = after(uri, ":path/2015-03-31/functions/") {
            return Some(before(&function, "/invocations").unwrap_or(function));
        }
        self.api_of(uri, "*")
    }

    /// Returns the ARN of what an address of API Gateway calls, whatever stage and path.
    fn api_of(&self, address: &Term, verb: &str) -> Option<Term> {
        use crate::nodes::{after, before};
        let host = after(address, "https://")?;
        let api = before(&host, ".execute-api.")?;
        let region = before(&after(&host, ".execute-api.")?, ".")?;
        let scope = &self.stacks.scope;
        let colon = || Term::literal(":");
        Some(Term::concat([
            Term::literal("arn:"),
            scope.partition.clone(),
            Term::literal(":execute-api:"),
            region,
            colon(),
            scope.account.clone(),
            colon(),
            api,
            Term::literal(&format!("/*/{verb}/*")),
        ]))
    }

    /// An API destination whose address is that of an API.
    fn address(&self, resource: &Resource, inventory: &mut Inventory) {
        let properties = self.properties(resource);
        let verb = properties.get("HttpMethod").and_then(literal);
        let verb = verb.as_deref().map_or("*", verb_of);
        let api = self.text(&properties, "InvocationEndpoint").and_then(|uri| self.api_of(&uri, verb));
        let Some(api) = api else { return };
        let from = self.resolver.resource_attribute(resource, "Arn");
        inventory.connections.push(self.leads(resource.id.clone(), from, api, resource.span));
    }
}

/// Returns what a description refers to, where an integration is written once for many routes.
fn referred(body: Option<&Value>, written: &Value) -> Value {
    let Some(reference) = written.get("$ref").and_then(literal) else { return written.clone() };
    let path = reference.trim_start_matches("#/").replace('/', ".");
    let found = body.and_then(|body| at(body, &path)).cloned();
    found.unwrap_or(Value { kind: ValueKind::Null, span: written.span })
}

/// Returns what is written of an integration, in any of the three ways.
fn read(written: &Value) -> Integration {
    let first = |keys: &[&str]| keys.iter().find_map(|key| written.get(key));
    let term = |keys: &[&str]| first(keys).and_then(Value::scalar).filter(|term| *term != Term::default());
    Integration {
        kind: first(&["type", "Type", "IntegrationType"]).and_then(literal),
        uri: term(&["uri", "Uri", "IntegrationUri"]),
        by_role: first(&["integrationSubtype", "IntegrationSubtype"]).is_some(),
        credentials: term(&["credentials", "Credentials", "CredentialsArn"]),
    }
}

/// Returns true iff the address is of a service that is called under a role.
fn is_service(uri: &Term) -> bool {
    let text = |part: &Part| matches!(part, Part::Literal(text) if text.contains(":action/") || text.contains(":path/"));
    uri.parts().iter().any(text)
}

/// Returns the method as policies name it.
fn verb_of(written: &str) -> &str {
    const VERBS: [&str; 7] = ["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS"];
    VERBS.into_iter().find(|verb| verb.eq_ignore_ascii_case(written)).unwrap_or("*")
}

/// Returns the path with a star for each parameter, and two for one that takes the rest.
fn stars(path: &str) -> String {
    let mut starred = String::new();
    let mut rest = path;
    while let Some((before, after)) = rest.split_once('{') {
        starred.push_str(before);
        let (name, behind) = after.split_once('}').unwrap_or((after, ""));
        starred.push_str(if name.ends_with('+') { ANY_PATH } else { "*" });
        rest = behind;
    }
    starred.push_str(rest);
    starred
}

fn starred(part: &Term) -> Term {
    part.as_literal().map_or_else(|| part.clone(), |part| Term::literal(&stars(&part)))
}

/// Returns true iff the id is that of an API's root.
fn is_root(id: &Term) -> bool {
    let of_root = |symbol: &loopguard_pattern::Symbol| symbol.class.ends_with(".RootResourceId");
    id.symbols().any(of_root)
}
