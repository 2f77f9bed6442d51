//! What is scanned: templates, snapshots, the account, all as one inventory.

use crate::input;
use crate::progress::Progress;
use anyhow::{Result, bail};
use loopguard_analysis::{Analysis, Catalogue, Step, analyse_watched};
use loopguard_model::snapshot::{self, Snapshot};
use loopguard_model::{Facts, Gap, Inventory, Need};
use loopguard_report::escaped;
use loopguard_template::{Options, Source};
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// What was read of the files named.
#[derive(Debug, Default)]
pub(crate) struct Sources {
    /// What was named or found below what was named, true for the former.
    files: BTreeMap<PathBuf, bool>,
    templates: Vec<Source>,
    snapshots: Vec<Snapshot>,
    snapshot_files: BTreeSet<String>,
    /// Whether not all that was named could be read; it was told.
    is_partial: bool,
}

impl Sources {
    /// Reads what the paths name; what cannot be read is told and passed over. A file that only stands in a named
    /// folder and does not have the word that every template has is no template, and nothing to tell.
    pub(crate) fn read(paths: &[PathBuf], progress: &mut Progress) -> Result<Self> {
        progress.stage("reading files");
        let input::Walk { files, unread } = input::walk(paths)?;
        let mut sources = Self { is_partial: !unread.is_empty(), ..Self::default() };
        for unread in &unread {
            progress.tell(&format!("warning: not read: {}", escaped(unread)));
        }
        for (at, (file, named)) in files.iter().enumerate() {
            progress.detail(&format!("{} of {}", at + 1, files.len()));
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
                sources.is_partial = true;
                progress.tell(&format!("warning: {}", escaped(&error)));
            }
        }
        Ok(Self { files, ..sources })
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

    /// Returns whether a snapshot is among the files.
    pub(crate) fn has_snapshot(&self) -> bool {
        !self.snapshot_files.is_empty()
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
    pub(crate) fn inventory(&mut self, mut options: Options, progress: &Progress) -> Result<Inventory> {
        let mut inventories: Vec<Inventory> =
            self.snapshots.iter().map(|snapshot| snapshot.inventory.clone()).collect();
        if !self.templates.is_empty() {
            let assumed = self.place(&mut options);
            let mut templates = loopguard_template::read_with(&self.templates, &options, input::beside);
            templates.assumptions.extend(assumed.map(Into::into));
            inventories.insert(0, templates);
        }
        let all = inventories.into_iter().reduce(|mut all, more| {
            all.merge(more);
            all
        });
        let Some(all) = all else {
            let mut named = self.files.iter().filter(|(_, named)| **named).map(|(file, _)| file.display());
            match (named.next(), named.next()) {
                (None, _) => bail!(
                    "no template in the paths named: looked into {} files that end with {}",
                    self.files.len(),
                    input::endings()
                ),
                (Some(file), None) => {
                    bail!("`{file}` is neither a template nor a snapshot that could be read")
                }
                _ => bail!("none of the files is a template or a snapshot that could be read"),
            }
        };
        for (file, _) in self.files.iter().filter(|(_, named)| **named) {
            let file = file.display().to_string();
            if all.unread.contains(&*file) {
                self.is_partial = true;
                progress.tell(&format!("warning: not wholly read: `{}`; the notes say why", escaped(&file)));
            }
        }
        Ok(all)
    }

    /// Whether not all that was named could be read.
    pub(crate) fn is_partial(&self) -> bool {
        self.is_partial
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

    /// Analyses; what the facts leave open is asked of the snapshots.
    pub(crate) fn analyse(
        &self,
        inventory: &mut Inventory,
        catalogue: &Catalogue,
        progress: &mut Progress,
    ) -> Analysis {
        progress.stage("looking at what each rule hears");
        analyse_watched(inventory, catalogue, |need| self.answer(need), &mut |step| {
            progress.stage(after(&step));
        })
    }

    fn answer(&self, need: &Need) -> Result<Facts, Gap> {
        let nothing = Err(Gap { need: need.clone(), reason: "not in the templates read".into() });
        self.snapshots.iter().fold(nothing, |known, snapshot| known.or_else(|_| snapshot.answer(need)))
    }
}

/// What comes after a step of the analysis, in words.
fn after(step: &Step) -> &'static str {
    match step {
        Step::Listeners { .. } => "looking at what each target may do",
        Step::Graph { .. } => "looking for what is left open",
        Step::Open { .. } => "answering what is left open",
        Step::Answered => "looking for cycles",
        Step::Judged { .. } => "proving changes",
        Step::Proposed => "writing",
    }
}
