//! Principals of resource and trust policies.

use crate::glob::fits;
use crate::iam::context::Known;
use crate::iam::{Context, Truth};
use loopguard_model::{Principal, Principals, Statement};
use loopguard_pattern::Term;
use std::sync::Arc;

/// Who asks, as far as it is known.
#[derive(Debug, Clone, Default)]
pub(crate) struct Grantee {
    /// The role's ARN.
    pub(crate) arn: Option<Arc<str>>,
    /// The account's number.
    pub(crate) account: Option<Arc<str>>,
}

impl Grantee {
    /// Returns who asks in a request with these keys.
    pub(crate) fn of(context: &Context) -> Self {
        let only = |key| match context.get(key) {
            Known::Values([only]) => Some(only.clone()),
            _ => None,
        };
        Self { arn: only("aws:PrincipalArn"), account: only("aws:PrincipalAccount") }
    }
}

/// Returns whether the statement is for who asks. One that names the account leaves it to the account's own policies.
pub(crate) fn grants_to(statement: &Statement, grantee: &Grantee) -> Truth {
    match &statement.principals {
        None => Truth::Unknown,
        Some(Principals::Only(list)) => Truth::any(list.iter().map(|one| is(one, grantee))),
        Some(Principals::AllBut(list)) => !Truth::any(list.iter().map(|one| is(one, grantee))),
    }
}

fn is(principal: &Principal, grantee: &Grantee) -> Truth {
    if !matches!(&*principal.kind, "AWS" | "*") {
        return Truth::No;
    }
    match principal.name.as_str() {
        Some("*") => Truth::Yes,
        Some(name) => is_named(name, grantee),
        None => symbolic(&principal.name, grantee),
    }
}

fn is_named(name: &str, grantee: &Grantee) -> Truth {
    let account = account_of(name);
    let other_account = account.zip(grantee.account.as_deref()).is_some_and(|(named, own)| named != own);
    if other_account {
        return Truth::No;
    }
    if !name.contains(':') || name.ends_with(":root") {
        return Truth::Unknown;
    }
    let Some(arn) = grantee.arn.as_deref() else { return Truth::Unknown };
    if name == arn {
        return Truth::Yes;
    }
    // A session of the role: which one asks is not known.
    let role = arn.rsplit('/').next().unwrap_or_default();
    let session = format!("arn:*:sts::*:assumed-role/{role}/*");
    Truth::from(fits(&session, name, false)).and(Truth::Unknown)
}

/// Returns the account that an ARN, or a bare number, names.
fn account_of(name: &str) -> Option<&str> {
    match name.split_once(':') {
        None => Some(name),
        Some(_) => name.split(':').nth(4),
    }
}

/// A principal with values of a template: surely the role iff written the same.
fn symbolic(name: &Term, grantee: &Grantee) -> Truth {
    match &grantee.arn {
        Some(arn) if *name == Term::literal(arn) => Truth::Yes,
        _ => Truth::Unknown,
    }
}
