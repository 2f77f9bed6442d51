//! `serverless.yml` of the Serverless Framework as a CloudFormation template.
//!
//! The way: variables (`${self:..}`, `${opt:..}`, `${file(..)}` ...) become values (`variables`), functions with their
//! events and roles become the resources that the framework makes of them (`function`, `events`, `machine`), and the
//! `resources` beside them are taken as they are. Names and logical ids are those of the framework, because
//! templates refer to them. From there on it is a template as any other.

mod events;
mod function;
mod machine;
mod role;
mod variables;

use crate::Options;
use crate::document;
use crate::files::Files;
use crate::nodes::{elements, literal, object};
use crate::notes::Notes;
use crate::source_text::SourceText;
use crate::template::Template;
use loopguard_pattern::json::{Member, Span, Value, ValueKind};
use std::collections::BTreeSet;
use std::sync::Arc;
use variables::Variables;

/// Returns whether a file is a service of the framework, by its name.
pub(crate) fn is_service(file: &str) -> bool {
    let name = file.rsplit('/').next().unwrap_or(file);
    ["yml", "yaml", "json", "ts", "js"].iter().any(|end| name.strip_prefix("serverless.") == Some(end))
}

/// Returns the template of a service, and tells the region that it names.
pub(crate) fn template(
    source: &Arc<SourceText>,
    notes: &Notes,
    files: &Files,
    options: &Options,
    regions: &mut BTreeSet<Arc<str>>,
) -> Option<Template> {
    if source.file.ends_with("ts") || source.file.ends_with("js") {
        let message = "a service written as a program is not read; scan what `serverless package` writes to `.serverless`";
        notes.stop(Span::default(), message);
        return None;
    }
    let tree = document::documents(&source.text, notes).into_iter().next()?;
    if tree.get("service").is_none() && tree.get("provider").is_none() {
        notes.stop(tree.span, "not a service: it has neither `service` nor `provider`");
        return None;
    }
    let variables = Variables::new(&tree, source, notes, files, options);
    let tree = variables.resolved(&tree);
    regions.extend(crate::nodes::at(&tree, "provider.region").and_then(literal));
    let service = Service { stage: variables.stage(), tree: &tree, notes };
    let document = service.document();
    Template::new(&document, source.clone(), source.file.clone(), &options.parameters, notes)
}

/// A service with its variables resolved.
struct Service<'a> {
    tree: &'a Value,
    stage: Value,
    notes: &'a Notes,
}

impl Service<'_> {
    fn document(&self) -> Value {
        let span = self.tree.span;
        let mut made: Vec<Member> = Vec::new();
        let mut sections: Vec<(Arc<str>, Vec<Member>)> = Vec::new();
        for part in self.tree.get("resources").map(elements).unwrap_or_default() {
            for section in part.members() {
                match sections.iter_mut().find(|(name, _)| *name == section.key) {
                    Some((_, all)) => all.extend(section.value.members().iter().cloned()),
                    None => sections.push((section.key.clone(), section.value.members().to_vec())),
                }
            }
        }
        if sections.iter().any(|(name, _)| &**name == "extensions") {
            self.notes.tell(span, "`extensions` of resources are not read");
        }
        self.functions(&mut made);
        self.machines(&mut made);
        match sections.iter_mut().find(|(name, _)| &**name == "Resources") {
            // What the service writes itself overrides what the framework makes.
            Some((_, own)) => {
                made.retain(|member| !own.iter().any(|own| own.key == member.key));
                made.append(own);
                *own = made;
            }
            None => sections.push(("Resources".into(), made)),
        }
        let sections = sections.into_iter().map(|(key, members)| {
            let value = Value { kind: ValueKind::Object(members), span };
            Member { key, key_span: span, value }
        });
        Value { kind: ValueKind::Object(sections.collect()), span }
    }

    /// Returns the parts of `SERVICE-STAGE`.
    fn prefix(&self) -> Vec<Value> {
        let service = self.tree.get("service");
        let service = service.and_then(|service| service.get("name").or(Some(service)));
        let span = self.tree.span;
        let name = service.cloned().unwrap_or_else(|| crate::nodes::string(span, "service"));
        vec![name, crate::nodes::string(span, "-"), self.stage.clone()]
    }

    /// Returns `SERVICE-STAGE` with what follows.
    fn named(&self, rest: &[Value], span: Span) -> Value {
        let mut parts = self.prefix();
        parts.extend_from_slice(rest);
        joined(parts, span)
    }

    /// Returns the entries of a section that is an object or a list of objects.
    fn entries(&self, path: &str) -> Vec<Member> {
        let section = crate::nodes::at(self.tree, path);
        section.map(elements).unwrap_or_default().iter().flat_map(Value::members).cloned().collect()
    }
}

/// Returns the concatenation of pieces.
fn joined(pieces: Vec<Value>, span: Span) -> Value {
    let known: Option<Vec<loopguard_pattern::Term>> = pieces.iter().map(Value::scalar).collect();
    if let Some(terms) = known {
        return Value { kind: ValueKind::String(loopguard_pattern::Term::concat(terms)), span };
    }
    let parts = vec![crate::nodes::string(span, ""), crate::nodes::list(span, pieces)];
    object(span, [("Fn::Join", crate::nodes::list(span, parts))])
}

/// Returns a resource.
fn resource(id: &str, class: &str, span: Span, properties: Value) -> Member {
    let value = object(span, [("Type", crate::nodes::string(span, class)), ("Properties", properties)]);
    Member { key: id.into(), key_span: span, value }
}

/// Returns a name as the framework writes it in logical ids.
fn normalized(name: &str) -> String {
    let name = name.replace('-', "Dash").replace('_', "Underscore");
    let mut letters = name.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}

#[cfg(test)]
mod tests;
