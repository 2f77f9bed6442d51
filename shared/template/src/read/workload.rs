//! What runs behind targets: functions, state machines, task definitions, build projects, documents.

use super::Reader;
use crate::embedded;
use crate::facts;
use crate::nodes::{at, get};
use crate::template::Resource;
use loopguard_model::Workload;
use loopguard_pattern::Term;
use loopguard_pattern::json::{Value, ValueKind};
use std::sync::Arc;

impl Reader<'_> {
    /// Returns the workload that the resource is, if its type runs under a role.
    pub(super) fn workload(&self, resource: &Resource, class: &str) -> Option<Workload> {
        let fact = facts::workload(class)?;
        let properties = self.properties(resource);
        let arn = if fact.arn.is_empty() {
            self.resolver.resource_reference(resource)
        } else {
            self.resolver.resource_attribute(resource, &fact.arn)
        };
        let role = fact.role.iter().find_map(|path| at(&properties, path));
        let definition = fact.definition.iter().find_map(|path| at(&properties, path));
        Some(Workload {
            class: class.into(),
            arn,
            name: self.resolver.resource_name(resource),
            role: role.and_then(|role| self.role_arn(role)),
            definition: definition.and_then(|definition| self.definition(definition, &properties)),
            origin: self.origin(resource.span),
        })
    }

    /// Returns a role's ARN, where a property may hold the ARN or the name.
    fn role_arn(&self, value: &Value) -> Option<Term> {
        if value.kind == ValueKind::Null {
            return None;
        }
        let written = self.resolver.as_term(value);
        let named = self.template.resources.iter().find(|resource| {
            &*resource.class == "AWS::IAM::Role" && self.resolver.resource_name(resource) == written
        });
        Some(named.map_or(written, |role| self.resolver.resource_attribute(role, "Arn")))
    }

    fn definition(&self, written: &Value, properties: &Value) -> Option<Arc<Value>> {
        let tree = match &written.kind {
            ValueKind::String(text) => embedded::tree(text, written.span, &self.template.source),
            ValueKind::Object(_) => written.clone(),
            _ => return None,
        };
        let tree = match get(properties, "DefinitionSubstitutions") {
            Some(tokens) => self.resolver.with_tokens(tree, tokens),
            None => tree,
        };
        if let ValueKind::Broken(why) = &tree.kind {
            self.notes.tell(written.span, format!("the definition is not JSON: {why}"));
            return None;
        }
        Some(Arc::new(tree))
    }
}
