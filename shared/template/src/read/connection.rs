//! What carries events on without a rule, by the table of connections.

use super::Reader;
use crate::embedded;
use crate::facts::{self, ConnectionFact};
use crate::nodes::{at, elements, literal};
use crate::template::Resource;
use loopguard_model::{Connection, ConnectionKind, Target, filter_of_policy, whole};
use loopguard_pattern::json::{Span, Value, ValueKind};
use loopguard_pattern::{EventPattern, Part, SymbolKind, Term};
use std::collections::BTreeMap;
use std::sync::Arc;

impl Reader<'_> {
    /// Returns the connections that the resource declares.
    pub(super) fn connections(&self, resource: &Resource) -> Vec<Connection> {
        let facts = facts::connections(&resource.class);
        if facts.is_empty() {
            return Vec::new();
        }
        let properties = self.properties(resource);
        let mut found = Vec::new();
        for fact in facts {
            let Some(kind) = fact.kind() else { continue };
            let entries = match &fact.each {
                None => std::slice::from_ref(&properties),
                Some(path) => at(&properties, path).map(elements).unwrap_or_default(),
            };
            for (number, entry) in entries.iter().enumerate() {
                let name = match entries {
                    [_] => resource.id.clone(),
                    _ => format!("{}#{}", resource.id, number + 1).into(),
                };
                let declared = Declared { resource, properties: &properties, entry, fact };
                found.extend(self.connection(kind, name, &declared));
            }
        }
        found
    }

    fn connection(
        &self,
        kind: ConnectionKind,
        name: Arc<str>,
        declared: &Declared<'_>,
    ) -> Option<Connection> {
        let Declared { fact, entry, .. } = declared;
        let kept = |(path, values): (&String, &Vec<String>)| {
            at(entry, path).and_then(literal).is_none_or(|value| values.iter().any(|known| **known == *value))
        };
        if !fact.only.iter().all(kept) {
            return None;
        }
        let to = self.end(&name, declared)?;
        let from = match &fact.from {
            None => None,
            Some(path) => Some(self.source(path, declared)?),
        };
        let off = |(path, value): (&String, &String)| {
            at(entry, path).and_then(literal).is_some_and(|found| *found == **value)
        };
        Some(Connection {
            kind,
            from,
            filters: self.filters(declared),
            enabled: !fact.off.iter().any(off),
            scope: self.stacks.scope.clone(),
            origin: to.origin.clone(),
            name,
            to,
        })
    }

    /// Returns what the connection hands on to.
    fn end(&self, name: &Arc<str>, declared: &Declared<'_>) -> Option<Target> {
        let Declared { resource, properties, entry, fact } = declared;
        if fact.to.contains('{') {
            return Some(Target {
                id: name.clone(),
                arn: self.resolver.resource_form(resource, &fact.to),
                role: None,
                parameters: BTreeMap::new(),
                origin: self.origin(resource.span),
            });
        }
        let of_entry = self.reach(entry, &fact.to);
        let written = of_entry.or_else(|| self.reach(properties, &fact.to));
        let written = written.filter(|value| value.kind != ValueKind::Null);
        if written.is_none() && fact.optional {
            return None;
        }
        let place = if fact.each.is_some() { entry.span } else { resource.span };
        let role = fact.role.as_ref().and_then(|path| at(entry, path));
        Some(Target {
            id: name.clone(),
            arn: self.end_arn(written.as_ref(), declared, place),
            role: role.and_then(Value::scalar),
            parameters: self.parameters(declared),
            origin: self.origin(place),
        })
    }

    fn end_arn(&self, written: Option<&Value>, declared: &Declared<'_>, place: Span) -> Term {
        let id = &declared.resource.id;
        let Some(value) = written else {
            let message = format!("`{id}` does not say what it hands on to; it may be anything");
            self.notes.tell(place, message);
            return self.resolver.expression(place);
        };
        if let ValueKind::Broken(why) = &value.kind {
            self.notes.tell(value.span, format!("what `{id}` hands on to cannot be read: {why}"));
        }
        self.arn(value, declared, &declared.fact.to)
    }

    /// Returns what stays with the end, flattened.
    fn parameters(&self, declared: &Declared<'_>) -> BTreeMap<Arc<str>, Term> {
        let Declared { entry, fact, .. } = declared;
        let mut parameters = BTreeMap::new();
        let Some(path) = &fact.parameters else { return parameters };
        let others = if path.is_empty() { Some(*entry) } else { at(entry, path) };
        for member in others.map(Value::members).unwrap_or_default() {
            let own = |end: &String| end.rsplit('.').next() == Some(&*member.key);
            if !own(&fact.to) && !fact.role.as_ref().is_some_and(own) {
                self.flatten(member.key.to_string(), &member.value, &mut parameters);
            }
        }
        parameters
    }

    /// Returns the value behind a path, where an object on the way may be written as JSON text.
    fn reach(&self, value: &Value, path: &str) -> Option<Value> {
        let (key, rest) = path.split_once('.').map_or((path, None), |(key, rest)| (key, Some(rest)));
        let member = value.get(key)?;
        let Some(rest) = rest else { return Some(member.clone()) };
        let inner = match &member.kind {
            ValueKind::String(text) => embedded::tree(text, member.span, &self.template.source),
            _ => member.clone(),
        };
        if !matches!(inner.kind, ValueKind::Object(_) | ValueKind::Null) {
            self.notes.tell(
                member.span,
                format!("`{key}` is not an object that can be read; it may name anything"),
            );
        }
        self.reach(&inner, rest)
    }

    /// Returns what the connection takes from: a path that is seen from the entry, or a form for the resource.
    fn source(&self, path: &str, declared: &Declared<'_>) -> Option<Term> {
        let Declared { resource, properties, entry, fact } = declared;
        if path.contains('{') {
            return Some(self.resolver.resource_form(resource, path));
        }
        let written = at(entry, path).or_else(|| at(properties, path));
        let Some(written) = written.filter(|value| value.kind != ValueKind::Null) else {
            // Sources outside AWS (a broker of one's own) are named elsewhere.
            if !fact.optional {
                let message = format!("`{}` names nothing in AWS that it takes from", resource.id);
                self.notes.tell(resource.span, message);
            }
            return None;
        };
        Some(whole(&self.arn(written, declared, path)))
    }

    /// Returns a value as an ARN, where it may be the name of a resource.
    fn arn(&self, value: &Value, declared: &Declared<'_>, path: &str) -> Term {
        let written = self.resolver.as_term(value);
        let named = declared.fact.named.get(path);
        named.and_then(|class| self.arn_by_name(class, &written)).unwrap_or(written)
    }

    /// Returns the ARN of what has the name, or none if the term is an ARN already or may be one.
    fn arn_by_name(&self, class: &str, name: &Term) -> Option<Term> {
        let mut resources = self.template.resources.iter();
        let declared = resources
            .any(|resource| &*resource.class == class && self.resolver.resource_name(resource) == *name);
        let may_be_arn = match name.parts() {
            [Part::Symbol(symbol)] => symbol.kind == SymbolKind::Given,
            [Part::Literal(start), ..] => start.starts_with("arn:"),
            _ => false,
        };
        if may_be_arn && !declared { None } else { self.resolver.arn_of_name(class, name) }
    }

    /// Returns the patterns of which one must match; none where one of them cannot be read, since everything might pass.
    fn filters(&self, declared: &Declared<'_>) -> Vec<Arc<EventPattern>> {
        let Declared { entry, fact, .. } = declared;
        let listed = fact.filters.as_ref().and_then(|path| at(entry, path)).map(elements).unwrap_or_default();
        let patterns = listed.iter().filter_map(|filter| filter.get("Pattern"));
        let read: Result<Vec<_>, Arc<str>> =
            patterns.map(|written| self.pattern(written).map(Arc::new)).collect();
        let policy = fact.policy.as_ref().and_then(|path| at(entry, path));
        match (read, policy) {
            (Ok(patterns), None) => patterns,
            (Ok(_), Some(policy)) => self.policy_filter(policy, entry).into_iter().map(Arc::new).collect(),
            (Err(_), _) => Vec::new(),
        }
    }

    /// Returns the pattern that a subscription's filter policy is; one of message attributes stands below their name.
    fn policy_filter(&self, policy: &Value, entry: &Value) -> Option<EventPattern> {
        let tree = match &policy.kind {
            ValueKind::String(text) => embedded::tree(text, policy.span, &self.template.source),
            _ => policy.clone(),
        };
        // Of a scope that is not known nothing tells what is filtered: everything may pass.
        let scope = match entry.get("FilterPolicyScope").filter(|scope| scope.kind != ValueKind::Null) {
            Some(scope) => Some(literal(scope)?),
            None => None,
        };
        let tree = filter_of_policy(tree, scope.as_deref());
        self.pattern(&tree).ok()
    }
}

/// A connection as a resource declares it.
struct Declared<'v> {
    resource: &'v Resource,
    properties: &'v Value,
    /// The properties, or one entry of a list in them.
    entry: &'v Value,
    fact: &'static ConnectionFact,
}
