//! Roles, and policies as documents of statements.

use super::json::{Tree, absent, flag, list, object, sorted, text};
use super::{Why, Writer, literal};
use crate::snapshot::section;
use crate::{Condition, Effect, Policy, Principal, Principals, Role, Scoped, Statement};
use loopguard_pattern::Term;
use loopguard_pattern::json::Value;
use std::collections::{BTreeMap, BTreeSet};

/// What stands behind the ARN of a resource for what is in it, where policies are read.
const WITHIN: [&str; 3] = ["", "/*", ":*"];

/// Managed policies, which roles share.
struct Managed<'a> {
    /// Those that were not read for some role: they stay unread for it, and stand in the roles for which they were read.
    unread: BTreeSet<&'a str>,
    /// The documents of the others by ARN.
    documents: BTreeMap<String, Value>,
}

impl Writer<'_> {
    /// Returns the roles, and the managed policies that they have.
    pub(super) fn roles(&mut self) -> [(&'static str, Tree); 2] {
        let inventory = self.inventory;
        let unread =
            inventory.roles.iter().flat_map(|role| role.attached_unread.iter().chain(&role.boundary_unread));
        let mut managed =
            Managed { unread: unread.filter_map(Term::as_str).collect(), documents: BTreeMap::new() };
        let mut roles: Vec<&Role> = inventory.roles.iter().collect();
        roles.sort_by_key(|role| (&role.arn, &role.name));
        let mut written = Vec::new();
        for one in roles {
            match role(one, &mut managed) {
                Ok(tree) => written.push(tree),
                Err(why) => self.gap(section::ROLES, &one.arn.to_string(), &why),
            }
        }
        let managed = managed.documents.into_iter().map(|(arn, document)| {
            let version = object([
                ("VersionId", text("default")),
                ("IsDefaultVersion", flag(true)),
                ("Document", Some(document)),
            ]);
            object([("Arn", text(&arn)), ("PolicyVersionList", list([version]))])
        });
        [(section::ROLES, sorted(written)), (section::POLICIES, list(managed.collect::<Vec<_>>()))]
    }

    pub(super) fn resource_policies(&mut self) -> Tree {
        let inventory = self.inventory;
        let all: Vec<_> = inventory.resource_policies.all().collect();
        if all.is_empty() && inventory.closed.is_empty() {
            return absent();
        }
        let mut written = Vec::new();
        for one in all {
            let read_so = |arn: &str| WITHIN.map(|end| Term::literal(&format!("{arn}{end}")));
            match document(&one.policy) {
                Ok(tree) if one.resources == read_so(&one.policy.name) => {
                    written.push(object([("ResourceArn", text(&one.policy.name)), ("Policy", tree)]));
                }
                Ok(_) => self.gap(section::RESOURCE_POLICIES, &one.policy.name, "it is of several resources"),
                Err(why) => self.gap(section::RESOURCE_POLICIES, &one.policy.name, &why),
            }
        }
        for closed in &inventory.closed {
            // A policy that lets nobody in.
            match literal(closed) {
                Ok(arn) => {
                    let nothing = object([("Statement", list([]))]);
                    written.push(object([("ResourceArn", arn), ("Policy", nothing)]));
                }
                Err(why) => self.gap(section::RESOURCE_POLICIES, &closed.to_string(), &why),
            }
        }
        sorted(written)
    }
}

fn role(role: &Role, managed: &mut Managed<'_>) -> Result<Tree, Why> {
    let (mut inline, mut attached) = (Vec::new(), Vec::new());
    for policy in &role.policies {
        let tree = document(policy)?;
        if managed.holds(policy, &tree) {
            attached
                .push(object([("PolicyName", text(last(&policy.name))), ("PolicyArn", text(&policy.name))]));
        } else {
            inline.push(object([("PolicyName", text(&policy.name)), ("PolicyDocument", tree)]));
        }
    }
    for unread in &role.attached_unread {
        let arn = literal(unread)?;
        attached.push(object([("PolicyName", text(last(&unread.to_string()))), ("PolicyArn", arn)]));
    }
    let boundary = match (&role.boundary, &role.boundary_unread) {
        (None, None) => absent(),
        (Some(policy), _) => {
            let tree = document(policy)?;
            if !managed.holds(policy, &tree) {
                return Err("its boundary is not the managed policy that others have".into());
            }
            object([("PermissionsBoundaryArn", text(&policy.name))])
        }
        (None, Some(unread)) => object([("PermissionsBoundaryArn", literal(unread)?)]),
    };
    let trust = role.trust.as_ref().map_or(Ok(absent()), document)?;
    Ok(object([
        ("Arn", literal(&role.arn)?),
        ("RoleName", literal(&role.name)?),
        ("AssumeRolePolicyDocument", trust),
        ("RolePolicyList", sorted(inline)),
        ("AttachedManagedPolicies", sorted(attached)),
        ("PermissionsBoundary", boundary),
    ]))
}

