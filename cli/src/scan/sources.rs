//! What is scanned: templates, snapshots, the account, all as one inventory.

use crate::input;
use loopguard_analysis::{Analysis, Catalogue, Step, analyse_watched};
use loopguard_model::snapshot::{self, Snapshot};
use loopguard_model::{Facts, Gap, Inventory, Need};
use loopguard_template::{Options, Source};
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// What was read of the files named.
#[derive(Debug, Default)]
pub(crate) struct Sources {
    templates: Vec<Source>,
    snapshots: Vec<Snapshot>,
    snapshot_files: BTreeSet<String>,
    /// Whether a file could not be read; it was told.
    pub(crate) unreadable: bool,
}

impl Sources {
    /// Reads the files; one that cannot be read is told and passed over. A file that only stands in a named
    /// folder and does not have the word that every template has is no template, and nothing to tell.
    pub(crate) fn read(files: &BTreeMap<PathBuf, bool>) -> Self {
        let mut sources = Self::default();
        for (file, named) in files {
            let told = match input::text(file) {
                Ok(text) if snapshot::is_snapshot(&text) => sources.add_snapshot(file, &text),
                Ok(text) => {
                    let source = Source { file: file.display().to_string().into(), text: text.into() };
                    if *named || loopguard_template::may_declare(&source) {
                        sources.templates.push(source);
                    }
                    None
                }
                Err(error) => Some(format!("{error:#}")),
            };
            if let Some(error) = told {
                sources.unreadable = true;
                eprintln!("warning: {}", loopguard_report::escaped(&error));
            }
        }
        sources
    }

    fn add_snapshot(&mut self, file: &Path, text: &str) -> Option<String> {
        match snapshot::read(text, &file.display().to_string()) {
            Ok(snapshot) => {
                self.snapshot_files.insert(file.display().to_string());
                self.add(snapshot);
                None
            }
            Err(error) => Some(error.to_string()),
        }
    }

    /// Returns the text of a template that was read.
    pub(crate) fn text(&self, file: &str) -> Option<Arc<str>> {
        let source = self.templates.iter().find(|source| *source.file == *file)?;
        Some(source.text.clone())
    }

    /// Returns whether the file was read as a snapshot.
    pub(crate) fn is_snapshot(&self, file: &str) -> bool {
        self.snapshot_files.contains(file)
    }

    pub(crate) fn templates(&self) -> &[Source] {
        &self.templates
    }

    pub(crate) fn add(&mut self, snapshot: Snapshot) {
        self.snapshots.push(snapshot);
    }

    /// Returns all facts of all sources as one inventory. Where the snapshots are of one account and region,
    /// templates beside them are taken to be deployed there.
    pub(crate) fn inventory(&self, mut options: Options) -> Option<Inventory> {
        let mut inventories: Vec<Inventory> =
            self.snapshots.iter().map(|snapshot| snapshot.inventory.clone()).collect();
        if !self.templates.is_empty() {
            let assumed = self.place(&mut options);
            let mut templates = loopguard_template::read_with(&self.templates, &options, input::beside);
            templates.assumptions.extend(assumed.map(Into::into));
            inventories.insert(0, templates);
        }
        inventories.into_iter().reduce(|mut all, more| {
            all.merge(more);
            all
        })
    }

    /// Returns the files of these that the user named and of which not all could be read, as the inventory says.
    pub(crate) fn unread<'f>(
        files: &'f BTreeMap<PathBuf, bool>,
        inventory: &'f Inventory,
    ) -> impl Iterator<Item = &'f Path> {
        let is_unread = |file: &Path| inventory.unread.contains(&*file.display().to_string());
        let named = files.iter().filter(|(_, named)| **named).map(|(file, _)| file.as_path());
        named.filter(move |file| is_unread(file))
    }

    fn place(&self, options: &mut Options) -> Option<String> {
        let mut scopes: Vec<_> = self.snapshots.iter().flat_map(Snapshot::scopes).collect();
        scopes.dedup();
        let [scope] = scopes.as_slice() else { return None };
        if options.account.is_some() || options.region.is_some() {
            return None;
        }
        options.account = scope.account.as_literal();
        options.region = scope.region.as_literal();
        options.partition = scope.partition.as_literal();
        Some(format!("the templates are deployed to account {} in {}", scope.account, scope.region))
    }

    /// Analyses; what the facts leave open is asked of the snapshots, and each step is told to `watch`.
    pub(crate) fn analyse(
        &self,
        inventory: &mut Inventory,
        catalogue: &Catalogue,
        watch: &mut dyn FnMut(Step),
    ) -> Analysis {
        analyse_watched(inventory, catalogue, |need| self.answer(need), watch)
    }

    fn answer(&self, need: &Need) -> Result<Facts, Gap> {
        let nothing = Err(Gap { need: need.clone(), reason: "not in the templates read".into() });
        self.snapshots.iter().fold(nothing, |known, snapshot| known.or_else(|_| snapshot.answer(need)))
    }
}
