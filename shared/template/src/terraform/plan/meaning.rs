//! What an expression of the configuration means, as far as the references tell that a plan lists for it.
//!
//! A plan lists what an expression refers to, not how. An expression of which only one reference is open gives that one:
//! what decides a choice, or is its other side, is known while the plan is made.

use super::instance::Instance;
use super::reference::{self, Reference};
use super::said;
use crate::nodes::{at, elements, literal};
use crate::terraform::declared::{marked, marker};
use loopguard_pattern::Term;
use loopguard_pattern::json::{Span, Value, ValueKind};
use std::cell::Cell;
use std::collections::BTreeMap;
use std::sync::Arc;

/// The longest chain of inputs and outputs of modules that is followed, and the most references of one value.
const MAX_DEPTH: usize = 50;
const MAX_STEPS: usize = 2_000;

/// Tells what the expressions of one plan mean.
pub(super) struct Meanings<'v> {
    tree: &'v Value,
    /// Address to what is known of it.
    known: BTreeMap<Arc<str>, Option<&'v Value>>,
    steps: Cell<usize>,
}

/// Where an expression stands.
#[derive(Clone, Copy)]
pub(super) struct Scope<'a, 'v> {
    /// The module's address.
    pub(super) module: &'a str,
    /// The index of the instance that has the expression.
    pub(super) index: &'a str,
    /// What `for_each` goes over there.
    pub(super) each: Option<&'v Value>,
}

/// What is asked for.
#[derive(Clone, Copy)]
pub(super) struct Wanted<'a> {
    /// The path of the argument.
    pub(super) path: &'a str,
    /// Where the answer stands.
    pub(super) span: Span,
}

impl Wanted<'_> {
    /// Returns the argument's own name.
    pub(super) fn name(&self) -> &str {
        self.path.rsplit('.').next().unwrap_or(self.path)
    }
}

