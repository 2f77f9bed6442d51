//! What expressions are worth, as far as it can be told without running them.
//!
//! Variables are followed whatever the order of statements: a name that is set twice is one of both.

mod call;
mod member;

pub(crate) use call::Passed;

use crate::expr::{Bound, Entry, Expr, Step};
use crate::program::Program;
use crate::tree::NodeId;
use crate::value::{FileId, Value};
use loopguard_pattern::Term;
use std::collections::BTreeMap;
use std::sync::Arc;

/// How many steps deep an expression is followed.
const DEEPEST: usize = 48;

/// How many steps are taken for one function.
const MOST_STEPS: usize = 400_000;

impl Program<'_> {
    /// Returns what the node is worth.
    pub(crate) fn value(&self, file: FileId, node: NodeId, depth: usize) -> Value {
        if depth > DEEPEST || self.steps.get() > MOST_STEPS {
            return Value::Unknown;
        }
        self.steps.set(self.steps.get() + 1);
        match self.known.borrow().get(&(file, node)) {
            Some(Some(value)) => return value.clone(),
            // It leads to itself.
            Some(None) => return Value::Nothing,
            None => {}
        }
        self.known.borrow_mut().insert((file, node), None);
        let value = self.found(file, node, depth + 1);
        self.known.borrow_mut().insert((file, node), Some(value.clone()));
        value
    }

    fn found(&self, file: FileId, node: NodeId, depth: usize) -> Value {
        let Some(module) = self.modules.get(file) else { return Value::Unknown };
        let value = |node| self.value(file, node, depth);
        match module.grammar.expr(&module.tree, node) {
            Expr::Other => Value::Unknown,
            Expr::Nothing => Value::Nothing,
            Expr::Number => Value::Number,
            Expr::Text(text) => Value::Text(self.with_symbols(&text)),
            Expr::Joined(parts) => joined(parts.into_iter().map(value)),
            Expr::Name(name) => self.named(file, node, &name, depth),
            Expr::This => {
                module.class_around(node).map_or(Value::Unknown, |class| Value::Object(file, class))
            }
            Expr::Member(object, name) => self.member(&value(object), &name, depth),
            Expr::Index(object, index) => match value(index) {
                Value::Text(term) => match term.as_literal() {
                    Some(name) => self.member_at(&value(object), &name, depth),
                    None => Value::Unknown,
                },
                Value::Number => self.part(value(object), &[Step::Any], depth),
                _ => Value::Unknown,
            },
            Expr::Call { callee, arguments, new } => self.call(file, callee, &arguments, new, depth),
            Expr::List(items) => Value::List(Arc::new(items.into_iter().map(value).collect())),
            Expr::Record(entries) => self.record(file, &entries, depth),
            Expr::Either(parts) => Value::one_of(parts.into_iter().map(value)),
            Expr::Function => Value::Function(file, node),
            Expr::Class => Value::Class(file, node),
            Expr::Required(asked) => self.imported(file, &asked, None, depth),
            Expr::Same(inner) => value(inner),
        }
    }

    /// Returns the text as a term: words that stand for symbols are symbols again.
    pub(crate) fn with_symbols(&self, text: &str) -> Term {
        let mut pieces = vec![Term::literal(text)];
        for (word, symbol) in self.symbols {
            pieces = pieces
                .into_iter()
                .flat_map(|piece| match piece.as_literal() {
                    Some(text) if text.contains(word.as_str()) => {
                        let mut parts: Vec<Term> = Vec::new();
                        for (at, rest) in text.split(word.as_str()).enumerate() {
                            if at > 0 {
                                parts.push(symbol.clone().into());
                            }
                            parts.push(Term::literal(rest));
                        }
                        parts
                    }
                    _ => vec![piece],
                })
                .collect();
        }
        Term::concat(pieces)
    }

    fn named(&self, file: FileId, node: NodeId, name: &Arc<str>, depth: usize) -> Value {
        let Some(module) = self.modules.get(file) else { return Value::Unknown };
        let bounds = module.lookup(node, name);
        if bounds.is_empty() {
            let taken = module.taken_in().iter().find_map(|bound| match bound {
                Bound::Imported { module, .. } => self.local(file, module, None),
                _ => None,
            });
            return match taken {
                Some(other) => self.exported(other, name, depth),
                None => Value::Outside(name.clone()),
            };
        }
        self.bound(file, bounds, depth)
    }

    /// Returns what one of the bounds gives.
    fn bound(&self, file: FileId, bounds: &[Bound], depth: usize) -> Value {
        let added: Vec<Value> = bounds
            .iter()
            .filter_map(|bound| match bound {
                Bound::Added(value) => Some(self.value(file, *value, depth)),
                _ => None,
            })
            .collect();
        let set = Value::one_of(bounds.iter().map(|bound| match bound {
            Bound::Value(value, way) => self.part(self.value(file, *value, depth), way, depth),
            Bound::Parameter { function, at, way, default } => {
                let passed = self.passed(file, *function, *at, depth);
                let default = default.map(|default| self.value(file, default, depth));
                self.part(Value::one_of(std::iter::once(passed).chain(default)), way, depth)
            }
            Bound::Imported { module, name } => self.imported(file, module, name.as_deref(), depth),
            Bound::Defined(node) => match self.modules.get(file) {
                Some(module) if module.classes.contains_key(node) => Value::Class(file, *node),
                _ => Value::Function(file, *node),
            },
            Bound::Declared | Bound::Added(_) | Bound::Outer => Value::Nothing,
            Bound::Assigned(value) => self.value(file, *value, depth),
            Bound::Opaque => Value::Unknown,
        }));
        match set {
            Value::List(items) if !added.is_empty() => {
                Value::List(Arc::new(items.iter().cloned().chain(added).collect()))
            }
            set => set,
        }
    }

    fn imported(&self, file: FileId, asked: &str, name: Option<&str>, depth: usize) -> Value {
        let python = self.modules.get(file).is_some_and(|module| module.grammar.is_python());
        if let Some(local) = self.local(file, asked, name) {
            let Some(name) = name else { return Value::Local(local) };
            let is_file = python
                && self.modules.get(local).is_some_and(|module| {
                    let stem = module.path.rsplit('/').next().unwrap_or_default();
                    stem.strip_suffix(".py") == Some(name) && !asked.ends_with(name)
                });
            return if is_file { Value::Local(local) } else { self.exported(local, &name.into(), depth) };
        }
        Value::Outside(match name {
            None | Some("default") if !python => asked.into(),
            None => asked.into(),
            Some(name) if python => format!("{asked}.{name}").into(),
            Some(name) => format!("{asked}#{name}").into(),
        })
    }

    /// Returns what the file makes known under the name.
    pub(crate) fn exported(&self, file: FileId, name: &Arc<str>, depth: usize) -> Value {
        let Some(module) = self.modules.get(file) else { return Value::Unknown };
        if let Some(value) = module.exported.get(name) {
            return self.value(file, *value, depth);
        }
        let bounds = module.of_scope(0, name);
        if !bounds.is_empty() {
            return self.bound(file, bounds, depth);
        }
        match module.exported.get("*") {
            Some(all) => match self.value(file, *all, depth) {
                whole @ (Value::Object(..) | Value::Client(_)) if &**name == "default" => whole,
                whole => self.member(&whole, name, depth),
            },
            None => Value::Unknown,
        }
    }

    fn record(&self, file: FileId, entries: &[Entry], depth: usize) -> Value {
        let mut members = BTreeMap::new();
        for entry in entries {
            match entry {
                Entry::Named(name, value) => {
                    members.insert(name.clone(), self.value(file, *value, depth));
                }
                Entry::Short(name, node) => {
                    members.insert(name.clone(), self.named(file, *node, name, depth));
                }
                Entry::Computed(name, value) => {
                    let name = self.value(file, *name, depth).literal();
                    members.insert(name.unwrap_or_else(others), self.value(file, *value, depth));
                }
                Entry::All(other) => {
                    if let Value::Record(more) = self.value(file, *other, depth) {
                        members.extend(more.iter().map(|(name, value)| (name.clone(), value.clone())));
                    } else {
                        // What it has may take the place of what stands before it.
                        members.clear();
                        members.insert(others(), Value::Unknown);
                    }
                }
            }
        }
        Value::Record(Arc::new(members))
    }

    /// Returns the part of a value that the steps lead to.
    fn part(&self, value: Value, way: &[Step], depth: usize) -> Value {
        way.iter().fold(value, |value, step| {
            Value::one_of(value.all().iter().map(|value| match (step, value) {
                (Step::Member(name), value) => self.member(value, name, depth),
                (Step::At(at), Value::List(items)) => items.get(*at).cloned().unwrap_or(Value::Unknown),
                (Step::Any, Value::List(items)) => Value::one_of(items.iter().cloned()),
                (Step::Any | Step::At(_), Value::Event(path)) if !path.is_empty() => {
                    Value::Event(path.clone())
                }
                (Step::Any, Value::Client(client)) => member::element(client),
                _ => Value::Unknown,
            }))
        })
    }
}

/// The name under which a record says that it may have members of other names.
fn others() -> Arc<str> {
    "".into()
}

/// Returns the text of all parts; as far as they are known.
fn joined(parts: impl Iterator<Item = Value>) -> Value {
    let mut known = Term::default();
    for part in parts {
        match part {
            Value::Text(term) => known = Term::concat([known, term]),
            Value::Begins(term) => return Value::Begins(Term::concat([known, term])),
            _ if known == Term::default() => return Value::Unknown,
            _ => return Value::Begins(known),
        }
    }
    Value::Text(known)
}
