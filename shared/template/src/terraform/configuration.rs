//! Configurations: the `.tf` and `.tf.json` files of folders, as far as they say what will be made.
//!
//! All files of one folder are one module. A folder that no other calls is a root; a module in a local folder is
//! read with the arguments of its call, and for a few modules of the public registry a stand-in of the
//! program's own says what they make. Best effort by nature: what a plan knows, a configuration may leave open.

mod evaluator;
mod expression;
mod function;
mod instance;
mod operation;
mod stand_in;
mod syntax;
mod template;
mod traversal;
mod typed;

use super::declared::Declared;
use super::plan::Plan;
use super::translate;
use crate::Options;
use crate::files::{self, Files};
use crate::nodes::{elements, literal};
use crate::notes::Notes;
use crate::source_text::SourceText;
use crate::template::Template;
use evaluator::Evaluator;
use expression::Frame;
use instance::{Addresses, Caller, Instance, Module, Repeat};
use loopguard_pattern::json::{Member, Value, ValueKind};
use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use syntax::Block;

/// The deepest nesting of modules, and the most instances of them for one root.
const MAX_DEPTH: usize = 20;
const MOST_MODULES: usize = 1_000;

/// All modules of one reading.
pub(crate) struct Configurations {
    source: Arc<SourceText>,
    notes: Notes,
    modules: BTreeMap<Arc<str>, Module>,
    stand_ins: BTreeMap<&'static str, Module>,
}

/// Returns whether a file belongs to a configuration, by its name.
pub(crate) fn is_configuration(file: &str) -> bool {
    [".tf", ".tf.json", ".tofu", ".tofu.json", ".tfvars", ".tfvars.json"]
        .iter()
        .any(|end| file.ends_with(end))
}

impl Configurations {
    /// Reads the texts of the files.
    pub(crate) fn new(files: &[(Arc<str>, Arc<str>)]) -> Self {
        let (source, starts) = SourceText::joined("terraform".into(), files);
        let source = Arc::new(source);
        let notes = Notes::new(source.clone());
        let mut modules: BTreeMap<Arc<str>, Module> = BTreeMap::new();
        for ((file, text), start) in files.iter().zip(starts) {
            let (folder, name) = file.rsplit_once('/').unwrap_or(("", file));
            let values = name.ends_with(".tfvars") || name.ends_with(".tfvars.json");
            // Others are given by name when Terraform is run.
            let automatic = name.starts_with("terraform.tfvars") || name.contains(".auto.tfvars");
            if values && !automatic {
                continue;
            }
            let json = name.rsplit('.').next() == Some("json");
            let body = match (json, values) {
                (true, true) => syntax::json_values(text, start, &notes),
                (true, false) => syntax::json(text, start, &notes),
                _ => syntax::native(text, start, &notes),
            };
            let module = modules.entry(folder.into()).or_default();
            module.folder = folder.into();
            if values {
                module.given.push(body);
            } else {
                module.file = file.clone();
                module.bodies.push(body);
            }
        }
        modules.retain(|_, module| !module.bodies.is_empty());
        Self { source, notes, modules, stand_ins: stand_in::modules() }
    }

    /// Returns the folders that no other calls.
    pub(crate) fn roots(&self) -> Vec<Arc<str>> {
        let called: BTreeSet<String> = self.modules.values().flat_map(calls).collect();
        let uncalled = |folder: &&Arc<str>| !called.contains(&***folder);
        let roots: Vec<Arc<str>> = self.modules.keys().filter(uncalled).cloned().collect();
        // Modules that call each other: each is read for itself.
        if roots.is_empty() { self.modules.keys().cloned().collect() } else { roots }
    }

    /// Returns the template of a root, and tells the regions of its providers.
    pub(crate) fn template(
        &self,
        root: &Arc<str>,
        files: &Files,
        options: &Options,
        regions: &mut BTreeSet<Arc<str>>,
    ) -> Option<Template> {
        let declared = self.declared(root, files, options, &self.notes, regions)?;
        Some(translate::template(&declared, self.source.clone(), unit(root), &self.notes))
    }

