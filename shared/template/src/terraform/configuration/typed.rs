//! Types of variables, as far as they complete values: what `optional` gives where a value leaves it out.

use super::evaluator::Evaluator;
use super::expression::Frame;
use super::syntax::Written;
use hcl_edit::expr::Expression;
use loopguard_pattern::json::{Member, Value, ValueKind};

impl Evaluator<'_> {
    /// Returns the value of the variable, with what its type gives for attributes that it leaves out.
    pub(super) fn typed(&self, name: &str, at: usize, value: Value) -> Value {
        let written = self.module(at).and_then(|module| {
            let argument = module.block("variable", &[name])?.body.argument("type")?;
            match &argument.value {
                Written::Native(written, base) => Some((written, *base)),
                // A type in JSON is a text, and as rare as it is plain.
                Written::Json(_) => None,
            }
        });
        match written {
            Some((written, base)) => self.completed(value, written, base, &Frame::of(at)),
            None => value,
        }
    }

    fn completed(&self, value: Value, written: &Expression, base: usize, frame: &Frame) -> Value {
        let Expression::FuncCall(call) = written else { return value };
        let Some(inner) = call.args.iter().next() else { return value };
        let span = value.span;
        let kind = match (call.name.name.as_str(), value.kind) {
            ("object", ValueKind::Object(members)) => match inner {
                Expression::Object(attributes) => {
                    let members = attributes.iter().fold(members, |members, (key, written)| {
                        let (key, key_span) = self.key(key, base, frame);
                        let attribute =
                            Member { key, key_span, value: Value { kind: ValueKind::Null, span } };
                        self.attribute(members, attribute, written.expr(), base, frame)
                    });
                    ValueKind::Object(members)
                }
                _ => ValueKind::Object(members),
            },
            ("map", ValueKind::Object(members)) => {
                let each = members.into_iter().map(|member| Member {
                    value: self.completed(member.value, inner, base, frame),
                    ..member
                });
                ValueKind::Object(each.collect())
            }
            ("list" | "set", ValueKind::Array(items)) => {
                let each = items.into_iter().map(|item| self.completed(item, inner, base, frame));
                ValueKind::Array(each.collect())
            }
            ("optional", kind) => return self.completed(Value { kind, span }, inner, base, frame),
            (_, kind) => kind,
        };
        Value { kind, span }
    }

    /// Completes one attribute: what is left out, or null, has its default, or is null.
    fn attribute(
        &self,
        mut members: Vec<Member>,
        attribute: Member,
        written: &Expression,
        base: usize,
        frame: &Frame,
    ) -> Vec<Member> {
        let at = members.iter().position(|member| member.key == attribute.key);
        let given = at.map(|at| members.remove(at)).filter(|member| member.value.kind != ValueKind::Null);
        let mut attribute = given.unwrap_or(attribute);
        if attribute.value.kind == ValueKind::Null
            && let Some(default) = default(written)
        {
            attribute.value = self.expression(default, base, frame);
        }
        attribute.value = self.completed(attribute.value, written, base, frame);
        members.push(attribute);
        members
    }
}

/// Returns the default of `optional(type, default)`.
fn default(written: &Expression) -> Option<&Expression> {
    let Expression::FuncCall(call) = written else { return None };
    (call.name.name.as_str() == "optional").then(|| call.args.iter().nth(1))?
}
