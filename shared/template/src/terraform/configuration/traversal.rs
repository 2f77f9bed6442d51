//! What names stand for, and the steps behind them.

use super::evaluator::{Evaluator, entries, inner, is_function};
use super::expression::Frame;
use crate::nodes::{list, literal, string};
use crate::terraform::declared::{marked, marker};
use hcl_edit::expr::TraversalOperator;
use loopguard_pattern::json::{Span, Value, ValueKind};

impl Evaluator<'_> {
    /// Returns what a name and the steps behind it stand for.
    pub(super) fn root(
        &self,
        name: &str,
        operators: &[hcl_edit::Decorated<TraversalOperator>],
        base: usize,
        frame: &Frame,
        span: Span,
    ) -> Value {
        let at = frame.instance;
        if let Some(value) = frame.name(name) {
            let value = Value { kind: value.kind.clone(), span: value.span };
            return self.steps_of(value, operators, base, frame, span);
        }
        let step = |number: usize| match operators.get(number).map(hcl_edit::Decorated::value) {
            Some(TraversalOperator::GetAttr(name)) => Some(name.as_str()),
            _ => None,
        };
        let rest = |number: usize| operators.get(number..).unwrap_or_default();
        match (name, step(0), step(1)) {
            ("var", Some(variable), _) => {
                self.steps_of(self.variable(variable, at, span), rest(1), base, frame, span)
            }
            ("local", Some(local), _) => {
                self.steps_of(self.local(local, at, span), rest(1), base, frame, span)
            }
            ("path", Some(_), _) => string(span, "."),
            ("terraform", ..) => self.open("terraform.workspace", at, span),
            ("module", Some(call), _) => self.of_module(call, rest(1), base, frame, span),
            ("data", Some(kind), Some(label)) => {
                let value = self.declared(&format!("data.{kind}.{label}"), at, span);
                self.steps_of(value, rest(2), base, frame, span)
            }
            (kind, Some(label), _) => {
                let value = self.declared(&format!("{kind}.{label}"), at, span);
                self.steps_of(value, rest(1), base, frame, span)
            }
            _ => self.unknown(span),
        }
    }

    fn declared(&self, base: &str, at: usize, span: Span) -> Value {
        self.resource(base, at, span).unwrap_or_else(|| {
            self.notes.tell(span, format!("`{base}` is not declared; taken as unknown"));
            self.open(base, at, span)
        })
    }

    /// Returns the output of a module that `operators` name, perhaps behind an index.
    fn of_module(
        &self,
        call: &str,
        operators: &[hcl_edit::Decorated<TraversalOperator>],
        base: usize,
        frame: &Frame,
        span: Span,
    ) -> Value {
        let mut start = format!("module.{call}");
        let mut rest = operators;
        while let Some((first, behind)) = rest.split_first() {
            rest = behind;
            match first.value() {
                TraversalOperator::GetAttr(name) => {
                    let found = self.output(&start, name.as_str(), frame.instance, span);
                    let value = found.unwrap_or_else(|| {
                        self.open(&format!("{start}.{}", name.as_str()), frame.instance, span)
                    });
                    return self.steps_of(value, rest, base, frame, span);
                }
                TraversalOperator::Index(index) => match literal(&self.expression(index, base, frame)) {
                    Some(key) if key.parse::<usize>().is_ok() => start = format!("{start}[{key}]"),
                    Some(key) => start = format!("{start}[\"{key}\"]"),
                    None => {}
                },
                _ => {}
            }
        }
        self.unknown(span)
    }

    /// Returns what the steps lead to.
    pub(super) fn steps_of(
        &self,
        value: Value,
        operators: &[hcl_edit::Decorated<TraversalOperator>],
        base: usize,
        frame: &Frame,
        span: Span,
    ) -> Value {
        let Some((first, rest)) = operators.split_first() else { return value };
        let next = match first.value() {
            TraversalOperator::GetAttr(name) => self.step(&value, name.as_str(), span),
            TraversalOperator::LegacyIndex(index) => self.step(&value, &index.value().to_string(), span),
            TraversalOperator::Index(index) => match literal(&self.expression(index, base, frame)) {
                Some(key) => self.step(&value, &key, span),
                None => self.any(&value, span),
            },
            TraversalOperator::AttrSplat(_) | TraversalOperator::FullSplat(_) => {
                let items = match &value.kind {
                    ValueKind::Array(items) => items.clone(),
                    ValueKind::Null => Vec::new(),
                    ValueKind::Object(all) if !is_function(all) => vec![value],
                    _ if marked(&value).is_some() => vec![value],
                    _ => return self.unknown(span),
                };
                let each = items.into_iter().map(|item| self.steps_of(item, rest, base, frame, span));
                return list(span, each.collect());
            }
        };
        self.steps_of(next, rest, base, frame, span)
    }

    fn step(&self, value: &Value, key: &str, span: Span) -> Value {
        if let Some((address, path)) = marked(value) {
            // What is taken once is its own every instance.
            let index = path.is_empty() && (key.parse::<usize>().is_ok() || !is_name(key));
            let path = match (index, path.is_empty()) {
                (true, _) => String::new(),
                (false, true) => key.to_owned(),
                (false, false) => format!("{path}.{key}"),
            };
            return marker(span, &address, &path);
        }
        match (&value.kind, inner(value, key)) {
            (_, Some(found)) => found,
            (ValueKind::String(term), _) if term.symbols().next().is_some() => {
                // A part of something unknown is unknown, and equal to itself.
                let name = format!("{term}.{key}");
                let symbol = loopguard_pattern::Symbol::given(&format!("value of {}", self.unit), &name);
                Value { kind: ValueKind::String(symbol.into()), span }
            }
            _ => self.unknown(span),
        }
    }

    /// Returns an element that is not known which.
    fn any(&self, value: &Value, span: Span) -> Value {
        if marked(value).is_some() {
            return value.clone();
        }
        match entries(value).as_deref() {
            Some([(_, only)]) => only.clone(),
            _ => self.unknown(span),
        }
    }
}

fn is_name(key: &str) -> bool {
    !key.is_empty() && key.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_')
}
