//! The functions beside an account in memory, as their own template deploys them.

use anyhow::{Context, Result};
use loopguard_decision::Settings;
use loopguard_model::{Inventory, Rule, Scope};
use loopguard_pattern::Term;
use loopguard_rehearsal::{ACCOUNT_RATE, Company, Owner};
use loopguard_template::{Options, Source};

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

/// Returns a number with its thousands set apart.
pub(crate) fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut out = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::{clock, grouped};

    #[test]
    fn numbers_and_times_are_readable() {
        assert_eq!(
            ["0", "999", "1,000", "1,234,567"].map(str::to_owned),
            [0, 999, 1000, 1_234_567].map(grouped)
        );
        assert_eq!(clock(3_723_999), "01:02:03");
    }
}
