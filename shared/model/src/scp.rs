//! Service control policies: what an organisation lets its accounts do.

use crate::{Policy, Role, Scope};
use loopguard_pattern::Term;

/// The service control policies of one level, from the root of an organisation to an account. One of them must allow.
#[derive(Debug, Clone)]
pub struct ScpLevel {
    /// The account that they bind; every one where none is named.
    pub account: Option<Term>,
    /// The policies.
    pub policies: Vec<Policy>,
}

/// How the names of roles begin that only a service may use; no service control policy binds them.
const SERVICE_LINKED: &str = "AWSServiceRoleFor";

impl ScpLevel {
    /// Returns true iff the level binds the role in that place.
    pub fn binds(&self, role: &Role, scope: &Scope) -> bool {
        self.account.as_ref().is_none_or(|account| *account == scope.account) && !role.is_service_linked()
    }
}

impl Role {
    /// Returns true iff only a service may use the role.
    pub fn is_service_linked(&self) -> bool {
        self.name.as_literal().is_some_and(|name| name.starts_with(SERVICE_LINKED))
    }
}
