//! What expressions come to.

use super::evaluator::{Evaluator, entries};
use super::instance::Names;
use super::operation::flag;
use super::syntax::{Written, span_of};
use crate::nodes::{elements, list, literal};
use hcl_edit::Span as _;
use hcl_edit::expr::{Expression, ForExpr, ObjectKey, UnaryOperator};
use hcl_edit::template::Template;
use loopguard_pattern::Term;
use loopguard_pattern::json::{Member, Span, Value, ValueKind};
use std::sync::Arc;

/// The deepest nesting of expressions, locals and modules together.
const MAX_DEPTH: usize = 160;

/// The most expressions evaluated for one root.
const MAX_STEPS: usize = 400_000;

/// Where an expression stands: the instance of its module, and the names that hold beside the module's.
#[derive(Debug, Clone)]
pub(super) struct Frame {
    pub(super) instance: usize,
    pub(super) names: Names,
}

impl Frame {
    pub(super) fn of(instance: usize) -> Self {
        Self { instance, names: Vec::new() }
    }

    pub(super) fn with(&self, names: impl IntoIterator<Item = (Arc<str>, Value)>) -> Self {
        let mut all = self.names.clone();
        all.extend(names);
        Self { instance: self.instance, names: all }
    }

    pub(super) fn name(&self, name: &str) -> Option<&Value> {
        self.names.iter().rev().find(|(own, _)| &**own == name).map(|(_, value)| value)
    }
}

