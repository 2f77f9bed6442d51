//! What an instance says: values known at planning, and for the others the references they are made of.

use super::instance::Instance;
use super::meaning::{Meanings, Scope, Wanted, is_document, references};
use super::reference::{self, Reference};
use crate::facts;
use crate::nodes::{at, elements, list, literal, object, same, string};
use crate::terraform::declared::Declared;
use crate::terraform::policy_document::{PART, placed};
use loopguard_pattern::json::{Member, Span, Value, ValueKind};
use loopguard_pattern::{Part, Symbol};
use std::collections::BTreeMap;
use std::sync::Arc;

/// Makes the bodies of one plan's instances.
pub(super) struct Bodies<'v> {
    meanings: Meanings<'v>,
    /// Address to what is known only after the plan is applied.
    unknown: BTreeMap<Arc<str>, &'v Value>,
    /// Address to what the configuration says.
    written: BTreeMap<Arc<str>, &'v Value>,
}

/// The instance whose body is made.
struct Making<'a, 'v> {
    meanings: &'a Meanings<'v>,
    instance: &'a Instance<'v>,
    scope: Scope<'a, 'v>,
    /// The argument that names the resource itself, which may be made around a reference.
    own_name: Option<&'static str>,
    /// What the configuration says, where it is read.
    written: Option<&'v Value>,
}

