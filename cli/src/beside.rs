//! The functions beside an account in memory, as their own template deploys them.

use anyhow::{Context, Result};
use loopguard_decision::Settings;
use loopguard_model::{Inventory, Rule, Scope};
use loopguard_pattern::Term;
use loopguard_rehearsal::{ACCOUNT_RATE, Company, Owner, Rehearsal};
use loopguard_template::{Options, Source};
use loopguard_world::{Twin, World};
use std::collections::BTreeMap;

/// The rule of the stack that listens to changes of rules.
const CHANGE_RULE: &str = "ChangeRule";

/// The guard as its own template deploys it.
#[derive(Debug)]
pub(crate) struct GuardStack {
    /// The rule that brings changes of rules to the guard's queue.
    pub(crate) rule: Rule,
    /// The ARN of the role that it runs under.
    pub(crate) role: Term,
}

/// Reads the guard's stack from the template that deploys it.
pub(crate) fn guard_stack(home: &Scope) -> Result<GuardStack> {
    let file = "template.yaml";
    let stack = read(file, include_str!("../../template.yaml"), "loopguard", home);
    let changes = stack.rules.iter().find(|rule| &*rule.key.id == CHANGE_RULE).cloned();
    let guard = stack.workloads.iter().find(|one| &*one.class == "AWS::Lambda::Function");
    let role = guard.and_then(|guard| guard.role.clone());
    Ok(GuardStack {
        rule: changes.with_context(|| format!("`{file}` has no rule `{CHANGE_RULE}`"))?,
        role: role.with_context(|| format!("`{file}` has no function with a role"))?,
    })
}

/// Returns an owner who lets the guard act on every rule, and has said this besides.
pub(crate) fn owner(home: &Scope, settings: &[(&str, &str)], company: Company) -> Result<Owner> {
    let own = [("LOOPGUARD_MODE", "enforce"), ("LOOPGUARD_SCOPE", "*")];
    let settings = Settings::from_pairs(own.iter().chain(settings).copied())?;
    Ok(Owner { settings, account_rate: ACCOUNT_RATE, home: home.clone(), company })
}

/// Returns the account with both functions beside it, as their stack deploys them and with what their owner has said besides.
/// Tripwires are set on suspicion, if nothing else is said of them.
pub(crate) fn both(mut world: World, home: &Scope, said: &[(&str, &str)]) -> Result<Rehearsal> {
    let stack = guard_stack(home)?;
    let role = world.text_of(&stack.role);
    let queue = stack.rule.targets.iter().flatten().next().map(|target| world.text_of(&target.arn));
    let queue = queue.context("the guard's rule has no queue")?;
    world.listen(&stack.rule);
    let mut settings =
        BTreeMap::from([("LOOPGUARD_OWN_ROLE_ARN", &*role), ("LOOPGUARD_TRIPWIRES", "on-suspicion")]);
    settings.extend(said.iter().copied());
    let settings: Vec<(&str, &str)> = settings.into_iter().collect();
    let owner = owner(home, &settings, Company::Both)?;
    Rehearsal::new(Twin::new(world, &role).with_queue(&queue), owner).context("starting the functions")
}

/// Reads a template as it is deployed there.
pub(crate) fn read(file: &str, text: &str, stack: &str, home: &Scope) -> Inventory {
    let options = Options {
        account: home.account.as_literal(),
        region: home.region.as_literal(),
        stack_name: Some(stack.into()),
        ..Options::default()
    };
    loopguard_template::read(&[Source { file: file.into(), text: text.into() }], &options)
}

/// Returns a time of a virtual clock, in milliseconds, as hours, minutes and seconds.
pub(crate) fn clock(at: u64) -> String {
    let seconds = at / 1000;
    format!("{:02}:{:02}:{:02}", seconds / 3600, seconds / 60 % 60, seconds % 60)
}

#[cfg(test)]
mod tests {
    use super::clock;

    #[test]
    fn times_are_readable() {
        assert_eq!(clock(3_723_999), "01:02:03");
    }
}
