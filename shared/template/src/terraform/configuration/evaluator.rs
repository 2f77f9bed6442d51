//! What names stand for: variables, locals, resources, outputs of modules.

use super::expression::Frame;
use super::instance::{Addresses, Caller, Instance, Names, Repeat};
use super::syntax::{Argument, Block, Body, Written};
use crate::Options;
use crate::files::Files;
use crate::nodes::{elements, list, literal, object, string};
use crate::notes::Notes;
use crate::terraform::declared::marker;
use loopguard_pattern::json::{self, Member, Span, Value, ValueKind};
use loopguard_pattern::{Symbol, Term};
use std::cell::{Cell, RefCell};
use std::sync::Arc;

/// The most instances of one block, and of one template's modules.
const MOST_COPIES: usize = 200;

/// Evaluates the expressions of one root and of what it calls.
pub(super) struct Evaluator<'m> {
    pub(super) instances: RefCell<Vec<Instance<'m>>>,
    pub(super) notes: &'m Notes,
    pub(super) files: &'m Files,
    pub(super) options: &'m Options,
    /// All texts, for excerpts.
    pub(super) source: &'m crate::source_text::SourceText,
    pub(super) depth: Cell<usize>,
    pub(super) steps: Cell<usize>,
    /// How often a default was taken for a variable's value.
    pub(super) defaults: Cell<usize>,
    /// Names the root.
    pub(super) unit: Arc<str>,
}

