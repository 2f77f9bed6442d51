//! Policies of resources: whom a bucket, a queue, a topic, a key, a bus or a function lets in, whatever their own policies
//! say, and whom it keeps out.

use crate::{Effect, Policy, Principal, Principals, Role};
use loopguard_pattern::{Part, Symbol, SymbolKind, Term};
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
    /// A role's name as policies write it -> their places. An account or a partition may be written out in one place and be
    /// a parameter in another, so that ARNs of one role need not be equal.
    naming: BTreeMap<Term, Vec<usize>>,
    /// Those of the names that are not plain texts.
    open: BTreeSet<Term>,
    /// Places of those that may be about any role.
    wide: Vec<usize>,
}

/// Whom a principal may be.
enum Whom {
    /// The role of that name.
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
                            Whom::Role(name) => {
                                roles.insert(name);
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
                if role.as_str().is_none() {
                    self.open.insert(role.clone());
                }
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

    /// Returns all, in their order.
    pub(crate) fn all(&self) -> impl Iterator<Item = &ResourcePolicy> {
        self.all.iter()
    }

    /// Returns those that may be about the role, each once, in their order.
    pub fn about<'p>(&'p self, role: &Role) -> impl Iterator<Item = &'p ResourcePolicy> {
        let mut places: BTreeSet<usize> = self.wide.iter().copied().collect();
        let known = |name: &Term| self.naming.get(name).into_iter().flatten();
        if role.name.as_str().is_some() {
            let open = self.open.iter().filter(|name| may_be_one(name, &role.name));
            places.extend(open.chain([&role.name]).flat_map(known));
        } else {
            let names = self.naming.keys().filter(|name| may_be_one(name, &role.name));
            places.extend(names.flat_map(known));
        }
        places.into_iter().filter_map(|at| self.all.get(at))
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
        return Whom::Role(last_name(name));
    }
    let session = text.contains(":assumed-role/");
    // An account that is denied is all that is in it; one that is allowed leaves it to the policies of its own.
    if session || effect == Effect::Deny { Whom::Any } else { Whom::None }
}

/// Returns what stands behind the last `/`, symbols kept.
fn last_name(arn: &Term) -> Term {
    let mut last = Term::default();
    for part in arn.parts() {
        match part {
            Part::Literal(text) => match text.rsplit_once('/') {
                Some((_, after)) => last = Term::literal(after),
                None => last.push_str(text),
            },
            Part::Symbol(symbol) => last = Term::concat([last, symbol.clone().into()]),
        }
    }
    last
}

/// Returns false only if the two surely are different names.
fn may_be_one(left: &Term, right: &Term) -> bool {
    match (left.as_str(), right.as_str()) {
        (Some(left), Some(right)) => left == right,
        (Some(text), None) => right.may_be(text),
        (None, Some(text)) => left.may_be(text),
        (None, None) => match (left.parts(), right.parts()) {
            ([Part::Symbol(left)], [Part::Symbol(right)]) => left == right || !differ(left, right),
            _ => true,
        },
    }
}

/// Returns true iff one stack makes both, for two things.
fn differ(left: &Symbol, right: &Symbol) -> bool {
    left != right
        && left.class == right.class
        && [left, right].iter().all(|symbol| symbol.kind == SymbolKind::Created)
}

#[cfg(test)]
mod tests {
    use super::{ResourcePolicies, ResourcePolicy};
    use crate::{Origin, Policy, Role};
    use loopguard_pattern::{Symbol, Term};

    fn arn(account: Term, name: Term) -> Term {
        Term::concat([Term::literal("arn:aws:iam::"), account, Term::literal(":role/"), name])
    }

    #[test]
    fn a_role_is_found_however_its_arn_is_written() {
        let literal = |text: &str| Term::literal(text);
        let given = |name: &str| Term::from(Symbol::given("parameter", name));
        let made = |name: &str| Term::from(Symbol::created("AWS::IAM::Role.name", name));
        let (here, account) = (literal("111122223333"), given("AWS::AccountId"));
        for (principal, role, expected) in [
            (arn(here.clone(), literal("fix")), arn(here.clone(), literal("fix")), true),
            (arn(here.clone(), literal("fix")), arn(account.clone(), literal("fix")), true),
            (arn(account.clone(), literal("team/fix")), arn(here.clone(), literal("fix")), true),
            (arn(account.clone(), given("Name")), arn(account.clone(), literal("fix")), true),
            (arn(here.clone(), literal("fix")), arn(account.clone(), given("Name")), true),
            (arn(account.clone(), made("A")), arn(account.clone(), made("A")), true),
            (arn(here.clone(), literal("other")), arn(account.clone(), literal("fix")), false),
            (arn(account.clone(), made("A")), arn(account.clone(), made("B")), false),
        ] {
            let origin = Origin::Assumed("a test".into());
            let mut policies = ResourcePolicies::default();
            let mut policy = Policy::from_text(
                "p",
                r#"{"Statement":{"Effect":"Allow","Principal":{"AWS":"x"},"Action":"*","Resource":"*"}}"#,
                origin.clone(),
            );
            if let Some(crate::Principals::Only(list)) = &mut policy.statements[0].principals {
                list[0].name = principal.clone();
            }
            policies.add(ResourcePolicy { resources: Vec::new(), policy });
            let role = Role {
                name: super::last_name(&role),
                arn: role,
                trust: None,
                policies: Vec::new(),
                attached_unread: Vec::new(),
                boundary: None,
                boundary_unread: None,
                origin,
            };
            assert_eq!(policies.about(&role).count() == 1, expected, "{principal} {}", role.arn);
        }
    }
}
