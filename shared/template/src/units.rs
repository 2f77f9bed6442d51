//! Which kind of source each file is, and the templates that the files come to.

use crate::document;
use crate::files::Files;
use crate::nested::Read;
use crate::notes::Notes;
use crate::serverless;
use crate::source_text::SourceText;
use crate::template::Template;
use crate::terraform::{self, Configurations, Plan};
use crate::{Options, Source};
use loopguard_pattern::json::Span;
use std::collections::BTreeSet;
use std::sync::Arc;

/// Where the sources say that they are deployed.
#[derive(Debug, Default)]
pub(crate) struct Place {
    accounts: BTreeSet<Arc<str>>,
    regions: BTreeSet<Arc<str>>,
    taken: Vec<String>,
}

/// Returns whether a file could declare anything, by its name and by words that every source of its kind has.
pub(crate) fn may_declare(file: &str, text: &str) -> bool {
    terraform::is_configuration(file)
        || serverless::is_service(file)
        || terraform::is_plan(text)
        || text.contains("Resources")
}

/// Returns the templates of all files, and where they are deployed as far as they say so.
pub(crate) fn read(files: &[Source], texts: &Files, options: &Options) -> (Vec<Read>, Place) {
    let mut place = Place::default();
    let (terraform, files): (Vec<&Source>, Vec<&Source>) =
        files.iter().partition(|file| terraform::is_configuration(&file.file));
    let parts: Vec<_> = terraform.iter().map(|file| (file.file.clone(), file.text.clone())).collect();
    let configurations = Configurations::new(&parts);
    let mut roots = configurations.roots();
    let mut units: Vec<Read> = files
        .into_iter()
        .map(|file| {
            if terraform::is_plan(&file.text) {
                let mut behind = |plan: &Plan| {
                    let found = |root: &Arc<str>| configurations.behind(root, plan, texts, options);
                    let (at, declared) =
                        roots.iter().enumerate().find_map(|(at, root)| Some((at, found(root)?)))?;
                    roots.remove(at);
                    Some(declared)
                };
                plan(file, &mut place, &mut behind)
            } else if serverless::is_service(&file.file) {
                service(file, texts, options, &mut place)
            } else {
                templates(&file.file, &file.text, None, options)
            }
        })
        .collect();
    if !terraform.is_empty() {
        let template = |root| configurations.template(root, texts, options, &mut place.regions);
        let templates = roots.iter().filter_map(template).collect();
        units.push((configurations.into_notes(), templates));
    }
    place.settle(options);
    (units, place)
}

fn service(file: &Source, texts: &Files, options: &Options, place: &mut Place) -> Read {
    let source = Arc::new(SourceText::new(file.file.clone(), file.text.clone()));
    let notes = Notes::new(source.clone());
    let template = serverless::template(&source, &notes, texts, options, &mut place.regions);
    (notes, template.into_iter().collect())
}

/// Reads a plan; `behind` gives what the configuration declares that it was made of, where that is read, too.
fn plan(
    file: &Source,
    place: &mut Place,
    behind: &mut dyn FnMut(&Plan) -> Option<Vec<terraform::Declared>>,
) -> Read {
    let source = Arc::new(SourceText::new(file.file.clone(), file.text.clone()));
    let notes = Notes::new(source.clone());
    let Some(plan) = Plan::new(&source.text, &notes) else { return (notes, Vec::new()) };
    place.accounts.extend(plan.account());
    place.regions.extend(plan.region());
    let written = behind(&plan);
    if written.is_some() {
        notes.assume(&format!("{} was made of the configuration beside it, as it stands now", file.file));
    }
    let template = plan.template(source, &notes, written.as_deref());
    (notes, vec![template])
}

const NO_TEMPLATE: &str = "not a template: it has no `Resources`";

/// Returns the CloudFormation templates of a file, under the names of the file and its documents or of `unit`.
pub(crate) fn templates(
    file: &Arc<str>,
    text: &Arc<str>,
    unit: Option<&Arc<str>>,
    options: &Options,
) -> Read {
    let source = Arc::new(SourceText::new(file.clone(), text.clone()));
    let notes = Notes::new(source.clone());
    let name = unit.unwrap_or(file);
    let documents = document::documents(text, &notes);
    let several = documents.len() > 1;
    let (mut templates, mut definitions) = (Vec::new(), false);
    for (at, document) in documents.iter().enumerate() {
        let unit = if several { format!("{name}#{}", at + 1).into() } else { name.clone() };
        match Template::new(document, source.clone(), unit, &options.parameters, &notes) {
            Some(template) => templates.push(template),
            // A state machine's definition is read where a template refers to it.
            None if document.get("StartAt").is_some() && document.get("States").is_some() => {
                definitions = true;
            }
            None if several => notes.tell(document.span, NO_TEMPLATE),
            None => notes.stop(document.span, NO_TEMPLATE),
        }
    }
    if several && templates.is_empty() && !definitions {
        notes.stop(Span::default(), "no document of the file is a template");
    }
    if documents.is_empty() {
        notes.stop(Span::default(), "not a template: the file is empty");
    }
    (notes, templates)
}

impl Place {
    /// Keeps what all sources agree on and the options leave open.
    fn settle(&mut self, options: &Options) {
        for (found, given, what) in [
            (&mut self.accounts, &options.account, "account"),
            (&mut self.regions, &options.region, "region"),
        ] {
            if given.is_some() || found.len() > 1 {
                found.clear();
            }
            self.taken.extend(found.iter().map(|value| format!("the {what} is {value}, as the sources say")));
        }
    }

    /// Returns the options with what the sources say.
    pub(crate) fn options(&self, given: &Options) -> Options {
        Options {
            account: given.account.clone().or_else(|| self.accounts.first().cloned()),
            region: given.region.clone().or_else(|| self.regions.first().cloned()),
            ..given.clone()
        }
    }

    pub(crate) fn assumptions(&self) -> impl Iterator<Item = Arc<str>> {
        self.taken.iter().map(|told| told.as_str().into())
    }
}
