//! Members of values.

use crate::facts;
use crate::program::Program;
use crate::region::Region;
use crate::value::{Client, ClientKind, Value};
use std::sync::Arc;

/// What every event of EventBridge has on top.
const OF_EVENTS: &[&str] =
    &["detail", "source", "detail-type", "account", "region", "id", "time", "resources"];

impl Program<'_> {
    /// Returns `value.name`.
    pub(crate) fn member(&self, value: &Value, name: &Arc<str>, depth: usize) -> Value {
        match value {
            Value::OneOf(several) => Value::one_of(several.iter().map(|one| self.member(one, name, depth))),
            Value::Outside(path) => match made(path) {
                Some("environment") => match &**name {
                    "get" => Value::Outside("os.environ.get".into()),
                    name => self.variable(name),
                },
                _ => outside_member(path, name),
            },
            Value::Local(file) => self.exported(*file, name, depth),
            Value::Object(file, class) => self.attribute(*file, *class, name, depth),
            Value::Credentials(_) => value.clone(),
            Value::Event(_) if matches!(&**name, "get" | "includes" | "startsWith" | "startswith") => {
                method(value, name)
            }
            Value::Event(path) => {
                event_part(path, if &**name == "detail_type" { "detail-type" } else { name })
            }
            Value::Record(members) => match members.get(name) {
                Some(member) => member.clone(),
                None => method(value, name),
            },
            Value::Client(client) => resource_member(client, name).unwrap_or_else(|| method(value, name)),
            Value::Session(_, region) if &**name == "region_name" => match region {
                Region::Own => Value::Here,
                Region::Named(name) => Value::Text(name.clone()),
                Region::Open => Value::Unknown,
            },
            Value::Session(..) | Value::Text(_) | Value::Function(..) => method(value, name),
            _ => Value::Unknown,
        }
    }

    /// Returns `value["name"]`.
    pub(crate) fn member_at(&self, value: &Value, name: &Arc<str>, depth: usize) -> Value {
        match value {
            Value::OneOf(several) => {
                Value::one_of(several.iter().map(|one| self.member_at(one, name, depth)))
            }
            Value::Event(path) => event_part(path, name),
            Value::Record(members) => members.get(name).cloned().unwrap_or(Value::Unknown),
            Value::Outside(path) if made(path) == Some("environment") => self.variable(name),
            other => self.member(other, name, depth),
        }
    }

    /// Returns a variable of the environment, as the workload's properties give it.
    pub(crate) fn variable(&self, name: &str) -> Value {
        if facts::sdk(|sdks| &sdks.regions, name).is_some() {
            return Value::Here;
        }
        let term = self.environment.get(&*format!("Environment.Variables.{name}"));
        term.map_or(Value::Unknown, |term| Value::Text(term.clone()))
    }

    fn attribute(&self, file: usize, class: usize, name: &Arc<str>, depth: usize) -> Value {
        let Some(module) = self.modules.get(file) else { return Value::Unknown };
        if let Some(method) = module.method(class, name) {
            return Value::Function(file, method);
        }
        let set = module.attributes.get(&(class, name.clone())).into_iter().flatten();
        let of_class = module.of_scope(class, name).iter().map(|bound| match bound {
            crate::expr::Bound::Value(value, way) if way.is_empty() => self.value(file, *value, depth),
            _ => Value::Unknown,
        });
        let found = Value::one_of(set.map(|value| self.value(file, *value, depth)).chain(of_class));
        if found == Value::Nothing { Value::Unknown } else { found }
    }
}

/// Returns what the table says that the name is.
pub(super) fn made(path: &str) -> Option<&'static str> {
    facts::sdk(|sdks| &sdks.makes, path)
}

fn method(value: &Value, name: &Arc<str>) -> Value {
    Value::Method(Arc::new((value.clone(), name.clone())))
}

/// The first member of a package of Node.js stands behind `#`, all others behind a dot.
fn outside_member(path: &Arc<str>, name: &Arc<str>) -> Value {
    let package = path.starts_with('@')
        || path.starts_with("aws-")
        || path.starts_with("node:")
        || &**path == "process";
    match (package, path.contains('#'), &**name) {
        (true, false, "default") => Value::Outside(path.clone()),
        (true, false, name) => Value::Outside(format!("{path}#{name}").into()),
        (_, _, name) => Value::Outside(format!("{path}.{name}").into()),
    }
}

fn event_part(path: &str, name: &str) -> Value {
    if path.is_empty() {
        return if OF_EVENTS.contains(&name) { Value::Event(name.into()) } else { Value::Unknown };
    }
    Value::Event(format!("{path}.{name}").into())
}

/// An attribute of a resource object that is another resource or a collection.
fn resource_member(client: &Arc<Client>, name: &str) -> Option<Value> {
    let ClientKind::Resource(class, identifiers) = &client.kind else { return None };
    let is_attribute = name.chars().next().is_some_and(char::is_lowercase);
    let lead = facts::resource(&client.service, class)?.leads.get(name).filter(|_| is_attribute)?;
    (!lead.contains('?')).then(|| led(client, class, identifiers, lead, &[]))
}

/// Returns the resource that a way leads to.
pub(super) fn led(client: &Client, class: &str, known: &[Value], lead: &str, given: &[Value]) -> Value {
    let mut words = lead.split(' ');
    let next = words.next().unwrap_or_default();
    let names =
        facts::resource(&client.service, class).map(|row| row.identifiers.as_slice()).unwrap_or_default();
    let mut given = given.iter().cloned();
    let identifiers = words
        .map(|word| match word {
            "?" => given.next().unwrap_or(Value::Unknown),
            word => {
                let at = names.iter().position(|name| name == word);
                at.and_then(|at| known.get(at).cloned()).unwrap_or(Value::Unknown)
            }
        })
        .collect();
    let kind = ClientKind::Resource(next.into(), identifiers);
    Value::Client(Arc::new(Client { kind, ..client.clone() }))
}

/// Returns an element of a collection.
pub(super) fn element(client: &Arc<Client>) -> Value {
    match &client.kind {
        ClientKind::Resource(class, identifiers) if class.ends_with("[]") => {
            let kind = ClientKind::Resource(class.trim_end_matches("[]").into(), identifiers.clone());
            Value::Client(Arc::new(Client { kind, ..(**client).clone() }))
        }
        _ => Value::Unknown,
    }
}
