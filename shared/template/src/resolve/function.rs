//! The intrinsic functions, one by one.

use super::{Resolved, Resolver};
use crate::nodes::{elements, literal, same};
use crate::template::Resource;
use loopguard_pattern::json::{Span, Value, ValueKind};
use loopguard_pattern::{Symbol, Term};
use std::sync::Arc;

/// How the logical ids of the APIs begin that SAM makes by itself, their stages and deployments included (SAM developer
/// guide, sam-specification-generated-resources).
const IMPLICIT: &[&str] = &["ServerlessRestApi", "ServerlessHttpApi"];

impl Resolver<'_> {
    /// Returns what the function `name` of `argument` gives.
    pub(super) fn function(&self, name: &str, argument: &Value, span: Span) -> Resolved {
        match name {
            "Ref" => self.reference(argument, span),
            "Fn::If" => self.choice(argument, span),
            "Fn::GetAtt" => Some(self.get_att(argument, span)),
            "Fn::Sub" => Some(self.substitution(argument, span)),
            "Fn::Join" => Some(self.join(argument, span)),
            "Fn::Split" => Some(self.split(argument, span)),
            "Fn::Select" => self.select(argument, span),
            "Fn::FindInMap" => Some(self.find_in_map(argument, span)),
            "Fn::ImportValue" => {
                let export = self.term(argument);
                let known = self.stacks.exports.get(&export).cloned();
                let term = known.unwrap_or_else(|| Symbol::given("import", &export.to_string()).into());
                Some(Value { kind: ValueKind::String(term), span })
            }
            // The value itself is more useful than its text: readers take either.
            "Fn::ToJsonString" => self.value(argument),
            "Fn::Base64" | "Fn::Length" => {
                Some(Value { kind: ValueKind::String(self.expression(span)), span })
            }
            "Fn::Cidr" | "Fn::GetAZs" => Some(self.opaque(span)),
            other => {
                self.notes
                    .tell(span, format!("`{other}` is not followed; what it gives is taken as unknown"));
                Some(self.opaque(span))
            }
        }
    }

    fn reference(&self, argument: &Value, span: Span) -> Resolved {
        let Some(name) = literal(argument) else {
            return Some(Value { kind: ValueKind::String(self.expression(span)), span });
        };
        if &*name == "AWS::NoValue" {
            return None;
        }
        let kind = match self.parameter(&name) {
            Some(kind) => kind,
            None => ValueKind::String(self.named(&name, span)),
        };
        Some(Value { kind, span })
    }

    /// Returns what a name that is no parameter stands for: a pseudo parameter or a resource.
    pub(super) fn named(&self, name: &str, span: Span) -> Term {
        if let Some(term) = self.pseudo_parameter(name) {
            return term;
        }
        if let Some(resource) = self.template.resource(name) {
            return self.resource_reference(resource);
        }
        if !IMPLICIT.iter().any(|made| name.starts_with(made)) {
            self.notes.tell(span, format!("`{name}` is no parameter and no resource of this template"));
        }
        Symbol::given(&format!("undeclared name of {}", self.template.unit), name).into()
    }

    /// Returns the parameter's value, if there is such a parameter.
    pub(super) fn parameter(&self, name: &str) -> Option<ValueKind> {
        let declared = self.template.parameters.get(name)?;
        if let Some(argument) = self.argument(name, declared.list) {
            return Some(argument);
        }
        let given = self.stacks.options.parameters.get(name).filter(|_| !self.is_nested());
        let Some(text) = given.or(declared.default.as_ref()) else {
            let symbol = Symbol::given("parameter", &self.unique_name(name));
            return Some(if declared.list {
                ValueKind::Opaque(format!("the list of parameter {name}").into())
            } else {
                ValueKind::String(symbol.into())
            });
        };
        if given.is_none() {
            let shown = if declared.secret {
                "its hidden default".to_owned()
            } else {
                format!("its default `{text}`")
            };
            self.notes.assume(&format!("parameter `{name}` of {} has {shown}", self.template.unit));
        }
        Some(if declared.list {
            let items = text.split(',').map(|item| Value {
                kind: ValueKind::String(Term::literal(item.trim())),
                span: Span::default(),
            });
            ValueKind::Array(items.collect())
        } else {
            ValueKind::String(Term::literal(text))
        })
    }

    /// Returns whether the template is deployed as part of another.
    fn is_nested(&self) -> bool {
        self.stacks.exchange.arguments.contains_key(&self.template.unit)
    }

    /// Returns what the stack that deploys this one gives for the parameter.
    fn argument(&self, name: &str, list: bool) -> Option<ValueKind> {
        let given = self.stacks.exchange.arguments.get(&self.template.unit)?.get(name)?;
        let text =
            |item: &str| Value { kind: ValueKind::String(Term::literal(item.trim())), span: Span::default() };
        Some(match given {
            ValueKind::String(term) if list => match term.as_literal() {
                Some(items) => ValueKind::Array(items.split(',').map(text).collect()),
                None => ValueKind::Opaque(format!("the list of parameter {name}").into()),
            },
            ValueKind::Number(text) if !list => ValueKind::String(Term::literal(text)),
            ValueKind::Bool(flag) if !list => {
                ValueKind::String(Term::literal(if *flag { "true" } else { "false" }))
            }
            other => other.clone(),
        })
    }

    /// Returns an attribute of a resource; an output of a nested stack is what its template says, if that is read.
    pub(super) fn attribute(&self, resource: &Resource, attribute: &str) -> Term {
        let output = attribute.strip_prefix("Outputs.").and_then(|name| {
            let key = (self.template.unit.clone(), resource.id.clone());
            self.stacks.exchange.outputs.get(&key)?.get(name).cloned()
        });
        output.unwrap_or_else(|| self.resource_attribute(resource, attribute))
    }

    /// Returns the value of a pseudo parameter.
    pub(super) fn pseudo_parameter(&self, name: &str) -> Option<Term> {
        let scope = &self.stacks.scope;
        Some(match name {
            "AWS::AccountId" => scope.account.clone(),
            "AWS::Region" => scope.region.clone(),
            "AWS::Partition" => {
                self.assume_partition();
                scope.partition.clone()
            }
            "AWS::URLSuffix" => Term::literal(self.url_suffix()),
            "AWS::StackName" => match &self.stacks.options.stack_name {
                Some(name) => Term::literal(name),
                None => self.own_symbol("pseudo parameter", name),
            },
            "AWS::StackId" => Term::concat([
                "arn:".into(),
                scope.partition.clone(),
                ":cloudformation:".into(),
                scope.region.clone(),
                ":".into(),
                scope.account.clone(),
                ":stack/".into(),
                self.pseudo_parameter("AWS::StackName").unwrap_or_default(),
                "/".into(),
                Symbol::created("AWS::CloudFormation::Stack.Uuid", &self.template.unit).into(),
            ]),
            "AWS::NotificationARNs" => self.own_symbol("pseudo parameter", name),
            _ => return None,
        })
    }

    fn own_symbol(&self, class: &str, name: &str) -> Term {
        let name =
            if self.stacks.several { format!("{name} of {}", self.template.unit) } else { name.to_owned() };
        Symbol::given(class, &name).into()
    }

    /// Returns the name of a symbol: the logical id, with its template where another template has the same.
    pub(super) fn unique_name(&self, id: &str) -> Arc<str> {
        if self.stacks.shared_names.contains(id) {
            format!("{id} of {}", self.template.unit).into()
        } else {
            id.into()
        }
    }

    pub(super) fn assume_partition(&self) {
        if self.stacks.options.partition.is_none() {
            self.notes.assume("the partition is `aws`");
        }
    }

    pub(super) fn url_suffix(&self) -> &'static str {
        self.assume_partition();
        if self.stacks.options.partition.as_deref() == Some("aws-cn") {
            "amazonaws.com.cn"
        } else {
            "amazonaws.com"
        }
    }

    fn get_att(&self, argument: &Value, span: Span) -> Value {
        let (id, attribute) = match elements(argument) {
            [dotted] => match literal(dotted).and_then(|text| self.split_attribute(&text)) {
                Some(split) => split,
                None => return Value { kind: ValueKind::String(self.expression(span)), span },
            },
            [id, rest @ ..] => {
                let attribute: Vec<Option<Arc<str>>> =
                    rest.iter().map(|part| self.term(part).as_literal()).collect();
                match (literal(id), attribute.into_iter().collect::<Option<Vec<_>>>()) {
                    (Some(id), Some(attribute)) => (id, attribute.join(".").into()),
                    _ => return Value { kind: ValueKind::String(self.expression(span)), span },
                }
            }
            [] => return self.opaque(span),
        };
        let term = if let Some(resource) = self.template.resource(&id) {
            self.attribute(resource, &attribute)
        } else {
            self.notes.tell(span, format!("`{id}` is no resource of this template"));
            let class = format!("undeclared name of {}", self.template.unit);
            Symbol::given(&class, &format!("{id}.{attribute}")).into()
        };
        Value { kind: ValueKind::String(term), span }
    }

    /// Splits `Id.Attribute`; ids that SAM makes (`Function.Alias`) hold a dot themselves.
    pub(super) fn split_attribute(&self, text: &str) -> Option<(Arc<str>, Arc<str>)> {
        let dots = text.match_indices('.').map(|(at, _)| at);
        let splits: Vec<(&str, &str)> =
            dots.filter_map(|at| Some((text.get(..at)?, text.get(at + 1..)?))).collect();
        let known = splits.iter().rev().find(|(id, _)| self.template.resource(id).is_some());
        known.or(splits.first()).map(|(id, attribute)| ((*id).into(), (*attribute).into()))
    }

    fn find_in_map(&self, argument: &Value, span: Span) -> Value {
        let [map, first, second, rest @ ..] = elements(argument) else { return self.opaque(span) };
        let keys = [self.term(map), self.term(first), self.term(second)];
        let [Some(map), first, Some(second)] = keys.clone().map(|key| key.as_literal()) else {
            return self.unknown_entry(&keys, span);
        };
        let Some(table) = self.template.mappings.get(&map) else {
            self.notes.tell(span, format!("`{map}` is no mapping of this template"));
            return self.unknown_entry(&keys, span);
        };
        let found = match first {
            Some(first) => table.get(&first).and_then(|row| row.get(&second)).cloned(),
            None => same_in_all_rows(table, &second),
        };
        let default = rest.first().and_then(|options| options.get("DefaultValue"));
        match found.as_ref().or(default).and_then(|raw| self.value(raw)) {
            Some(value) => Value { span, ..value },
            None => self.unknown_entry(&keys, span),
        }
    }

    fn unknown_entry(&self, keys: &[Term; 3], span: Span) -> Value {
        let [map, first, second] = keys;
        let class = format!("mapping of {}", self.template.unit);
        let symbol = Symbol::given(&class, &format!("{map}.{first}.{second}"));
        Value { kind: ValueKind::String(symbol.into()), span }
    }
}

/// Returns the entry that every row of a mapping has alike.
fn same_in_all_rows(table: &Value, key: &str) -> Option<Value> {
    let mut rows = table.members().iter().map(|row| row.value.get(key));
    let first = rows.next()??;
    rows.all(|other| other.is_some_and(|other| same(first, other))).then(|| first.clone())
}
