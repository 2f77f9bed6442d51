//! What the catalogue believes, row by row with who says so: for people who look, and to compare two versions.

mod about;
mod compare;
mod of_operation;
mod of_table;
#[cfg(test)]
mod tests;

pub use compare::{Change, compare};

use crate::catalogue::table::Table;
use crate::catalogue::{Catalogue, managed, untold};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// One row of a table.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Fact {
    /// `operation`, `native`, `bind`, `target`, `policy`, `event` ...
    pub table: String,
    /// What it is about; names one row of its table.
    pub key: String,
    /// What it says, by name.
    pub says: BTreeMap<String, Said>,
}

/// One thing that a row says.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Said {
    /// The texts.
    pub is: Vec<String>,
    /// Who says so.
    pub source: String,
    /// How sure that is: `documented`, `mapped`, `logged`, `known`, `inferred`; `rule`: what holds for all of a kind where
    /// no row says otherwise; `generated`: taken from a package; `assumed`: by nobody.
    pub confidence: String,
}

/// Separates what a key is made of.
const SEPARATOR: &str = " | ";

impl Said {
    fn new(is: Vec<String>, source: &str, confidence: &str) -> Self {
        Self { is, source: source.to_owned(), confidence: confidence.to_owned() }
    }
}

impl Catalogue {
    /// Returns all rows, in the order of tables and keys.
    pub fn facts(&self) -> Vec<Fact> {
        let mut all = of_table::all();
        for service in self.services() {
            all.push(of_operation::service(service));
            let rows = service.rows().unwrap_or_default();
            all.extend(
                service.operations().iter().map(|one| of_operation::operation(one, service, &rows, self)),
            );
        }
        all.extend(policies(|_| true));
        all.extend(events(|_, _| true));
        all.sort();
        of_table::number_equal_keys(&mut all);
        all
    }

    /// Returns how many rows each table has, in the order of tables.
    pub fn counts(&self) -> BTreeMap<String, usize> {
        let mut counts = BTreeMap::new();
        for fact in self.facts() {
            *counts.entry(fact.table).or_default() += 1;
        }
        counts
    }
}

/// The AWS managed policies whose names are wanted.
fn policies(wanted: impl Fn(&str) -> bool) -> Vec<Fact> {
    let table = Table::<()>::read("policies.bin", managed::TABLE).unwrap_or_default();
    let rows = table.rows().filter(|(name, _)| wanted(name));
    rows.map(|(name, row)| {
        let (version, statements) = managed::told(row);
        let said = |is| Said::new(is, "AWS managed policies, as packages list them", "generated");
        let says = [("version", vec![version]), ("statements", statements)];
        let says = says.into_iter().map(|(name, is)| (name.to_owned(), said(is))).collect();
        Fact { table: "policy".to_owned(), key: name.to_owned(), says }
    })
    .collect()
}

/// The events of the schemas whose source and detail-type are wanted.
fn events(wanted: impl Fn(&str, &str) -> bool) -> Vec<Fact> {
    let table = Table::<()>::read("events.bin", untold::SCHEMAS).unwrap_or_default();
    let mut facts = Vec::new();
    for (source, row) in table.rows() {
        for kind in row.split('\t') {
            let mut parts = kind.split('\u{1f}');
            let detail_type = parts.next().unwrap_or_default();
            if wanted(source, detail_type) {
                let paths = parts.map(str::to_owned).collect();
                let said = Said::new(paths, "EventBridge schema registry", "generated");
                facts.push(Fact {
                    table: "event".to_owned(),
                    key: [source, detail_type].join(SEPARATOR),
                    says: BTreeMap::from([("paths".to_owned(), said)]),
                });
            }
        }
    }
    facts
}
