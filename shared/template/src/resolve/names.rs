//! Names, `Ref` and attributes of resources, from the table of resource types.

use super::Resolver;
use crate::facts::{self, ResourceFact};
use crate::nodes::at;
use crate::template::Resource;
use loopguard_pattern::json::ValueKind;
use loopguard_pattern::{Part, Symbol, Term};

impl Resolver<'_> {
    /// Returns what `Ref` of the resource gives.
    pub(crate) fn resource_reference(&self, resource: &Resource) -> Term {
        match facts::resource(&resource.class) {
            Some(fact) => self.form(&fact.reference, resource, fact),
            None => self.unknown_attribute(resource, "Ref"),
        }
    }

    /// Returns what `Fn::GetAtt` of the resource gives.
    pub(crate) fn resource_attribute(&self, resource: &Resource, attribute: &str) -> Term {
        match facts::resource(&resource.class) {
            Some(fact) => match fact.attributes.get(attribute) {
                Some(form) => self.form(form, resource, fact),
                None => self.unknown_attribute(resource, attribute),
            },
            None => self.unknown_attribute(resource, attribute),
        }
    }

    /// Returns the text that a form of the tables makes for the resource.
    pub(crate) fn resource_form(&self, resource: &Resource, form: &str) -> Term {
        match facts::resource(&resource.class) {
            Some(fact) => self.form(form, resource, fact),
            None => self.unknown_attribute(resource, form),
        }
    }

    /// Returns the text that a form makes that asks for no more than where the stack lives.
    pub(crate) fn scope_form(&self, resource: &Resource, form: &str) -> Term {
        filled(form, |hole| self.scope_hole(hole).unwrap_or_else(|| self.unknown_attribute(resource, hole)))
    }

    /// Returns the resource's name: what its name property says, else a created symbol.
    pub(crate) fn resource_name(&self, resource: &Resource) -> Term {
        if let Some(name) = self.names.borrow().get(&resource.id) {
            return name.clone();
        }
        let created = self.created(resource, "name");
        // A name that refers to itself is nobody's choice.
        self.names.borrow_mut().insert(resource.id.clone(), created.clone());
        let property = facts::resource(&resource.class).map_or("", |fact| fact.name.as_str());
        let chosen = if property.is_empty() { None } else { self.property(resource, property) };
        let name = chosen.unwrap_or(created);
        self.names.borrow_mut().insert(resource.id.clone(), name.clone());
        name
    }

    /// Returns a property that is a text; an empty one is none.
    fn property(&self, resource: &Resource, path: &str) -> Option<Term> {
        let value = self.value(at(&resource.properties, path)?)?;
        match value.kind {
            ValueKind::Null => None,
            _ => Some(self.as_term(&value)).filter(|term| *term != Term::default()),
        }
    }

    fn created(&self, resource: &Resource, attribute: &str) -> Term {
        let class = format!("{}.{attribute}", resource.class);
        let name = self.unique_name(&resource.id);
        // CloudFormation makes names from logical ids, which are letters and digits; Terraform makes them otherwise.
        if attribute == "name" && resource.id.chars().all(|character| character.is_ascii_alphanumeric()) {
            return Symbol::generated(&class, &name, &resource.id).into();
        }
        Symbol::created(&class, &name).into()
    }

    /// Returns an attribute that no table knows: equal to itself, perhaps equal to anything else.
    fn unknown_attribute(&self, resource: &Resource, attribute: &str) -> Term {
        let id = self.unique_name(&resource.id);
        Symbol::given(&resource.class, &format!("{id}.{attribute}")).into()
    }

    /// Returns the ARN of a resource of the type that is known by its name alone.
    pub(crate) fn arn_of_name(&self, class: &str, name: &Term) -> Option<Term> {
        let form = facts::resource(class)?.attributes.get("Arn")?;
        let scoped = |hole: &str| match hole {
            "name" => Some(name.clone()),
            // What AWS names itself goes by that.
            hole if hole.starts_with("new:") && !form.contains("{name}") => Some(name.clone()),
            hole => self.scope_hole(hole),
        };
        Some(filled(form, |hole| scoped(hole).unwrap_or_else(|| Term::literal("*"))))
    }

    /// Returns the text that a form of the table makes for the resource.
    fn form(&self, form: &str, resource: &Resource, fact: &ResourceFact) -> Term {
        filled(form, |hole| self.hole(hole, resource, fact))
    }

    /// Returns what a hole stands for that asks for no more than where the stack lives.
    fn scope_hole(&self, hole: &str) -> Option<Term> {
        let scope = &self.stacks.scope;
        Some(match hole {
            "partition" => {
                self.assume_partition();
                scope.partition.clone()
            }
            "account" => scope.account.clone(),
            "region" => scope.region.clone(),
            "suffix" => Term::literal(self.url_suffix()),
            _ => return None,
        })
    }

    fn hole(&self, hole: &str, resource: &Resource, fact: &ResourceFact) -> Term {
        if let Some(term) = self.scope_hole(hole) {
            return term;
        }
        let (kind, argument) = hole.split_once(':').unwrap_or((hole, ""));
        let (argument, default) = match argument.split_once('|') {
            Some((argument, default)) => (argument, Some(default)),
            None => (argument, None),
        };
        let property = || {
            let otherwise = || default.map_or_else(|| self.created(resource, argument), Term::literal);
            self.property(resource, argument).unwrap_or_else(otherwise)
        };
        match kind {
            "name" => self.resource_name(resource),
            "new" => self.created(resource, argument),
            "prop" => property(),
            "tail" => last_field(&property()),
            "rule" => self.rule_of_bus(resource),
            // INVARIANT: no attribute of the table refers to itself; the table's test holds it.
            "attr" => match fact.attributes.get(argument) {
                Some(form) => self.form(form, resource, fact),
                None => self.unknown_attribute(resource, argument),
            },
            _ => self.unknown_attribute(resource, hole),
        }
    }

    fn rule_of_bus(&self, resource: &Resource) -> Term {
        let name = self.resource_name(resource);
        let bus =
            self.property(resource, "EventBusName").map(|bus| crate::bus::name(&bus, &self.stacks.scope));
        match bus {
            Some(bus) if bus != Term::literal("default") => Term::concat([bus, Term::literal("/"), name]),
            _ => name,
        }
    }
}

/// Returns the form with its holes filled.
fn filled(form: &str, hole: impl Fn(&str) -> Term) -> Term {
    let mut terms = Vec::new();
    let mut rest = form;
    while let Some((before, after)) = rest.split_once('{') {
        terms.push(Term::literal(before));
        let (name, behind) = after.split_once('}').unwrap_or((after, ""));
        terms.push(hole(name));
        rest = behind;
    }
    terms.push(Term::literal(rest));
    Term::concat(terms)
}

/// Returns what stands behind the last `:` or `/` of a term.
fn last_field(term: &Term) -> Term {
    let mut tail = Vec::new();
    for part in term.parts() {
        match part {
            Part::Literal(text) => match text.rsplit_once([':', '/']) {
                Some((_, after)) => tail = vec![Term::literal(after)],
                None => tail.push(Term::literal(text)),
            },
            Part::Symbol(symbol) => tail.push(symbol.clone().into()),
        }
    }
    Term::concat(tail)
}