impl Managed<'_> {
    /// Returns true iff the policy is managed and the same for all who have it; any other stands in its role.
    fn holds(&mut self, policy: &Policy, document: &Tree) -> bool {
        let (true, Some(document)) = (policy.name.starts_with("arn:"), document) else { return false };
        if self.unread.contains(&*policy.name) {
            return false;
        }
        self.documents.entry(policy.name.to_string()).or_insert_with(|| document.clone()) == document
    }
}

fn last(arn: &str) -> &str {
    arn.rsplit('/').next().unwrap_or(arn)
}

/// Returns the document of a policy. What could not be read of it stands among the statements as a text: no statement is
/// one, so that it reads as what could not be read.
pub(super) fn document(policy: &Policy) -> Result<Tree, Why> {
    let mut statements = policy.statements.iter().map(statement).collect::<Result<Vec<_>, _>>()?;
    statements.extend(policy.unread.iter().map(|why| text(why)));
    let version = policy.version.as_deref().map_or_else(absent, text);
    Ok(object([("Version", version), ("Statement", list(statements))]))
}

fn statement(statement: &Statement) -> Result<Tree, Why> {
    let effect = match statement.effect {
        Effect::Allow => "Allow",
        Effect::Deny => "Deny",
    };
    let mut members =
        vec![("Sid", statement.sid.as_deref().map_or_else(absent, text)), ("Effect", text(effect))];
    members.extend(match &statement.principals {
        Some(Principals::Only(all)) => Some(("Principal", principals(all)?)),
        Some(Principals::AllBut(all)) => Some(("NotPrincipal", principals(all)?)),
        None => None,
    });
    members.push(scoped(&statement.actions, "Action", "NotAction")?);
    if let Some(resources) = &statement.resources {
        members.push(scoped(resources, "Resource", "NotResource")?);
    }
    if !statement.conditions.is_empty() {
        members.push(("Condition", conditions(&statement.conditions)?));
    }
    Ok(object(members))
}

fn scoped<'k>(scoped: &Scoped, only: &'k str, all_but: &'k str) -> Result<(&'k str, Tree), Why> {
    Ok(match scoped {
        Scoped::Only(all) => (only, texts(all)?),
        Scoped::AllBut(all) => (all_but, texts(all)?),
    })
}

fn texts(terms: &[Term]) -> Result<Tree, Why> {
    Ok(list(terms.iter().map(literal).collect::<Result<Vec<_>, _>>()?))
}

fn principals(all: &[Principal]) -> Result<Tree, Why> {
    if let [one] = all
        && &*one.kind == "*"
    {
        return literal(&one.name);
    }
    let kinds = all.chunk_by(|one, next| one.kind == next.kind);
    let members = kinds.filter_map(|kind| Some((&*kind.first()?.kind, kind))).map(|(name, kind)| {
        Ok((name, list(kind.iter().map(|one| literal(&one.name)).collect::<Result<Vec<_>, _>>()?)))
    });
    Ok(object(members.collect::<Result<Vec<_>, Why>>()?))
}

fn conditions(all: &[Condition]) -> Result<Tree, Why> {
    let operators = all.chunk_by(|one, next| one.operator == next.operator);
    let members = operators.filter_map(|some| Some((&*some.first()?.operator, some))).map(|(name, some)| {
        let keys = some.iter().map(|one| Ok((&*one.key, texts(&one.values)?)));
        Ok((name, object(keys.collect::<Result<Vec<_>, Why>>()?)))
    });
    Ok(object(members.collect::<Result<Vec<_>, Why>>()?))
}
