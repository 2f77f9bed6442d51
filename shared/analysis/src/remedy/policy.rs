//! A condition on what a role may put on buses: what breaks a cycle whose events carry no caller.

use super::lead::Step;
use crate::emission::Identity;
use crate::finding::{PolicyRemedy, StatementPlace};
use crate::iam::may_name;
use loopguard_model::{Condition, Effect, Inventory, Role};
use loopguard_pattern::{Affix, Branch, EventPattern, MatcherKind, Term};

/// The action that is limited.
const PUT_EVENTS: &str = "events:PutEvents";

/// The most uses of a role that are named.
const MOST_USES: usize = 5;

/// What a pattern lists and a condition can refuse, the member that takes least away first.
const MEMBERS: [(&str, &str, &str); 2] =
    [("detail-type", "events:detail-type", "detail-type"), ("source", "events:source", "source")];

/// Events that a role is to put no longer.
#[derive(Debug, Clone)]
pub(super) struct Limit {
    key: &'static str,
    what: &'static str,
    operator: &'static str,
    values: Vec<Term>,
}

/// Returns the role whose events close the hop, if the events are put under one that was read.
pub(super) fn role_of<'i>(step: &Step, inventory: &'i Inventory) -> Option<&'i Role> {
    if &*step.action != PUT_EVENTS || step.event_name.is_some() {
        return None;
    }
    let Identity::Role { arn: Some(arn), .. } = step.identity.as_ref()? else { return None };
    inventory.roles.iter().find(|role| role.arn == *arn)
}

/// Returns what conditions can refuse so that no event is left which the pattern matches: one for each member that all
/// branches list.
pub(super) fn limits(pattern: &EventPattern) -> Vec<Limit> {
    let one = |(path, key, what): &(&str, &'static str, &'static str)| {
        let mut values = Vec::new();
        let mut like = false;
        for branch in pattern.branches() {
            for (value, is_prefix) in listed(branch, path)? {
                like |= is_prefix;
                if !values.contains(&value) {
                    values.push(value);
                }
            }
        }
        let operator = if like { "StringNotLike" } else { "StringNotEquals" };
        Some(Limit { key, what, operator, values })
    };
    MEMBERS.iter().filter_map(one).collect()
}

/// Returns the texts that the branch lists at the path, prefixes as `...*`; none where it takes others.
fn listed(branch: &Branch, path: &str) -> Option<Vec<(Term, bool)>> {
    let plain = |term: &Term| {
        // What a condition would read as a wildcard or as a variable of its own.
        term.as_literal().is_none_or(|text| !text.contains(['*', '?', '$']))
    };
    let one = |kind: &MatcherKind| match kind {
        MatcherKind::Exact(term) if plain(term) => Some((term.clone(), false)),
        MatcherKind::Prefix(Affix { text, ignore_case: false })
            if plain(text) && *text != Term::default() =>
        {
            Some((Term::concat([text.clone(), Term::literal("*")]), true))
        }
        _ => None,
    };
    branch.field(path)?.matchers.iter().map(|matcher| one(&matcher.kind)).collect()
}

impl Limit {
    /// Returns the role with the condition in every statement that may allow it to put events, and these; none where no
    /// statement of its own does.
    pub(super) fn applied(&self, role: &Role) -> Option<(Role, Vec<StatementPlace>)> {
        let mut role = role.clone();
        let mut places = Vec::new();
        for policy in &mut role.policies {
            let (name, origin) = (policy.name.clone(), policy.origin.clone());
            for (at, statement) in policy.statements.iter_mut().enumerate() {
                if statement.effect != Effect::Allow || !may_name(statement, PUT_EVENTS) {
                    continue;
                }
                places.push(StatementPlace {
                    policy: name.clone(),
                    statement: statement.sid.clone().unwrap_or_else(|| format!("#{}", at + 1).into()),
                    has_conditions: !statement.conditions.is_empty(),
                    origin: origin.clone(),
                    span: statement.span,
                });
                statement.conditions.push(Condition {
                    operator: self.operator.into(),
                    key: self.key.into(),
                    values: self.values.clone(),
                });
            }
        }
        (!places.is_empty()).then_some((role, places))
    }

    /// Returns the change as it is told.
    pub(super) fn remedy(
        &self,
        roles: &[&Role],
        statements: Vec<StatementPlace>,
        inventory: &Inventory,
    ) -> PolicyRemedy {
        let values: Vec<String> = self.values.iter().map(|value| format!("`{value}`")).collect();
        let names: Vec<String> = roles.iter().map(|role| format!("`{}`", role.arn)).collect();
        let (what, names) = (self.what, names.join(", "));
        let own = format!(
            "every event with {what} {} that is put under {names}, whoever hears it",
            values.join(", ")
        );
        let headline = format!("allow {names} to put no events with {what} {}", values.join(", "));
        let shared = roles.iter().filter_map(|role| others(role, inventory)).collect::<Vec<_>>();
        PolicyRemedy {
            roles: roles.iter().map(|role| role.arn.clone()).collect(),
            statements,
            operator: self.operator.into(),
            key: self.key.into(),
            values: self.values.clone(),
            headline,
            loses: [own].into_iter().chain(shared).collect::<Vec<_>>().join("; "),
        }
    }
}

/// What the change takes away from other uses of the role, if it has any.
fn others(role: &Role, inventory: &Inventory) -> Option<String> {
    let uses = uses(&role.arn, inventory);
    if uses.len() < 2 {
        return None;
    }
    let mut names: Vec<String> = uses.iter().take(MOST_USES).map(|name| format!("`{name}`")).collect();
    if uses.len() > MOST_USES {
        names.push(format!("{} more", uses.len() - MOST_USES));
    }
    Some(format!("such events of all that use role `{}`: {}", role.arn, names.join(", ")))
}

/// What uses the role: what runs under it, and the targets that are delivered to with it.
fn uses(role: &Term, inventory: &Inventory) -> Vec<Term> {
    let run = inventory.workloads.iter().filter(|workload| workload.role.as_ref() == Some(role));
    let targets = inventory.rules.iter().flat_map(|rule| rule.targets.iter().flatten());
    let linked = inventory.connections.iter().map(|connection| &connection.to);
    let delivered = targets.chain(linked).filter(|target| target.role.as_ref() == Some(role));
    run.map(|workload| workload.name.clone()).chain(delivered.map(|target| target.arn.clone())).collect()
}