impl<'m> Evaluator<'m> {
    /// Reads an instance without holding the table of them.
    pub(super) fn module(&self, at: usize) -> Option<&'m super::instance::Module> {
        self.instances.borrow().get(at).map(|instance| instance.module)
    }

    pub(super) fn prefix(&self, at: usize) -> String {
        self.instances.borrow().get(at).map(|instance| instance.prefix.clone()).unwrap_or_default()
    }

    pub(super) fn caller(&self, at: usize) -> Option<Caller<'m>> {
        self.instances.borrow().get(at).and_then(|instance| instance.caller.clone())
    }

    /// Returns a result that is kept by its key; one that needs itself is unknown.
    fn kept(&self, at: usize, key: &str, span: Span, make: impl FnOnce() -> Value) -> Value {
        let known = self.instances.borrow().get(at).and_then(|one| one.known.borrow().get(key).cloned());
        match known {
            Some(Some((value, assumed))) => {
                self.defaults.set(self.defaults.get() + usize::from(assumed));
                return value;
            }
            Some(None) => {
                self.notes.tell(span, format!("`{key}` needs itself; taken as unknown"));
                return self.open(key, at, span);
            }
            None => {}
        }
        self.keep(at, key, None);
        let before = self.defaults.get();
        let value = make();
        self.keep(at, key, Some((value.clone(), self.defaults.get() > before)));
        value
    }

    fn keep(&self, at: usize, key: &str, value: Option<(Value, bool)>) {
        if let Some(instance) = self.instances.borrow().get(at) {
            instance.known.borrow_mut().insert(key.to_owned(), value);
        }
    }

    /// Returns a text of which nothing is known but its name.
    pub(super) fn open(&self, name: &str, at: usize, span: Span) -> Value {
        let symbol = Symbol::given(&format!("value of {}", self.unit), &format!("{}{name}", self.prefix(at)));
        Value { kind: ValueKind::String(symbol.into()), span }
    }

    /// Returns a local value.
    pub(super) fn local(&self, name: &str, at: usize, span: Span) -> Value {
        let Some(module) = self.module(at) else { return self.open(name, at, span) };
        let written = module.blocks("locals").find_map(|block| block.body.argument(name));
        match written {
            Some(argument) => {
                self.kept(at, &format!("local.{name}"), span, || self.argument(argument, &Frame::of(at)))
            }
            None => self.open(&format!("local.{name}"), at, span),
        }
    }

    /// Returns the value of an input.
    pub(super) fn variable(&self, name: &str, at: usize, span: Span) -> Value {
        self.kept(at, &format!("var.{name}"), span, || {
            self.input(name, at)
                .or_else(|| self.default(name, at))
                .map_or_else(|| self.parameter(name, at, span), |value| self.typed(name, at, value))
        })
    }

    fn input(&self, name: &str, at: usize) -> Option<Value> {
        if let Some(caller) = self.caller(at) {
            let argument = caller.call.body.argument(name)?;
            let frame = Frame { instance: caller.instance, names: caller.names };
            let value = self.argument(argument, &frame);
            return (value.kind != ValueKind::Null).then_some(value);
        }
        if let Some(text) = self.options.parameters.get(name) {
            let span =
                self.module(at)?.block("variable", &[name]).map(|block| block.span).unwrap_or_default();
            return Some(given(text, span));
        }
        // The file that is read last counts.
        let argument = self.module(at)?.given.iter().rev().find_map(|body| body.argument(name))?;
        Some(self.argument(argument, &Frame::of(at)))
    }

    fn default(&self, name: &str, at: usize) -> Option<Value> {
        let module = self.module(at)?;
        let argument = module.block("variable", &[name])?.body.argument("default")?;
        let value = self.argument(argument, &Frame::of(at));
        // What a call leaves out has its default for sure; a root's variables may be given later.
        if self.caller(at).is_none() {
            self.defaults.set(self.defaults.get() + 1);
            let shown = literal(&value)
                .map_or_else(|| "its default".to_owned(), |text| format!("its default `{text}`"));
            self.notes.assume(&format!("variable `{name}` of {} has {shown}", self.unit));
        }
        Some(value)
    }

    fn parameter(&self, name: &str, at: usize, span: Span) -> Value {
        let full = format!("{}var.{name} of {}", self.prefix(at), self.unit);
        Value { kind: ValueKind::String(Symbol::given("parameter", &full).into()), span }
    }

    /// Returns what a resource's name stands for: markers for its instances.
    pub(super) fn resource(&self, base: &str, at: usize, span: Span) -> Option<Value> {
        let instances = self.instances.borrow();
        let addresses = instances.get(at)?.addresses.borrow().get(base).cloned()?;
        Some(match addresses {
            Addresses::One(address) => marker(span, &address, ""),
            Addresses::List(all) => list(span, all.iter().map(|one| marker(span, one, "")).collect()),
            Addresses::Map(all) => object(span, all.iter().map(|(key, one)| (&**key, marker(span, one, "")))),
        })
    }

    /// Returns the output of a called module's instances that begin with `start`.
    pub(super) fn output(&self, start: &str, name: &str, at: usize, span: Span) -> Option<Value> {
        let start = format!("{}{start}", self.prefix(at));
        let child = self.instances.borrow().iter().position(|one| {
            one.prefix.strip_suffix('.').is_some_and(|prefix| {
                prefix == start || prefix.strip_prefix(&*start).is_some_and(|rest| rest.starts_with('['))
            })
        })?;
        let Some(written) =
            self.module(child)?.block("output", &[name]).and_then(|block| block.body.argument("value"))
        else {
            self.notes.tell(span, format!("`{start}` has no output `{name}` that is read; taken as unknown"));
            return Some(self.open(&format!("{start}.{name}"), at, span));
        };
        Some(self.kept(child, &format!("output.{name}"), span, || self.argument(written, &Frame::of(child))))
    }

    /// Returns how often a block is there.
    pub(super) fn repeat(&self, block: &Block, frame: &Frame) -> Repeat {
        let defaults = self.defaults.get();
        if let Some(count) = block.body.argument("count") {
            let value = self.argument(count, frame);
            let assumed = self.defaults.get() > defaults;
            return match literal(&value).and_then(|text| text.parse::<usize>().ok()) {
                Some(0) if assumed => self.taken_once(block, "`count` is 0 by default values"),
                Some(1) if assumed => Repeat::Count(1),
                Some(count) if count <= MOST_COPIES => Repeat::Count(count),
                _ => self.taken_once(block, "`count` is not known"),
            };
        }
        let Some(each) = block.body.argument("for_each") else { return Repeat::Once };
        let value = self.argument(each, frame);
        let assumed = self.defaults.get() > defaults;
        match pairs(&value) {
            Some(pairs) if pairs.is_empty() && assumed => {
                self.taken_once(block, "`for_each` is empty by default values")
            }
            Some(pairs) if pairs.len() <= MOST_COPIES => Repeat::Each(pairs),
            _ => self.taken_once(block, "`for_each` is not known"),
        }
    }

    fn taken_once(&self, block: &Block, why: &str) -> Repeat {
        let name = block.labels.join(".");
        self.notes.assume(&format!("`{name}` of {} is there once: its {why}", self.unit));
        Repeat::Open
    }

    /// Returns the names and the index of each copy of a block.
    pub(super) fn copies(&self, block: &Block, frame: &Frame) -> (Repeat, Vec<(String, Names)>) {
        let span = block.span;
        let repeat = self.repeat(block, frame);
        let copies = match &repeat {
            Repeat::Once => vec![(String::new(), Vec::new())],
            Repeat::Open => {
                let name = block.labels.join(".");
                let open = |what: &str| self.open(&format!("{name} {what}"), frame.instance, span);
                let each = object(
                    span,
                    [
                        ("key", open("each.key")),
                        (
                            "value",
                            Value { kind: ValueKind::Opaque(format!("each.value of {name}").into()), span },
                        ),
                    ],
                );
                let count = object(span, [("index", open("count.index"))]);
                vec![(String::new(), vec![("each".into(), each), ("count".into(), count)])]
            }
            Repeat::Count(count) => (0..*count)
                .map(|at| {
                    let index = Value { kind: ValueKind::Number(at.to_string().into()), span };
                    (format!("[{at}]"), vec![("count".into(), object(span, [("index", index)]))])
                })
                .collect(),
            Repeat::Each(pairs) => pairs
                .iter()
                .map(|(key, value)| {
                    let each = object(span, [("key", string(span, key)), ("value", value.clone())]);
                    (format!("[\"{key}\"]"), vec![("each".into(), each)])
                })
                .collect(),
        };
        (repeat, copies)
    }

    /// Returns the arguments and blocks of a body as one object.
    pub(super) fn body(&self, body: &Body, frame: &Frame, span: Span) -> Value {
        let mut made: Vec<Member> = Vec::new();
        for argument in body.arguments.iter().filter(|one| {
            !matches!(&*one.name, "count" | "for_each" | "depends_on" | "provider" | "lifecycle")
        }) {
            let key_span = self.place(argument.span, frame);
            made.push(Member { key: argument.name.clone(), key_span, value: self.argument(argument, frame) });
        }
        for block in &body.blocks {
            match (&*block.kind, block.labels.first()) {
                ("lifecycle" | "timeouts" | "provisioner" | "connection", _) => {}
                ("dynamic", Some(kind)) => {
                    for value in self.dynamic(block, frame) {
                        add(&mut made, kind, value);
                    }
                }
                (kind, _) => {
                    let place = self.place(block.span, frame);
                    add(&mut made, kind, self.body(&block.body, frame, place));
                }
            }
        }
        Value { kind: ValueKind::Object(made), span }
    }

    fn dynamic(&self, block: &Block, frame: &Frame) -> Vec<Value> {
        let Some(kind) = block.labels.first() else { return Vec::new() };
        let iterator = match block.body.argument("iterator").map(|argument| &argument.value) {
            Some(Written::Native(hcl_edit::expr::Expression::Variable(name), _)) => name.as_str().into(),
            _ => kind.clone(),
        };
        let Some(content) = block.body.blocks.iter().find(|inner| &*inner.kind == "content") else {
            return Vec::new();
        };
        let place = self.place(block.span, frame);
        let (_, copies) = self.copies(block, frame);
        let with = |names: Names| {
            // Within, the iterator has the name of the block.
            let own = names
                .into_iter()
                .map(|(name, value)| (if &*name == "each" { iterator.clone() } else { name }, value));
            let mut names = frame.names.clone();
            names.extend(own);
            Frame { instance: frame.instance, names }
        };
        copies.into_iter().map(|(_, names)| self.body(&content.body, &with(names), place)).collect()
    }

    pub(super) fn argument(&self, argument: &Argument, frame: &Frame) -> Value {
        self.written(&argument.value, frame)
    }

    /// Returns the place to show: what stands in a stand-in is shown where the user calls it.
    pub(super) fn place(&self, span: Span, frame: &Frame) -> Span {
        let stand_in = self.module(frame.instance).is_some_and(|module| module.stand_in);
        if !stand_in {
            return span;
        }
        self.caller(frame.instance).map_or(span, |caller| caller.span)
    }
}

