//! CloudFormation and SAM templates as an inventory.
//!
//! Input: the text of any number of files. Output: an [`Inventory`], in which values that exist only after
//! deployment are symbols, and a note for everything that was not understood. Nothing here fails: a broken
//! file is a note with line and column, and what stood before the break is still read.
//!
//! The way: text -> documents (`document`, one tree for YAML and JSON, short tags written out) -> templates
//! (`template`, SAM rewritten to plain CloudFormation by `sam`) -> values (`resolve`, intrinsic functions
//! become terms) -> rules, workloads, roles, buckets, trails (`read`). A further front end joins by making
//! a template.
//!
//! Deliberately not here: files, and what AWS does with anything that a template declares.

mod bus;
mod document;
mod embedded;
mod facts;
mod files;
mod foreach;
mod nested;
mod nodes;
mod notes;
mod read;
mod resolve;
mod sam;
mod serverless;
mod source_text;
mod template;
mod terraform;
mod units;
mod yaml;

use loopguard_model::{Inventory, Scope};
use loopguard_pattern::{Symbol, Term};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// One file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Source {
    /// The file as the user named it; findings repeat it.
    pub file: Arc<str>,
    /// Its text.
    pub text: Arc<str>,
}

/// What is known about the deployment, and values for parameters.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Options {
    /// Twelve digits; a symbol where not given.
    pub account: Option<Arc<str>>,
    /// `eu-west-1` ...; a symbol where not given.
    pub region: Option<Arc<str>>,
    /// `aws`, `aws-cn`, `aws-us-gov`; taken to be `aws` where not given, which the inventory records.
    pub partition: Option<Arc<str>>,
    /// The stack's name; a symbol where not given.
    pub stack_name: Option<Arc<str>>,
    /// Values of parameters by name; they go before defaults and hold for every template that has the parameter.
    pub parameters: BTreeMap<Arc<str>, Arc<str>>,
}

/// Returns what the files declare.
///
/// Files are read in the order given; resources of one file never refer to another's.
/// Everything that was not understood is among the inventory's notes, by file and place, and what was taken
/// for granted is among its assumptions.
pub fn read(files: &[Source], options: &Options) -> Inventory {
    read::inventory(files, &[], options).0
}

/// Returns whether a file could declare anything; false only for files of which [`read`] could but say that they are
/// no source.
pub fn may_declare(file: &Source) -> bool {
    units::may_declare(&file.file, &file.text)
}

/// The most rounds of [`read_with`]: a file may refer to a file that refers to a file.
const MOST_ROUNDS: usize = 10;

/// Returns what the files declare, with what stands in the files that they refer to: definitions of state machines,
/// templates of nested stacks.
///
/// `load` gives the text of a file beside a template, by its path as seen from where `files` are named; it is asked
/// once for each. What it cannot give is told in a note where it is referred to.
pub fn read_with(
    files: &[Source],
    options: &Options,
    mut load: impl FnMut(&str) -> Option<Arc<str>>,
) -> Inventory {
    let mut beside: Vec<Source> = Vec::new();
    let mut asked = BTreeSet::new();
    let (mut inventory, mut wanted) = read::inventory(files, &beside, options);
    for _ in 0..MOST_ROUNDS {
        let before = beside.len();
        for file in wanted {
            if asked.insert(file.clone()) {
                beside.extend(load(&file).map(|text| Source { file, text }));
            }
        }
        if beside.len() == before {
            break;
        }
        (inventory, wanted) = read::inventory(files, &beside, options);
    }
    inventory
}

impl Options {
    /// Returns where the stacks live, as far as it is known.
    fn scope(&self) -> Scope {
        let given = |value: &Option<Arc<str>>, name: &str| {
            value.as_deref().map_or_else(|| Symbol::given("pseudo parameter", name).into(), Term::literal)
        };
        Scope {
            partition: Term::literal(self.partition.as_deref().unwrap_or("aws")),
            account: given(&self.account, "AWS::AccountId"),
            region: given(&self.region, "AWS::Region"),
        }
    }
}
