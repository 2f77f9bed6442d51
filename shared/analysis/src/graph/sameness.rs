//! Roles that may do the same.

use crate::iam::{Access, allowing, denies};
use crate::name::Name;
use loopguard_model::{Condition, Effect, Role, Scope, Scoped, Statement};
use loopguard_pattern::{Part, Term};

/// Returns all that decides what a role may do there, as a text that is equal where it may do the same.
pub(super) fn text_of(role: &Role, scope: &Scope, access: &Access<'_>) -> String {
    let mut name = Name::of("may").scope(scope);
    for policy in role.policies.iter().chain(&role.boundary) {
        name = name.debug(&policy.unread).flag(policy.has_variables());
        name = policy.statements.iter().fold(name, with_statement);
    }
    for one in &access.of_resources {
        name = name.terms(&one.resources).flag(one.policy.has_variables());
        for statement in &one.policy.statements {
            let towards = (allowing(statement, role), denies(statement, role));
            name = with_statement(name.debug(&towards), statement);
        }
    }
    name = name.terms(&role.attached_unread).maybe(role.boundary_unread.as_ref());
    name = name.flag(role.boundary.is_some()).flag(role.is_service_linked());
    let asks = access.statements().any(asks_for_the_role);
    name.maybe(asks.then_some(&role.arn)).finish()
}

fn with_statement(name: Name, statement: &Statement) -> Name {
    let name = name.text(if statement.effect == Effect::Allow { "allow" } else { "deny" });
    let name = with_scoped(name, Some(&statement.actions));
    let name = with_scoped(name, statement.resources.as_ref());
    statement
        .conditions
        .iter()
        .fold(name, |name, Condition { operator, key, values }| name.text(operator).text(key).terms(values))
}

fn with_scoped(name: Name, scoped: Option<&Scoped>) -> Name {
    match scoped {
        None => name.text("-"),
        Some(Scoped::Only(terms)) => name.text("only").terms(terms),
        Some(Scoped::AllBut(terms)) => name.text("but").terms(terms),
    }
}

/// Conditions and variables may speak of the role itself: its ARN is all that is known of one role and not of another.
fn asks_for_the_role(statement: &Statement) -> bool {
    let variable = |term: &Term| {
        term.parts().iter().any(|part| matches!(part, Part::Literal(text) if text.contains("${")))
    };
    let resource = |scoped: &Scoped| match scoped {
        Scoped::Only(terms) | Scoped::AllBut(terms) => terms.iter().any(variable),
    };
    let asks = |condition: &Condition| {
        condition.key.eq_ignore_ascii_case("aws:PrincipalArn") || condition.values.iter().any(variable)
    };
    statement.conditions.iter().any(asks) || statement.resources.as_ref().is_some_and(resource)
}
