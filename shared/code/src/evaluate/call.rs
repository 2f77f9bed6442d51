//! What calls give back, and what is passed to functions.

use super::member::{led, made};
use crate::expr::{Argument, Expr};
use crate::facts;
use crate::program::Program;
use crate::region::{Region, of_options};
use crate::tree::NodeId;
use crate::value::{Caller, Client, ClientKind, FileId, Value};
use loopguard_pattern::Term;
use std::collections::BTreeMap;
use std::sync::Arc;

/// Values that are passed.
#[derive(Debug, Clone, Default)]
pub(crate) struct Passed {
    pub(crate) placed: Vec<Value>,
    pub(crate) named: BTreeMap<Arc<str>, Value>,
}

impl Passed {
    /// Returns what is passed at the place or under the name.
    pub(crate) fn get(&self, at: usize, name: &str) -> Value {
        self.named.get(name).or_else(|| self.placed.get(at)).cloned().unwrap_or(Value::Nothing)
    }

    /// Returns the request that the call passes: its names, or the record at its place.
    pub(crate) fn request(&self, at: usize) -> Value {
        match self.placed.get(at) {
            Some(record) if self.named.is_empty() => record.clone(),
            _ => Value::Record(Arc::new(self.named.clone())),
        }
    }
}

impl Program<'_> {
    pub(crate) fn arguments(&self, file: FileId, arguments: &[Argument], depth: usize) -> Passed {
        let mut passed = Passed::default();
        for argument in arguments {
            let value = self.value(file, argument.value, depth);
            match (&argument.name, argument.spread, value) {
                (Some(name), _, value) => {
                    passed.named.insert(name.clone(), value);
                }
                (None, true, Value::Record(members)) => {
                    passed.named.extend(members.iter().map(|(name, value)| (name.clone(), value.clone())));
                }
                (None, true, _) => {}
                (None, false, value) => passed.placed.push(value),
            }
        }
        passed
    }

    pub(super) fn call(
        &self,
        file: FileId,
        callee: NodeId,
        arguments: &[Argument],
        new: bool,
        depth: usize,
    ) -> Value {
        let value = self.value(file, callee, depth);
        let passed = self.arguments(file, arguments, depth);
        let values = value.all().iter().map(|called| match called {
            Value::Outside(path) if new => self.constructed(path, &passed),
            Value::Outside(path) => self.outside(path, &passed),
            Value::Method(method) => self.answer(&method.0, &method.1, &passed),
            Value::Class(file, class) if !new && self.is_python(*file) => Value::Object(*file, *class),
            Value::Class(file, class) if new => match self.bundled(*file, callee) {
                Some(service) => command(service, &self.name_of(*file, callee), &passed),
                None => Value::Object(*file, *class),
            },
            Value::Function(file, function) => match self.name_at(*file, *function).as_deref() {
                Some("__toESM" | "__importStar" | "__importDefault" | "_interopRequireDefault") => {
                    passed.get(0, "")
                }
                _ => self.returned(*file, *function, depth),
            },
            _ => Value::Unknown,
        });
        let value = Value::one_of(values);
        match value {
            Value::Unknown if new => self
                .bundled(file, callee)
                .map_or(Value::Unknown, |service| command(service, &self.name_of(file, callee), &passed)),
            value => value,
        }
    }

    fn is_python(&self, file: FileId) -> bool {
        self.modules.get(file).is_some_and(|module| module.grammar.is_python())
    }

    fn name_at(&self, file: FileId, function: NodeId) -> Option<Arc<str>> {
        self.modules.get(file)?.functions.get(&function)?.clone()
    }

    fn name_of(&self, file: FileId, callee: NodeId) -> Arc<str> {
        let Some(module) = self.modules.get(file) else { return "".into() };
        match module.grammar.expr(&module.tree, callee) {
            Expr::Name(name) | Expr::Member(_, name) => name,
            _ => "".into(),
        }
    }

    /// Returns the service of a command whose class is part of a bundle: the SDK writes both names beside each other.
    fn bundled(&self, file: FileId, callee: NodeId) -> Option<Arc<str>> {
        let name = self.name_of(file, callee);
        if !name.ends_with("Command") {
            return None;
        }
        let text = &self.modules.get(file)?.tree.text;
        let written = text.find(&format!("Client\", \"{name}\""))?;
        let service = text.get(..written)?.rsplit('"').next()?;
        service.chars().all(|sign| sign.is_ascii_alphanumeric()).then(|| service.into())
    }

    fn returned(&self, file: FileId, function: NodeId, depth: usize) -> Value {
        let Some(module) = self.modules.get(file) else { return Value::Unknown };
        let values = module.returns.get(&function).into_iter().flatten();
        let found = Value::one_of(values.map(|value| self.value(file, *value, depth)));
        if found == Value::Nothing { Value::Unknown } else { found }
    }

    /// Returns what all known calls pass to the function at the place.
    pub(super) fn passed(&self, file: FileId, function: NodeId, at: usize, depth: usize) -> Value {
        let Some(module) = self.modules.get(file) else { return Value::Unknown };
        if self.entry == Some((file, function)) {
            return if at == 0 { Value::Event("".into()) } else { Value::Unknown };
        }
        let class = module.scope_of(function);
        let in_class = module.classes.contains_key(&class);
        let Some(name) = module.functions.get(&function).cloned().flatten() else { return Value::Unknown };
        let makes = matches!(&*name, "__init__" | "constructor");
        let called = if makes { module.classes.get(&class).cloned().flatten() } else { Some(name) };
        let sites = called.and_then(|name| self.calls.get(&name)).map(Vec::as_slice).unwrap_or_default();
        // The first parameter of a method of Python is the object.
        let before = usize::from(in_class && module.grammar.is_python());
        let Some(place) = at.checked_sub(before) else { return Value::Unknown };
        let parameter = self.parameter_name(file, function, at);
        let wanted = if makes { Value::Class(file, class) } else { Value::Function(file, function) };
        let mut values = Vec::new();
        for (file, site) in sites {
            let Some(module) = self.modules.get(*file) else { continue };
            let Expr::Call { callee, arguments, .. } = module.grammar.expr(&module.tree, *site) else {
                continue;
            };
            if self.value(*file, callee, depth).all().contains(&wanted) {
                values.push(
                    self.arguments(*file, &arguments, depth).get(place, parameter.as_deref().unwrap_or("")),
                );
            }
        }
        if values.is_empty() { Value::Unknown } else { Value::one_of(values) }
    }

    fn parameter_name(&self, file: FileId, function: NodeId, at: usize) -> Option<Arc<str>> {
        let module = self.modules.get(file)?;
        let list = module.tree.field(function, "parameters")?;
        let parameter = module.tree.children(list).nth(at)?;
        let name = module.tree.field(parameter, "name").unwrap_or(parameter);
        Some(module.tree.text(name).split(':').next()?.trim().into())
    }

    fn outside(&self, path: &str, passed: &Passed) -> Value {
        let region = &self.default_region;
        match made(path) {
            Some("client") => client_of(&Caller::Own, region, passed, &ClientKind::Plain),
            Some("resource") => {
                client_of(&Caller::Own, region, passed, &ClientKind::Resource("".into(), Vec::new()))
            }
            Some("session") => session_of(passed, region),
            Some("same") => passed.get(0, ""),
            Some("record") if passed.placed.is_empty() => Value::Record(Arc::new(passed.named.clone())),
            Some("joined") => joined(&passed.placed),
            Some("document") => self.constructed(path, passed),
            Some("getenv") => {
                let found =
                    passed.get(0, "key").literal().map_or(Value::Unknown, |name| self.variable(&name));
                match (found, passed.get(1, "default")) {
                    (Value::Unknown, default @ (Value::Text(_) | Value::OneOf(_))) => default,
                    (found, _) => found,
                }
            }
            _ if path.ends_with("#fromTemporaryCredentials") => assumed(&parameters_of(passed)),
            _ => Value::Unknown,
        }
    }

    /// Returns what a method of a value gives back.
    fn answer(&self, on: &Value, name: &str, passed: &Passed) -> Value {
        match on {
            Value::Session(of, region) => match name {
                "client" | "create_client" => client_of(of, region, passed, &ClientKind::Plain),
                "resource" => client_of(of, region, passed, &ClientKind::Resource("".into(), Vec::new())),
                _ => Value::Unknown,
            },
            Value::Event(path) if name == "get" => passed
                .get(0, "")
                .literal()
                .map_or(Value::Unknown, |part| self.member_at(&Value::Event(path.clone()), &part, 0)),
            Value::Record(members) if name == "get" => {
                let member = passed.get(0, "").literal().and_then(|part| members.get(&part).cloned());
                member.unwrap_or(Value::Unknown)
            }
            Value::Text(term) if name == "format" => match term.as_literal() {
                Some(text) => match text.split_once('{') {
                    Some(("", _)) => Value::Unknown,
                    Some((start, _)) => Value::Begins(self.with_symbols(start)),
                    None => Value::Text(term.clone()),
                },
                None => Value::Unknown,
            },
            Value::Function(file, node) if name == "bind" => Value::Function(*file, *node),
            Value::Client(client) => answer_of_client(client, name, passed),
            _ => Value::Unknown,
        }
    }

    /// Returns what `new` makes of something outside the code.
    pub(super) fn constructed(&self, path: &str, passed: &Passed) -> Value {
        let region = &self.default_region;
        let client = |service: &str, kind: ClientKind| {
            let options = passed.get(0, "");
            let service: Arc<str> = service.to_lowercase().into();
            clients(&[service], &script_caller(&options), &Region::all(&of_options(&options), region), &kind)
        };
        if made(path) == Some("session") {
            return session_of(passed, region);
        }
        if made(path) == Some("document") {
            return match passed.get(0, "") {
                Value::Client(client) => {
                    Value::Client(Arc::new(Client { kind: ClientKind::Document, ..(*client).clone() }))
                }
                _ => client("dynamodb", ClientKind::Document),
            };
        }
        if let Some((package, name)) = path.split_once('#') {
            if let Some(service) = package.strip_prefix("@aws-sdk/client-") {
                return if name.ends_with("Command") {
                    command(service.into(), name, passed)
                } else {
                    client(service, ClientKind::Plain)
                };
            }
            return match package {
                "@aws-sdk/lib-dynamodb" => match facts::sdk(|sdks| &sdks.documents, name) {
                    Some(operation) => command("dynamodb".into(), operation, passed),
                    None => Value::Unknown,
                },
                "@aws-sdk/lib-storage" if name == "Upload" => {
                    let inner = Passed { placed: vec![parameters_of(passed)], named: BTreeMap::new() };
                    command("s3".into(), "PutObject", &inner)
                }
                "aws-sdk" => client(name, ClientKind::Plain),
                _ => Value::Unknown,
            };
        }
        match path.strip_prefix("aws-sdk/clients/") {
            Some(service) => client(service.trim_end_matches(".js"), ClientKind::Plain),
            None => Value::Unknown,
        }
    }
}

