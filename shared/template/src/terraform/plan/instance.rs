//! The instances that a plan lists, module by module.

use super::said;
use crate::nodes::{elements, literal};
use loopguard_pattern::json::{Span, Value};
use std::sync::Arc;

/// The deepest nesting of modules that is followed.
const MAX_DEPTH: usize = 50;

/// One instance of a resource.
pub(super) struct Instance<'v> {
    pub(super) address: Arc<str>,
    /// The address of its module, empty for the root.
    pub(super) module: Arc<str>,
    pub(super) kind: Arc<str>,
    pub(super) name: Arc<str>,
    /// `[0]`, `["key"]`, or nothing.
    pub(super) index: Arc<str>,
    pub(super) data: bool,
    pub(super) values: Option<&'v Value>,
    pub(super) span: Span,
}

/// Adds the instances of a module and of those in it.
pub(super) fn collect<'v>(module: &'v Value, address: &str, data_only: bool, all: &mut Vec<Instance<'v>>) {
    nested(module, address, data_only, 0, all);
}

fn nested<'v>(module: &'v Value, address: &str, data_only: bool, depth: usize, all: &mut Vec<Instance<'v>>) {
    for resource in module.get("resources").map(elements).unwrap_or_default() {
        all.extend(instance(resource, address).filter(|one| one.data || !data_only));
    }
    if depth >= MAX_DEPTH {
        return;
    }
    for child in module.get("child_modules").map(elements).unwrap_or_default() {
        let address = child.get("address").and_then(literal).unwrap_or_default();
        nested(child, &address, data_only, depth + 1, all);
    }
}

fn instance<'v>(resource: &'v Value, module: &str) -> Option<Instance<'v>> {
    let address = resource.member("address")?;
    let text = literal(&address.value)?;
    let kind = resource.get("type").and_then(literal)?;
    let name = resource.get("name").and_then(literal)?;
    let data = resource.get("mode").and_then(literal).is_some_and(|mode| &*mode == "data");
    let base = format!("{}{kind}.{name}", if data { "data." } else { "" });
    // What follows the name in the address is the index, as references write it.
    let index = text.rsplit_once(&*base).map_or("", |(_, index)| index).into();
    Some(Instance {
        span: address.value.span,
        address: text,
        module: module.into(),
        kind,
        name,
        index,
        data,
        values: said(resource, "values"),
    })
}
