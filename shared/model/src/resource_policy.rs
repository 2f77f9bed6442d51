//! Policies of resources: whom a bucket, a queue, a topic, a key, a bus or a function lets in, whatever their own policies
//! say, and whom it keeps out.

use crate::{Effect, Policy, Principal, Principals, Role};
use loopguard_pattern::{Part, Term};
use std::collections::{BTreeMap, BTreeSet};

/// The policy of one resource.
#[derive(Debug, Clone)]
pub struct ResourcePolicy {
    /// ARNs of the resource and of what is in it: what a statement that names all resources is about.
    pub resources: Vec<Term>,
    /// What the policy says.
    pub policy: Policy,
}

/// The policies of resources, found by whom they name: an account has thousands, and one role is named by few.
#[derive(Debug, Clone, Default)]
pub struct ResourcePolicies {
    all: Vec<ResourcePolicy>,
    /// Role to the places of policies that name it.
    naming: BTreeMap<Term, Vec<usize>>,
    /// Places of those that may be about any role.
    wide: Vec<usize>,
}

/// Whom a principal may be.
enum Whom {
    /// The role of that ARN.
    Role(Term),
    /// Any.
    Any,
    /// No role, or those to which their own policies allow it, too.
    None,
}

impl ResourcePolicies {
    /// Adds one; what names services alone concerns no role, and is left out.
    pub fn add(&mut self, policy: ResourcePolicy) {
        let at = self.all.len();
        let mut roles = BTreeSet::new();
        let mut wide = false;
        for statement in &policy.policy.statements {
            match &statement.principals {
                None => {}
                Some(Principals::AllBut(_)) => wide = true,
                Some(Principals::Only(list)) => {
                    for principal in list {
                        match whom(principal, statement.effect) {
                            Whom::Role(arn) => {
                                roles.insert(arn);
                            }
                            Whom::Any => wide = true,
                            Whom::None => {}
                        }
                    }
                }
            }
        }
        if wide {
            self.wide.push(at);
        } else if roles.is_empty() {
            return;
        } else {
            for role in roles {
                self.naming.entry(role).or_default().push(at);
            }
        }
        self.all.push(policy);
    }

    /// Adds all of others.
    pub fn extend(&mut self, others: Self) {
        for policy in others.all {
            self.add(policy);
        }
    }

    /// Returns those that may be about the role.
    pub fn about<'p>(&'p self, role: &Role) -> impl Iterator<Item = &'p ResourcePolicy> {
        let named = self.naming.get(&role.arn).into_iter().flatten();
        named.chain(&self.wide).filter_map(|at| self.all.get(*at))
    }

    /// Puts them in an order that does not hang on how they were read.
    pub(crate) fn sort_by_key<K: Ord>(&mut self, key: impl Fn(&ResourcePolicy) -> K) {
        if self.is_sorted_by_key(&key) {
            return;
        }
        let mut all = std::mem::take(self).all;
        all.sort_by_key(key);
        for policy in all {
            self.add(policy);
        }
    }

    pub(crate) fn is_sorted_by_key<K: Ord>(&self, key: impl Fn(&ResourcePolicy) -> K) -> bool {
        self.all.is_sorted_by_key(key)
    }
}

fn whom(principal: &Principal, effect: Effect) -> Whom {
    if !matches!(&*principal.kind, "AWS" | "*") {
        return Whom::None;
    }
    let Some(text) = principal.name.as_str() else {
        let is_arn =
            matches!(principal.name.parts().first(), Some(Part::Literal(start)) if start.starts_with("arn:"));
        return if is_arn { of_arn(&principal.name, &principal.name.to_string(), effect) } else { Whom::Any };
    };
    if text == "*" { Whom::Any } else { of_arn(&principal.name, text, effect) }
}

fn of_arn(name: &Term, text: &str, effect: Effect) -> Whom {
    if text.contains(":role/") {
        return Whom::Role(name.clone());
    }
    let session = text.contains(":assumed-role/");
    // An account that is denied is all that is in it; one that is allowed leaves it to the policies of its own.
    if session || effect == Effect::Deny { Whom::Any } else { Whom::None }
}