impl Evaluator<'_> {
    pub(super) fn written(&self, written: &Written, frame: &Frame) -> Value {
        match written {
            Written::Native(expression, base) => self.expression(expression, *base, frame),
            Written::Json(value) => self.json(value, frame),
        }
    }

    /// Returns a tree of JSON syntax, in which every text is a template.
    fn json(&self, value: &Value, frame: &Frame) -> Value {
        let kind = match &value.kind {
            ValueKind::Array(items) => {
                ValueKind::Array(items.iter().map(|item| self.json(item, frame)).collect())
            }
            ValueKind::Object(members) => ValueKind::Object(
                members
                    .iter()
                    .map(|member| Member { value: self.json(&member.value, frame), ..member.clone() })
                    .collect(),
            ),
            ValueKind::String(term) => match term.as_literal().filter(|text| text.contains(['$', '%'])) {
                Some(text) => return self.text(&text, frame, value.span),
                None => value.kind.clone(),
            },
            kind => kind.clone(),
        };
        Value { kind, span: value.span }
    }

    /// Returns what a text that is a template comes to; all of it stands at `span`.
    pub(super) fn text(&self, text: &str, frame: &Frame, span: Span) -> Value {
        match text.parse::<Template>() {
            Ok(template) => {
                let made = self.template(&template, None, frame, span);
                crate::terraform::policy_document::placed(made, span)
            }
            Err(_) => Value { kind: ValueKind::Opaque("a template that does not parse".into()), span },
        }
    }

    /// Returns the value of which nothing is known.
    pub(super) fn unknown(&self, span: Span) -> Value {
        Value { kind: ValueKind::Opaque(self.source.excerpt(span).into()), span }
    }

    pub(super) fn expression(&self, expression: &Expression, base: usize, frame: &Frame) -> Value {
        let (depth, steps) = (self.depth.get(), self.steps.get());
        let span = self.place(span_of(expression.span(), base), frame);
        if depth >= MAX_DEPTH || steps >= MAX_STEPS {
            self.notes.tell(span, "too deeply nested or too large to follow; taken as unknown");
            return self.unknown(span);
        }
        self.depth.set(depth + 1);
        self.steps.set(steps + 1);
        let value = self.enter(expression, base, frame, span);
        self.depth.set(depth);
        value
    }

    fn enter(&self, expression: &Expression, base: usize, frame: &Frame, span: Span) -> Value {
        let plain = |kind| Value { kind, span };
        let eval = |expression: &Expression| self.expression(expression, base, frame);
        match expression {
            Expression::Null(_) => plain(ValueKind::Null),
            Expression::Bool(flag) => plain(ValueKind::Bool(**flag)),
            Expression::Number(number) => plain(ValueKind::Number(number.value().to_string().into())),
            Expression::String(text) => plain(ValueKind::String(Term::literal(text))),
            Expression::Array(items) => list(span, items.iter().map(eval).collect()),
            Expression::Object(entries) => {
                let members = entries.iter().map(|(key, value)| {
                    let (key, key_span) = self.key(key, base, frame);
                    Member { key, key_span, value: eval(value.expr()) }
                });
                plain(ValueKind::Object(members.collect()))
            }
            Expression::StringTemplate(text) => self.elements(text.iter(), Some(base), frame, span),
            Expression::HeredocTemplate(text) => self.template(&text.template, Some(base), frame, span),
            Expression::Parenthesis(within) => eval(within.inner()),
            Expression::Variable(name) => self.root(name.as_str(), &[], base, frame, span),
            Expression::Conditional(choice) => self.choice(
                &eval(&choice.cond_expr),
                || eval(&choice.true_expr),
                || eval(&choice.false_expr),
                span,
            ),
            Expression::FuncCall(call) => {
                let arguments: Vec<&Expression> = call.args.iter().collect();
                self.function(
                    call.name.name.as_str(),
                    &arguments,
                    call.args.expand_final(),
                    base,
                    frame,
                    span,
                )
            }
            Expression::Traversal(traversal) => match &traversal.expr {
                Expression::Variable(name) => {
                    self.root(name.as_str(), &traversal.operators, base, frame, span)
                }
                other => self.steps_of(eval(other), &traversal.operators, base, frame, span),
            },
            Expression::UnaryOp(operation) => {
                match (operation.operator.value(), flag(&eval(&operation.expr))) {
                    (UnaryOperator::Not, Some(flag)) => plain(ValueKind::Bool(!flag)),
                    _ => self.unknown(span),
                }
            }
            Expression::BinaryOp(operation) => self.binary(
                *operation.operator.value(),
                &eval(&operation.lhs_expr),
                &eval(&operation.rhs_expr),
                span,
            ),
            Expression::ForExpr(each) => self.for_each(each, base, frame, span),
        }
    }

    pub(super) fn key(&self, key: &ObjectKey, base: usize, frame: &Frame) -> (Arc<str>, Span) {
        match key {
            ObjectKey::Ident(name) => (name.as_str().into(), self.place(span_of(name.span(), base), frame)),
            ObjectKey::Expression(expression) => {
                let value = self.expression(expression, base, frame);
                // A name alone in parentheses is an expression; without them it is a key.
                let known = literal(&value).unwrap_or_else(|| self.source.excerpt(value.span).into());
                (known, value.span)
            }
        }
    }

    fn for_each(&self, each: &ForExpr, base: usize, frame: &Frame, span: Span) -> Value {
        let collection = self.expression(&each.intro.collection_expr, base, frame);
        let Some(all) = entries(&collection) else { return self.unknown(span) };
        let mut items = Vec::new();
        let mut made: Vec<Member> = Vec::new();
        for (key, value) in all {
            let key_name = each.intro.key_var.as_ref().map(|name| (Arc::from(name.as_str()), key));
            let value_name = (Arc::from(each.intro.value_var.as_str()), value);
            let frame = frame.with(key_name.into_iter().chain([value_name]));
            let kept = each.cond.as_ref().map(|cond| self.expression(&cond.expr, base, &frame));
            // What is not known to be left out stays.
            if kept.is_some_and(|kept| flag(&kept) == Some(false)) {
                continue;
            }
            let item = self.expression(&each.value_expr, base, &frame);
            let Some(key) = &each.key_expr else {
                items.push(item);
                continue;
            };
            let key = self.expression(key, base, &frame);
            let Some(name) = literal(&key) else { return self.unknown(span) };
            match made.iter_mut().find(|member| member.key == name) {
                Some(member) if each.grouping => {
                    let mut all = elements(&member.value).to_vec();
                    all.push(item);
                    member.value = list(span, all);
                }
                Some(member) => member.value = item,
                None => {
                    let value = if each.grouping { list(span, vec![item]) } else { item };
                    made.push(Member { key: name, key_span: key.span, value });
                }
            }
        }
        let kind = if each.key_expr.is_some() { ValueKind::Object(made) } else { ValueKind::Array(items) };
        Value { kind, span }
    }
}
