//! Roles, and the policies that other resources attach to them.

use super::Reader;
use crate::nodes::elements;
use crate::template::Resource;
use loopguard_model::{Origin, Policy, ReadNote, Role};
use loopguard_pattern::Term;
use loopguard_pattern::json::{Value, ValueKind};
use std::collections::{BTreeMap, BTreeSet};

/// Roles and policies of all templates before they are joined.
#[derive(Debug, Default)]
pub(super) struct Roles {
    declared: Vec<Declared>,
    attachments: Vec<Attachment>,
    managed: Vec<(Term, Policy)>,
}

#[derive(Debug)]
struct Declared {
    role: Role,
    /// ARNs of its managed policies.
    attached: Vec<Term>,
    boundary: Option<Term>,
}

/// A policy that names the roles it belongs to.
#[derive(Debug)]
struct Attachment {
    roles: Vec<Term>,
    policy: Policy,
    origin: Origin,
}

impl Roles {
    /// Returns how much has been read.
    pub(super) fn len(&self) -> usize {
        self.declared.len() + self.attachments.len() + self.managed.len()
    }

    /// Returns a note for each role that a policy names and no template declares.
    pub(super) fn strangers(&self) -> Vec<ReadNote> {
        let declared: BTreeSet<&Term> =
            self.declared.iter().flat_map(|declared| [&declared.role.name, &declared.role.arn]).collect();
        let mut notes = Vec::new();
        for attachment in &self.attachments {
            for stranger in attachment.roles.iter().filter(|name| !declared.contains(name)) {
                let message = format!(
                    "policy `{}` belongs to role `{stranger}`, which no template read here declares",
                    attachment.policy.name
                );
                notes.push(ReadNote { origin: attachment.origin.clone(), message });
            }
        }
        notes
    }

    /// Returns the roles with every policy that belongs to them.
    pub(super) fn joined(self) -> Vec<Role> {
        let Self { declared, attachments, managed } = self;
        let managed: BTreeMap<Term, Policy> = managed.into_iter().collect();
        let mut of_role: BTreeMap<&Term, Vec<&Policy>> = BTreeMap::new();
        for attachment in &attachments {
            for name in &attachment.roles {
                of_role.entry(name).or_default().push(&attachment.policy);
            }
        }
        declared.into_iter().map(|declared| declared.joined(&of_role, &managed)).collect()
    }
}

impl Declared {
    fn joined(self, of_role: &BTreeMap<&Term, Vec<&Policy>>, managed: &BTreeMap<Term, Policy>) -> Role {
        let mut role = self.role;
        // A role may be named by name or by ARN, and a policy may name the role while the role names the policy.
        for name in [role.name.clone(), role.arn.clone()] {
            for policy in of_role.get(&name).into_iter().flatten() {
                add(&mut role, policy);
            }
        }
        for arn in self.attached {
            match managed.get(&arn) {
                Some(policy) => add(&mut role, policy),
                // SAM attaches a policy by ARN that its author may name, too.
                None if role.attached_unread.iter().any(|has| ends_alike(has, &arn)) => {}
                None => role.attached_unread.push(arn),
            }
        }
        if let Some(arn) = self.boundary {
            match managed.get(&arn) {
                Some(policy) => role.boundary = Some(policy.clone()),
                None => role.boundary_unread = Some(arn),
            }
        }
        role
    }
}

fn add(role: &mut Role, policy: &Policy) {
    let same = |has: &Policy| has.origin == policy.origin && has.name == policy.name;
    if !role.policies.iter().any(same) {
        role.policies.push(policy.clone());
    }
}

/// Returns whether two known names or ARNs name one managed policy.
fn ends_alike(a: &Term, b: &Term) -> bool {
    let name = |term: &Term| term.as_literal().and_then(|text| text.rsplit('/').next().map(str::to_owned));
    a == b || name(a).is_some_and(|a| Some(a) == name(b))
}

impl Reader<'_> {
    pub(super) fn role(&self, resource: &Resource, roles: &mut Roles) {
        let properties = self.properties(resource);
        let inline = properties.get("Policies").map(elements).unwrap_or_default();
        let policies = inline.iter().map(|policy| self.inline(policy)).collect();
        let attached = properties.get("ManagedPolicyArns").map(elements).unwrap_or_default();
        roles.declared.push(Declared {
            role: Role {
                arn: self.resolver.resource_attribute(resource, "Arn"),
                name: self.resolver.resource_name(resource),
                trust: self.trust(&properties),
                policies,
                attached_unread: Vec::new(),
                boundary: None,
                boundary_unread: None,
                origin: self.origin(resource.span),
            },
            attached: attached.iter().map(|arn| self.resolver.as_term(arn)).collect(),
            boundary: self.text(&properties, "PermissionsBoundary"),
        });
    }

    /// Returns who may take the role on; none where the template does not say it in a form that can be read.
    fn trust(&self, properties: &Value) -> Option<Policy> {
        let document = properties.get("AssumeRolePolicyDocument")?;
        let origin = self.origin(document.span);
        Some(match &document.kind {
            ValueKind::String(text) => {
                let tree = crate::embedded::tree(text, document.span, &self.template.source);
                Policy::from_value("trust policy", &tree, origin)
            }
            _ => Policy::from_value("trust policy", document, origin),
        })
    }

    /// Returns an element of `Policies`; one that cannot be read is a policy with an unread part.
    fn inline(&self, policy: &Value) -> Policy {
        let name = self.text(policy, "PolicyName").unwrap_or_else(|| "inline".into()).to_string();
        self.document(&name, policy)
    }

    /// Returns the policy whose document is a member of `parent`.
    fn document(&self, name: &str, parent: &Value) -> Policy {
        let document = parent.get("PolicyDocument").unwrap_or(parent);
        let origin = self.origin(document.span);
        let policy = match &document.kind {
            ValueKind::String(text) => {
                let tree = crate::embedded::tree(text, document.span, &self.template.source);
                Policy::from_value(name, &tree, origin)
            }
            _ => Policy::from_value(name, document, origin),
        };
        for unread in &policy.unread {
            self.notes.tell(document.span, format!("in policy `{name}`: {unread}; it may allow anything"));
        }
        policy
    }

    pub(super) fn policy(&self, resource: &Resource, roles: &mut Roles) {
        let properties = self.properties(resource);
        let name =
            self.text(&properties, "PolicyName").map_or_else(|| resource.id.to_string(), |n| n.to_string());
        let policy = self.document(&name, &properties);
        let list = properties.get("Roles").or_else(|| properties.get("RoleName"));
        let named: Vec<Term> =
            list.map(elements).unwrap_or_default().iter().map(|role| self.resolver.as_term(role)).collect();
        if &*resource.class == "AWS::IAM::ManagedPolicy" {
            roles.managed.push((self.resolver.resource_reference(resource), policy.clone()));
        }
        if !named.is_empty() {
            roles.attachments.push(Attachment { roles: named, policy, origin: self.origin(resource.span) });
        }
    }
}