impl<'v> Meanings<'v> {
    pub(super) fn new(tree: &'v Value, instances: &[Instance<'v>]) -> Self {
        let known = instances.iter().map(|instance| (instance.address.clone(), instance.values));
        Self { tree, known: known.collect(), steps: Cell::new(0) }
    }

    /// Returns what the plan lists of the configuration of an instance's resource.
    pub(super) fn resource(&self, instance: &Instance<'_>) -> Option<&'v Value> {
        let base = format!("{}{}.{}", if instance.data { "data." } else { "" }, instance.kind, instance.name);
        let resources = self.module(&instance.module)?.get("resources").map(elements)?;
        resources
            .iter()
            .find(|resource| resource.get("address").and_then(literal).is_some_and(|a| *a == *base))
    }

    /// Returns the configuration of the module at an address.
    fn module(&self, address: &str) -> Option<&'v Value> {
        let root = at(self.tree, "configuration.root_module")?;
        calls(address).try_fold(root, |module, call| at(module.get("module_calls")?.get(&call)?, "module"))
    }

    /// Returns what an expression gives, if it is a constant or if one of its references alone is open.
    pub(super) fn exact(
        &self,
        expression: &'v Value,
        wanted: Wanted<'_>,
        scope: Scope<'_, 'v>,
    ) -> Option<Value> {
        self.steps.set(0);
        self.at_depth(expression, wanted, scope, 0)
    }

    /// Returns what a single reference gives.
    pub(super) fn one(&self, text: &str, wanted: Wanted<'_>, scope: Scope<'_, 'v>) -> Option<Value> {
        self.steps.set(0);
        self.reference(text, wanted, scope, 0)
    }

    fn at_depth(
        &self,
        expression: &'v Value,
        wanted: Wanted<'_>,
        scope: Scope<'_, 'v>,
        depth: usize,
    ) -> Option<Value> {
        if let Some(constant) = expression.get("constant_value") {
            return Some(Value { kind: constant.kind.clone(), span: wanted.span });
        }
        let listed = references(expression);
        let longest = reference::longest(&listed);
        let (places, leaves): (Vec<&str>, Vec<&str>) = longest
            .into_iter()
            .partition(|text| ["each.", "count.", "path."].iter().any(|own| text.starts_with(own)));
        let leaves = if leaves.is_empty() { places } else { leaves };
        let only = self.only_open(&leaves, wanted, scope, depth)?;
        // A document of one reference is either that document or one made around a name.
        let document = is_document(wanted.path) && !listed.iter().any(|text| text.contains("json"));
        (!document || depth > 0).then_some(only)
    }

    /// Returns the one of the references that may not be known while the plan is made.
    fn only_open(
        &self,
        leaves: &[&str],
        wanted: Wanted<'_>,
        scope: Scope<'_, 'v>,
        depth: usize,
    ) -> Option<Value> {
        if let [only] = leaves {
            return self.reference(only, wanted, scope, depth);
        }
        let mut open = Vec::new();
        for leaf in leaves {
            let value = self.reference(leaf, wanted, scope, depth)?;
            if !self.is_aside(&value) {
                open.push(value);
            }
        }
        let only = open.pop()?;
        open.is_empty().then_some(only)
    }

    /// Returns true iff the value is known and no part of a text: a flag, nothing, or a whole ARN.
    fn is_aside(&self, value: &Value) -> bool {
        let behind;
        let value = match marked(value) {
            Some((address, path)) => {
                let known = self.known.get(&address).copied().flatten().and_then(|values| at(values, &path));
                // What is not known before the plan is applied is left out of the values.
                let Some(known) = known.filter(|known| known.kind != ValueKind::Null) else { return false };
                behind = known;
                behind
            }
            None => value,
        };
        match &value.kind {
            ValueKind::Null | ValueKind::Bool(_) => true,
            ValueKind::String(term) => {
                *term == Term::default() || term.as_str().is_some_and(|text| text.starts_with("arn:"))
            }
            ValueKind::Array(items) => items.is_empty(),
            ValueKind::Object(members) => members.is_empty(),
            _ => false,
        }
    }

    /// Returns what a reference gives.
    fn reference(&self, text: &str, wanted: Wanted<'_>, scope: Scope<'_, 'v>, depth: usize) -> Option<Value> {
        let steps = self.steps.get();
        if depth >= MAX_DEPTH || steps >= MAX_STEPS {
            return None;
        }
        self.steps.set(steps + 1);
        let behind = |value: Value, path: &str| {
            if path.is_empty() { Some(value) } else { at(&value, path).cloned() }
        };
        match reference::parse(text) {
            Reference::Resource { base, index, path } => {
                let address = self.instance(&base, &index, scope)?;
                let path = if path.is_empty() { implied(wanted.name()).to_owned() } else { path };
                Some(marker(wanted.span, &address, &path))
            }
            Reference::Variable { name: variable, path } => {
                behind(self.variable(&variable, wanted, scope, depth)?, &path)
            }
            Reference::Output { call, index, name: output, path } => {
                behind(self.output(&call, &index, &output, wanted, scope, depth)?, &path)
            }
            Reference::Each { path } => self.each(&path, wanted, scope, depth),
            Reference::Other => None,
        }
    }

    fn output(
        &self,
        call: &str,
        index: &str,
        output: &str,
        wanted: Wanted<'_>,
        scope: Scope<'_, 'v>,
        depth: usize,
    ) -> Option<Value> {
        let module = self.call(call, index, scope)?;
        let written = at(self.module(&module)?.get("outputs")?.get(output)?, "expression")?;
        self.at_depth(written, wanted, Scope { module: &module, index: "", each: None }, depth + 1)
    }

    fn variable(
        &self,
        variable: &str,
        wanted: Wanted<'_>,
        scope: Scope<'_, 'v>,
        depth: usize,
    ) -> Option<Value> {
        let standing = |value: &Value| Value { kind: value.kind.clone(), span: wanted.span };
        if scope.module.is_empty() {
            return said(self.tree.get("variables")?.get(variable)?, "value").map(standing);
        }
        let (parent, call, index) = parent(scope.module)?;
        let call = self.module(&parent)?.get("module_calls")?.get(&call)?;
        let scope = Scope { module: &parent, index: &index, each: call.get("for_each_expression") };
        if let Some(written) = at(call, "expressions").and_then(|written| written.get(variable)) {
            return self.at_depth(written, wanted, scope, depth + 1);
        }
        at(call, "module.variables")?.get(variable)?.get("default").map(standing)
    }

    /// Returns what `each.value` and a path behind it give: `for_each` goes over resources or calls of the same keys, or
    /// over a map in which one thing alone is open.
    fn each(&self, path: &str, wanted: Wanted<'_>, scope: Scope<'_, 'v>, depth: usize) -> Option<Value> {
        let listed = references(scope.each?);
        let leaves = reference::longest(&listed);
        if let [only] = leaves.as_slice() {
            let over = format!("{only}{}", scope.index);
            match reference::parse(&over) {
                Reference::Resource { base, index, path: own } if own.is_empty() => {
                    if let Some(address) = self.instance(&base, &index, scope) {
                        let path = if path.is_empty() { implied(wanted.name()) } else { path };
                        return Some(marker(wanted.span, &address, path));
                    }
                }
                _ if only.starts_with("module.") && !path.is_empty() => {
                    if let Some(found) = self.reference(&format!("{over}.{path}"), wanted, scope, depth + 1) {
                        return Some(found);
                    }
                }
                _ => {}
            }
        }
        // Within `for_each` there is no `each`.
        self.only_open(&leaves, wanted, Scope { each: None, ..scope }, depth + 1)
    }

    /// Returns the address of the instance that is meant: of several without an index the one with the same.
    fn instance(&self, base: &str, index: &str, scope: Scope<'_, '_>) -> Option<Arc<str>> {
        let base = prefixed(scope.module, base);
        let known = |address: String| self.known.get_key_value(&*address).map(|(address, _)| address.clone());
        if !index.is_empty() {
            return known(format!("{base}{index}"));
        }
        known(base.clone()).or_else(|| known(format!("{base}{}", scope.index))).or_else(|| {
            let start = format!("{base}[");
            let mut instances = self.known.keys().filter(|address| address.starts_with(&*start));
            let only = instances.next()?;
            instances.next().is_none().then(|| only.clone())
        })
    }

    /// Returns the address of the called module's instance that is meant.
    fn call(&self, call: &str, index: &str, scope: Scope<'_, '_>) -> Option<String> {
        let base = prefixed(scope.module, &format!("module.{call}"));
        let lives = |address: &String| {
            let start = format!("{address}.");
            self.known.keys().any(|known| known.starts_with(&*start))
        };
        let plain = format!("{base}{index}");
        [plain.clone(), format!("{base}{}", scope.index)].into_iter().find(lives).or(Some(plain))
    }
}

/// Returns whether a path holds a whole document, of which references tell little.
pub(super) fn is_document(path: &str) -> bool {
    let name = path.rsplit('.').next().unwrap_or(path);
    let names =
        ["policy", "definition", "event_pattern", "content", "container_definitions", "container_properties"];
    names.contains(&name) || name.ends_with("_policy") || name == "input"
}

/// Returns the references of an expression.
pub(super) fn references(expression: &Value) -> Vec<Arc<str>> {
    expression.get("references").map(elements).unwrap_or_default().iter().filter_map(literal).collect()
}

/// Returns the attribute that is meant where a plan lists the resource alone (an index that is not constant).
fn implied(name: &str) -> &'static str {
    let arn =
        name.ends_with("arn") || name.ends_with("arns") || matches!(name, "endpoint" | "target" | "source");
    if arn { "arn" } else { "id" }
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
