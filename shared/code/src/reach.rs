//! Which parts of the code a run can reach: by name, so rather too much than too little.

use crate::program::Program;
use crate::tree::NodeId;
use crate::value::FileId;
use std::collections::BTreeSet;

/// Returns the nodes that a run may come to, by file.
pub(crate) fn reached(program: &Program<'_>) -> Vec<(FileId, NodeId)> {
    let owners: Vec<Vec<NodeId>> = (0..program.modules.len()).map(|file| owners(program, file)).collect();
    let mut regions: BTreeSet<(FileId, NodeId)> = (0..program.modules.len()).map(|file| (file, 0)).collect();
    match program.entry {
        Some(entry) => regions.extend([entry]),
        None => regions.extend(
            program
                .modules
                .iter()
                .enumerate()
                .flat_map(|(file, module)| module.functions.keys().map(move |node| (file, *node))),
        ),
    }
    let mut open: Vec<(FileId, NodeId)> = regions.iter().copied().collect();
    while let Some((file, region)) = open.pop() {
        for name in mentions(program, &owners, file, region) {
            for (other, module) in program.modules.iter().enumerate() {
                for (node, known) in &module.functions {
                    // A class that is mentioned is made.
                    let of_class = module.classes.get(&module.scope_of(*node)).cloned().flatten();
                    let made = of_class.as_deref() == Some(name)
                        && matches!(known.as_deref(), Some("__init__" | "constructor" | "__call__"));
                    if (known.as_deref() == Some(name) || made) && regions.insert((other, *node)) {
                        open.push((other, *node));
                    }
                }
            }
        }
    }
    let mut nodes = Vec::new();
    for (file, owners) in owners.iter().enumerate() {
        let inside = |(_, owner): &(usize, &NodeId)| regions.contains(&(file, **owner));
        nodes.extend(owners.iter().enumerate().filter(inside).map(|(node, _)| (file, node)));
    }
    nodes
}

/// Per node: the function with a name around it, or the file.
fn owners(program: &Program<'_>, file: FileId) -> Vec<NodeId> {
    let Some(module) = program.modules.get(file) else { return Vec::new() };
    let mut owners: Vec<NodeId> = Vec::with_capacity(module.tree.len());
    for node in 0..module.tree.len() {
        let owner = match module.tree.parent(node) {
            None => 0,
            Some(parent) if module.functions.get(&parent).is_some_and(Option::is_some) => parent,
            Some(parent) => owners.get(parent).copied().unwrap_or(0),
        };
        owners.push(owner);
    }
    owners
}

/// Returns the names that the region speaks of, but for those that it only declares or hands out.
fn mentions<'p>(
    program: &'p Program<'_>,
    owners: &[Vec<NodeId>],
    file: FileId,
    region: NodeId,
) -> BTreeSet<&'p str> {
    let (Some(module), Some(owners)) = (program.modules.get(file), owners.get(file)) else {
        return BTreeSet::new();
    };
    let tree = &module.tree;
    // What the handler's file hands out is called by others: each handler of it is a run of its own.
    let handed_out = match (program.entry, module.exported.get("*")) {
        (Some((entry, _)), Some(all)) if entry == file => tree.below(*all),
        _ => 0..0,
    };
    let mut names = BTreeSet::new();
    for node in tree.below(region) {
        let is_word =
            matches!(tree.kind(node), "identifier" | "property_identifier" | "shorthand_property_identifier");
        if !is_word || owners.get(node) != Some(&region) || handed_out.contains(&node) {
            continue;
        }
        let field = |node: NodeId| tree.node(node).and_then(|node| node.field);
        let declares = |field: Option<&str>| matches!(field, Some("name" | "key" | "left" | "alias"));
        let above = tree.parent(node).and_then(field);
        if !declares(field(node)) && above != Some("left") && above != Some("name") {
            names.insert(tree.text(node));
        }
    }
    names
}