fn answer_of_client(client: &Arc<Client>, name: &str, passed: &Passed) -> Value {
    if let ClientKind::Resource(class, identifiers) = &client.kind {
        let given: Vec<Value> = passed.placed.iter().chain(passed.named.values()).cloned().collect();
        let lead = facts::resource(&client.service, class).and_then(|row| row.leads.get(name));
        if let Some(lead) = lead {
            return led(client, class, identifiers, lead, &given);
        }
        if class.ends_with("[]") && matches!(name, "all" | "filter" | "limit" | "page_size") {
            return Value::Client(client.clone());
        }
        if name == "batch_writer" {
            let kind = ClientKind::Resource("batch".into(), identifiers.clone());
            return Value::Client(Arc::new(Client { kind, ..(**client).clone() }));
        }
        return Value::Unknown;
    }
    let spelled: String = name.chars().filter(|sign| *sign != '_').collect();
    match (name, passed.get(0, "operation_name")) {
        ("get_paginator", operation) => operation.literal().map_or(Value::Unknown, |operation| {
            Value::Client(Arc::new(Client { kind: ClientKind::Pages(operation), ..(**client).clone() }))
        }),
        ("send", Value::Command(command)) if command.1.eq_ignore_ascii_case("AssumeRole") => {
            assumed(&command.2)
        }
        _ if spelled.eq_ignore_ascii_case("assumerole") => assumed(&passed.request(0)),
        // `AWS.S3(...).putObject(...).promise()` gives what the call gives.
        _ => Value::Unknown,
    }
}

