//! Roles that may do the same.

use crate::iam::Access;
use loopguard_model::{Condition, Role, Scope, Scoped, Statement};
use loopguard_pattern::{Part, Term};
use std::fmt::Write as _;

/// Returns all that decides what a role may do there, as a text that is equal where it may do the same.
pub(super) fn text_of(role: &Role, scope: &Scope, access: &Access<'_>) -> String {
    let mut text = format!("{scope:?}");
    for policy in role.policies.iter().chain(&role.boundary) {
        let _ = write!(text, "|{:?}{}", policy.unread, policy.has_variables());
        for statement in &policy.statements {
            write_statement(statement, &mut text);
        }
    }
    let _ = write!(text, "|{:?}|{:?}", role.attached_unread, role.boundary_unread);
    let _ = write!(text, "|{}|{}", role.boundary.is_some(), role.is_service_linked());
    if access.statements().any(asks_for_the_role) {
        let _ = write!(text, "|{:?}", role.arn);
    }
    text
}

fn write_statement(statement: &Statement, text: &mut String) {
    let _ = write!(text, "|{:?}", statement.effect);
    write_scoped(Some(&statement.actions), text);
    write_scoped(statement.resources.as_ref(), text);
    for Condition { operator, key, values } in &statement.conditions {
        let _ = write!(text, " {operator}/{key}/{values:?}");
    }
}

fn write_scoped(scoped: Option<&Scoped>, text: &mut String) {
    let (word, terms) = match scoped {
        None => ("-", &[][..]),
        Some(Scoped::Only(terms)) => ("only", terms.as_slice()),
        Some(Scoped::AllBut(terms)) => ("but", terms.as_slice()),
    };
    text.push_str(word);
    for term in terms {
        let _ = write!(text, " {term:?}");
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
