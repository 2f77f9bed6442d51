//! Modules, and the instances of them that calls make.

use super::syntax::{Block, Body};
use loopguard_pattern::json::{Span, Value};
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::sync::Arc;

/// All files of one folder, or a stand-in.
#[derive(Debug, Default)]
pub(super) struct Module {
    /// The folder; the source for a stand-in.
    pub(super) folder: Arc<str>,
    /// One of its files, from which paths are seen.
    pub(super) file: Arc<str>,
    pub(super) bodies: Vec<Body>,
    /// The `.tfvars` files that are taken without being named; they count for a root.
    pub(super) given: Vec<Body>,
    /// Whether its text is the program's own: its places mean nothing to the user.
    pub(super) stand_in: bool,
}

/// What `count` or `for_each` says of a block.
#[derive(Debug, Clone)]
pub(super) enum Repeat {
    /// Neither is written.
    Once,
    /// So many times.
    Count(usize),
    /// For each of these keys and values.
    Each(Vec<(Arc<str>, Value)>),
    /// Not known: taken once.
    Open,
}

/// One instance of a module.
#[derive(Debug)]
pub(super) struct Instance<'m> {
    pub(super) module: &'m Module,
    /// `module.a.`, empty for a root.
    pub(super) prefix: String,
    /// The instance that calls it, the call, and the names that hold there (`each`, `count`).
    pub(super) caller: Option<Caller<'m>>,
    /// Results of locals, inputs and outputs, by `local.x`, `var.x`, `output.x`, and whether a default value of the root
    /// decided them; none while they are evaluated.
    pub(super) known: RefCell<BTreeMap<String, Option<(Value, bool)>>>,
    /// Addresses of resources, by `aws_x.y` or `data.aws_x.y`.
    pub(super) addresses: RefCell<BTreeMap<String, Addresses>>,
}

/// The call of a module.
#[derive(Debug, Clone)]
pub(super) struct Caller<'m> {
    pub(super) instance: usize,
    pub(super) call: &'m Block,
    pub(super) names: Names,
    /// Where the user's files call it.
    pub(super) span: Span,
}

/// Names that hold beside those of the module.
pub(super) type Names = Vec<(Arc<str>, Value)>;

/// The addresses of one block's instances.
#[derive(Debug, Clone)]
pub(super) enum Addresses {
    One(Arc<str>),
    List(Vec<Arc<str>>),
    Map(Vec<(Arc<str>, Arc<str>)>),
}

impl Module {
    /// Returns the blocks of a kind.
    pub(super) fn blocks<'m>(&'m self, kind: &'static str) -> impl Iterator<Item = &'m Block> {
        self.bodies.iter().flat_map(|body| &body.blocks).filter(move |block| &*block.kind == kind)
    }

    /// Returns the block of that kind and labels.
    pub(super) fn block(&self, kind: &'static str, labels: &[&str]) -> Option<&Block> {
        let is = |block: &&Block| {
            block.labels.len() == labels.len() && block.labels.iter().zip(labels).all(|(a, b)| **a == **b)
        };
        self.blocks(kind).find(is)
    }
}
