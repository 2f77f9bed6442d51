//! From files to an inventory.

mod api;
mod bucket;
mod code;
mod connection;
mod resource_policy;
mod role;
mod rule;
mod target;
mod trail;
mod workload;

use crate::files::Files;
use crate::nested::{self, Exchange, Read};
use crate::nodes::at;
use crate::notes::Notes;
use crate::resolve::{Resolver, Stacks};
use crate::template::{Resource, Template};
use crate::{Options, Source, units};
use loopguard_model::{Inventory, Origin};
use loopguard_pattern::Term;
use loopguard_pattern::json::{Span, Value, ValueKind};
use std::cell::OnceCell;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// Returns what the files declare, and the files that they refer to and that are not among `files`.
///
/// `beside` are files that a template referred to: they are no stacks by themselves.
pub(crate) fn inventory(
    files: &[Source],
    beside: &[Source],
    options: &Options,
) -> (Inventory, BTreeSet<Arc<str>>) {
    let texts = files.iter().chain(beside).map(|source| (source.file.clone(), source.text.clone()));
    let texts = Files::new(texts);
    let (named, place) = units::read(files, &texts, options);
    let mut inventory = read_all(named, &texts, &place.options(options));
    inventory.assumptions.extend(place.assumptions());
    (inventory, texts.into_wanted())
}

fn read_all(named: Vec<Read>, texts: &Files, options: &Options) -> Inventory {
    let mut stacks = Stacks {
        options,
        scope: options.scope(),
        shared_names: BTreeSet::new(),
        several: false,
        exports: BTreeMap::new(),
        exchange: Exchange::default(),
        files: texts,
    };
    let (files, links) = nested::unfolded(named, &stacks, |file, text, unit| {
        units::templates(file, text, Some(unit), options)
    });
    let all = || files.iter().flat_map(|(_, templates)| templates);
    stacks.shared_names = shared_names(all());
    stacks.several = all().count() > 1;
    nested::exchange(&files, &links, &mut stacks);
    stacks.exports = exports(&files, &stacks);
    if !stacks.exports.is_empty() && !links.is_empty() {
        // What is handed to a nested stack may be imported.
        nested::exchange(&files, &links, &mut stacks);
    }
    let mut inventory = Inventory::new(stacks.scope.clone());
    if stacks.several {
        inventory.assumptions.insert("all templates are deployed to one account and one region".into());
    }
    // A policy may belong to another template's role, by name or by import.
    let mut roles = role::Roles::default();
    let mut open = BTreeSet::new();
    for (notes, templates) in &files {
        for template in templates {
            Reader::new(template, &stacks, notes).read_into(&mut inventory, &mut roles, &mut open);
        }
    }
    inventory.closed.retain(|arn| !open.contains(arn));
    inventory.notes.extend(roles.strangers());
    inventory.roles.extend(roles.joined());
    for (notes, _) in files {
        let told = notes.into_told();
        inventory.notes.extend(told.notes);
        inventory.assumptions.extend(told.assumed);
        inventory.unread.extend(told.unread);
    }
    inventory
}

/// Returns what the templates export, name to value; a name that two of them export is left out.
fn exports(files: &[Read], stacks: &Stacks<'_>) -> BTreeMap<Term, Term> {
    let mut exports: BTreeMap<Term, Option<Term>> = BTreeMap::new();
    for (notes, templates) in files {
        for template in templates {
            // What exports have to tell is told where their values are used.
            let quiet = notes.fresh();
            let resolver = Resolver::new(template, stacks, &quiet);
            for output in template.outputs.members() {
                if let (Some(name), Some(value)) =
                    (at(&output.value, "Export.Name"), output.value.get("Value"))
                {
                    let value = Some(resolver.term(value));
                    let name = resolver.term(name);
                    exports.entry(name).and_modify(|known| *known = None).or_insert(value);
                }
            }
        }
    }
    exports.into_iter().filter_map(|(name, value)| Some((name, value?))).collect()
}

