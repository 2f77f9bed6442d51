//! The texts of the files that facts stand in, for the report to show.

use crate::input;
use crate::scan::sources::Sources;
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::sync::Arc;

/// Templates as they were read; other files, those of code for one, when they are first asked for.
pub(super) struct FileTexts<'a> {
    sources: &'a Sources,
    others: RefCell<BTreeMap<String, Option<Arc<str>>>>,
}

impl<'a> FileTexts<'a> {
    pub(super) fn of(sources: &'a Sources) -> Self {
        Self { sources, others: RefCell::default() }
    }

    pub(super) fn text(&self, file: &str) -> Option<Arc<str>> {
        if let Some(text) = self.sources.text(file) {
            return Some(text);
        }
        // Standard input was read to its end, and snapshots are not for reading.
        if file == "-" || self.sources.is_snapshot(file) {
            return None;
        }
        self.others.borrow_mut().entry(file.to_owned()).or_insert_with(|| input::beside(file)).clone()
    }
}
