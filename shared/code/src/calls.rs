//! The calls of the SDKs that the code makes.

use crate::expr::Expr;
use crate::facts;
use crate::program::Program;
use crate::region::Region;
use crate::request;
use crate::tree::NodeId;
use crate::value::{Caller, Client, ClientKind, FileId, Value};
use loopguard_model::{Call, FilePlace, Origin, Runs};
use loopguard_pattern::Symbol;
use std::collections::BTreeMap;
use std::sync::Arc;

/// A call as it is found.
struct Found {
    service: Arc<str>,
    operation: Arc<str>,
    request: Value,
    caller: Caller,
    region: Region,
}

impl Program<'_> {
    /// Returns the place of a node.
    pub(crate) fn origin(&self, file: FileId, node: NodeId) -> Origin {
        let Some(module) = self.modules.get(file) else { return Origin::Assumed("code".into()) };
        let span = module.tree.node(node).map(|node| node.span).unwrap_or_default();
        let (line, column) = module.tree.place(span.start);
        Origin::File(FilePlace { file: module.shown.clone(), span, line, column })
    }

    /// Returns the calls that the node makes.
    pub(crate) fn calls_at(&self, file: FileId, node: NodeId) -> Vec<Call> {
        let mut calls = Vec::new();
        for found in self.found_at(file, node) {
            let origin = self.origin(file, node);
            let (role, remark) = match found.caller {
                Caller::Own => (None, ""),
                Caller::Role(role) => (Some(role), "the code assumes another role"),
                Caller::Other => {
                    let symbol = Symbol::given("role of other credentials", &origin.to_string());
                    (Some(symbol.into()), "the code takes credentials that are not its own")
                }
            };
            for request in request::variants(&found.request) {
                calls.push(Call {
                    service: found.service.clone(),
                    operation: found.operation.clone(),
                    request,
                    role: role.clone(),
                    region: found.region.given(),
                    runs: Runs::Sometimes,
                    origin: origin.clone(),
                    note: remark.into(),
                });
            }
        }
        calls
    }

    fn found_at(&self, file: FileId, node: NodeId) -> Vec<Found> {
        let Some(module) = self.modules.get(file) else { return Vec::new() };
        let Expr::Call { callee, arguments, new } = module.grammar.expr(&module.tree, node) else {
            return Vec::new();
        };
        if new {
            // A command that is made is taken to be sent.
            let made = self.value(file, node, 0);
            let commands = made.all().iter().filter(|value| matches!(value, Value::Command(_)));
            let sent = commands.flat_map(|command| {
                self.regions_of(command).into_iter().filter_map(|region| of_command(command, region))
            });
            return sent.collect();
        }
        let called = self.value(file, callee, 0);
        let passed = self.arguments(file, &arguments, 0);
        let mut found = Vec::new();
        for called in called.all() {
            match called {
                Value::Method(method) => {
                    if let Value::Client(client) = &method.0 {
                        found.extend(of_method(client, &method.1, &passed));
                    }
                }
                Value::Outside(path) => {
                    found.extend(of_pages(path, &passed.get(0, ""), &passed.get(1, "")));
                }
                _ => {}
            }
        }
        found
    }
}

fn of_command(value: &Value, region: Region) -> Option<Found> {
    let Value::Command(command) = value else { return None };
    let (service, operation, request) = (**command).clone();
    Some(Found { service, operation, request, caller: Caller::Own, region })
}

/// `paginateListObjectsV2({client}, {...})`.
fn of_pages(path: &str, settings: &Value, request: &Value) -> Option<Found> {
    let (package, name) = path.split_once('#')?;
    let service = package.strip_prefix("@aws-sdk/client-")?;
    let operation = name.strip_prefix("paginate")?;
    let region = match settings {
        Value::Record(members) => match members.get("client") {
            Some(Value::Client(client)) => client.region.clone(),
            _ => Region::Own,
        },
        _ => Region::Own,
    };
    Some(Found {
        service: service.into(),
        operation: operation.into(),
        request: request.clone(),
        caller: Caller::Own,
        region,
    })
}

fn of_method(client: &Client, name: &str, passed: &crate::evaluate::Passed) -> Option<Found> {
    if facts::sdk(|sdks| &sdks.silent, name).is_some() {
        return None;
    }
    let found = |operation: &str, request: Value| {
        Some(Found {
            service: client.service.clone(),
            operation: operation.into(),
            request,
            caller: client.caller.clone(),
            region: client.region.clone(),
        })
    };
    match &client.kind {
        ClientKind::Pages(operation) => found(operation, passed.request(0)),
        ClientKind::Document => {
            let operation = facts::sdk(|sdks| &sdks.documents, name)?;
            found(operation, passed.request(0))
        }
        ClientKind::Resource(class, identifiers) => {
            let (operation, request) = of_resource(client, class, identifiers, name, passed)?;
            found(&operation, request)
        }
        ClientKind::Plain => match (name, passed.placed.first()) {
            // The command is a call of its own where it is made.
            ("send" | "get_paginator", _) => None,
            _ => match transfer(client, name, passed) {
                Some((operation, request)) => found(&operation, request),
                None => found(name, passed.request(0)),
            },
        },
    }
}

/// The methods of S3 that move files.
fn transfer(client: &Client, name: &str, passed: &crate::evaluate::Passed) -> Option<(Arc<str>, Value)> {
    let row = facts::sdk(|sdks| &sdks.transfers, name).filter(|_| &*client.service == "s3")?;
    let mut words = row.split(' ');
    let operation: Arc<str> = words.next()?.into();
    let mut members = BTreeMap::new();
    for (member, at) in words.filter_map(|word| word.split_once('@')) {
        let value = passed.get(at.parse().unwrap_or(usize::MAX), member);
        members.insert(Arc::from(member), value);
    }
    if members.is_empty() {
        return Some((operation, passed.request(0)));
    }
    Some((operation, Value::Record(Arc::new(members))))
}

fn of_resource(
    client: &Client,
    class: &str,
    identifiers: &[Value],
    name: &str,
    passed: &crate::evaluate::Passed,
) -> Option<(Arc<str>, Value)> {
    if class == "batch" {
        let writes = matches!(name, "put_item" | "delete_item");
        return writes.then(|| ("BatchWriteItem".into(), Value::Unknown));
    }
    let many = class.ends_with("[]");
    let row = facts::resource(&client.service, class.trim_end_matches("[]"))?;
    let spelled = if many { row.batch.get(name) } else { row.calls.get(name) };
    let Some(spelled) = spelled else {
        let moves = matches!(class, "Bucket" | "Object" | "ObjectSummary") && !many;
        let row = facts::sdk(|sdks| &sdks.transfers, name).filter(|_| moves && &*client.service == "s3")?;
        let members = ["Bucket", "Key"].iter().zip(identifiers);
        let members = members.map(|(member, value)| (Arc::from(*member), value.clone())).collect();
        return Some((row.split(' ').next()?.into(), Value::Record(Arc::new(members))));
    };
    let mut words = spelled.split(' ');
    let operation: Arc<str> = words.next()?.into();
    let mut members = passed.named.clone();
    for (member, identifier) in words.filter_map(|word| word.split_once('=')) {
        let at = row.identifiers.iter().position(|known| known == identifier);
        if let Some(value) = at.and_then(|at| identifiers.get(at)) {
            members.insert(member.into(), value.clone());
        }
    }
    Some((operation, Value::Record(Arc::new(members))))
}