/// Returns the path of parts, as far as its beginning is known. That a part that is not known begins at the root again is left
/// aside: keys of objects do not.
fn joined(parts: &[Value]) -> Value {
    let mut path = Term::default();
    for part in parts {
        let begun = path.as_literal().is_none_or(|text| !text.is_empty() && !text.ends_with('/'));
        if begun {
            path.push_str("/");
        }
        match part {
            Value::Text(text) => path = Term::concat([path, text.clone()]),
            Value::Begins(text) => return Value::Begins(Term::concat([path, text.clone()])),
            _ if path == Term::default() => return Value::Unknown,
            _ => return Value::Begins(path),
        }
    }
    Value::Text(path)
}

fn assumed(request: &Value) -> Value {
    let role = match request {
        Value::Record(members) => members.get("RoleArn").cloned(),
        _ => None,
    };
    Value::Credentials(match role {
        Some(Value::Text(role)) => Some(role),
        _ => None,
    })
}

fn parameters_of(passed: &Passed) -> Value {
    match passed.get(0, "") {
        Value::Record(members) => members.get("params").cloned().unwrap_or(Value::Unknown),
        _ => Value::Unknown,
    }
}

fn command(service: Arc<str>, name: &str, passed: &Passed) -> Value {
    let operation = name.strip_suffix("Command").unwrap_or(name);
    Value::Command(Arc::new((service, operation.into(), passed.request(0))))
}