fn add(made: &mut Vec<Member>, key: &str, value: Value) {
    match made.iter_mut().find(|member| &*member.key == key) {
        Some(member) => match &mut member.value.kind {
            ValueKind::Array(items) => items.push(value),
            _ => member.value = value,
        },
        None => {
            made.push(Member { key: key.into(), key_span: value.span, value: list(value.span, vec![value]) });
        }
    }
}

/// Returns keys and values to repeat for: of an object, or of a list of known texts.
fn pairs(value: &Value) -> Option<Vec<(Arc<str>, Value)>> {
    match &value.kind {
        ValueKind::Object(entries) if !is_function(entries) => {
            Some(entries.iter().map(|member| (member.key.clone(), member.value.clone())).collect())
        }
        ValueKind::Array(items) => {
            let mut pairs: Vec<(Arc<str>, Value)> =
                items.iter().map(|item| Some((literal(item)?, item.clone()))).collect::<Option<_>>()?;
            pairs.dedup_by(|a, b| a.0 == b.0);
            Some(pairs)
        }
        ValueKind::Null => Some(Vec::new()),
        _ => None,
    }
}

/// Returns whether an object is a function of one argument.
pub(super) fn is_function(entries: &[Member]) -> bool {
    matches!(entries, [only] if &*only.key == "Ref" || only.key.starts_with("Fn::"))
}

