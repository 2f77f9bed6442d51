//! What an instance says: values known at planning, and for the others the references they are made of.

use super::instance::Instance;
use super::reference::{self, Reference};
use super::said;
use crate::nodes::{at, elements, list, literal, object, string};
use crate::terraform::declared::{Declared, marker};
use crate::terraform::policy_document::PART;
use loopguard_pattern::Symbol;
use loopguard_pattern::json::{Member, Span, Value, ValueKind};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// The longest chain of inputs and outputs of modules that is followed.
const MAX_DEPTH: usize = 50;

/// Makes the bodies of one plan's instances.
pub(super) struct Bodies<'v> {
    tree: &'v Value,
    addresses: BTreeSet<Arc<str>>,
    /// Address to what is known only after the plan is applied.
    unknown: BTreeMap<Arc<str>, &'v Value>,
}

/// Where an expression stands: the module's address, and the index of the instance that has it.
#[derive(Clone, Copy)]
struct Scope<'a> {
    module: &'a str,
    index: &'a str,
}

impl<'v> Bodies<'v> {
    pub(super) fn new(tree: &'v Value, instances: &[Instance<'_>]) -> Self {
        let changes = tree.get("resource_changes").map(elements).unwrap_or_default();
        let unknown = changes.iter().filter_map(|change| {
            Some((change.get("address").and_then(literal)?, at(change, "change.after_unknown")?))
        });
        Self {
            tree,
            addresses: instances.iter().map(|instance| instance.address.clone()).collect(),
            unknown: unknown.collect(),
        }
    }

    pub(super) fn declared(&self, instance: &Instance<'v>) -> Declared {
        let nothing = object(instance.span, []);
        let values = instance.values.unwrap_or(&nothing);
        let scope = Scope { module: &instance.module, index: &instance.index };
        let body = match self.unknown.get(&instance.address) {
            Some(unknown) => {
                let expressions = self.expressions(instance);
                self.filled(values, unknown, expressions, "", scope, &instance.address, instance.span)
            }
            None => values.clone(),
        };
        Declared {
            address: instance.address.clone(),
            kind: instance.kind.clone(),
            data: instance.data,
            body,
            span: instance.span,
        }
    }

    fn expressions(&self, instance: &Instance<'_>) -> Option<&'v Value> {
        let base = format!("{}{}.{}", if instance.data { "data." } else { "" }, instance.kind, instance.name);
        let module = self.module(&instance.module)?;
        let resources = module.get("resources").map(elements)?;
        let is = |resource: &&Value| resource.get("address").and_then(literal).is_some_and(|a| *a == *base);
        resources.iter().find(is)?.get("expressions")
    }

    /// Returns the configuration of the module at an address.
    fn module(&self, address: &str) -> Option<&'v Value> {
        let root = at(self.tree, "configuration.root_module")?;
        calls(address).try_fold(root, |module, call| at(module.get("module_calls")?.get(&call)?, "module"))
    }

    /// Returns the known values with what the expressions tell of the others.
    #[expect(clippy::too_many_arguments, reason = "the three trees are walked side by side")]
    fn filled(
        &self,
        values: &Value,
        unknown: &Value,
        expressions: Option<&'v Value>,
        path: &str,
        scope: Scope<'_>,
        address: &str,
        span: Span,
    ) -> Value {
        match (&unknown.kind, &values.kind) {
            (ValueKind::Object(unknowns), _) => {
                let mut made = values.members().to_vec();
                for member in unknowns {
                    let key = &member.key;
                    let nothing = Value { kind: ValueKind::Null, span };
                    let known = values.get(key).unwrap_or(&nothing);
                    let written = expressions.and_then(|expressions| expressions.get(key));
                    let path = if path.is_empty() { key.to_string() } else { format!("{path}.{key}") };
                    let value = self.filled(known, &member.value, written, &path, scope, address, span);
                    if value.kind != ValueKind::Null {
                        made.retain(|other| other.key != *key);
                        made.push(Member { key: key.clone(), key_span: span, value });
                    }
                }
                Value { kind: ValueKind::Object(made), span: values.span }
            }
            (ValueKind::Array(unknowns), kind) => {
                let known = match kind {
                    ValueKind::Array(items) => items.as_slice(),
                    _ => &[],
                };
                let flags = unknowns.iter().any(|one| one.kind == ValueKind::Bool(true));
                if flags {
                    return self.completed(known, expressions, path, scope, address, span);
                }
                let nothing = Value { kind: ValueKind::Null, span };
                let entries = unknowns.iter().enumerate().map(|(number, unknown)| {
                    let known = known.get(number).unwrap_or(&nothing);
                    let blocks = expressions.map(elements).unwrap_or_default();
                    // A block made by `dynamic` has no expressions of its own.
                    self.filled(known, unknown, blocks.get(number), path, scope, address, span)
                });
                Value { kind: ValueKind::Array(entries.collect()), span }
            }
            (ValueKind::Bool(true), _) => match expressions {
                Some(expression) => self.open(expression, path, scope, address, span),
                None => values.clone(),
            },
            _ => values.clone(),
        }
    }

    /// Returns a list whose known elements are completed by what the expression refers to.
    fn completed(
        &self,
        known: &[Value],
        expression: Option<&'v Value>,
        path: &str,
        scope: Scope<'_>,
        address: &str,
        span: Span,
    ) -> Value {
        let mut items: Vec<Value> =
            known.iter().filter(|item| item.kind != ValueKind::Null).cloned().collect();
        match expression {
            Some(expression) => {
                let open = self.open(expression, path, scope, address, span);
                items.extend(elements(&open).iter().cloned());
            }
            None => items.push(after_apply(address, path, span)),
        }
        list(span, items)
    }

    /// Returns a value that is not known before the plan is applied, as far as its references tell it.
    fn open(&self, expression: &'v Value, path: &str, scope: Scope<'_>, address: &str, span: Span) -> Value {
        if let Some(exact) = self.exact(expression, path, scope, span, 0) {
            return if is_part(path) { part_of(exact, span) } else { exact };
        }
        let name = path.rsplit('.').next().unwrap_or(path);
        let listed = references(expression);
        let found: Vec<Option<Value>> = reference::longest(&listed)
            .into_iter()
            .filter(|text| !matches!(reference::parse(text), Reference::Other) || text.starts_with("local."))
            .map(|text| self.reference(text, name, scope, span, 0))
            .collect();
        // A plural holds several: each of them may stand there.
        match found.into_iter().collect::<Option<Vec<Value>>>() {
            Some(all) if name.ends_with('s') && !all.is_empty() => {
                let all = all.into_iter().map(|one| if is_part(path) { part_of(one, span) } else { one });
                list(span, all.collect())
            }
            _ if is_part(path) => list(span, vec![string(span, "*")]),
            _ => after_apply(address, path, span),
        }
    }

    /// Returns what an expression gives, if it is a constant or one reference.
    fn exact(
        &self,
        expression: &'v Value,
        path: &str,
        scope: Scope<'_>,
        span: Span,
        depth: usize,
    ) -> Option<Value> {
        if let Some(constant) = expression.get("constant_value") {
            return Some(Value { kind: constant.kind.clone(), span });
        }
        let name = path.rsplit('.').next().unwrap_or(path);
        let listed = references(expression);
        let leaves: Vec<&str> = reference::longest(&listed)
            .into_iter()
            .filter(|text| !["each.", "count.", "path."].iter().any(|start| text.starts_with(start)))
            .collect();
        match leaves.as_slice() {
            [only] => {
                let found = self.reference(only, name, scope, span, depth)?;
                // A document of one reference is either that document or one made around a name.
                let document = is_document(path) && !only.contains("json");
                (!document || depth > 0).then_some(found)
            }
            _ => None,
        }
    }

    /// Returns what a reference gives.
    fn reference(&self, text: &str, name: &str, scope: Scope<'_>, span: Span, depth: usize) -> Option<Value> {
        if depth >= MAX_DEPTH {
            return None;
        }
        match reference::parse(text) {
            Reference::Resource { base, index, path } => {
                let address = self.instance(&base, &index, scope)?;
                let path = if path.is_empty() { implied(name).to_owned() } else { path };
                Some(marker(span, &address, &path))
            }
            Reference::Variable { name: variable, path } => {
                let value = self.variable(&variable, name, scope, span, depth)?;
                if path.is_empty() { Some(value) } else { at(&value, &path).cloned() }
            }
            Reference::Output { call, index, name: output, path } => {
                let module = self.call(&call, &index, scope)?;
                let config = self.module(&module)?;
                let written = at(config.get("outputs")?.get(&output)?, "expression")?;
                let scope = Scope { module: &module, index: "" };
                let value = self.exact(written, name, scope, span, depth + 1)?;
                if path.is_empty() { Some(value) } else { at(&value, &path).cloned() }
            }
            Reference::Other => None,
        }
    }

    fn variable(
        &self,
        variable: &str,
        name: &str,
        scope: Scope<'_>,
        span: Span,
        depth: usize,
    ) -> Option<Value> {
        if scope.module.is_empty() {
            let value = said(self.tree.get("variables")?.get(variable)?, "value")?;
            return Some(Value { kind: value.kind.clone(), span });
        }
        let (parent, call, index) = parent(scope.module)?;
        let module = self.module(&parent)?;
        let written = at(module.get("module_calls")?.get(&call)?, "expressions");
        let scope = Scope { module: &parent, index: &index };
        if let Some(written) = written.and_then(|written| written.get(variable)) {
            return self.exact(written, name, scope, span, depth + 1);
        }
        let called = self.module(&format!("{}{call}", prefixed(&parent, "module.")))?;
        let default = called.get("variables")?.get(variable)?.get("default")?;
        Some(Value { kind: default.kind.clone(), span })
    }

    /// Returns the address of the instance that is meant: of several without an index the one with the same.
    fn instance(&self, base: &str, index: &str, scope: Scope<'_>) -> Option<Arc<str>> {
        let base = prefixed(scope.module, base);
        let known = |address: String| self.addresses.get(&*address).cloned();
        if !index.is_empty() {
            return known(format!("{base}{index}"));
        }
        known(base.clone()).or_else(|| known(format!("{base}{}", scope.index))).or_else(|| {
            let start = format!("{base}[");
            let mut instances = self.addresses.iter().filter(|address| address.starts_with(&*start));
            let only = instances.next()?;
            instances.next().is_none().then(|| only.clone())
        })
    }

    /// Returns the address of the called module's instance that is meant.
    fn call(&self, call: &str, index: &str, scope: Scope<'_>) -> Option<String> {
        let base = prefixed(scope.module, &format!("module.{call}"));
        let lives = |address: &String| {
            let start = format!("{address}.");
            self.addresses.iter().any(|known| known.starts_with(&*start))
        };
        let plain = format!("{base}{index}");
        [plain.clone(), format!("{base}{}", scope.index)].into_iter().find(lives).or(Some(plain))
    }
}

