//! The account of the demo: an example of this repository, built into the command.

use anyhow::{Context, Result};
use loopguard_decision::Settings;
use loopguard_model::{Inventory, Rule, Scope};
use loopguard_pattern::Term;
use loopguard_rehearsal::{ACCOUNT_RATE, Company, Owner};
use loopguard_template::{Options, Source};
use loopguard_world::{Script, World};

/// Where the example's template stands in the repository.
pub(super) const TEMPLATE: &str = "examples/media/template.yaml";

/// The account and the region that the example is deployed to.
pub(super) const ACCOUNT: &str = "111122223333";
pub(super) const REGION: &str = "eu-west-1";

/// The rule of the guard's stack that listens to changes of rules.
const CHANGE_RULE: &str = "ChangeRule";

/// An account with what happens in it.
#[derive(Debug)]
pub(super) struct Example {
    pub(super) inventory: Inventory,
    pub(super) script: Script,
}

/// Reads the example.
pub(super) fn example() -> Result<Example> {
    told("script.toml", include_str!("../../../examples/media/script.toml"))
}

/// Reads the example as it goes on another day: a migration opens the lists of many buckets.
pub(super) fn migration() -> Result<Example> {
    told("migration.toml", include_str!("../../../examples/media/migration.toml"))
}

fn told(file: &str, script: &str) -> Result<Example> {
    let inventory = read(TEMPLATE, include_str!("../../../examples/media/template.yaml"), "media");
    let script = Script::parse(script).with_context(|| format!("reading examples/media/{file}"))?;
    Ok(Example { inventory, script })
}

/// Returns the account with its clock at the start.
pub(super) fn world(example: &Example, seed: u64) -> Result<World> {
    let settings = loopguard_world::Settings {
        account: ACCOUNT.to_owned(),
        region: REGION.to_owned(),
        ..loopguard_world::Settings::with_seed(seed)
    };
    Ok(World::new(&example.inventory, &example.script, settings)?)
}

/// Returns an owner who lets the guard act on every rule, and has said this besides.
pub(super) fn owner(settings: &[(&str, &str)], company: Company) -> Result<Owner> {
    let own = [("LOOPGUARD_MODE", "enforce"), ("LOOPGUARD_SCOPE", "*")];
    let settings = Settings::from_pairs(own.iter().chain(settings).copied())?;
    Ok(Owner { settings, account_rate: ACCOUNT_RATE, home: home(), company })
}

/// The guard as its own template deploys it.
#[derive(Debug)]
pub(super) struct GuardStack {
    /// The rule that brings changes of rules to the guard's queue.
    pub(super) rule: Rule,
    /// The ARN of the role that it runs under.
    pub(super) role: Term,
}

/// Returns the account and region of the guard.
pub(crate) fn home() -> Scope {
    Scope { partition: "aws".into(), account: ACCOUNT.into(), region: REGION.into() }
}

/// Reads the guard's stack from the template that deploys it.
pub(super) fn guard_stack() -> Result<GuardStack> {
    let file = "template.yaml";
    let stack = read(file, include_str!("../../../template.yaml"), "loopguard");
    let changes = stack.rules.iter().find(|rule| &*rule.key.id == CHANGE_RULE).cloned();
    let guard = stack.workloads.iter().find(|one| &*one.class == "AWS::Lambda::Function");
    let role = guard.and_then(|guard| guard.role.clone());
    Ok(GuardStack {
        rule: changes.with_context(|| format!("`{file}` has no rule `{CHANGE_RULE}`"))?,
        role: role.with_context(|| format!("`{file}` has no function with a role"))?,
    })
}

fn read(file: &str, text: &str, stack: &str) -> Inventory {
    let options = Options {
        account: Some(ACCOUNT.into()),
        region: Some(REGION.into()),
        stack_name: Some(stack.into()),
        ..Options::default()
    };
    loopguard_template::read(&[Source { file: file.into(), text: text.into() }], &options)
}
