//! Policies of resources: buckets, queues, topics, keys, buses, functions.

use super::Reader;
use crate::embedded;
use crate::facts::{self, ResourcePolicyFact};
use crate::nodes::{at, elements, list, object, string};
use crate::template::Resource;
use loopguard_model::{Inventory, Policy, ResourcePolicy};
use loopguard_pattern::json::{Value, ValueKind};
use loopguard_pattern::{Part, Term};
use std::collections::BTreeSet;

impl Reader<'_> {
    /// Adds the policies that the resource has, or is. What lets EventBridge in is added to `open`.
    pub(super) fn resource_policies(
        &self,
        resource: &Resource,
        inventory: &mut Inventory,
        open: &mut BTreeSet<Term>,
    ) {
        // What a module makes beside its queues is not always read.
        if facts::guard(&resource.class).is_some() && !resource.id.starts_with("module.") {
            inventory.closed.insert(self.arn_of(resource));
        }
        let facts = facts::resource_policies(&resource.class);
        if facts.is_empty() {
            return;
        }
        let properties = self.properties(resource);
        for fact in facts {
            let Some(policy) = self.resource_policy(resource, &properties, fact) else { continue };
            for part in &policy.unread {
                let message =
                    format!("in the policy of `{}`: {part}; it may let in more than is seen", resource.id);
                self.notes.tell(resource.span, message);
            }
            if !policy.unread.is_empty() {
                self.notes.assume(&format!(
                    "what the policy of `{}` says and cannot be read lets no role in and keeps none out",
                    resource.id
                ));
            }
            let mut resources = Vec::new();
            let lets_in = policy.may_let_eventbridge_in();
            for arn in self.subjects(resource, &properties, fact) {
                if lets_in {
                    open.insert(arn.clone());
                }
                resources
                    .extend(fact.within.as_ref().map(|end| Term::concat([arn.clone(), Term::literal(end)])));
                resources.push(arn);
            }
            inventory.resource_policies.add(ResourcePolicy { resources, policy });
        }
    }

    fn resource_policy(
        &self,
        resource: &Resource,
        properties: &Value,
        fact: &ResourcePolicyFact,
    ) -> Option<Policy> {
        let said = |path: &Option<String>| {
            let value = path.as_ref().and_then(|path| at(properties, path));
            value.filter(|value| value.kind != ValueKind::Null)
        };
        let one = |statement: Value| {
            let span = statement.span;
            object(
                span,
                [("Version", string(span, "2012-10-17")), ("Statement", list(span, vec![statement]))],
            )
        };
        let document = match (said(&fact.document), said(&fact.statement), said(&fact.principal)) {
            (Some(document), ..) => match &document.kind {
                ValueKind::String(text) => embedded::tree(text, document.span, &self.template.source),
                _ => document.clone(),
            },
            (_, Some(statement), _) => one(statement.clone()),
            (.., Some(principal)) => one(self.own_words(properties, principal)?),
            _ => return None,
        };
        let origin = self.origin(document.span);
        Some(Policy::from_value(&resource.id, &document, origin))
    }

    /// Returns the statement that a resource is in words of its own; none where it is for a service.
    fn own_words(&self, properties: &Value, principal: &Value) -> Option<Value> {
        let span = principal.span;
        let is_service = |name: &str| name.ends_with(".amazonaws.com") || name.ends_with(".amazonaws.com.cn");
        if principal.scalar().and_then(|name| name.as_literal()).is_some_and(|name| is_service(&name)) {
            return None;
        }
        let mut statement = vec![
            ("Effect", string(span, "Allow")),
            ("Principal", object(span, [("AWS", principal.clone())])),
            ("Action", properties.get("Action").cloned().unwrap_or_else(|| string(span, "*"))),
        ];
        let condition = |name: &str| at(properties, &format!("Condition.{name}"));
        if let (Some(operator), Some(key), Some(value)) =
            (condition("Type"), condition("Key"), condition("Value"))
        {
            let (operator, key) = (self.resolver.as_term(operator), self.resolver.as_term(key));
            let asked = object(span, [(key.to_string().as_str(), value.clone())]);
            statement.push(("Condition", object(span, [(operator.to_string().as_str(), asked)])));
        }
        Some(object(span, statement))
    }

    /// Returns the ARNs of what the policy is about.
    fn subjects(&self, resource: &Resource, properties: &Value, fact: &ResourcePolicyFact) -> Vec<Term> {
        let Some(path) = &fact.of else { return vec![self.arn_of(resource)] };
        let written = at(properties, path).map(elements).unwrap_or_default();
        if written.is_empty() {
            let named = fact.otherwise.as_ref().map(|name| Term::literal(name));
            return named
                .and_then(|name| self.resolver.arn_of_name(&fact.named, &name))
                .into_iter()
                .collect();
        }
        written.iter().map(|value| self.subject(&self.resolver.as_term(value), &fact.named)).collect()
    }

    /// Returns the ARN of what is written as ARN, as name, or as `Ref` gives it.
    fn subject(&self, written: &Term, class: &str) -> Term {
        if matches!(written.parts().first(), Some(Part::Literal(start)) if start.starts_with("arn:")) {
            return written.clone();
        }
        let mut declared = self.template.resources.iter().filter(|resource| &*resource.class == class);
        let is = |resource: &&Resource| {
            self.resolver.resource_reference(resource) == *written
                || self.resolver.resource_name(resource) == *written
        };
        if let Some(resource) = declared.find(is) {
            return self.arn_of(resource);
        }
        // The URL of a queue ends with its name.
        let name = written.as_literal().and_then(|text| text.rsplit('/').next().map(Term::literal));
        name.and_then(|name| self.resolver.arn_of_name(class, &name)).unwrap_or_else(|| written.clone())
    }

    /// Returns the ARN that the table knows of a resource, by whatever name.
    fn arn_of(&self, resource: &Resource) -> Term {
        let attributes = facts::resource(&resource.class).map(|fact| &fact.attributes);
        let arn = attributes.and_then(|all| {
            all.keys().find(|name| *name == "Arn").or(all.keys().find(|name| name.ends_with("Arn")))
        });
        match arn {
            Some(name) => self.resolver.resource_attribute(resource, name),
            None => self.resolver.resource_reference(resource),
        }
    }
}
