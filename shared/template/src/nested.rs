//! Nested stacks: a template that another template deploys, with the arguments it gives.
//!
//! Each such resource is a stack of its own, so its template is read once for each, under the name of the resource
//! that makes it. What goes in (parameters) and what comes out (outputs) may lead through several stacks; so both
//! are resolved round by round until nothing changes.

use crate::nodes::{elements, literal};
use crate::notes::Notes;
use crate::resolve::{Resolver, Stacks};
use crate::template::{Resource, Template};
use loopguard_pattern::json::{Span, Value, ValueKind};
use loopguard_pattern::{Part, Term};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// The most stacks read as parts of others, and the deepest nesting: a template may nest itself.
const MOST_STACKS: usize = 500;
const MAX_DEPTH: usize = 8;

/// Types that deploy a template, with the property that says where it is.
const NESTING: [(&str, &str); 3] = [
    ("AWS::CloudFormation::Stack", "TemplateURL"),
    ("AWS::CloudFormation::StackSet", "TemplateURL"),
    ("AWS::Serverless::Application", "Location"),
];

/// The property of a stack set that holds the template itself.
const BODY: &str = "TemplateBody";

/// A template that is deployed as part of another.
#[derive(Debug)]
pub(crate) struct Link {
    /// The unit that deploys it, and the resource that does.
    pub(crate) parent: Arc<str>,
    pub(crate) resource: Arc<str>,
    /// The unit that it is read as.
    pub(crate) unit: Arc<str>,
}

/// A resource of a unit: the unit's name, the logical id.
pub(crate) type At = (Arc<str>, Arc<str>);

/// What a nested stack is given and gives.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct Exchange {
    /// Unit -> parameter -> value.
    pub(crate) arguments: BTreeMap<Arc<str>, BTreeMap<Arc<str>, ValueKind>>,
    /// Unit and resource that deploys -> output -> value.
    pub(crate) outputs: BTreeMap<At, BTreeMap<Arc<str>, Term>>,
}

/// One file's notes and templates.
pub(crate) type Read = (Notes, Vec<Template>);

/// Returns the templates with those that they nest behind them, and how they hang together.
///
/// `read` gives the templates of a file under the name of a unit. A file that is only nested is no stack by itself.
pub(crate) fn unfolded(
    named: Vec<Read>,
    stacks: &Stacks<'_>,
    read: impl Fn(&Arc<str>, &Arc<str>, &Arc<str>) -> Read,
) -> (Vec<Read>, Vec<Link>) {
    let nested = files_nested(&named, stacks);
    let file_of = |(_, templates): &Read| templates.first().map(|template| template.source.file.clone());
    let (inner, mut all): (Vec<Read>, Vec<Read>) =
        named.into_iter().partition(|read| file_of(read).is_some_and(|file| nested.contains(&file)));
    let mut links = Vec::new();
    let mut visited = BTreeSet::new();
    unfold(&mut all, 0, stacks, &read, &mut links, &mut visited);
    // What is nested by itself alone hangs nowhere.
    for lost in inner {
        if file_of(&lost).is_some_and(|file| !visited.contains(&file)) {
            let from = all.len();
            all.push(lost);
            unfold(&mut all, from, stacks, &read, &mut links, &mut visited);
        }
    }
    (all, links)
}

fn unfold(
    all: &mut Vec<Read>,
    from: usize,
    stacks: &Stacks<'_>,
    read: &impl Fn(&Arc<str>, &Arc<str>, &Arc<str>) -> Read,
    links: &mut Vec<Link>,
    visited: &mut BTreeSet<Arc<str>>,
) {
    let mut open: Vec<(usize, usize)> = (from..all.len()).map(|at| (at, 0)).collect();
    let mut next = 0;
    while let Some((at, depth)) = open.get(next).copied() {
        next += 1;
        let Some((notes, templates)) = all.get(at) else { continue };
        let mut made: Vec<(Read, Link)> = Vec::new();
        for template in templates {
            visited.insert(template.source.file.clone());
            for (resource, property) in nesting(template) {
                let Some((file, text)) = stack_file(template, resource, property, stacks, notes) else {
                    continue;
                };
                if depth >= MAX_DEPTH || links.len() + made.len() >= MOST_STACKS {
                    notes.tell(resource.span, "stacks nested too deep, or too many; this one is not read");
                    continue;
                }
                let unit: Arc<str> = format!("{file} as {} of {}", resource.id, template.unit).into();
                let link =
                    Link { parent: template.unit.clone(), resource: resource.id.clone(), unit: unit.clone() };
                made.push((read(&file, &text, &unit), link));
            }
        }
        for (read, link) in made {
            open.push((all.len(), depth + 1));
            all.push(read);
            links.push(link);
        }
    }
}

/// Returns the files that some template nests.
fn files_nested(named: &[Read], stacks: &Stacks<'_>) -> BTreeSet<Arc<str>> {
    let mut nested = BTreeSet::new();
    for (notes, templates) in named {
        let quiet = notes.fresh();
        for template in templates {
            for (resource, property) in nesting(template) {
                let file = stack_file(template, resource, property, stacks, &quiet).map(|(file, _)| file);
                nested.extend(file.filter(|file| *file != template.source.file));
            }
        }
    }
    nested
}

