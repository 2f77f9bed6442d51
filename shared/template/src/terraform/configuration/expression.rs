//! What expressions come to.

use super::evaluator::{Evaluator, entries, inner, is_function};
use super::instance::Names;
use super::syntax::{Written, span_of};
use crate::nodes::{elements, list, literal, object, same, string};
use crate::terraform::declared::{marked, marker};
use hcl_edit::Span as _;
use hcl_edit::expr::{BinaryOperator, Expression, ForExpr, ObjectKey, TraversalOperator, UnaryOperator};
use hcl_edit::template::{Directive, Element, Template};
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

    fn with(&self, names: impl IntoIterator<Item = (Arc<str>, Value)>) -> Self {
        let mut all = self.names.clone();
        all.extend(names);
        Self { instance: self.instance, names: all }
    }

    fn name(&self, name: &str) -> Option<&Value> {
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

    fn key(&self, key: &ObjectKey, base: usize, frame: &Frame) -> (Arc<str>, Span) {
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

    /// Returns what a name and the steps behind it stand for.
    fn root(
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
    fn steps_of(
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

    pub(super) fn choice(
        &self,
        condition: &Value,
        yes: impl FnOnce() -> Value,
        no: impl FnOnce() -> Value,
        span: Span,
    ) -> Value {
        match flag(condition) {
            Some(true) => return yes(),
            Some(false) => return no(),
            None => {}
        }
        let (yes, no) = (yes(), no());
        let nothing = |value: &Value| match &value.kind {
            ValueKind::Null => true,
            ValueKind::String(term) => *term == Term::default(),
            _ => false,
        };
        match (&yes.kind, &no.kind) {
            _ if same(&yes, &no) || nothing(&no) => yes,
            _ if nothing(&yes) => no,
            (ValueKind::Array(a), ValueKind::Array(b)) => list(span, a.iter().chain(b).cloned().collect()),
            _ => self.unknown(span),
        }
    }

    fn binary(&self, operator: BinaryOperator, a: &Value, b: &Value, span: Span) -> Value {
        let plain = |flag: bool| Value { kind: ValueKind::Bool(flag), span };
        let numbers = || Some((literal(a)?.parse::<i64>().ok()?, literal(b)?.parse::<i64>().ok()?));
        let number = |value: Option<i64>| match value {
            Some(value) => Value { kind: ValueKind::Number(value.to_string().into()), span },
            None => self.unknown(span),
        };
        match (operator, flag(a), flag(b)) {
            (BinaryOperator::And | BinaryOperator::Or, a, b) => {
                // One side may decide: false a conjunction, true a disjunction.
                let decides = operator == BinaryOperator::Or;
                match (a, b) {
                    _ if a == Some(decides) || b == Some(decides) => plain(decides),
                    (Some(_), Some(_)) => plain(!decides),
                    _ => self.unknown(span),
                }
            }
            (BinaryOperator::Eq, ..) => equal(a, b).map_or_else(|| self.unknown(span), plain),
            (BinaryOperator::NotEq, ..) => {
                equal(a, b).map_or_else(|| self.unknown(span), |flag| plain(!flag))
            }
            (BinaryOperator::Plus, ..) => number(numbers().and_then(|(a, b)| a.checked_add(b))),
            (BinaryOperator::Minus, ..) => number(numbers().and_then(|(a, b)| a.checked_sub(b))),
            (BinaryOperator::Mul, ..) => number(numbers().and_then(|(a, b)| a.checked_mul(b))),
            (BinaryOperator::Greater, ..) => {
                numbers().map_or_else(|| self.unknown(span), |(a, b)| plain(a > b))
            }
            (BinaryOperator::GreaterEq, ..) => {
                numbers().map_or_else(|| self.unknown(span), |(a, b)| plain(a >= b))
            }
            (BinaryOperator::Less, ..) => numbers().map_or_else(|| self.unknown(span), |(a, b)| plain(a < b)),
            (BinaryOperator::LessEq, ..) => {
                numbers().map_or_else(|| self.unknown(span), |(a, b)| plain(a <= b))
            }
            _ => self.unknown(span),
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

    fn template(&self, template: &Template, base: Option<usize>, frame: &Frame, span: Span) -> Value {
        self.elements(template.iter(), base, frame, span)
    }

    /// Returns a text of literal pieces and interpolations; a single interpolation is its value.
    fn elements<'t>(
        &self,
        elements: impl Iterator<Item = &'t Element>,
        base: Option<usize>,
        frame: &Frame,
        span: Span,
    ) -> Value {
        let mut pieces = Vec::new();
        for element in elements {
            let piece = match element {
                Element::Literal(text) => {
                    let place = base.map_or(span, |base| self.place(span_of(text.span(), base), frame));
                    string(place, text)
                }
                Element::Interpolation(part) => {
                    self.expression(&part.expr, base.unwrap_or(span.start), frame)
                }
                Element::Directive(directive) => self.directive(directive, base, frame, span),
            };
            pieces.push(piece);
        }
        joined(pieces, span)
    }

    fn directive(&self, directive: &Directive, base: Option<usize>, frame: &Frame, span: Span) -> Value {
        let start = base.unwrap_or(span.start);
        match directive {
            Directive::If(choice) => {
                let condition = self.expression(&choice.if_expr.cond_expr, start, frame);
                let other = || match &choice.else_expr {
                    Some(other) => self.template(&other.template, base, frame, span),
                    None => string(span, ""),
                };
                self.choice(
                    &condition,
                    || self.template(&choice.if_expr.template, base, frame, span),
                    other,
                    span,
                )
            }
            Directive::For(each) => {
                let each = &each.for_expr;
                let collection = self.expression(&each.collection_expr, start, frame);
                let Some(all) = entries(&collection) else { return self.unknown(span) };
                let pieces = all.into_iter().map(|(key, value)| {
                    let key = each.key_var.as_ref().map(|name| (Arc::from(name.as_str()), key));
                    let frame =
                        frame.with(key.into_iter().chain([(Arc::from(each.value_var.as_str()), value)]));
                    self.template(&each.template, base, &frame, span)
                });
                joined(pieces.collect(), span)
            }
        }
    }
}

/// Returns the concatenation of pieces; a single one is itself.
pub(super) fn joined(mut pieces: Vec<Value>, span: Span) -> Value {
    if pieces.len() == 1
        && let Some(only) = pieces.pop()
    {
        return only;
    }
    let known: Option<Vec<Term>> = pieces.iter().map(Value::scalar).collect();
    match known {
        Some(terms) => Value { kind: ValueKind::String(Term::concat(terms)), span },
        None => object(span, [("Fn::Join", list(span, vec![string(span, ""), list(span, pieces)]))]),
    }
}

/// Returns the flag that a value is.
pub(super) fn flag(value: &Value) -> Option<bool> {
    match literal(value).as_deref() {
        Some("true") => Some(true),
        Some("false") => Some(false),
        _ => None,
    }
}

/// Returns whether two values are equal, as far as can be told.
fn equal(a: &Value, b: &Value) -> Option<bool> {
    match (literal(a), literal(b), &a.kind, &b.kind) {
        (Some(a), Some(b), ..) => Some(a == b),
        (_, _, ValueKind::Null, ValueKind::Null) => Some(true),
        (Some(_), _, _, ValueKind::Null) | (_, Some(_), ValueKind::Null, _) => Some(false),
        (_, _, ValueKind::Null, ValueKind::Object(all)) | (_, _, ValueKind::Object(all), ValueKind::Null)
            if !is_function(all) =>
        {
            Some(false)
        }
        (_, _, ValueKind::Array(_), ValueKind::Null) | (_, _, ValueKind::Null, ValueKind::Array(_)) => {
            Some(false)
        }
        (_, _, ValueKind::Array(a), ValueKind::Array(b)) if a.is_empty() && b.is_empty() => Some(true),
        (_, _, ValueKind::Array(a), ValueKind::Array(b)) if a.is_empty() != b.is_empty() => Some(false),
        _ => None,
    }
}

fn is_name(key: &str) -> bool {
    !key.is_empty() && key.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_')
}