/// Returns the references of an expression.
fn references(expression: &Value) -> Vec<Arc<str>> {
    expression.get("references").map(elements).unwrap_or_default().iter().filter_map(literal).collect()
}

/// Returns the attribute that is meant where a plan lists the resource alone (an index that is not constant).
fn implied(name: &str) -> &'static str {
    let arn =
        name.ends_with("arn") || name.ends_with("arns") || matches!(name, "endpoint" | "target" | "source");
    if arn { "arn" } else { "id" }
}

/// Returns whether a path holds a whole document, of which references tell little.
fn is_document(path: &str) -> bool {
    let name = path.rsplit('.').next().unwrap_or(path);
    let names =
        ["policy", "definition", "event_pattern", "content", "container_definitions", "container_properties"];
    names.contains(&name) || name.ends_with("_policy") || name == "input"
}

/// Returns whether a path holds resources of a policy's statement: what begins with the ARN that is referred to.
fn is_part(path: &str) -> bool {
    path == "statement.resources"
}

/// Marks values as what a statement's resource begins with.
fn part_of(value: Value, span: Span) -> Value {
    match value.kind {
        ValueKind::Array(items) => list(span, items.into_iter().map(|item| part_of(item, span)).collect()),
        ValueKind::Null => value,
        _ => object(span, [(PART, value)]),
    }
}