fn nesting(template: &Template) -> impl Iterator<Item = (&Resource, &'static str)> {
    template.resources.iter().filter_map(|resource| {
        let (_, property) = NESTING.iter().find(|(class, _)| **class == *resource.class)?;
        Some((resource, *property))
    })
}

/// Returns the file of the stack's template, if it is read; else tells what is missing.
fn stack_file(
    template: &Template,
    resource: &Resource,
    property: &str,
    stacks: &Stacks<'_>,
    notes: &Notes,
) -> Option<(Arc<str>, Arc<str>)> {
    if let Some(body) = resource.properties.get(BODY).filter(|_| resource.properties.get(property).is_none())
    {
        return stack_body(template, resource, body, stacks, notes);
    }
    let Some(place) = resource.properties.get(property) else {
        notes.tell(
            resource.span,
            format!("nested stack `{}` has no `{property}`; it is not read", resource.id),
        );
        return None;
    };
    if let Some(path) = literal(place)
        && let Some(found) = stacks.files.beside(&template.source.file, &path)
    {
        return Some(owned(found));
    }
    let quiet = notes.fresh();
    let resolver = Resolver::new(template, stacks, &quiet);
    if let Some(application) = place.get("ApplicationId") {
        let application = resolver.term(application);
        let message = format!(
            "nested stack `{}` is application `{application}` of the Serverless Application Repository, which is not read: \
             its rules are not known",
            resource.id
        );
        notes.tell(place.span, message);
        return None;
    }
    let url = match resolver.to_be_given(property, place) {
        Some(given) => resolver.as_term(&given),
        None => resolver.term(place),
    };
    let tail = match url.parts().last() {
        Some(Part::Literal(tail)) => tail.to_string(),
        _ => String::new(),
    };
    let found = stacks.files.like(&tail).and_then(|file| stacks.files.named(file));
    match &found {
        Some((file, _)) => notes.assume(&format!("nested stack `{}` is deployed from {file}", resource.id)),
        None => notes.tell(
            place.span,
            format!(
                "the template of nested stack `{}` is `{url}`, which is not read: its rules are not known",
                resource.id
            ),
        ),
    }
    found.map(owned)
}

fn owned((file, text): (&Arc<str>, &Arc<str>)) -> (Arc<str>, Arc<str>) {
    (file.clone(), text.clone())
}

/// Returns the template that stands in the resource itself, under a name of its own: its lines are those of the text.
fn stack_body(
    template: &Template,
    resource: &Resource,
    body: &Value,
    stacks: &Stacks<'_>,
    notes: &Notes,
) -> Option<(Arc<str>, Arc<str>)> {
    let quiet = notes.fresh();
    let text = Resolver::new(template, stacks, &quiet).term(body).as_literal();
    if text.is_none() {
        let message = format!(
            "the template of stack set `{}` is not known before deployment; it is not read: its rules are not known",
            resource.id
        );
        notes.tell(body.span, message);
    }
    Some((format!("{}#{}", template.source.file, resource.id).into(), text?))
}

/// Returns what the nested stacks are given and give, once it no longer changes.
pub(crate) fn exchange(all: &[Read], links: &[Link], stacks: &mut Stacks<'_>) {
    let units: BTreeMap<&Arc<str>, (&Notes, &Template)> = all
        .iter()
        .flat_map(|(notes, templates)| templates.iter().map(move |one| (&one.unit, (notes, one))))
        .collect();
    // A value may lead from stack to stack; each round carries it one further.
    for _ in 0..=links.len().min(MOST_STACKS) {
        let mut next = Exchange::default();
        for link in links {
            let (Some((notes, parent)), Some((_, child))) = (units.get(&link.parent), units.get(&link.unit))
            else {
                continue;
            };
            let quiet = notes.fresh();
            let given = given(parent, link, stacks, &quiet);
            next.arguments.insert(link.unit.clone(), given);
            let outputs = outputs(child, stacks, &quiet);
            next.outputs.insert((link.parent.clone(), link.resource.clone()), outputs);
        }
        if next == stacks.exchange {
            return;
        }
        stacks.exchange = next;
    }
}

fn given(
    parent: &Template,
    link: &Link,
    stacks: &Stacks<'_>,
    notes: &Notes,
) -> BTreeMap<Arc<str>, ValueKind> {
    let resolver = Resolver::new(parent, stacks, notes);
    let parameters = parent
        .resource(&link.resource)
        .and_then(|resource| resource.properties.get("Parameters"))
        .and_then(|parameters| resolver.value(parameters));
    let parameters = parameters.unwrap_or(Value { kind: ValueKind::Null, span: Span::default() });
    let named = parameters.members().iter().map(|member| (member.key.clone(), member.value.kind.clone()));
    // Those of a stack set are a list.
    let listed = elements(&parameters).iter().filter_map(|one| {
        Some((one.get("ParameterKey").and_then(literal)?, one.get("ParameterValue")?.kind.clone()))
    });
    named.chain(listed).collect()
}

fn outputs(child: &Template, stacks: &Stacks<'_>, notes: &Notes) -> BTreeMap<Arc<str>, Term> {
    let resolver = Resolver::new(child, stacks, notes);
    child
        .outputs
        .members()
        .iter()
        .filter_map(|output| Some((output.key.clone(), resolver.term(output.value.get("Value")?))))
        .collect()
}
