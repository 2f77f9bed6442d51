//! Whole templates and the inventories they give.

mod connections;
mod fixtures;
mod hostile;
mod nested;
mod policies;
mod rules;

use crate::{Options, Source, read};
use loopguard_model::{Inventory, Role, Rule, Target};

fn inventory(text: &str) -> Inventory {
    read(&[source("t.yaml", text)], &Options::default())
}

fn source(file: &str, text: &str) -> Source {
    Source { file: file.into(), text: text.into() }
}

fn rule<'a>(inventory: &'a Inventory, id: &str) -> &'a Rule {
    inventory.rules.iter().find(|rule| &*rule.key.id == id).unwrap_or_else(|| panic!("no rule `{id}`"))
}

fn target<'a>(inventory: &'a Inventory, id: &str) -> &'a Target {
    rule(inventory, id).targets.as_ref().unwrap().first().unwrap()
}

fn role<'a>(inventory: &'a Inventory, name: &str) -> &'a Role {
    let named =
        |role: &&Role| role.name.to_string() == name || role.name.to_string() == format!("${{{name}}}");
    inventory.roles.iter().find(named).unwrap_or_else(|| panic!("no role `{name}`"))
}

fn notes(inventory: &Inventory) -> Vec<String> {
    inventory.notes.iter().map(|note| format!("{}: {}", note.origin, note.message)).collect()
}