impl<'v> Bodies<'v> {
    pub(super) fn new(tree: &'v Value, instances: &[Instance<'v>], written: &'v [Declared]) -> Self {
        let changes = tree.get("resource_changes").map(elements).unwrap_or_default();
        let unknown = changes.iter().filter_map(|change| {
            Some((change.get("address").and_then(literal)?, at(change, "change.after_unknown")?))
        });
        Self {
            meanings: Meanings::new(tree, instances),
            unknown: unknown.collect(),
            written: written.iter().map(|one| (one.address.clone(), &one.body)).collect(),
        }
    }

    pub(super) fn declared(&self, instance: &Instance<'v>) -> Declared {
        let nothing = object(instance.span, []);
        let values = instance.values.unwrap_or(&nothing);
        let body = match self.unknown.get(&instance.address) {
            Some(unknown) => {
                let written = self.meanings.resource(instance);
                let each = written.and_then(|written| written.get("for_each_expression"));
                let scope = Scope { module: &instance.module, index: &instance.index, each };
                let own_name = own_name(&instance.kind);
                let expressions = written.and_then(|written| written.get("expressions"));
                let written = self.written.get(&instance.address).copied();
                let making = Making { meanings: &self.meanings, instance, scope, own_name, written };
                making.filled(values, unknown, expressions, "")
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
}

impl<'v> Making<'_, 'v> {
    /// Returns the known values with what the expressions tell of the others.
    fn filled(&self, values: &Value, unknown: &Value, written: Option<&'v Value>, path: &str) -> Value {
        match &unknown.kind {
            ValueKind::Object(unknowns) => self.block(values, unknowns, written, path),
            ValueKind::Array(unknowns) => {
                let known = match &values.kind {
                    ValueKind::Array(items) => items.as_slice(),
                    _ => &[],
                };
                if unknowns.iter().any(|one| one.kind == ValueKind::Bool(true)) {
                    return self.completed(known, written, path);
                }
                let nothing = Value { kind: ValueKind::Null, span: self.instance.span };
                let blocks = written.map(elements).unwrap_or_default();
                let entries = unknowns.iter().enumerate().map(|(number, unknown)| {
                    let known = known.get(number).unwrap_or(&nothing);
                    let even = (blocks.len() == unknowns.len()).then_some(number);
                    self.filled(known, unknown, block_of(known, blocks, even), path)
                });
                Value { kind: ValueKind::Array(entries.collect()), span: self.instance.span }
            }
            ValueKind::Bool(true) => match written {
                Some(expression) => self.open(expression, path),
                // What the configuration says stands for what `dynamic` makes there.
                None if self.said(path).is_some() => self.said(path).unwrap_or_else(|| values.clone()),
                // What the provider chooses; within a block, what `dynamic` makes, of which a plan lists no expressions.
                None if path.contains('.') => self.after_apply(path, &[]),
                None if self.instance.data && path == "statement" => list(
                    self.instance.span,
                    vec![self.opaque("statements made for each of what is not known")],
                ),
                None => values.clone(),
            },
            _ => values.clone(),
        }
    }

    fn block(&self, values: &Value, unknowns: &[Member], written: Option<&'v Value>, path: &str) -> Value {
        let span = self.instance.span;
        let mut made = values.members().to_vec();
        for member in unknowns {
            let key = &member.key;
            let nothing = Value { kind: ValueKind::Null, span };
            let known = values.get(key).unwrap_or(&nothing);
            let written = written.and_then(|expressions| expressions.get(key));
            let path = if path.is_empty() { key.to_string() } else { format!("{path}.{key}") };
            let value = self.filled(known, &member.value, written, &path);
            if value.kind != ValueKind::Null {
                made.retain(|other| other.key != *key);
                made.push(Member { key: key.clone(), key_span: span, value });
            }
        }
        Value { kind: ValueKind::Object(made), span: values.span }
    }

    /// Returns a list whose known elements are completed by what the expression refers to.
    fn completed(&self, known: &[Value], expression: Option<&'v Value>, path: &str) -> Value {
        let mut items: Vec<Value> =
            known.iter().filter(|item| item.kind != ValueKind::Null).cloned().collect();
        match expression {
            Some(expression) => items.extend(elements(&self.open(expression, path)).iter().cloned()),
            None => items.push(self.after_apply(path, &[])),
        }
        list(self.instance.span, items)
    }

    /// Returns a value that is not known before the plan is applied, as far as its references tell it.
    fn open(&self, expression: &'v Value, path: &str) -> Value {
        let span = self.instance.span;
        let wanted = Wanted { path, span };
        let listed = references(expression);
        let longest = reference::longest(&listed);
        // What a text around the reference would leave out is left out of nothing.
        if self.own_name == Some(path) || path == "statement.not_resources" {
            return self.after_apply(path, &longest);
        }
        if let Some(said) = self.said(path) {
            return said;
        }
        if let Some(exact) = self.meanings.exact(expression, wanted, self.scope) {
            return if is_part(path) { part_of(exact, span) } else { exact };
        }
        let found: Vec<Option<Value>> = longest
            .iter()
            .filter(|text| !matches!(reference::parse(text), Reference::Other) || text.starts_with("local."))
            .map(|text| self.meanings.one(text, wanted, self.scope))
            .collect();
        // A plural holds several: each of them may stand there.
        match found.into_iter().collect::<Option<Vec<Value>>>() {
            Some(all) if wanted.name().ends_with('s') && !all.is_empty() => {
                let all = all.into_iter().map(|one| if is_part(path) { part_of(one, span) } else { one });
                list(span, all.collect())
            }
            _ if is_part(path) => part_of(string(span, ""), span),
            _ => self.after_apply(path, &longest),
        }
    }

    /// Returns what the configuration says of an argument, standing where the plan has the instance; none where it leaves the
    /// whole open, too.
    fn said(&self, path: &str) -> Option<Value> {
        let value = at(self.written?, path).filter(|value| value.kind != ValueKind::Null)?;
        let open = match &value.kind {
            ValueKind::Opaque(_) => true,
            ValueKind::String(term) => matches!(term.parts(), [Part::Symbol(_)]),
            _ => false,
        };
        (!open).then(|| placed(value.clone(), self.instance.span))
    }

    /// Returns a value of which nothing is known but what it is made of.
    fn after_apply(&self, path: &str, made_of: &[&str]) -> Value {
        let name = format!("{}.{path}", self.instance.address);
        let name = match made_of {
            [] => name,
            some => format!("{name}, made of {}", some.join(", ")),
        };
        if is_document(path) {
            return self.opaque(&format!("{name}, known only after the plan is applied"));
        }
        let symbol = Symbol::given("value known after apply", &name);
        Value { kind: ValueKind::String(symbol.into()), span: self.instance.span }
    }

    fn opaque(&self, what: &str) -> Value {
        Value { kind: ValueKind::Opaque(what.into()), span: self.instance.span }
    }
}

/// Returns the argument that gives a resource its name.
fn own_name(kind: &str) -> Option<&'static str> {
    let fact = facts::terraform(kind)?;
    let property = facts::resource(&fact.class)?.name.as_str();
    fact.arguments.iter().find(|(_, argument)| argument.to == property).map(|(path, _)| path.as_str())
}

/// Returns the block of the configuration that an entry comes from: the one whose constants the entry has, of several
/// such the one at the entry's place, if the entries stand as the blocks do. Sets stand in another order.
fn block_of<'v>(known: &Value, blocks: &'v [Value], place: Option<usize>) -> Option<&'v Value> {
    let agrees = |block: &&Value| {
        block.members().iter().all(|member| match member.value.get("constant_value") {
            Some(constant) => known.get(&member.key).is_none_or(|own| same(own, constant)),
            None => true,
        })
    };
    let mut fitting = blocks.iter().filter(agrees);
    match (fitting.next(), fitting.next()) {
        (Some(only), None) if place.is_some() => Some(only),
        (Some(_), Some(_)) => blocks.get(place?).filter(agrees),
        _ => None,
    }
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
