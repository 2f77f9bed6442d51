//! The operations that matter: those that some rule hears, those that set something going.

use crate::Aspect;
use crate::catalogue::{Catalogue, Kind, Operation, Service};
use crate::iam::fits_action;
use crate::listener::Listeners;
use loopguard_model::{Scoped, Statement};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// An operation that matters.
#[derive(Debug)]
pub(super) struct Mattering {
    pub(super) operation: Arc<Operation>,
    /// The rules that listen to it and ask for no caller.
    pub(super) plain: Vec<usize>,
    /// The rules that listen to it and ask for a caller.
    pub(super) by_caller: Vec<usize>,
    /// The kind of resource that it feeds: a row of the carriers' table.
    pub(super) feeds: Option<usize>,
}

/// All of them, found by the texts of policies.
#[derive(Debug)]
pub(super) struct Operations<'g> {
    catalogue: &'g Catalogue,
    all: Vec<Mattering>,
    /// Prefix of an IAM action -> operations that need one of it.
    by_prefix: BTreeMap<String, Vec<usize>>,
    by_call: BTreeMap<Arc<str>, usize>,
    /// Text of a policy's action -> operations.
    named: BTreeMap<Arc<str>, Arc<[usize]>>,
}

impl<'g> Operations<'g> {
    pub(super) fn new(listeners: &Listeners, catalogue: &'g Catalogue) -> Self {
        let mut operations = Self {
            catalogue,
            all: Vec::new(),
            by_prefix: BTreeMap::new(),
            by_call: BTreeMap::new(),
            named: BTreeMap::new(),
        };
        for (operation, heard_by) in listeners.heard() {
            let (by_caller, plain) = heard_by.iter().partition(|at| listeners.asks_for_caller(**at));
            operations.add(Mattering { operation: operation.clone(), plain, by_caller, feeds: None });
        }
        for (feed, row) in catalogue.carriers().feeds().iter().enumerate() {
            for call in &row.calls {
                operations.feed(call, feed);
            }
        }
        operations
    }

    fn feed(&mut self, call: &str, feed: usize) {
        if let Some(known) = self.by_call.get(call).and_then(|at| self.all.get_mut(*at)) {
            known.feeds = Some(feed);
            return;
        }
        if let Some(operation) = self.catalogue.operation(call) {
            let operation = operation.clone();
            self.add(Mattering { operation, plain: Vec::new(), by_caller: Vec::new(), feeds: Some(feed) });
        }
    }

    fn add(&mut self, mattering: Mattering) {
        let at = self.all.len();
        let prefixes: BTreeSet<String> = mattering
            .operation
            .deciding()
            .into_iter()
            .filter_map(|action| Some(action.split_once(':')?.0.to_ascii_lowercase()))
            .collect();
        for prefix in prefixes {
            self.by_prefix.entry(prefix).or_default().push(at);
        }
        self.by_call.entry(mattering.operation.call.clone()).or_insert(at);
        self.all.push(mattering);
    }

    pub(super) fn get(&self, at: usize) -> Option<&Mattering> {
        self.all.get(at)
    }

    pub(super) fn of_call(&self, call: &str) -> Option<&Mattering> {
        self.by_call.get(call).and_then(|at| self.all.get(*at))
    }

    /// Returns the operations that matter and that one of the statements may name, each once.
    pub(super) fn named_by<'s>(&mut self, statements: impl Iterator<Item = &'s Statement>) -> Vec<usize> {
        if !self.catalogue.has(Aspect::Actions) {
            return (0..self.all.len()).collect();
        }
        let mut found = BTreeSet::new();
        for text in texts(statements) {
            found.extend(self.named(&text).iter().copied());
        }
        found.into_iter().collect()
    }

    fn named(&mut self, text: &Arc<str>) -> Arc<[usize]> {
        if let Some(known) = self.named.get(text) {
            return known.clone();
        }
        let fits = |at: &usize| {
            self.all.get(*at).is_some_and(|mattering| {
                mattering.operation.deciding().into_iter().any(|action| fits_action(text, action))
            })
        };
        let found: Arc<[usize]> = match text.split_once(':') {
            Some((prefix, _)) if prefix != "*" => {
                let of_prefix = self.by_prefix.get(&prefix.to_ascii_lowercase());
                of_prefix.into_iter().flatten().copied().filter(fits).collect()
            }
            _ => (0..self.all.len()).filter(fits).collect(),
        };
        self.named.insert(text.clone(), found.clone());
        found
    }
}

/// Returns the texts of the statements' actions, each once; `*` where one is not known.
pub(super) fn texts<'s>(statements: impl Iterator<Item = &'s Statement>) -> BTreeSet<Arc<str>> {
    let mut texts: BTreeSet<Arc<str>> = BTreeSet::new();
    for statement in statements {
        match &statement.actions {
            Scoped::Only(terms) => {
                texts.extend(terms.iter().map(|term| term.as_literal().unwrap_or_else(|| "*".into())));
            }
            Scoped::AllBut(_) => {
                texts.insert("*".into());
            }
        }
    }
    texts
}

/// Returns the operations of the catalogue that the text names and CloudTrail or a service tells of, in its order.
pub(super) fn all_named<'c>(
    text: &'c str,
    catalogue: &'c Catalogue,
) -> Box<dyn Iterator<Item = &'c Arc<Operation>> + 'c> {
    let told = |operation: &&Arc<Operation>| operation.kind != Kind::Unlogged;
    match text.split_once(':') {
        Some((prefix, _)) if prefix != "*" => {
            let fits = move |operation: &&Arc<Operation>| {
                operation.deciding().into_iter().any(|action| fits_action(text, action))
            };
            let lower = prefix.to_ascii_lowercase();
            let services: Vec<&Service> = catalogue.services_of_prefix(&lower).collect();
            Box::new(services.into_iter().flat_map(Service::operations).filter(told).filter(fits))
        }
        _ => Box::new(catalogue.services().iter().flat_map(Service::operations).filter(told)),
    }
}