/// Returns a value that the user gave as text: JSON where it looks like a list or an object.
fn given(text: &str, span: Span) -> Value {
    let tree = text.starts_with(['[', '{']).then(|| json::parse_strict(text).ok()).flatten();
    match tree {
        Some(tree) => crate::terraform::policy_document::placed(tree, span),
        None => Value { kind: ValueKind::String(Term::literal(text)), span },
    }
}

/// Returns the members of an object, the elements of a list by number.
pub(super) fn entries(value: &Value) -> Option<Vec<(Value, Value)>> {
    match &value.kind {
        ValueKind::Object(all) if !is_function(all) => Some(
            value
                .members()
                .iter()
                .map(|member| (string(member.key_span, &member.key), member.value.clone()))
                .collect(),
        ),
        ValueKind::Array(items) => Some(
            items
                .iter()
                .enumerate()
                .map(|(at, item)| {
                    (Value { kind: ValueKind::Number(at.to_string().into()), span: item.span }, item.clone())
                })
                .collect(),
        ),
        ValueKind::Null => Some(Vec::new()),
        _ => None,
    }
}

/// Returns the member or the element of a value that is wholly known in shape.
pub(super) fn inner(value: &Value, key: &str) -> Option<Value> {
    match &value.kind {
        ValueKind::Object(all) if !is_function(all) => {
            let nothing = Value { kind: ValueKind::Null, span: value.span };
            Some(value.get(key).cloned().unwrap_or(nothing))
        }
        ValueKind::Array(_) => elements(value).get(key.parse::<usize>().ok()?).cloned(),
        _ => None,
    }
}