/// Returns a value of which nothing is known.
fn after_apply(address: &str, path: &str, span: Span) -> Value {
    let name = format!("{address}.{path}");
    let kind = if is_document(path) {
        ValueKind::Opaque(format!("{name}, known only after the plan is applied").into())
    } else {
        ValueKind::String(Symbol::given("value known after apply", &name).into())
    };
    Value { kind, span }
}

fn prefixed(module: &str, address: &str) -> String {
    if module.is_empty() { address.to_owned() } else { format!("{module}.{address}") }
}

/// Returns the names of the calls in a module's address, without their indices.
fn calls(address: &str) -> impl Iterator<Item = String> {
    split(address).into_iter().map(|(call, _)| call)
}

/// Returns the parent's address, the call's name and its index.
fn parent(address: &str) -> Option<(String, String, String)> {
    let mut steps = split(address);
    let (call, index) = steps.pop()?;
    let steps: Vec<String> = steps.into_iter().map(|(call, index)| format!("module.{call}{index}")).collect();
    Some((steps.join("."), call, index))
}

/// Returns the calls of a module's address with their indices.
fn split(address: &str) -> Vec<(String, String)> {
    let mut steps = Vec::new();
    let mut rest = address;
    while let Reference::Output { call, index, .. } = reference::parse(&format!("{rest}.x")) {
        let step = format!("module.{call}{index}");
        steps.push((call, index));
        match rest.strip_prefix(&*step).and_then(|rest| rest.strip_prefix('.')) {
            Some(more) => rest = more,
            None => break,
        }
    }
    steps
}
