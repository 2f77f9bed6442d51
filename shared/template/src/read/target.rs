//! The targets of a rule.

use super::Reader;
use crate::nodes::elements;
use loopguard_model::Target;
use loopguard_pattern::Term;
use loopguard_pattern::json::{Value, ValueKind};
use std::collections::BTreeMap;
use std::sync::Arc;

impl Reader<'_> {
    pub(super) fn targets(&self, properties: &Value) -> Vec<Target> {
        let Some(list) = properties.get("Targets") else { return Vec::new() };
        let mut targets = Vec::new();
        for (at, target) in elements(list).iter().enumerate() {
            if matches!(target.kind, ValueKind::Object(_)) {
                targets.push(self.target(at, target));
                continue;
            }
            self.notes.tell(target.span, "a target that is not known before deployment; it may do anything");
            targets.push(Target {
                id: format!("target{at}").into(),
                arn: self.resolver.expression(target.span),
                role: None,
                parameters: BTreeMap::new(),
                origin: self.origin(target.span),
            });
        }
        targets
    }

    fn target(&self, at: usize, target: &Value) -> Target {
        let arn = self.text(target, "Arn").unwrap_or_else(|| {
            self.notes.tell(target.span, "a target without `Arn`; it may do anything");
            self.resolver.expression(target.span)
        });
        let mut parameters = BTreeMap::new();
        for member in target.members() {
            if !matches!(&*member.key, "Id" | "Arn" | "RoleArn") {
                self.flatten(member.key.to_string(), &member.value, &mut parameters);
            }
        }
        Target {
            id: self.text(target, "Id").map_or_else(|| format!("target{at}"), |id| id.to_string()).into(),
            arn,
            role: self.text(target, "RoleArn"),
            parameters,
            origin: self.origin_of_member(target, "Arn").unwrap_or_else(|| self.origin(target.span)),
        }
    }

    /// Adds a value under its path: members by name, elements by number.
    pub(super) fn flatten(&self, path: String, value: &Value, parameters: &mut BTreeMap<Arc<str>, Term>) {
        match &value.kind {
            ValueKind::Object(members) => {
                for member in members {
                    self.flatten(format!("{path}.{}", member.key), &member.value, parameters);
                }
            }
            ValueKind::Array(items) => {
                for (at, item) in items.iter().enumerate() {
                    self.flatten(format!("{path}.{at}"), item, parameters);
                }
            }
            ValueKind::Null => {}
            _ => {
                parameters.insert(path.into(), self.resolver.as_term(value));
            }
        }
    }
}
