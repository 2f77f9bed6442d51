//! What runs behind targets: functions, state machines, task definitions, build projects, documents.

use super::Reader;
use crate::document;
use crate::embedded;
use crate::facts;
use crate::nodes::{at, literal};
use crate::notes::Notes;
use crate::source_text::SourceText;
use crate::template::Resource;
use loopguard_model::Workload;
use loopguard_pattern::Term;
use loopguard_pattern::json::{Span, Value, ValueKind};
use std::collections::BTreeMap;
use std::sync::Arc;

impl Reader<'_> {
    /// Returns the workload that the resource is, if its type runs under a role.
    pub(super) fn workload(&self, resource: &Resource, class: &str) -> Option<Workload> {
        let fact = facts::workload(class)?;
        let properties = self.properties(resource);
        let arn = self.resolver.resource_form(resource, &fact.arn);
        let role = fact.role.iter().find_map(|path| at(&properties, path));
        let definition = fact.definition.iter().find_map(|path| at(&properties, path));
        let definition = match (definition, properties.get("DefinitionUri")) {
            (Some(written), _) => self.definition(written, &properties),
            (None, Some(uri)) => self.definition_of_file(uri, &properties),
            (None, None) => None,
        };
        let name = self.resolver.resource_name(resource);
        Some(Workload {
            role: role.and_then(|role| self.role_arn(role)),
            definition,
            code_source: self.code_source(resource, &properties, &fact.code),
            properties: self.kept(&properties, &fact.properties),
            ..Workload::new(class, arn, name, self.origin(resource.span))
        })
    }

    /// Returns a role's ARN, where a property may hold the ARN or the name.
    fn role_arn(&self, value: &Value) -> Option<Term> {
        if value.kind == ValueKind::Null {
            return None;
        }
        let written = self.resolver.as_term(value);
        let named = self.roles_by_name().get(&written).and_then(|id| self.template.resource(id));
        Some(named.map_or(written, |role| self.resolver.resource_attribute(role, "Arn")))
    }

    /// Returns the logical ids of the template's roles by their names.
    fn roles_by_name(&self) -> &BTreeMap<Term, Arc<str>> {
        self.roles.get_or_init(|| {
            let roles =
                self.template.resources.iter().filter(|resource| &*resource.class == "AWS::IAM::Role");
            roles.map(|role| (self.resolver.resource_name(role), role.id.clone())).collect()
        })
    }

    /// Returns the definition that stands in another file, if that file is read, too. Its values are told at
    /// the reference, because an origin names one file.
    fn definition_of_file(&self, uri: &Value, properties: &Value) -> Option<Arc<Value>> {
        let found = literal(uri).and_then(|uri| self.stacks.files.beside(&self.template.source.file, &uri));
        let Some((file, text)) = found else {
            let name = literal(uri).map_or_else(|| "an object in S3".to_owned(), |uri| format!("`{uri}`"));
            self.notes.tell(uri.span, format!("the definition is in {name}, which is not read"));
            return None;
        };
        let source = Arc::new(SourceText::new(file.clone(), text.clone()));
        let attempt = Notes::new(source);
        let document = document::documents(text, &attempt).into_iter().next();
        if !attempt.is_empty() {
            self.notes.tell(uri.span, format!("the definition in `{file}` is not read to its end"));
        }
        let mut tree = document?;
        place_at(&mut tree, uri.span);
        self.definition(&tree, properties)
    }

    fn definition(&self, written: &Value, properties: &Value) -> Option<Arc<Value>> {
        let tree = match &written.kind {
            ValueKind::String(text) => embedded::tree_of_values(text, written.span, &self.template.source),
            ValueKind::Object(_) => written.clone(),
            _ => return None,
        };
        let tree = match properties.get("DefinitionSubstitutions") {
            Some(tokens) => self.resolver.with_tokens(tree, tokens),
            None => tree,
        };
        if let Some((why, span)) = broken(&tree) {
            self.notes.tell(span, format!("the definition is not JSON: {why}"));
            return None;
        }
        Some(Arc::new(tree))
    }
}

/// Returns where and why a text could not be read to its end.
fn broken(tree: &Value) -> Option<(&Arc<str>, Span)> {
    match &tree.kind {
        ValueKind::Broken(why) => Some((why, tree.span)),
        ValueKind::Array(items) => items.iter().find_map(broken),
        ValueKind::Object(members) => members.iter().find_map(|member| broken(&member.value)),
        _ => None,
    }
}

/// Puts a whole tree in one place.
fn place_at(tree: &mut Value, span: Span) {
    tree.span = span;
    match &mut tree.kind {
        ValueKind::Array(items) => items.iter_mut().for_each(|item| place_at(item, span)),
        ValueKind::Object(members) => {
            for member in members {
                member.key_span = span;
                place_at(&mut member.value, span);
            }
        }
        _ => {}
    }
}
