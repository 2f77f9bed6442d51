//! Resources that only add something to another: targets to rules, policies to roles.

use super::declared::Declared;
use super::settle::referred;
use super::translate::arguments;
use crate::facts::{self, TerraformFact};
use crate::nodes::{elements, list, literal, same};
use crate::notes::Notes;
use crate::template::Resource;
use loopguard_pattern::json::{Member, Value, ValueKind};
use std::collections::BTreeSet;

/// What is added, its references settled.
#[derive(Clone)]
pub(super) struct Addition<'a> {
    pub(super) declared: &'a Declared,
    pub(super) fact: &'static TerraformFact,
    pub(super) body: Value,
}

/// Adds each to the resource that it names. Where the name is not known it could be any of the owner's type: those get it
/// that have nothing of the kind yet, and if all have, all.
pub(super) fn join(resources: &mut [Resource], additions: Vec<Addition<'_>>, notes: &Notes) {
    let mut open = Vec::new();
    let mut served: BTreeSet<(usize, &str)> = BTreeSet::new();
    for addition in additions {
        let names = addition.body.get(&addition.fact.by).map(elements).unwrap_or_default().to_vec();
        for name in &names {
            let at = resources.iter().position(|resource| addition.belongs_to(resource, name));
            match at.and_then(|at| Some((at, resources.get_mut(at)?))) {
                Some((at, resource)) => {
                    addition.add_to(resource);
                    served.insert((at, &addition.fact.into));
                }
                None if literal(name).is_some() || referred(name).is_some() => addition.stranger(name, notes),
                None => open.push((addition.clone(), name.clone())),
            }
        }
    }
    for (addition, name) in open {
        spread(resources, &addition, &name, &served, notes);
    }
}

/// Gives an addition whose owner is not known to all that it may belong to.
fn spread(
    resources: &mut [Resource],
    addition: &Addition<'_>,
    name: &Value,
    served: &BTreeSet<(usize, &str)>,
    notes: &Notes,
) {
    let address = &addition.declared.address;
    let may_belong = |resource: &Resource| addition.is_owner(resource);
    let idle = |at: usize| !served.contains(&(at, addition.fact.into.as_str()));
    let any_idle = resources.iter().enumerate().any(|(at, resource)| may_belong(resource) && idle(at));
    let mut given = 0;
    for (at, resource) in resources.iter_mut().enumerate() {
        if may_belong(resource) && (idle(at) || !any_idle) {
            addition.add_to(resource);
            given += 1;
        }
    }
    let what = format!("what `{address}` belongs to is not known before deployment");
    notes.tell(
        name.span,
        match given {
            0 => format!("{what}, and nothing of its kind is declared here; it is not read"),
            _ => format!("{what}; it is taken to belong to {given} that it may belong to"),
        },
    );
}

impl Addition<'_> {
    fn is_owner(&self, resource: &Resource) -> bool {
        let owner = self.fact.owner.as_deref().and_then(facts::terraform);
        owner.is_some_and(|owner| owner.class == *resource.class)
    }

    /// Returns whether `name` names the resource: by reference, or by its name where the other arguments agree.
    fn belongs_to(&self, resource: &Resource, name: &Value) -> bool {
        if !self.is_owner(resource) {
            return false;
        }
        if let Some(address) = referred(name) {
            return address == resource.id;
        }
        let property = facts::resource(&resource.class).map_or("", |class| class.name.as_str());
        let named = resource.properties.get(property).is_some_and(|own| same(own, name));
        named && self.fact.also.iter().all(|(argument, property)| self.agrees(resource, argument, property))
    }

    /// Returns false iff both sides are known and differ.
    fn agrees(&self, resource: &Resource, argument: &str, property: &str) -> bool {
        let said = |value: Option<&Value>| match value {
            None => Some("default".into()),
            Some(value) if value.kind == ValueKind::Null => Some("default".into()),
            Some(value) => literal(value),
        };
        match (said(self.body.get(argument)), said(resource.properties.get(property))) {
            (Some(a), Some(b)) => a == b,
            _ => true,
        }
    }

    fn stranger(&self, name: &Value, notes: &Notes) {
        let shown = literal(name).or_else(|| referred(name)).unwrap_or_else(|| "?".into());
        let message = format!(
            "`{}` belongs to `{shown}`, which is not declared here; it is not read",
            self.declared.address
        );
        notes.tell(self.declared.span, message);
    }

    fn add_to(&self, resource: &mut Resource) {
        let span = self.declared.span;
        let (key_span, added) = match &self.fact.value {
            None => (span, vec![arguments(self.fact, &self.body, span)]),
            Some(argument) => match self.body.member(argument) {
                Some(member) => (member.key_span, elements(&member.value).to_vec()),
                None => return,
            },
        };
        let ValueKind::Object(members) = &mut resource.properties.kind else { return };
        if let Some(member) = members.iter_mut().find(|member| *member.key == *self.fact.into) {
            let mut all = elements(&member.value).to_vec();
            all.extend(added);
            member.value = list(member.value.span, all);
            return;
        }
        let value = match <[Value; 1]>::try_from(added) {
            // A single document stays one; readers take one element for a list of one.
            Ok([only]) => only,
            Err(several) => list(span, several),
        };
        members.push(Member { key: self.fact.into.as_str().into(), key_span, value });
    }
}
