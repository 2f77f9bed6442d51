//! What is told about a reading: notes with places, and assumptions.

use crate::source_text::SourceText;
use loopguard_model::ReadNote;
use loopguard_pattern::json::Span;
use std::cell::RefCell;
use std::collections::BTreeSet;
use std::sync::Arc;

/// The most notes kept of one file: a hostile file could make one for each byte.
const MOST_PER_FILE: usize = 200;

/// Collects what is told about one file.
///
/// Shared by everything that reads a template, hence the interior mutability.
#[derive(Debug)]
pub(crate) struct Notes {
    source: Arc<SourceText>,
    found: RefCell<BTreeSet<(Span, String)>>,
    assumed: RefCell<BTreeSet<Arc<str>>>,
    /// Files that end too soon, or are no source.
    unread: RefCell<BTreeSet<Arc<str>>>,
}

/// All that was told about one file.
#[derive(Debug)]
pub(crate) struct Told {
    /// Notes, in the order of the file.
    pub(crate) notes: Vec<ReadNote>,
    /// What was taken for granted, in the order of the text.
    pub(crate) assumed: BTreeSet<Arc<str>>,
    /// The file, if not all of it was read.
    pub(crate) unread: BTreeSet<Arc<str>>,
}

impl Notes {
    pub(crate) fn new(source: Arc<SourceText>) -> Self {
        Self { source, found: RefCell::default(), assumed: RefCell::default(), unread: RefCell::default() }
    }

    /// Notes something that was not understood; said twice, it is kept once.
    pub(crate) fn tell(&self, span: Span, message: impl Into<String>) {
        let mut found = self.found.borrow_mut();
        if found.len() < MOST_PER_FILE.saturating_mul(self.source.count()) {
            found.insert((span, message.into()));
        }
    }

    /// Notes why the file, or the rest of it, is not read.
    pub(crate) fn stop(&self, span: Span, message: impl Into<String>) {
        if let Some(place) = self.source.origin(span).place() {
            self.unread.borrow_mut().insert(place.file.clone());
        }
        self.tell(span, message);
    }

    /// Records what was taken for granted.
    pub(crate) fn assume(&self, what: &str) {
        let mut assumed = self.assumed.borrow_mut();
        if !assumed.contains(what) {
            assumed.insert(what.into());
        }
    }

    /// Returns a collector for an attempt whose notes may be thrown away.
    pub(crate) fn fresh(&self) -> Self {
        Self::new(self.source.clone())
    }

    /// Takes in what an attempt has told.
    pub(crate) fn take_in(&self, attempt: Self) {
        for (span, message) in attempt.found.into_inner() {
            self.tell(span, message);
        }
        self.unread.borrow_mut().extend(attempt.unread.into_inner());
        self.assumed.borrow_mut().extend(attempt.assumed.into_inner());
    }

    /// Takes in what an attempt has told of a text that begins at byte `base` of this one.
    pub(crate) fn take_in_at(&self, attempt: Self, base: usize) {
        for (span, message) in attempt.found.into_inner() {
            self.tell(Span { start: span.start + base, end: span.end + base }, message);
        }
    }

    /// Returns whether anything has been told.
    pub(crate) fn is_empty(&self) -> bool {
        self.found.borrow().is_empty()
    }

    /// Returns all that was told.
    pub(crate) fn into_told(self) -> Told {
        let found = self.found.into_inner();
        let full = found.len() >= MOST_PER_FILE.saturating_mul(self.source.count());
        let mut notes: Vec<ReadNote> = found
            .into_iter()
            .map(|(span, message)| ReadNote { origin: self.source.origin(span), message })
            .collect();
        if full && let Some(last) = notes.last_mut() {
            last.message = format!("{}; further notes on this file are left out", last.message);
        }
        Told { notes, assumed: self.assumed.into_inner(), unread: self.unread.into_inner() }
    }
}