/// Returns the clients that a factory of boto3 makes.
fn client_of(of: &Caller, region: &Region, passed: &Passed, kind: &ClientKind) -> Value {
    let services = passed.get(0, "service_name").literals();
    let regions = Region::all(&passed.get(1, "region_name"), region);
    clients(&services, &caller(passed, of), &regions, kind)
}

/// Returns a session of boto3, one of these.
fn session_of(passed: &Passed, region: &Region) -> Value {
    let regions = Region::all(&passed.named.get("region_name").cloned().unwrap_or(Value::Nothing), region);
    let session = |region| Value::Session(caller(passed, &Caller::Own), region);
    Value::one_of(regions.into_iter().map(session))
}

/// Returns clients of each service in each region; unknown where no service is known.
fn clients(services: &[Arc<str>], of: &Caller, regions: &[Region], kind: &ClientKind) -> Value {
    let client = |(service, region): (&Arc<str>, &Region)| {
        let (service, region) = (service.clone(), region.clone());
        Value::Client(Arc::new(Client { service, caller: of.clone(), region, kind: kind.clone() }))
    };
    let all = services.iter().flat_map(|service| regions.iter().map(move |region| (service, region)));
    let found = Value::one_of(all.map(client));
    if found == Value::Nothing { Value::Unknown } else { found }
}

/// Returns whose credentials are passed to boto3.
fn caller(passed: &Passed, otherwise: &Caller) -> Caller {
    let keys = ["aws_access_key_id", "aws_secret_access_key", "aws_session_token"];
    match keys.iter().find_map(|key| passed.named.get(*key)) {
        Some(Value::Credentials(Some(role))) => Caller::Role(role.clone()),
        Some(Value::Nothing) | None => otherwise.clone(),
        Some(_) => Caller::Other,
    }
}

/// Returns whose credentials are passed to a client of JavaScript.
fn script_caller(options: &Value) -> Caller {
    let Value::Record(members) = options else { return Caller::Own };
    let keys = ["credentials", "accessKeyId", "secretAccessKey", "sessionToken"];
    let Some(given) = keys.iter().find_map(|key| members.get(*key)) else { return Caller::Own };
    let inner = match given {
        Value::Record(members) => members.values().next().cloned().unwrap_or(Value::Unknown),
        other => other.clone(),
    };
    match inner {
        Value::Credentials(Some(role)) => Caller::Role(role),
        Value::Nothing => Caller::Own,
        _ => Caller::Other,
    }
}
