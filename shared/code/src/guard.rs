//! Checks on the event's caller or name: they may keep code from answering its own events. Told, never trusted.

use crate::facts;
use crate::program::Program;
use crate::tree::NodeId;
use crate::value::{FileId, Value};
use loopguard_model::Origin;
use std::collections::BTreeSet;
use std::sync::Arc;

/// The most nodes of one condition that are looked at.
const MOST_NODES: usize = 400;

/// Returns the checks among the nodes that a run may come to, each as a sentence with its place.
pub(crate) fn guards(program: &Program<'_>, reached: &[(FileId, NodeId)]) -> Vec<(Arc<str>, Origin)> {
    let reached: BTreeSet<(FileId, NodeId)> = reached.iter().copied().collect();
    let mut found = Vec::new();
    for (file, module) in program.modules.iter().enumerate() {
        for (choice, asked) in &module.choices {
            if !reached.contains(&(file, *choice)) {
                continue;
            }
            if let Some((what, name)) = subject(program, file, *asked) {
                let sentence = format!("it asks for {what} (`{name}`)");
                found.push((sentence.into(), program.origin(file, *asked)));
            }
        }
    }
    found
}

/// Returns what the condition asks for, if that is who or what caused the event.
fn subject(program: &Program<'_>, file: FileId, asked: NodeId) -> Option<(&'static str, String)> {
    let module = program.modules.get(file)?;
    for node in module.tree.below(asked).take(MOST_NODES) {
        // A method of a value is no part of it.
        let looked_at = module.tree.node(node)?;
        if !looked_at.named || looked_at.field == Some("function") {
            continue;
        }
        for value in program.value(file, node, 0).all() {
            if let Value::Event(path) = value
                && let Some(what) = path.split('.').find_map(|part| facts::sdk(|sdks| &sdks.guards, part))
            {
                return Some((what, path.to_string()));
            }
        }
        let word = module.tree.text(node).trim_matches(['"', '\'']);
        if let Some(what) = facts::sdk(|sdks| &sdks.guards, word) {
            return Some((what, word.to_owned()));
        }
    }
    None
}