    /// Returns what a root declares, for the plan that was made of it, with the values that its variables have there; none
    /// where the plan was made of something else.
    pub(crate) fn behind(
        &self,
        root: &Arc<str>,
        plan: &Plan,
        files: &Files,
        options: &Options,
    ) -> Option<Vec<Declared>> {
        let mut regions = BTreeSet::new();
        let quiet = self.notes.fresh();
        let options = plan.options(options);
        let declared = self.declared(root, files, &options, &quiet, &mut regions)?;
        plan.is_made_of(&declared).then_some(declared)
    }

    /// Returns what there is to tell.
    pub(crate) fn into_notes(self) -> Notes {
        self.notes
    }

    fn declared<'m>(
        &'m self,
        root: &Arc<str>,
        files: &'m Files,
        options: &'m Options,
        notes: &'m Notes,
        regions: &mut BTreeSet<Arc<str>>,
    ) -> Option<Vec<Declared>> {
        let module = self.modules.get(root)?;
        let evaluator = Evaluator {
            instances: RefCell::default(),
            notes,
            files,
            options,
            source: &self.source,
            depth: Cell::new(0),
            steps: Cell::new(0),
            defaults: Cell::new(0),
            unit: unit(root),
        };
        self.enter(&evaluator, module, "", None, 0);
        let declared = evaluator.declared_all();
        regions.extend(module.blocks("provider").filter_map(|block| evaluator.region(block)));
        Some(declared)
    }

    /// Adds an instance of the module and of all that it calls.
    fn enter<'m>(
        &'m self,
        evaluator: &Evaluator<'m>,
        module: &'m Module,
        prefix: &str,
        caller: Option<Caller<'m>>,
        depth: usize,
    ) {
        let at = evaluator.instances.borrow().len();
        evaluator.instances.borrow_mut().push(Instance {
            module,
            prefix: prefix.to_owned(),
            caller,
            known: RefCell::default(),
            addresses: RefCell::default(),
        });
        evaluator.register(at, false);
        for call in module.blocks("module") {
            let frame = Frame::of(at);
            let span = evaluator.place(call.span, &frame);
            let (Some(name), Some(source)) = (call.labels.first(), call.body.argument("source")) else {
                continue;
            };
            let source = syntax::constant(source).unwrap_or_default();
            let Some(target) = self.called(module, &source) else {
                let message = format!(
                    "module `{name}` stands in `{source}`, which is not read; what it makes is not known"
                );
                evaluator.notes.tell(span, message);
                continue;
            };
            if depth >= MAX_DEPTH || evaluator.instances.borrow().len() >= MOST_MODULES {
                evaluator.notes.tell(span, "modules nested too deeply or too many; this one is not read");
                continue;
            }
            for (index, names) in evaluator.copies(call, &frame).1 {
                let caller = Caller { instance: at, call, names, span };
                let prefix = format!("{prefix}module.{name}{index}.");
                self.enter(evaluator, target, &prefix, Some(caller), depth + 1);
            }
        }
    }

    fn called(&self, from: &Module, source: &str) -> Option<&Module> {
        if source.starts_with('.') {
            let folder = files::beside(&from.file, source)?;
            return self.modules.get(folder.trim_end_matches('/'));
        }
        self.stand_ins.get(stand_in::name(source)?)
    }
}

/// Returns the name of a root.
fn unit(root: &Arc<str>) -> Arc<str> {
    if root.is_empty() { ".".into() } else { root.clone() }
}

/// Returns the folders that a module calls.
fn calls(module: &Module) -> Vec<String> {
    let sources =
        module.blocks("module").filter_map(|block| syntax::constant(block.body.argument("source")?));
    sources
        .filter(|source| source.starts_with('.'))
        .filter_map(|source| files::beside(&module.file, &source))
        .collect()
}