/// Returns the names that more than one template declares.
fn shared_names<'a>(templates: impl Iterator<Item = &'a Template>) -> BTreeSet<Arc<str>> {
    let mut count: BTreeMap<Arc<str>, usize> = BTreeMap::new();
    for template in templates {
        let ids = template.resources.iter().map(|resource| &resource.id).chain(template.parameters.keys());
        for id in ids.collect::<BTreeSet<_>>() {
            *count.entry(id.clone()).or_default() += 1;
        }
    }
    count.into_iter().filter(|(_, count)| *count > 1).map(|(id, _)| id).collect()
}

/// Reads the resources of one template.
struct Reader<'a> {
    template: &'a Template,
    stacks: &'a Stacks<'a>,
    notes: &'a Notes,
    resolver: Resolver<'a>,
    roles: OnceCell<BTreeMap<Term, Arc<str>>>,
    parts_of_apis: OnceCell<BTreeMap<Term, &'a Resource>>,
}

impl<'a> Reader<'a> {
    fn new(template: &'a Template, stacks: &'a Stacks<'a>, notes: &'a Notes) -> Self {
        Self {
            template,
            stacks,
            notes,
            resolver: Resolver::new(template, stacks, notes),
            roles: OnceCell::new(),
            parts_of_apis: OnceCell::new(),
        }
    }

    fn read_into(&self, inventory: &mut Inventory, roles: &mut role::Roles, open: &mut BTreeSet<Term>) {
        for resource in &self.template.resources {
            let before = counts(inventory, roles);
            match &*resource.class {
                "AWS::Events::Rule" => inventory.rules.push(self.rule(resource)),
                "AWS::IAM::Role" => self.role(resource, roles),
                "AWS::IAM::Policy" | "AWS::IAM::RolePolicy" | "AWS::IAM::ManagedPolicy" => {
                    self.policy(resource, roles);
                }
                "AWS::S3::Bucket" | "Custom::S3BucketNotifications" => self.bucket(resource, inventory),
                "AWS::CloudTrail::Trail" => self.trail(resource, inventory),
                class => inventory.workloads.extend(self.workload(resource, class)),
            }
            self.api(resource, inventory);
            inventory.connections.extend(self.connections(resource));
            self.resource_policies(resource, inventory, open);
            let read = before != counts(inventory, roles);
            if let Some(condition) = resource.condition.as_ref().filter(|_| read) {
                self.notes.assume(&format!(
                    "what depends on condition `{condition}` of {} is there",
                    self.template.unit
                ));
            }
        }
    }

    /// Returns the resource's properties with intrinsic functions resolved.
    fn properties(&self, resource: &Resource) -> Value {
        let nothing = || Value { kind: ValueKind::Object(Vec::new()), span: resource.span };
        let value = self.resolver.value(&resource.properties).unwrap_or_else(nothing);
        if !matches!(value.kind, ValueKind::Object(_)) {
            let message =
                format!("the properties of `{}` are not an object of names and values", resource.id);
            self.notes.tell(value.span, message);
        }
        value
    }

    fn origin(&self, span: Span) -> Origin {
        self.template.source.origin(span)
    }

    /// Returns where a member stands: its value, or its key where the value begins on a later line.
    fn origin_of_member(&self, parent: &Value, key: &str) -> Option<Origin> {
        let member = parent.member(key)?;
        let source = &self.template.source;
        let same_line = source.line(member.key_span.start) == source.line(member.value.span.start);
        let span = if same_line || member.value.span.start < member.key_span.start {
            member.value.span
        } else {
            Span { start: member.key_span.start, end: member.value.span.end }
        };
        Some(self.origin(span))
    }

    /// Returns a member as text, if it is there and not empty.
    fn text(&self, value: &Value, key: &str) -> Option<Term> {
        let value = value.get(key).filter(|value| value.kind != ValueKind::Null)?;
        Some(self.resolver.as_term(value)).filter(|term| *term != Term::default())
    }
}

fn counts(inventory: &Inventory, roles: &role::Roles) -> [usize; 4] {
    [inventory.rules.len(), inventory.workloads.len(), inventory.connections.len(), roles.len()]
}

#[cfg(test)]
mod tests;