impl Evaluator<'_> {
    /// Registers the addresses of an instance's resources: without their repetition first, because that may refer to
    /// other resources.
    fn register(&self, at: usize, repeated: bool) {
        let Some(module) = self.module(at) else { return };
        let prefix = self.prefix(at);
        for (block, base) in blocks(module) {
            let whole: Arc<str> = format!("{prefix}{base}").into();
            let addresses = match if repeated { self.repeat(block, &Frame::of(at)) } else { Repeat::Once } {
                Repeat::Once | Repeat::Open => Addresses::One(whole),
                Repeat::Count(count) => {
                    Addresses::List((0..count).map(|at| format!("{whole}[{at}]").into()).collect())
                }
                Repeat::Each(pairs) => Addresses::Map(
                    pairs
                        .into_iter()
                        .map(|(key, _)| (key.clone(), format!("{whole}[\"{key}\"]").into()))
                        .collect(),
                ),
            };
            if let Some(instance) = self.instances.borrow().get(at) {
                instance.addresses.borrow_mut().insert(base, addresses);
            }
        }
    }

    /// Returns all resources of all instances.
    fn declared_all(&self) -> Vec<Declared> {
        let count = self.instances.borrow().len();
        for at in 0..count {
            self.register(at, true);
        }
        // What was evaluated before may name resources without their index.
        for instance in self.instances.borrow().iter() {
            instance.known.borrow_mut().clear();
        }
        (0..count).flat_map(|at| self.declared_of(at)).collect()
    }

    fn declared_of(&self, at: usize) -> Vec<Declared> {
        let Some(module) = self.module(at) else { return Vec::new() };
        let prefix = self.prefix(at);
        let mut all = Vec::new();
        for (block, base) in blocks(module) {
            let Some(kind) = block.labels.first() else { continue };
            let frame = Frame::of(at);
            let span = self.place(block.span, &frame);
            for (index, names) in self.copies(block, &frame).1 {
                let frame = Frame { instance: at, names };
                let data = &*block.kind == "data";
                let mut body = self.body(&block.body, &frame, span);
                if data && &**kind == "template_file" {
                    self.render(&mut body, at);
                }
                let address = format!("{prefix}{base}{index}").into();
                all.push(Declared { address, kind: kind.clone(), data, body, span });
            }
        }
        all
    }

    /// Adds what a `template_file` gives: its text with its variables filled in.
    fn render(&self, body: &mut Value, at: usize) {
        let Some(template) = body.get("template") else { return };
        let names = body.get("vars").map(elements).unwrap_or_default().iter().filter_map(evaluator::entries);
        let names = names.flatten().filter_map(|(key, value)| Some((literal(&key)?, value)));
        let frame = Frame { instance: at, names: names.collect() };
        let rendered = match literal(template) {
            Some(text) => self.text(&text, &frame, template.span),
            None => self.unknown(template.span),
        };
        let ValueKind::Object(members) = &mut body.kind else { return };
        members.push(Member { key: "rendered".into(), key_span: rendered.span, value: rendered });
    }

    fn region(&self, provider: &Block) -> Option<Arc<str>> {
        let ours = provider.labels.first().is_some_and(|label| &**label == "aws");
        let argument = provider.body.argument("region").filter(|_| ours)?;
        literal(&self.argument(argument, &Frame::of(0)))
    }
}

/// Returns the resources and data sources of a module with their addresses in it.
fn blocks(module: &Module) -> impl Iterator<Item = (&Block, String)> {
    let named = |start: &'static str| {
        move |block| {
            let block: &Block = block;
            let [kind, name] = block.labels.as_slice() else { return None };
            Some((block, format!("{start}{kind}.{name}")))
        }
    };
    module.blocks("resource").filter_map(named("")).chain(module.blocks("data").filter_map(named("data.")))
}

#[cfg(test)]
mod tests;
